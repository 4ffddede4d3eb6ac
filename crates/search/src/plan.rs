//! How long a beacon should be: what its length costs in queries and what it shows, planned from a sample of items.
//!
//! A beacon is a keyed hash of a value, cut to some bits. The fewer bits, the more values share a beacon: queries fetch
//! items in vain, and whoever reads the table can tell less. A [`Sample`] counts how often each value of each attribute
//! occurs; a [`Plan`] says what each length would mean for it, and recommends one or says why there is none.
//!
//! All figures are exact expectations for a hash that puts every value on any beacon with the same probability, which is
//! what a secret key makes of HMAC. Nothing is simulated, and the same sample gives the same figures.
//!
//! ```
//! use dynaseal_core::Item;
//! use dynaseal_search::plan::{Advice, Sample};
//!
//! let mut sample = Sample::of(["city"]);
//! for number in 0..300_u32 {
//!     sample.add(&Item::from([("city".to_owned(), format!("city {}", number % 100).into())]))?;
//! }
//! let plans = sample.plans();
//! let plan = &plans[0];
//! assert_eq!((plan.items, plan.values), (300, 100));
//! // 2⁵ beacons for 100 values: 1 + 99/32 values share one, and as many items are fetched for each that is wanted.
//! let five = &plan.lengths[4];
//! assert!((five.values - 4.09).abs() < 0.01 && (five.as_stored.ratio() - 4.09).abs() < 0.01);
//! assert!(matches!(&plan.advice, Advice::Take(recommendation) if recommendation.length == 5));
//! println!("{plan}");
//! # Ok::<(), dynaseal_search::plan::SampleError>(())
//! ```

mod advice;
mod frequencies;
mod lengths;
mod sample;
mod svg;
mod text;

use std::collections::BTreeMap;

pub use self::advice::{Advice, Bound, LEAST_VALUES, Recommendation, Refusal, Warning};
pub use self::lengths::{Fetched, LengthPlan};
pub use self::sample::{Sample, SampleError};
pub use self::svg::svg;
pub use self::text::LEGEND;

use self::frequencies::Frequencies;
use self::sample::Seen;

/// What a beacon would stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// The value of the attribute, whatever its type; a set as a whole.
    Value,
    /// Each element of a set by itself, as beacons with the style `as-set` have it.
    Element,
}

/// What beacons on one attribute would cost and show, length by length.
///
/// An *occurrence* is an item with a value; of sets whose elements are counted, each element of each item is one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Plan {
    /// The attribute.
    pub attribute: String,
    /// What of it.
    pub unit: Unit,
    /// How many items were looked at.
    pub items_seen: u64,
    /// How many of them have the attribute; of elements, how many have it as a set.
    pub items: u64,
    /// How many values there are in all these items, each counted as often as it occurs.
    pub occurrences: u64,
    /// The types of the values by their names (`S`, `N`, `SS`, …), and how many items have them.
    pub types: BTreeMap<&'static str, u64>,
    /// Distinct values. Values count as one if their beacons are made of the same bytes, as of the text `1` and the number 1.
    pub values: u64,
    /// How many of the values were seen exactly once.
    pub seen_once: u64,
    /// How many values the whole table has, estimated from how many were seen once and twice (Chao's lower bound). It is
    /// [`Plan::values`] if the sample is the whole table.
    pub estimated_values: f64,
    /// How unevenly the values occur. Without any value, there is nothing to say.
    pub skew: Option<Skew>,
    /// What each length would mean, from one bit on, to where nearly every value has a beacon of its own: two bits more than
    /// it takes to number the values, and at most 63.
    pub lengths: Vec<LengthPlan>,
    /// Which length to take, if any.
    pub advice: Advice,
    /// What else to know about it.
    pub warnings: Vec<Warning>,
}

/// How unevenly values occur. Shares are of the occurrences, between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Skew {
    /// How many items have the most frequent value.
    pub most_frequent_items: u64,
    /// The share of the most frequent value. Who guesses it for every item, without any beacon, is right as often.
    pub most_frequent: f64,
    /// The share of the ten most frequent values together.
    pub ten_most_frequent: f64,
    /// Shannon's entropy in bits: log₂ of the number of values if all occur equally often, less otherwise.
    pub entropy: f64,
    /// Min-entropy in bits: −log₂ of the share of the most frequent value.
    pub min_entropy: f64,
    /// How many values, all equally frequent, would make two occurrences equal as often as these do: one by the sum of the
    /// squared shares.
    pub even_values: f64,
}

impl Plan {
    fn new(seen: Seen<'_>, frequencies: &Frequencies) -> Self {
        let skew = frequencies.skew();
        // Where no value was seen twice, nothing says how many more there are.
        let says_nothing = frequencies.seen_times(1) == frequencies.values();
        let estimated_values = match seen.whole || says_nothing {
            true => frequencies.values_f64(),
            false => frequencies.estimated_values(),
        };
        let advice = advice::advise(frequencies.values(), estimated_values, skew.as_ref());
        let mut plan = Self {
            attribute: seen.attribute.to_owned(),
            unit: seen.unit,
            items_seen: seen.items,
            items: frequencies.items(),
            occurrences: frequencies.occurrences(),
            types: seen.types,
            values: frequencies.values(),
            seen_once: frequencies.seen_times(1),
            estimated_values,
            skew,
            lengths: lengths::plan(frequencies),
            advice,
            warnings: Vec::new(),
        };
        plan.warnings = advice::warnings(&plan, seen.whole, seen.stopped);
        plan
    }

    /// The length that is recommended, in bits.
    pub fn recommended(&self) -> Option<u8> {
        match &self.advice {
            Advice::Take(recommendation) => Some(recommendation.length),
            Advice::Refuse(_) => None,
        }
    }

    /// What a length would mean, if it is planned.
    pub fn length(&self, bits: u8) -> Option<&LengthPlan> {
        self.lengths.iter().find(|length| length.bits == bits)
    }
}

/// The nearest number that `f64` has; exact below 2⁵³.
fn float(number: u64) -> f64 {
    let low = u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default();
    let high = u32::try_from(number >> 32).unwrap_or_default();
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// 2 to the power of `bits`.
fn power(bits: u8) -> f64 {
    2_f64.powi(i32::from(bits))
}
