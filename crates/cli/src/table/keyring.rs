//! `[keyring]`: a tree of keyrings.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use dynaseal::{
    Curve, EcdhPrivateKey, EcdhPublicKey, Keyring, MultiKeyring, RawAesKeyring, RawEcdhKeyring, RawRsaKeyring, RsaKeys,
    RsaPadding, RsaPrivateKey, RsaPublicKey,
};

use super::Builder;
use super::fields::Fields;
use super::key_store::{HierarchicalTable, KeyringStore, StoreKeys};
use super::kms::{self, KmsTable};
use super::permissions::Permissions;
use super::problem::Problem;
use crate::keys::KeySource;

/// One keyring of the file.
#[derive(Debug)]
pub(super) struct KeyringTable {
    place: String,
    type_name: &'static str,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    RawAes { namespace: String, name: String, key: KeySource },
    RawRsa { namespace: String, name: String, padding: RsaPadding, keys: RsaSources },
    RawEcdh { curve: Curve, keys: EcdhSources },
    Multi { generator: Option<Box<KeyringTable>>, children: Vec<KeyringTable> },
    Hierarchical(HierarchicalTable),
    Kms(KmsTable),
}

#[derive(Debug)]
enum RsaSources {
    Public(KeySource),
    Private(KeySource),
    Pair(KeySource, KeySource),
}

#[derive(Debug)]
enum EcdhSources {
    Static { sender: KeySource, recipient: KeySource },
    Ephemeral { recipient: KeySource },
    Discovery { recipient: KeySource },
}

/// A future of a tree, whose branches are futures of the same type.
type Later<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A keyring that can be tried on its own.
#[derive(Debug)]
pub(crate) struct Recipient {
    /// The way to it in the file.
    pub(crate) place: String,
    pub(crate) type_name: &'static str,
    /// What it is for, where the keyring itself can not say it.
    pub(crate) label: Option<String>,
    /// The attributes that an item of this recipient has.
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) keyring: Result<Arc<dyn Keyring>, Problem>,
}

const TYPES: [&str; 5] = ["raw-aes", "raw-rsa", "raw-ecdh", "multi", "hierarchical"];

impl KeyringTable {
    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, Problem> {
        let types = [TYPES.as_slice(), &kms::TYPES].concat();
        let choice = fields.choice("type", &types)?;
        let (place, type_name) = (fields.place().to_owned(), types.get(choice).copied().unwrap_or_default());
        let kind = match type_name {
            "raw-aes" => {
                fields.only(&["type", "namespace", "name", "key"])?;
                let (namespace, name) = (fields.required("namespace")?, fields.required("name")?);
                Kind::RawAes { namespace, name, key: fields.required("key")? }
            }
            "raw-rsa" => raw_rsa(&mut fields)?,
            "raw-ecdh" => raw_ecdh(&mut fields)?,
            "multi" => {
                fields.only(&["type", "generator", "children"])?;
                let generator = fields.table("generator")?.map(Self::parse).transpose()?.map(Box::new);
                let children: Vec<_> =
                    fields.tables("children")?.into_iter().map(Self::parse).collect::<Result<_, _>>()?;
                if generator.is_none() && children.is_empty() {
                    return Err(fields.contradiction(dynaseal::EmptyMultiKeyring));
                }
                Kind::Multi { generator, children }
            }
            "hierarchical" => Kind::Hierarchical(HierarchicalTable::parse(fields)?),
            _ => Kind::Kms(KmsTable::parse(type_name, fields)?),
        };
        Ok(Self { place, type_name, kind })
    }

    /// Reads the keys, and fetches those that AWS KMS has to be asked for.
    pub(super) fn build<'a>(&'a self, builder: &'a mut Builder<'_>) -> Later<'a, Result<Arc<dyn Keyring>, Problem>> {
        Box::pin(async move {
            let place = &self.place;
            match &self.kind {
                Kind::RawAes { namespace, name, key } => {
                    let key = builder.secret(key, &format!("{place}.key"))?;
                    Ok(arc(RawAesKeyring::new(namespace, name, &key).map_err(Problem::at(place))?))
                }
                Kind::RawRsa { namespace, name, padding, keys } => {
                    let keys = keys.read(builder, place)?;
                    Ok(arc(RawRsaKeyring::new(namespace, name, *padding, keys).map_err(Problem::at(place))?))
                }
                Kind::RawEcdh { curve, keys } => Ok(arc(keys.keyring(*curve, builder, place)?)),
                Kind::Multi { generator, children } => {
                    let generator = match generator {
                        Some(generator) => Some(generator.build(builder).await?),
                        None => None,
                    };
                    let mut keyrings = Vec::with_capacity(children.len());
                    for child in children {
                        keyrings.push(child.build(builder).await?);
                    }
                    Ok(arc(match generator {
                        Some(generator) => MultiKeyring::new(generator, keyrings),
                        None => MultiKeyring::without_generator(keyrings).map_err(Problem::at(place))?,
                    }))
                }
                Kind::Hierarchical(table) => table.build(builder).await,
                Kind::Kms(table) => table.build(builder).await,
            }
        })
    }

    /// Its key store, if it has one.
    pub(super) fn key_store(&self) -> Option<KeyringStore<'_>> {
        match &self.kind {
            Kind::Hierarchical(table) => Some(table.key_store()),
            _ => None,
        }
    }

    /// What it needs of AWS.
    pub(super) fn add_permissions(&self, permissions: &mut Permissions) {
        match &self.kind {
            Kind::Multi { generator, children } => {
                let each = generator.iter().map(|generator| &**generator).chain(children);
                each.for_each(|keyring| keyring.add_permissions(permissions));
            }
            Kind::Hierarchical(table) => {
                if let StoreKeys::DynamoDb(settings) = table.key_store().keys {
                    permissions.add_store(settings);
                }
            }
            Kind::Kms(table) => permissions.keys.extend(table.grants()),
            Kind::RawAes { .. } | Kind::RawRsa { .. } | Kind::RawEcdh { .. } => {}
        }
    }

    /// Everybody whom records are sealed for, each built on its own.
    pub(super) fn recipients<'a>(&'a self, builder: &'a mut Builder<'_>) -> Later<'a, Vec<Recipient>> {
        let recipient = |place: &str, keyring| Recipient {
            place: place.to_owned(),
            type_name: self.type_name,
            label: None,
            attributes: BTreeMap::new(),
            keyring,
        };
        Box::pin(async move {
            let mut recipients = Vec::new();
            match &self.kind {
                Kind::Multi { generator, children } => {
                    for child in generator.iter().map(|generator| &**generator).chain(children) {
                        recipients.extend(child.recipients(builder).await);
                    }
                }
                Kind::Hierarchical(table) if let Some((attribute, values)) = table.choices() => {
                    for (value, id) in values {
                        let mut recipient = recipient(&self.place, table.build(builder).await);
                        recipient.label = Some(format!("branch key {id} ({attribute} = {value:?})"));
                        recipient.attributes.insert(attribute.to_owned(), value.clone());
                        recipients.push(recipient);
                    }
                }
                Kind::Kms(table) => {
                    let keyrings = table.build_each(builder).await;
                    recipients.extend(keyrings.into_iter().map(|(place, keyring)| recipient(&place, keyring)));
                }
                _ => recipients.push(recipient(&self.place, self.build(builder).await)),
            }
            recipients
        })
    }
}

fn arc(keyring: impl Keyring + 'static) -> Arc<dyn Keyring> {
    Arc::new(keyring)
}

fn raw_rsa(fields: &mut Fields<'_>) -> Result<Kind, Problem> {
    fields.only(&["type", "namespace", "name", "padding", "public_key", "private_key"])?;
    let keys = match (fields.optional("public_key")?, fields.optional("private_key")?) {
        (Some(public), Some(private)) => RsaSources::Pair(public, private),
        (Some(public), None) => RsaSources::Public(public),
        (None, Some(private)) => RsaSources::Private(private),
        (None, None) => {
            return Err(fields.contradiction("give public_key to seal, private_key to open, or both"));
        }
    };
    let (namespace, name) = (fields.required("namespace")?, fields.required("name")?);
    Ok(Kind::RawRsa { namespace, name, padding: fields.parsed("padding")?, keys })
}

fn raw_ecdh(fields: &mut Fields<'_>) -> Result<Kind, Problem> {
    let keys = match fields.choice("scheme", &["static", "ephemeral", "discovery"])? {
        0 => {
            fields.only(&["type", "scheme", "curve", "sender_private_key", "recipient_public_key"])?;
            let sender = fields.required("sender_private_key")?;
            EcdhSources::Static { sender, recipient: fields.required("recipient_public_key")? }
        }
        1 => {
            fields.only(&["type", "scheme", "curve", "recipient_public_key"])?;
            EcdhSources::Ephemeral { recipient: fields.required("recipient_public_key")? }
        }
        _ => {
            fields.only(&["type", "scheme", "curve", "recipient_private_key"])?;
            EcdhSources::Discovery { recipient: fields.required("recipient_private_key")? }
        }
    };
    Ok(Kind::RawEcdh { curve: fields.parsed("curve")?, keys })
}

impl RsaSources {
    fn read(&self, builder: &Builder<'_>, place: &str) -> Result<RsaKeys, Problem> {
        let public = |source| {
            let place = format!("{place}.public_key");
            RsaPublicKey::from_pem(&*builder.pem(source, &place)?).map_err(Problem::at(place))
        };
        let private = |source| {
            let place = format!("{place}.private_key");
            RsaPrivateKey::from_pem(&*builder.pem(source, &place)?).map_err(Problem::at(place))
        };
        Ok(match self {
            Self::Public(key) => RsaKeys::Public(public(key)?),
            Self::Private(key) => RsaKeys::Private(private(key)?),
            Self::Pair(public_key, private_key) => RsaKeys::Pair(public(public_key)?, private(private_key)?),
        })
    }
}

impl EcdhSources {
    fn keyring(&self, curve: Curve, builder: &Builder<'_>, place: &str) -> Result<RawEcdhKeyring, Problem> {
        let public = |source, name: &str| {
            let place = format!("{place}.{name}");
            EcdhPublicKey::from_pem(curve, &*builder.pem(source, &place)?).map_err(Problem::at(place))
        };
        let private = |source, name: &str| {
            let place = format!("{place}.{name}");
            EcdhPrivateKey::from_pem(curve, &*builder.pem(source, &place)?).map_err(Problem::at(place))
        };
        match self {
            Self::Static { sender, recipient } => {
                let (sender, recipient) =
                    (private(sender, "sender_private_key")?, public(recipient, "recipient_public_key")?);
                RawEcdhKeyring::fixed(sender, recipient).map_err(Problem::at(place))
            }
            Self::Ephemeral { recipient } => Ok(RawEcdhKeyring::ephemeral(public(recipient, "recipient_public_key")?)),
            Self::Discovery { recipient } => {
                Ok(RawEcdhKeyring::discovery(private(recipient, "recipient_private_key")?))
            }
        }
    }
}
