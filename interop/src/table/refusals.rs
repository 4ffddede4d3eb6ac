//! The same requests through every door: what theirs refuses, ours has to refuse; what both carry out has to give the
//! same and leave the same.

mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use dynaseal::{AlgorithmSuite, CryptoAction, Item, Version, json, normal_form, sdk};
use dynaseal_testkit::random::Items;

use super::doors::Table;
use crate::Result;
use crate::case::{Case, RawKey};
use crate::keys::chain;
use requests::{Request, requests};

/// What came of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The items of the answer.
    Done(Vec<String>),
    /// Nothing was sent.
    Refused(String),
    /// DynamoDB refused it, with this code.
    Denied(String),
    /// It was carried out, but the answer is withheld.
    Withheld(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(_) => f.write_str("done"),
            Self::Refused(_) => f.write_str("refused"),
            Self::Denied(code) => write!(f, "sent, {code}"),
            Self::Withheld(_) => f.write_str("sent, answer withheld"),
        }
    }
}

impl Outcome {
    /// From what the SDK gives.
    pub fn new<T: requests::Items, E>(result: std::result::Result<T, SdkError<E>>) -> Self
    where
        E: std::error::Error + aws_sdk_dynamodb::error::ProvideErrorMetadata + 'static,
    {
        match result {
            Ok(output) => {
                let items = output.items().into_iter().map(|item| sdk::from_sdk(item).expect("known types"));
                let mut items: Vec<String> = items.map(|item| text(&item)).collect();
                items.sort_unstable();
                Self::Done(items)
            }
            Err(SdkError::ServiceError(error)) => {
                Self::Denied(error.err().meta().code().unwrap_or("no code").to_owned())
            }
            Err(error @ SdkError::ConstructionFailure(_)) => Self::Refused(chain(&error)),
            Err(error) => Self::Withheld(chain(&error)),
        }
    }
}

/// What is in the table after a request, opened where it can be opened.
type Left = Vec<std::result::Result<String, String>>;

/// What was seen so far.
#[derive(Default)]
pub struct Refusals {
    pub requests: u64,
    /// Outcomes by request: theirs, ours, and over how many tables.
    rows: BTreeMap<&'static str, BTreeMap<(String, String, Verdict), u64>>,
    pub differences: Vec<String>,
    /// Where theirs leaves behind what we do not open.
    broken: BTreeSet<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// Both do the same.
    Same,
    /// Both fail, ours before anything is sent.
    Earlier,
    /// Only ours refuses.
    Stricter,
    /// Only ours carries it out.
    More,
    /// None of these.
    Different,
}

impl Verdict {
    fn new(theirs: &Outcome, ours: &Outcome) -> Self {
        match (theirs, ours) {
            (Outcome::Done(theirs), Outcome::Done(ours)) if theirs == ours => Self::Same,
            (Outcome::Refused(_), Outcome::Refused(_)) => Self::Same,
            (Outcome::Denied(theirs), Outcome::Denied(ours)) if theirs == ours => Self::Same,
            (Outcome::Withheld(_), Outcome::Withheld(_)) => Self::Same,
            (Outcome::Denied(_) | Outcome::Withheld(_), Outcome::Refused(_)) => Self::Earlier,
            (Outcome::Done(_), Outcome::Refused(_)) => Self::Stricter,
            (Outcome::Withheld(_), Outcome::Done(_)) => Self::More,
            // A path into what is encrypted finds nothing where it is looked up in the sealed item.
            (Outcome::Done(theirs), Outcome::Done(ours)) if is_empty(theirs) && !is_empty(ours) => Self::More,
            _ => Self::Different,
        }
    }
}

fn is_empty(items: &[String]) -> bool {
    items.iter().all(|item| item == "{}")
}

/// All requests, on a table of its own.
pub async fn run(
    plain: &Client,
    version: Version,
    suite: AlgorithmSuite,
    sorted: bool,
    items: &mut Items,
    refusals: &mut Refusals,
) -> Result<()> {
    let place = format!("{version:?} {suite}{}", if sorted { " with a sort key" } else { "" });
    let name = format!("refusals_{}", place.replace(' ', "_"));
    let case = case(version, suite, sorted, items);
    let other = format!("other_{name}");
    super::doors::create(plain, &other, &case).await?;
    let table = Table::new(plain, name, case).await?;
    let start = table.case.encryptor(None).encrypt_item(table.case.item.clone()).await?.item;

    let mut all: Vec<Vec<(Outcome, Left)>> = Vec::new();
    let mut names = Vec::new();
    for door in &table.doors {
        let mut outcomes = Vec::new();
        names.clear();
        for Request { name, sent } in requests(&table, door, &other)? {
            reset(&table, &start).await?;
            outcomes.push((sent.await, left(&table).await?));
            names.push(name);
        }
        all.push(outcomes);
    }
    let [theirs, asynchronous, interceptor] = <[_; 3]>::try_from(all).map_err(|_| "there are three doors")?;
    for (index, name) in names.into_iter().enumerate() {
        refusals.compare(&place, name, &theirs[index], [&asynchronous[index], &interceptor[index]]);
    }
    plain.delete_table().table_name(&table.name).send().await?;
    plain.delete_table().table_name(&other).send().await?;
    Ok(())
}

impl Refusals {
    fn compare(&mut self, place: &str, name: &'static str, theirs: &(Outcome, Left), ours: [&(Outcome, Left); 2]) {
        self.requests += 1;
        let [one, other] = ours;
        let mut verdict = Verdict::new(&theirs.0, &one.0);
        if one.0.to_string() != other.0.to_string() || one.1 != other.1 || Verdict::new(&theirs.0, &other.0) != verdict
        {
            self.differences.push(format!("{place}: {name}: our doors: {one:?} and {other:?}"));
        }
        if verdict == Verdict::Same && theirs.1 != one.1 {
            verdict = Verdict::Different;
        }
        if verdict == Verdict::Different {
            self.differences.push(format!("{place}: {name}: theirs {theirs:?}, ours {one:?}"));
        }
        if theirs.1.iter().any(std::result::Result::is_err) {
            self.broken.insert(name);
        }
        let row = (theirs.0.to_string(), one.0.to_string(), verdict);
        *self.rows.entry(name).or_default().entry(row).or_default() += 1;
    }

    pub fn print(&self) {
        let mut verdicts: BTreeMap<Verdict, u64> = BTreeMap::new();
        println!("| request | aws-db-esdk | DynaSeal | tables | |");
        println!("|---|---|---|--:|---|");
        for (name, rows) in &self.rows {
            for ((theirs, ours, verdict), count) in rows {
                *verdicts.entry(*verdict).or_default() += count;
                if *verdict != Verdict::Same {
                    let broken = if self.broken.contains(name) { ", theirs leaves what we do not open" } else { "" };
                    println!("| {name} | {theirs} | {ours} | {count} | {verdict:?}{broken} |");
                }
            }
        }
        println!();
        for (verdict, count) in verdicts {
            println!("{count:>6}  {verdict:?}");
        }
        println!();
        for difference in self.differences.iter().take(40) {
            println!("DIFFERENT: {difference}");
        }
    }
}

/// Nothing but the one sealed item.
async fn reset(table: &Table, start: &Item) -> Result<()> {
    let stored = table.stored().await?;
    if stored.len() == 1 && stored[0] == *start {
        return Ok(());
    }
    for item in stored {
        let key = sdk::to_sdk(table.key(&item));
        table.plain.delete_item().table_name(&table.name).set_key(Some(key)).send().await?;
    }
    let item = Some(sdk::to_sdk(start.clone()));
    table.plain.put_item().table_name(&table.name).set_item(item).send().await?;
    Ok(())
}

async fn left(table: &Table) -> Result<Left> {
    let encryptor = table.case.encryptor(None);
    let mut left = Vec::new();
    for item in table.stored().await? {
        let opened = encryptor.decrypt_item(item).await;
        left.push(opened.map(|opened| text(&opened.item)).map_err(|error| chain(&error)));
    }
    left.sort_unstable();
    Ok(left)
}

fn text(item: &Item) -> String {
    let normal = |value| normal_form(value).expect("a value that DynamoDB takes");
    json::to_string(&item.iter().map(|(name, value)| (name.clone(), normal(value))).collect::<Item>())
}

/// A table with an attribute of every action, and its item. Names are plain, so that expressions may spell them out.
fn case(version: Version, suite: AlgorithmSuite, sorted: bool, items: &mut Items) -> Case {
    use dynaseal::AttributeValue as Value;

    let of_context = match version {
        Version::V1 => CryptoAction::SignOnly,
        Version::V2 => CryptoAction::SignAndIncludeInEncryptionContext,
    };
    let number = |items: &mut Items| Value::N((1 + items.below(1000)).to_string());
    let nested = |items: &mut Items| Value::M([("x".to_owned(), number(items))].into());
    let mut attributes = vec![
        ("person", of_context, Value::S(format!("p{}", items.name()))),
        ("tenant", of_context, Value::S(items.name())),
        ("ward", CryptoAction::SignOnly, Value::S(items.name())),
        ("visits", CryptoAction::SignOnly, number(items)),
        ("teams", CryptoAction::SignOnly, Value::Ss(vec!["red".to_owned(), "blue".to_owned()])),
        ("diagnosis", CryptoAction::EncryptAndSign, Value::S(items.name())),
        ("history", CryptoAction::EncryptAndSign, nested(items)),
        ("remark", CryptoAction::DoNothing, Value::S(items.name())),
        ("seen", CryptoAction::DoNothing, number(items)),
        ("extras", CryptoAction::DoNothing, nested(items)),
    ];
    if sorted {
        attributes.push(("visited", of_context, number(items)));
    }
    let unsigned = ["remark", "seen", "extras"].map(str::to_owned).to_vec();
    let key = RawKey {
        namespace: items.name(),
        name: items.name(),
        bytes: (0..32).map(|_| u8::try_from(items.below(256)).unwrap_or(0)).collect(),
    };
    Case {
        table: items.name(),
        partition_key: "person".to_owned(),
        sort_key: sorted.then(|| "visited".to_owned()),
        actions: attributes.iter().map(|(name, action, _)| ((*name).to_owned(), *action)).collect(),
        unsigned,
        suite,
        keys: vec![key],
        item: attributes.into_iter().map(|(name, _, value)| (name.to_owned(), value)).collect(),
    }
}
