//! What a length would mean: expectations over all hashes.
//!
//! Every value is put on each of m = 2ᴺ beacons with probability 1/m, independent of the others. So another value is on
//! the beacon of a value with probability 1/m, all of r others are elsewhere with (1−1/m)ʳ, and everything below follows.
//! These powers are taken as exp(r · ln(1−1/m)), where neither 1−1/m nor its logarithm loses digits.

use super::frequencies::Frequencies;
use super::{float, power};

/// The longest beacon that there is.
const LONGEST: u8 = 63;

/// What beacons of one length would cost and show. Probabilities and shares are between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LengthPlan {
    /// The length in bits.
    pub bits: u8,
    /// How many beacons there are: 2 to the power of [`LengthPlan::bits`].
    pub beacons: u64,
    /// On how many of them there is any value, expected.
    pub used_beacons: f64,
    /// How many distinct values share the beacon of a value, itself counted, expected. Frequent values share theirs with as
    /// many as rare ones do.
    pub values: f64,
    /// What a query for one value fetches, if values are asked for as often as they occur.
    pub as_stored: Fetched,
    /// What a query for one value fetches, if every value is asked for equally often.
    pub evenly: Fetched,
    /// What a query for the most frequent value fetches.
    pub most_frequent: Fetched,
    /// The probability that a value has a beacon for itself: whoever reads the table then knows which items have one value in
    /// common, and how many they are.
    pub alone: f64,
    /// How often two occurrences with the same beacon have the same value.
    pub same_value: f64,
    /// The share of occurrences whose value is guessed right by somebody who knows how often each value occurs and which
    /// values are on which beacon, and takes the most frequent one. It bounds what anybody can tell from a beacon alone.
    pub guessed: f64,
}

/// Items of the sample that a query for one value fetches, on average.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Fetched {
    /// Those that have the value.
    pub wanted: f64,
    /// The others: false positives, to be opened and dropped. As many times more in a table that is as many times larger.
    pub extra: f64,
}

impl Fetched {
    /// Items fetched for each wanted one, over many queries. It is the same for any size of the table.
    pub fn ratio(&self) -> f64 {
        1.0 + self.extra / self.wanted
    }
}

/// Every length that says something.
pub(super) fn plan(frequencies: &Frequencies) -> Vec<LengthPlan> {
    if frequencies.values() == 0 {
        return Vec::new();
    }
    let to_number_them = frequencies.values().next_power_of_two().trailing_zeros();
    let longest = u8::try_from(to_number_them + 2).map_or(LONGEST, |bits| bits.min(LONGEST));
    (1..=longest).map(|bits| length(frequencies, bits)).collect()
}

fn length(frequencies: &Frequencies, bits: u8) -> LengthPlan {
    let beacons = power(bits);
    let others = frequencies.values_f64() - 1.0;
    let all = float(frequencies.occurrences());
    // ln(1 − 1/m)
    let elsewhere = (-1.0 / beacons).ln_1p();
    // 1 − (1−1/m)ʳ
    let any_of = |values: f64| -(values * elsewhere).exp_m1();

    let hits = frequencies.hits(any_of);
    let (as_stored, evenly) = frequencies.wanted();
    let (mut before, mut guessed, mut squares, mut most_frequent) = (0.0, 0.0, 0.0, 0.0_f64);
    for (count, values) in frequencies.groups() {
        // Of values in the order of their frequency, one is guessed if none before it is on its beacon. Over a group that is
        // a geometric series.
        guessed += count / all * (before * elsewhere).exp() * any_of(values) * beacons;
        squares += values * (count / all).powi(2);
        before += values;
        most_frequent = most_frequent.max(count);
    }
    LengthPlan {
        bits,
        beacons: 1 << bits,
        used_beacons: beacons * any_of(frequencies.values_f64()),
        values: 1.0 + others / beacons,
        as_stored: Fetched { wanted: as_stored, extra: hits.as_stored },
        evenly: Fetched { wanted: evenly, extra: hits.evenly },
        most_frequent: Fetched { wanted: most_frequent, extra: hits.most_frequent },
        alone: (others * elsewhere).exp(),
        same_value: squares / (squares + (1.0 - squares).max(0.0) / beacons),
        guessed: guessed.min(1.0),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

    use std::collections::BTreeMap;

    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1.0)
    }

    fn at(counts: &[u64], bits: u8) -> LengthPlan {
        length(&Frequencies::of_values(counts.iter().copied()), bits)
    }

    /// Two values, three items and one, on two beacons: together with probability ½.
    #[test]
    fn two_values_by_hand() {
        let one = at(&[3, 1], 1);
        assert_eq!((one.bits, one.beacons), (1, 2));
        assert!(near(one.values, 1.5) && near(one.alone, 0.5) && near(one.used_beacons, 1.5));
        // Asked for the frequent value in 3 of 4 cases: ½·1 in vain, else ½·3.
        assert!(near(one.as_stored.extra, 0.75 * 0.5 + 0.25 * 1.5) && near(one.as_stored.wanted, 2.5));
        assert!(near(one.evenly.extra, 1.0) && near(one.evenly.wanted, 2.0) && near(one.evenly.ratio(), 1.5));
        assert!(near(one.most_frequent.extra, 0.5) && near(one.most_frequent.wanted, 3.0));
        // Apart, all four are right; together, three.
        assert!(near(one.guessed, 0.5 + 0.5 * 0.75));
        // Two items drawn at random are equal with (9+1)/16, and on one beacon otherwise with ½.
        assert!(near(one.same_value, 0.625 / (0.625 + 0.375 / 2.0)));
    }

    /// Three values on two beacons: eight cases.
    #[test]
    fn three_values_by_hand() {
        let one = at(&[5, 3, 2], 1);
        assert!(near(one.values, 2.0) && near(one.alone, 0.25) && near(one.used_beacons, 2.0 * (1.0 - 0.125)));
        // All together (2 cases): 5; 5 alone: 8; 3 alone: 8; 2 alone: 7, each in 2 cases.
        assert!(near(one.guessed, (5.0 + 8.0 + 8.0 + 7.0) / 4.0 / 10.0));
        assert!(near(one.evenly.extra, (5.0 + 7.0 + 8.0) / 2.0 / 3.0));
    }

    /// The items {a}, {a, b} and {b, c}, on two beacons.
    #[test]
    fn elements_of_sets_by_hand() {
        let elements: [&[(u64, u64)]; 3] = [&[(1, 1), (2, 1)], &[(2, 2)], &[(2, 1)]];
        let sizes = BTreeMap::from([(1, 1), (2, 2)]);
        let frequencies = Frequencies::of_elements(elements.into_iter(), &sizes);
        assert_eq!((frequencies.items(), frequencies.occurrences(), frequencies.values()), (3, 5, 3));
        let one = length(&frequencies, 1);
        // For a: {b, c} is fetched unless both are elsewhere. For b: {a}. For c: {a} and {a, b}.
        let (a, b, c) = (0.75, 0.5, 0.5 + 0.75);
        assert!(near(one.evenly.extra, (a + b + c) / 3.0) && near(one.evenly.wanted, 5.0 / 3.0));
        assert!(near(one.as_stored.extra, (2.0 * a + 2.0 * b + c) / 5.0) && near(one.as_stored.wanted, 9.0 / 5.0));
        // Of a and b, which are equally frequent, it is b that has more in larger sets.
        assert!(near(one.most_frequent.extra, b) && near(one.most_frequent.wanted, 2.0));
        // In whatever order they come.
        for order in [[1, 0, 2], [2, 1, 0], [2, 0, 1]] {
            let again = Frequencies::of_elements(order.into_iter().map(|place: usize| elements[place]), &sizes);
            assert_eq!(length(&again, 1).most_frequent, one.most_frequent);
        }
    }

    /// AWS's own example: 100,000 even values, 16 bits: 1.5 values a beacon, 15 items for 10.
    #[test]
    fn postal_codes_of_the_specification() {
        let sixteen = at(&vec![1; 100_000], 16);
        // (A value by itself and 1.53 others; the specification counts only values by beacons.)
        assert!((float(100_000) / float(sixteen.beacons) - 1.5).abs() < 0.03);
        assert!((sixteen.values - 2.5).abs() < 0.03 && near(sixteen.values, sixteen.as_stored.ratio()));
    }

    #[test]
    fn few_bits_and_many_are_the_ends() {
        let counts: Vec<u64> = (1..=1000).collect();
        let lengths: Vec<_> = (1..=63).map(|bits| at(&counts, bits)).collect();
        for pair in lengths.windows(2) {
            let [a, b] = pair else { unreachable!() };
            assert!(a.values >= b.values && a.alone <= b.alone && a.guessed <= b.guessed, "{a:?} {b:?}");
            assert!(a.same_value <= b.same_value && a.as_stored.extra >= b.as_stored.extra);
            assert!(a.evenly.extra >= b.evenly.extra && a.used_beacons <= b.used_beacons);
        }
        let last = &lengths[62];
        // So long a beacon tells everything, and the sums still have their digits.
        assert!(near(last.guessed, 1.0) && near(last.alone, 1.0) && near(last.used_beacons, 1000.0));
        assert!((last.as_stored.extra * power(63) / 500_500.0 - (1.0 - 2.0 / 3.0 / 500.0)).abs() < 1e-2);
        assert!(lengths[0].guessed > 1000.0 / 500_500.0);
    }

    #[test]
    fn one_value_has_no_company() {
        let one = at(&[7], 1);
        assert!(near(one.alone, 1.0) && near(one.guessed, 1.0) && near(one.same_value, 1.0) && near(one.values, 1.0));
        assert!(near(one.as_stored.extra, 0.0) && near(one.evenly.ratio(), 1.0));
    }

    #[test]
    fn lengths_end_where_nearly_all_values_are_alone() {
        let longest = |values: usize| plan(&Frequencies::of_values(vec![1; values].into_iter())).last().unwrap().bits;
        assert_eq!([1, 2, 3, 4, 5, 1000, 1024, 1025].map(longest), [2, 3, 4, 4, 5, 12, 12, 13]);
        assert!(plan(&Frequencies::of_values(std::iter::empty())).is_empty());
    }
}
