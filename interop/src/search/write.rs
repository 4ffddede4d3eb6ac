//! Each item is written by both sides; what stays is what the other would have written.

use aws_sdk_dynamodb::error::SdkError;
use dynaseal::{Item, SendSealed, sdk};
use dynaseal_testkit::vectors::same;

use super::setup::{TENANT, Tenants};
use super::tables::{Keys, Table, key_of};
use super::tally::Tally;
use crate::Result;
use crate::keys::chain;
use crate::table::doors::{Door, Side, send};

/// Through a door of each side; whether it is in the table now.
pub async fn both(table: &Table, place: &str, number: usize, item: &Item, tally: &mut Tally) -> Result<bool> {
    let [theirs, asynchronous, interceptor] = &table.doors;
    let ours = if number.is_multiple_of(4) { interceptor } else { asynchronous };
    let (first, second) = if number.is_multiple_of(2) { (theirs, ours) } else { (ours, theirs) };
    let (one, other) = (put(table, first, item).await?, put(table, second, item).await?);
    let (theirs, ours) = if first.side == Side::Theirs { (one, other) } else { (other, one) };
    let is_alone = ours.is_ok() != theirs.is_ok();
    let both = tally.written(&format!("{place}, item {number}"), item, ours, theirs);
    if is_alone {
        let key = sdk::to_sdk(item.clone()).remove("pk").ok_or("no key")?;
        table.plain.delete_item().table_name(&table.name).key("pk", key).send().await?;
    }
    Ok(both)
}

async fn put(table: &Table, door: &Door, item: &Item) -> Result<std::result::Result<(), String>> {
    let put = door.client.put_item().table_name(&table.name).set_item(Some(sdk::to_sdk(item.clone())));
    Ok(match send!(door, put) {
        Ok(_) => Ok(()),
        Err(error @ SdkError::ConstructionFailure(_)) => Err(chain(&error)),
        Err(error) => return Err(format!("{}: {}", door.name, chain(&error)).into()),
    })
}

/// What is stored has the beacons that ours computes, in one of the partitions, and nothing else that was not put.
pub async fn check(table: &Table, place: &str, keys: &Keys, held: &[Item], tally: &mut Tally) -> Result<()> {
    let stored = table.stored().await?;
    if stored.len() != held.len() {
        tally.differ(place, format!("{} items are stored of {}", stored.len(), held.len()));
    }
    for item in held {
        let key = key_of(item);
        let writer = match key.rsplit('-').next().and_then(|number| number.parse::<usize>().ok()) {
            Some(number) if number.is_multiple_of(2) => Side::Ours,
            _ => Side::Theirs,
        };
        let Some(found) = stored.get(&key) else {
            tally.differ(place, format!("{key} is not stored"));
            continue;
        };
        let id = match table.setup.tenants {
            Tenants::One => None,
            _ => Some(keys.ids[usize::from(key.starts_with("t1-"))].as_str()),
        };
        let mut fits = None;
        let mut last = Item::new();
        for partition in 0..table.search.maximum_partitions() {
            let beacons = table.search.beacons_of(item, Some(partition), id).await?;
            let is_beacon = |name: &str| {
                (name.starts_with("aws_dbe_") && !["aws_dbe_head", "aws_dbe_foot"].contains(&name))
                    || (beacons.contains_key(name) && !item.contains_key(name))
            };
            let has: Item = found
                .iter()
                .filter(|(name, _)| is_beacon(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            let is_same = same(&has, &beacons);
            let mut names: Vec<&str> = item.keys().chain(beacons.keys()).map(String::as_str).collect();
            names.extend(["aws_dbe_head", "aws_dbe_foot"]);
            names.retain(|name| *name != TENANT || table.setup.tenants != Tenants::Dropped);
            names.sort_unstable();
            let has_names = found.keys().map(String::as_str).eq(names);
            if is_same && has_names {
                fits = Some((partition, beacons.len()));
                if !table.setup.by_key || partition == by_key(&key, table.search.maximum_partitions()) {
                    break;
                }
            }
            last = beacons;
        }
        match fits {
            Some((partition, beacons))
                if !table.setup.by_key
                    || is_right(table, item, id, partition, by_key(&key, table.search.maximum_partitions()))
                        .await? =>
            {
                tally.beacons(writer, partition, beacons);
            }
            _ => {
                tally.differ(place, format!("{key} of {writer:?} has other beacons: {found:?}, expected e.g. {last:?}"))
            }
        }
    }
    Ok(())
}

fn by_key(key: &str, partitions: u8) -> u8 {
    u8::try_from(key.bytes().map(usize::from).sum::<usize>() % usize::from(partitions)).unwrap_or_default()
}

/// Whether a partition has the same beacons as the one that the selector says.
async fn is_right(table: &Table, item: &Item, id: Option<&str>, partition: u8, selected: u8) -> Result<bool> {
    let one = table.search.beacons_of(item, Some(partition), id).await?;
    Ok(same(&one, &table.search.beacons_of(item, Some(selected), id).await?))
}
