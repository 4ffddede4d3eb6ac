//! Queries and scans over beacons (specification: `dynamodb-encryption-client/ddb-support.md`, QueryInputForBeacons and
//! its siblings; `ddb-get-number-of-queries.md`).
//!
//! A request is analysed once: which paths are beacons, which values become theirs, whose keys are needed, and how many
//! partitions have to be asked. From that comes each request that is sent, and what is taken out of its results.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use dynaseal_core::{AttributeValue, BeaconHmacKey, Item, names_only};
use dynaseal_expression::{BoundCondition, Condition, ExpressionKind, MAX_EXPRESSION, Name, substitute};

mod error;
mod names;
mod paths;
mod results;
mod rules;
mod tenant;
mod value;

pub use error::QueryError;
pub use results::{BoundResults, Results};

use self::names::NewNames;
use self::rules::{Decision, PathNames, Walk};
use self::value::Uses;
use crate::keys::Owner;
use crate::partition::queries_for;
use crate::search::Search;
use crate::standard::Maker;

/// The value that says which partition a `Query` is about.
///
/// Who asks partition after partition can get an item twice, as with the official clients: by chance, two partitions can
/// have the same beacon for one value. [`Analysis::rewrite_all`] asks those once.
pub const PARTITION_VALUE: &str = ":aws_dbe_partition";

/// What a `Query` or `Scan` says.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct QueryRequest {
    /// `KeyConditionExpression`; a scan has none.
    pub key_condition: Option<String>,
    /// `FilterExpression`.
    pub filter: Option<String>,
    /// `ExpressionAttributeNames`.
    pub names: BTreeMap<String, String>,
    /// `ExpressionAttributeValues`.
    pub values: Item,
}

/// The texts, and the placeholders without what they stand for.
impl fmt::Debug for QueryRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryRequest")
            .field("key_condition", &self.key_condition)
            .field("filter", &self.filter)
            .field("names", &names_only(&self.names))
            .field("values", &names_only(&self.values))
            .finish()
    }
}

/// A request, understood.
#[derive(Debug)]
pub struct Analysis {
    search: Arc<Search>,
    request: QueryRequest,
    key_condition: Option<Understood>,
    filter: Option<Understood>,
    uses: Uses,
    /// Names of the request that were used where nothing is sent.
    dropped_names: Vec<Name>,
    /// Whose items are asked for.
    tenant: Option<String>,
    queries: u8,
    /// Of this request; nothing if it has to say and does not.
    partition: Option<u8>,
    results: Option<Results>,
}

/// One of its expressions.
#[derive(Debug)]
struct Understood {
    kind: ExpressionKind,
    text: String,
    /// For every path, in the order of the text.
    paths: Vec<(PathNames, Decision)>,
    /// The `:value`s in it.
    values: BTreeSet<String>,
}

impl Search {
    /// Understands a request. No key is asked for yet.
    ///
    /// # Errors
    /// If an expression makes no sense, or if beacons can not answer it: the error says what to use instead.
    pub fn analyze(self: &Arc<Self>, mut request: QueryRequest) -> Result<Analysis, QueryError> {
        // A key condition that no table can have is DynamoDB's to refuse.
        let is_scan = request.key_condition.is_none();
        let given = self.take_partition(&mut request.values, is_scan)?;
        let mut walk = Walk::new(self, &request.names, &request.values);
        let (mut key_condition, mut key_local) = (None, None);
        if let Some(text) = &request.key_condition {
            (key_condition, key_local) = walk.expression(ExpressionKind::KeyCondition, text)?.unzip();
        }
        let (mut filter, mut filter_local) = (None, None);
        if let Some(text) = &request.filter {
            (filter, filter_local) = walk.expression(ExpressionKind::Filter, text)?.unzip();
        }
        let Walk { uses, tenants, computed, inexact, dropped_names, .. } = walk;
        let locals = [(ExpressionKind::KeyCondition, key_local), (ExpressionKind::Filter, filter_local)];
        for (kind, local) in &locals {
            if let Some(condition) = local {
                BoundCondition::new(*kind, condition, &request.names, &request.values)?;
            }
        }

        // Once one is named, nothing of another is handed over, also where no key is needed: its name may not be stored.
        let tenant = match self.keys.owner() {
            Owner::Tenant { key_field } if uses.need_keys() || !tenants.is_empty() => {
                Some(only_tenant(tenants, key_field)?)
            }
            _ => None,
        };
        let of_key = key_condition.iter().flat_map(|of| &of.values).flat_map(|name| uses.partitions(name));
        let queries = queries_for(of_key, self.maximum);
        let partition = match given {
            Some(partition) if partition >= queries => return Err(QueryError::PartitionTooHigh { partition, queries }),
            None if queries == 1 => Some(0),
            given => given,
        };
        let results = (uses.need_keys() || inexact || tenant.is_some()).then(|| Results {
            search: Arc::clone(self),
            conditions: locals.into_iter().filter_map(|(kind, local)| Some((kind, local?))).collect(),
            names: request.names.clone(),
            values: request.values.clone(),
            computed,
            tenant: tenant.clone(),
            asks_beacons: uses.need_keys() || inexact,
        });
        let search = Arc::clone(self);
        Ok(Analysis {
            search,
            request,
            key_condition,
            filter,
            uses,
            dropped_names,
            tenant,
            queries,
            partition,
            results,
        })
    }

    fn take_partition(&self, values: &mut Item, is_scan: bool) -> Result<Option<u8>, QueryError> {
        let Some(value) = values.remove(PARTITION_VALUE) else { return Ok(None) };
        if is_scan {
            return Err(QueryError::PartitionOfScan);
        }
        if self.maximum == 1 {
            return Err(QueryError::NoPartitions);
        }
        let AttributeValue::N(number) = value else {
            return Err(QueryError::PartitionType { found: value.type_name() });
        };
        let partition = dynaseal_core::normalize_number(&number).ok().and_then(|number| number.parse::<u8>().ok());
        let is_one = partition.filter(|partition| *partition < self.maximum);
        Ok(Some(is_one.ok_or(QueryError::NoSuchPartition { partitions: self.maximum })?))
    }
}

fn only_tenant(tenants: BTreeSet<String>, key_field: &str) -> Result<String, QueryError> {
    let mut tenants = tenants.into_iter();
    match (tenants.next(), tenants.next()) {
        (Some(tenant), None) => Ok(tenant),
        (None, _) => Err(QueryError::NoTenant { key_field: key_field.to_owned() }),
        (Some(_), Some(_)) => Err(QueryError::SeveralTenants { key_field: key_field.to_owned() }),
    }
}

impl Analysis {
    /// How many queries it takes to see every partition (GetNumberOfQueries). A scan is one.
    pub fn queries(&self) -> u8 {
        self.queries
    }

    /// What to do with the items that come back; `None` if DynamoDB's answer is exact.
    pub fn results(&self) -> Option<&Results> {
        self.results.as_ref()
    }

    /// Whose items are asked for, where each tenant has a key of its own.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// The request as it is sent, for the partition that it names, or for the only one that there is.
    ///
    /// # Errors
    /// If it has to be asked of several partitions and does not say which, if there is no key, or if it comes out longer
    /// than DynamoDB takes.
    pub async fn rewrite(&self) -> Result<QueryRequest, QueryError> {
        let partition = self.partition.ok_or(QueryError::WhichPartition { queries: self.queries })?;
        let keys = self.keys().await?;
        self.rewrite_for(&keys, &self.covered(partition).collect::<Vec<_>>())
    }

    /// Requests that together see every partition, whatever partition the request names. Partitions that come to the same
    /// request share one, so that no item comes back twice.
    ///
    /// # Errors
    /// As [`rewrite`](Self::rewrite).
    pub async fn rewrite_all(&self) -> Result<Vec<QueryRequest>, QueryError> {
        let keys = self.keys().await?;
        let mut groups: Vec<(Vec<AttributeValue>, Vec<u8>)> = Vec::new();
        for partition in 0..self.queries {
            let maker = Maker { keys: &keys, partition };
            let names = self.key_condition.iter().flat_map(|of| &of.values);
            let of_key = names.map(|name| self.value(name, maker)).collect::<Result<Vec<_>, _>>()?;
            match groups.iter_mut().find(|(other, _)| *other == of_key) {
                Some((_, partitions)) => partitions.extend(self.covered(partition)),
                None => groups.push((of_key, self.covered(partition).collect())),
            }
        }
        groups.iter().map(|(_, partitions)| self.rewrite_for(&keys, partitions)).collect()
    }

    /// The partitions of items that a query of one partition finds.
    fn covered(&self, partition: u8) -> impl Iterator<Item = u8> + use<> {
        (partition..self.search.maximum).step_by(usize::from(self.queries))
    }

    async fn keys(&self) -> Result<Arc<[BeaconHmacKey]>, QueryError> {
        if !self.uses.need_keys() {
            return Ok(Arc::new([]));
        }
        let branch_key_id = match (self.search.keys.owner(), &self.tenant) {
            (Owner::Table { branch_key_id }, _) => branch_key_id,
            (Owner::Tenant { .. }, Some(tenant)) => tenant,
            (Owner::Tenant { key_field }, None) => {
                return Err(QueryError::NoTenant { key_field: key_field.clone() });
            }
        };
        let failed = |source| QueryError::Keys { branch_key_id: branch_key_id.clone(), source };
        self.search.keys.of(branch_key_id).await.map_err(failed)
    }

    fn value(&self, name: &str, maker: Maker<'_>) -> Result<AttributeValue, QueryError> {
        let value = self.request.values.get(name).ok_or_else(|| QueryError::undefined(name))?;
        self.uses.rewrite(name, value, &self.search, maker)
    }

    /// For items of these partitions, whose keys have the same beacons in all of them.
    fn rewrite_for(&self, keys: &[BeaconHmacKey], partitions: &[u8]) -> Result<QueryRequest, QueryError> {
        let expressions = || self.key_condition.iter().chain(&self.filter);
        let new_names = NewNames::new(&self.request.names, expressions().flat_map(|of| &of.paths), &self.dropped_names);
        let key_condition = match &self.key_condition {
            Some(of) => Some(of.with(&new_names, |_| None)?),
            None => None,
        };
        let maker = |partition| Maker { keys, partition };
        let first = maker(partitions.first().copied().unwrap_or_default());
        let mut values = Item::new();
        for name in expressions().flat_map(|of| &of.values) {
            values.insert(name.clone(), self.value(name, first)?);
        }
        let filter = match &self.filter {
            Some(filter) => {
                let mut variants: Vec<String> = Vec::new();
                let mut numbers = BTreeMap::new();
                for partition in partitions {
                    if variants.iter().map(String::len).sum::<usize>() > MAX_EXPRESSION {
                        break;
                    }
                    let mut others = BTreeMap::new();
                    for name in &filter.values {
                        let value = self.value(name, maker(*partition))?;
                        if values.get(name) != Some(&value) {
                            let number = numbers.entry(name.as_str()).or_insert(0);
                            others
                                .insert(name.as_str(), place(name, value, &mut values, &self.request.values, number)?);
                        }
                    }
                    let text = filter.with(&new_names, |name| others.get(name).cloned())?;
                    if !variants.contains(&text) {
                        variants.push(text);
                    }
                }
                Some(join(&variants))
            }
            None => None,
        };
        for text in key_condition.iter().chain(&filter) {
            if text.len() > MAX_EXPRESSION {
                return Err(QueryError::TooLong { length: text.len() });
            }
        }
        Ok(QueryRequest { key_condition, filter, names: new_names.names, values })
    }
}

impl Understood {
    /// The text with other names and values.
    fn with(&self, names: &NewNames, value: impl Fn(&str) -> Option<String>) -> Result<String, QueryError> {
        let paths: Vec<_> = self.paths.iter().map(|(path, decision)| names.path(path, decision)).collect();
        substitute(self.kind, &self.text, &paths, value).ok_or(QueryError::Parentheses { kind: self.kind })
    }
}

/// Puts a value of another partition beside the others, and gives its name. `number` is how many of this name there are.
fn place(
    name: &str,
    value: AttributeValue,
    values: &mut Item,
    given: &Item,
    number: &mut u16,
) -> Result<String, QueryError> {
    let own = |number: u16| {
        let letter = |number: u16| u8::try_from(number % 26).map_or('A', |place| char::from(b'A' + place));
        format!("{name}{}{}", letter(number / 26), letter(number))
    };
    let is_own = |own: &String| !given.contains_key(own) && values.get(own) == Some(&value);
    if let Some(same) = (0..*number).map(own).find(is_own) {
        return Ok(same);
    }
    while *number < 26 * 26 {
        let candidate = own(*number);
        *number += 1;
        if !given.contains_key(&candidate) && !values.contains_key(&candidate) {
            values.insert(candidate.clone(), value);
            return Ok(candidate);
        }
    }
    Err(QueryError::NoNames)
}

fn join(variants: &[String]) -> String {
    match variants {
        [only] => only.clone(),
        several => {
            let wrapped = |text: &String| if is_wrapped(text) { text.clone() } else { format!("({text})") };
            several.iter().map(wrapped).collect::<Vec<_>>().join(" OR ")
        }
    }
}

/// Whether a parenthesis is around all of it. DynamoDB refuses a second.
fn is_wrapped(text: &str) -> bool {
    let text = text.trim();
    let mut depth = 0_usize;
    let mut closes = text.char_indices().filter_map(|(at, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => return None,
        }
        (depth == 0).then_some(at)
    });
    text.starts_with('(') && closes.next() == Some(text.len() - 1)
}

/// Reads a condition of either kind.
fn parse(kind: ExpressionKind, text: &str) -> Result<Condition, QueryError> {
    Ok(Condition::parse(kind, text)?)
}
