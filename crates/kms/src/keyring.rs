//! Keyrings of AWS KMS keys. What the suites of DB-ESDK let KMS wrap is never the data key but an intermediate key, one
//! for each recipient, so every recipient costs one call when a record is sealed.

mod discovery;
mod ecdh;
mod error;
mod rsa;
mod symmetric;

use dynaseal_core::{
    EncryptedDataKeyRef, IntermediateKey, Keyring, MaterialsError, UnwrapRequest, UnwrappedKeys, not_opened,
};

pub use discovery::{DiscoveryFilter, KmsDiscoveryKeyring};
pub use ecdh::KmsEcdhKeyring;
pub use error::KmsKeyringError;
pub use rsa::KmsRsaKeyring;
pub use symmetric::KmsKeyring;

use crate::arn::{KmsArn, KmsKeyArn};
use crate::client::{Binding, CIPHERTEXT, Decrypt, GrantTokens, Kms, KmsError, KmsErrorKind};

/// How many calls one record can cause. Headers are not authenticated when the calls are made, and whoever writes one
/// could name 255 recipients; a record mostly has one that fits.
const MAX_CALLS: usize = 32;

/// Bytes of an intermediate key.
const KEY: usize = 32;

/// A symmetric key of KMS among the recipients, that a keyring picked.
struct Candidate<'a> {
    edk: EncryptedDataKeyRef<'a>,
    /// The key to ask: that of the recipient, or its replica here.
    key_id: String,
}

/// The recipients of a provider whose ARN `pick` likes. What is no ARN of a key is passed over: it is not for us.
fn candidates<'a>(
    request: &UnwrapRequest<'a>,
    provider_id: &str,
    pick: impl Fn(&KmsArn) -> Option<String>,
) -> Vec<Candidate<'a>> {
    let candidate = |edk: &EncryptedDataKeyRef<'a>| {
        let arn: KmsArn = std::str::from_utf8(edk.provider_info).ok()?.parse().ok()?;
        let key_id = pick(&arn).filter(|_| edk.provider_id == provider_id && arn.is_key())?;
        Some(Candidate { edk: *edk, key_id })
    };
    request.encrypted_data_keys.iter().filter_map(candidate).take(MAX_CALLS).collect()
}

/// Lets KMS unwrap the intermediate key of one candidate after the other, until one opens the data key.
async fn open_first(
    keyring: &dyn Keyring,
    client: &dyn Kms,
    grant_tokens: &GrantTokens,
    candidates: &[Candidate<'_>],
    request: &UnwrapRequest<'_>,
) -> Result<UnwrappedKeys, MaterialsError> {
    let mut failures = Failures::default();
    for Candidate { edk, key_id } in candidates {
        let Some((wrapped_data_key, ciphertext)) = edk.split().filter(|(_, part)| CIPHERTEXT.contains(&part.len()))
        else {
            continue;
        };
        let binding = Binding::Context(request.context);
        let answer = client.decrypt(Decrypt { key_id, ciphertext, binding, grant_tokens }).await;
        let intermediate = answer.and_then(|answer| {
            let is_right = answer.key_id == *key_id;
            let bad = |message| KmsError::bad_answer("Decrypt", key_id, message);
            is_right.then_some(()).ok_or_else(|| bad("another key answered"))?;
            IntermediateKey::copy_from(&answer.plaintext).map_err(|_| bad("the plaintext has not 32 bytes"))
        });
        match intermediate {
            Ok(intermediate) => match UnwrappedKeys::open(&intermediate, wrapped_data_key, request.context) {
                Ok(keys) => return Ok(keys),
                Err(_) => failures.add(MaterialsError::Unwrap { recipient: keyring.describe() }, None),
            },
            Err(error) => {
                let kind = error.kind;
                failures.add(service(keyring, error), Some(kind));
                if is_hopeless(kind) {
                    break;
                }
            }
        }
    }
    Err(failures.worst.map_or_else(|| not_opened(keyring, request, |_| !candidates.is_empty()), |(_, error)| error))
}

/// The DER of the public key, of a key that is for this use.
async fn fetch_public_key(
    client: &dyn Kms,
    key: &KmsKeyArn,
    expected: &'static str,
    grant_tokens: &GrantTokens,
) -> Result<Vec<u8>, KmsKeyringError> {
    let key_id = key.to_string();
    let answer = client.get_public_key(&key_id, grant_tokens).await?;
    if answer.key_id != key_id {
        return Err(KmsError::bad_answer("GetPublicKey", &key_id, "another key answered").into());
    }
    match answer.usage == expected {
        true => Ok(answer.der),
        false => Err(KmsKeyringError::Usage { key_id, found: answer.usage, expected }),
    }
}

/// Whether another call of the same client would only take as long and end the same.
fn is_hopeless(kind: KmsErrorKind) -> bool {
    matches!(kind, KmsErrorKind::TimedOut | KmsErrorKind::Unreachable)
}

/// What to tell of several failures: a service that failed rather than a ciphertext that was wrong, which anybody can
/// write into a header, and the first of its kind.
#[derive(Default)]
struct Failures {
    worst: Option<(u8, MaterialsError)>,
}

impl Failures {
    fn add(&mut self, error: MaterialsError, kind: Option<KmsErrorKind>) {
        let rank = match kind {
            None => 0,
            Some(KmsErrorKind::WrongCiphertext) => 1,
            Some(_) => 2,
        };
        if self.worst.as_ref().is_none_or(|(worst, _)| rank > *worst) {
            self.worst = Some((rank, error));
        }
    }
}

fn service(keyring: &dyn Keyring, error: KmsError) -> MaterialsError {
    let (what, is_denied, source) = (keyring.describe(), error.kind == KmsErrorKind::Denied, Box::new(error));
    if is_denied { MaterialsError::Denied { what, source } } else { MaterialsError::Service { what, source } }
}
