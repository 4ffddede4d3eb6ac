//! Keyrings: who may open a record (specification: `framework/keyring-interface.md`).

mod branch_key_id;
mod ecdh;
mod hierarchical;
mod multi;
mod raw;
mod raw_aes;
mod raw_ecdh;
mod raw_rsa;
mod recipient;

use std::fmt::Debug;
use std::sync::Arc;

pub use branch_key_id::{AttributeBranchKeyId, BranchKeyIdSupplier, NoBranchKeyId};
pub use ecdh::{EcdhParties, KMS_ECDH_PROVIDER_ID, RAW_ECDH_PROVIDER_ID};
pub use hierarchical::{BranchKeyMaterials, BranchKeySource, HierarchicalKeyring, StaticBranchKeySource};
pub(crate) use hierarchical::{PROVIDER_ID as BRANCH_KEY_PROVIDER_ID, check as check_branch_key};
pub use multi::{EmptyMultiKeyring, MultiKeyring};
pub use raw::{KMS_PROVIDER_ID, KMS_RSA_PROVIDER_ID, RawKeyringError};
pub use raw_aes::RawAesKeyring;
pub use raw_ecdh::RawEcdhKeyring;
pub use raw_rsa::{RawRsaKeyring, RsaKeys};
pub use recipient::RecipientInfo;

use crate::materials::{BoxFuture, EncryptedDataKeyRef, MaterialsError, UnwrapRequest, UnwrappedKeys, WrapRequest};

/// Wraps data keys for recipients, and unwraps them.
pub trait Keyring: Debug + Send + Sync {
    /// Adds a recipient, or several, with [`WrapRequest::new_recipient`] and [`WrapRequest::add_recipient`].
    fn on_encrypt<'a>(&'a self, request: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>>;

    /// Unwraps the data key for one of the recipients.
    fn on_decrypt<'a>(&'a self, request: &'a UnwrapRequest<'a>)
    -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>>;

    /// The keys of this keyring by name, for messages: `raw AES ns/key-1`. No secret.
    fn describe(&self) -> String;

    /// Returns the keyrings that this one is made of, each of which wraps for recipients of its own; nothing for a keyring that
    /// is not made of others.
    fn members(&self) -> Vec<Arc<dyn Keyring>> {
        Vec::new()
    }
}

/// So that one keyring can serve an encryptor and multi-keyrings at the same time.
impl<K: Keyring + ?Sized> Keyring for Arc<K> {
    fn on_encrypt<'a>(&'a self, request: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        (**self).on_encrypt(request)
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        (**self).on_decrypt(request)
    }

    fn describe(&self) -> String {
        (**self).describe()
    }

    fn members(&self) -> Vec<Arc<dyn Keyring>> {
        (**self).members()
    }
}

/// How many recipients of its own name a keyring tries. Headers are not authenticated then, and one could name 255, each
/// of which costs time; a record mostly has one that fits.
const MAX_ATTEMPTS: usize = 32;

/// Why none of the encrypted data keys opened: none is meant for this keyring, or those that are do not open.
///
/// Those are passed over one by one, since another recipient may have the same name.
pub fn not_opened(
    keyring: &dyn Keyring,
    request: &UnwrapRequest<'_>,
    is_mine: impl Fn(&EncryptedDataKeyRef<'_>) -> bool,
) -> MaterialsError {
    if request.encrypted_data_keys.iter().any(is_mine) {
        return MaterialsError::Unwrap { recipient: keyring.describe() };
    }
    MaterialsError::NotARecipient { keyring: keyring.describe(), recipients: list(request.encrypted_data_keys) }
}

/// Recipients for a message. They stand in a header that nobody vouches for, so they are cut and cleaned.
fn list(edks: &[EncryptedDataKeyRef<'_>]) -> String {
    const SHOWN: usize = 8;
    const LONGEST: usize = 128;
    let show = |edk| {
        let text = RecipientInfo::decode(edk).to_string();
        text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect::<String>()
    };
    let mut shown: Vec<String> = edks.iter().take(SHOWN).map(show).collect();
    if edks.len() > SHOWN {
        shown.push(format!("and {} more", edks.len() - SHOWN));
    }
    shown.join(", ")
}
