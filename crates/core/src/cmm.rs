//! Cryptographic materials managers (specification: `framework/cmm-interface.md`, `default-cmm.md`,
//! `required-encryption-context-cmm.md`).

mod caching;

use std::fmt::Debug;
use std::sync::Arc;

pub use caching::{CachingCmm, CachingLimits};

use crate::context::{ContextError, EncryptionContext, PUBLIC_KEY};
use crate::keyring::Keyring;
use crate::materials::{
    BoxFuture, DecryptionMaterials, DecryptionRequest, EncryptionMaterials, EncryptionRequest, MaterialsError,
    RequiredKeys, UnwrapRequest,
};
use crate::primitives::ecdsa::SigningKey;

/// Provides the materials that seal and open records.
///
/// A CMM may add pairs to the encryption context when it seals. Their names must not begin with `aws-crypto-`. When it opens,
/// it has to check those pairs and put them into [`DecryptionRequest::reproduced_context`] before it asks another CMM: the
/// stored context is not authenticated yet, and [`DefaultCmm`] refuses every stored pair that is not reproduced.
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

    /// Returns a CMM for each keyring of a multi-keyring, which works as this one does with that keyring alone; nothing if there
    /// is one keyring, or if it cannot be told.
    fn members(&self) -> Vec<Arc<dyn Cmm>> {
        Vec::new()
    }
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
            let EncryptionRequest { suite, context, required_keys, rng, .. } = request;
            let signing_key = suite.is_signed().then(SigningKey::generate).transpose()?;
            let mut materials = EncryptionMaterials::new(suite, context, required_keys, signing_key)?;
            self.keyring.on_encrypt(&mut materials.wrap_request(rng)).await?;
            Ok(materials)
        })
    }

    fn decryption_materials<'a>(
        &'a self,
        request: DecryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<DecryptionMaterials, MaterialsError>> {
        Box::pin(async move {
            let context = full_context(&request)?;
            let unwrap = UnwrapRequest {
                suite: request.suite,
                encrypted_data_keys: request.encrypted_data_keys,
                context: &context,
            };
            let keys = self.keyring.on_decrypt(&unwrap).await?;
            DecryptionMaterials::new(request.suite, context, keys)
        })
    }

    fn members(&self) -> Vec<Arc<dyn Cmm>> {
        let of = |keyring| -> Arc<dyn Cmm> { Arc::new(Self::new(keyring)) };
        self.keyring.members().into_iter().map(of).collect()
    }
}

/// The reproduced context and the public key. Everything else that is stored has to be reproduced as well: keyrings decide by
/// the context, and KMS by its policies, and what is stored is anybody's word.
fn full_context(request: &DecryptionRequest<'_>) -> Result<EncryptionContext, MaterialsError> {
    let is_foreign = |(key, _): &(&str, &str)| *key != PUBLIC_KEY && request.reproduced_context.get(key).is_none();
    if let Some((key, _)) = request.stored_context.iter().find(is_foreign) {
        return Err(MaterialsError::ForeignContext { key: key.chars().take(64).collect() });
    }
    request.reproduced_context.merged(request.stored_context).map_err(|error| match error {
        ContextError::Conflict { key } => MaterialsError::ContextMismatch { key },
        error => error.into(),
    })
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
}

impl Cmm for RequiredContextCmm {
    fn encryption_materials<'a>(
        &'a self,
        mut request: EncryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<EncryptionMaterials, MaterialsError>> {
        Box::pin(async move {
            self.required.check(&request.context)?;
            request.required_keys = request.required_keys.union(self.required.iter());
            let materials = self.underlying.encryption_materials(request).await?;
            self.required.check(&materials.context)?;
            if !materials.required_keys.contains_all(&self.required) {
                return Err(MaterialsError::Changed { what: "the required keys" });
            }
            Ok(materials)
        })
    }

    fn decryption_materials<'a>(
        &'a self,
        request: DecryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<DecryptionMaterials, MaterialsError>> {
        Box::pin(async move {
            self.required.check(&request.reproduced_context)?;
            let materials = self.underlying.decryption_materials(request).await?;
            self.required.check(&materials.context)?;
            Ok(materials)
        })
    }

    fn members(&self) -> Vec<Arc<dyn Cmm>> {
        let of = |underlying| -> Arc<dyn Cmm> { Arc::new(Self { underlying, required: self.required.clone() }) };
        self.underlying.members().into_iter().map(of).collect()
    }
}
