//! The branch key store: branch keys in a DynamoDB table, wrapped by AWS KMS (specification:
//! `framework/branch-key-store.md`, as the official clients do it).
//!
//! ```text
//! branch-key-id | type                  | what it is
//! --------------+-----------------------+-----------------------------------------------
//! tenant-1      | branch:ACTIVE         | the version that seals; a copy of one of those
//! tenant-1      | branch:version:<uuid> | a version that opens
//! tenant-1      | beacon:ACTIVE         | the key of the beacons; it never changes
//! ```

mod error;
mod item;
mod source;
mod table;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use dynaseal_core::{BeaconKey, BranchKey, BranchKeyMaterials, EncryptionContext, SecureRandom, SystemRandom};
use uuid::Uuid;

pub use error::KeyStoreError;
use error::within;
use item::{Kind, StoredKey};

use crate::arn::{KmsArn, KmsKeyArn};
use crate::client::{Binding, CIPHERTEXT, Decrypt, GenerateDataKey, GrantTokens, Kms, KmsError, ReEncrypt};

/// Which keys of AWS KMS wrap the branch keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KmsConfiguration {
    /// One key. Branch keys of others are refused.
    Key(KmsKeyArn),
    /// One multi-Region key: branch keys that its replicas wrapped are read through this one.
    MultiRegionKey(KmsKeyArn),
    /// Whatever key a branch key names. Only reads.
    Discovery,
    /// Whatever key a branch key names; of multi-Region keys, the replica in this region. Only reads.
    MultiRegionDiscovery {
        /// The region.
        region: String,
    },
}

impl KmsConfiguration {
    fn key(&self) -> Option<&KmsArn> {
        match self {
            Self::Key(key) | Self::MultiRegionKey(key) => Some(key.arn()),
            Self::Discovery | Self::MultiRegionDiscovery { .. } => None,
        }
    }

    /// The key to ask for what `stored` wrapped; `None` if that one is not ours.
    fn key_for(&self, stored: &KmsArn) -> Option<String> {
        match self {
            Self::Key(key) => (key.arn() == stored).then(|| key.to_string()),
            Self::MultiRegionKey(key) => key.arn().matches(stored).then(|| key.to_string()),
            Self::Discovery => Some(stored.to_string()),
            Self::MultiRegionDiscovery { region } => Some(stored.in_region(region).to_string()),
        }
    }
}

/// A key store's names and keys.
#[derive(Clone, Debug)]
pub struct KeyStoreOptions {
    table_name: String,
    logical_name: String,
    kms: KmsConfiguration,
    grant_tokens: GrantTokens,
}

impl KeyStoreOptions {
    /// The name of the table, which is the logical name too unless another is given.
    pub fn new(table_name: impl Into<String>, kms: KmsConfiguration) -> Self {
        let table_name = table_name.into();
        Self { logical_name: table_name.clone(), table_name, kms, grant_tokens: GrantTokens::default() }
    }

    /// The name that branch keys are bound to. Has to be the same for all who use the store, and to stay the same when
    /// the table is restored under another name. No two stores may have the same.
    #[must_use]
    pub fn logical_name(mut self, name: impl Into<String>) -> Self {
        self.logical_name = name.into();
        self
    }

    /// Grants for the calls to AWS KMS.
    #[must_use]
    pub fn grant_tokens(mut self, tokens: GrantTokens) -> Self {
        self.grant_tokens = tokens;
        self
    }
}

/// A branch key to be made.
#[derive(Clone, Debug, Default)]
pub struct NewKey {
    id: Option<String>,
    context: BTreeMap<String, String>,
}

impl NewKey {
    /// With a random id.
    pub fn new() -> Self {
        Self::default()
    }

    /// With an id of your own, which takes a context.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Binds the branch key to a name and value: a tenant, a department. They stand in the store in clear.
    #[must_use]
    pub fn context(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.context.insert(name.into(), value.into());
        self
    }
}

/// The names of a key store. No secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeyStoreInfo {
    /// The table.
    pub table_name: String,
    /// What branch keys are bound to.
    pub logical_name: String,
    /// The keys of AWS KMS.
    pub kms: KmsConfiguration,
}

/// The beacon key of a branch key.
#[derive(Debug)]
#[non_exhaustive]
pub struct BeaconKeyMaterials {
    /// The branch key's id.
    pub branch_key_id: String,
    /// The key.
    pub key: BeaconKey,
    /// What the branch key was bound to when it was made.
    pub context: BTreeMap<String, String>,
}

/// What the store says about a branch key. Nobody vouches for it: AWS KMS was not asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BranchKeyInfo {
    /// Its id.
    pub branch_key_id: String,
    /// The version that seals.
    pub active: Uuid,
    /// When that version was made.
    pub created: String,
    /// The key of AWS KMS that wraps it.
    pub kms_arn: String,
    /// What it was bound to when it was made.
    pub context: BTreeMap<String, String>,
}

/// A version of a branch key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VersionInfo {
    /// The version.
    pub version: Uuid,
    /// When it was made.
    pub created: String,
}

/// Branch keys in a table. Reads are consistent; caching is that of [`CachedBranchKeys`] and [`CachedBeaconKeys`].
///
/// [`CachedBranchKeys`]: crate::CachedBranchKeys
/// [`CachedBeaconKeys`]: crate::CachedBeaconKeys
#[derive(Clone)]
pub struct KeyStore {
    dynamodb: Client,
    kms: Arc<dyn Kms>,
    options: Arc<KeyStoreOptions>,
}

impl KeyStore {
    /// Over a table and AWS KMS. Neither is asked yet.
    ///
    /// # Errors
    /// If the table name can not be one, or the logical name is empty.
    pub fn new(dynamodb: Client, kms: Arc<dyn Kms>, options: KeyStoreOptions) -> Result<Self, KeyStoreError> {
        if !(3..=255).contains(&options.table_name.len()) {
            return Err(KeyStoreError::TableName { name: options.table_name });
        }
        if matches!(&options.kms, KmsConfiguration::MultiRegionDiscovery { region } if region.is_empty()) {
            return Err(KeyStoreError::Region);
        }
        if options.logical_name.is_empty() {
            return Err(KeyStoreError::LogicalName);
        }
        Ok(Self { dynamodb, kms, options: Arc::new(options) })
    }

    /// The names.
    pub fn info(&self) -> KeyStoreInfo {
        let KeyStoreOptions { table_name, logical_name, kms, .. } = (*self.options).clone();
        KeyStoreInfo { table_name, logical_name, kms }
    }

    /// Makes the table, billed by request, and waits until it can be used. If it is there already, its keys are checked.
    ///
    /// When this table is lost, every record is lost whose branch key was in it: turn on point-in-time recovery and
    /// deletion protection.
    ///
    /// # Errors
    /// If there is a table of this name with other keys, or DynamoDB says no.
    pub async fn create_table(&self) -> Result<(), KeyStoreError> {
        table::create(&self.dynamodb, &self.options.table_name).await
    }

    /// Makes a branch key with its first version and its beacon key, and gives its id.
    ///
    /// # Errors
    /// If the id is taken, an own id comes without a context, or AWS KMS or DynamoDB says no. Then nothing was made; only
    /// when DynamoDB did not answer in time it is not known.
    pub async fn create_key(&self, new: NewKey) -> Result<String, KeyStoreError> {
        let key = self.writing_key()?;
        let id = match new.id {
            Some(id) if id.is_empty() => return Err(KeyStoreError::EmptyId),
            Some(id) if new.context.is_empty() => return Err(KeyStoreError::IdWithoutContext { branch_key_id: id }),
            Some(id) => id,
            None => random_uuid()?.to_string(),
        };
        let version = StoredKey {
            branch_key_id: id.clone(),
            kind: Kind::Version(random_uuid()?),
            create_time: timestamp(),
            kms_arn: key.to_string(),
            hierarchy_version: "1".to_owned(),
            other: new.context.into_iter().map(|(name, value)| (item::custom(&name), value)).collect(),
            enc: Vec::new(),
        };
        let (version, active) = self.wrap_version(version).await?;
        let mut beacon = StoredKey { kind: Kind::Beacon, ..version.clone() };
        beacon.enc = self.generate(&beacon).await?;
        let puts = [version, active, beacon].map(|item| self.put(item, NEW, None));
        self.write(puts, || KeyStoreError::Exists { branch_key_id: id.clone() }).await?;
        Ok(id)
    }

    /// Makes a new version of a branch key, which seals from then on. Older versions open what they sealed.
    ///
    /// Of several who do this at the same time, one wins and the others get [`KeyStoreError::Raced`].
    ///
    /// # Errors
    /// If there is no such branch key, it was changed, somebody else was faster, or AWS KMS or DynamoDB says no. Then
    /// nothing was made; only when DynamoDB did not answer in time it is not known.
    pub async fn version_key(&self, branch_key_id: &str) -> Result<Uuid, KeyStoreError> {
        self.writing_key()?;
        let old = self.read(branch_key_id, "branch:ACTIVE").await?;
        let key_id = self.key_for(&old)?;
        // The old item is only built upon if AWS KMS vouches for it; what this gives is thrown away.
        let context = old.context(&self.options.logical_name)?;
        self.re_encrypt(&old.branch_key_id, &key_id, &old.enc, &context, &context).await?;
        let version = random_uuid()?;
        let new = StoredKey { kind: Kind::Version(version), create_time: timestamp(), ..old.clone() };
        let (new, active) = self.wrap_version(new).await?;
        let puts = [self.put(new, NEW, None), self.put(active, UNCHANGED, Some(old.enc))];
        self.write(puts, || KeyStoreError::Raced { branch_key_id: branch_key_id.to_owned() }).await?;
        Ok(version)
    }

    /// The version that seals.
    ///
    /// # Errors
    /// If there is no such branch key, it was changed, or AWS KMS or DynamoDB says no.
    pub async fn active_branch_key(&self, branch_key_id: &str) -> Result<BranchKeyMaterials, KeyStoreError> {
        self.branch_key(branch_key_id, "branch:ACTIVE".to_owned()).await
    }

    /// A version that opens.
    ///
    /// # Errors
    /// If there is no such version, it was changed, or AWS KMS or DynamoDB says no.
    pub async fn branch_key_version(
        &self,
        branch_key_id: &str,
        version: Uuid,
    ) -> Result<BranchKeyMaterials, KeyStoreError> {
        self.branch_key(branch_key_id, item::version_type(version)).await
    }

    /// The beacon key.
    ///
    /// # Errors
    /// If there is no such branch key, it was changed, or AWS KMS or DynamoDB says no.
    pub async fn beacon_key(&self, branch_key_id: &str) -> Result<BeaconKeyMaterials, KeyStoreError> {
        let stored = self.read(branch_key_id, "beacon:ACTIVE").await?;
        let key = self.unwrap(&stored, BeaconKey::copy_from).await?;
        Ok(BeaconKeyMaterials { context: stored.custom_context(), branch_key_id: stored.branch_key_id, key })
    }

    /// All branch keys, without asking AWS KMS.
    ///
    /// # Errors
    /// If DynamoDB says no, or an item is none of a key store.
    pub async fn list(&self) -> Result<Vec<BranchKeyInfo>, KeyStoreError> {
        let items = table::scan_active(&self.dynamodb, &self.options.table_name).await?;
        let parse = |item: HashMap<String, AttributeValue>| {
            let id = item.get(item::ID).and_then(|id| id.as_s().ok()).cloned().unwrap_or_default();
            self.info_of(&self.parse(&id, item)?)
        };
        items.into_iter().map(parse).collect()
    }

    /// A branch key and its versions, the oldest first, without asking AWS KMS.
    ///
    /// # Errors
    /// If there is no such branch key, DynamoDB says no, or an item is none of a key store.
    pub async fn describe(&self, branch_key_id: &str) -> Result<(BranchKeyInfo, Vec<VersionInfo>), KeyStoreError> {
        let items = table::query(&self.dynamodb, &self.options.table_name, branch_key_id).await?;
        let (mut active, mut versions) = (None, Vec::new());
        for item in items {
            let stored = self.parse(branch_key_id, item)?;
            match stored.kind {
                Kind::Active(_) => active = Some(self.info_of(&stored)?),
                Kind::Version(version) => versions.push(VersionInfo { version, created: stored.create_time }),
                Kind::Beacon => {}
            }
        }
        versions.sort_by(|a, b| a.created.cmp(&b.created));
        Ok((active.ok_or_else(|| self.not_found(branch_key_id, "branch:ACTIVE"))?, versions))
    }

    async fn branch_key(&self, id: &str, kind: String) -> Result<BranchKeyMaterials, KeyStoreError> {
        let stored = self.read(id, &kind).await?;
        let (Kind::Active(version) | Kind::Version(version)) = stored.kind else {
            return Err(self.broken(id, "it is no branch key"));
        };
        let key = self.unwrap(&stored, BranchKey::copy_from).await?;
        Ok(BranchKeyMaterials::new(stored.branch_key_id, version, key))
    }

    /// The two items of a new version: the same key, wrapped for each.
    async fn wrap_version(&self, mut version: StoredKey) -> Result<(StoredKey, StoredKey), KeyStoreError> {
        let Kind::Version(uuid) = version.kind else {
            return Err(self.broken(&version.branch_key_id, "it is no version"));
        };
        version.enc = self.generate(&version).await?;
        let mut active = StoredKey { kind: Kind::Active(uuid), ..version.clone() };
        let (from, to) = (version.context(&self.options.logical_name)?, active.context(&self.options.logical_name)?);
        let key_id = self.writing_key()?;
        active.enc = self.re_encrypt(&version.branch_key_id, &key_id, &version.enc, &from, &to).await?;
        Ok((version, active))
    }

    /// A new key of 32 bytes that nobody sees, wrapped and bound to the item.
    async fn generate(&self, item: &StoredKey) -> Result<Vec<u8>, KeyStoreError> {
        let context = item.context(&self.options.logical_name)?;
        let key_id = self.writing_key()?;
        let call = GenerateDataKey { key_id: &key_id, context: &context, grant_tokens: &self.options.grant_tokens };
        let failed = |source| KeyStoreError::Kms { branch_key_id: item.branch_key_id.clone(), source };
        let answer = self.kms.generate_data_key_without_plaintext(call).await.map_err(failed)?;
        let bad = |message| failed(KmsError::bad_answer("GenerateDataKeyWithoutPlaintext", &key_id, message));
        if answer.key_id != key_id {
            return Err(bad("another key answered"));
        }
        if !CIPHERTEXT.contains(&answer.ciphertext.len()) {
            return Err(bad("the ciphertext has another length than AWS KMS gives"));
        }
        Ok(answer.ciphertext)
    }

    async fn re_encrypt(
        &self,
        branch_key_id: &str,
        key_id: &str,
        ciphertext: &[u8],
        from: &EncryptionContext,
        to: &EncryptionContext,
    ) -> Result<Vec<u8>, KeyStoreError> {
        let call = ReEncrypt { key_id, ciphertext, from, to, grant_tokens: &self.options.grant_tokens };
        let failed = |source| KeyStoreError::Kms { branch_key_id: branch_key_id.to_owned(), source };
        let answer = self.kms.re_encrypt(call).await.map_err(failed)?;
        let bad = |message| failed(KmsError::bad_answer("ReEncrypt", key_id, message));
        if [&answer.source_key_id, &answer.key_id] != [key_id; 2] {
            return Err(bad("another key answered"));
        }
        if !CIPHERTEXT.contains(&answer.ciphertext.len()) {
            return Err(bad("the ciphertext has another length than AWS KMS gives"));
        }
        Ok(answer.ciphertext)
    }

    async fn unwrap<T, E>(
        &self,
        stored: &StoredKey,
        read: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Result<T, KeyStoreError> {
        let key_id = self.key_for(stored)?;
        let context = stored.context(&self.options.logical_name)?;
        let binding = Binding::Context(&context);
        let grant_tokens = &self.options.grant_tokens;
        let call = Decrypt { key_id: &key_id, ciphertext: &stored.enc, binding, grant_tokens };
        let failed = |source| KeyStoreError::Kms { branch_key_id: stored.branch_key_id.clone(), source };
        let answer = self.kms.decrypt(call).await.map_err(failed)?;
        if answer.key_id != key_id {
            return Err(failed(KmsError::bad_answer("Decrypt", &key_id, "another key answered")));
        }
        let length = |_| failed(KmsError::bad_answer("Decrypt", &key_id, "the plaintext has not 32 bytes"));
        read(&answer.plaintext).map_err(length)
    }

    /// The key of AWS KMS to ask about a stored branch key.
    fn key_for(&self, stored: &StoredKey) -> Result<String, KeyStoreError> {
        let arn: KmsKeyArn = stored
            .kms_arn
            .parse()
            .map_err(|_| self.broken(&stored.branch_key_id, "its attribute `kms-arn` is no ARN of a key"))?;
        let other = || KeyStoreError::OtherKmsKey {
            branch_key_id: stored.branch_key_id.clone(),
            found: stored.kms_arn.clone(),
            configured: self.options.kms.key().map(ToString::to_string).unwrap_or_default(),
        };
        self.options.kms.key_for(arn.arn()).ok_or_else(other)
    }

    fn writing_key(&self) -> Result<String, KeyStoreError> {
        self.options.kms.key().map(ToString::to_string).ok_or(KeyStoreError::OnlyReads)
    }

    async fn read(&self, id: &str, kind: &str) -> Result<StoredKey, KeyStoreError> {
        if id.is_empty() {
            return Err(KeyStoreError::EmptyId);
        }
        let table_name = &self.options.table_name;
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let call = self.dynamodb.get_item().table_name(table_name).consistent_read(true);
        let call = call.key(item::ID, text(id)).key(item::TYPE, text(kind));
        let item = within(table_name, "GetItem", call.send()).await?.item.filter(|item| !item.is_empty());
        let stored = self.parse(id, item.ok_or_else(|| self.not_found(id, kind))?)?;
        match stored.branch_key_id == id && stored.type_text() == kind {
            true => Ok(stored),
            false => Err(self.broken(id, "DynamoDB gave another item")),
        }
    }

    fn parse(&self, id: &str, item: HashMap<String, AttributeValue>) -> Result<StoredKey, KeyStoreError> {
        StoredKey::parse(item).map_err(|problem| self.broken(id, problem))
    }

    fn put(&self, item: StoredKey, condition: &str, old: Option<Vec<u8>>) -> TransactWriteItem {
        let put = Put::builder().table_name(&self.options.table_name).set_item(Some(item.into_item()));
        let put = put.condition_expression(condition).expression_attribute_names("#BranchKeyIdentifierField", item::ID);
        let put = match old {
            Some(old) => put
                .expression_attribute_names("#EncField", item::ENC)
                .expression_attribute_values(":enc", AttributeValue::B(Blob::new(old))),
            None => put,
        };
        // Table and item are there, and the builder asks for nothing else.
        TransactWriteItem::builder().set_put(put.build().ok()).build()
    }

    async fn write(
        &self,
        puts: impl IntoIterator<Item = TransactWriteItem>,
        refused: impl FnOnce() -> KeyStoreError,
    ) -> Result<(), KeyStoreError> {
        let table_name = &self.options.table_name;
        let call = self.dynamodb.transact_write_items().set_transact_items(Some(puts.into_iter().collect()));
        let sent = tokio::time::timeout(error::TIMEOUT, call.send()).await;
        let Ok(sent) = sent else {
            return Err(error::late(table_name, "TransactWriteItems"));
        };
        let Err(failed) = sent else {
            return Ok(());
        };
        if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = failed.as_service_error() {
            let has = |code| cancelled.cancellation_reasons().iter().any(|reason| reason.code() == Some(code));
            if has("ConditionalCheckFailed") {
                return Err(refused());
            }
            if has("TransactionConflict") {
                return Err(KeyStoreError::Conflict { table_name: table_name.clone() });
            }
        }
        Err(KeyStoreError::dynamodb(table_name, "TransactWriteItems", &failed))
    }

    fn info_of(&self, stored: &StoredKey) -> Result<BranchKeyInfo, KeyStoreError> {
        let Kind::Active(active) = stored.kind else {
            return Err(self.broken(&stored.branch_key_id, "it is no active branch key"));
        };
        Ok(BranchKeyInfo {
            branch_key_id: stored.branch_key_id.clone(),
            active,
            created: stored.create_time.clone(),
            kms_arn: stored.kms_arn.clone(),
            context: stored.custom_context(),
        })
    }

    fn not_found(&self, id: &str, kind: &str) -> KeyStoreError {
        let (table_name, branch_key_id) = (self.options.table_name.clone(), id.to_owned());
        KeyStoreError::NotFound { table_name, branch_key_id, kind: kind.to_owned() }
    }

    fn broken(&self, id: &str, problem: &'static str) -> KeyStoreError {
        let (table_name, branch_key_id) = (self.options.table_name.clone(), id.to_owned());
        KeyStoreError::Item { table_name, branch_key_id, problem }
    }
}

/// For items that must not be there yet, as the official clients write it.
const NEW: &str = "attribute_not_exists(#BranchKeyIdentifierField)";

/// For the active item that is replaced: nobody else may have replaced it since it was read.
const UNCHANGED: &str = "attribute_exists(#BranchKeyIdentifierField) AND #EncField = :enc";

impl std::fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyStore").field("options", &self.options).finish_non_exhaustive()
    }
}

fn random_uuid() -> Result<Uuid, KeyStoreError> {
    let mut random = [0; 16];
    SystemRandom.fill(&mut random).map_err(|_| KeyStoreError::Random)?;
    Ok(uuid::Builder::from_random_bytes(random).into_uuid())
}

/// Now, in UTC, with six digits of a second: `2026-01-02T03:04:05.000006Z`.
fn timestamp() -> String {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let seconds = DateTime::from_secs(i64::try_from(since_1970.as_secs()).unwrap_or_default());
    let text = seconds.fmt(Format::DateTime).unwrap_or_default();
    format!("{}.{:06}Z", text.trim_end_matches('Z'), since_1970.subsec_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_have_the_form_of_the_official_clients() {
        let text = timestamp();
        let pattern: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(pattern, "0000-00-00T00:00:00.000000Z");
    }
}
