//! Where the keys of items of the DynamoDB Encryption Client come from: its materials providers.

use std::collections::BTreeMap;
use std::error::Error;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use dynaseal::BoxFuture;
use dynaseal::kms::legacy::{DirectKmsProvider, DynamoDbMetaStore};
use dynaseal::kms::{ClientSupplier as _, GrantTokens, KmsKeyId, SystemClock};
use dynaseal::legacy::ddbec::{
    AesKey, DecryptionMaterials, EncryptionMaterials, HmacKey, MaterialDescription, MaterialsProvider,
    MostRecentProvider, SignatureAlgorithm, SigningKey, StaticProvider, UnwrappingKey, VerificationKey,
    WrappedProvider, WrappingKey, names,
};
use dynaseal::local;
use zeroize::Zeroizing;

use super::super::Builder;
use super::super::fields::Fields;
use super::super::kms::{grant_tokens, location};
use super::super::permissions::{KeyGrant, Permissions};
use super::super::problem::Problem;
use crate::aws::Location;
use crate::keys::KeySource;

/// A materials provider, as it stands.
#[derive(Debug)]
pub(super) struct ProviderTable {
    place: String,
    kind: Provider,
}

#[derive(Debug)]
enum Provider {
    Static { keys: Pair, description: MaterialDescription },
    Wrapped { wrapping: Wrapping, keys: Pair, description: MaterialDescription },
    MostRecent { material_name: String, ttl: Duration, capacity: Option<NonZeroUsize>, store: Box<Store> },
    Kms(Box<KmsTable>),
}

/// A key of AWS KMS.
#[derive(Debug)]
struct KmsTable {
    key_id: KmsKeyId,
    older: Vec<KmsKeyId>,
    location: Location,
    timeout: Option<Duration>,
    grant_tokens: GrantTokens,
    description: MaterialDescription,
}

/// Keys for encrypting or wrapping and for signing; which of them are needed depends on what is done.
#[derive(Debug)]
struct Pair {
    encryption: Option<KeySource>,
    decryption: Option<KeySource>,
    signing: Option<KeySource>,
    verification: Option<KeySource>,
    algorithm: SignatureAlgorithm,
}

#[derive(Clone, Copy, Debug)]
enum Wrapping {
    Aes,
    Rsa { accepts_pkcs1: bool },
}

/// The table with the keys, and the keys of that.
#[derive(Debug)]
struct Store {
    table: String,
    /// The name that its items are signed with, if not that.
    logical_name: Option<String>,
    db: Option<PathBuf>,
    location: Location,
    keys: ProviderTable,
}

const PROVIDERS: [&str; 4] = ["static", "wrapped", "most-recent", "aws-kms"];
const STATIC: [&str; 5] =
    ["encryption_key", "signing_key", "verification_key", "signing_algorithm", "material_description"];
const WRAPPED: [&str; 8] = [
    "wrapping_key",
    "unwrapping_key",
    "wrapping_algorithm",
    "accept_pkcs1_v1_5",
    "signing_key",
    "verification_key",
    "signing_algorithm",
    "material_description",
];
const MOST_RECENT: [&str; 4] = ["material_name", "ttl_seconds", "cache_capacity", "metastore"];
const KMS: [&str; 8] = [
    "key_id",
    "older_key_ids",
    "region",
    "profile",
    "endpoint_url",
    "timeout_seconds",
    "grant_tokens",
    "material_description",
];
const STORE: [&str; 7] = ["table", "logical_name", "db", "region", "profile", "endpoint_url", "keys"];

/// How long the last version is taken for the last one, if nothing else is said.
const TTL: Duration = Duration::from_secs(600);

impl ProviderTable {
    /// Of a table that has these fields too.
    pub(super) fn parse(fields: &mut Fields<'_>, others: &[&str]) -> Result<Self, Problem> {
        let choice = fields.choice("provider", &PROVIDERS)?;
        let own: &[&str] = match choice {
            0 => &STATIC,
            1 => &WRAPPED,
            2 => &MOST_RECENT,
            _ => &KMS,
        };
        fields.only(&[others, &["provider"], own].concat())?;
        let kind = match choice {
            0 => Provider::Static {
                keys: Pair::parse(fields, "encryption_key", None)?,
                description: description(fields, &[])?,
            },
            1 => Provider::Wrapped {
                wrapping: Wrapping::parse(fields)?,
                keys: Pair::parse(fields, "wrapping_key", Some("unwrapping_key"))?,
                description: description(fields, &[])?,
            },
            2 => Provider::MostRecent {
                material_name: fields.required("material_name")?,
                ttl: fields.optional("ttl_seconds")?.map_or(TTL, Duration::from_secs),
                capacity: fields.optional("cache_capacity")?,
                store: Box::new(Store::parse(fields.required_table("metastore")?)?),
            },
            _ => {
                let older: Vec<String> = fields.optional("older_key_ids")?.unwrap_or_default();
                let older = older.iter().map(|id| id.parse()).collect::<Result<_, _>>();
                Provider::Kms(Box::new(KmsTable {
                    key_id: fields.parsed("key_id")?,
                    older: older.map_err(|error| fields.wrong("older_key_ids", error))?,
                    location: location(fields)?,
                    timeout: fields.seconds_if_any("timeout_seconds")?,
                    grant_tokens: grant_tokens(fields)?,
                    description: description(fields, &OF_KMS)?,
                }))
            }
        };
        Ok(Self { place: fields.place().to_owned(), kind })
    }

    /// What it needs of AWS.
    pub(super) fn add_permissions(&self, permissions: &mut Permissions) {
        match &self.kind {
            Provider::Static { .. } | Provider::Wrapped { .. } => {}
            Provider::MostRecent { store, .. } => {
                if store.db.is_none() {
                    permissions.materials.insert((store.table.clone(), store.location.region.clone()));
                }
                store.keys.add_permissions(permissions);
            }
            Provider::Kms(table) => {
                let KmsTable { key_id, older, .. } = &**table;
                permissions.keys.insert(KeyGrant::on(["kms:GenerateDataKey", "kms:Decrypt"], key_id, false));
                permissions.keys.extend(older.iter().map(|key| KeyGrant::on(["kms:Decrypt"], key, false)));
            }
        }
    }

    /// With its keys, or the way to them.
    pub(super) fn build<'a>(
        &'a self,
        builder: &'a mut Builder<'_>,
    ) -> BoxFuture<'a, Result<Arc<dyn MaterialsProvider>, Problem>> {
        Box::pin(async move {
            match &self.kind {
                Provider::Static { keys, description } => self.fixed(keys, description, builder),
                Provider::Wrapped { wrapping, keys, description } => {
                    self.wrapped(*wrapping, keys, description, builder)
                }
                Provider::MostRecent { material_name, ttl, capacity, store } => {
                    let store = store.build(builder).await?;
                    let clock = Arc::new(SystemClock::default());
                    let provider = MostRecentProvider::new(Arc::new(store), material_name, *ttl, clock);
                    let provider = provider.map_err(Problem::at(&self.place))?;
                    let provider = capacity.iter().copied().fold(provider, MostRecentProvider::with_capacity);
                    Ok(shared(provider))
                }
                Provider::Kms(table) => {
                    let clients = builder.aws.kms(&table.location).await.map_err(Problem::at(&self.place))?;
                    let clients = clients.with_timeout(table.timeout);
                    let client = clients.client(table.key_id.region()).await.map_err(Problem::at(&self.place))?;
                    let provider = DirectKmsProvider::new(client, table.key_id.clone(), table.grant_tokens.clone());
                    let provider = provider.with_older_keys(table.older.iter().cloned());
                    let provider = provider.with_description(table.description.clone());
                    Ok(shared(provider.map_err(self.at(DESCRIPTION))?))
                }
            }
        })
    }

    fn fixed(
        &self,
        keys: &Pair,
        description: &MaterialDescription,
        builder: &Builder<'_>,
    ) -> Result<Arc<dyn MaterialsProvider>, Problem> {
        let encryption = self.secret(builder, keys.encryption.as_ref(), "encryption_key")?;
        let encryption = encryption.map(|bytes| AesKey::new(&bytes)).transpose();
        let encryption = encryption.map_err(self.at("encryption_key"))?;
        let SignatureAlgorithm::Mac(mac) = keys.algorithm else {
            return Err(self.at("signing_algorithm")("with the static provider, items are signed by a MAC"));
        };
        let signing = self.secret(builder, keys.signing.as_ref(), "signing_key")?;
        let signing = signing.ok_or("is missing").map_err(self.at("signing_key"))?;
        let signing = HmacKey::new(mac, &signing).map_err(self.at("signing_key"))?;
        let sealing = EncryptionMaterials {
            encryption_key: encryption.clone(),
            signing_key: signing.clone().into(),
            description: description.clone(),
        };
        let opening = DecryptionMaterials { decryption_key: encryption, verification_key: signing.into() };
        Ok(shared(StaticProvider::new(Some(sealing), Some(opening))))
    }

    fn wrapped(
        &self,
        wrapping: Wrapping,
        keys: &Pair,
        description: &MaterialDescription,
        builder: &Builder<'_>,
    ) -> Result<Arc<dyn MaterialsProvider>, Problem> {
        let mut provider = WrappedProvider::builder().description(description.clone());
        match wrapping {
            Wrapping::Aes => {
                let key = self.secret(builder, keys.encryption.as_ref(), "wrapping_key")?;
                let key = key.ok_or("is missing").map_err(self.at("wrapping_key"))?;
                let key = AesKey::new(&key).map_err(self.at("wrapping_key"))?;
                provider = provider.wrapping_key(key.clone()).unwrapping_key(key);
            }
            Wrapping::Rsa { accepts_pkcs1 } => {
                if accepts_pkcs1 {
                    provider = provider.accept_pkcs1_v1_5();
                }
                if let Some(pem) = self.pem(builder, keys.encryption.as_ref(), "wrapping_key")? {
                    let key = WrappingKey::rsa_pem(&pem).map_err(self.at("wrapping_key"))?;
                    provider = provider.wrapping_key(key);
                }
                if let Some(pem) = self.pem(builder, keys.decryption.as_ref(), "unwrapping_key")? {
                    let key = UnwrappingKey::rsa_pem(&pem).map_err(self.at("unwrapping_key"))?;
                    provider = provider.unwrapping_key(key);
                }
            }
        }
        match keys.algorithm {
            SignatureAlgorithm::Mac(mac) => {
                let key = self.secret(builder, keys.signing.as_ref(), "signing_key")?;
                let key = key.ok_or("is missing").map_err(self.at("signing_key"))?;
                let key = HmacKey::new(mac, &key).map_err(self.at("signing_key"))?;
                provider = provider.signing_key(key.clone()).verification_key(key);
            }
            SignatureAlgorithm::Rsa(signature) => {
                if let Some(pem) = self.pem(builder, keys.signing.as_ref(), "signing_key")? {
                    let key = SigningKey::rsa_pem(signature, &pem).map_err(self.at("signing_key"))?;
                    provider = provider.signing_key(key);
                }
                if let Some(pem) = self.pem(builder, keys.verification.as_ref(), "verification_key")? {
                    let key = VerificationKey::rsa_pem(signature, &pem).map_err(self.at("verification_key"))?;
                    provider = provider.verification_key(key);
                }
            }
        }
        Ok(shared(provider.build().map_err(Problem::at(&self.place))?))
    }

    fn secret(
        &self,
        builder: &Builder<'_>,
        source: Option<&KeySource>,
        name: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Problem> {
        source.map(|source| builder.secret(source, &format!("{}.{name}", self.place))).transpose()
    }

    fn pem(
        &self,
        builder: &Builder<'_>,
        source: Option<&KeySource>,
        name: &str,
    ) -> Result<Option<Zeroizing<String>>, Problem> {
        let Some(source) = source else { return Ok(None) };
        let bytes = builder.pem(source, &format!("{}.{name}", self.place))?;
        let text = std::str::from_utf8(&bytes).map_err(|_| self.at(name)("no PEM"))?;
        Ok(Some(Zeroizing::new(text.to_owned())))
    }

    fn at<E: Into<Box<dyn Error + Send + Sync>>>(&self, name: &str) -> impl FnOnce(E) -> Problem {
        Problem::at(format!("{}.{name}", self.place))
    }
}

impl Store {
    fn parse(mut fields: Fields<'_>) -> Result<Self, Problem> {
        fields.only(&STORE)?;
        let mut keys = fields.required_table("keys")?;
        let keys = ProviderTable::parse(&mut keys, &[])?;
        if matches!(keys.kind, Provider::MostRecent { .. }) {
            return Err(fields.wrong("keys", "the keys of the store can not be in another one"));
        }
        Ok(Self {
            table: fields.required("table")?,
            logical_name: fields.optional("logical_name")?,
            db: fields.optional("db")?,
            location: location(&mut fields)?,
            keys,
        })
    }

    async fn build(&self, builder: &mut Builder<'_>) -> Result<DynamoDbMetaStore, Problem> {
        let client = match self.db.as_ref().map(|db| builder.folder.join(db)) {
            Some(path) if !path.exists() => {
                return Err(Problem::at("legacy.metastore.db")(format!(
                    "there is no database {}, which is looked for from the folder of table.toml",
                    path.display()
                )));
            }
            Some(path) => local::file(path).map_err(Problem::at("legacy.metastore.db"))?,
            None => builder.aws.dynamodb(&self.location).await.map_err(Problem::at("legacy.metastore"))?,
        };
        let keys = self.keys.build(builder).await?;
        let store = DynamoDbMetaStore::new(client, &self.table, keys).map_err(Problem::at("legacy.metastore"))?;
        match &self.logical_name {
            Some(name) => store.logical_name(name).map_err(Problem::at("legacy.metastore.logical_name")),
            None => Ok(store),
        }
    }
}

impl Wrapping {
    fn parse(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        const PKCS1: &str = "accept_pkcs1_v1_5";
        if fields.has("wrapping_algorithm") && fields.choice("wrapping_algorithm", &["AES", "RSA"])? == 1 {
            return Ok(Self::Rsa { accepts_pkcs1: fields.optional(PKCS1)?.unwrap_or(false) });
        }
        match fields.has(PKCS1) {
            true => Err(fields.wrong(PKCS1, "it is about RSA: only wrapping_algorithm = \"RSA\" takes it")),
            false => Ok(Self::Aes),
        }
    }
}

const DESCRIPTION: &str = "material_description";
/// What every item's material description says of the item itself.
const OF_ITEMS: [&str; 3] = [names::MODE, names::SIGNING_ALGORITHM, names::WRAPPED_KEY];
/// What the provider over AWS KMS says as well.
const OF_KMS: [&str; 2] = [names::WRAPPING_ALGORITHM, "aws-kms-ec-attr"];

/// What is to stand in the material description of each item that is sealed. `others` are names that the provider fills.
fn description(fields: &mut Fields<'_>, others: &[&str]) -> Result<MaterialDescription, Problem> {
    let said: BTreeMap<String, String> = fields.optional(DESCRIPTION)?.unwrap_or_default();
    match OF_ITEMS.iter().chain(others).find(|name| said.contains_key(**name)) {
        Some(name) => Err(fields.wrong(DESCRIPTION, format!("`{name}` is written for each item: leave it out"))),
        None => Ok(said.into_iter().collect()),
    }
}

fn shared(provider: impl MaterialsProvider + 'static) -> Arc<dyn MaterialsProvider> {
    Arc::new(provider)
}

impl Pair {
    fn parse(
        fields: &mut Fields<'_>,
        encryption: &'static str,
        decryption: Option<&'static str>,
    ) -> Result<Self, Problem> {
        let mac = SignatureAlgorithm::from_str("HmacSHA256").map_err(Problem::at("legacy"))?;
        Ok(Self {
            encryption: fields.optional(encryption)?,
            decryption: decryption.map(|name| fields.optional(name)).transpose()?.flatten(),
            signing: fields.optional("signing_key")?,
            verification: fields.optional("verification_key")?,
            algorithm: fields.parsed_if_any("signing_algorithm")?.unwrap_or(mac),
        })
    }
}
