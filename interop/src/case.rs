//! One random table configuration with its keys and an item.

use std::sync::Arc;

use dynaseal::{
    AlgorithmSuite, CryptoAction, DefaultCmm, Item, ItemEncryptor, Keyring, MultiKeyring, RawAesKeyring, TableConfig,
    Version,
};
use dynaseal_testkit::random::Items;

/// A raw AES key.
pub struct RawKey {
    pub namespace: String,
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Everything that both sides need to know.
pub struct Case {
    pub table: String,
    pub partition_key: String,
    pub sort_key: Option<String>,
    pub actions: Vec<(String, CryptoAction)>,
    pub unsigned: Vec<String>,
    pub suite: AlgorithmSuite,
    pub keys: Vec<RawKey>,
    pub item: Item,
}

impl Case {
    /// The next random case.
    pub fn random(items: &mut Items) -> Self {
        let partition_key = items.name();
        let sort_key = Some(items.name()).filter(|name| *name != partition_key && items.below(3) > 0);
        let version = if items.below(2) == 0 { Version::V1 } else { Version::V2 };
        let keys: Vec<&str> = std::iter::once(partition_key.as_str()).chain(sort_key.as_deref()).collect();
        let attributes = if items.below(20) == 0 { 60 } else { 8 };
        let item = items.item(&keys, attributes);

        let key_action = match version {
            Version::V1 => CryptoAction::SignOnly,
            Version::V2 => CryptoAction::SignAndIncludeInEncryptionContext,
        };
        let mut unsigned = Vec::new();
        let mut actions = Vec::new();
        for name in item.keys() {
            let action = match items.below(8) {
                _ if keys.contains(&name.as_str()) => key_action,
                0 => CryptoAction::DoNothing,
                1 | 2 => CryptoAction::SignOnly,
                3 if version == Version::V2 => CryptoAction::SignAndIncludeInEncryptionContext,
                _ => CryptoAction::EncryptAndSign,
            };
            if action == CryptoAction::DoNothing {
                unsigned.push(name.clone());
            }
            actions.push((name.clone(), action));
        }
        let raw_key = |index: usize, items: &mut Items| RawKey {
            namespace: items.name(),
            name: format!("{}{index}", items.name()),
            bytes: (0..[16, 24, 32][items.below(3)]).map(|_| u8::try_from(items.below(256)).unwrap_or(0)).collect(),
        };
        let count = if items.below(3) == 0 { 1 + items.below(5) } else { 1 };
        let keys = (0..count).map(|index| raw_key(index, items)).collect();
        let suite = AlgorithmSuite::ALL[items.below(2)];
        let table = format!("{}{}", items.name(), items.text(5));
        Self { table, partition_key, sort_key, actions, unsigned, suite, keys, item }
    }

    /// The names of the key attributes.
    pub fn key_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.partition_key.as_str()).chain(self.sort_key.as_deref())
    }

    /// The configuration of our side.
    pub fn config(&self) -> TableConfig {
        let mut builder = TableConfig::builder(&self.table, &self.partition_key).unsigned(&self.unsigned);
        if let Some(sort_key) = &self.sort_key {
            builder = builder.sort_key(sort_key);
        }
        for (name, action) in &self.actions {
            builder = builder.action(name, *action);
        }
        builder.algorithm_suite(self.suite).build().expect("a good configuration")
    }

    /// Our encryptor with all keys, or with one of them.
    pub fn encryptor(&self, only: Option<usize>) -> ItemEncryptor {
        let keyring = |key: &RawKey| -> Arc<dyn Keyring> {
            Arc::new(RawAesKeyring::new(&key.namespace, &key.name, &key.bytes).expect("a good key"))
        };
        let mut keyrings = self
            .keys
            .iter()
            .enumerate()
            .filter(|(index, _)| only.is_none_or(|only| *index == only))
            .map(|(_, key)| keyring(key));
        let generator = keyrings.next().expect("a key");
        self.encryptor_with(Arc::new(MultiKeyring::new(generator, keyrings.collect())))
    }

    /// Our encryptor with a keyring instead of the case's own keys.
    pub fn encryptor_with(&self, keyring: Arc<dyn Keyring>) -> ItemEncryptor {
        ItemEncryptor::with_cmm(self.config(), Arc::new(DefaultCmm::new(keyring)))
    }
}
