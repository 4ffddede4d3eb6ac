//! No secret leaves: one canary value goes through every operation, every way of sending, every call of models, a migration
//! and the error paths of each, and is found nowhere but where its owner asked for it.
//!
//! | what | where |
//! | --- | --- |
//! | the canary, and how it is recognised in any spelling | `secret.rs` |
//! | who looks: at what is sent, printed and traced | `watch.rs` |
//! | operations of the SDK, by builder and interceptor, pages and sealed updates | `sdk.rs`, `pages.rs` |
//! | values of the library's types that hold it | `values.rs` |
//! | models of records and of sealed attributes | `model.rs` |
//! | migrations, checkpoints, reports and verification | `migrate.rs` |
//! | which types and calls there are, read from the sources | `sources.rs` |
//! | what becomes of each: one line each, to be added to | `register.rs` |
//!
//! It is one test, for at the end the register is compared with what was really printed and called.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod migrate;
mod model;
mod pages;
mod register;
mod sdk;
mod secret;
mod sources;
mod values;
mod watch;

use watch::Watch;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_canary_is_found_nowhere() {
    let watch = Watch::begin();
    sdk::operations(&watch).await;
    pages::pages_and_updates(&watch).await;
    values::printed(&watch).await;
    model::records(&watch).await;
    model::sealed_attributes(&watch).await;
    // The SDK's own traces are among these: nothing that it sees is plain. A plain table it traces as it is.
    watch.traces(true);
    migrate::tables(&watch).await;
    watch.traces(false);
    sources::compare(&watch);
    watch.finish();
}
