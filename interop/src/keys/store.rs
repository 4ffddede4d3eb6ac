//! Branch keys: each side makes a key store, and both use it.

use std::collections::HashMap;
use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use aws_db_esdk::dynamodb::client as database;
use aws_db_esdk::dynamodb::operation::get_branch_key_id_from_ddb_key::{
    GetBranchKeyIdFromDdbKeyInput, GetBranchKeyIdFromDdbKeyOutput,
};
use aws_db_esdk::dynamodb::types::dynamo_db_encryption_config::DynamoDbEncryptionConfig;
use aws_db_esdk::dynamodb::types::dynamo_db_key_branch_key_id_supplier::DynamoDbKeyBranchKeyIdSupplier;
use aws_db_esdk::dynamodb::types::error::Error as OfficialError;
use aws_db_esdk::key_store::client as official;
use aws_db_esdk::key_store::types::KmsConfiguration as OfficialConfiguration;
use aws_db_esdk::key_store::types::key_store_config::KeyStoreConfig;
use dynaseal::kms::{KeyStore, KeyStoreOptions, KmsConfiguration, NewKey};
use dynaseal::{AlgorithmSuite, BranchKeyIdSupplier, HierarchicalKeyring, Item, RecipientInfo, Uuid, json, local, sdk};

use super::kms::{Key, Server};
use super::{Both, Run, Sealed, chain, open};
use crate::Result;
use crate::official::providers;

/// How long they keep branch keys. Every keyring here has a cache of its own, so that none sees an old version.
const TTL: i64 = 600;

/// Both stores.
pub(super) async fn run(run: &mut Run, server: &Server) {
    for maker in [Side::Ours, Side::Theirs] {
        let kind = format!("hierarchical, {}", maker.store());
        let key = async {
            let key = server.symmetric().await?;
            key.re_encrypt().await?;
            Result::Ok(key)
        };
        match key.await {
            Ok(key) => {
                if let Err(error) = store(run, key, maker).await {
                    run.row(&kind, Err(error));
                }
            }
            Err(reason) => run.skip(&kind, reason),
        }
    }
}

#[derive(Clone, Copy)]
pub enum Side {
    Ours,
    Theirs,
}

impl Side {
    fn store(self) -> &'static str {
        match self {
            Self::Ours => "our store",
            Self::Theirs => "their store",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Ours => Self::Theirs,
            Self::Theirs => Self::Ours,
        }
    }
}

/// Seals with three versions of each branch key: the first, one that the store's maker adds and one that the other side
/// adds. Everything is opened at the end.
async fn store(run: &mut Run, key: Key, maker: Side) -> Result<()> {
    let store = Store::new(key, maker).await?;
    let context = [("team", "blue"), ("Gruppe ß", "😀 é")];
    let ids = vec![
        store.create_key(maker, None, &[]).await?,
        store.create_key(maker, None, &context).await?,
        store.create_key(maker, Some("own-id"), &context).await?,
    ];
    let choices = [
        ("random id", Choice::Fixed(&ids[0])),
        ("random id with a context", Choice::Fixed(&ids[1])),
        ("own id with a context", Choice::Fixed(&ids[2])),
        ("ids of a supplier", Choice::Supplied(&ids)),
    ];
    let mut sealed: Vec<(String, Choice<'_>, Result<Vec<Sealed>>)> = Vec::new();
    for (version, author) in [("version 1", None), ("version 2", Some(maker)), ("version 3", Some(maker.other()))] {
        let mut active = Vec::new();
        for id in &ids {
            if let Some(author) = author {
                store.version_key(author, id).await?;
            }
            active.push((id.as_str(), store.compare(id).await?));
        }
        for (name, choice) in choices {
            let kind = format!("hierarchical, {}, {name}, {version} of 3", maker.store());
            let keyring = store.keyring(choice).await?;
            let records = run.seal(&kind, &AlgorithmSuite::ALL, &keyring).await;
            let records =
                records.and_then(|records| check_recipients(&records, &keyring, choice, &active).map(|()| records));
            sealed.push((kind, choice, records));
        }
    }
    for (kind, choice, records) in sealed {
        let opened = async { open(&records?, &store.keyring(choice).await?).await };
        let opened = opened.await;
        run.row(&kind, opened);
    }
    Ok(())
}

/// Records have to name the branch key that was chosen, in the version that is active now.
fn check_recipients(records: &[Sealed], keyring: &Both, choice: Choice<'_>, active: &[(&str, Uuid)]) -> Result<()> {
    for Sealed { name, case, ours, theirs } in records {
        let encryptor = case.encryptor_with(Arc::clone(&keyring.ours));
        for (whose, item) in [("ours", ours), ("theirs", theirs)] {
            let inspection = encryptor.inspect(item);
            let recipients = inspection.map_err(|error| format!("{name}: {}", chain(&error)))?.recipients;
            let is_right = |(id, version): &(&str, Uuid)| {
                let is_chosen = match choice {
                    Choice::Fixed(chosen) => chosen == *id,
                    Choice::Supplied(_) => true,
                };
                let named = RecipientInfo::BranchKey { id: (*id).to_owned(), version: Some(*version) };
                is_chosen && recipients == [named]
            };
            if !active.iter().any(is_right) {
                return Err(format!("{name}: {whose} names {recipients:?}").into());
            }
        }
    }
    Ok(())
}

/// One table, as each side sees it.
pub struct Store {
    pub ours: KeyStore,
    pub theirs: official::Client,
}

/// Which branch key a keyring takes.
#[derive(Clone, Copy)]
enum Choice<'a> {
    Fixed(&'a str),
    Supplied(&'a [String]),
}

impl Store {
    /// A new table, made by one side; the other has to find nothing wrong with it.
    pub async fn new(key: Key, maker: Side) -> Result<Self> {
        let (table, logical) = ("branch-keys", "logical name of the store");
        let database = local::memory()?;
        let options = KeyStoreOptions::new(table, KmsConfiguration::Key(key.arn.parse()?)).logical_name(logical);
        let ours = KeyStore::new(database.clone(), key.kms(), options)?;
        let config = KeyStoreConfig::builder()
            .ddb_client(database)
            .kms_client(key.client.clone())
            .ddb_table_name(table)
            .logical_key_store_name(logical)
            .kms_configuration(OfficialConfiguration::KmsKeyArn(key.arn));
        let store = Self { ours, theirs: official::Client::from_conf(config.build()?)? };
        for side in [maker, maker.other()] {
            match side {
                Side::Ours => store.ours.create_table().await?,
                Side::Theirs => drop(store.theirs.create_key_store().send().await?),
            }
        }
        Ok(store)
    }

    pub async fn create_key(&self, side: Side, id: Option<&str>, context: &[(&str, &str)]) -> Result<String> {
        match side {
            Side::Ours => {
                let key = id.map_or_else(NewKey::new, |id| NewKey::new().id(id));
                let key = context.iter().fold(key, |key, (name, value)| key.context(*name, *value));
                Ok(self.ours.create_key(key).await?)
            }
            Side::Theirs => {
                let pairs = context.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
                let context = Some(pairs.collect::<HashMap<_, _>>()).filter(|context| !context.is_empty());
                let call = self.theirs.create_key().set_branch_key_identifier(id.map(str::to_owned));
                let made = call.set_encryption_context(context).send().await?;
                Ok(made.branch_key_identifier.ok_or("no id")?)
            }
        }
    }

    async fn version_key(&self, side: Side, id: &str) -> Result<()> {
        match side {
            Side::Ours => drop(self.ours.version_key(id).await?),
            Side::Theirs => drop(self.theirs.version_key().branch_key_identifier(id).send().await?),
        }
        Ok(())
    }

    /// Both sides have to read the same active version, which is given back, the same versions behind it, and the same
    /// beacon key.
    async fn compare(&self, id: &str) -> Result<Uuid> {
        let missing = || format!("{id}: their answer is empty");
        let same = |what: &str, same: bool| match same {
            true => Ok(()),
            false => Err(format!("{id}: the sides read different {what}")),
        };
        let (info, versions) = self.ours.describe(id).await?;
        let active = self.ours.active_branch_key(id).await?.version();
        let theirs = self.theirs.get_active_branch_key().branch_key_identifier(id).send().await?;
        let theirs = theirs.branch_key_materials.ok_or_else(missing)?;
        let context: HashMap<String, String> = info.context.clone().into_iter().collect();
        same("active versions", theirs.branch_key_version.as_deref() == Some(&active.to_string()))?;
        same("contexts", theirs.encryption_context.as_ref() == Some(&context))?;
        for version in versions {
            let ours = self.ours.branch_key_version(id, version.version).await?;
            let text = version.version.to_string();
            let call = self.theirs.get_branch_key_version().branch_key_identifier(id).branch_key_version(&text);
            let theirs = call.send().await?.branch_key_materials.ok_or_else(missing)?;
            let is_same = ours.version() == version.version && theirs.branch_key_version == Some(text);
            same("versions", is_same && theirs.encryption_context.as_ref() == Some(&context))?;
        }
        let ours = self.ours.beacon_key(id).await?;
        let theirs = self.theirs.get_beacon_key().branch_key_identifier(id).send().await?;
        let theirs = theirs.beacon_key_materials.ok_or_else(missing)?;
        let key = theirs.beacon_key.as_ref().map(|key| key.as_ref());
        same("beacon keys", key == Some(ours.key.expose_secret().as_slice()))?;
        same("contexts of the beacon key", theirs.encryption_context == Some(ours.context.into_iter().collect()))?;
        Ok(active)
    }

    async fn keyring(&self, choice: Choice<'_>) -> Result<Both> {
        let source = Arc::new(self.ours.clone());
        let theirs = providers()?.create_aws_kms_hierarchical_keyring().key_store(self.theirs.clone()).ttl_seconds(TTL);
        let (ours, theirs) = match choice {
            Choice::Fixed(id) => (HierarchicalKeyring::new(id, source), theirs.branch_key_id(id)),
            Choice::Supplied(ids) => {
                let supplier = Supplier(ids.to_vec());
                let client = database::Client::from_conf(DynamoDbEncryptionConfig::builder().build()?)?;
                let call = client.create_dynamo_db_encryption_branch_key_id_supplier();
                let made = call.ddb_key_branch_key_id_supplier(supplier.clone()).send().await?;
                let theirs = theirs.branch_key_id_supplier(made.branch_key_id_supplier.ok_or("no supplier")?);
                (HierarchicalKeyring::with_supplier(Arc::new(supplier), source), theirs)
            }
        };
        Ok(Both::new(ours, theirs.send().await?))
    }
}

/// One of several branch keys, by everything that a supplier is shown: what the two sides show differently leads to
/// different keys, so that the record does not open.
#[derive(Clone, Debug)]
struct Supplier(Vec<String>);

impl Supplier {
    fn choose(&self, attributes: &Item) -> String {
        let text = json::to_string(attributes);
        let rank = |index: &usize| {
            let mut hasher = DefaultHasher::new();
            (index, &text).hash(&mut hasher);
            hasher.finish()
        };
        (0..self.0.len()).max_by_key(rank).map(|index| self.0[index].clone()).unwrap_or_default()
    }
}

impl BranchKeyIdSupplier for Supplier {
    fn branch_key_id(&self, attributes: &Item) -> std::result::Result<String, Box<dyn Error + Send + Sync>> {
        Ok(self.choose(attributes))
    }
}

impl DynamoDbKeyBranchKeyIdSupplier for Supplier {
    fn get_branch_key_id_from_ddb_key(
        &self,
        input: GetBranchKeyIdFromDdbKeyInput,
    ) -> std::result::Result<GetBranchKeyIdFromDdbKeyOutput, OfficialError> {
        let failed = |message: String| OfficialError::DynamoDbEncryptionException { message };
        let attributes = input.ddb_key.ok_or_else(|| failed("no attributes".to_owned()))?;
        let attributes = sdk::from_sdk(attributes).map_err(|error| failed(error.to_string()))?;
        let output = GetBranchKeyIdFromDdbKeyOutput::builder().branch_key_id(self.choose(&attributes)).build();
        output.map_err(|error| failed(error.to_string()))
    }
}
