//! `[pynamodb_mate]` and `[attributes]`: values that are sealed alone, for tables that are brought over.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use dynaseal::legacy::pynamodb_mate::Kind;
use dynaseal::migrate::{PynamodbMate, SealedAttributes};
use dynaseal::{AttributeKeys, AttributeRoot, PassphraseRecipe, SealedTable};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::fields::Fields;
use super::problem::Problem;
use super::{Builder, Keys, TableFile};
use crate::keys::KeySource;

/// What table.toml says about a table that is brought over.
#[derive(Debug)]
pub(crate) struct Tables {
    /// The table's name in DynamoDB.
    pub(crate) name: String,
    pub(crate) partition_key: String,
    pub(crate) sort_key: Option<String>,
    /// Its records; none if there is no keyring.
    pub(crate) sealed: Option<SealedTable>,
    pynamodb_mate: Option<PynamodbMate>,
    attributes: Option<SealedAttributes>,
}

impl Tables {
    pub(super) async fn new(file: TableFile, name: Option<&str>, path: &Path) -> Result<Self, Problem> {
        let mut builder = Builder::new(path);
        let sealed = match file.keyring {
            Some(_) => Some(file.sealed_table(name, Keys::All, &mut builder).await?),
            None => None,
        };
        let pynamodb_mate = file.pynamodb_mate.as_ref().map(|table| table.build(&builder)).transpose()?;
        let attributes = file.attributes.as_ref().map(|table| table.build(&file, &builder)).transpose()?;
        Ok(Self {
            name: name.unwrap_or(&file.logical_table_name).to_owned(),
            partition_key: file.partition_key,
            sort_key: file.sort_key,
            sealed,
            pynamodb_mate,
            attributes,
        })
    }

    /// `[pynamodb_mate]`, which is used once.
    pub(crate) fn take_pynamodb_mate(&mut self) -> Option<PynamodbMate> {
        self.pynamodb_mate.take()
    }

    /// `[attributes]`, which is used once.
    pub(crate) fn take_attributes(&mut self) -> Option<SealedAttributes> {
        self.attributes.take()
    }
}

/// `[pynamodb_mate]`: the passphrase of the Python model, and its encrypted attributes.
#[derive(Debug)]
pub(super) struct PynamodbMateTable {
    passphrase: KeySource,
    attributes: BTreeMap<String, MateAttribute>,
}

/// An encrypted attribute of the model: its type alone, or a table with a passphrase of its own.
#[derive(Debug)]
struct MateAttribute {
    kind: String,
    passphrase: Option<KeySource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a type, or a table with type and passphrase")]
struct MateAttributeTable {
    r#type: String,
    passphrase: KeySource,
}

impl<'de> Deserialize<'de> for MateAttribute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MateAttributeVisitor)
    }
}

struct MateAttributeVisitor;

impl<'de> Visitor<'de> for MateAttributeVisitor {
    type Value = MateAttribute;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a type, or a table with type and passphrase")
    }

    fn visit_str<E: de::Error>(self, kind: &str) -> Result<MateAttribute, E> {
        Ok(MateAttribute { kind: kind.to_owned(), passphrase: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MateAttribute, A::Error> {
        let MateAttributeTable { r#type: kind, passphrase } =
            MateAttributeTable::deserialize(MapAccessDeserializer::new(map))?;
        Ok(MateAttribute { kind, passphrase: Some(passphrase) })
    }
}

impl PynamodbMateTable {
    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, Problem> {
        fields.only(&["passphrase", "attributes"])?;
        Ok(Self { passphrase: fields.required("passphrase")?, attributes: fields.required("attributes")? })
    }

    fn build(&self, builder: &Builder<'_>) -> Result<PynamodbMate, Problem> {
        let passphrase = self.passphrase.read_text(builder.folder).map_err(Problem::at("pynamodb_mate.passphrase"))?;
        let mut model = PynamodbMate::new(&passphrase);
        for (name, MateAttribute { kind, passphrase }) in &self.attributes {
            let place = format!("pynamodb_mate.attributes.{name}");
            let kind: Kind = kind.parse().map_err(Problem::at(&place))?;
            model = match passphrase {
                Some(source) => {
                    let passphrase = source.read_text(builder.folder).map_err(Problem::at(place + ".passphrase"))?;
                    model.attribute_with(name, kind, &passphrase)
                }
                None => model.attribute(name, kind),
            };
        }
        Ok(model)
    }
}

/// `[attributes]`: attributes that are sealed alone, and their root keys.
#[derive(Debug)]
pub(super) struct AttributesTable {
    roots: Vec<RootTable>,
    randomised: Vec<String>,
    deterministic: Vec<String>,
}

/// A root key: its 32 bytes, or the passphrase that they come from and how.
#[derive(Debug)]
struct RootTable {
    place: String,
    id: String,
    source: RootSource,
}

#[derive(Debug)]
enum RootSource {
    Key(KeySource),
    Passphrase(KeySource, PassphraseRecipe),
}

impl RootTable {
    fn parse(mut fields: Fields<'_>) -> Result<Self, Problem> {
        fields.only(&["id", "key", "passphrase", "recipe"])?;
        let source = match (fields.optional("key")?, fields.optional("passphrase")?) {
            (Some(_), None) if fields.has("recipe") => {
                return Err(fields.wrong("recipe", "it goes with passphrase only"));
            }
            (Some(key), None) => RootSource::Key(key),
            (None, Some(passphrase)) => RootSource::Passphrase(passphrase, fields.parsed("recipe")?),
            _ => return Err(fields.contradiction("give one of key and passphrase, which takes recipe as well")),
        };
        Ok(Self { place: fields.place().to_owned(), id: fields.required("id")?, source })
    }

    fn read(&self, builder: &Builder<'_>) -> Result<AttributeRoot, Problem> {
        let Self { place, id, source } = self;
        let root = match source {
            RootSource::Key(source) => {
                let place = format!("{place}.key");
                let bytes = builder.secret(source, &place)?;
                let key = bytes.first_chunk::<32>().filter(|_| bytes.len() == 32);
                AttributeRoot::from_bytes(id, key.ok_or("a root key has 32 bytes").map_err(Problem::at(place))?)
            }
            RootSource::Passphrase(source, recipe) => {
                let passphrase =
                    source.read_text(builder.folder).map_err(Problem::at(format!("{place}.passphrase")))?;
                AttributeRoot::from_passphrase(id, &passphrase, recipe)
            }
        };
        root.map_err(Problem::at(place))
    }
}

impl AttributesTable {
    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, Problem> {
        fields.only(&["roots", "randomised", "deterministic"])?;
        Ok(Self {
            roots: fields.tables("roots")?.into_iter().map(RootTable::parse).collect::<Result<_, _>>()?,
            randomised: fields.optional("randomised")?.unwrap_or_default(),
            deterministic: fields.optional("deterministic")?.unwrap_or_default(),
        })
    }

    fn build(&self, file: &TableFile, builder: &Builder<'_>) -> Result<SealedAttributes, Problem> {
        let mut keys: Option<AttributeKeys> = None;
        for table in &self.roots {
            let root = table.read(builder)?;
            keys = Some(match keys {
                None => AttributeKeys::new(root),
                Some(keys) => keys.and_reads(root).map_err(Problem::at(&table.place))?,
            });
        }
        let keys = keys.ok_or("give at least one: the first of them seals").map_err(Problem::at("attributes.roots"))?;
        let is_key = |name: &String| *name == file.partition_key || file.sort_key.as_ref() == Some(name);
        if let Some(name) = self.randomised.iter().find(|name| is_key(name)) {
            let text = format!("`{name}` is a key attribute, which could not be found again: make it deterministic");
            return Err(Problem::at("attributes.randomised")(text));
        }
        if let Some(name) = self.randomised.iter().find(|name| self.deterministic.contains(name)) {
            return Err(Problem::at("attributes")(format!("`{name}` is randomised and deterministic")));
        }
        let refused = Problem::at::<dynaseal::CryptoError>;
        let mut sealed = SealedAttributes::new(&file.logical_table_name);
        for name in &self.randomised {
            sealed = sealed.randomised(name, &keys).map_err(refused("attributes"))?;
        }
        for name in &self.deterministic {
            sealed = sealed.deterministic(name, &keys).map_err(refused("attributes"))?;
        }
        Ok(sealed)
    }
}
