//! The format of sealed attributes of this library.

use dynaseal::{
    AttributeKeyError, AttributeKeys, AttributeRoot, AttributeValue, DeterministicAttribute, ItemBinding,
    PassphraseRecipe, RandomisedAttribute, json,
};

use super::{SettingsError, ValueError, only_of};
use crate::args::{AttributeArgs, Mode};
use crate::input;
use crate::keys::{KeyPlace, named_env};

pub(super) const NAME: &str = "dynaseal";

/// One attribute of a table in one mode; where that is randomised, in one item.
#[derive(Debug)]
pub(crate) enum DynasealFormat {
    Deterministic(DeterministicAttribute),
    Randomised(RandomisedAttribute, ItemBinding),
}

/// A text that is no root key, or no key attribute. It is not repeated, for it may be a key.
#[derive(Debug, thiserror::Error)]
enum Malformed {
    #[error("give an id, `=`, and `env:` with the name of a variable or `file:` with the path of a file")]
    Root,
    #[error("give an id, `=env:`, and the name of the environment variable with the passphrase")]
    PassphraseRoot,
    #[error("give the name of the key attribute, `=`, and its value as DynamoDB JSON: id={{\"S\":\"a\"}}")]
    Key,
}

impl DynasealFormat {
    pub(super) fn new(args: &AttributeArgs) -> Result<Self, SettingsError> {
        only_of(NAME, &[("--type", args.kind.is_some()), ("--passphrase-env", args.passphrase_env.is_some())])?;
        let missing = |option| SettingsError::Missing { format: NAME, option };
        let table = args.table.as_deref().ok_or_else(|| missing("--table"))?;
        let attribute = args.attribute.as_deref().ok_or_else(|| missing("--attribute"))?;
        let item = match (args.mode, &args.partition_key) {
            (Mode::Deterministic, None) => None,
            (Mode::Deterministic, Some(_)) => return Err(SettingsError::NotBound),
            (Mode::Randomised, None) => return Err(SettingsError::NoItem),
            (Mode::Randomised, Some(partition)) => Some(binding(partition, args.sort_key.as_deref())?),
        };
        let keys = keys(args)?.ok_or_else(|| missing("--root or --passphrase-root"))?;
        Ok(match item {
            None => Self::Deterministic(keys.deterministic(table, attribute)?),
            Some(item) => Self::Randomised(keys.randomised(table, attribute)?, item),
        })
    }

    pub(super) fn open(&self, stored: &[u8]) -> Result<String, ValueError> {
        let value = match self {
            Self::Deterministic(attribute) => attribute.open(stored)?,
            Self::Randomised(attribute, item) => attribute.open(stored, item)?,
        };
        Ok(json::value_to_string(&value))
    }

    pub(super) fn seal(&self, line: &str) -> Result<Vec<u8>, ValueError> {
        let value = input::attribute_value(line)?;
        Ok(match self {
            Self::Deterministic(attribute) => attribute.seal(&value)?,
            Self::Randomised(attribute, item) => attribute.seal(&value, item)?,
        })
    }
}

/// All root keys, the one that seals first; `None` if there are none.
fn keys(args: &AttributeArgs) -> Result<Option<AttributeKeys>, SettingsError> {
    let roots = args.root.iter().map(|text| root(text).map(|root| ("--root", root)));
    let of_passphrase = args.passphrase_root.as_deref().zip(args.recipe.as_deref());
    let of_passphrase = of_passphrase.map(|(text, recipe)| Ok(("--passphrase-root", passphrase_root(text, recipe)?)));
    let mut keys: Option<AttributeKeys> = None;
    for root in roots.chain(of_passphrase) {
        let (option, root) = root?;
        keys = Some(match keys {
            None => AttributeKeys::new(root),
            Some(keys) => keys.and_reads(root).map_err(SettingsError::at::<AttributeKeyError>(option))?,
        });
    }
    Ok(keys)
}

fn root(text: &str) -> Result<AttributeRoot, SettingsError> {
    const OPTION: &str = "--root";
    let (id, place) = id_and_place(text).ok_or(Malformed::Root).map_err(SettingsError::at(OPTION))?;
    let key = place.read_key().map_err(SettingsError::at(format!("{OPTION} {id}")))?;
    AttributeRoot::from_bytes(id, &key).map_err(SettingsError::at(OPTION))
}

fn passphrase_root(text: &str, recipe: &str) -> Result<AttributeRoot, SettingsError> {
    const OPTION: &str = "--passphrase-root";
    let recipe: PassphraseRecipe = recipe.parse().map_err(SettingsError::at("--recipe"))?;
    let Some((id, KeyPlace::Env(name))) = id_and_place(text) else {
        return Err(SettingsError::at(OPTION)(Malformed::PassphraseRoot));
    };
    let passphrase = named_env(&name).map_err(SettingsError::at(format!("{OPTION} {id}")))?;
    AttributeRoot::from_passphrase(id, &passphrase, &recipe).map_err(SettingsError::at(OPTION))
}

/// Ids may have equal signs, too.
fn id_and_place(text: &str) -> Option<(&str, KeyPlace)> {
    text.match_indices('=').find_map(|(at, _)| {
        let (id, place) = text.split_at_checked(at)?;
        Some((id, KeyPlace::parse(place.strip_prefix('=')?)?))
    })
}

fn binding(partition: &str, sort: Option<&str>) -> Result<ItemBinding, SettingsError> {
    let (partition, partition_value) = key_attribute(partition, "--partition-key")?;
    let sort = sort.map(|sort| key_attribute(sort, "--sort-key")).transpose()?;
    let sort = sort.as_ref().map(|(name, value)| (*name, value));
    ItemBinding::new((partition, &partition_value), sort).map_err(SettingsError::Item)
}

/// Names may have equal signs, too.
fn key_attribute<'t>(text: &'t str, option: &'static str) -> Result<(&'t str, AttributeValue), SettingsError> {
    let split = text.find("={").and_then(|at| text.split_at_checked(at)).filter(|(name, _)| !name.is_empty());
    let (name, value) = split.ok_or(Malformed::Key).map_err(SettingsError::at(option))?;
    let value = input::attribute_value(value.trim_start_matches('=')).map_err(SettingsError::at(option))?;
    Ok((name, value))
}
