//! DynaSeal beside AWS's own Rust crate.
//!
//!     cargo run --release -- records [COUNT] [SEED]   each opens what the other sealed
//!     cargo run --release -- keys [COUNT] [SEED]      the same with every kind of keyring, COUNT items each
//!     cargo run --release -- table [COUNT] [SEED]     both use one table through their clients; COUNT random tables
//!     cargo run --release -- table-bench              getting and putting an item through both clients
//!     cargo run --release -- search [COUNT] [SEED]    both search one table; COUNT random tables
//!     cargo run --release -- search-bench             what ten beacons cost in both
//!     cargo run --release -- bench                    both in one process, with the ratio of every row
//!     cargo run --release -- write FILE               records of AWS's crate that DynaSeal's own tests keep
//!
//! `keys` has an AWS KMS in the process. The environment variable `KMS_ENDPOINT` names a server instead, LocalStack for
//! example, which has the kinds of key that the one in the process has not.

mod bench;
mod case;
mod exchange;
mod keys;
mod official;
mod search;
mod table;

/// Anything that goes wrong ends the run.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, default: u64| arguments.get(index).map_or(Ok(default), |text| text.parse());
    match arguments.first().map(String::as_str) {
        Some("records") => exchange::run(number(1, 1000)?, number(2, 1)?).await,
        Some("keys") => keys::run(number(1, 20)?, number(2, 1)?).await,
        Some("table") => table::run(number(1, 40)?, number(2, 1)?).await,
        Some("table-bench") => table::speed().await,
        Some("search") => search::run(number(1, 40)?, number(2, 1)?).await,
        Some("search-bench") => search::speed().await,
        Some("bench") => bench::run().await,
        Some("write") => exchange::write(arguments.get(1).ok_or("write takes a file")?).await,
        _ => {
            let commands = "records [COUNT] [SEED] | keys [COUNT] [SEED] | table [COUNT] [SEED] | table-bench";
            Err(format!("{commands} | search [COUNT] [SEED] | search-bench | bench | write FILE").into())
        }
    }
}
