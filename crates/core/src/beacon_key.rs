//! The keys of beacons (specification: `searchable-encryption/search-config.md`, HMAC Key Generation;
//! `searchable-encryption/beacons.md`, basicHash).

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::materials::{BoxFuture, MaterialsError};
use crate::primitives::CryptoError;
use crate::primitives::hash::HmacSha384;
use crate::primitives::hkdf::Prk;
use crate::secret::BeaconKey;

/// What the key of each beacon is derived with, before the beacon's name.
const INFO: &[u8] = b"AWS_DBE_SCAN_BEACON";

/// The HMAC key of one beacon.
pub struct BeaconHmacKey(HmacSha384);

impl BeaconKey {
    /// The HMAC keys of beacons, by their names. Deriving the first costs as much as deriving all others.
    ///
    /// # Errors
    /// If the cryptographic library refuses.
    pub fn hmac_keys<'n>(&self, beacons: impl IntoIterator<Item = &'n str>) -> Result<Vec<BeaconHmacKey>, CryptoError> {
        let root = Prk::extract(self.expose_secret());
        let mut bytes = Zeroizing::new([0; 64]);
        let key = |name: &str| {
            root.expand(&[INFO, name.as_bytes()], &mut bytes)?;
            Ok(BeaconHmacKey(HmacSha384::new(&*bytes)))
        };
        beacons.into_iter().map(key).collect()
    }
}

impl BeaconHmacKey {
    /// The first 8 bytes of the HMAC of a value and the byte of its partition, as a number: its lowest bits are the beacon.
    /// Partition 0 adds no byte.
    pub fn hash(&self, value: &[u8], partition: u8) -> u64 {
        let byte = [partition];
        self.0.tag_prefix(value, if partition == 0 { &[] } else { &byte })
    }
}

impl Debug for BeaconHmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BeaconHmacKey(redacted)")
    }
}

/// Where beacon keys come from: a branch key store, or memory.
pub trait BeaconKeySource: Debug + Send + Sync {
    /// The beacon key of a branch key. As long as it is the same key, it should be the same `Arc`, for what is derived from
    /// it is kept with it.
    fn beacon_key<'a>(&'a self, branch_key_id: &'a str) -> BoxFuture<'a, Result<Arc<BeaconKey>, MaterialsError>>;

    /// The name of the key store, the same for all who use it and no other's: what a shared cache tells stores apart by.
    /// `None` if it has none; then it shares with nobody.
    fn logical_key_store_name(&self) -> Option<&str> {
        None
    }
}

/// Beacon keys in memory: for tests, and for reading tables when the key store is lost but its keys are not.
#[derive(Debug, Default)]
pub struct StaticBeaconKeySource {
    keys: BTreeMap<String, Arc<BeaconKey>>,
}

impl StaticBeaconKeySource {
    /// With one key.
    pub fn new(branch_key_id: impl Into<String>, key: BeaconKey) -> Self {
        Self::default().with(branch_key_id, key)
    }

    /// Adds the key of another branch key.
    #[must_use]
    pub fn with(mut self, branch_key_id: impl Into<String>, key: BeaconKey) -> Self {
        self.keys.insert(branch_key_id.into(), Arc::new(key));
        self
    }
}

impl BeaconKeySource for StaticBeaconKeySource {
    fn beacon_key<'a>(&'a self, branch_key_id: &'a str) -> BoxFuture<'a, Result<Arc<BeaconKey>, MaterialsError>> {
        let none = || MaterialsError::NoBranchKey { branch_key_id: branch_key_id.to_owned(), version: None };
        Box::pin(std::future::ready(self.keys.get(branch_key_id).cloned().ok_or_else(none)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `hmac` and HKDF-SHA512 without a salt written with it.
    #[test]
    fn keys_and_hashes() {
        let key = BeaconKey::copy_from(&[7; 32]).unwrap();
        let keys = key.hmac_keys(["name", "zip"]).unwrap();
        let [name, zip] = keys.as_slice() else { panic!("two keys") };
        assert_eq!(format!("{:016x}", name.hash(b"Ada", 0)), NAME_ADA);
        assert_eq!(format!("{:016x}", name.hash(b"Ada", 3)), NAME_ADA_3);
        assert_eq!(name.hash(b"Ada", 3), name.hash(b"Ada\x03", 0));
        assert_eq!(format!("{:016x}", zip.hash(b"", 0)), ZIP_EMPTY);
        assert_eq!(format!("{name:?}"), "BeaconHmacKey(redacted)");
    }
    const NAME_ADA: &str = "8661253af0d84db2";
    const NAME_ADA_3: &str = "a868dc4a976ef337";
    const ZIP_EMPTY: &str = "64a1a9aebac1f142";
}
