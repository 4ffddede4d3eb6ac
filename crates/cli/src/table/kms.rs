//! Keyrings of AWS KMS: `type = "aws-kms"` and its relatives.

use std::sync::Arc;
use std::time::Duration;

use dynaseal::kms::{
    ClientSupplier as _, DiscoveryFilter, GrantTokens, Kms, KmsDiscoveryKeyring, KmsEcdhKeyring, KmsKeyArn, KmsKeyId,
    KmsKeyring, KmsKeyringError, KmsRsaKeyring,
};
use dynaseal::{Curve, EcdhPublicKey, Keyring, RsaPadding, RsaPublicKey};
use serde::Deserialize;

use super::Builder;
use super::fields::Fields;
use super::permissions::KeyGrant;
use super::problem::Problem;
use crate::aws::{KmsClients, Location};
use crate::keys::KeySource;

/// A keyring of AWS KMS.
#[derive(Debug)]
pub(super) struct KmsTable {
    place: String,
    kind: Kind,
    location: Location,
    timeout: Option<Duration>,
    grant_tokens: GrantTokens,
}

#[derive(Debug)]
enum Kind {
    Key { key_id: KmsKeyId, replicas: bool },
    Keys { generator: Option<KmsKeyId>, children: Vec<KmsKeyId>, replicas: bool },
    Discovery { filter: Option<DiscoveryFilter> },
    ReplicaDiscovery { filter: Option<DiscoveryFilter>, region: String },
    Regions { filter: Option<DiscoveryFilter>, regions: Vec<String>, replicas: bool },
    Rsa { key: KmsKeyArn, padding: RsaPadding, public_key: Option<KeySource> },
    StaticEcdh { key: KmsKeyArn, curve: Curve, own: Option<KeySource>, recipient: KeySource },
    DiscoveryEcdh { key: KmsKeyArn, curve: Curve },
}

/// The types of keyrings here, in the order of `Fields::choice`.
pub(super) const TYPES: [&str; 10] = [
    "aws-kms",
    "aws-kms-mrk",
    "aws-kms-multi",
    "aws-kms-mrk-multi",
    "aws-kms-discovery",
    "aws-kms-mrk-discovery",
    "aws-kms-discovery-multi",
    "aws-kms-mrk-discovery-multi",
    "aws-kms-rsa",
    "aws-kms-ecdh",
];

/// What every one of them takes.
const COMMON: [&str; 6] = ["type", "region", "profile", "endpoint_url", "timeout_seconds", "grant_tokens"];

/// What those of several regions take.
const REGIONS: [&str; 7] =
    ["type", "discovery_filter", "regions", "profile", "endpoint_url", "timeout_seconds", "grant_tokens"];

impl KmsTable {
    pub(super) fn parse(type_name: &str, mut fields: Fields<'_>) -> Result<Self, Problem> {
        let replicas = type_name.starts_with("aws-kms-mrk");
        let kind = match type_name {
            "aws-kms" | "aws-kms-mrk" => {
                only(&fields, &["key_id"])?;
                Kind::Key { key_id: fields.parsed("key_id")?, replicas }
            }
            "aws-kms-multi" | "aws-kms-mrk-multi" => {
                only(&fields, &["generator", "key_ids"])?;
                Kind::Keys { generator: fields.parsed_if_any("generator")?, children: key_ids(&mut fields)?, replicas }
            }
            "aws-kms-discovery" => {
                only(&fields, &["discovery_filter"])?;
                Kind::Discovery { filter: filter(&mut fields)? }
            }
            "aws-kms-mrk-discovery" => {
                only(&fields, &["discovery_filter"])?;
                let filter = filter(&mut fields)?;
                let region: String = fields.required("region")?;
                let location = Location { region: Some(region.clone()), ..location(&mut fields)? };
                return Self::new(Kind::ReplicaDiscovery { filter, region }, location, fields);
            }
            "aws-kms-discovery-multi" | "aws-kms-mrk-discovery-multi" => {
                // Each region has its client; another would not be used.
                fields.only(&REGIONS)?;
                Kind::Regions { filter: filter(&mut fields)?, regions: fields.required("regions")?, replicas }
            }
            "aws-kms-rsa" => {
                only(&fields, &["key_id", "encryption_algorithm", "public_key"])?;
                let algorithm: String = fields.required("encryption_algorithm")?;
                let padding = match algorithm.as_str() {
                    "RSAES_OAEP_SHA_1" => RsaPadding::OaepSha1,
                    "RSAES_OAEP_SHA_256" => RsaPadding::OaepSha256,
                    other => {
                        let message =
                            format!("unknown algorithm `{other}`: take RSAES_OAEP_SHA_1 or RSAES_OAEP_SHA_256");
                        return Err(fields.wrong("encryption_algorithm", message));
                    }
                };
                Kind::Rsa { key: fields.parsed("key_id")?, padding, public_key: fields.optional("public_key")? }
            }
            _ => ecdh(&mut fields)?,
        };
        let location = location(&mut fields)?;
        Self::new(kind, location, fields)
    }

    fn new(kind: Kind, location: Location, mut fields: Fields<'_>) -> Result<Self, Problem> {
        if let (Some(arn), Some(region)) = (kind.region(), &location.region)
            && arn != region
        {
            let message = format!("the key is in {arn}, and a key is asked for where it is: leave the region out");
            return Err(fields.wrong("region", message));
        }
        let timeout = fields.seconds_if_any("timeout_seconds")?;
        let grant_tokens = grant_tokens(&mut fields)?;
        Ok(Self { place: fields.place().to_owned(), kind, location, timeout, grant_tokens })
    }

    /// What AWS KMS has to allow: making a data key is what sealing takes, whichever place the key has among several.
    pub(super) fn grants(&self) -> Vec<KeyGrant> {
        let both =
            |key: &KmsKeyId, replicas: &bool| KeyGrant::on(["kms:GenerateDataKey", "kms:Decrypt"], key, *replicas);
        let decrypt = |filter: &Option<DiscoveryFilter>, regions: &[String]| {
            let any = ["*".to_owned()];
            let regions = if regions.is_empty() { &any } else { regions };
            let (partition, accounts) = match filter {
                Some(filter) => (filter.partition(), filter.accounts()),
                None => ("aws", any.as_slice()),
            };
            let arn = |region: &String| {
                let arn = move |account: &String| format!("arn:{partition}:kms:{region}:{account}:key/*");
                accounts.iter().map(arn).collect::<Vec<_>>()
            };
            regions.iter().flat_map(arn).map(|arn| KeyGrant::new(["kms:Decrypt"], arn)).collect()
        };
        match &self.kind {
            Kind::Key { key_id, replicas } => vec![both(key_id, replicas)],
            Kind::Keys { generator, children, replicas } => {
                generator.iter().chain(children).map(|key| both(key, replicas)).collect()
            }
            Kind::Discovery { filter } => decrypt(filter, &[]),
            Kind::ReplicaDiscovery { filter, region } => decrypt(filter, std::slice::from_ref(region)),
            Kind::Regions { filter, regions, .. } => decrypt(filter, regions),
            Kind::Rsa { key, public_key: Some(_), .. } => vec![KeyGrant::new(["kms:Decrypt"], key.arn().to_string())],
            Kind::Rsa { key, public_key: None, .. } => {
                vec![KeyGrant::new(["kms:Decrypt", "kms:GetPublicKey"], key.arn().to_string())]
            }
            Kind::StaticEcdh { key, own: Some(_), .. } => {
                vec![KeyGrant::new(["kms:DeriveSharedSecret"], key.arn().to_string())]
            }
            Kind::StaticEcdh { key, own: None, .. } | Kind::DiscoveryEcdh { key, .. } => {
                vec![KeyGrant::new(["kms:DeriveSharedSecret", "kms:GetPublicKey"], key.arn().to_string())]
            }
        }
    }

    pub(super) async fn build(&self, builder: &mut Builder<'_>) -> Result<Arc<dyn Keyring>, Problem> {
        let clients = self.clients(builder).await?;
        let tokens = &self.grant_tokens;
        let keyring: Arc<dyn Keyring> = match &self.kind {
            Kind::Key { key_id, replicas } => return self.key(key_id, *replicas, &clients, &self.place).await,
            Kind::Keys { generator, children, replicas } => {
                let (generator, children) = (generator.clone(), children.clone());
                let keyring = match replicas {
                    true => KmsKeyring::mrk_multi(generator, children, &clients, tokens).await,
                    false => KmsKeyring::multi(generator, children, &clients, tokens).await,
                };
                Arc::new(keyring.map_err(Problem::at(&self.place))?)
            }
            Kind::Discovery { filter } => {
                let client = self.client(&clients, None, &self.place).await?;
                Arc::new(KmsDiscoveryKeyring::new(client, filter.clone(), tokens.clone()))
            }
            Kind::ReplicaDiscovery { filter, region } => {
                return self.region(region, filter, true, &clients, &self.place).await;
            }
            Kind::Regions { filter, regions, replicas } => {
                let (regions, filter) = (regions.iter().map(String::as_str).collect::<Vec<_>>(), filter.clone());
                let keyring = match replicas {
                    true => KmsDiscoveryKeyring::mrk_multi(&regions, filter, &clients, tokens).await,
                    false => KmsDiscoveryKeyring::multi(&regions, filter, &clients, tokens).await,
                };
                Arc::new(keyring.map_err(Problem::at(&self.place))?)
            }
            Kind::Rsa { key, padding, public_key } => {
                let (key, client, tokens) = (key.clone(), self.client_of(&clients, key).await?, tokens.clone());
                let keyring = match public_key {
                    Some(source) => {
                        let place = format!("{}.public_key", self.place);
                        let pem = builder.pem(source, &place)?;
                        let public_key = RsaPublicKey::from_pem(&pem).map_err(Problem::at(place))?;
                        KmsRsaKeyring::new(key, *padding, public_key, client, tokens)
                    }
                    None => KmsRsaKeyring::fetch(key, *padding, client, tokens).await,
                };
                Arc::new(keyring.map_err(Problem::at(&self.place))?)
            }
            Kind::StaticEcdh { key, curve, own, recipient } => {
                let read = |source: &KeySource, name: &str| {
                    let place = format!("{}.{name}", self.place);
                    let pem = builder.pem(source, &place)?;
                    EcdhPublicKey::from_pem(*curve, &pem).map_err(Problem::at(place))
                };
                let own = own.as_ref().map(|own| read(own, "sender_public_key")).transpose()?;
                let recipient = read(recipient, "recipient_public_key")?;
                let client = self.client_of(&clients, key).await?;
                let keyring = KmsEcdhKeyring::fixed(client, key.clone(), own, recipient, tokens.clone()).await;
                Arc::new(keyring.map_err(Problem::at(&self.place))?)
            }
            Kind::DiscoveryEcdh { key, curve } => {
                let client = self.client_of(&clients, key).await?;
                let keyring = KmsEcdhKeyring::discovery(client, key.clone(), *curve, tokens.clone()).await;
                Arc::new(keyring.map_err(Problem::at(&self.place))?)
            }
        };
        Ok(keyring)
    }

    /// The keyring of each key or region on its own, with its place.
    pub(super) async fn build_each(
        &self,
        builder: &mut Builder<'_>,
    ) -> Vec<(String, Result<Arc<dyn Keyring>, Problem>)> {
        let clients = match self.clients(builder).await {
            Ok(clients) => clients,
            Err(problem) => return vec![(self.place.clone(), Err(problem))],
        };
        let mut keyrings = Vec::new();
        match &self.kind {
            Kind::Keys { generator, children, replicas } => {
                let generator = generator.iter().map(|key| (format!("{}.generator", self.place), key));
                let children = children.iter().enumerate();
                let children = children.map(|(index, key)| (format!("{}.key_ids[{index}]", self.place), key));
                for (place, key_id) in generator.chain(children) {
                    let keyring = self.key(key_id, *replicas, &clients, &place).await;
                    keyrings.push((place, keyring));
                }
            }
            Kind::Regions { filter, regions, replicas } => {
                for (index, region) in regions.iter().enumerate() {
                    let place = format!("{}.regions[{index}]", self.place);
                    let keyring = self.region(region, filter, *replicas, &clients, &place).await;
                    keyrings.push((place, keyring));
                }
            }
            _ => keyrings.push((self.place.clone(), self.build(builder).await)),
        }
        keyrings
    }

    async fn clients(&self, builder: &mut Builder<'_>) -> Result<KmsClients, Problem> {
        let clients = builder.aws.kms(&self.location).await.map_err(Problem::at(&self.place))?;
        Ok(clients.with_timeout(self.timeout))
    }

    async fn key(
        &self,
        key_id: &KmsKeyId,
        replicas: bool,
        clients: &KmsClients,
        place: &str,
    ) -> Result<Arc<dyn Keyring>, Problem> {
        let client = self.client(clients, key_id.region(), place).await?;
        let (key_id, tokens) = (key_id.clone(), self.grant_tokens.clone());
        Ok(Arc::new(match replicas {
            true => KmsKeyring::mrk(client, key_id, tokens),
            false => KmsKeyring::new(client, key_id, tokens),
        }))
    }

    async fn region(
        &self,
        region: &str,
        filter: &Option<DiscoveryFilter>,
        replicas: bool,
        clients: &KmsClients,
        place: &str,
    ) -> Result<Arc<dyn Keyring>, Problem> {
        let client = self.client(clients, Some(region), place).await?;
        let (filter, tokens) = (filter.clone(), self.grant_tokens.clone());
        Ok(Arc::new(match replicas {
            true => KmsDiscoveryKeyring::mrk(client, region, filter, tokens).map_err(Problem::at(place))?,
            false => KmsDiscoveryKeyring::new(client, filter, tokens),
        }))
    }

    async fn client_of(&self, clients: &KmsClients, key: &KmsKeyArn) -> Result<Arc<dyn Kms>, Problem> {
        self.client(clients, Some(key.arn().region()), &self.place).await
    }

    async fn client(&self, clients: &KmsClients, region: Option<&str>, place: &str) -> Result<Arc<dyn Kms>, Problem> {
        clients.client(region).await.map_err(Problem::at(place))
    }
}

impl Kind {
    /// The region of the one key, if its name says it.
    fn region(&self) -> Option<&str> {
        match self {
            Self::Key { key_id, .. } => key_id.region(),
            Self::Rsa { key, .. } | Self::StaticEcdh { key, .. } | Self::DiscoveryEcdh { key, .. } => {
                Some(key.arn().region())
            }
            Self::Keys { .. } | Self::Discovery { .. } | Self::ReplicaDiscovery { .. } | Self::Regions { .. } => None,
        }
    }
}

fn only(fields: &Fields<'_>, own: &[&str]) -> Result<(), Problem> {
    fields.only(&[own, &COMMON].concat())
}

fn ecdh(fields: &mut Fields<'_>) -> Result<Kind, Problem> {
    match fields.choice("scheme", &["static", "discovery"])? {
        0 => {
            only(fields, &["scheme", "curve", "key_id", "sender_public_key", "recipient_public_key"])?;
            Ok(Kind::StaticEcdh {
                key: fields.parsed("key_id")?,
                curve: fields.parsed("curve")?,
                own: fields.optional("sender_public_key")?,
                recipient: fields.required("recipient_public_key")?,
            })
        }
        _ => {
            only(fields, &["scheme", "curve", "key_id"])?;
            Ok(Kind::DiscoveryEcdh { key: fields.parsed("key_id")?, curve: fields.parsed("curve")? })
        }
    }
}

fn key_ids(fields: &mut Fields<'_>) -> Result<Vec<KmsKeyId>, Problem> {
    let texts: Vec<String> = fields.optional("key_ids")?.unwrap_or_default();
    let parse = |(index, text): (usize, &String)| {
        text.parse().map_err(Problem::at(format!("{}[{index}]", fields.place_of("key_ids"))))
    };
    texts.iter().enumerate().map(parse).collect()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with partition and account_ids")]
struct Filter {
    partition: String,
    account_ids: Vec<String>,
}

fn filter(fields: &mut Fields<'_>) -> Result<Option<DiscoveryFilter>, Problem> {
    let filter: Option<Filter> = fields.optional("discovery_filter")?;
    let filter = filter.map(|filter| DiscoveryFilter::new(filter.partition, filter.account_ids));
    filter.transpose().map_err(|error: KmsKeyringError| fields.wrong("discovery_filter", error))
}

/// Where AWS is, as far as the file says.
pub(super) fn location(fields: &mut Fields<'_>) -> Result<Location, Problem> {
    Ok(Location {
        region: fields.optional("region")?,
        profile: fields.optional("profile")?,
        endpoint_url: fields.parsed_if_any("endpoint_url")?,
    })
}

/// Tokens of grants.
pub(super) fn grant_tokens(fields: &mut Fields<'_>) -> Result<GrantTokens, Problem> {
    let tokens: Vec<String> = fields.optional("grant_tokens")?.unwrap_or_default();
    GrantTokens::new(tokens).map_err(|error| fields.wrong("grant_tokens", error))
}
