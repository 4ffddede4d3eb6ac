//! AWS's crate behind the few calls that are compared.

use std::collections::HashMap;

use aws_db_esdk::CryptoAction as OfficialAction;
use aws_db_esdk::DynamoDbTablesEncryptionConfig;
use aws_db_esdk::dynamodb::types::{DynamoDbTableEncryptionConfig, SearchConfig};
use aws_db_esdk::intercept::DbEsdkInterceptor;
use aws_db_esdk::item_encryptor::client as encryptor;
use aws_db_esdk::item_encryptor::types::dynamo_db_item_encryptor_config::DynamoDbItemEncryptorConfig;
use aws_db_esdk::material_providers::client as providers;
use aws_db_esdk::material_providers::types::keyring::KeyringRef;
use aws_db_esdk::material_providers::types::material_providers_config::MaterialProvidersConfig;
use aws_db_esdk::material_providers::types::{AesWrappingAlg, DbeAlgorithmSuiteId};
use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::{AlgorithmSuite, CryptoAction, Item, sdk};

use crate::Result;
use crate::case::Case;

/// An encryptor of AWS's crate.
pub struct Official(encryptor::Client);

impl Official {
    /// With all keys of a case, or with one of them.
    pub async fn new(case: &Case, only: Option<usize>) -> Result<Self> {
        Self::with_keyring(case, keyring(case, only).await?)
    }

    /// With a keyring instead of the case's own keys.
    pub fn with_keyring(case: &Case, keyring: KeyringRef) -> Result<Self> {
        let mut config = DynamoDbItemEncryptorConfig::builder()
            .logical_table_name(&case.table)
            .partition_key_name(&case.partition_key)
            .attribute_actions_on_encrypt(actions(case))
            .keyring(keyring)
            .algorithm_suite_id(suite(case));
        if let Some(sort_key) = &case.sort_key {
            config = config.sort_key_name(sort_key);
        }
        if !case.unsigned.is_empty() {
            config = config.allowed_unsigned_attributes(case.unsigned.clone());
        }
        Ok(Self(encryptor::Client::from_conf(config.build()?)?))
    }

    /// Seals an item of the SDK.
    pub async fn seal_sdk(&self, item: HashMap<String, AttributeValue>) -> Result<HashMap<String, AttributeValue>> {
        let output = self.0.encrypt_item().plaintext_item(item).send().await?;
        Ok(output.encrypted_item.ok_or("no item")?)
    }

    /// Opens an item of the SDK.
    pub async fn open_sdk(&self, item: HashMap<String, AttributeValue>) -> Result<HashMap<String, AttributeValue>> {
        let output = self.0.decrypt_item().encrypted_item(item).send().await?;
        Ok(output.plaintext_item.ok_or("no item")?)
    }

    /// Seals an item of ours.
    ///
    /// One time in two their signature does not have the length that their footer takes; then it is made again.
    pub async fn seal(&self, item: Item) -> Result<Item> {
        let mut last = None;
        for _ in 0..50 {
            match self.seal_sdk(sdk::to_sdk(item.clone())).await {
                Ok(sealed) => return Ok(sdk::from_sdk(sealed)?),
                Err(error) if is_wrong_length(&error.to_string()) => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.ok_or("not tried")?)
    }

    /// Opens an item of ours.
    pub async fn open(&self, item: Item) -> Result<Item> {
        Ok(sdk::from_sdk(self.open_sdk(sdk::to_sdk(item)).await?)?)
    }
}

/// What makes their keyrings.
pub fn providers() -> Result<providers::Client> {
    Ok(providers::Client::from_conf(MaterialProvidersConfig::builder().build()?)?)
}

/// Their interceptor for one table, which has the name `table` in DynamoDB.
pub async fn interceptor(case: &Case, table: &str) -> Result<DbEsdkInterceptor> {
    Ok(interception(case, table, keyring(case, None).await?, None)?.interceptor)
}

/// Their interceptor, and the transforms behind it.
pub struct Interception {
    pub interceptor: DbEsdkInterceptor,
    pub transforms: aws_db_esdk::Client,
}

/// The same with a keyring instead of the case's own keys, and with beacons.
pub fn interception(
    case: &Case,
    table: &str,
    keyring: KeyringRef,
    search: Option<SearchConfig>,
) -> Result<Interception> {
    let mut config = DynamoDbTableEncryptionConfig::builder()
        .logical_table_name(&case.table)
        .partition_key_name(&case.partition_key)
        .attribute_actions_on_encrypt(actions(case))
        .keyring(keyring)
        .algorithm_suite_id(suite(case))
        .set_search(search);
    if let Some(sort_key) = &case.sort_key {
        config = config.sort_key_name(sort_key);
    }
    if !case.unsigned.is_empty() {
        config = config.allowed_unsigned_attributes(case.unsigned.clone());
    }
    let tables = HashMap::from([(table.to_owned(), config.build()?)]);
    let tables = DynamoDbTablesEncryptionConfig::builder().table_encryption_configs(tables).build()?;
    let transforms = aws_db_esdk::Client::from_conf(tables.clone())?;
    Ok(Interception { interceptor: DbEsdkInterceptor::new(tables)?, transforms })
}

/// Whether an error says that a signature got another length than the footer takes. It happens one time in two; what is
/// sealed once more may succeed.
pub fn is_wrong_length(error: &str) -> bool {
    error.contains("Signature is")
}

/// A multi-keyring of all keys of a case, or of one of them.
pub async fn keyring(case: &Case, only: Option<usize>) -> Result<KeyringRef> {
    let providers = providers()?;
    let mut keyrings = Vec::new();
    for (_, key) in case.keys.iter().enumerate().filter(|(index, _)| only.is_none_or(|only| *index == only)) {
        let algorithm = match key.bytes.len() {
            16 => AesWrappingAlg::AlgAes128GcmIv12Tag16,
            24 => AesWrappingAlg::AlgAes192GcmIv12Tag16,
            _ => AesWrappingAlg::AlgAes256GcmIv12Tag16,
        };
        let keyring = providers.create_raw_aes_keyring().key_namespace(&key.namespace).key_name(&key.name);
        keyrings.push(keyring.wrapping_key(key.bytes.clone()).wrapping_alg(algorithm).send().await?);
    }
    let generator = keyrings.remove(0);
    Ok(providers.create_multi_keyring().generator(generator).child_keyrings(keyrings).send().await?)
}

fn suite(case: &Case) -> DbeAlgorithmSuiteId {
    match case.suite {
        AlgorithmSuite::HmacOnly => DbeAlgorithmSuiteId::AlgAes256GcmHkdfSha512CommitKeySymsigHmacSha384,
        _ => DbeAlgorithmSuiteId::AlgAes256GcmHkdfSha512CommitKeyEcdsaP384SymsigHmacSha384,
    }
}

fn actions(case: &Case) -> HashMap<String, OfficialAction> {
    case.actions.iter().map(|(name, action)| (name.clone(), convert(*action))).collect()
}

fn convert(action: CryptoAction) -> OfficialAction {
    match action {
        CryptoAction::EncryptAndSign => OfficialAction::EncryptAndSign,
        CryptoAction::SignOnly => OfficialAction::SignOnly,
        CryptoAction::SignAndIncludeInEncryptionContext => OfficialAction::SignAndIncludeInEncryptionContext,
        CryptoAction::DoNothing => OfficialAction::DoNothing,
    }
}
