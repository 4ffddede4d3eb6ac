//! What the tests of this crate share.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]
#![allow(dead_code, reason = "each test program uses a part")]

pub(crate) mod fake;

use std::error::Error;
use std::sync::Arc;

use dynaseal_core::{AlgorithmSuite, DefaultCmm, Item, ItemEncryptor, Keyring, TableConfig};

/// An encryptor of a table with one sealed attribute.
pub(crate) fn encryptor(keyring: Arc<dyn Keyring>) -> ItemEncryptor {
    with_suite(keyring, AlgorithmSuite::HmacOnly)
}

pub(crate) fn with_suite(keyring: Arc<dyn Keyring>, suite: AlgorithmSuite) -> ItemEncryptor {
    let config = TableConfig::builder("people", "id").encrypt(["diagnosis"]).algorithm_suite(suite).build().unwrap();
    ItemEncryptor::with_cmm(config, Arc::new(DefaultCmm::new(keyring)))
}

pub(crate) fn item() -> Item {
    Item::from([("id".to_owned(), "ada".into()), ("diagnosis".to_owned(), "influenza".into())])
}

/// The item, sealed.
pub(crate) async fn seal(keyring: &Arc<dyn Keyring>) -> Item {
    encryptor(Arc::clone(keyring)).encrypt_item(item()).await.unwrap_or_else(|error| panic!("{}", text(&error))).item
}

/// Opens and compares; or the text of the error with all its causes.
pub(crate) async fn open(keyring: &Arc<dyn Keyring>, sealed: &Item) -> Result<(), String> {
    let opened = encryptor(Arc::clone(keyring)).decrypt_item(sealed.clone()).await;
    let opened = opened.map_err(|error| text(&error))?;
    assert_eq!(opened.item, item());
    Ok(())
}

pub(crate) async fn opens(keyring: &Arc<dyn Keyring>, sealed: &Item) {
    open(keyring, sealed).await.unwrap();
}

/// Why it does not open.
pub(crate) async fn refused(keyring: &Arc<dyn Keyring>, sealed: &Item) -> String {
    open(keyring, sealed).await.expect_err("this must not open")
}

/// An error and all its causes, as a user reads them.
pub(crate) fn text(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    texts.join(": ")
}

pub(crate) fn arc(keyring: impl Keyring + 'static) -> Arc<dyn Keyring> {
    Arc::new(keyring)
}
