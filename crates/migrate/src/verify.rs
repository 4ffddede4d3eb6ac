//! Whether every item of a table is as it should be.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use dynaseal_core::{ErrorKind, Item, ItemEncryptor, MaterialsError, RESERVED_PREFIX};
use dynaseal_ops::{Refusal, SealedTable};
use dynaseal_search::BeaconError;
use futures_util::StreamExt as _;
use futures_util::stream;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::compare::{Difference, Members, compare, opened_by_all};
use crate::options::Options;
use crate::pace::Pace;
use crate::problem::{MigrateError, Problem};
use crate::report::Wait;
use crate::scan::Segment;
use crate::source::is_record;

/// Checks items of one table.
#[derive(Clone, Debug)]
pub struct Verifier {
    inner: Arc<Rules>,
}

#[derive(Clone, Debug)]
struct Rules {
    table: SealedTable,
    /// Each keyring of the table alone, if there are several.
    members: Vec<ItemEncryptor>,
    others: Vec<(String, ItemEncryptor)>,
    checks_recipients: bool,
}

/// What an item is.
#[derive(Debug)]
#[non_exhaustive]
pub enum Finding {
    /// A record that opens, of this configuration and these keys.
    Clean,
    /// A record that opens; whether it is of the current keys can not be told, for there are none to seal with.
    Opens,
    /// Plaintext.
    Unsealed,
    /// An item of the DynamoDB Encryption Client.
    OlderClient,
    /// A record that opens, but would now be sealed for others: an older key or version, or other recipients.
    OldKey,
    /// A record that opens, but was sealed by another configuration: other actions, another suite, other beacons.
    OtherConfiguration,
    /// A record of another table.
    WrongTable {
        /// The logical name of that table.
        name: String,
    },
    /// An attribute whose name belongs to the library, and which it did not put there.
    ReservedName {
        /// The attribute.
        name: String,
    },
    /// A record that opens; but it could not be sealed anew to compare, for its keys could not be had.
    NotCompared(Problem),
    /// It can not be opened.
    Unreadable(Problem),
}

impl Finding {
    /// The name in reports: `clean`, `opens`, `unsealed`, `older_client`, `old_key`, `other_configuration`,
    /// `wrong_table`, `reserved_name`, `not_compared` or `unreadable`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Opens => "opens",
            Self::Unsealed => "unsealed",
            Self::OlderClient => "older_client",
            Self::OldKey => "old_key",
            Self::OtherConfiguration => "other_configuration",
            Self::WrongTable { .. } => "wrong_table",
            Self::ReservedName { .. } => "reserved_name",
            Self::NotCompared(_) => "not_compared",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// Whether nothing is wrong with it, as far as that can be told.
    pub fn is_clean(&self) -> bool {
        matches!(self, Self::Clean | Self::Opens)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clean => f.write_str("it is sealed as it should be"),
            Self::Opens => {
                f.write_str("it opens; without a key to seal with, nobody can say whether its key is an old one")
            }
            Self::Unsealed => f.write_str("it is plaintext: `dynaseal migrate --from plaintext` seals it"),
            Self::OlderClient => {
                f.write_str("it is of the DynamoDB Encryption Client: `dynaseal migrate --from older-client` moves it")
            }
            Self::OldKey => {
                f.write_str("it is sealed under an older key, or for others: `dynaseal migrate` seals it anew")
            }
            Self::OtherConfiguration => {
                f.write_str("it was sealed by another configuration: `dynaseal migrate` seals it anew")
            }
            Self::WrongTable { name } => write!(f, "it is a record of the table `{name}`"),
            Self::ReservedName { name } => write!(f, "`{name}` is a name of the library, and not of its making"),
            Self::NotCompared(problem) => {
                f.write_str(
                    "it opens, and whether it is of the current keys cannot be told (only opening needs fewer keys): ",
                )?;
                with_causes(problem, f)
            }
            Self::Unreadable(problem) => with_causes(problem, f),
        }
    }
}

fn with_causes(problem: &Problem, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{problem}")?;
    let mut cause = std::error::Error::source(problem);
    while let Some(error) = cause {
        write!(f, ": {error}")?;
        cause = error.source();
    }
    Ok(())
}

/// How many items were found to be what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Findings {
    /// Items looked at.
    pub examined: u64,
    /// By the names of [`Finding`].
    pub by_name: BTreeMap<&'static str, u64>,
    /// Items that are not as they should be.
    pub bad: u64,
}

impl Findings {
    /// One more.
    pub fn add(&mut self, finding: &Finding) {
        self.examined += 1;
        *self.by_name.entry(finding.name()).or_default() += 1;
        self.bad += u64::from(!finding.is_clean());
    }

    /// Those of another part.
    pub fn merge(&mut self, other: &Self) {
        self.examined += other.examined;
        self.bad += other.bad;
        for (name, count) in &other.by_name {
            *self.by_name.entry(name).or_default() += count;
        }
    }

    /// Whether every item is as it should be.
    pub fn is_clean(&self) -> bool {
        self.bad == 0
    }
}

impl Verifier {
    /// Of the items of a table.
    pub fn new(table: SealedTable) -> Self {
        let members = table.encryptor().members();
        Self { inner: Arc::new(Rules { table, members, others: Vec::new(), checks_recipients: true }) }
    }

    /// Records that do not open are tried as those of another table: the same configuration and keys under another logical
    /// name, for example.
    #[must_use]
    pub fn other_tables(self, others: impl IntoIterator<Item = ItemEncryptor>) -> Self {
        let named = |encryptor: ItemEncryptor| (encryptor.config().logical_table_name().to_owned(), encryptor);
        let mut rules = Rules::clone(&self.inner);
        rules.others.extend(others.into_iter().map(named));
        Self { inner: Arc::new(rules) }
    }

    /// Only opens: does not seal each item anew to compare, which takes keys that seal, and their requests.
    #[must_use]
    pub fn only_opens(self) -> Self {
        Self { inner: Arc::new(Rules { checks_recipients: false, ..Rules::clone(&self.inner) }) }
    }

    /// The key attributes of an item.
    pub fn key_of(&self, item: &Item) -> Item {
        let config = self.inner.table.config();
        let names = std::iter::once(config.partition_key()).chain(config.sort_key());
        names.filter_map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect()
    }

    /// Looks at one item as it is stored.
    pub async fn check(&self, stored: &Item) -> Finding {
        let Rules { table, members, others, checks_recipients } = &*self.inner;
        let encryptor = table.encryptor();
        if !is_record(stored) {
            return match stored.keys().find(|name| name.starts_with(RESERVED_PREFIX)) {
                Some(name) => Finding::ReservedName { name: name.clone() },
                None if encryptor.is_legacy(stored) => Finding::OlderClient,
                None => Finding::Unsealed,
            };
        }
        let mut plain = match encryptor.decrypt_item(stored.clone()).await {
            Ok(opened) => opened.item,
            Err(error) => {
                for (name, other) in others {
                    if other.decrypt_item(stored.clone()).await.is_ok() {
                        return Finding::WrongTable { name: name.clone() };
                    }
                }
                return Finding::Unreadable(Problem::Open(error));
            }
        };
        if !checks_recipients {
            return Finding::Opens;
        }
        for name in table.search().into_iter().flat_map(|search| search.signed_beacons()) {
            if !self.key_of(stored).contains_key(name) {
                plain.remove(name);
            }
        }
        match compare(table, stored, plain).await {
            Ok((sealed, difference)) => match difference {
                None => match opened_by_all(members, stored).await {
                    Ok(Members::All) => Finding::Clean,
                    Ok(Members::Untold) => Finding::Opens,
                    Ok(Members::NotAll) => Finding::OldKey,
                    Err(error) => Finding::NotCompared(Problem::Open(error)),
                },
                Some(Difference::Recipients) => Finding::OldKey,
                // A beacon that would be another one is of another configuration; what has no place at all is not.
                Some(Difference::Reserved(name)) if !sealed.contains_key(&name) => Finding::ReservedName { name },
                Some(Difference::Reserved(_) | Difference::Configuration) => Finding::OtherConfiguration,
            },
            Err(Refusal::Item(error)) if only_opens(error.kind()) => Finding::Opens,
            Err(refusal) if is_of_keys(&refusal) => Finding::NotCompared(Problem::of_sealing(refusal)),
            Err(_) => Finding::OtherConfiguration,
        }
    }

    /// Goes through a table in segments, as a migration does; there is no checkpoint. Reads are consistent.
    ///
    /// # Errors
    /// If the table can not be read.
    pub async fn scan(
        &self,
        client: &Client,
        table: &str,
        options: &Options,
        observer: &Arc<dyn FindingObserver>,
    ) -> Result<Findings, MigrateError> {
        let pace = Arc::new(Pace::new(options.read_units));
        let mut running = JoinSet::new();
        for index in options.shard.own() {
            let (verifier, client, table) = (self.clone(), client.clone(), table.to_owned());
            let (pace, observer, options) = (Arc::clone(&pace), Arc::clone(observer), options.clone());
            running.spawn(async move {
                let segment = Segment {
                    client: &client,
                    table: &table,
                    index,
                    total: options.shard.total(),
                    page_size: Some(options.page_size),
                    consistent: true,
                };
                verifier.segment(segment, &pace, &options, &*observer).await
            });
        }
        let mut findings = Findings::default();
        while let Some(segment) = running.join_next().await {
            findings.merge(&segment.map_err(|_| MigrateError::Lost)??);
        }
        Ok(findings)
    }

    async fn segment(
        &self,
        segment: Segment<'_>,
        pace: &Pace,
        options: &Options,
        observer: &dyn FindingObserver,
    ) -> Result<Findings, MigrateError> {
        let mut findings = Findings::default();
        let mut start = None;
        loop {
            let told = |wait: &Wait| observer.waits(wait);
            let page = segment.page(start.take(), pace, &told).await?;
            for item in page.unknown {
                let finding = Finding::Unreadable(Problem::UnknownType);
                observer.found(&self.key_of(&item), &finding);
                findings.add(&finding);
            }
            let checked =
                stream::iter(page.items).map(|item| async move { (self.key_of(&item), self.check(&item).await) });
            let mut checked = checked.buffer_unordered(options.at_once());
            while let Some((key, finding)) = checked.next().await {
                observer.found(&key, &finding);
                findings.add(&finding);
            }
            match page.next {
                Some(next) => start = Some(next),
                None => return Ok(findings),
            }
        }
    }
}

/// Whether there is no key to seal with, by configuration.
fn only_opens(kind: &ErrorKind) -> bool {
    fn of(error: &MaterialsError) -> bool {
        match error.root() {
            MaterialsError::OnlyOpens { .. } => true,
            MaterialsError::Child { source, .. } => of(source),
            _ => false,
        }
    }
    matches!(kind, ErrorKind::Materials(error) if of(error))
}

/// Whether an item cannot be sealed for a reason that is none of the item's.
fn is_of_keys(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Item(error) => matches!(error.kind(), ErrorKind::Materials(_)),
        Refusal::Beacons { source: BeaconError::Keys { .. }, .. } => true,
        _ => false,
    }
}

/// Is told of every item, from several threads.
pub trait FindingObserver: Send + Sync {
    /// What an item is; `key` has its key attributes.
    fn found(&self, key: &Item, finding: &Finding);

    /// A request failed and is tried again after a pause of a second or more.
    fn waits(&self, _wait: &Wait) {}
}

/// Nobody looks.
impl FindingObserver for () {
    fn found(&self, _: &Item, _: &Finding) {}
}
