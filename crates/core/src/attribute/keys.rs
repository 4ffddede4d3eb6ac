//! Root keys, and the keys that come from them: one for each root, table, attribute and mode.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;
use zeroize::Zeroizing;

use super::format::{AttributeSuite, KeyId, put};
use super::{DeterministicAttribute, Place, RandomisedAttribute};
use crate::keyring::{BranchKeyMaterials, BranchKeySource, check_branch_key};
use crate::materials::MaterialsError;
use crate::primitives::CryptoError;
use crate::primitives::gcm_siv::GcmSivKey;
use crate::primitives::hkdf::Prk;
use crate::primitives::rng::{SecureRandom, SystemRandom};
use crate::primitives::siv::SivKey;

/// What the key of each attribute is derived with: before the suite, the table, the attribute and the id of the root.
const KEY_INFO: &[u8] = b"DYNASEAL_ATTRIBUTE_KEY_V1";
/// What the root of a branch key is derived with, before the branch key's id. Branch keys wrap data keys as well, with
/// another function and another label.
const ROOT_INFO: &[u8] = b"DYNASEAL_ATTRIBUTE_ROOT_V1";

/// A root key of 32 bytes with a name. Sealed attributes carry the name, so that it is found again after a rotation.
///
/// The name is not secret. It must always stand for the same key: under another key of the same name nothing opens.
pub struct AttributeRoot {
    id: KeyId,
    key: Box<Zeroizing<[u8; 32]>>,
}

/// A root key that can not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttributeKeyError {
    /// The id is empty, has more than 64 bytes or has control characters.
    #[error("{0}")]
    Id(&'static str),
    /// Two root keys with one id.
    #[error("there is a root key `{id}` already: each has an id of its own")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// An empty passphrase.
    #[error("the passphrase is empty: is the variable set that it comes from?")]
    EmptyPassphrase,
    /// The memory that the recipe asks for is not there.
    #[error("the recipe wants {kib} KiB of memory, and there is not that much")]
    Memory {
        /// In KiB.
        kib: u32,
    },
    /// The cryptographic library refused.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl AttributeRoot {
    /// From 32 bytes that nobody can guess; wiping those is the caller's.
    ///
    /// # Errors
    /// If the id is empty, has more than 64 bytes of UTF-8, or has control characters.
    pub fn from_bytes(id: impl Into<String>, key: &[u8; 32]) -> Result<Self, AttributeKeyError> {
        Self::fill_with(id.into(), |out| {
            out.copy_from_slice(key);
            Ok(())
        })
    }

    /// The id is checked before `fill` is asked, which may be slow.
    pub(super) fn fill_with(
        id: String,
        fill: impl FnOnce(&mut [u8; 32]) -> Result<(), AttributeKeyError>,
    ) -> Result<Self, AttributeKeyError> {
        let id = KeyId::new(id).map_err(AttributeKeyError::Id)?;
        let mut key = Box::new(Zeroizing::new([0; 32]));
        fill(&mut key)?;
        Ok(Self { id, key })
    }

    /// From the active version of a branch key. The id of the root is the version, a UUID: after a rotation, take the
    /// new root for sealing and add the old one, from [`from_branch_key_version`](Self::from_branch_key_version), for
    /// reading.
    ///
    /// # Errors
    /// If the source has no such branch key, or fails.
    ///
    /// ```
    /// # use dynaseal_core::{AttributeKeys, AttributeRoot, BranchKey, BranchKeyMaterials, StaticBranchKeySource, Uuid};
    /// # use dynaseal_testkit::block_on;
    /// # let source = StaticBranchKeySource::new(BranchKeyMaterials::new("tenant-a", Uuid::from_u128(2), BranchKey::copy_from(&[2; 32])?))
    /// #     .with_older(BranchKeyMaterials::new("tenant-a", Uuid::from_u128(1), BranchKey::copy_from(&[1; 32])?));
    /// # let before_the_rotation = Uuid::from_u128(1);
    /// # block_on(async {
    /// let active = AttributeRoot::from_branch_key(&source, "tenant-a").await?;
    /// let older = AttributeRoot::from_branch_key_version(&source, "tenant-a", before_the_rotation).await?;
    /// let keys = AttributeKeys::new(active).and_reads(older)?;
    /// # assert_eq!(keys.active_id(), Uuid::from_u128(2).to_string());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn from_branch_key(source: &dyn BranchKeySource, branch_key_id: &str) -> Result<Self, MaterialsError> {
        let branch_key = source.active(branch_key_id).await?;
        check_branch_key(&branch_key, branch_key_id, None)?;
        Ok(Self::derive(&branch_key)?)
    }

    /// From one version of a branch key, to read what was sealed under it.
    ///
    /// # Errors
    /// If the source has no such version, or fails.
    pub async fn from_branch_key_version(
        source: &dyn BranchKeySource,
        branch_key_id: &str,
        version: Uuid,
    ) -> Result<Self, MaterialsError> {
        let branch_key = source.version(branch_key_id, version).await?;
        check_branch_key(&branch_key, branch_key_id, Some(version))?;
        Ok(Self::derive(&branch_key)?)
    }

    fn derive(branch_key: &BranchKeyMaterials) -> Result<Self, CryptoError> {
        let id = KeyId::new(branch_key.version().to_string()).expect("a UUID is 36 letters, digits and hyphens");
        let mut key = Box::new(Zeroizing::new([0; 32]));
        let prk = Prk::extract(branch_key.key().expose_secret());
        prk.expand(&[ROOT_INFO, branch_key.branch_key_id().as_bytes()], &mut key)?;
        Ok(Self { id, key })
    }

    /// The name that sealed attributes carry.
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Fills `out` with the key of an attribute in one mode.
    fn expand<const N: usize>(
        &self,
        suite: AttributeSuite,
        place: &Place,
        out: &mut [u8; N],
    ) -> Result<(), CryptoError> {
        let mut id = Vec::with_capacity(4 + self.id().len());
        put(self.id().as_bytes(), &mut id).ok_or(CryptoError)?;
        Prk::extract(&self.key).expand(&[KEY_INFO, &[suite.byte()], place.encoded(), &id], out)
    }
}

impl fmt::Debug for AttributeRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AttributeRoot({:?}, redacted)", self.id())
    }
}

/// A key of one attribute, and the id of the root that it comes from.
pub(super) struct Rooted<K> {
    pub(super) id: KeyId,
    pub(super) key: K,
}

/// The root keys of an application: one that seals, and any number that only open.
///
/// Cloning is cheap, and all clones share the keys.
///
/// ```
/// use dynaseal_core::{AttributeKeys, AttributeRoot};
///
/// // In production the bytes come from a secret store.
/// let keys = AttributeKeys::new(AttributeRoot::from_bytes("2026-11", &[7; 32])?)
///     .and_reads(AttributeRoot::from_bytes("2025-11", &[6; 32])?)?;
/// assert_eq!(keys.active_id(), "2026-11");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AttributeKeys {
    active: Arc<AttributeRoot>,
    others: Vec<Arc<AttributeRoot>>,
    random: Arc<dyn SecureRandom>,
}

impl AttributeKeys {
    /// With one root key that seals and opens.
    pub fn new(active: AttributeRoot) -> Self {
        Self { active: Arc::new(active), others: Vec::new(), random: Arc::new(SystemRandom) }
    }

    /// Adds a root key that only opens: one from before a rotation, or one that another application seals with.
    ///
    /// # Errors
    /// If there is a root key with this id already.
    pub fn and_reads(mut self, other: AttributeRoot) -> Result<Self, AttributeKeyError> {
        if self.roots().any(|root| root.id == other.id) {
            return Err(AttributeKeyError::DuplicateId { id: other.id().to_owned() });
        }
        self.others.push(Arc::new(other));
        Ok(self)
    }

    /// Takes the nonces of randomised attributes from another source. For tests: whoever knows the nonces of two equal
    /// values sees that they are equal.
    #[must_use]
    pub fn with_random(mut self, random: Arc<dyn SecureRandom>) -> Self {
        self.random = random;
        self
    }

    /// The id of the root key that seals.
    pub fn active_id(&self) -> &str {
        self.active.id()
    }

    /// Seals and opens an attribute so that equal values look different: the choice for everything that is not searched.
    ///
    /// `table` is the logical table name, which stays the same when a table is restored under another name. Keys are
    /// derived here, once for each root: keep what this gives.
    ///
    /// # Errors
    /// If the cryptographic library refuses.
    pub fn randomised(&self, table: &str, attribute: &str) -> Result<RandomisedAttribute, CryptoError> {
        let place = Place::new(table, attribute)?;
        let key = |root: &AttributeRoot| {
            let mut bytes = Zeroizing::new([0; 32]);
            root.expand(AttributeSuite::Randomised, &place, &mut bytes)?;
            GcmSivKey::new(&bytes)
        };
        let roots = self.each(key)?;
        Ok(RandomisedAttribute::new(place, roots, self.random.clone()))
    }

    /// Seals and opens an attribute so that equal values are equal bytes: it can be a key, be compared and be searched.
    ///
    /// Everybody who reads the table sees which items have the same value, how often each value comes, and how long it is;
    /// who can also have values sealed finds out those of a small set. As in [`randomised`](Self::randomised), the table
    /// name is the logical one, and the keys are derived here.
    ///
    /// # Errors
    /// If the cryptographic library refuses.
    pub fn deterministic(&self, table: &str, attribute: &str) -> Result<DeterministicAttribute, CryptoError> {
        let place = Place::new(table, attribute)?;
        let key = |root: &AttributeRoot| {
            let mut bytes = Zeroizing::new([0; 64]);
            root.expand(AttributeSuite::Deterministic, &place, &mut bytes)?;
            Ok(SivKey::new(&bytes))
        };
        let roots = self.each(key)?;
        Ok(DeterministicAttribute::new(place, roots))
    }

    /// The active one first.
    fn roots(&self) -> impl Iterator<Item = &AttributeRoot> {
        std::iter::once(&self.active).chain(&self.others).map(Arc::as_ref)
    }

    /// The keys of all roots, the active one's first.
    fn each<K>(&self, key: impl Fn(&AttributeRoot) -> Result<K, CryptoError>) -> Result<Roots<K>, CryptoError> {
        let rooted = |root: &AttributeRoot| Ok(Rooted { id: root.id.clone(), key: key(root)? });
        let others = self.others.iter().map(|root| rooted(root)).collect::<Result<_, CryptoError>>()?;
        Ok(Roots { active: rooted(&self.active)?, others })
    }
}

/// The keys of one attribute in one mode.
pub(super) struct Roots<K> {
    pub(super) active: Rooted<K>,
    others: Vec<Rooted<K>>,
}

impl<K> Roots<K> {
    /// The active one first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Rooted<K>> {
        std::iter::once(&self.active).chain(&self.others)
    }

    /// The one that a sealed attribute names.
    pub(super) fn find(&self, id: &str) -> Option<&Rooted<K>> {
        self.iter().find(|root| root.id.as_str() == id)
    }
}

/// The ids, the active one first.
impl<K> fmt::Debug for Roots<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|root| root.id.as_str())).finish()
    }
}
