//! A KMS in memory that counts, and that can throttle, deny, be slow or never answer. It wraps nothing: a ciphertext is
//! the number of an entry in its memory, so that every changed byte is noticed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::agreement;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use dynaseal_core::{BoxFuture, EncryptionContext, SecureRandom, SharedSecret, SystemRandom};
use dynaseal_kms::{
    Binding, ClientSupplier, Decrypt, Decrypted, DeriveSharedSecret, DerivedSecret, GenerateDataKey, GrantTokens, Kms,
    KmsArn, KmsError, KmsErrorKind, NewDataKey, PublicKey, ReEncrypt, ReEncrypted, SupplierError, Wrapped,
};
use zeroize::Zeroizing;

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Good,
    Throttles,
    Denies,
    Gone,
    Slow(Duration),
    /// Answers with the ARN of another key.
    Confused,
}

/// All regions together.
#[derive(Clone, Debug)]
pub(crate) struct Cloud {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    mood: Mood,
    blobs: HashMap<Vec<u8>, Blob>,
    rsa: HashMap<String, PrivateDecryptingKey>,
    ecdh: HashMap<String, agreement::PrivateKey>,
    calls: Vec<String>,
    tokens: usize,
}

#[derive(Clone, Debug)]
struct Blob {
    key: KmsArn,
    context: Vec<u8>,
    plaintext: Vec<u8>,
}

impl Cloud {
    pub(crate) fn new() -> Self {
        let state = State {
            mood: Mood::Good,
            blobs: HashMap::new(),
            rsa: HashMap::new(),
            ecdh: HashMap::new(),
            calls: Vec::new(),
            tokens: 0,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    pub(crate) fn client(&self, region: &str) -> Arc<dyn Kms> {
        Arc::new(FakeKms { cloud: self.clone(), region: region.to_owned() })
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// The calls since the last time: `us-east-1 Decrypt arn:…`.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }

    /// How many grant tokens came with all calls.
    pub(crate) fn tokens(&self) -> usize {
        self.state.lock().unwrap().tokens
    }

    pub(crate) fn add_rsa(&self, arn: &str) {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        self.state.lock().unwrap().rsa.insert(arn.to_owned(), key);
    }

    pub(crate) fn add_ecdh(&self, arn: &str, algorithm: &'static agreement::Algorithm) {
        let key = agreement::PrivateKey::generate(algorithm).unwrap();
        self.state.lock().unwrap().ecdh.insert(arn.to_owned(), key);
    }
}

impl ClientSupplier for Cloud {
    fn client<'a>(&'a self, region: Option<&'a str>) -> BoxFuture<'a, Result<Arc<dyn Kms>, SupplierError>> {
        Box::pin(std::future::ready(Ok(Cloud::client(self, region.unwrap_or("us-east-1")))))
    }
}

#[derive(Debug)]
struct FakeKms {
    cloud: Cloud,
    region: String,
}

impl FakeKms {
    /// Notes the call, behaves as it is told to, and gives the full ARN of the key.
    async fn enter(&self, operation: &'static str, key_id: &str, tokens: &GrantTokens) -> Result<KmsArn, KmsError> {
        let mood = {
            let mut state = self.cloud.state.lock().unwrap();
            state.calls.push(format!("{} {operation} {key_id}", self.region));
            state.tokens += tokens.as_slice().len();
            state.mood
        };
        let fail = |kind| Err(error(operation, key_id, kind));
        match mood {
            Mood::Throttles => return fail(KmsErrorKind::Throttled),
            Mood::Denies => return fail(KmsErrorKind::Denied),
            Mood::Gone => return fail(KmsErrorKind::Unreachable),
            Mood::Slow(time) => tokio::time::sleep(time).await,
            Mood::Good | Mood::Confused => {}
        }
        let full = if key_id.starts_with("arn:") {
            key_id.to_owned()
        } else {
            format!("arn:aws:kms:{}:111122223333:key/{}", self.region, key_id.replace("alias/", "behind-"))
        };
        let arn: KmsArn = full.parse().unwrap();
        if arn.region() != self.region {
            return fail(KmsErrorKind::NotFound);
        }
        Ok(arn)
    }

    fn answer(&self, arn: &KmsArn) -> String {
        match self.cloud.state.lock().unwrap().mood {
            Mood::Confused => "arn:aws:kms:us-east-1:111122223333:key/another".to_owned(),
            _ => arn.to_string(),
        }
    }

    fn wrap(&self, arn: &KmsArn, context: &EncryptionContext, plaintext: &[u8]) -> Vec<u8> {
        let mut ciphertext = vec![0; 80];
        SystemRandom.fill(&mut ciphertext).unwrap();
        let blob = Blob { key: arn.clone(), context: context.canonical().to_vec(), plaintext: plaintext.to_vec() };
        self.cloud.state.lock().unwrap().blobs.insert(ciphertext.clone(), blob);
        ciphertext
    }

    fn unwrap(
        &self,
        operation: &'static str,
        arn: &KmsArn,
        ciphertext: &[u8],
        context: &EncryptionContext,
    ) -> Result<Vec<u8>, KmsError> {
        let state = self.cloud.state.lock().unwrap();
        let blob =
            state.blobs.get(ciphertext).filter(|blob| blob.key.matches(arn) && blob.context == context.canonical());
        let wrong = || error(operation, &arn.to_string(), KmsErrorKind::WrongCiphertext);
        blob.map(|blob| blob.plaintext.clone()).ok_or_else(wrong)
    }
}

fn error(operation: &'static str, key_id: &str, kind: KmsErrorKind) -> KmsError {
    KmsError { operation, key_id: key_id.to_owned(), kind, message: String::new() }
}

impl Kms for FakeKms {
    fn region(&self) -> Option<&str> {
        Some(&self.region)
    }

    fn generate_data_key<'a>(&'a self, request: GenerateDataKey<'a>) -> BoxFuture<'a, Result<NewDataKey, KmsError>> {
        Box::pin(async move {
            let arn = self.enter("GenerateDataKey", request.key_id, request.grant_tokens).await?;
            let mut plaintext = Zeroizing::new(vec![0; 32]);
            SystemRandom.fill(&mut plaintext).unwrap();
            let ciphertext = self.wrap(&arn, request.context, &plaintext);
            Ok(NewDataKey { key_id: self.answer(&arn), plaintext, ciphertext })
        })
    }

    fn generate_data_key_without_plaintext<'a>(
        &'a self,
        request: GenerateDataKey<'a>,
    ) -> BoxFuture<'a, Result<Wrapped, KmsError>> {
        Box::pin(async move {
            let arn = self.enter("GenerateDataKeyWithoutPlaintext", request.key_id, request.grant_tokens).await?;
            let mut plaintext = [0; 32];
            SystemRandom.fill(&mut plaintext).unwrap();
            Ok(Wrapped { key_id: self.answer(&arn), ciphertext: self.wrap(&arn, request.context, &plaintext) })
        })
    }

    fn decrypt<'a>(&'a self, request: Decrypt<'a>) -> BoxFuture<'a, Result<Decrypted, KmsError>> {
        Box::pin(async move {
            let arn = self.enter("Decrypt", request.key_id, request.grant_tokens).await?;
            let wrong = || error("Decrypt", request.key_id, KmsErrorKind::WrongCiphertext);
            let algorithm = match request.binding {
                Binding::Context(context) => {
                    let plaintext = self.unwrap("Decrypt", &arn, request.ciphertext, context)?;
                    return Ok(Decrypted { key_id: self.answer(&arn), plaintext: Zeroizing::new(plaintext) });
                }
                Binding::OaepSha1 => &OAEP_SHA1_MGF1SHA1,
                Binding::OaepSha256 => &OAEP_SHA256_MGF1SHA256,
            };
            let key = self.cloud.state.lock().unwrap().rsa.get(&arn.to_string()).cloned().ok_or_else(wrong)?;
            let mut plaintext = Zeroizing::new(vec![0; 256]);
            let key = OaepPrivateDecryptingKey::new(key).unwrap();
            let length = key.decrypt(algorithm, request.ciphertext, &mut plaintext, None).map_err(|_| wrong())?.len();
            plaintext.truncate(length);
            Ok(Decrypted { key_id: self.answer(&arn), plaintext })
        })
    }

    fn re_encrypt<'a>(&'a self, request: ReEncrypt<'a>) -> BoxFuture<'a, Result<ReEncrypted, KmsError>> {
        Box::pin(async move {
            let arn = self.enter("ReEncrypt", request.key_id, request.grant_tokens).await?;
            let plaintext = self.unwrap("ReEncrypt", &arn, request.ciphertext, request.from)?;
            let ciphertext = self.wrap(&arn, request.to, &plaintext);
            Ok(ReEncrypted { source_key_id: self.answer(&arn), key_id: self.answer(&arn), ciphertext })
        })
    }

    fn get_public_key<'a>(
        &'a self,
        key_id: &'a str,
        grant_tokens: &'a GrantTokens,
    ) -> BoxFuture<'a, Result<PublicKey, KmsError>> {
        Box::pin(async move {
            let arn = self.enter("GetPublicKey", key_id, grant_tokens).await?;
            let (rsa, ecdh) = {
                let state = self.cloud.state.lock().unwrap();
                let rsa =
                    state.rsa.get(key_id).map(|key| AsDer::<PublicKeyX509Der<'_>>::as_der(&key.public_key()).unwrap());
                let ecdh = state
                    .ecdh
                    .get(key_id)
                    .map(|key| AsDer::<PublicKeyX509Der<'_>>::as_der(&key.compute_public_key().unwrap()).unwrap());
                (rsa, ecdh)
            };
            let (der, usage) = match (&rsa, &ecdh) {
                (Some(der), _) => (der, "ENCRYPT_DECRYPT"),
                (_, Some(der)) => (der, "KEY_AGREEMENT"),
                _ => return Err(error("GetPublicKey", key_id, KmsErrorKind::NotFound)),
            };
            Ok(PublicKey { key_id: self.answer(&arn), der: der.as_ref().to_vec(), usage: usage.to_owned() })
        })
    }

    fn derive_shared_secret<'a>(
        &'a self,
        request: DeriveSharedSecret<'a>,
    ) -> BoxFuture<'a, Result<DerivedSecret, KmsError>> {
        Box::pin(async move {
            let arn = self.enter("DeriveSharedSecret", request.key_id, request.grant_tokens).await?;
            let state = self.cloud.state.lock().unwrap();
            let none = || error("DeriveSharedSecret", request.key_id, KmsErrorKind::NotFound);
            let key = state.ecdh.get(request.key_id).ok_or_else(none)?;
            let other = agreement::UnparsedPublicKey::new(key.algorithm(), request.public_key);
            let secret = agreement::agree(key, other, none(), |secret| Ok(SharedSecret::copy_from(secret)))?;
            drop(state);
            Ok(DerivedSecret { key_id: self.answer(&arn), secret })
        })
    }
}
