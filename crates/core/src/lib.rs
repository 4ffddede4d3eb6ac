//! The record format of the AWS Database Encryption SDK for DynamoDB: sealing and opening of items.
//!
//! Most programs use this through the crate `dynaseal`. The way in is [`ItemEncryptor`]; what is done with which
//! attribute is a [`TableConfig`]; who can open a record is a [`Keyring`].
//!
//! Nothing here does I/O, reads a clock or needs an async runtime: the futures of keyrings in this crate are ready at once.

mod attribute;
mod beacon_key;
mod clock;
mod cmm;
mod context;
mod cursor;
mod error;
mod fields;
#[cfg(test)]
mod forgery;
pub mod format;
mod inspect;
mod item;
#[cfg(feature = "json")]
pub mod json;
mod keyring;
mod legacy;
mod materials;
mod number;
mod open;
mod path;
mod primitives;
mod schedule;
mod schema;
mod seal;
mod secret;
mod serialize;
mod suite;
#[cfg(test)]
mod unverified;
mod value;
mod writable;

pub use attribute::{
    AttributeError, AttributeErrorKind, AttributeKeyError, AttributeKeys, AttributeRoot, AttributeSuite,
    DeterministicAttribute, ItemBinding, ParsedAttribute, RandomisedAttribute,
};
#[cfg(feature = "passphrase")]
pub use attribute::{PassphraseRecipe, PassphraseRecipeError};
pub use beacon_key::{BeaconHmacKey, BeaconKeySource, StaticBeaconKeySource};
pub use clock::Clock;
pub use cmm::{CachingCmm, CachingLimits, Cmm, DefaultCmm, RequiredContextCmm};
pub use context::{ContextError, ContextPairs, ContextRef, EncryptionContext};
pub use cursor::Malformed;
pub use error::{ErrorKind, ItemError, ItemKey};
pub use inspect::{InspectedAttribute, Inspection, ParsedHeader, Sizes, is_of_other_branch_key};
pub use item::{ItemEncryptor, OpenedItem, PreparedItem, SealedItem};
pub use keyring::{
    AttributeBranchKeyId, BranchKeyIdSupplier, BranchKeyMaterials, BranchKeySource, EcdhParties, EmptyMultiKeyring,
    HierarchicalKeyring, KMS_ECDH_PROVIDER_ID, KMS_PROVIDER_ID, KMS_RSA_PROVIDER_ID, Keyring, MultiKeyring,
    NoBranchKeyId, RAW_ECDH_PROVIDER_ID, RawAesKeyring, RawEcdhKeyring, RawKeyringError, RawRsaKeyring, RecipientInfo,
    RsaKeys, StaticBranchKeySource, not_opened,
};
pub use legacy::{LegacyEncryptor, LegacyError, LegacyErrorClass, LegacyPolicy, UnknownLegacyPolicy};
pub use materials::{
    BoxFuture, DecryptionMaterials, DecryptionRequest, EncryptedDataKey, EncryptedDataKeyRef, EncryptionMaterials,
    EncryptionRequest, MAX_RECIPIENTS, MaterialsError, PendingRecipient, RequiredKeys, UnwrapRequest, UnwrappedKeys,
    WrapRequest,
};
pub use number::{NumberError, normalize_number};
pub use primitives::CryptoError;
pub use primitives::ecdh::{Curve, EcdhPrivateKey, EcdhPublicKey, SharedSecret, UnknownCurve};
pub use primitives::ecdsa::{SigningKey, VerificationKey};
pub use primitives::pem::KeyFormatError;
pub use primitives::rng::{SecureRandom, SystemRandom};
pub use primitives::rsa::{RsaKeySize, RsaPadding, RsaPrivateKey, RsaPublicKey, UnknownPadding};
pub use schema::{
    ConfigError, CryptoAction, FOOT, HEAD, PlaintextPolicy, RESERVED_PREFIX, TableConfig, TableConfigBuilder,
    UnknownAction, UnknownPolicy,
};
pub use secret::{
    BeaconKey, BranchKey, CommitKey, DataKey, FieldRootKey, IntermediateKey, KeyLength, KeyWrappingKey, RecipientKey,
};
pub use serialize::{ValueError, ValueProblem, normal_form, write_value};
pub use suite::{AlgorithmSuite, UnknownSuite, Version};
pub use uuid::Uuid;
pub use value::{AttributeValue, Item, MAX_ITEM_SIZE, item_size, names_only};
