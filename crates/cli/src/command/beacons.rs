//! `dynaseal beacons`: what search adds to items, and how long beacons should be.

mod plan;

use dynaseal::search::{BeaconError, Search};
use dynaseal::{Item, ItemKey, RESERVED_PREFIX, TableConfig};

use crate::args::{BeaconsCommand, BeaconsShowArgs};
use crate::output::Failure;
use crate::table::{self, Keys};

/// What can not be shown at all.
#[derive(Debug, thiserror::Error)]
enum BeaconsError {
    #[error("{0} has no [search], so that nothing is added to items")]
    NoSearch(String),
    #[error("--partition {partition}: there {}, counted from 0", partitions(*.most))]
    Partition { partition: u8, most: u8 },
}

/// An item whose beacons can not be made.
#[derive(Debug, thiserror::Error)]
#[error("the beacons of item {key} can not be made")]
struct NoBeacons {
    key: String,
    #[source]
    source: Reason,
}

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error(
        "it does not say whose it is: the attribute that key_field names has to be there, with the id of a branch key as its text"
    )]
    Nobodys,
    #[error("`{0}` starts with `aws_dbe_`, which is reserved: give plain items")]
    Reserved(String),
    #[error(transparent)]
    Beacon(BeaconError),
}

fn partitions(count: u8) -> String {
    if count == 1 { "is 1 partition".to_owned() } else { format!("are {count} partitions") }
}

pub(crate) fn run(command: &BeaconsCommand) -> Result<(), Failure> {
    match command {
        BeaconsCommand::Plan(args) => plan::run(args),
        BeaconsCommand::Show(args) => show(args),
    }
}

fn show(args: &BeaconsShowArgs) -> Result<(), Failure> {
    let runtime = super::runtime()?;
    let table = runtime.block_on(table::sealed_table(&args.table.config, None, Keys::Beacons))?;
    let search = table.search().ok_or_else(|| BeaconsError::NoSearch(args.table.config.display().to_string()))?;
    let most = search.maximum_partitions();
    if let Some(partition) = args.partition.filter(|partition| *partition >= most) {
        return Err(BeaconsError::Partition { partition, most }.into());
    }
    super::transform(&args.table.files, |item| runtime.block_on(beacons(search, table.config(), &item, args.partition)))
}

async fn beacons(search: &Search, config: &TableConfig, item: &Item, partition: Option<u8>) -> Result<Item, NoBeacons> {
    let failed = |source| NoBeacons { key: ItemKey::new(config, item).to_string(), source };
    if let Some(name) = item.keys().find(|name| name.starts_with(RESERVED_PREFIX)) {
        return Err(failed(Reason::Reserved(name.clone())));
    }
    let beacons = search.beacons_of(item, partition, None).await;
    beacons.map_err(|source| match source {
        BeaconError::NoTenant => failed(Reason::Nobodys),
        source => failed(Reason::Beacon(source)),
    })
}
