//! What can be read of a sealed item without any key.

use std::fmt;
use std::sync::Arc;

use crate::context::{ContextRef, EncryptionContext};
use crate::error::ErrorKind;
use crate::fields::Field;
use crate::format::Header;
use crate::keyring::RecipientInfo;
use crate::path::FieldName;
use crate::schema::{CryptoAction, FOOT, HEAD, RESERVED_PREFIX, TableConfig};
use crate::serialize::type_name;
use crate::suite::{AlgorithmSuite, Version};
use crate::value::{AttributeValue, Item, item_size};

/// The header of a record that was just sealed, or was opened and therefore verified.
pub struct ParsedHeader {
    bytes: Vec<u8>,
    attributes: Vec<(Arc<str>, CryptoAction)>,
    context: EncryptionContext,
}

impl ParsedHeader {
    /// `bytes` were parsed, or are of our own writing.
    pub(crate) fn new(bytes: Vec<u8>, fields: Vec<Field<'_>>, context: EncryptionContext) -> Self {
        let attributes = fields.into_iter().map(|field| (field.shared_name, field.action)).collect();
        Self { bytes, attributes, context }
    }

    /// All that the header says.
    pub fn header(&self) -> Header<'_> {
        Header::parse(&self.bytes).expect("only headers that parse get here")
    }

    /// The version of the record.
    pub fn version(&self) -> Version {
        self.header().version
    }

    /// The suite of the record.
    pub fn algorithm_suite(&self) -> AlgorithmSuite {
        self.header().suite
    }

    /// The branch key, if it was sealed with one and for nobody else.
    pub fn branch_key_id(&self) -> Option<&str> {
        self.header().branch_key_id()
    }

    /// The signed attributes and what was done with each, in the order of canonical paths.
    pub fn attributes(&self) -> impl ExactSizeIterator<Item = (&str, CryptoAction)> {
        self.attributes.iter().map(|(name, action)| (&**name, *action))
    }

    /// The part of the encryption context that is stored.
    pub fn stored_context(&self) -> ContextRef<'_> {
        self.header().context
    }

    /// The full encryption context.
    pub fn encryption_context(&self) -> &EncryptionContext {
        &self.context
    }

    /// Who can open the record.
    pub fn recipients(&self) -> Vec<RecipientInfo> {
        self.header().encrypted_data_keys.iter().map(RecipientInfo::decode).collect()
    }
}

/// Whether a sealed item says that it was sealed with another branch key than this one alone. Nobody vouches for that as
/// long as the item is not opened. An item that is not sealed, or whose header is broken, says nothing.
pub fn is_of_other_branch_key(sealed: &Item, branch_key_id: &str) -> bool {
    match sealed.get(HEAD) {
        Some(AttributeValue::B(head)) => {
            Header::parse(head).is_ok_and(|header| header.branch_key_id() != Some(branch_key_id))
        }
        _ => false,
    }
}

impl fmt::Debug for ParsedHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ParsedHeader");
        debug.field("version", &self.version()).field("algorithm_suite", &self.algorithm_suite());
        debug.field("attributes", &self.attributes).field("context", &self.context);
        debug.field("recipients", &self.recipients()).finish()
    }
}

/// What a sealed item tells to everybody who can read it. None of it is authenticated: that takes a key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// The version of the record.
    pub version: Version,
    /// The suite of the record.
    pub algorithm_suite: AlgorithmSuite,
    /// The random id of the record.
    pub message_id: [u8; 32],
    /// All attributes but header and footer, in the order of their names.
    pub attributes: Vec<InspectedAttribute>,
    /// How many attributes the legend lists. Where that differs from the number of signed attributes, the actions can
    /// not be told: the item was changed, or some attributes are unsigned and there was no configuration to say which.
    pub signed_attributes: usize,
    /// The stored part of the encryption context.
    pub stored_context: Vec<(String, String)>,
    /// Who can open the record.
    pub recipients: Vec<RecipientInfo>,
    /// What it takes.
    pub sizes: Sizes,
}

/// An attribute of a sealed item.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InspectedAttribute {
    /// Its name.
    pub name: String,
    /// What was done with it; `None` if that can not be told.
    pub action: Option<CryptoAction>,
    /// The type of the value, which sealing does not hide; `None` if it is no type.
    pub type_name: Option<&'static str>,
    /// Bytes as stored, without the name.
    pub size: usize,
}

/// What a sealed item takes, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sizes {
    /// The whole item as DynamoDB counts it.
    pub item: usize,
    /// The header.
    pub head: usize,
    /// The footer.
    pub foot: usize,
    /// What sealing added: header and footer with their names, and 18 bytes for every sealed attribute.
    pub overhead: usize,
}

impl Inspection {
    /// Reads what a sealed item shows. With a configuration, unsigned attributes are told from signed ones.
    ///
    /// # Errors
    /// If it is not sealed, or its header is broken.
    pub fn new(item: &Item, config: Option<&TableConfig>) -> Result<Self, ErrorKind> {
        let (head, foot) = match (item.get(HEAD), item.get(FOOT)) {
            (Some(AttributeValue::B(head)), Some(AttributeValue::B(foot))) => (head, foot),
            (None, None) => return Err(ErrorKind::NotSealed { has_legacy_policy: false }),
            (Some(AttributeValue::B(_)), _) => return Err(ErrorKind::Incomplete { name: FOOT }),
            _ => return Err(ErrorKind::Incomplete { name: HEAD }),
        };
        let header = Header::parse(head).map_err(|error| ErrorKind::malformed(HEAD, error))?;
        let attributes = attributes(item, &header, config);
        let encrypted = header.actions().filter(|action| *action == CryptoAction::EncryptAndSign).count();
        let overhead = HEAD.len() + head.len() + FOOT.len() + foot.len() + 18 * encrypted;
        Ok(Self {
            version: header.version,
            algorithm_suite: header.suite,
            message_id: *header.message_id,
            signed_attributes: header.legend.len(),
            stored_context: header.context.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            recipients: header.encrypted_data_keys.iter().map(RecipientInfo::decode).collect(),
            sizes: Sizes { item: item_size(item), head: head.len(), foot: foot.len(), overhead },
            attributes,
        })
    }
}

fn attributes(item: &Item, header: &Header<'_>, config: Option<&TableConfig>) -> Vec<InspectedAttribute> {
    let is_signed =
        |name: &str| !name.starts_with(RESERVED_PREFIX) && !config.is_some_and(|config| config.is_unsigned(name));
    let mut signed: Vec<_> = item.keys().filter(|name| is_signed(name)).map(|name| FieldName::new(name)).collect();
    signed.sort_unstable();
    let legend: Vec<_> = header.actions().collect();
    let legend_fits = legend.len() == signed.len();

    let others = item.iter().filter(|(name, _)| *name != HEAD && *name != FOOT);
    let inspected = others.map(|(name, value)| {
        let action = match signed.binary_search(&FieldName::new(name)) {
            Ok(index) if legend_fits => legend.get(index).copied(),
            Ok(_) => None,
            Err(_) => Some(CryptoAction::DoNothing),
        };
        let type_name = match (action, value) {
            (Some(CryptoAction::EncryptAndSign), AttributeValue::B(bytes)) => {
                bytes.first_chunk().and_then(|id| type_name(*id))
            }
            _ => Some(value.type_name()),
        };
        InspectedAttribute { name: name.clone(), action, type_name, size: value.size() }
    });
    inspected.collect()
}
