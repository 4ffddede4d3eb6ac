//! Branch keys: one key of a key store wraps the data keys of many records (specification:
//! `framework/aws-kms/aws-kms-hierarchical-keyring.md`).

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::Arc;

use uuid::Uuid;

use super::branch_key_id::{self, BranchKeyIdSupplier};
use super::{Keyring, not_opened};
use crate::context::EncryptionContext;
use crate::cursor::{Cursor, Malformed};
use crate::materials::{BoxFuture, EncryptedDataKeyRef, MaterialsError, UnwrapRequest, UnwrappedKeys, WrapRequest};
use crate::primitives::CryptoError;
use crate::primitives::aead::{AeadKey, NONCE, TAG};
use crate::primitives::kdf_ctr::{self, Prf};
use crate::secret::{BranchKey, IntermediateKey};

/// The provider id of every encrypted data key of this keyring, and the label of its key derivation.
pub(crate) const PROVIDER_ID: &str = "aws-kms-hierarchy";

const SALT: usize = 16;
const VERSION: usize = 16;
const WRAPPED: usize = 32 + TAG;

/// How many versions of a branch key are asked for to open one record. A record mostly names one.
const MAX_VERSIONS: usize = 16;

/// One version of a branch key.
#[derive(Debug)]
pub struct BranchKeyMaterials {
    branch_key_id: String,
    version: Uuid,
    key: BranchKey,
}

impl BranchKeyMaterials {
    /// A version of the branch key `branch_key_id`.
    pub fn new(branch_key_id: impl Into<String>, version: Uuid, key: BranchKey) -> Self {
        Self { branch_key_id: branch_key_id.into(), version, key }
    }

    /// The branch key's id.
    pub fn branch_key_id(&self) -> &str {
        &self.branch_key_id
    }

    /// Which version of it.
    pub fn version(&self) -> Uuid {
        self.version
    }

    /// The key itself.
    pub(crate) fn key(&self) -> &BranchKey {
        &self.key
    }
}

/// Where branch keys come from: a key store, a cache before one, or memory.
pub trait BranchKeySource: Debug + Send + Sync {
    /// The version to seal with.
    fn active<'a>(&'a self, branch_key_id: &'a str) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>>;

    /// The version that a record names.
    fn version<'a>(
        &'a self,
        branch_key_id: &'a str,
        version: Uuid,
    ) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>>;

    /// The name of the key store, the same for all who use it and no other's: what a shared cache tells stores apart by.
    /// `None` if it has none; then it shares with nobody.
    fn logical_key_store_name(&self) -> Option<&str> {
        None
    }
}

/// Branch keys in memory: for tests, and for reading records when the key store is lost but its keys are not.
#[derive(Debug)]
pub struct StaticBranchKeySource {
    active: Arc<BranchKeyMaterials>,
    older: Vec<Arc<BranchKeyMaterials>>,
}

impl StaticBranchKeySource {
    /// The one version that seals and opens.
    pub fn new(active: BranchKeyMaterials) -> Self {
        Self { active: Arc::new(active), older: Vec::new() }
    }

    /// Adds a version, or a version of another branch key, that only opens.
    #[must_use]
    pub fn with_older(mut self, older: BranchKeyMaterials) -> Self {
        self.older.push(Arc::new(older));
        self
    }
}

impl BranchKeySource for StaticBranchKeySource {
    fn active<'a>(&'a self, branch_key_id: &'a str) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        let found = Some(&self.active).filter(|key| key.branch_key_id == branch_key_id).cloned();
        let none = || MaterialsError::NoBranchKey { branch_key_id: branch_key_id.to_owned(), version: None };
        Box::pin(std::future::ready(found.ok_or_else(none)))
    }

    fn version<'a>(
        &'a self,
        branch_key_id: &'a str,
        version: Uuid,
    ) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        let mut all = std::iter::once(&self.active).chain(&self.older);
        let found = all.find(|key| key.branch_key_id == branch_key_id && key.version == version).cloned();
        let none = || MaterialsError::NoBranchKey {
            branch_key_id: branch_key_id.to_owned(),
            version: Some(version.to_string()),
        };
        Box::pin(std::future::ready(found.ok_or_else(none)))
    }
}

/// Wraps with the active version of a branch key, and opens with the version that the record names.
#[derive(Debug)]
pub struct HierarchicalKeyring {
    branch_key: Choice,
    source: Arc<dyn BranchKeySource>,
}

#[derive(Debug)]
enum Choice {
    Fixed(String),
    Supplied(Arc<dyn BranchKeyIdSupplier>),
}

impl HierarchicalKeyring {
    /// With one branch key for all records.
    pub fn new(branch_key_id: impl Into<String>, source: Arc<dyn BranchKeySource>) -> Self {
        Self { branch_key: Choice::Fixed(branch_key_id.into()), source }
    }

    /// With the branch key that the supplier chooses for each item, so that each tenant can have its own.
    pub fn with_supplier(supplier: Arc<dyn BranchKeyIdSupplier>, source: Arc<dyn BranchKeySource>) -> Self {
        Self { branch_key: Choice::Supplied(supplier), source }
    }

    fn branch_key_id(&self, context: &EncryptionContext) -> Result<Cow<'_, str>, MaterialsError> {
        match &self.branch_key {
            Choice::Fixed(id) => Ok(Cow::Borrowed(id)),
            Choice::Supplied(supplier) => {
                let id = supplier.branch_key_id(&branch_key_id::attributes(context)?);
                id.map(Cow::Owned).map_err(MaterialsError::BranchKeyId)
            }
        }
    }

    async fn wrap(&self, request: &mut WrapRequest<'_>) -> Result<(), MaterialsError> {
        let id = self.branch_key_id(request.context())?;
        let branch_key = self.source.active(&id).await?;
        check(&branch_key, &id, None)?;
        let recipient = request.new_recipient()?;
        // One draw, as the specification has it: salt, then nonce.
        let mut random = [0; SALT + NONCE];
        request.rng().fill(&mut random)?;
        let (salt, nonce) = split_random(&random).ok_or(CryptoError)?;
        let aad = associated_data(&branch_key, request.context());
        let mut key = zeroize::Zeroizing::new([0; 32]);
        key.copy_from_slice(recipient.intermediate_key().expose_secret());
        let tag = wrapping_key(&branch_key, salt)?.seal(*nonce, &aad, key.as_mut_slice())?;
        let wrapped = [&random, branch_key.version.as_bytes().as_slice(), key.as_slice(), &tag].concat();
        request.add_recipient(recipient, PROVIDER_ID, id.as_bytes().to_vec(), &wrapped)
    }

    async fn fetch(&self, id: &str, version: Uuid) -> Result<Arc<BranchKeyMaterials>, MaterialsError> {
        let branch_key = self.source.version(id, version).await?;
        check(&branch_key, id, Some(version))?;
        Ok(branch_key)
    }

    async fn unwrap(&self, request: &UnwrapRequest<'_>) -> Result<UnwrappedKeys, MaterialsError> {
        let id = self.branch_key_id(request.context)?;
        let is_mine =
            |edk: &EncryptedDataKeyRef<'_>| edk.provider_id == PROVIDER_ID && edk.provider_info == id.as_bytes();
        // Versions are fetched one by one, each once, and only as far as needed: the first mostly opens.
        let mut fetched: Vec<(Uuid, Option<Arc<BranchKeyMaterials>>)> = Vec::with_capacity(1);
        // A key service that failed says more than a version that is not there, which anybody can write into a header.
        let mut failed = None;
        let mut fail = |error| match (&failed, &error) {
            (None, _) => failed = Some(error),
            (
                Some(MaterialsError::NoBranchKey { .. }),
                MaterialsError::Service { .. } | MaterialsError::Denied { .. } | MaterialsError::Shared(_),
            ) => failed = Some(error),
            _ => {}
        };
        for edk in request.encrypted_data_keys.iter().filter(|edk| is_mine(edk)) {
            let Some(wrapped) = edk.split().and_then(|(_, wrapped)| WrappedKey::parse(wrapped).ok()) else {
                continue;
            };
            let branch_key = match fetched.iter().find(|(version, _)| *version == wrapped.version) {
                Some((_, branch_key)) => branch_key.clone(),
                // The header is not authenticated yet: it must not make us ask for any number of keys.
                None if fetched.len() == MAX_VERSIONS => continue,
                None => {
                    let branch_key = self.fetch(&id, wrapped.version).await.map_err(&mut fail).ok();
                    fetched.push((wrapped.version, branch_key.clone()));
                    branch_key
                }
            };
            let keys = branch_key.and_then(|branch_key| open(&branch_key, edk, &wrapped, request.context).ok());
            if let Some(keys) = keys {
                return Ok(keys);
            }
        }
        Err(failed.unwrap_or_else(|| not_opened(self, request, is_mine)))
    }
}

/// A source that mixes up its keys would seal records that nobody opens.
pub(crate) fn check(branch_key: &BranchKeyMaterials, id: &str, version: Option<Uuid>) -> Result<(), MaterialsError> {
    if branch_key.branch_key_id == id && version.is_none_or(|version| version == branch_key.version) {
        return Ok(());
    }
    Err(MaterialsError::OtherBranchKey { branch_key_id: id.to_owned() })
}

fn open(
    branch_key: &BranchKeyMaterials,
    edk: &EncryptedDataKeyRef<'_>,
    wrapped: &WrappedKey<'_>,
    context: &EncryptionContext,
) -> Result<UnwrappedKeys, MaterialsError> {
    let (wrapped_data_key, _) = edk.split().ok_or(CryptoError)?;
    let mut buffer = zeroize::Zeroizing::new(*wrapped.key);
    let aad = associated_data(branch_key, context);
    let plain = wrapping_key(branch_key, wrapped.salt)?.open(*wrapped.nonce, &aad, buffer.as_mut_slice())?;
    let intermediate = IntermediateKey::copy_from(plain).map_err(|_| CryptoError)?;
    UnwrappedKeys::open(&intermediate, wrapped_data_key, context)
}

/// The version of the branch key that an encrypted data key of this provider names.
pub(crate) fn branch_key_version(edk: &EncryptedDataKeyRef<'_>) -> Option<Uuid> {
    let (_, wrapped) = edk.split()?;
    WrappedKey::parse(wrapped).ok().map(|wrapped| wrapped.version)
}

/// What this keyring writes behind the wrapped data key: salt ‖ nonce ‖ branch key version ‖ key ‖ tag.
struct WrappedKey<'a> {
    salt: &'a [u8; SALT],
    nonce: &'a [u8; NONCE],
    version: Uuid,
    key: &'a [u8; WRAPPED],
}

impl<'a> WrappedKey<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(bytes);
        let (salt, nonce) = (cursor.array()?, cursor.array()?);
        let version = Uuid::from_bytes(*cursor.array::<VERSION>()?);
        let key = cursor.array()?;
        cursor.finish()?;
        Ok(Self { salt, nonce, version, key })
    }
}

fn split_random(random: &[u8; SALT + NONCE]) -> Option<(&[u8; SALT], &[u8; NONCE])> {
    let (salt, nonce) = random.split_first_chunk()?;
    Some((salt, nonce.try_into().ok()?))
}

fn wrapping_key(branch_key: &BranchKeyMaterials, salt: &[u8; SALT]) -> Result<AeadKey, CryptoError> {
    let mut key = zeroize::Zeroizing::new([0; 32]);
    kdf_ctr::derive(Prf::HmacSha256, branch_key.key.expose_secret(), PROVIDER_ID.as_bytes(), salt, &mut key)?;
    AeadKey::aes256(&key)
}

fn associated_data(branch_key: &BranchKeyMaterials, context: &EncryptionContext) -> Vec<u8> {
    [PROVIDER_ID.as_bytes(), branch_key.branch_key_id.as_bytes(), branch_key.version.as_bytes(), context.canonical()]
        .concat()
}

impl Keyring for HierarchicalKeyring {
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
        match &self.branch_key {
            Choice::Fixed(id) => format!("branch key {id}"),
            Choice::Supplied(_) => "branch key of the item's supplier".to_owned(),
        }
    }
}
