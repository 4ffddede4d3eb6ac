//! Each side opens what the other sealed, over every kind of keyring.

pub mod kms;
mod raw;
pub mod store;

use std::error::Error;
use std::fmt::Display;
use std::sync::Arc;

use aws_db_esdk::material_providers::types::keyring::KeyringRef;
use dynaseal::{AlgorithmSuite, Item, Keyring};
use dynaseal_testkit::random::Items;

use crate::Result;
use crate::case::Case;
use crate::exchange::check;
use crate::official::Official;

/// `count` random items of each suite in each direction for every kind of keyring. One that fails does not end the run:
/// what the others do is part of the finding.
pub async fn run(count: u64, seed: u64) -> Result<()> {
    let kms = kms::Server::new();
    println!("AWS KMS: {}\n", kms.name());
    println!("| keyring | hmac-only, we seal | they seal | ecdsa-p384, we seal | they seal |");
    println!("|---|--:|--:|--:|--:|");
    let mut run = Run { count, seed, rows: 0, opened: 0, skipped: Vec::new(), failed: Vec::new() };
    raw::run(&mut run).await;
    kms::run(&mut run, &kms).await;
    store::run(&mut run, &kms).await;
    println!();
    for (kind, reason) in &run.skipped {
        println!("skipped: {kind}: {reason}");
    }
    for error in &run.failed {
        println!("FAILED: {error}");
    }
    let (rows, opened, skipped, failed) = (run.rows, run.opened, run.skipped.len(), run.failed.len());
    println!("{rows} kinds with {opened} records opened each way, {skipped} skipped, {failed} failed, seed {seed}");
    if failed == 0 { Ok(()) } else { Err("not every kind of keyring works on both sides".into()) }
}

/// One keyring, as each side builds it.
#[derive(Clone)]
struct Both {
    ours: Arc<dyn Keyring>,
    theirs: KeyringRef,
}

impl Both {
    fn new(ours: impl Keyring + 'static, theirs: KeyringRef) -> Self {
        Self { ours: Arc::new(ours), theirs }
    }
}

/// One item, sealed by each side.
struct Sealed {
    /// Kind, index and seed.
    name: String,
    case: Case,
    ours: Item,
    theirs: Item,
}

/// What came of the kinds so far.
struct Run {
    count: u64,
    seed: u64,
    rows: u64,
    /// Records of each side that the other opened.
    opened: usize,
    skipped: Vec<(String, String)>,
    failed: Vec<String>,
}

impl Run {
    /// One kind: the first keyring seals, the second opens.
    async fn kind(
        &mut self,
        kind: &str,
        suites: &[AlgorithmSuite],
        keyrings: impl Future<Output = Result<(Both, Both)>>,
    ) {
        let opened = async {
            let (seals, opens) = keyrings.await?;
            let sealed = self.seal(kind, suites, &seals).await?;
            open(&sealed, &opens).await
        };
        let opened = opened.await;
        self.row(kind, opened);
    }

    fn skip(&mut self, kind: &str, reason: impl Display) {
        self.skipped.push((kind.to_owned(), reason.to_string()));
    }

    /// Seals `count` items of each suite on both sides.
    async fn seal(&self, kind: &str, suites: &[AlgorithmSuite], keyring: &Both) -> Result<Vec<Sealed>> {
        // Every kind has items of its own, which stay the same whatever happens to other kinds.
        let start = kind.bytes().fold(self.seed, |start, byte| start.wrapping_mul(31).wrapping_add(byte.into()));
        let mut items = Items::new(start);
        let mut sealed = Vec::new();
        for suite in suites {
            for index in 0..self.count {
                let case = Case { suite: *suite, ..Case::random(&mut items) };
                let name = format!("{kind}, {suite}, item {index} of seed {}", self.seed);
                let ours = case.encryptor_with(Arc::clone(&keyring.ours)).encrypt_item(case.item.clone()).await;
                let ours = ours.map_err(|error| format!("{name}: we do not seal: {}", chain(&error)))?.item;
                let theirs = match Official::with_keyring(&case, keyring.theirs.clone()) {
                    Ok(official) => official.seal(case.item.clone()).await,
                    Err(error) => Err(error),
                };
                let theirs = theirs.map_err(|error| format!("{name}: they do not seal: {error}"))?;
                sealed.push(Sealed { name, case, ours, theirs });
            }
        }
        Ok(sealed)
    }

    /// Prints the row of a kind.
    fn row(&mut self, kind: &str, opened: Result<Opened>) {
        match opened {
            Ok(opened) => {
                let columns = AlgorithmSuite::ALL.map(|suite| {
                    let count = opened.0.iter().filter(|opened| **opened == suite).count();
                    if count == 0 { "– | –".to_owned() } else { format!("{count} | {count}") }
                });
                println!("| {kind} | {} |", columns.join(" | "));
                self.opened += opened.0.len();
                self.rows += 1;
            }
            Err(error) => {
                println!("| {kind} | FAILED | | | |");
                let error = chain(&*error);
                // What fails before the first item, when keyrings are built, does not name its kind yet.
                let is_named = error.starts_with(&format!("{kind}, "));
                self.failed.push(if is_named { error } else { format!("{kind}: {error}, seed {}", self.seed) });
            }
        }
    }
}

/// The suites of the items that each side opened of the other.
struct Opened(Vec<AlgorithmSuite>);

/// Both sides open everything: the other's record, which is the point, and their own, which tells whose mistake it is.
async fn open(sealed: &[Sealed], keyring: &Both) -> Result<Opened> {
    let mut opened = Vec::new();
    for Sealed { name, case, ours, theirs } in sealed {
        let official = Official::with_keyring(case, keyring.theirs.clone());
        let official = official.map_err(|error| format!("{name}: {error}"))?;
        let encryptor = case.encryptor_with(Arc::clone(&keyring.ours));
        let mut errors = Vec::new();
        for (whose, item) in [("ours", ours), ("theirs", theirs)] {
            let result = match official.open(item.clone()).await {
                Ok(item) => check(name, &format!("they open {whose}"), case, &item).map_err(|error| error.to_string()),
                Err(error) => Err(format!("they refuse {whose}: {error}")),
            };
            errors.extend(result.err());
            let result = match encryptor.decrypt_item(item.clone()).await {
                Ok(item) => {
                    check(name, &format!("we open {whose}"), case, &item.item).map_err(|error| error.to_string())
                }
                Err(error) => Err(format!("we refuse {whose}: {}", chain(&error))),
            };
            errors.extend(result.err());
        }
        if !errors.is_empty() {
            return Err(format!("{name}: {}", errors.join("; ")).into());
        }
        opened.push(case.suite);
    }
    Ok(Opened(opened))
}

/// An error with its causes.
pub fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
