//! The item encryptor: plain items in, sealed items out, and back (specification: `ddb-item-encryptor.md`).

use std::ops::Bound;
use std::sync::Arc;

use crate::cmm::{Cmm, DefaultCmm};
use crate::context::EncryptionContext;
use crate::error::{ErrorKind, ItemError};
use crate::fields::{self, Field};
use crate::format::Header;
use crate::inspect::{Inspection, ParsedHeader};
use crate::keyring::Keyring;
use crate::materials::{
    DecryptionMaterials, DecryptionRequest, EncryptionMaterials, EncryptionRequest, MaterialsError,
};
use crate::open::verify;
use crate::primitives::rng::{SecureRandom, SystemRandom};
use crate::schema::{ConfigError, CryptoAction, FOOT, HEAD, PlaintextPolicy, RESERVED_PREFIX, TableConfig};
use crate::seal::{Seal, seal};
use crate::serialize::size_bound;
use crate::value::{AttributeValue, Item, MAX_ITEM_SIZE, item_size};

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
}

/// A sealed item.
#[derive(Debug)]
pub struct SealedItem {
    /// What to write to DynamoDB.
    pub item: Item,
    /// Its header; `None` if the plaintext policy forbids sealing, so that the item is as it was.
    pub header: Option<ParsedHeader>,
}

/// An opened item.
#[derive(Debug)]
pub struct OpenedItem {
    /// The plain item. All attributes that belong to the library are gone.
    pub item: Item,
    /// Its header; `None` if the item was not sealed and the plaintext policy allows that.
    pub header: Option<ParsedHeader>,
}

/// An item on its way to being opened, with its keys.
#[derive(Debug)]
pub struct PreparedItem {
    item: Item,
    /// Nothing for a plain item.
    sealed: Option<Sealed>,
}

#[derive(Debug)]
struct Sealed {
    record: Record,
    materials: DecryptionMaterials,
}

/// Header and footer as they were stored.
#[derive(Debug)]
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
        Self { config: Arc::new(config), cmm, rng: Arc::new(SystemRandom) }
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
            Ok(sealed) => Ok(PreparedItem { item, sealed }),
            Err(kind) => Err(ItemError::new(&self.config, &item, "opened", kind)),
        }
    }

    /// Opens an item that was prepared by this encryptor. Does what [`decrypt_item`](Self::decrypt_item) does, without
    /// waiting for anything.
    ///
    /// # Errors
    /// As `decrypt_item`.
    pub fn open_prepared(&self, prepared: PreparedItem) -> Result<OpenedItem, ItemError> {
        let PreparedItem { mut item, sealed } = prepared;
        let opened = match sealed {
            Some(Sealed { record, materials }) => self.open_with(&mut item, record, materials).map(Some),
            // Asked again, for it may be another encryptor's item.
            None => self.pass_plaintext().inspect(|_| remove_reserved(&mut item)),
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
        match item_size(item) {
            size if size > MAX_ITEM_SIZE => Err(ErrorKind::TooLarge { size }),
            _ => Ok(Some(header)),
        }
    }

    async fn open(&self, item: &mut Item) -> Result<Option<ParsedHeader>, ErrorKind> {
        let Some(record) = self.take_record(item)? else {
            remove_reserved(item);
            return Ok(None);
        };
        let (header, fields, context) = self.parts(item, &record)?;
        let materials = self.cmm.decryption_materials(decryption_request(&header, &context)).await?;
        let fields = self.verified(&record, &header, fields, &context, &materials)?;
        drop(header);
        let header = ParsedHeader::new(record.head, fields, materials.context);
        remove_reserved(item);
        Ok(Some(header))
    }

    async fn materials_of(&self, item: &mut Item) -> Result<Option<Sealed>, ErrorKind> {
        let Some(record) = self.take_record(item)? else { return Ok(None) };
        let (header, _, context) = self.parts(item, &record)?;
        let materials = self.cmm.decryption_materials(decryption_request(&header, &context)).await?;
        drop(header);
        Ok(Some(Sealed { record, materials }))
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

    /// Header and footer, out of the item; nothing for a plain item where the policy allows those.
    fn take_record(&self, item: &mut Item) -> Result<Option<Record>, ErrorKind> {
        self.check_keys(item)?;
        match (item.remove(HEAD), item.remove(FOOT)) {
            (Some(AttributeValue::B(head)), Some(AttributeValue::B(foot))) => Ok(Some(Record { head, foot })),
            (None, None) => self.pass_plaintext(),
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

    fn pass_plaintext<T>(&self) -> Result<Option<T>, ErrorKind> {
        match self.config.plaintext_policy() {
            PlaintextPolicy::ForbidPlaintextWriteForbidPlaintextRead => Err(ErrorKind::NotSealed),
            _ => Ok(None),
        }
    }

    fn check_keys(&self, item: &Item) -> Result<(), ErrorKind> {
        match self.config.key_names().find(|name| !item.contains_key(*name)) {
            Some(name) => Err(ErrorKind::KeyMissing { name: name.to_owned() }),
            None => Ok(()),
        }
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
    } else if !materials.required_keys.contains_all(config.required_keys()) {
        "the required keys"
    } else {
        return Ok(());
    };
    Err(MaterialsError::Changed { what })
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
