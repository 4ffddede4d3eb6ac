//! What a migration would take.

use std::time::Duration;

use aws_sdk_dynamodb::types::TableDescription;
use dynaseal::migrate::Report;
use serde_json::{Value, json};

use crate::args::MigrateArgs;
use crate::output::{Failure, Output};

/// Capacity, money and time.
#[derive(Debug)]
pub(super) struct Plan {
    read_units: f64,
    write_units: f64,
    /// Each write of an item goes to these too, as far as they have it.
    indexes: u32,
    cost: (f64, f64),
    /// At the limits of the command line.
    time: Option<Duration>,
    bytes_before: u64,
    bytes_after: u64,
}

const MILLION: f64 = 1_000_000.0;

impl Plan {
    pub(super) fn new(args: &MigrateArgs, report: &Report, described: Option<&TableDescription>) -> Self {
        let counts = &report.counts;
        let indexes =
            described.map_or(0, |table| table.global_secondary_indexes().len() + table.local_secondary_indexes().len());
        let indexes = u32::try_from(indexes).unwrap_or(u32::MAX);
        let (read_price, write_price) = args.prices;
        let base = counts.read_units * read_price / MILLION;
        let one = counts.write_units * write_price / MILLION;
        let seconds = |units: f64, limit: Option<f64>| limit.map(|limit| units / limit);
        let reading = seconds(counts.read_units, args.job.read_units);
        let writing = seconds(counts.write_units, args.write_units);
        let time = reading
            .into_iter()
            .chain(writing)
            .fold(None, |most: Option<f64>, one| Some(most.map_or(one, |most| most.max(one))));
        Self {
            read_units: counts.read_units,
            write_units: counts.write_units,
            indexes,
            cost: (base + one, base + one * (1.0 + f64::from(indexes))),
            time: time.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            bytes_before: counts.bytes_before,
            bytes_after: counts.bytes_after,
        }
    }

    pub(super) fn machine(&self) -> Value {
        json!({
            "read_units": self.read_units,
            "write_units": self.write_units,
            "indexes": self.indexes,
            "cost_without_indexes": self.cost.0,
            "cost_at_most": self.cost.1,
            "seconds_at_limits": self.time.map(|time| time.as_secs()),
            "bytes_before": self.bytes_before,
            "bytes_after": self.bytes_after,
        })
    }

    pub(super) fn people(&self, output: &mut Output) -> Result<(), Failure> {
        let Self { read_units, write_units, indexes, bytes_before, bytes_after, .. } = self;
        output.line(format_args!("the items to be written have {bytes_before} bytes and will have {bytes_after}"))?;
        output.line(format_args!("capacity: {read_units:.0} read units for one scan, {write_units:.0} write units"))?;
        let indexes = match indexes {
            0 => String::new(),
            1 => ", and as many again for the index, as far as it has these items".to_owned(),
            several => format!(", and as many again for each of {several} indexes, as far as they have these items"),
        };
        let (least, most) = self.cost;
        let cost = if indexes.is_empty() { format!("{least:.2}") } else { format!("{least:.2} to {most:.2}") };
        output.line(format_args!("on demand that is about {cost} USD at the prices of --prices{indexes}"))?;
        if let Some(time) = self.time {
            output.line(format_args!("at the limits given it takes at least {}", crate::progress::time(time)))?;
        }
        Ok(())
    }
}
