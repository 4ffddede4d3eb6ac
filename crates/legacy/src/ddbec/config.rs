//! What is done with which attribute.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use dynaseal_core::{SecureRandom, SystemRandom};

use super::{Encryptor, MaterialsProvider};

/// Where upstream keeps the material description.
pub const MATERIAL_DESCRIPTION: &str = "*amzn-ddb-map-desc*";
/// Where upstream keeps the signature.
pub const SIGNATURE: &str = "*amzn-ddb-map-sig*";

/// What is done with an attribute. The names are upstream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// `ENCRYPT_AND_SIGN`: the value is secret and can not be changed unnoticed.
    EncryptAndSign,
    /// `SIGN_ONLY`: readable, but can not be changed unnoticed.
    SignOnly,
    /// `DO_NOTHING`: readable, and anybody who can write the table can add, change and remove it.
    DoNothing,
}

impl Action {
    const ALL: [Self; 3] = [Self::EncryptAndSign, Self::SignOnly, Self::DoNothing];

    /// The name in upstream's configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::EncryptAndSign => "ENCRYPT_AND_SIGN",
            Self::SignOnly => "SIGN_ONLY",
            Self::DoNothing => "DO_NOTHING",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an action of the older format: use ENCRYPT_AND_SIGN, SIGN_ONLY or DO_NOTHING")]
pub struct UnknownAction;

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(name: &str) -> Result<Self, UnknownAction> {
        Self::ALL.into_iter().find(|action| action.name() == name).ok_or(UnknownAction)
    }
}

/// Whose programs read what is sealed. Both write the same but for one thing: the order in which they sign attributes and
/// members of sets and maps, where names and texts have characters beyond U+FFFF, or byte strings bytes beyond 0x7f. Such
/// items of one library do not verify in the other. Here both are opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Library {
    /// The Java library: texts ordered by their UTF-16, bytes by their value with a sign.
    Java,
    /// The Python library: texts ordered by their UTF-8, bytes by their value without a sign.
    #[default]
    Python,
}

/// A configuration that can not be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A key attribute must stay readable, or DynamoDB could not find the item.
    #[error("`{0}` is a key attribute and can not be ENCRYPT_AND_SIGN: leave its action out, or give SIGN_ONLY")]
    EncryptedKey(String),
    /// Partition and sort key of one name.
    #[error("`{0}` can not be both partition key and sort key")]
    SameKeys(String),
    /// The same attribute twice.
    #[error("`{name}` has two actions, {first} and {second}")]
    TwoActions {
        /// The attribute.
        name: String,
        /// One of them.
        first: Action,
        /// The other.
        second: Action,
    },
    /// An attribute that the format itself needs.
    #[error("`{0}` belongs to the format: it can be no key and has no action")]
    Reserved(String),
    /// Signature and material description in one attribute.
    #[error("signature and material description can not both be `{0}`")]
    SameReserved(String),
    /// A name without a character.
    #[error("the name of {0} is empty")]
    Empty(&'static str),
    /// A name of materials that upstream could not read back.
    #[error("the name of materials can not be empty, nor have a `#`")]
    MaterialName,
    /// Something that is said in a provider's material description and can not be done.
    #[error("a provider can not be given the material description `{name}`: `{value}`")]
    Description {
        /// What is said.
        name: &'static str,
        /// What it says.
        value: String,
    },
    /// Two keys that are none of a pair.
    #[error("the signing key signs with {signing}, and the verification key verifies {verification}")]
    OtherSignature {
        /// Of the signing key.
        signing: &'static str,
        /// Of the verification key.
        verification: &'static str,
    },
}

/// Collects the configuration of an [`Encryptor`].
#[derive(Clone, Debug)]
pub struct EncryptorBuilder {
    table_name: String,
    partition_key: String,
    sort_key: Option<String>,
    actions: Vec<(String, Action)>,
    default_action: Action,
    description_attribute: String,
    signature_attribute: String,
    library: Library,
    random: Arc<dyn SecureRandom>,
}

impl EncryptorBuilder {
    pub(super) fn new(table_name: String, partition_key: String) -> Self {
        Self {
            table_name,
            partition_key,
            sort_key: None,
            actions: Vec::new(),
            default_action: Action::EncryptAndSign,
            description_attribute: MATERIAL_DESCRIPTION.to_owned(),
            signature_attribute: SIGNATURE.to_owned(),
            library: Library::default(),
            random: Arc::new(SystemRandom),
        }
    }

    /// The name of the sort key, where the table has one.
    #[must_use]
    pub fn sort_key(mut self, name: impl Into<String>) -> Self {
        self.sort_key = Some(name.into());
        self
    }

    /// What is done with these attributes. They have to be what they were when the items were sealed: an attribute that was
    /// signed and now is not, or the other way round, does not verify.
    #[must_use]
    pub fn actions<N: Into<String>>(mut self, actions: impl IntoIterator<Item = (N, Action)>) -> Self {
        self.actions.extend(actions.into_iter().map(|(name, action)| (name.into(), action)));
        self
    }

    /// What is done with all others; [`Action::EncryptAndSign`] if nothing is said. With it, keys are signed.
    #[must_use]
    pub fn default_action(mut self, action: Action) -> Self {
        self.default_action = action;
        self
    }

    /// Where the material description is kept, if not in [`MATERIAL_DESCRIPTION`].
    #[must_use]
    pub fn material_description_attribute(mut self, name: impl Into<String>) -> Self {
        self.description_attribute = name.into();
        self
    }

    /// Where the signature is kept, if not in [`SIGNATURE`].
    #[must_use]
    pub fn signature_attribute(mut self, name: impl Into<String>) -> Self {
        self.signature_attribute = name.into();
        self
    }

    /// Whose programs read what is sealed; Python's if nothing is said.
    #[must_use]
    pub fn library(mut self, library: Library) -> Self {
        self.library = library;
        self
    }

    /// Another source of randomness.
    #[must_use]
    pub fn with_random(mut self, random: Arc<dyn SecureRandom>) -> Self {
        self.random = random;
        self
    }

    /// The encryptor, with keys of this provider.
    ///
    /// # Errors
    /// [`ConfigError`], for everything that would make items unreadable.
    pub fn build(self, provider: Arc<dyn MaterialsProvider>) -> Result<Encryptor, ConfigError> {
        let reserved = [&self.description_attribute, &self.signature_attribute];
        if reserved[0] == reserved[1] {
            return Err(ConfigError::SameReserved(self.signature_attribute));
        }
        let named = [
            ("the table", &self.table_name),
            ("the partition key", &self.partition_key),
            ("the sort key", self.sort_key.as_ref().unwrap_or(&self.partition_key)),
            ("the attribute of the material description", reserved[0]),
            ("the attribute of the signature", reserved[1]),
        ];
        if let Some((what, _)) = named.into_iter().find(|(_, name)| name.is_empty()) {
            return Err(ConfigError::Empty(what));
        }
        if self.sort_key.as_ref() == Some(&self.partition_key) {
            return Err(ConfigError::SameKeys(self.partition_key));
        }
        let mut actions = BTreeMap::new();
        for (name, action) in &self.actions {
            match actions.insert(name.clone(), *action) {
                Some(first) if first != *action => {
                    return Err(ConfigError::TwoActions { name: name.clone(), first, second: *action });
                }
                _ => {}
            }
        }
        let keys = || [Some(&self.partition_key), self.sort_key.as_ref()].into_iter().flatten();
        if let Some(name) = keys().chain(actions.keys()).find(|name| reserved.contains(name)) {
            return Err(ConfigError::Reserved(name.clone()));
        }
        let mut signed_keys = Vec::new();
        for key in keys() {
            match actions.get(key) {
                Some(Action::EncryptAndSign) => return Err(ConfigError::EncryptedKey(key.clone())),
                Some(_) => {}
                None if self.default_action == Action::EncryptAndSign => signed_keys.push(key.clone()),
                None => {}
            }
        }
        actions.extend(signed_keys.into_iter().map(|key| (key, Action::SignOnly)));
        Ok(Encryptor {
            table_name: self.table_name,
            partition_key: self.partition_key,
            sort_key: self.sort_key,
            actions,
            default_action: self.default_action,
            description_attribute: self.description_attribute,
            signature_attribute: self.signature_attribute,
            library: self.library,
            random: self.random,
            provider,
        })
    }
}
