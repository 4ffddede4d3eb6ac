//! Many items: keys first, several at a time; opening is then spread over all cores.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Instant;

use dynaseal_core::{Item, ItemEncryptor, ItemError, OpenedItem, PreparedItem, item_size};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::error::OperationError;
use crate::measure::Measure;
use crate::seal::seal;
use crate::table::SealedTable;

/// How many items of a page may wait for their keys at the same time.
const KEYS_AT_ONCE: usize = 32;

/// Fewer items than this for a thread are not worth starting one.
const ITEMS_PER_THREAD: usize = 16;

/// Opens items; the results are in their order.
pub(crate) async fn open_all(
    encryptor: &ItemEncryptor,
    items: Vec<Item>,
    measure: &mut Measure,
) -> Vec<Result<Item, ItemError>> {
    let since = Instant::now();
    let opened = if items.len() < 2 * ITEMS_PER_THREAD || cores().get() == 1 {
        stream::iter(items).map(|item| encryptor.decrypt_item(item)).buffered(KEYS_AT_ONCE).collect().await
    } else {
        let prepared = stream::iter(items).map(|item| encryptor.prepare(item)).buffered(KEYS_AT_ONCE);
        on_all_cores(encryptor, prepared.collect().await)
    };
    let opened: Vec<_> = opened.into_iter().map(|result| result.map(|OpenedItem { item, .. }| item)).collect();
    let (count, bytes) = opened.iter().flatten().fold((0, 0), |(n, bytes), item| (n + 1, bytes + item_size(item)));
    measure.add_opened(count, bytes, since);
    opened
}

/// Seals items; none, if one of them can not be sealed.
pub(crate) async fn seal_all(
    operation: &'static str,
    table: &SealedTable,
    items: Vec<Item>,
    measure: &mut Measure,
) -> Result<Vec<Item>, OperationError> {
    let since = Instant::now();
    let sealed = stream::iter(items).map(|item| seal(table, item)).buffered(KEYS_AT_ONCE);
    let sealed: Result<Vec<_>, _> = sealed.try_collect().await;
    let sealed = sealed.map_err(|refusal| OperationError::new(operation, table.name(), refusal))?;
    measure.add_sealed(sealed.len(), sealed.iter().map(item_size).sum(), since);
    Ok(sealed)
}

fn on_all_cores(
    encryptor: &ItemEncryptor,
    mut prepared: Vec<Result<PreparedItem, ItemError>>,
) -> Vec<Result<OpenedItem, ItemError>> {
    let threads = cores().get().min(prepared.len() / ITEMS_PER_THREAD).max(1);
    let share = prepared.len().div_ceil(threads).max(1);
    let open = |items: Vec<Result<PreparedItem, ItemError>>| -> Vec<Result<OpenedItem, ItemError>> {
        items.into_iter().map(|prepared| prepared.and_then(|item| encryptor.open_prepared(item))).collect()
    };
    thread::scope(|scope| {
        let mut others = Vec::with_capacity(threads);
        while prepared.len() > share {
            let items = Mutex::new(prepared.split_off(prepared.len() - share));
            let items = Arc::new(items);
            let taken = Arc::clone(&items);
            let other = thread::Builder::new().spawn_scoped(scope, move || open(take(&taken)));
            others.push((other, items));
        }
        let mut opened = open(prepared);
        // The last share was handed out first.
        for (other, items) in others.into_iter().rev() {
            opened.extend(match other {
                Ok(other) => other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                // The system had no thread for them.
                Err(_) => open(take(&items)),
            });
        }
        opened
    })
}

fn take<T>(items: &Mutex<Vec<T>>) -> Vec<T> {
    std::mem::take(&mut *items.lock().unwrap_or_else(PoisonError::into_inner))
}

/// How many threads are worth starting. Asking the system every time would cost more than opening an item.
fn cores() -> NonZeroUsize {
    static CORES: OnceLock<NonZeroUsize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
}
