//! Random items are written, read, changed and deleted through every door, and compared with what the table should hold.

mod changes;
mod reads;
mod writes;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal::{AttributeValue, CryptoAction, Item, json, normal_form, sdk};
use dynaseal_testkit::random::Items;

use super::doors::{Door, Side, Table};
use super::tally::Tally;
use crate::Result;

type SdkItem = HashMap<String, SdkValue>;

/// Everything once through every door. The table is empty at the end.
pub async fn run(table: &Table, name: &str, items: &mut Items, tally: &mut Tally) -> Result<()> {
    let mut traffic = Traffic { table, name, items, tally, held: BTreeMap::new(), seen: BTreeSet::new() };
    traffic.write().await?;
    traffic.check_stored().await?;
    traffic.read().await?;
    traffic.update().await?;
    traffic.replace().await?;
    traffic.fail_conditions().await?;
    traffic.transact().await?;
    traffic.check_stored().await?;
    traffic.read().await?;
    traffic.delete().await?;
    let left = table.stored().await?.len();
    if left > 0 {
        traffic.tally.differ(name, format!("{left} items are left after all were deleted"));
    }
    Ok(())
}

/// An item that the table should hold, and who sealed it.
#[derive(Clone)]
struct Held {
    item: Item,
    writer: Side,
}

struct Traffic<'t> {
    table: &'t Table,
    /// For messages: index and seed.
    name: &'t str,
    items: &'t mut Items,
    tally: &'t mut Tally,
    /// By their keys.
    held: BTreeMap<String, Held>,
    /// Every key there ever was.
    seen: BTreeSet<String>,
}

impl Traffic<'_> {
    /// An item with a key that no other has. With a sort key, one in two has the partition key of another.
    fn fresh(&mut self) -> Item {
        let case = &self.table.case;
        loop {
            let mut item = Item::new();
            for name in case.key_names() {
                let like = &case.item[name];
                let mut value = self.items.key();
                while std::mem::discriminant(&value) != std::mem::discriminant(like) {
                    value = self.items.key();
                }
                item.insert(name.to_owned(), value);
            }
            if case.sort_key.is_some()
                && self.items.below(2) == 0
                && let Some(other) = self.any()
            {
                item.insert(case.partition_key.clone(), other.item[&case.partition_key].clone());
            }
            if self.seen.insert(id(&self.table.key(&item))) {
                self.fill(&mut item);
                return item;
            }
        }
    }

    /// Random values for the attributes that are no keys.
    fn fill(&mut self, item: &mut Item) {
        let keys: Vec<&str> = self.table.key_names().collect();
        for (name, action) in self.table.case.actions.iter().filter(|(name, _)| !keys.contains(&name.as_str())) {
            // What is in the encryption context has to be there always.
            if *action == CryptoAction::SignAndIncludeInEncryptionContext || self.items.below(4) > 0 {
                let depth = [1, 1, 2, 3, 8][self.items.below(5)];
                item.insert(name.clone(), self.items.value(depth));
            }
        }
    }

    /// Any item of the table.
    fn any(&mut self) -> Option<Held> {
        if self.held.is_empty() {
            return None;
        }
        self.held.values().nth(self.items.below(self.held.len())).cloned()
    }

    /// Two items out of three come from the other side, if it has any.
    fn any_for(&mut self, door: &Door) -> Option<Held> {
        let others: Vec<Held> = self.held.values().filter(|held| held.writer != door.side).cloned().collect();
        if others.is_empty() || self.items.below(3) == 0 {
            return self.any();
        }
        Some(others[self.items.below(others.len())].clone())
    }

    fn hold(&mut self, item: Item, writer: Side) {
        self.held.insert(id(&self.table.key(&item)), Held { item, writer });
    }

    fn forget(&mut self, item: &Item) {
        self.held.remove(&id(&self.table.key(item)));
    }

    /// The key of an item for the SDK.
    fn key(&self, item: &Item) -> SdkItem {
        sdk::to_sdk(self.table.key(item))
    }

    /// One answer of an operation against what it should be.
    fn check(&mut self, what: &str, door: &Door, held: &Held, expected: &Item, found: Option<SdkItem>) -> Result<()> {
        let found = sdk::from_sdk(found.unwrap_or_default())?;
        self.tally.check(what, self.name, door, held.writer, expected, &found);
        Ok(())
    }

    /// What an operation gave against all items that it should have found, in any order.
    fn check_all(&mut self, what: &str, door: &Door, expected: Vec<Held>, found: Vec<SdkItem>) -> Result<()> {
        let mut expected: BTreeMap<String, Held> =
            expected.into_iter().map(|held| (id(&self.table.key(&held.item)), held)).collect();
        for item in found {
            let item = sdk::from_sdk(item)?;
            match expected.remove(&id(&self.table.key(&item))) {
                Some(held) => self.tally.check(what, self.name, door, held.writer, &held.item, &item),
                None => {
                    let item = json::to_string(&item);
                    self.tally.differ(self.name, format!("{what} through {}: unexpected {item}", door.name));
                }
            }
        }
        for missing in expected.into_keys() {
            self.tally.differ(self.name, format!("{what} through {}: {missing} is missing", door.name));
        }
        Ok(())
    }

    /// Nothing that should be encrypted is in the table as it is.
    async fn check_stored(&mut self) -> Result<()> {
        let stored = self.table.stored().await?;
        if stored.len() != self.held.len() {
            let what = format!("{} items are stored, not {}", stored.len(), self.held.len());
            self.tally.differ(self.name, what);
        }
        let encrypted = |name: &str| {
            let action = self.table.case.actions.iter().find(|(of, _)| of == name).map(|(_, action)| *action);
            action == Some(CryptoAction::EncryptAndSign)
        };
        for item in &stored {
            let is_sealed = item.contains_key("aws_dbe_head") && item.contains_key("aws_dbe_foot");
            let is_plain = |(name, value): (&String, &AttributeValue)| {
                let was = self.held.get(&id(&self.table.key(item))).and_then(|held| held.item.get(name));
                encrypted(name) && (!matches!(value, AttributeValue::B(_)) || was == Some(value))
            };
            if !is_sealed || item.iter().any(is_plain) {
                let item = json::to_string(item);
                self.tally.differ(self.name, format!("this is not sealed: {item}"));
            }
        }
        Ok(())
    }
}

/// A key as text; two spellings of a number are one key.
fn id(key: &Item) -> String {
    let normal = |value| normal_form(value).expect("a value that DynamoDB takes");
    json::to_string(&key.iter().map(|(name, value)| (name.clone(), normal(value))).collect::<Item>())
}
