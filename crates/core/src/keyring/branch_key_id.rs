//! Which branch key an item belongs to (specification: `framework/aws-kms/aws-kms-hierarchical-keyring.md`,
//! `ddb-encryption-branch-key-id-supplier.md`).

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;

use crate::context::{
    ATTRIBUTE_PREFIX, EncryptionContext, LEGEND, PARTITION_NAME, SORT_NAME, TABLE_NAME, attribute_of,
};
use crate::materials::MaterialsError;
use crate::value::{AttributeValue, Item};

/// Chooses the branch key of an item, so that each tenant has its own.
pub trait BranchKeyIdSupplier: Debug + Send + Sync {
    /// The branch key's id, from the attributes of the encryption context: the key attributes, and in records of
    /// version 2 all attributes with `SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT` and the names `aws_dbe_table_name`,
    /// `aws_dbe_partition_name` and `aws_dbe_sort_name`. Numbers are in their normal form.
    ///
    /// Every attribute is that of the item itself: what a header claims of it is refused before. When an item is opened this
    /// runs before anything is verified, so it should only look things up.
    ///
    /// An attribute that is missing must not lead to a branch key of its own: whoever seals a record chooses which attributes
    /// but the keys stand in its context. Fail instead, as [`AttributeBranchKeyId`] does.
    ///
    /// # Errors
    /// If the item belongs to nobody.
    fn branch_key_id(&self, attributes: &Item) -> Result<String, Box<dyn Error + Send + Sync>>;
}

/// Chooses by the text of one attribute, a tenant's name for example.
///
/// ```
/// use dynaseal_core::{AttributeBranchKeyId, BranchKeyIdSupplier, Item};
/// let supplier = AttributeBranchKeyId::new("tenant", [("acme", "branch-key-1"), ("initech", "branch-key-2")]);
/// let item = Item::from([("tenant".to_owned(), "acme".into())]);
/// assert_eq!(supplier.branch_key_id(&item)?, "branch-key-1");
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AttributeBranchKeyId {
    attribute: String,
    branch_keys: BTreeMap<String, String>,
}

/// An item that belongs to no branch key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoBranchKeyId {
    /// The attribute is not in the encryption context.
    #[error(
        "`{0}` is not in the encryption context: choose by a key attribute, or give it SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT"
    )]
    NotInContext(String),
    /// The attribute is no text and no number.
    #[error("`{0}` is neither text nor a number")]
    NoText(String),
    /// Nobody said which branch key items of this value have.
    #[error("no branch key is configured for this value of `{0}`")]
    Unknown(String),
}

impl AttributeBranchKeyId {
    /// By an attribute, with the branch key of each of its values. It has to be a key attribute or one with
    /// `SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT`.
    pub fn new<V: Into<String>, B: Into<String>>(
        attribute: impl Into<String>,
        branch_keys: impl IntoIterator<Item = (V, B)>,
    ) -> Self {
        let branch_keys = branch_keys.into_iter().map(|(value, id)| (value.into(), id.into())).collect();
        Self { attribute: attribute.into(), branch_keys }
    }
}

impl BranchKeyIdSupplier for AttributeBranchKeyId {
    fn branch_key_id(&self, attributes: &Item) -> Result<String, Box<dyn Error + Send + Sync>> {
        let name = || self.attribute.clone();
        let text = match attributes.get(&self.attribute) {
            Some(AttributeValue::S(text) | AttributeValue::N(text)) => text,
            Some(_) => return Err(NoBranchKeyId::NoText(name()).into()),
            None => return Err(NoBranchKeyId::NotInContext(name()).into()),
        };
        Ok(self.branch_keys.get(text).ok_or_else(|| NoBranchKeyId::Unknown(name()))?.clone())
    }
}

/// What a supplier sees: the attributes of a context, read back into values.
pub(crate) fn attributes(context: &EncryptionContext) -> Result<Item, MaterialsError> {
    let broken = || MaterialsError::BranchKeyId("the encryption context is not one of an item".into());
    let mut letters = context.get(LEGEND).map(str::chars);
    let mut item = Item::new();
    // In the order of the names, which is that of the letters.
    for (key, text) in context.iter() {
        let Some(name) = key.strip_prefix(ATTRIBUTE_PREFIX).filter(|name| !name.is_empty()) else {
            continue;
        };
        let letter = match &mut letters {
            Some(letters) => Some(letters.next().ok_or_else(broken)?),
            None => None,
        };
        item.insert(name.to_owned(), attribute_of(text, letter).ok_or_else(broken)?);
    }
    let Some(mut letters) = letters else {
        return Ok(item);
    };
    if letters.next().is_some() {
        return Err(broken());
    }
    for (key, name) in [
        (TABLE_NAME, "aws_dbe_table_name"),
        (PARTITION_NAME, "aws_dbe_partition_name"),
        (SORT_NAME, "aws_dbe_sort_name"),
    ] {
        if let Some(text) = context.get(key) {
            item.insert(name.to_owned(), AttributeValue::S(text.to_owned()));
        }
    }
    Ok(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
        let mut context = EncryptionContext::new();
        pairs.iter().for_each(|(key, value)| context.insert(key, value).unwrap());
        context
    }

    #[test]
    fn attributes_of_version_1_are_the_keys() {
        let context = context(&[
            ("aws-crypto-partition-name", "pk"),
            ("aws-crypto-attr.pk", "AAFrZXk="),
            ("aws-crypto-attr.sk", "//8BAgME"),
            ("aws-crypto-table-name", "t"),
        ]);
        let expected = [("pk".to_owned(), "key".into()), ("sk".to_owned(), AttributeValue::B(vec![1, 2, 3, 4]))];
        assert_eq!(attributes(&context).unwrap(), Item::from(expected));
    }

    #[test]
    fn attributes_of_version_2_are_read_by_the_legend() {
        let pairs = [
            ("aws-crypto-partition-name", "pk"),
            ("aws-crypto-table-name", "t"),
            ("aws-crypto-attr.a", "12"),
            ("aws-crypto-attr.b", "null"),
            ("aws-crypto-attr.c", "true"),
            ("aws-crypto-attr.d", "AgAAAAAA"),
            ("aws-crypto-attr.pk", "key"),
            ("aws-crypto-legend", "NLLBS"),
        ];
        let item = attributes(&context(&pairs)).unwrap();
        assert_eq!(item.get("a"), Some(&AttributeValue::N("12".into())));
        assert_eq!(item.get("b"), Some(&AttributeValue::Null(true)));
        assert_eq!(item.get("c"), Some(&AttributeValue::Bool(true)));
        assert_eq!(item.get("d"), Some(&AttributeValue::M(BTreeMap::new())));
        assert_eq!(item.get("aws_dbe_table_name"), Some(&"t".into()));
        assert_eq!(item.get("aws_dbe_sort_name"), None);
        for legend in ["NLLB", "NLLBSS", "NLLBX", "LLLBS"] {
            let mut pairs = pairs;
            pairs[7].1 = legend;
            assert!(attributes(&context(&pairs)).is_err(), "{legend}");
        }
    }

    #[test]
    fn who_belongs_to_nobody_is_told_why() {
        let supplier = AttributeBranchKeyId::new("tenant", [("acme", "1")]);
        let why = |value: AttributeValue| {
            let item = Item::from([("tenant".to_owned(), value)]);
            supplier.branch_key_id(&item).unwrap_err().to_string()
        };
        assert_eq!(why("other".into()), "no branch key is configured for this value of `tenant`");
        assert_eq!(why(AttributeValue::Bool(true)), "`tenant` is neither text nor a number");
        assert!(supplier.branch_key_id(&Item::new()).unwrap_err().to_string().contains("SIGN_AND_INCLUDE"));
    }
}
