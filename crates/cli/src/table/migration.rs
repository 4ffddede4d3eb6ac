//! `[pynamodb_mate]` and `[attributes]`: values that are sealed alone, for tables that are brought over.

use std::collections::BTreeMap;
use std::path::Path;

use dynaseal::legacy::pynamodb_mate::Kind;
use dynaseal::migrate::{PynamodbMate, SealedAttributes};
use dynaseal::{AttributeKeys, AttributeRoot, SealedTable};

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
    attributes: BTreeMap<String, String>,
}

impl PynamodbMateTable {
    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, Problem> {
        fields.only(&["passphrase", "attributes"])?;
        Ok(Self { passphrase: fields.required("passphrase")?, attributes: fields.required("attributes")? })
    }

    fn build(&self, builder: &Builder<'_>) -> Result<PynamodbMate, Problem> {
        let passphrase = self.passphrase.read_text(builder.folder).map_err(Problem::at("pynamodb_mate.passphrase"))?;
        let mut model = PynamodbMate::new(&passphrase);
        for (name, kind) in &self.attributes {
            let kind: Kind = kind.parse().map_err(Problem::at(format!("pynamodb_mate.attributes.{name}")))?;
            model = model.attribute(name, kind);
        }
        Ok(model)
    }
}

/// `[attributes]`: attributes that are sealed alone, and their root keys.
#[derive(Debug)]
pub(super) struct AttributesTable {
    roots: Vec<(String, KeySource)>,
    randomised: Vec<String>,
    deterministic: Vec<String>,
}

impl AttributesTable {
    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, Problem> {
        fields.only(&["roots", "randomised", "deterministic"])?;
        let root = |mut fields: Fields<'_>| {
            fields.only(&["id", "key"])?;
            Ok((fields.required("id")?, fields.required("key")?))
        };
        Ok(Self {
            roots: fields.tables("roots")?.into_iter().map(root).collect::<Result<_, Problem>>()?,
            randomised: fields.optional("randomised")?.unwrap_or_default(),
            deterministic: fields.optional("deterministic")?.unwrap_or_default(),
        })
    }

    fn build(&self, file: &TableFile, builder: &Builder<'_>) -> Result<SealedAttributes, Problem> {
        let mut keys: Option<AttributeKeys> = None;
        for (index, (id, source)) in self.roots.iter().enumerate() {
            let place = format!("attributes.roots[{index}]");
            let bytes = builder.secret(source, &format!("{place}.key"))?;
            let key = bytes.first_chunk::<32>().filter(|_| bytes.len() == 32);
            let key = key.ok_or("a root key has 32 bytes").map_err(Problem::at(format!("{place}.key")))?;
            let root = AttributeRoot::from_bytes(id, key).map_err(Problem::at(place.clone()))?;
            keys = Some(match keys {
                None => AttributeKeys::new(root),
                Some(keys) => keys.and_reads(root).map_err(Problem::at(place))?,
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
