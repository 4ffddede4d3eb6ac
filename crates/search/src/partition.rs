//! Beacon partitions (specification: `searchable-encryption/search-config.md`, Beacon Partitions).
//!
//! Each item is in one of a few partitions, and equal values of items in different partitions have different beacons. Who
//! looks at the table then sees less of how frequent a value is; who asks has to ask once for each partition.

use std::error::Error;
use std::fmt::Debug;

use dynaseal_core::{Item, SecureRandom, SystemRandom};

/// The most partitions that the official clients take.
pub(crate) const MAX_PARTITIONS: u8 = 254;

/// Chooses the partition of an item when it is written.
///
/// Readers do not ask for it: a query by a beacon has to be asked for every partition, and a scan covers all. It may differ from one writing of an item to the next.
pub trait PartitionSelector: Debug + Send + Sync {
    /// A number below `partitions`.
    ///
    /// # Errors
    /// If the item belongs to no partition; it is not written then.
    fn partition(
        &self,
        item: &Item,
        partitions: u8,
        logical_table_name: &str,
    ) -> Result<u8, Box<dyn Error + Send + Sync>>;
}

/// Every partition as often as every other. The default.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomPartition;

impl PartitionSelector for RandomPartition {
    fn partition(&self, _: &Item, partitions: u8, _: &str) -> Result<u8, Box<dyn Error + Send + Sync>> {
        let partitions = partitions.max(1);
        // Bytes over the last whole multiple would favour the first partitions.
        let fair = u8::MAX - (u8::MAX % partitions + 1) % partitions;
        let mut byte = [0; 1];
        loop {
            SystemRandom.fill(&mut byte)?;
            let [byte] = byte;
            if byte <= fair {
                return Ok(byte % partitions);
            }
        }
    }
}

/// The least common multiple of the numbers of partitions, but at most `most`.
pub(crate) fn queries_for(counts: impl IntoIterator<Item = u8>, most: u8) -> u8 {
    let multiple = counts.into_iter().fold(1_u16, |so_far, count| {
        let count = u16::from(count.max(1));
        (so_far / greatest_divisor(so_far, count) * count).min(u16::from(most))
    });
    u8::try_from(multiple).unwrap_or(most)
}

fn greatest_divisor(one: u16, other: u16) -> u16 {
    if other == 0 { one } else { greatest_divisor(other, one % other) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_is_chosen_about_equally_often() {
        for partitions in [1, 2, 3, 5, 254] {
            let mut counts = vec![0_u32; usize::from(partitions)];
            for _ in 0..20_000 {
                let chosen = RandomPartition.partition(&Item::new(), partitions, "t").expect("random");
                counts[usize::from(chosen)] += 1;
            }
            let expected = 20_000 / u32::from(partitions);
            let slack = 8 * expected.isqrt() + 8;
            assert!(counts.iter().all(|count| count.abs_diff(expected) < slack), "{partitions}: {counts:?}");
        }
    }

    #[test]
    fn multiples_stop_at_the_maximum() {
        assert_eq!(queries_for([], 9), 1);
        assert_eq!(queries_for([2, 3], 9), 6);
        assert_eq!(queries_for([2, 3], 4), 4);
        assert_eq!(queries_for([4, 2, 1], 9), 4);
        assert_eq!(queries_for([253, 251, 252], 254), 254);
    }
}
