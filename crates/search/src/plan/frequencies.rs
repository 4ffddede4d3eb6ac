//! How often values occur, boiled down to what the figures need: values of one frequency are all alike.

use std::collections::BTreeMap;

use super::{Skew, float};

/// How often the values of an attribute occur.
#[derive(Debug, Default)]
pub(super) struct Frequencies {
    /// How many values occur in how many items, by that number of items.
    groups: BTreeMap<u64, u64>,
    /// How many items have how many values; for plain values that is always one.
    sizes: BTreeMap<u64, u64>,
    /// For each such number of values: the sum over all values of their frequency times the items of that size with it.
    weights: BTreeMap<u64, f64>,
    /// The same for the most frequent value alone, without its frequency.
    top: BTreeMap<u64, u64>,
    values: u64,
    occurrences: u64,
    items: u64,
}

impl Frequencies {
    /// From the numbers of items that have each value: plain values, one an item.
    pub(super) fn of_values(counts: impl Iterator<Item = u64>) -> Self {
        let mut new = Self::default();
        for count in counts {
            new.value(count);
            new.items += count;
            *new.weights.entry(1).or_default() += float(count) * float(count);
        }
        if new.items > 0 {
            new.sizes.insert(1, new.items);
        }
        if let Some((count, _)) = new.groups.last_key_value() {
            new.top.insert(1, *count);
        }
        new
    }

    /// From the sets. `elements` are the items with each element by the size of their set, `sizes` all items by theirs.
    pub(super) fn of_elements<'e>(
        elements: impl Iterator<Item = &'e [(u64, u64)]>,
        sizes: &BTreeMap<u64, u64>,
    ) -> Self {
        let mut new = Self { sizes: sizes.clone(), items: sizes.values().sum(), ..Self::default() };
        let mut top_count = 0;
        // Whole numbers below 2⁵³ add up to the same sum in any order, so that it does not matter that maps of hashes have none.
        for by_size in elements {
            let count = by_size.iter().map(|(_, items)| items).sum();
            new.value(count);
            for (size, items) in by_size {
                *new.weights.entry(*size).or_default() += float(count) * float(*items);
            }
            // Of several that are most frequent, always the same one.
            let by_size: BTreeMap<u64, u64> = by_size.iter().copied().collect();
            if count > top_count || count == top_count && by_size > new.top {
                (top_count, new.top) = (count, by_size);
            }
        }
        new
    }

    fn value(&mut self, count: u64) {
        *self.groups.entry(count).or_default() += 1;
        self.values += 1;
        self.occurrences += count;
    }

    pub(super) fn values(&self) -> u64 {
        self.values
    }

    pub(super) fn values_f64(&self) -> f64 {
        float(self.values)
    }

    pub(super) fn items(&self) -> u64 {
        self.items
    }

    pub(super) fn occurrences(&self) -> u64 {
        self.occurrences
    }

    /// How many values occur exactly so often.
    pub(super) fn seen_times(&self, count: u64) -> u64 {
        self.groups.get(&count).copied().unwrap_or_default()
    }

    /// Chao's estimate of all values there are, in the form that has no bias: those seen, and f₁(f₁−1) / 2(f₂+1) that were not.
    pub(super) fn estimated_values(&self) -> f64 {
        if self.items == 0 {
            return 0.0;
        }
        let (once, twice, items) = (float(self.seen_times(1)), float(self.seen_times(2)), float(self.items));
        self.values_f64() + (items - 1.0) / items * (once * (once - 1.0)).max(0.0) / (2.0 * (twice + 1.0))
    }

    /// Frequencies and how many values have them, the most frequent first.
    pub(super) fn groups(&self) -> impl Iterator<Item = (f64, f64)> {
        self.groups.iter().rev().map(|(count, values)| (float(*count), float(*values)))
    }

    pub(super) fn skew(&self) -> Option<Skew> {
        let (top, _) = self.groups.last_key_value()?;
        let all = float(self.occurrences);
        let (mut ten, mut left) = (0.0, 10.0);
        for (count, values) in self.groups() {
            let taken = values.min(left);
            ten += taken * count;
            left -= taken;
        }
        let squares: f64 = self.groups().map(|(count, values)| values * (count / all).powi(2)).sum();
        let entropy: f64 = self.groups().map(|(count, values)| values * count / all * (all / count).log2()).sum();
        let most_frequent = float(*top) / all;
        Some(Skew {
            most_frequent_items: *top,
            most_frequent,
            ten_most_frequent: ten / all,
            entropy,
            min_entropy: (1.0 / most_frequent).log2(),
            even_values: 1.0 / squares,
        })
    }

    /// The items that have their beacons in common with a value which none of them has, expected over all items. `hit` is the
    /// probability for an item of so many values.
    pub(super) fn hits(&self, hit: impl Fn(f64) -> f64) -> Hits {
        let sum = |map: &BTreeMap<u64, u64>| map.iter().map(|(size, items)| float(*items) * hit(float(*size))).sum();
        let all: f64 = sum(&self.sizes);
        let of_values: f64 =
            self.sizes.iter().map(|(size, items)| float(*size) * float(*items) * hit(float(*size))).sum();
        let of_occurrences: f64 = self.weights.iter().map(|(size, weight)| weight * hit(float(*size))).sum();
        Hits {
            as_stored: (all - of_occurrences / float(self.occurrences)).max(0.0),
            evenly: (all - of_values / self.values_f64()).max(0.0),
            most_frequent: (all - sum(&self.top)).max(0.0),
        }
    }

    /// The items that a query wants, on average: values asked as often as they occur, and each equally often.
    pub(super) fn wanted(&self) -> (f64, f64) {
        let squares: f64 = self.groups().map(|(count, values)| values * count * count).sum();
        let all = float(self.occurrences);
        (squares / all, all / self.values_f64())
    }
}

/// Items that a query fetches in vain.
pub(super) struct Hits {
    pub(super) as_stored: f64,
    pub(super) evenly: f64,
    pub(super) most_frequent: f64,
}
