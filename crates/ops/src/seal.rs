//! How an item is sealed: its signed beacons are sealed with it, its encrypted ones are added behind.

use dynaseal_core::{Item, ItemKey, MAX_ITEM_SIZE, item_size};
use dynaseal_search::BeaconError;

use crate::error::Refusal;
use crate::table::SealedTable;

/// Seals one item for writing, if DynamoDB would take it in plain.
pub(crate) async fn seal(table: &SealedTable, item: Item) -> Result<Item, Refusal> {
    table.encryptor().check_writable(&item)?;
    seal_unchecked(table, item).await
}

/// The same of an item that was written before: whatever another client sealed, it can be sealed anew.
pub(crate) async fn seal_unchecked(table: &SealedTable, mut item: Item) -> Result<Item, Refusal> {
    // Where plaintext or the older format is written, nothing is added to it.
    let Some(search) = table.search().filter(|_| table.writes_records()) else {
        return Ok(table.encryptor().encrypt_item(item).await?.item);
    };
    let key = ItemKey::new(table.config(), &item).to_string();
    let failed = |source: BeaconError| Refusal::Beacons { key: key.clone(), source };
    let pending = search.before_sealing(&mut item).await.map_err(failed)?;
    let sealed = table.encryptor().encrypt_item(item).await?;
    let (mut item, header) = (sealed.item, sealed.header);
    if let Some(header) = &header {
        item.extend(search.after_sealing(pending, header).await.map_err(failed)?);
    }
    match item_size(&item) {
        size if size > MAX_ITEM_SIZE => Err(Refusal::TooLarge { key, size }),
        _ => Ok(item),
    }
}
