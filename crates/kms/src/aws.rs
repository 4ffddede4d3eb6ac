//! The seam over `aws-sdk-kms`.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{EncryptionAlgorithmSpec, KeyAgreementAlgorithmSpec};
use dynaseal_core::{BoxFuture, EncryptionContext, SharedSecret};
use zeroize::Zeroizing;

use crate::client::{
    Binding, Decrypt, Decrypted, DeriveSharedSecret, DerivedSecret, GenerateDataKey, GrantTokens, Kms, KmsError,
    KmsErrorKind, NewDataKey, PublicKey, ReEncrypt, ReEncrypted, Wrapped,
};
use crate::sdk_error::describe;

/// How long one call may take, retries of the SDK included. The SDK alone would wait for ever.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes of a data key.
const LENGTH: i32 = 32;

/// AWS KMS through a client of the SDK.
///
/// Every call carries `md/dynaseal#<version>` in its user agent, so that it can be found in CloudTrail.
#[derive(Clone, Debug)]
pub struct AwsKms {
    client: Client,
    region: Option<String>,
    timeout: Duration,
}

impl AwsKms {
    /// Over a client.
    pub fn new(client: Client) -> Self {
        let region = client.config().region().map(ToString::to_string);
        Self { client, region, timeout: TIMEOUT }
    }

    /// How long one call may take, retries included, instead of 30 seconds.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn run<T, E>(
        &self,
        operation: &'static str,
        key_id: &str,
        call: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<T, KmsError>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let failed = |kind, message| KmsError { operation, key_id: key_id.to_owned(), kind, message };
        match tokio::time::timeout(self.timeout, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(failed(kind(&error), describe(&error))),
            Err(_) => Err(failed(KmsErrorKind::TimedOut, format!("{} s", self.timeout.as_secs_f32()))),
        }
    }
}

/// Adds the mark to a call and sends it.
macro_rules! send {
    ($self:ident, $operation:literal, $key_id:expr, $builder:expr) => {
        $self.run($operation, $key_id, $builder.customize().mutate_request(mark).send())
    };
}

/// This runs before the call is signed.
fn mark(request: &mut aws_sdk_kms::config::http::HttpRequest) {
    let headers = request.headers_mut();
    for name in ["user-agent", "x-amz-user-agent"] {
        if let Some(agent) = headers.get(name) {
            let marked = concat!(" md/dynaseal#", env!("CARGO_PKG_VERSION"));
            if !agent.ends_with(marked) {
                headers.insert(name, format!("{agent}{marked}"));
            }
        }
    }
}

impl Kms for AwsKms {
    fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    fn generate_data_key<'a>(&'a self, request: GenerateDataKey<'a>) -> BoxFuture<'a, Result<NewDataKey, KmsError>> {
        Box::pin(async move {
            let GenerateDataKey { key_id, context, grant_tokens } = request;
            let call = self.client.generate_data_key().key_id(key_id).number_of_bytes(LENGTH);
            let call = call.set_encryption_context(Some(pairs(context))).set_grant_tokens(tokens(grant_tokens));
            let answer = send!(self, "GenerateDataKey", key_id, call).await?;
            let missing = |what| KmsError::bad_answer("GenerateDataKey", key_id, what);
            Ok(NewDataKey {
                key_id: answer.key_id.ok_or_else(|| missing("no key id"))?,
                plaintext: answer.plaintext.map(secret).ok_or_else(|| missing("no plaintext"))?,
                ciphertext: answer.ciphertext_blob.map(Blob::into_inner).ok_or_else(|| missing("no ciphertext"))?,
            })
        })
    }

    fn generate_data_key_without_plaintext<'a>(
        &'a self,
        request: GenerateDataKey<'a>,
    ) -> BoxFuture<'a, Result<Wrapped, KmsError>> {
        Box::pin(async move {
            let GenerateDataKey { key_id, context, grant_tokens } = request;
            let call = self.client.generate_data_key_without_plaintext().key_id(key_id).number_of_bytes(LENGTH);
            let call = call.set_encryption_context(Some(pairs(context))).set_grant_tokens(tokens(grant_tokens));
            let answer = send!(self, "GenerateDataKeyWithoutPlaintext", key_id, call).await?;
            let missing = |what| KmsError::bad_answer("GenerateDataKeyWithoutPlaintext", key_id, what);
            Ok(Wrapped {
                key_id: answer.key_id.ok_or_else(|| missing("no key id"))?,
                ciphertext: answer.ciphertext_blob.map(Blob::into_inner).ok_or_else(|| missing("no ciphertext"))?,
            })
        })
    }

    fn decrypt<'a>(&'a self, request: Decrypt<'a>) -> BoxFuture<'a, Result<Decrypted, KmsError>> {
        Box::pin(async move {
            let Decrypt { key_id, ciphertext, binding, grant_tokens } = request;
            let call = self.client.decrypt().key_id(key_id).ciphertext_blob(Blob::new(ciphertext));
            let call = match binding {
                Binding::Context(context) => call.set_encryption_context(Some(pairs(context))),
                Binding::OaepSha1 => call.encryption_algorithm(EncryptionAlgorithmSpec::RsaesOaepSha1),
                Binding::OaepSha256 => call.encryption_algorithm(EncryptionAlgorithmSpec::RsaesOaepSha256),
            };
            let answer = send!(self, "Decrypt", key_id, call.set_grant_tokens(tokens(grant_tokens))).await?;
            let missing = |what| KmsError::bad_answer("Decrypt", key_id, what);
            Ok(Decrypted {
                key_id: answer.key_id.ok_or_else(|| missing("no key id"))?,
                plaintext: answer.plaintext.map(secret).ok_or_else(|| missing("no plaintext"))?,
            })
        })
    }

    fn re_encrypt<'a>(&'a self, request: ReEncrypt<'a>) -> BoxFuture<'a, Result<ReEncrypted, KmsError>> {
        Box::pin(async move {
            let ReEncrypt { key_id, ciphertext, from, to, grant_tokens } = request;
            let call = self.client.re_encrypt().ciphertext_blob(Blob::new(ciphertext));
            let call = call.source_key_id(key_id).set_source_encryption_context(Some(pairs(from)));
            let call = call.destination_key_id(key_id).set_destination_encryption_context(Some(pairs(to)));
            let answer = send!(self, "ReEncrypt", key_id, call.set_grant_tokens(tokens(grant_tokens))).await?;
            let missing = |what| KmsError::bad_answer("ReEncrypt", key_id, what);
            Ok(ReEncrypted {
                source_key_id: answer.source_key_id.ok_or_else(|| missing("no source key id"))?,
                key_id: answer.key_id.ok_or_else(|| missing("no key id"))?,
                ciphertext: answer.ciphertext_blob.map(Blob::into_inner).ok_or_else(|| missing("no ciphertext"))?,
            })
        })
    }

    fn get_public_key<'a>(
        &'a self,
        key_id: &'a str,
        grant_tokens: &'a GrantTokens,
    ) -> BoxFuture<'a, Result<PublicKey, KmsError>> {
        Box::pin(async move {
            let call = self.client.get_public_key().key_id(key_id).set_grant_tokens(tokens(grant_tokens));
            let answer = send!(self, "GetPublicKey", key_id, call).await?;
            let missing = |what| KmsError::bad_answer("GetPublicKey", key_id, what);
            Ok(PublicKey {
                key_id: answer.key_id.ok_or_else(|| missing("no key id"))?,
                der: answer.public_key.map(Blob::into_inner).ok_or_else(|| missing("no public key"))?,
                usage: answer.key_usage.map(|usage| usage.as_str().to_owned()).unwrap_or_default(),
            })
        })
    }

    fn derive_shared_secret<'a>(
        &'a self,
        request: DeriveSharedSecret<'a>,
    ) -> BoxFuture<'a, Result<DerivedSecret, KmsError>> {
        Box::pin(async move {
            let DeriveSharedSecret { key_id, public_key, grant_tokens } = request;
            let call = self.client.derive_shared_secret().key_id(key_id).public_key(Blob::new(public_key));
            let call = call.key_agreement_algorithm(KeyAgreementAlgorithmSpec::Ecdh);
            let answer = send!(self, "DeriveSharedSecret", key_id, call.set_grant_tokens(tokens(grant_tokens))).await?;
            let missing = |what| KmsError::bad_answer("DeriveSharedSecret", key_id, what);
            let secret = answer.shared_secret.map(secret).ok_or_else(|| missing("no secret"))?;
            Ok(DerivedSecret {
                key_id: answer.key_id.ok_or_else(|| missing("no key id"))?,
                secret: SharedSecret::copy_from(&secret),
            })
        })
    }
}

fn pairs(context: &EncryptionContext) -> std::collections::HashMap<String, String> {
    context.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn tokens(grant_tokens: &GrantTokens) -> Option<Vec<String>> {
    Some(grant_tokens.as_slice().to_vec()).filter(|tokens| !tokens.is_empty())
}

/// Takes the blob's own buffer, so that it is wiped; what the HTTP layer held of the answer is out of reach.
fn secret(blob: Blob) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(blob.into_inner())
}

fn kind<E: ProvideErrorMetadata>(error: &SdkError<E>) -> KmsErrorKind {
    match error {
        SdkError::TimeoutError(_) => KmsErrorKind::TimedOut,
        SdkError::ConstructionFailure(_) | SdkError::DispatchFailure(_) => KmsErrorKind::Unreachable,
        SdkError::ResponseError(_) => KmsErrorKind::BadAnswer,
        SdkError::ServiceError(_) => match error.code().unwrap_or_default() {
            "AccessDeniedException" | "UnrecognizedClientException" | "ExpiredTokenException" => KmsErrorKind::Denied,
            "InvalidSignatureException" | "IncompleteSignature" | "InvalidGrantTokenException" => KmsErrorKind::Denied,
            "ThrottlingException" | "Throttling" | "LimitExceededException" => KmsErrorKind::Throttled,
            "RequestLimitExceeded" | "TooManyRequestsException" => KmsErrorKind::Throttled,
            "NotFoundException" | "InvalidArnException" => KmsErrorKind::NotFound,
            "DisabledException" | "KMSInvalidStateException" | "KeyUnavailableException" => KmsErrorKind::Unusable,
            "InvalidKeyUsageException" | "UnsupportedOperationException" => KmsErrorKind::Unusable,
            "InvalidCiphertextException" | "IncorrectKeyException" => KmsErrorKind::WrongCiphertext,
            "DependencyTimeoutException" => KmsErrorKind::TimedOut,
            _ => KmsErrorKind::Other,
        },
        _ => KmsErrorKind::Other,
    }
}
