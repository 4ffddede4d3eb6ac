//! Each door reads everything in each way that there is.

use std::collections::BTreeMap;
use std::fmt::Display;

use aws_sdk_dynamodb::types::{Get, KeysAndAttributes, Select, TransactGetItem};
use dynaseal::{CryptoAction, SendSealed, sdk};

use super::{Held, SdkItem, Traffic, id};
use crate::Result;
use crate::keys::chain;
use crate::table::doors::{Door, send};

/// More than any table of a run has; a scan or query that finds more or needs more pages turns in circles.
const ENOUGH: usize = 100;

impl Traffic<'_> {
    pub(super) async fn read(&mut self) -> Result<()> {
        let table = self.table;
        for door in &table.doors {
            self.get_one_by_one(door).await?;
            self.get_many(door).await?;
            self.query(door).await?;
            self.scan(door).await?;
        }
        Ok(())
    }

    /// `GetItem` of everything, and of what is not there.
    async fn get_one_by_one(&mut self, door: &Door) -> Result<()> {
        for held in self.held.values().cloned().collect::<Vec<_>>() {
            self.get(door, "GetItem", &held).await?;
        }
        let missing = self.fresh();
        let get = door.client.get_item().table_name(&self.table.name).set_key(Some(self.key(&missing)));
        match send!(door, get) {
            Ok(output) if output.item.is_none() => {}
            Ok(_) => self.differs("GetItem", door, "found what is not there"),
            Err(error) => self.differs("GetItem", door, chain(&error)),
        }
        Ok(())
    }

    /// `GetItem` of one item.
    pub(super) async fn get(&mut self, door: &Door, what: &str, held: &Held) -> Result<()> {
        let get = door.client.get_item().table_name(&self.table.name).set_key(Some(self.key(&held.item)));
        match send!(door, get) {
            Ok(output) => self.check(what, door, held, &held.item, output.item)?,
            Err(error) => self.differs(what, door, chain(&error)),
        }
        Ok(())
    }

    /// `BatchGetItem` and `TransactGetItems` of everything.
    async fn get_many(&mut self, door: &Door) -> Result<()> {
        let all: Vec<Held> = self.held.values().cloned().collect();
        for part in all.chunks(20) {
            let keys = part.iter().map(|held| self.key(&held.item)).collect();
            let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build()?;
            match send!(door, door.client.batch_get_item().request_items(&self.table.name, keys)) {
                Ok(output) => {
                    let found = output.responses.unwrap_or_default().remove(&self.table.name).unwrap_or_default();
                    self.check_all("BatchGetItem", door, part.to_vec(), found)?;
                }
                Err(error) => self.differs("BatchGetItem", door, chain(&error)),
            }

            let mut transaction = door.client.transact_get_items();
            for held in part {
                let get = Get::builder().table_name(&self.table.name).set_key(Some(self.key(&held.item))).build()?;
                transaction = transaction.transact_items(TransactGetItem::builder().get(get).build());
            }
            match send!(door, transaction) {
                Ok(output) => {
                    let found = output.responses.unwrap_or_default();
                    if found.len() != part.len() {
                        self.differs("TransactGetItems", door, "not as many answers as requests");
                    }
                    for (held, found) in part.iter().zip(found) {
                        self.check("TransactGetItems", door, held, &held.item, found.item)?;
                    }
                }
                Err(error) => self.differs("TransactGetItems", door, chain(&error)),
            }
        }
        Ok(())
    }

    /// `Query` of every partition, of the table and of an index, forwards or backwards, in pages, with and without a filter.
    async fn query(&mut self, door: &Door) -> Result<()> {
        let table = self.table;
        let partition_key = table.case.partition_key.clone();
        let mut partitions: BTreeMap<String, Vec<Held>> = BTreeMap::new();
        for held in self.held.values() {
            let value = [(partition_key.clone(), held.item[&partition_key].clone())].into();
            partitions.entry(id(&value)).or_default().push(held.clone());
        }
        for partition in partitions.into_values() {
            let value = sdk::value_to_sdk(partition[0].item[&partition_key].clone());
            let filter = self.readable_name();
            for (what, index, filter) in [
                ("Query", None, None),
                ("Query of an index", Some("all".to_owned()), None),
                ("Query with a filter", None, filter),
            ] {
                if what == "Query with a filter" && filter.is_none() {
                    continue;
                }
                let expected = self.expected(&partition, filter.as_deref());
                // Without a sort key dynoxide 3.2 gives the same page for ever.
                let limit = if table.case.sort_key.is_some() { 1 + self.items.below(4) } else { ENOUGH };
                let (mut found, mut from, mut pages) = (Vec::new(), None, 0);
                let query = door
                    .client
                    .query()
                    .table_name(&self.table.name)
                    .key_condition_expression("#p = :p")
                    .expression_attribute_names("#p", &partition_key)
                    .expression_attribute_values(":p", value.clone())
                    .set_index_name(index)
                    .limit(i32::try_from(limit)?)
                    .scan_index_forward(self.items.below(2) == 0)
                    .set_filter_expression(filter.as_ref().map(|_| "attribute_exists(#f)".to_owned()));
                let query = match filter {
                    Some(name) => query.expression_attribute_names("#f", name),
                    None => query,
                };
                loop {
                    match send!(door, query.clone().set_exclusive_start_key(from)) {
                        Ok(page) => {
                            found.extend(page.items.unwrap_or_default());
                            from = page.last_evaluated_key;
                            pages += 1;
                        }
                        Err(error) => {
                            self.differs(what, door, chain(&error));
                            break;
                        }
                    }
                    if from.is_none() || pages > ENOUGH {
                        self.check_all(what, door, expected, found)?;
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// `Scan` in pages, in segments, with a filter, and as a count.
    async fn scan(&mut self, door: &Door) -> Result<()> {
        let all: Vec<Held> = self.held.values().cloned().collect();
        let limit = 2 + self.items.below(8);
        if let Some(found) = self.pages("Scan", door, limit, None, None).await? {
            self.check_all("Scan", door, all.clone(), found)?;
        }
        let first = self.pages("Scan in segments", door, ENOUGH, Some(0), None).await?;
        let second = self.pages("Scan in segments", door, ENOUGH, Some(1), None).await?;
        if let (Some(first), Some(second)) = (first, second) {
            self.check_all("Scan in segments", door, all.clone(), [first, second].concat())?;
        }
        if let Some(filter) = self.readable_name() {
            let expected = self.expected(&all, Some(&filter));
            if let Some(found) = self.pages("Scan with a filter", door, limit, None, Some(&filter)).await? {
                self.check_all("Scan with a filter", door, expected, found)?;
            }
        }
        match send!(door, door.client.scan().table_name(&self.table.name).select(Select::Count)) {
            Ok(output) if usize::try_from(output.count)? == all.len() && output.items.is_none() => {}
            Ok(output) => self.differs("Scan that counts", door, format!("{} of {}", output.count, all.len())),
            Err(error) => self.differs("Scan that counts", door, chain(&error)),
        }
        Ok(())
    }

    /// All pages of a scan, unless one fails.
    async fn pages(
        &mut self,
        what: &str,
        door: &Door,
        limit: usize,
        segment: Option<i32>,
        filter: Option<&str>,
    ) -> Result<Option<Vec<SdkItem>>> {
        let (mut found, mut from, mut pages) = (Vec::new(), None, 0);
        let scan = door.client.scan().table_name(&self.table.name).limit(i32::try_from(limit)?);
        let scan = scan.set_segment(segment).set_total_segments(segment.map(|_| 2));
        let scan = match filter {
            Some(name) => scan.filter_expression("attribute_exists(#f)").expression_attribute_names("#f", name),
            None => scan,
        };
        loop {
            match send!(door, scan.clone().set_exclusive_start_key(from)) {
                Ok(page) => {
                    found.extend(page.items.unwrap_or_default());
                    from = page.last_evaluated_key;
                }
                Err(error) => {
                    self.differs(what, door, chain(&error));
                    return Ok(None);
                }
            }
            pages += 1;
            if from.is_none() || pages > ENOUGH {
                return Ok(Some(found));
            }
        }
    }

    /// An attribute that DynamoDB can look at and that is no key: those may not be filtered by.
    fn readable_name(&mut self) -> Option<String> {
        let keys: Vec<&str> = self.table.key_names().collect();
        let readable = |(name, action): &&(String, CryptoAction)| {
            *action != CryptoAction::EncryptAndSign && !keys.contains(&name.as_str())
        };
        let names: Vec<&(String, CryptoAction)> = self.table.case.actions.iter().filter(readable).collect();
        if names.is_empty() { None } else { Some(names[self.items.below(names.len())].0.clone()) }
    }

    fn expected(&self, all: &[Held], filter: Option<&str>) -> Vec<Held> {
        let is_there = |held: &&Held| filter.is_none_or(|name| held.item.contains_key(name));
        all.iter().filter(is_there).cloned().collect()
    }

    pub(super) fn differs(&mut self, what: &str, door: &Door, how: impl Display) {
        self.tally.differ(self.name, format!("{what} through {}: {how}", door.name));
    }
}
