//! An RSA key of AWS KMS (specification: `framework/aws-kms/aws-kms-rsa-keyring.md`).

use std::sync::Arc;

use dynaseal_core::{
    BoxFuture, IntermediateKey, KMS_RSA_PROVIDER_ID, Keyring, MaterialsError, RsaPadding, RsaPublicKey, UnwrapRequest,
    UnwrappedKeys, WrapRequest, not_opened,
};
use zeroize::Zeroizing;

use super::{Candidate, Failures, KEY, KmsKeyringError, candidates, fetch_public_key, is_hopeless, service};
use crate::arn::KmsKeyArn;
use crate::client::{Binding, Decrypt, GrantTokens, Kms, KmsError, KmsErrorKind};

/// Seals with the public half of an RSA key of AWS KMS, without a call, and opens with `Decrypt`.
///
/// Works with the suite `hmac-only` alone: all clients refuse to use it with signed records. Whoever has the public key can
/// make records that open: they say nothing about who wrote them.
#[derive(Debug)]
pub struct KmsRsaKeyring {
    key: KmsKeyArn,
    algorithm: Algorithm,
    public_key: Option<RsaPublicKey>,
    client: Option<(Arc<dyn Kms>, GrantTokens)>,
}

#[derive(Clone, Copy, Debug)]
enum Algorithm {
    OaepSha1,
    OaepSha256,
}

impl Algorithm {
    fn new(padding: RsaPadding) -> Result<Self, KmsKeyringError> {
        match padding {
            RsaPadding::OaepSha1 => Ok(Self::OaepSha1),
            RsaPadding::OaepSha256 => Ok(Self::OaepSha256),
            _ => Err(KmsKeyringError::Padding),
        }
    }

    fn padding(self) -> RsaPadding {
        match self {
            Self::OaepSha1 => RsaPadding::OaepSha1,
            Self::OaepSha256 => RsaPadding::OaepSha256,
        }
    }

    fn binding(self) -> Binding<'static> {
        match self {
            Self::OaepSha1 => Binding::OaepSha1,
            Self::OaepSha256 => Binding::OaepSha256,
        }
    }
}

impl KmsRsaKeyring {
    /// Only seals. `public_key` is what `GetPublicKey` gives for the key; it is not compared with it.
    ///
    /// # Errors
    /// If AWS KMS does not have the padding.
    pub fn sealing(key: KmsKeyArn, padding: RsaPadding, public_key: RsaPublicKey) -> Result<Self, KmsKeyringError> {
        Ok(Self { key, algorithm: Algorithm::new(padding)?, public_key: Some(public_key), client: None })
    }

    /// Only opens.
    ///
    /// # Errors
    /// If AWS KMS does not have the padding.
    pub fn opening(
        key: KmsKeyArn,
        padding: RsaPadding,
        client: Arc<dyn Kms>,
        grant_tokens: GrantTokens,
    ) -> Result<Self, KmsKeyringError> {
        Ok(Self { key, algorithm: Algorithm::new(padding)?, public_key: None, client: Some((client, grant_tokens)) })
    }

    /// Seals and opens.
    ///
    /// # Errors
    /// If AWS KMS does not have the padding.
    pub fn new(
        key: KmsKeyArn,
        padding: RsaPadding,
        public_key: RsaPublicKey,
        client: Arc<dyn Kms>,
        grant_tokens: GrantTokens,
    ) -> Result<Self, KmsKeyringError> {
        Ok(Self { public_key: Some(public_key), ..Self::opening(key, padding, client, grant_tokens)? })
    }

    /// Seals and opens; the public key is fetched from AWS KMS now, once.
    ///
    /// # Errors
    /// If AWS KMS does not have the padding, the call fails, or the key is no RSA key for encryption.
    pub async fn fetch(
        key: KmsKeyArn,
        padding: RsaPadding,
        client: Arc<dyn Kms>,
        grant_tokens: GrantTokens,
    ) -> Result<Self, KmsKeyringError> {
        let der = fetch_public_key(&*client, &key, "ENCRYPT_DECRYPT", &grant_tokens).await?;
        let public_key = RsaPublicKey::from_der(&der)
            .map_err(|source| KmsKeyringError::PublicKey { key_id: key.to_string(), source })?;
        Self::new(key, padding, public_key, client, grant_tokens)
    }

    fn check_suite(&self, suite: dynaseal_core::AlgorithmSuite) -> Result<(), MaterialsError> {
        let reason = "set the algorithm suite to hmac-only, as all clients demand of RSA keys of AWS KMS";
        match suite.is_signed() {
            true => Err(MaterialsError::Suite { keyring: self.describe(), suite, reason }),
            false => Ok(()),
        }
    }

    fn wrap(&self, request: &mut WrapRequest<'_>) -> Result<(), MaterialsError> {
        let only_opens = || MaterialsError::OnlyOpens { keyring: self.describe(), reason: "it has no public key" };
        let public_key = self.public_key.as_ref().ok_or_else(only_opens)?;
        self.check_suite(request.suite())?;
        let digest = request.context().sha384();
        let recipient = request.new_recipient()?;
        let mut bound = Zeroizing::new([0; 48 + KEY]);
        let (start, key) = bound.split_at_mut(digest.len());
        start.copy_from_slice(&digest);
        key.copy_from_slice(recipient.intermediate_key().expose_secret());
        let wrapped = public_key.encrypt(self.algorithm.padding(), bound.as_slice())?;
        request.add_recipient(recipient, KMS_RSA_PROVIDER_ID, self.key.to_string().into_bytes(), &wrapped)
    }

    async fn unwrap(&self, request: &UnwrapRequest<'_>) -> Result<UnwrappedKeys, MaterialsError> {
        let only_seals = || MaterialsError::OnlySeals { keyring: self.describe(), reason: "it has no client" };
        let (client, grant_tokens) = self.client.as_ref().ok_or_else(only_seals)?;
        self.check_suite(request.suite)?;
        let own = self.key.arn();
        let candidates = candidates(request, KMS_RSA_PROVIDER_ID, |arn| own.matches(arn).then(|| own.to_string()));
        let mut failures = Failures::default();
        for candidate in &candidates {
            match self.open(&**client, grant_tokens, candidate, request).await {
                Ok(keys) => return Ok(keys),
                Err((error, kind)) => {
                    failures.add(error, kind);
                    if kind.is_some_and(is_hopeless) {
                        break;
                    }
                }
            }
        }
        Err(failures.worst.map_or_else(|| not_opened(self, request, |_| false), |(_, error)| error))
    }

    async fn open(
        &self,
        client: &dyn Kms,
        grant_tokens: &GrantTokens,
        Candidate { edk, key_id }: &Candidate<'_>,
        request: &UnwrapRequest<'_>,
    ) -> Result<UnwrappedKeys, (MaterialsError, Option<KmsErrorKind>)> {
        let unwrap = || (MaterialsError::Unwrap { recipient: self.describe() }, None);
        let failed = |error: KmsError| {
            let kind = error.kind;
            (service(self, error), Some(kind))
        };
        let (wrapped_data_key, ciphertext) = edk.split().ok_or_else(unwrap)?;
        let call = Decrypt { key_id, ciphertext, binding: self.algorithm.binding(), grant_tokens };
        let answer = client.decrypt(call).await.map_err(failed)?;
        if answer.key_id != *key_id {
            return Err(failed(KmsError::bad_answer("Decrypt", key_id, "another key answered")));
        }
        // Not a tag: the digest is public, and RSA has vouched for nothing but its own padding.
        let key = answer.plaintext.strip_prefix(&request.context.sha384()).ok_or_else(unwrap)?;
        let intermediate = IntermediateKey::copy_from(key).map_err(|_| unwrap())?;
        UnwrappedKeys::open(&intermediate, wrapped_data_key, request.context).map_err(|_| unwrap())
    }
}

impl Keyring for KmsRsaKeyring {
    fn on_encrypt<'a>(&'a self, request: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        Box::pin(std::future::ready(self.wrap(request)))
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        Box::pin(self.unwrap(request))
    }

    fn describe(&self) -> String {
        format!("AWS KMS RSA {}", self.key)
    }
}
