//! An item of the key store: what stands in the table, and what AWS KMS is told of it.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal_core::{ContextError, EncryptionContext};
use uuid::Uuid;

pub(super) const ID: &str = "branch-key-id";
pub(super) const TYPE: &str = "type";
pub(super) const ENC: &str = "enc";
const VERSION: &str = "version";
const CREATE_TIME: &str = "create-time";
const KMS_ARN: &str = "kms-arn";
const HIERARCHY_VERSION: &str = "hierarchy-version";
/// In the encryption context only: the logical name of the key store.
const TABLE_NAME: &str = "tablename";
/// Stands before the names of a branch key's own context.
const CUSTOM: &str = "aws-crypto-ec:";

const ACTIVE_TYPE: &str = "branch:ACTIVE";
const BEACON_TYPE: &str = "beacon:ACTIVE";
const VERSION_PREFIX: &str = "branch:version:";

/// Which of the three items it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Active(Uuid),
    Version(Uuid),
    Beacon,
}

/// One item.
#[derive(Clone, Debug)]
pub(super) struct StoredKey {
    pub(super) branch_key_id: String,
    pub(super) kind: Kind,
    pub(super) create_time: String,
    /// As it stands there: it is part of the encryption context, also where a replica is asked.
    pub(super) kms_arn: String,
    pub(super) hierarchy_version: String,
    /// All the rest: the branch key's own context, and what others may have added. All of it is in the encryption
    /// context.
    pub(super) other: BTreeMap<String, String>,
    /// The key, wrapped by AWS KMS.
    pub(super) enc: Vec<u8>,
}

/// The attribute of an own context's name.
pub(super) fn custom(name: &str) -> String {
    format!("{CUSTOM}{name}")
}

/// The type of a version's item.
pub(super) fn version_type(version: Uuid) -> String {
    format!("{VERSION_PREFIX}{version}")
}

impl StoredKey {
    pub(super) fn type_text(&self) -> String {
        match self.kind {
            Kind::Active(_) => ACTIVE_TYPE.to_owned(),
            Kind::Version(version) => version_type(version),
            Kind::Beacon => BEACON_TYPE.to_owned(),
        }
    }

    /// What AWS KMS binds the key to: the whole item but the key, and the logical name of the store.
    pub(super) fn context(&self, logical_name: &str) -> Result<EncryptionContext, ContextError> {
        let mut context = EncryptionContext::new();
        for (name, value) in self.texts() {
            context.insert(&name, &value)?;
        }
        context.insert(HIERARCHY_VERSION, &self.hierarchy_version)?;
        context.insert(TABLE_NAME, logical_name)?;
        Ok(context)
    }

    pub(super) fn into_item(self) -> HashMap<String, AttributeValue> {
        let texts = self.texts().into_iter().map(|(name, value)| (name, AttributeValue::S(value)));
        let mut item: HashMap<_, _> = texts.collect();
        item.insert(HIERARCHY_VERSION.to_owned(), AttributeValue::N(self.hierarchy_version));
        item.insert(ENC.to_owned(), AttributeValue::B(Blob::new(self.enc)));
        item
    }

    pub(super) fn custom_context(&self) -> BTreeMap<String, String> {
        let own = |(name, value): (&String, &String)| Some((name.strip_prefix(CUSTOM)?.to_owned(), value.clone()));
        self.other.iter().filter_map(own).collect()
    }

    fn texts(&self) -> BTreeMap<String, String> {
        let mut texts = self.other.clone();
        let mut insert = |name: &str, value: String| texts.insert(name.to_owned(), value);
        insert(ID, self.branch_key_id.clone());
        insert(TYPE, self.type_text());
        insert(CREATE_TIME, self.create_time.clone());
        insert(KMS_ARN, self.kms_arn.clone());
        if let Kind::Active(version) = self.kind {
            insert(VERSION, version_type(version));
        }
        texts
    }

    /// The item of a table, or what is wrong with it.
    pub(super) fn parse(mut item: HashMap<String, AttributeValue>) -> Result<Self, &'static str> {
        let Some(AttributeValue::B(enc)) = item.remove(ENC) else {
            return Err("its attribute `enc` is missing or no binary");
        };
        let Some(AttributeValue::N(hierarchy_version)) = item.remove(HIERARCHY_VERSION) else {
            return Err("its attribute `hierarchy-version` is missing or no number");
        };
        if hierarchy_version != "1" {
            return Err("its `hierarchy-version` is not 1: a newer release is needed to read it");
        }
        let text = |(name, value)| match value {
            AttributeValue::S(text) => Ok((name, text)),
            _ => Err("it has an attribute that is no text; nothing may be added to items of a key store"),
        };
        let mut other: BTreeMap<String, String> = item.into_iter().map(text).collect::<Result<_, _>>()?;
        if other.contains_key(TABLE_NAME) {
            return Err("it has an attribute `tablename`, which must not be stored");
        }
        let mut take =
            |name: &str, missing: &'static str| other.remove(name).filter(|text| !text.is_empty()).ok_or(missing);
        let branch_key_id = take(ID, "its attribute `branch-key-id` is missing")?;
        let kind = take(TYPE, "its attribute `type` is missing")?;
        let create_time = take(CREATE_TIME, "its attribute `create-time` is missing")?;
        let kms_arn = take(KMS_ARN, "its attribute `kms-arn` is missing")?;
        let kind = match (&*kind, other.remove(VERSION)) {
            (ACTIVE_TYPE, Some(version)) => Kind::Active(parse_version(&version)?),
            (ACTIVE_TYPE, None) => return Err("its attribute `version` is missing"),
            (_, Some(_)) => return Err("it has an attribute `version`, though it is not the active one"),
            (BEACON_TYPE, None) => Kind::Beacon,
            (version, None) => Kind::Version(parse_version(version)?),
        };
        Ok(Self { branch_key_id, kind, create_time, kms_arn, hierarchy_version, other, enc: enc.into_inner() })
    }
}

/// Only as it is written: the record names the bytes, from which no other spelling would come again.
fn parse_version(text: &str) -> Result<Uuid, &'static str> {
    let version = text.strip_prefix(VERSION_PREFIX).and_then(|uuid| uuid.parse::<Uuid>().ok());
    let version = version.ok_or("its version is none: it should be branch:version: and a UUID")?;
    match version_type(version) == text {
        true => Ok(version),
        false => Err("its version is no UUID in lower case"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(kind: Kind) -> StoredKey {
        StoredKey {
            branch_key_id: "id".to_owned(),
            kind,
            create_time: "2026-01-02T03:04:05.000006Z".to_owned(),
            kms_arn: "arn:aws:kms:us-east-1:1:key/1".to_owned(),
            hierarchy_version: "1".to_owned(),
            other: [("aws-crypto-ec:team".to_owned(), "blue".to_owned())].into(),
            enc: vec![1, 2, 3],
        }
    }

    #[test]
    fn items_read_back() {
        for kind in [Kind::Active(Uuid::from_u128(7)), Kind::Version(Uuid::from_u128(7)), Kind::Beacon] {
            let item = stored(kind).into_item();
            let read = StoredKey::parse(item.clone()).unwrap();
            assert_eq!((read.kind, &read.custom_context()["team"]), (kind, &"blue".to_owned()));
            assert_eq!(read.into_item(), item);
        }
    }

    #[test]
    fn the_context_is_the_item_but_for_the_key() {
        let context = stored(Kind::Active(Uuid::from_u128(7))).context("logical").unwrap();
        let pairs: Vec<_> = context.iter().collect();
        let version = "branch:version:00000000-0000-0000-0000-000000000007";
        let expected = [
            ("aws-crypto-ec:team", "blue"),
            ("branch-key-id", "id"),
            ("create-time", "2026-01-02T03:04:05.000006Z"),
            ("hierarchy-version", "1"),
            ("kms-arn", "arn:aws:kms:us-east-1:1:key/1"),
            ("tablename", "logical"),
            ("type", "branch:ACTIVE"),
            ("version", version),
        ];
        assert_eq!(pairs, expected);
        let context = stored(Kind::Beacon).context("logical").unwrap();
        assert_eq!((context.get("type"), context.get("version")), (Some("beacon:ACTIVE"), None));
    }

    #[test]
    fn items_that_are_none_of_a_key_store_are_refused() {
        let item = stored(Kind::Active(Uuid::from_u128(7))).into_item();
        for name in [ID, TYPE, ENC, VERSION, CREATE_TIME, KMS_ARN, HIERARCHY_VERSION] {
            let mut item = item.clone();
            item.remove(name);
            assert!(StoredKey::parse(item).is_err(), "{name}");
        }
        for (name, value) in [
            ("tablename", AttributeValue::S("x".into())),
            ("ttl", AttributeValue::N("1".into())),
            (HIERARCHY_VERSION, AttributeValue::N("2".into())),
            (TYPE, AttributeValue::S("branch:version:00000000-0000-0000-0000-000000000007".into())),
            (VERSION, AttributeValue::S("branch:version:1".into())),
            (VERSION, AttributeValue::S("branch:version:00000000-0000-0000-0000-00000000000A".into())),
            (ENC, AttributeValue::S("x".into())),
        ] {
            let mut item = item.clone();
            item.insert(name.to_owned(), value);
            assert!(StoredKey::parse(item).is_err(), "{name}");
        }
    }
}
