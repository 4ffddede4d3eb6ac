//! The fields of a record: which attributes of an item are signed, what is done with each, and their order.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::sync::Arc;

use crate::context::{self, EncryptionContext, attribute_v1, attribute_v2, is_reserved_claim};
use crate::error::ErrorKind;
use crate::format::Header;
use crate::path::FieldName;
use crate::schema::{CryptoAction, RESERVED_PREFIX, TableConfig};
use crate::suite::Version;
use crate::value::{AttributeValue, Item};

/// A signed attribute of an item.
pub(crate) struct Field<'i> {
    pub(crate) name: FieldName<'i>,
    pub(crate) action: CryptoAction,
    pub(crate) value: &'i mut AttributeValue,
    /// The name to keep: that of the configuration, where it has one.
    pub(crate) shared_name: Arc<str>,
}

/// The signed attributes of a plain item, in the order of their names, with the configured actions.
pub(crate) fn of_plain_item<'i>(item: &'i mut Item, config: &TableConfig) -> Result<Vec<Field<'i>>, ErrorKind> {
    let mut fields = Vec::with_capacity(item.len());
    // Both are in the order of the names, so one walk along both finds all.
    let mut configured = config.entries().peekable();
    for (name, value) in item.iter_mut() {
        if name.starts_with(RESERVED_PREFIX) {
            return Err(ErrorKind::ReservedAttribute { name: name.clone() });
        }
        let found = find(&mut configured, name, |absent, action| check_absent(absent, action, config))?;
        match found {
            Some((_, CryptoAction::DoNothing)) => {}
            Some((shared_name, action)) => {
                let shared_name = Arc::clone(shared_name);
                fields.push(Field { name: FieldName::new(name), action, value, shared_name });
            }
            None if config.is_unsigned(name) => {}
            None => return Err(ErrorKind::NoAction { name: name.clone() }),
        }
    }
    for (absent, action) in configured {
        check_absent(absent, action, config)?;
    }
    if u16::try_from(fields.len()).is_err() {
        return Err(ErrorKind::TooManyAttributes { count: fields.len() });
    }
    Ok(fields)
}

/// Walks on to the configured attribute `name`. Those before it are passed to `absent`.
fn find<'c, I: Iterator<Item = (&'c Arc<str>, CryptoAction)>>(
    configured: &mut Peekable<I>,
    name: &str,
    mut absent: impl FnMut(&Arc<str>, CryptoAction) -> Result<(), ErrorKind>,
) -> Result<Option<(&'c Arc<str>, CryptoAction)>, ErrorKind> {
    while let Some((other, action)) = configured.peek() {
        match (***other).cmp(name) {
            Ordering::Less => absent(other, *action)?,
            Ordering::Equal => return Ok(configured.next()),
            Ordering::Greater => break,
        }
        configured.next();
    }
    Ok(None)
}

/// Most attributes may be absent; keys and those of the context may not.
fn check_absent(name: &Arc<str>, action: CryptoAction, config: &TableConfig) -> Result<(), ErrorKind> {
    let is_key = config.key_names().any(|key| *key == **name);
    let name = || name.to_string();
    if is_key {
        return Err(ErrorKind::KeyMissing { name: name() });
    }
    if action == CryptoAction::SignAndIncludeInEncryptionContext {
        return Err(ErrorKind::ContextAttributeMissing { name: name() });
    }
    Ok(())
}

/// Every attribute of the encryption context must be there, also where nothing is sealed yet.
pub(crate) fn check_context_attributes(item: &Item, config: &TableConfig) -> Result<(), ErrorKind> {
    let mut absent = config.entries().filter(|(name, _)| !item.contains_key(&***name));
    absent.try_for_each(|(name, action)| check_absent(name, action, config))
}

/// Nothing that belongs to the library is written, also where nothing is sealed yet (`ddb-support.md`, Writable).
pub(crate) fn check_reserved(item: &Item) -> Result<(), ErrorKind> {
    match item.keys().find(|name| name.starts_with(RESERVED_PREFIX)) {
        Some(name) => Err(ErrorKind::ReservedAttribute { name: name.clone() }),
        None => Ok(()),
    }
}

/// The signed attributes of a sealed item, in the order of canonical paths, with the actions of the header's legend.
///
/// The configuration only says what is unsigned: turning encryption of an attribute on or off leaves old records readable.
pub(crate) fn of_sealed_item<'i>(
    item: &'i mut Item,
    header: &Header<'_>,
    config: &TableConfig,
) -> Result<Vec<Field<'i>>, ErrorKind> {
    let mut fields = Vec::with_capacity(item.len());
    let mut configured = config.entries().peekable();
    for (name, value) in item.iter_mut() {
        let known = find(&mut configured, name, |_, _| Ok(()))?;
        if name.starts_with(RESERVED_PREFIX) || config.is_unsigned(name) {
            continue;
        }
        let shared_name = known.map_or_else(|| Arc::from(name.as_str()), |(name, _)| name.clone());
        fields.push(Field { name: FieldName::new(name), action: CryptoAction::SignOnly, value, shared_name });
    }
    sort(&mut fields);
    if fields.len() != header.legend.len() {
        let unknown = fields.iter().filter(|field| config.action(&field.shared_name).is_none());
        let mut without_action: Vec<String> = unknown.map(|field| field.shared_name.to_string()).collect();
        without_action.sort_unstable();
        return Err(ErrorKind::SignedAttributes { expected: header.legend.len(), found: fields.len(), without_action });
    }
    for (field, action) in fields.iter_mut().zip(header.actions()) {
        field.action = action;
    }
    Ok(fields)
}

/// Refuses a header that claims more about its item than a writer leaves there, or less.
///
/// Whoever seals a record chooses its header. The branch key supplier, the CMM and KMS decide by the encryption context
/// whose item it is, so every pair about the item has to come from the item. Pairs about the item are required keys, which
/// no writer stores. And a key attribute has to be in the context: in version 2 that is the legend's word.
pub(crate) fn check_claims(fields: &[Field<'_>], header: &Header<'_>, config: &TableConfig) -> Result<(), ErrorKind> {
    if let Some((key, _)) = header.context.iter().find(|(key, _)| is_reserved_claim(key)) {
        return Err(ErrorKind::StoredContext { key: key.chars().take(64).collect() });
    }
    let expected = match header.version {
        Version::V1 => CryptoAction::SignOnly,
        Version::V2 => CryptoAction::SignAndIncludeInEncryptionContext,
    };
    let is_wrong =
        |field: &&Field<'_>| field.action != expected && config.key_names().any(|key| key == field.name.text);
    match fields.iter().find(is_wrong) {
        Some(field) => Err(ErrorKind::KeyAction { name: field.name.text.to_owned() }),
        None => Ok(()),
    }
}

/// Puts fields that are in the order of their names into the order of their canonical paths.
///
/// Paths of one length are in the order of the names already, so a stable sort by length is enough.
pub(crate) fn sort(fields: &mut [Field<'_>]) {
    fields.sort_by_key(|field| field.name.utf16_length());
}

/// The encryption context of an item, as far as the item and the configuration make it.
pub(crate) fn context(
    fields: &[Field<'_>],
    config: &TableConfig,
    version: Version,
) -> Result<EncryptionContext, ErrorKind> {
    let mut context = EncryptionContext::with_capacity(512);
    match version {
        Version::V1 => insert_keys(fields, config, &mut context)?,
        Version::V2 => insert_context_attributes(fields, &mut context)?,
    }
    context.insert(context::PARTITION_NAME, config.partition_key())?;
    if let Some(sort_key) = config.sort_key() {
        context.insert(context::SORT_NAME, sort_key)?;
    }
    context.insert(context::TABLE_NAME, config.logical_table_name())?;
    Ok(context)
}

fn insert_keys(fields: &[Field<'_>], config: &TableConfig, context: &mut EncryptionContext) -> Result<(), ErrorKind> {
    for name in config.key_names() {
        let missing = || ErrorKind::KeyMissing { name: name.to_owned() };
        let field = fields.iter().find(|field| field.name.text == name).ok_or_else(missing)?;
        let value = attribute_v1(field.value).map_err(|error| ErrorKind::value(name, error))?;
        context.insert(&attribute_key(name), &value)?;
    }
    Ok(())
}

fn insert_context_attributes(fields: &[Field<'_>], context: &mut EncryptionContext) -> Result<(), ErrorKind> {
    let in_context = |field: &&Field<'_>| field.action == CryptoAction::SignAndIncludeInEncryptionContext;
    let mut included: Vec<_> = fields.iter().filter(in_context).collect();
    // The letters stand in the order of the names' UTF-8, not in that of paths.
    included.sort_unstable_by_key(|field| field.name.text);
    let mut legend = String::with_capacity(included.len());
    for field in &included {
        let name = field.name.text;
        let (value, letter) = attribute_v2(field.value).map_err(|error| ErrorKind::value(name, error))?;
        context.insert(&attribute_key(name), &value)?;
        legend.push(letter);
    }
    if !included.is_empty() {
        context.insert(context::LEGEND, &legend)?;
    }
    Ok(())
}

fn attribute_key(name: &str) -> String {
    [context::ATTRIBUTE_PREFIX, name].concat()
}
