//! The item encryptor: plain items in, sealed items out, and back (specification: `ddb-item-encryptor.md`).

use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use crate::cmm::{Cmm, DefaultCmm};
use crate::context::{EncryptionContext, is_reserved_claim};
use crate::error::{ErrorKind, ItemError};
use crate::fields::{self, Field};
use crate::format::Header;
use crate::inspect::{Inspection, ParsedHeader};
use crate::keyring::Keyring;
use crate::legacy::{LegacyEncryptor, LegacyError, LegacyPolicy, looks_legacy};
use crate::materials::{
    BoxFuture, DecryptionMaterials, DecryptionRequest, EncryptionMaterials, EncryptionRequest, MaterialsError,
};
use crate::open::verify;
use crate::primitives::rng::{SecureRandom, SystemRandom};
use crate::schema::{ConfigError, CryptoAction, FOOT, HEAD, PlaintextPolicy, RESERVED_PREFIX, TableConfig};
use crate::seal::{Seal, seal};
use crate::serialize::size_bound;
use crate::value::{AttributeValue, Item, MAX_ITEM_SIZE, item_size, names_only};
use crate::writable;

/// Seals and opens the items of one table.
///
/// Cheap to clone, and meant to be shared.
///
/// ```
/// use dynaseal_core::{Item, ItemEncryptor, RawAesKeyring, TableConfig};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use dynaseal_testkit::block_on;
/// let config = TableConfig::builder("people", "id").encrypt(["diagnosis"]).build()?;
/// let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("example", "key-1", &[7; 32])?);
///
/// let item = Item::from([("id".to_owned(), "ada".into()), ("diagnosis".to_owned(), "influenza".into())]);
/// let sealed = block_on(encryptor.encrypt_item(item.clone()))?;
/// assert!(!format!("{:?}", sealed.item).contains("influenza"));
/// let opened = block_on(encryptor.decrypt_item(sealed.item))?;
/// assert_eq!(opened.item, item);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct ItemEncryptor {
    config: Arc<TableConfig>,
    cmm: Arc<dyn Cmm>,
    rng: Arc<dyn SecureRandom>,
    legacy: Option<Legacy>,
}

/// The older format of a table, and when it is used.
#[derive(Clone, Debug)]
struct Legacy {
    policy: LegacyPolicy,
    encryptor: Arc<dyn LegacyEncryptor>,
}

/// A sealed item.
pub struct SealedItem {
    /// What to write to DynamoDB.
    pub item: Item,
    /// Its header; `None` if the plaintext policy forbids sealing, so that the item is as it was, or if the legacy policy
    /// wants the older format.
    pub header: Option<ParsedHeader>,
}

/// An opened item.
pub struct OpenedItem {
    /// The plain item. All attributes that belong to the library are gone.
    pub item: Item,
    /// Its header; `None` if the item was not sealed and the plaintext policy allows that, or was of the older format and
    /// the legacy policy allows that.
    pub header: Option<ParsedHeader>,
}

/// Without the values.
impl fmt::Debug for SealedItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_item("SealedItem", &self.item, self.header.as_ref(), f)
    }
}

/// Without the values.
impl fmt::Debug for OpenedItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_item("OpenedItem", &self.item, self.header.as_ref(), f)
    }
}

fn debug_item(name: &str, item: &Item, header: Option<&ParsedHeader>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(name).field("item", &names_only(item)).field("header", &header).finish()
}

/// An item on its way to being opened, with its keys.
pub struct PreparedItem {
    item: Item,
    found: Prepared,
}

/// Without values and keys.
impl fmt::Debug for PreparedItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = match &self.found {
            Prepared::Record(..) => "record",
            Prepared::Plain => "plain",
            Prepared::Legacy => "older format",
        };
        f.debug_struct("PreparedItem").field("item", &names_only(&self.item)).field("found", &found).finish()
    }
}

enum Prepared {
    Record(Record, DecryptionMaterials),
    Plain,
    /// Of the older format, and opened already: its keys are no materials that could be handed on.
    Legacy,
}

/// What an item is.
enum Found {
    Record(Record),
    Plain,
    Legacy,
}

/// Header and footer as they were stored.
struct Record {
    head: Vec<u8>,
    foot: Vec<u8>,
}

impl ItemEncryptor {
    /// With a keyring.
    pub fn new(config: TableConfig, keyring: impl Keyring + 'static) -> Self {
        Self::with_cmm(config, Arc::new(DefaultCmm::new(Arc::new(keyring))))
    }

    /// With a cryptographic materials manager.
    pub fn with_cmm(config: TableConfig, cmm: Arc<dyn Cmm>) -> Self {
        Self { config: Arc::new(config), cmm, rng: Arc::new(SystemRandom), legacy: None }
    }

    /// Takes randomness from elsewhere: to reproduce a record, or from a hardware source. With ECDSA the key pair and
    /// the signature still come from the cryptographic library.
    #[must_use]
    pub fn with_random(mut self, rng: Arc<dyn SecureRandom>) -> Self {
        self.rng = rng;
        self
    }

    /// Signs these attributes as well, which search adds to items: see [`TableConfig::with_signed`].
    ///
    /// # Errors
    /// As there.
    pub fn with_signed<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Result<Self, ConfigError> {
        self.config = Arc::new(TableConfig::clone(&self.config).with_signed(names)?);
        Ok(self)
    }

    /// Reads, and by the policy also writes, items of an older format: those of the DynamoDB Encryption Client.
    ///
    /// # Errors
    /// If the table has a plaintext policy as well: nobody could say what an item without a header is.
    pub fn with_legacy(
        mut self,
        policy: LegacyPolicy,
        encryptor: Arc<dyn LegacyEncryptor>,
    ) -> Result<Self, ConfigError> {
        if self.config.plaintext_policy() != PlaintextPolicy::default() {
            return Err(ConfigError::LegacyAndPlaintext);
        }
        self.legacy = Some(Legacy { policy, encryptor });
        Ok(self)
    }

    /// The older format, and when it is used.
    pub fn legacy(&self) -> Option<(LegacyPolicy, &Arc<dyn LegacyEncryptor>)> {
        self.legacy.as_ref().map(|legacy| (legacy.policy, &legacy.encryptor))
    }

    /// Whether what it seals are records: neither the plaintext policy nor the legacy policy wants something else.
    pub fn writes_records(&self) -> bool {
        let plain = self.config.plaintext_policy() == PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead;
        !plain && !self.writes_legacy()
    }

    fn writes_legacy(&self) -> bool {
        self.legacy.as_ref().is_some_and(|legacy| legacy.policy == LegacyPolicy::ForceLegacyEncryptAllowLegacyDecrypt)
    }

    /// Whether an item is of the older format of this table, as far as one can tell without keys.
    pub fn is_legacy(&self, item: &Item) -> bool {
        !item.contains_key(HEAD)
            && match &self.legacy {
                Some(legacy) => legacy.encryptor.is_legacy(item),
                None => looks_legacy(item),
            }
    }

    /// Returns an encryptor for each keyring of a multi-keyring alone, to find out who of a record's recipients can open it:
    /// this encryptor is content with one. Nothing if there is only one keyring.
    pub fn members(&self) -> Vec<Self> {
        self.cmm.members().into_iter().map(|cmm| Self { cmm, ..self.clone() }).collect()
    }

    /// The table's configuration.
    pub fn config(&self) -> &TableConfig {
        &self.config
    }

    /// Seals an item.
    ///
    /// # Errors
    /// If an attribute has no action, a value is none that DynamoDB takes, the sealed item would pass 400 KB, or the
    /// keyring fails. Nothing of the plaintext is in the error but the key attributes.
    pub async fn encrypt_item(&self, mut item: Item) -> Result<SealedItem, ItemError> {
        match self.seal(&mut item).await {
            Ok(header) => Ok(SealedItem { item, header }),
            Err(kind) => Err(ItemError::new(&self.config, &item, "sealed", kind)),
        }
    }

    /// Refuses an item that DynamoDB would not take in plain: with an empty key or an empty set,
    /// wherever it stands. In an encrypted value DynamoDB would not see it, and the item could never be written in plain.
    /// Other clients seal such values; [`encrypt_item`](Self::encrypt_item) does, too, for whoever carries on what they wrote.
    ///
    /// # Errors
    /// `Value`, with the attribute and the place in it.
    pub fn check_writable(&self, item: &Item) -> Result<(), ItemError> {
        writable::check(item, &self.config).map_err(|kind| ItemError::new(&self.config, item, "sealed", kind))
    }

    /// Opens an item.
    ///
    /// Everything is verified before anything is decrypted. Attributes that are not signed come back as they are, and
    /// nobody vouches for them.
    ///
    /// # Errors
    /// If the item is not sealed, was changed, belongs to another table or item, or the keyring has no key for it.
    pub async fn decrypt_item(&self, mut item: Item) -> Result<OpenedItem, ItemError> {
        match self.open(&mut item).await {
            Ok(header) => Ok(OpenedItem { item, header }),
            Err(kind) => Err(ItemError::new(&self.config, &item, "opened", kind)),
        }
    }

    /// Fetches what opening an item needs from elsewhere, so that [`open_prepared`](Self::open_prepared), which only
    /// computes, can run where and when the caller likes: many items on all cores, for example.
    ///
    /// # Errors
    /// If the item is not sealed, its header is broken, or the keyring has no key for it.
    pub async fn prepare(&self, mut item: Item) -> Result<PreparedItem, ItemError> {
        match self.materials_of(&mut item).await {
            Ok(found) => Ok(PreparedItem { item, found }),
            Err(kind) => Err(ItemError::new(&self.config, &item, "opened", kind)),
        }
    }

    /// Opens an item that was prepared by this encryptor. Does what [`decrypt_item`](Self::decrypt_item) does, without
    /// waiting for anything.
    ///
    /// # Errors
    /// As `decrypt_item`.
    pub fn open_prepared(&self, prepared: PreparedItem) -> Result<OpenedItem, ItemError> {
        let PreparedItem { mut item, found } = prepared;
        let opened = match found {
            Prepared::Record(record, materials) => self.open_with(&mut item, record, materials).map(Some),
            // Asked again, for it may be another encryptor's item.
            Prepared::Plain => self.pass_plaintext().map(|()| remove_reserved(&mut item)).map(|()| None),
            Prepared::Legacy => self.readable_legacy().map(|_| None),
        };
        match opened {
            Ok(header) => Ok(OpenedItem { item, header }),
            Err(kind) => Err(ItemError::new(&self.config, &item, "opened", kind)),
        }
    }

    /// What can be read of a sealed item without any key.
    ///
    /// # Errors
    /// If it is not sealed, or its header is broken.
    pub fn inspect(&self, item: &Item) -> Result<Inspection, ItemError> {
        let failed = |kind| ItemError::new(&self.config, item, "inspected", kind);
        Inspection::new(item, Some(&self.config)).map_err(failed)
    }

    async fn seal(&self, item: &mut Item) -> Result<Option<ParsedHeader>, ErrorKind> {
        self.check_keys(item)?;
        if let Some(legacy) = self.legacy.as_ref().filter(|_| self.writes_legacy()) {
            // As in a record: what is reserved or missing would break the item when the policy changes.
            fields::check_context_attributes(item, &self.config)?;
            fields::check_reserved(item)?;
            self.by_legacy(item, |item| legacy.encryptor.encrypt_item(item)).await?;
            return too_large(item).map(|()| None);
        }
        if self.config.plaintext_policy() == PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead {
            // So that the item can be sealed when the policy changes, and does not look as if it were.
            fields::check_context_attributes(item, &self.config)?;
            fields::check_reserved(item)?;
            return Ok(None);
        }
        let mut fields = fields::of_plain_item(item, &self.config)?;
        let version = self.config.version();
        let context = fields::context(&fields, &self.config, version)?;
        fields::sort(&mut fields);

        let encrypted = fields.iter().filter(|field| field.action == CryptoAction::EncryptAndSign);
        let plaintext_length: usize = encrypted.map(|field| 2 + size_bound(field.value)).sum();
        let request = EncryptionRequest {
            suite: self.config.algorithm_suite(),
            context: context.clone(),
            required_keys: self.config.required_keys().clone(),
            max_plaintext_length: u64::try_from(plaintext_length).unwrap_or(u64::MAX),
            rng: &*self.rng,
        };
        let materials = self.cmm.encryption_materials(request).await?;
        check_materials(&materials, &context, &self.config)?;

        let mut message_id = [0; 32];
        self.rng.fill(&mut message_id)?;
        let Seal { head, foot } = seal(&mut fields, version, self.config.path_prefix(), &message_id, &materials)?;
        let header = ParsedHeader::new(head.clone(), fields, materials.context);
        item.insert(HEAD.to_owned(), AttributeValue::B(head));
        item.insert(FOOT.to_owned(), AttributeValue::B(foot));
        too_large(item).map(|()| Some(header))
    }

    async fn open(&self, item: &mut Item) -> Result<Option<ParsedHeader>, ErrorKind> {
        let record = match self.take_record(item)? {
            Found::Record(record) => record,
            Found::Plain => {
                remove_reserved(item);
                return Ok(None);
            }
            Found::Legacy => return self.open_legacy(item).await.map(|()| None),
        };
        let (header, fields, context) = self.parts(item, &record)?;
        let materials = self.cmm.decryption_materials(decryption_request(&header, &context)).await?;
        let fields = self.verified(&record, &header, fields, &context, &materials)?;
        drop(header);
        let header = ParsedHeader::new(record.head, fields, materials.context);
        remove_reserved(item);
        Ok(Some(header))
    }

    async fn materials_of(&self, item: &mut Item) -> Result<Prepared, ErrorKind> {
        let record = match self.take_record(item)? {
            Found::Record(record) => record,
            Found::Plain => return Ok(Prepared::Plain),
            Found::Legacy => return self.open_legacy(item).await.map(|()| Prepared::Legacy),
        };
        let (header, _, context) = self.parts(item, &record)?;
        let materials = self.cmm.decryption_materials(decryption_request(&header, &context)).await?;
        drop(header);
        Ok(Prepared::Record(record, materials))
    }

    fn open_with(
        &self,
        item: &mut Item,
        record: Record,
        materials: DecryptionMaterials,
    ) -> Result<ParsedHeader, ErrorKind> {
        let (header, fields, context) = self.parts(item, &record)?;
        let fields = self.verified(&record, &header, fields, &context, &materials)?;
        drop(header);
        let header = ParsedHeader::new(record.head, fields, materials.context);
        remove_reserved(item);
        Ok(header)
    }

    /// Header and footer, out of the item; an item without them where the policy allows it.
    fn take_record(&self, item: &mut Item) -> Result<Found, ErrorKind> {
        self.check_keys(item)?;
        match (item.remove(HEAD), item.remove(FOOT)) {
            (Some(AttributeValue::B(head)), Some(AttributeValue::B(foot))) => Ok(Found::Record(Record { head, foot })),
            (None, None) if self.is_legacy(item) => self.readable_legacy().map(|_| Found::Legacy),
            (None, None) => self.pass_plaintext().map(|()| Found::Plain),
            (Some(AttributeValue::B(_)), _) => Err(ErrorKind::Incomplete { name: FOOT }),
            _ => Err(ErrorKind::Incomplete { name: HEAD }),
        }
    }

    /// What a sealed item says without any key.
    fn parts<'i, 'h>(
        &self,
        item: &'i mut Item,
        record: &'h Record,
    ) -> Result<(Header<'h>, Vec<Field<'i>>, EncryptionContext), ErrorKind> {
        let header = Header::parse(&record.head).map_err(|error| ErrorKind::malformed(HEAD, error))?;
        let fields = fields::of_sealed_item(item, &header, &self.config)?;
        fields::check_claims(&fields, &header, &self.config)?;
        let context = fields::context(&fields, &self.config, header.version)?;
        Ok((header, fields, context))
    }

    /// The fields, decrypted, if everything is as it was written.
    fn verified<'i>(
        &self,
        record: &Record,
        header: &Header<'_>,
        fields: Vec<Field<'i>>,
        context: &EncryptionContext,
        materials: &DecryptionMaterials,
    ) -> Result<Vec<Field<'i>>, ErrorKind> {
        if !materials.context.contains_all(context) {
            return Err(MaterialsError::Changed { what: "the encryption context" }.into());
        }
        verify(header, &record.head, &record.foot, fields, self.config.path_prefix(), materials)?.open()
    }

    fn pass_plaintext(&self) -> Result<(), ErrorKind> {
        match self.config.plaintext_policy() {
            PlaintextPolicy::ForbidPlaintextWriteForbidPlaintextRead => {
                Err(ErrorKind::NotSealed { has_legacy_policy: self.legacy.is_some() })
            }
            _ => Ok(()),
        }
    }

    /// What opens items of the older format. Without it they are refused, also where plain items may be read: their values
    /// are ciphertext.
    fn readable_legacy(&self) -> Result<&Legacy, ErrorKind> {
        let legacy = self.legacy.as_ref().filter(|legacy| legacy.policy.reads_legacy());
        let has_plaintext_policy = self.config.plaintext_policy() != PlaintextPolicy::default();
        legacy.ok_or(ErrorKind::LegacyForbidden { has_plaintext_policy })
    }

    async fn open_legacy(&self, item: &mut Item) -> Result<(), ErrorKind> {
        let legacy = self.readable_legacy()?;
        self.by_legacy(item, |item| legacy.encryptor.decrypt_item(item)).await?;
        // Beacons and the like were never part of that format.
        remove_reserved(item);
        Ok(())
    }

    /// The item as `run` makes it. If it fails, the key attributes are left for the message.
    async fn by_legacy<'a>(
        &self,
        item: &mut Item,
        run: impl FnOnce(Item) -> BoxFuture<'a, Result<Item, LegacyError>>,
    ) -> Result<(), ErrorKind> {
        let named = |name: &str| item.get(name).map(|value| (name.to_owned(), value.clone()));
        let key: Item = self.config.key_names().filter_map(named).collect();
        match run(std::mem::take(item)).await {
            Ok(made) if key.iter().all(|(name, value)| made.get(name) == Some(value)) => {
                *item = made;
                Ok(())
            }
            Ok(_) => {
                *item = key;
                Err(ErrorKind::LegacyKey)
            }
            Err(error) => {
                *item = key;
                Err(ErrorKind::Legacy(error))
            }
        }
    }

    fn check_keys(&self, item: &Item) -> Result<(), ErrorKind> {
        match self.config.key_names().find(|name| !item.contains_key(*name)) {
            Some(name) => Err(ErrorKind::KeyMissing { name: name.to_owned() }),
            None => Ok(()),
        }
    }
}

fn too_large(item: &Item) -> Result<(), ErrorKind> {
    match item_size(item) {
        size if size > MAX_ITEM_SIZE => Err(ErrorKind::TooLarge { size }),
        _ => Ok(()),
    }
}

/// A CMM may add to the context, and nothing else: a record that leaves out what was asked for could not be opened, or
/// would not be bound to its item.
fn check_materials(
    materials: &EncryptionMaterials,
    context: &EncryptionContext,
    config: &TableConfig,
) -> Result<(), MaterialsError> {
    let what = if materials.suite != config.algorithm_suite() {
        "the algorithm suite"
    } else if !materials.context.contains_all(context) {
        "the encryption context"
    } else if !materials.required_keys.contains_all(config.required_keys()) || stores_reserved(materials) {
        "the required keys"
    } else {
        return Ok(());
    };
    Err(MaterialsError::Changed { what })
}

/// Whether the header would have a pair that every reader refuses there.
fn stores_reserved(materials: &EncryptionMaterials) -> bool {
    materials.context.iter().any(|(key, _)| is_reserved_claim(key) && !materials.required_keys.contains(key))
}

fn decryption_request<'a>(header: &'a Header<'a>, context: &EncryptionContext) -> DecryptionRequest<'a> {
    DecryptionRequest {
        suite: header.suite,
        encrypted_data_keys: &header.encrypted_data_keys,
        stored_context: header.context,
        reproduced_context: context.clone(),
    }
}

/// Beacons and whatever else the library put there.
fn remove_reserved(item: &mut Item) {
    let first = |item: &Item| {
        let behind: (Bound<&str>, Bound<&str>) = (Bound::Included(RESERVED_PREFIX), Bound::Unbounded);
        let (name, _) = item.range::<str, _>(behind).next()?;
        name.starts_with(RESERVED_PREFIX).then(|| name.clone())
    };
    while let Some(name) = first(item) {
        item.remove(&name);
    }
}
