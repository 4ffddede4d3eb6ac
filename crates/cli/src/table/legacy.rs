//! `[legacy]`: items of the DynamoDB Encryption Client.

mod provider;

use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::sync::Arc;

use dynaseal::legacy::ddbec::{Action, Encryptor, Library};
use dynaseal::{LegacyEncryptor, LegacyPolicy};

use self::provider::ProviderTable;
use super::fields::{Fields, Placed};
use super::permissions::Permissions;
use super::problem::Problem;
use super::{Builder, TableFile};

/// The older format of a table, as it stands.
#[derive(Debug)]
pub(super) struct LegacyTable {
    place: String,
    policy: LegacyPolicy,
    table_name: Option<String>,
    description_attribute: Option<String>,
    signature_attribute: Option<String>,
    default_action: Option<Action>,
    library: Option<Library>,
    actions: BTreeMap<String, Placed>,
    provider: ProviderTable,
}

const ACTIONS: [&str; 3] = ["ENCRYPT_AND_SIGN", "SIGN_ONLY", "DO_NOTHING"];

const OWN: [&str; 7] = [
    "policy",
    "table_name",
    "material_description_attribute",
    "signature_attribute",
    "default_action",
    "library",
    "actions",
];

impl LegacyTable {
    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, Problem> {
        let provider = ProviderTable::parse(&mut fields, &OWN)?;
        Ok(Self {
            place: fields.place().to_owned(),
            policy: fields.parsed("policy")?,
            table_name: fields.optional("table_name")?,
            description_attribute: fields.optional("material_description_attribute")?,
            signature_attribute: fields.optional("signature_attribute")?,
            default_action: fields.parsed_if_any("default_action")?,
            library: library(&fields)?,
            actions: fields.texts("actions")?,
            provider,
        })
    }

    /// What it needs of AWS.
    pub(super) fn add_permissions(&self, permissions: &mut Permissions) {
        self.provider.add_permissions(permissions);
    }

    pub(super) async fn build(
        &self,
        file: &TableFile,
        builder: &mut Builder<'_>,
    ) -> Result<(LegacyPolicy, Arc<dyn LegacyEncryptor>), Problem> {
        let mut encryptor =
            Encryptor::builder(self.table_name.as_ref().unwrap_or(&file.logical_table_name), &file.partition_key);
        if let Some(name) = &file.sort_key {
            encryptor = encryptor.sort_key(name);
        }
        if let Some(name) = &self.description_attribute {
            encryptor = encryptor.material_description_attribute(name);
        }
        if let Some(name) = &self.signature_attribute {
            encryptor = encryptor.signature_attribute(name);
        }
        if let Some(action) = self.default_action {
            encryptor = encryptor.default_action(action);
        }
        if let Some(library) = self.library {
            encryptor = encryptor.library(library);
        }
        for (name, action) in &self.actions {
            let place = format!("{}.actions.{name}", self.place);
            let action = Action::from_str(&action.text).map_err(|_| Problem::word(place, action, &ACTIONS))?;
            encryptor = encryptor.actions([(name, action)]);
        }
        let provider = self.provider.build(builder).await?;
        let encryptor = encryptor.build(provider).map_err(Problem::at(&self.place))?;
        Ok((self.policy, Arc::new(encryptor)))
    }
}

/// Whose programs read what is sealed in the older format.
fn library(fields: &Fields<'_>) -> Result<Option<Library>, Problem> {
    if !fields.has("library") {
        return Ok(None);
    }
    let choice = fields.choice("library", &["java", "python"])?;
    Ok(Some(if choice == 0 { Library::Java } else { Library::Python }))
}
