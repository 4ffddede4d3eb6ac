//! A symmetric key of AWS KMS, and several (specification: `framework/aws-kms/aws-kms-keyring.md`,
//! `aws-kms-mrk-keyring.md`, `aws-kms-multi-keyrings.md`, `aws-kms-mrk-multi-keyrings.md`).

use std::sync::Arc;

use dynaseal_core::{
    BoxFuture, IntermediateKey, KMS_PROVIDER_ID, Keyring, MaterialsError, MultiKeyring, UnwrapRequest, UnwrappedKeys,
    WrapRequest,
};

use super::{KmsKeyringError, candidates, open_first, service};
use crate::arn::{KmsKeyArn, KmsKeyId};
use crate::client::{CIPHERTEXT, GenerateDataKey, GrantTokens, Kms, KmsError};
use crate::supplier::ClientSupplier;

/// Wraps with a symmetric key of AWS KMS: one `GenerateDataKey` to seal a record, one `Decrypt` to open it.
#[derive(Debug)]
pub struct KmsKeyring {
    client: Arc<dyn Kms>,
    key_id: KmsKeyId,
    replicas: bool,
    grant_tokens: GrantTokens,
}

impl KmsKeyring {
    /// With one key, which opens only what was sealed for exactly this ARN. A key id or an alias can seal, but not open.
    pub fn new(client: Arc<dyn Kms>, key_id: KmsKeyId, grant_tokens: GrantTokens) -> Self {
        Self { client, key_id, replicas: false, grant_tokens }
    }

    /// With one key that, if it is a multi-Region key, also opens what its replicas in other regions sealed.
    pub fn mrk(client: Arc<dyn Kms>, key_id: KmsKeyId, grant_tokens: GrantTokens) -> Self {
        Self { client, key_id, replicas: true, grant_tokens }
    }

    /// Several keys: each record is sealed for all of them, and any one opens it. Each costs a call when sealing.
    ///
    /// Without a generator the keyring only opens.
    ///
    /// # Errors
    /// If there is no key at all, or no client for one.
    pub async fn multi(
        generator: Option<KmsKeyId>,
        children: Vec<KmsKeyId>,
        supplier: &dyn ClientSupplier,
        grant_tokens: &GrantTokens,
    ) -> Result<MultiKeyring, KmsKeyringError> {
        several(generator, children, supplier, |client, key_id| Self::new(client, key_id, grant_tokens.clone())).await
    }

    /// The same with keys that, where they are multi-Region keys, also open what their replicas sealed.
    ///
    /// # Errors
    /// As [`KmsKeyring::multi`], and if two of the keys are replicas of one multi-Region key.
    pub async fn mrk_multi(
        generator: Option<KmsKeyId>,
        children: Vec<KmsKeyId>,
        supplier: &dyn ClientSupplier,
        grant_tokens: &GrantTokens,
    ) -> Result<MultiKeyring, KmsKeyringError> {
        check_replicas(&generator.iter().chain(&children).collect::<Vec<_>>())?;
        several(generator, children, supplier, |client, key_id| Self::mrk(client, key_id, grant_tokens.clone())).await
    }

    async fn wrap(&self, request: &mut WrapRequest<'_>) -> Result<(), MaterialsError> {
        let key_id = self.key_id.to_string();
        let call = GenerateDataKey { key_id: &key_id, context: request.context(), grant_tokens: &self.grant_tokens };
        let answer = self.client.generate_data_key(call).await.map_err(|error| service(self, error))?;
        let bad = |message| service(self, KmsError::bad_answer("GenerateDataKey", &key_id, message));
        // What stands in the record has to be what opens it.
        if answer.key_id.parse::<KmsKeyArn>().is_err() {
            return Err(bad("the answer names no key ARN"));
        }
        if self.key_id.key_arn().is_some() && answer.key_id != key_id {
            return Err(bad("another key answered"));
        }
        if !CIPHERTEXT.contains(&answer.ciphertext.len()) {
            return Err(bad("the ciphertext has another length than AWS KMS gives"));
        }
        let intermediate =
            IntermediateKey::copy_from(&answer.plaintext).map_err(|_| bad("the plaintext has not 32 bytes"))?;
        let recipient = request.new_recipient_with(intermediate)?;
        request.add_recipient(recipient, KMS_PROVIDER_ID, answer.key_id.into_bytes(), &answer.ciphertext)
    }

    async fn unwrap(&self, request: &UnwrapRequest<'_>) -> Result<UnwrappedKeys, MaterialsError> {
        let only_seals = || MaterialsError::OnlySeals {
            keyring: self.describe(),
            reason: "records name the ARN of a key, so give that instead of an alias or a key id",
        };
        let own = self.key_id.key_arn().ok_or_else(only_seals)?;
        let candidates = candidates(request, KMS_PROVIDER_ID, |arn| {
            let is_mine = if self.replicas { own.matches(arn) } else { own == arn };
            is_mine.then(|| own.to_string())
        });
        open_first(self, &*self.client, &self.grant_tokens, &candidates, request).await
    }
}

async fn several(
    generator: Option<KmsKeyId>,
    children: Vec<KmsKeyId>,
    supplier: &dyn ClientSupplier,
    keyring: impl Fn(Arc<dyn Kms>, KmsKeyId) -> KmsKeyring,
) -> Result<MultiKeyring, KmsKeyringError> {
    let mut keyrings: Vec<Arc<dyn Keyring>> = Vec::with_capacity(children.len() + 1);
    let has_generator = generator.is_some();
    for key_id in generator.into_iter().chain(children) {
        let client = supplier.client(key_id.region()).await?;
        keyrings.push(Arc::new(keyring(client, key_id)));
    }
    if has_generator {
        let generator = keyrings.remove(0);
        return Ok(MultiKeyring::new(generator, keyrings));
    }
    MultiKeyring::without_generator(keyrings).map_err(|_| KmsKeyringError::NoKeys)
}

/// No two keys may be replicas of one multi-Region key (specification: `aws-kms-mrk-are-unique.md`).
fn check_replicas(keys: &[&KmsKeyId]) -> Result<(), KmsKeyringError> {
    let related = |key: &&&KmsKeyId| {
        let same = |other: &&&KmsKeyId| key.multi_region_id() == other.multi_region_id();
        key.multi_region_id().is_some() && keys.iter().filter(same).count() > 1
    };
    let replicas: Vec<String> = keys.iter().filter(related).map(ToString::to_string).collect();
    if replicas.is_empty() { Ok(()) } else { Err(KmsKeyringError::Replicas(replicas)) }
}

impl Keyring for KmsKeyring {
    fn on_encrypt<'a>(&'a self, request: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        Box::pin(self.wrap(request))
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        Box::pin(self.unwrap(request))
    }

    fn describe(&self) -> String {
        let kind = if self.replicas { "AWS KMS multi-Region" } else { "AWS KMS" };
        format!("{kind} {}", self.key_id)
    }
}
