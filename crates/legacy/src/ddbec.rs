//! Items of the DynamoDB Encryption Client (DDBEC), the library that came before DB-ESDK: its Java and Python versions.
//!
//! An item is a signature in [`SIGNATURE`], a material description in [`MATERIAL_DESCRIPTION`], and the attributes, of
//! which those with [`Action::EncryptAndSign`] are of the type B: an initialisation vector and AES-CBC over PKCS #7 padding.
//! The signature is HMAC or RSA over SHA-256 hashes of the table's name and, for every attribute that is signed, of its
//! name, of what is done with it and of its value as it is stored. The keys come from a [`MaterialsProvider`]:
//!
//! | upstream | here |
//! | --- | --- |
//! | `StaticCryptographicMaterialsProvider`, `SymmetricStaticProvider`, `AsymmetricStaticProvider` | [`StaticProvider`] |
//! | `WrappedCryptographicMaterialsProvider`, `WrappedMaterialsProvider` | [`WrappedProvider`] |
//! | `CachingMostRecentProvider` over a `MetaStore` | [`MostRecentProvider`] over a [`MetaStore`] |
//!
//! The two that ask AWS, `AwsKmsCryptographicMaterialsProvider` (in Java `DirectKmsMaterialProvider`) and the `MetaStore` of
//! a table, are in `dynaseal-kms`.
//!
//! # What this format does not protect from
//!
//! Signed are the table's name, and names, values and actions of all attributes but those with [`Action::DoNothing`]. So
//! values can not be moved to another attribute, item or table, nothing can be added, changed or left out. But
//!
//! - attributes with [`Action::DoNothing`] are not signed at all. Where that is the default, anybody can add attributes;
//! - the material description is not signed. Who can write the table can exchange the wrapped key, and the item does not
//!   open any more. What it says of algorithms is not believed here: see below;
//! - an old version of an item can be put back, as in every format of single items;
//! - a key attribute with [`Action::DoNothing`] does not bind the item to its key;
//! - types and lengths of secret values can be seen to 16 bytes.
//!
//! # What is not taken here, though upstream takes it
//!
//! - other modes than CBC (`amzn-ddb-map-sym-mode`), which upstream reads from the unsigned material description;
//! - content keys wrapped under RSA with PKCS #1 v1.5, which the same description could ask for, unless
//!   [`WrappedProviderBuilder::accept_pkcs1_v1_5`] is said;
//! - a signature algorithm that is not the verification key's, which the Java library takes from there as well;
//! - RSA keys under 2048 bits, `SHA224withRSA`, and whatever else the Java runtime knows, as MD5 and SHA-1;
//! - material descriptions and maps that have a name twice, bytes after a value, texts that are no UTF-8.
//!
//! Numbers are opened exactly. The Python library gives them back with 28 digits.
//!
//! ```
//! use std::sync::Arc;
//!
//! use dynaseal_core::{AttributeValue, Item, LegacyEncryptor};
//! use dynaseal_legacy::ddbec::{Action, AesKey, Encryptor, HmacKey, Mac, StaticProvider};
//!
//! # let run = async {
//! let provider = StaticProvider::symmetric(Some(AesKey::new(&[1; 32])?), HmacKey::new(Mac::HmacSha256, &[2; 32])?);
//! let encryptor = Encryptor::builder("people", "id")
//!     .actions([("joined", Action::SignOnly)])
//!     .build(Arc::new(provider))?;
//!
//! let item = Item::from([
//!     ("id".to_owned(), "ada".into()),
//!     ("joined".to_owned(), 1843_i64.into()),
//!     ("secret".to_owned(), "notes".into()),
//! ]);
//! let sealed = encryptor.encrypt_item(item.clone()).await?;
//! assert!(encryptor.is_legacy(&sealed));
//! assert!(matches!(sealed["secret"], AttributeValue::B(_)));
//! assert_eq!(encryptor.decrypt_item(sealed).await?, item);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # };
//! # let mut run = std::pin::pin!(run);
//! # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! # let std::task::Poll::Ready(result) = run.as_mut().poll(&mut context) else { panic!("it waits for nobody") };
//! # result.unwrap();
//! ```

mod bytes;
mod config;
mod crypto;
mod der;
mod derive;
mod description;
mod encryptor;
mod error;
mod keys;
mod materials;
mod provider;
mod rsa;
mod value;

pub use config::{Action, ConfigError, EncryptorBuilder, Library, MATERIAL_DESCRIPTION, SIGNATURE, UnknownAction};
pub use derive::DerivedKeys;
pub use description::{MaterialDescription, names};
pub use encryptor::Encryptor;
pub use error::Error;
pub use keys::{
    AesKey, HmacKey, KeyError, Mac, RsaSignature, SignatureAlgorithm, SigningKey, UnknownSignature, UnwrappingKey,
    VerificationKey, WrappingKey,
};
pub use materials::{DecryptionMaterials, EncryptionMaterials, ItemContext, MaterialsProvider};
pub use provider::{
    MetaStore, MostRecentProvider, StaticProvider, StoredMaterials, WrappedProvider, WrappedProviderBuilder,
};
pub use value::{ValueProblem, deserialize_attribute, serialize_attribute};
