//! Everything of DynaSeal that talks to AWS about keys: KMS keyrings, client suppliers, the branch key store and its
//! caches.
//!
//! A [`KeyStore`] gives branch keys to keyrings and beacon keys to searches; [`CachedBranchKeys`] and [`CachedBeaconKeys`]
//! keep them for a while, and may share one [`BranchKeyCache`].
//!
//! [`legacy`] has the materials providers of the older format that ask AWS.
//!
//! Keyrings take their client through the trait [`Kms`]; [`AwsKms`] is the one over the SDK.

mod arn;
mod aws;
mod cache;
mod client;
mod clock;
mod key_store;
mod keyring;
pub mod legacy;
mod sdk_error;
mod supplier;

pub use arn::{KeyNameError, KmsArn, KmsKeyArn, KmsKeyId, KmsResource};
pub use aws::AwsKms;
pub use cache::{BranchKeyCache, CacheError, CachedBeaconKeys, CachedBranchKeys, StormTracking};
pub use client::{
    Binding, Decrypt, Decrypted, DeriveSharedSecret, DerivedSecret, GenerateDataKey, GrantTokens, GrantTokensError,
    Kms, KmsError, KmsErrorKind, NewDataKey, PublicKey, ReEncrypt, ReEncrypted, Wrapped,
};
pub use clock::SystemClock;
pub use key_store::{
    BeaconKeyMaterials, BranchKeyInfo, KeyStore, KeyStoreError, KeyStoreInfo, KeyStoreOptions, KmsConfiguration,
    NewKey, VersionInfo,
};
pub use keyring::{DiscoveryFilter, KmsDiscoveryKeyring, KmsEcdhKeyring, KmsKeyring, KmsKeyringError, KmsRsaKeyring};
pub use supplier::{AssumeRole, ClientSupplier, RegionalClients, RoleClients, SupplierError};
