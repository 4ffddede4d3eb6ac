//! Cryptographic materials managers (specification: `framework/cmm-interface.md`, `default-cmm.md`,
//! `required-encryption-context-cmm.md`).

use std::fmt::Debug;
use std::sync::Arc;

use crate::context::{EncryptionContext, PUBLIC_KEY, decode_public_key, encode_public_key};
use crate::keyring::Keyring;
use crate::materials::{
    BoxFuture, DecryptionMaterials, DecryptionRequest, EncryptionMaterials, EncryptionRequest, MaterialsError,
    RequiredKeys, UnwrapRequest,
};
use crate::primitives::ecdsa::{SigningKey, VerificationKey};
use crate::suite::AlgorithmSuite;

/// Provides the materials that seal and open records.
pub trait Cmm: Debug + Send + Sync {
    /// Materials for a new record, with a data key and at least one recipient.
    fn encryption_materials<'a>(
        &'a self,
        request: EncryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<EncryptionMaterials, MaterialsError>>;

    /// Materials for a record that was read.
    fn decryption_materials<'a>(
        &'a self,
        request: DecryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<DecryptionMaterials, MaterialsError>>;
}

/// The CMM that asks a keyring, and makes and reads the public keys of signed records.
#[derive(Debug)]
pub struct DefaultCmm {
    keyring: Arc<dyn Keyring>,
}

impl DefaultCmm {
    /// Over a keyring.
    pub fn new(keyring: Arc<dyn Keyring>) -> Self {
        Self { keyring }
    }
}

impl Cmm for DefaultCmm {
    fn encryption_materials<'a>(
        &'a self,
        request: EncryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<EncryptionMaterials, MaterialsError>> {
        Box::pin(async move {
            let EncryptionRequest { suite, mut context, required_keys, rng, .. } = request;
            if context.get(PUBLIC_KEY).is_some() {
                return Err(MaterialsError::ReservedContextKey { key: PUBLIC_KEY.to_owned() });
            }
            let signing_key = if suite.is_signed() {
                let key = SigningKey::generate()?;
                context.insert(PUBLIC_KEY, &encode_public_key(&key.public_key()?))?;
                Some(key)
            } else {
                None
            };
            let mut materials = EncryptionMaterials::new(suite, context, required_keys, signing_key)?;
            self.keyring.on_encrypt(&mut materials, rng).await?;
            Ok(materials)
        })
    }

    fn decryption_materials<'a>(
        &'a self,
        request: DecryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<DecryptionMaterials, MaterialsError>> {
        Box::pin(async move {
            let context = full_context(&request)?;
            let verification_key = verification_key(request.suite, &context)?;
            let unwrap = UnwrapRequest {
                suite: request.suite,
                encrypted_data_keys: request.encrypted_data_keys,
                context: &context,
            };
            let keys = self.keyring.on_decrypt(&unwrap).await?;
            Ok(DecryptionMaterials::new(context, keys, verification_key))
        })
    }
}

/// Stored and reproduced context together; where both have a key, they must agree.
fn full_context(request: &DecryptionRequest<'_>) -> Result<EncryptionContext, MaterialsError> {
    let mut context = request.reproduced_context.clone();
    for (key, value) in request.stored_context.iter() {
        if context.get(key).is_some_and(|known| known != value) {
            return Err(MaterialsError::ContextMismatch { key: key.to_owned() });
        }
        context.insert(key, value)?;
    }
    Ok(context)
}

fn verification_key(
    suite: AlgorithmSuite,
    context: &EncryptionContext,
) -> Result<Option<VerificationKey>, MaterialsError> {
    let stored = context.get(PUBLIC_KEY);
    if stored.is_some() != suite.is_signed() {
        return Err(MaterialsError::PublicKey);
    }
    let decode =
        |text| decode_public_key(text).and_then(|point| VerificationKey::new(&point)).ok_or(MaterialsError::PublicKey);
    stored.map(decode).transpose()
}

/// A CMM that insists on keys of the encryption context: they must be there when sealing, they are not stored, and
/// they must be there again when opening.
#[derive(Debug)]
pub struct RequiredContextCmm {
    underlying: Arc<dyn Cmm>,
    required: RequiredKeys,
}

impl RequiredContextCmm {
    /// Over another CMM.
    pub fn new<S: Into<Box<str>>>(underlying: Arc<dyn Cmm>, required: impl IntoIterator<Item = S>) -> Self {
        Self { underlying, required: required.into_iter().collect() }
    }

    fn check(&self, context: &EncryptionContext) -> Result<(), MaterialsError> {
        match self.required.iter().find(|key| context.get(key).is_none()) {
            Some(key) => Err(MaterialsError::RequiredKeyMissing { key: key.to_owned() }),
            None => Ok(()),
        }
    }
}

impl Cmm for RequiredContextCmm {
    fn encryption_materials<'a>(
        &'a self,
        mut request: EncryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<EncryptionMaterials, MaterialsError>> {
        Box::pin(async move {
            self.check(&request.context)?;
            request.required_keys = request.required_keys.union(self.required.iter());
            let materials = self.underlying.encryption_materials(request).await?;
            self.check(&materials.context)?;
            match self.required.iter().find(|key| !materials.required_keys.contains(key)) {
                Some(key) => Err(MaterialsError::RequiredKeyMissing { key: key.to_owned() }),
                None => Ok(materials),
            }
        })
    }

    fn decryption_materials<'a>(
        &'a self,
        request: DecryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<DecryptionMaterials, MaterialsError>> {
        Box::pin(async move {
            self.check(&request.reproduced_context)?;
            let materials = self.underlying.decryption_materials(request).await?;
            self.check(&materials.context)?;
            Ok(materials)
        })
    }
}
