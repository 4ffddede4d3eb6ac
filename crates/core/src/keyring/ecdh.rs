//! What the raw and the AWS KMS ECDH keyrings have in common: how a shared secret wraps a key (specification:
//! `framework/raw-ecdh-keyring.md`, `framework/key-agreement-schemas.md`).

use zeroize::Zeroizing;

use crate::context::EncryptionContext;
use crate::cursor::{Cursor, Malformed};
use crate::materials::{EncryptedDataKeyRef, MaterialsError, UnwrappedKeys, WrapRequest};
use crate::primitives::CryptoError;
use crate::primitives::aead::{AeadKey, TAG};
use crate::primitives::ecdh::{Curve, EcdhPublicKey, SharedSecret};
use crate::primitives::hash::tags_equal;
use crate::primitives::kdf_ctr::{self, Prf};
use crate::secret::IntermediateKey;

/// The provider id of raw ECDH keyrings.
pub const RAW_ECDH_PROVIDER_ID: &str = "raw-ecdh";
/// The provider id of AWS KMS ECDH keyrings. Both kinds of keyring open the records of both.
pub const KMS_ECDH_PROVIDER_ID: &str = "aws-kms-ecdh";

/// The version of the keyring: the first byte of the provider info, and part of the key derivation.
const VERSION: u8 = 1;
const SALT: usize = 32;
const COMMITMENT: usize = 32;
const WRAPPED: usize = 32 + TAG;

/// Between whom a data key was agreed: what the provider info holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EcdhParties<'a> {
    /// The curve of both points.
    pub curve: Curve,
    /// The sender's public key as a compressed point.
    pub sender: &'a [u8],
    /// The recipient's.
    pub recipient: &'a [u8],
}

impl<'a> EcdhParties<'a> {
    /// From two keys; `None` if they are on different curves.
    pub fn new(sender: &'a EcdhPublicKey, recipient: &'a EcdhPublicKey) -> Option<Self> {
        let (curve, sender_curve) = (recipient.curve(), sender.curve());
        let parties = Self { curve, sender: sender.compressed(), recipient: recipient.compressed() };
        (curve == sender_curve).then_some(parties)
    }

    /// The same two with their roles exchanged.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self { curve: self.curve, sender: self.recipient, recipient: self.sender }
    }

    /// Reads those of an encrypted data key; `None` if it is none of an ECDH keyring, or broken.
    pub fn of(edk: &EncryptedDataKeyRef<'a>) -> Option<Self> {
        let is_ecdh = [RAW_ECDH_PROVIDER_ID, KMS_ECDH_PROVIDER_ID].contains(&edk.provider_id);
        is_ecdh.then(|| Self::parse(edk.provider_info).ok()).flatten()
    }

    fn parse(info: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(info);
        if cursor.u8()? != VERSION {
            return Err(cursor.malformed("unknown version of the ECDH keyring"));
        }
        let mut point = || {
            let length = usize::try_from(u32::from_be_bytes(*cursor.array()?)).unwrap_or(usize::MAX);
            cursor.take(length)
        };
        let (recipient, sender) = (point()?, point()?);
        let curves = [Curve::P256, Curve::P384, Curve::P521];
        let curve = curves.into_iter().find(|curve| [recipient.len(), sender.len()] == [curve.coordinate() + 1; 2]);
        let curve = curve.ok_or_else(|| cursor.malformed("points of no known curve"))?;
        cursor.finish()?;
        Ok(Self { curve, sender, recipient })
    }

    /// The provider info that names them.
    ///
    /// # Errors
    /// If a point is longer than any header has room for.
    pub fn provider_info(&self) -> Result<Vec<u8>, CryptoError> {
        let mut info = vec![VERSION];
        for point in [self.recipient, self.sender] {
            info.extend_from_slice(&u32::try_from(point.len()).map_err(|_| CryptoError)?.to_be_bytes());
            info.extend_from_slice(point);
        }
        Ok(info)
    }

    /// Adds a recipient whose key is wrapped with the secret of these parties.
    ///
    /// # Errors
    /// If randomness fails.
    pub fn wrap(
        &self,
        request: &mut WrapRequest<'_>,
        provider_id: &str,
        secret: &SharedSecret,
    ) -> Result<(), MaterialsError> {
        let recipient = request.new_recipient()?;
        let mut salt = [0; SALT];
        request.rng().fill(&mut salt)?;
        let fixed_info = self.fixed_info(request.context());
        let derived = self.derive(secret, &fixed_info, &salt)?;
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(recipient.intermediate_key().expose_secret());
        // The wrapping key hangs on a fresh salt, so the format fixes the nonce.
        let tag = derived.wrapping_key()?.seal([0; 12], &fixed_info, key.as_mut_slice())?;
        let wrapped = [&salt, derived.commitment(), key.as_slice(), &tag].concat();
        request.add_recipient(recipient, provider_id, self.provider_info()?, &wrapped)
    }

    /// Unwraps the data key with the secret of these parties.
    ///
    /// # Errors
    /// If it was wrapped with another secret, for other parties or in another context.
    pub fn unwrap(
        &self,
        edk: &EncryptedDataKeyRef<'_>,
        context: &EncryptionContext,
        secret: &SharedSecret,
    ) -> Result<UnwrappedKeys, MaterialsError> {
        let (wrapped_data_key, wrapped) = edk.split().ok_or(CryptoError)?;
        let WrappedKey { salt, commitment, key } = WrappedKey::parse(wrapped).map_err(|_| CryptoError)?;
        let fixed_info = self.fixed_info(context);
        let derived = self.derive(secret, &fixed_info, salt)?;
        tags_equal(derived.commitment(), commitment)?;
        let mut buffer = Zeroizing::new(*key);
        let plain = derived.wrapping_key()?.open([0; 12], &fixed_info, buffer.as_mut_slice())?;
        let intermediate = IntermediateKey::copy_from(plain).map_err(|_| CryptoError)?;
        UnwrappedKeys::open(&intermediate, wrapped_data_key, context)
    }

    /// A secret that a key server cut short is refused: nobody else would derive the same.
    fn derive(&self, secret: &SharedSecret, fixed_info: &[u8], salt: &[u8; SALT]) -> Result<Derived, CryptoError> {
        if secret.expose_secret().len() != self.curve.coordinate() {
            return Err(CryptoError);
        }
        let mut derived = Derived(Box::new(Zeroizing::new([0; 64])));
        kdf_ctr::derive(Prf::HmacSha384, secret.expose_secret(), fixed_info, salt, &mut derived.0)?;
        Ok(derived)
    }

    /// What the derivation and the wrapping are bound to. Its parts are parted by zero bytes; the first words are the
    /// label of the specification in lower case, as all clients write it.
    fn fixed_info(&self, context: &EncryptionContext) -> Vec<u8> {
        let curve: &[u8] = match self.curve {
            Curve::P256 => b"p256",
            Curve::P384 => b"p384",
            Curve::P521 => b"p521",
        };
        let points = [self.sender, self.recipient].concat();
        [b"ecdh-key-derivation", curve, b"HMAC_SHA384", &points, &[VERSION], context.canonical()].join(&0)
    }
}

/// What an ECDH keyring writes behind the wrapped data key: salt ‖ commitment ‖ key ‖ tag.
struct WrappedKey<'a> {
    salt: &'a [u8; SALT],
    commitment: &'a [u8; COMMITMENT],
    key: &'a [u8; WRAPPED],
}

impl<'a> WrappedKey<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(bytes);
        let wrapped = Self { salt: cursor.array()?, commitment: cursor.array()?, key: cursor.array()? };
        cursor.finish()?;
        Ok(wrapped)
    }
}

/// Commitment ‖ wrapping key.
struct Derived(Box<Zeroizing<[u8; 64]>>);

impl Derived {
    fn commitment(&self) -> &[u8] {
        self.0.first_chunk::<COMMITMENT>().map_or(&[], |chunk| chunk)
    }

    fn wrapping_key(&self) -> Result<AeadKey, CryptoError> {
        AeadKey::aes256(self.0.last_chunk().ok_or(CryptoError)?)
    }
}
