//! Which length to take, or why none.
//!
//! The specification gives a range for X values that occur equally often: 2ᴺ < X/2, so that every beacon stands for more than
//! one value on average, and 2ᴺ ≥ √X, so that queries do not come near to reading the whole table. Three things are added.
//!
//! *Skew.* A frequent value takes its frequency along to whatever beacon it gets, and other values hide it only if they weigh
//! as much. So the upper bound is taken of as many values as would be equal to each other equally often if they were even
//! ([`Skew::even_values`]), and besides, the beacon of the most frequent value may be at most five times as full as the
//! average one.
//!
//! *Samples.* A sample shows fewer values than the table has. The upper bound, which keeps secrets, counts only those that
//! were seen: with more, every beacon stands for still more values. The lower bound, which keeps queries fast, counts the
//! estimate: they will share the beacons too.
//!
//! *Conflicts.* If the upper bound is below the lower one, the upper one holds, down to two bits below, where queries fetch
//! four times as many items in vain as at the lower bound. Further down no length serves, and none is recommended.

use std::fmt;

use super::text::{about, amount, percent};
use super::{Plan, Skew, Unit, power};

/// With fewer distinct values than these, there is no advice: beacons of one bit would name every fourth value.
pub const LEAST_VALUES: u64 = 8;

/// How many items the beacon of the most frequent value may have more than an average one, as a multiple of that.
const STANDS_OUT: f64 = 4.0;

/// So many bits below the lower bound are taken, for the sake of secrecy.
const SLACK: u8 = 2;

/// The most partitions that a table can have.
const MOST_PARTITIONS: f64 = 254.0;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Advice {
    /// Take this length.
    Take(Recommendation),
    /// Make no beacon of this attribute alone.
    Refuse(Refusal),
}

/// The longest beacon that still hides values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recommendation {
    /// In bits.
    pub length: u8,
    /// What forbids a longer one.
    pub bound: Bound,
    /// The shortest length at which queries are fast after the specification's rule. It may be above the length.
    pub least: u8,
}

/// What bounds the length from above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The number of values: more than two a beacon.
    Values,
    /// Their skew: items with the same beacon would have the same value in more than a third of all cases.
    Skew,
    /// The most frequent value: its beacon would be more than five times as full as the average one.
    MostFrequent,
}

/// Why there is no length to recommend.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// No item has the attribute.
    NotSeen,
    /// Fewer values than [`LEAST_VALUES`].
    TooFewValues {
        /// How many there are.
        values: u64,
    },
    /// A few values are so frequent that no length both hides them and makes queries fast.
    TooSkewed {
        /// The share of the most frequent value.
        most_frequent: f64,
        /// The longest length that hides values, if there is any.
        most: Option<u8>,
        /// The shortest length at which queries are fast.
        least: u8,
        /// In how many partitions the values would have to be spread, so that `least` hides them; none if not even the most
        /// partitions of a table are enough.
        partitions: Option<u8>,
    },
}

/// What to know about a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// Memory was used up after so many items: the plan is of those.
    Stopped {
        /// How many items of the sample were counted.
        items: u64,
    },
    /// The sample shows only a part of the values.
    ManySeenOnce {
        /// How many values were seen once.
        seen_once: u64,
        /// How many values there are by estimate.
        estimate: f64,
    },
    /// No value was seen twice, so that the sample does not tell how many the table has.
    AllSeenOnce,
    /// The length is below the lower bound: queries fetch more in vain than the specification has in mind.
    Slow {
        /// What a query fetches for each item that it is after, with as many values as the estimate says, evenly asked for.
        ratio: f64,
        /// The lower bound in bits.
        least: u8,
    },
    /// Values of several types: equal bytes have equal beacons, as the text `1` and the number 1.
    SeveralTypes,
    /// The most frequent value has so large a share of the items that its beacon says a lot, although it is like others.
    Frequent {
        /// Its share.
        share: f64,
    },
}

/// From how large a share on a value is worth a warning, if it is also twice that of an average one.
const FREQUENT: f64 = 0.05;

pub(super) fn advise(values: u64, estimated_values: f64, skew: Option<&Skew>) -> Advice {
    let Some(skew) = skew else {
        return Advice::Refuse(Refusal::NotSeen);
    };
    if values < LEAST_VALUES {
        return Advice::Refuse(Refusal::TooFewValues { values });
    }
    let least = shortest(|length| power(length).powi(2) >= estimated_values);
    let bounds = [
        (longest(|length| 2.0 * power(length) < super::float(values)), Bound::Values),
        (longest(|length| 2.0 * power(length) < skew.even_values), Bound::Skew),
        (longest(|length| skew.most_frequent * power(length) <= STANDS_OUT), Bound::MostFrequent),
    ];
    // Of equal ones the first: the simplest reason.
    let (most, bound) = bounds.into_iter().min_by_key(|(most, _)| *most).unwrap_or((0, Bound::Values));
    if most == 0 || least > most + SLACK {
        return Advice::Refuse(Refusal::TooSkewed {
            most_frequent: skew.most_frequent,
            most: (most > 0).then_some(most),
            least,
            partitions: partitions(skew, least),
        });
    }
    Advice::Take(Recommendation { length: most, bound, least })
}

pub(super) fn warnings(plan: &Plan, whole: bool, stopped: bool) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if stopped {
        warnings.push(Warning::Stopped { items: plan.items_seen });
    }
    if !whole && plan.values > 0 && plan.estimated_values >= 1.5 * super::float(plan.values) {
        warnings.push(Warning::ManySeenOnce { seen_once: plan.seen_once, estimate: plan.estimated_values });
    }
    if !whole && plan.values > 1 && plan.seen_once == plan.values {
        warnings.push(Warning::AllSeenOnce);
    }
    if let Advice::Take(Recommendation { length, least, .. }) = plan.advice
        && length < least
    {
        let ratio = 1.0 + (plan.estimated_values - 1.0) / power(length);
        warnings.push(Warning::Slow { ratio, least });
    }
    if let (Advice::Take(_), Some(skew)) = (plan.advice, plan.skew)
        && skew.most_frequent >= FREQUENT
        && skew.most_frequent * super::float(plan.values) >= 2.0
    {
        warnings.push(Warning::Frequent { share: skew.most_frequent });
    }
    if plan.unit == Unit::Value && plan.types.len() > 1 {
        warnings.push(Warning::SeveralTypes);
    }
    warnings
}

/// Partitions make so many values of each, with an equal part of its frequency.
fn partitions(skew: &Skew, length: u8) -> Option<u8> {
    let for_skew = (2.0 * power(length) / skew.even_values).floor() + 1.0;
    let for_most_frequent = (skew.most_frequent * power(length) / STANDS_OUT).ceil();
    let needed = for_skew.max(for_most_frequent);
    if needed > MOST_PARTITIONS { None } else { (1..=u8::MAX).find(|partitions| f64::from(*partitions) >= needed) }
}

/// The longest length of which that is true; 0 if there is none.
fn longest(holds: impl Fn(u8) -> bool) -> u8 {
    (1..=63).rev().find(|length| holds(*length)).unwrap_or(0)
}

fn shortest(holds: impl Fn(u8) -> bool) -> u8 {
    (1..63).find(|length| holds(*length)).unwrap_or(63)
}

impl Bound {
    /// One word, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Values => "values",
            Self::Skew => "skew",
            Self::MostFrequent => "most-frequent",
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Values => "there would not be more than two values for each beacon",
            Self::Skew => "of two items with the same beacon, more than a third would have the same value",
            Self::MostFrequent => "the beacon of the most frequent value would be over five times as full as others",
        })
    }
}

/// Why, in one sentence without a full stop.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSeen => f.write_str("no item has it"),
            Self::TooFewValues { values } => {
                let values = if *values == 1 { "1 value is".to_owned() } else { format!("{values} values are") };
                write!(f, "{values} too few: with fewer than {LEAST_VALUES}, beacons of any length give values away")
            }
            Self::TooSkewed { most_frequent, most: None, .. } => write!(
                f,
                "no length hides the values: the most frequent one alone makes up {}",
                percent(*most_frequent)
            ),
            Self::TooSkewed { most_frequent, most: Some(most), least, .. } => write!(
                f,
                "the most frequent value makes up {}: values are hidden up to {} only, and queries are fast from {least} bits on",
                percent(*most_frequent),
                bits(*most)
            ),
        }
    }
}

impl Refusal {
    /// A few words, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotSeen => "not-seen",
            Self::TooFewValues { .. } => "too-few-values",
            Self::TooSkewed { .. } => "too-skewed",
        }
    }

    /// What to do instead, in sentences.
    pub fn instead(&self) -> String {
        let join = "Join it with another attribute in a virtual field and make the beacon of that, or make it a part of a \
                    compound beacon and never a beacon by itself.";
        match self {
            Self::NotSeen => "Check its name, or take a larger sample.".to_owned(),
            Self::TooFewValues { .. } => {
                format!("{join} If the table has more values than the sample, take a larger sample.")
            }
            Self::TooSkewed { most, least, partitions, .. } => {
                let mut text = join.to_owned();
                if let Some(partitions) = partitions {
                    text.push_str(&format!(
                        " Or spread its values over {partitions} or more partitions and take {}; a query is then sent once \
                         for each partition.",
                        bits(*least)
                    ));
                }
                if let Some(most) = most {
                    text.push_str(&format!(
                        " If slow queries are acceptable, take {}; if the most frequent values need no hiding, {}.",
                        bits(*most),
                        bits(*least)
                    ));
                }
                text
            }
        }
    }
}

impl Warning {
    /// A few words, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stopped { .. } => "stopped",
            Self::ManySeenOnce { .. } => "many-seen-once",
            Self::AllSeenOnce => "all-seen-once",
            Self::Slow { .. } => "slow",
            Self::SeveralTypes => "several-types",
            Self::Frequent { .. } => "frequent",
        }
    }
}

/// In sentences.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped { items } => write!(
                f,
                "It has more distinct values than are counted; this plan is of the first {items} items. Plan it alone, or from \
                 a smaller sample."
            ),
            Self::ManySeenOnce { seen_once, estimate } => write!(
                f,
                "{seen_once} values were seen only once, so the table probably has many more, by estimate {}. More values hide each other \
                 better and make queries slower. Plan from a larger sample: once items are written with it, a beacon keeps its \
                 length.",
                about(*estimate)
            ),
            Self::AllSeenOnce => f.write_str(
                "Every value is unique in the sample, so there is no estimate of how many the table has: these figures are of a \
                 table with as many items as were seen. With n times as many, queries fetch n times as many in vain, and \
                 values hide each other n times as well. Plan from the whole table to be sure."
            ),
            Self::Slow { ratio, least } => write!(
                f,
                "Queries may be too slow: they fetch about {} items for each wanted one. The specification's rule for speed asks \
                 for {} or more.",
                amount(*ratio),
                bits(*least)
            ),
            Self::SeveralTypes => {
                f.write_str("Its values have several types. The text 1 and the number 1 have the same beacon, and count as one value.")
            }
            Self::Frequent { share } => write!(
                f,
                "The most frequent value makes up {}, and its beacon has at least that share at every length.",
                percent(*share)
            ),
        }
    }
}

fn bits(bits: u8) -> String {
    if bits == 1 { "1 bit".to_owned() } else { format!("{bits} bits") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it fails")]

    use super::super::frequencies::Frequencies;
    use super::*;

    fn advice(counts: impl IntoIterator<Item = u64>) -> Advice {
        let frequencies = Frequencies::of_values(counts.into_iter());
        advise(frequencies.values(), frequencies.values_f64(), frequencies.skew().as_ref())
    }

    fn even(values: usize) -> Advice {
        advice(vec![7; values])
    }

    fn take(length: u8, bound: Bound, least: u8) -> Advice {
        Advice::Take(Recommendation { length, bound, least })
    }

    #[test]
    fn even_values_follow_the_specification() {
        for values in 9..3000_usize {
            let Advice::Take(Recommendation { length, bound, least }) = even(values) else { panic!("{values}") };
            let x = f64::from(u32::try_from(values).unwrap());
            assert_eq!(bound, Bound::Values);
            assert!(power(length) < x / 2.0 && power(length + 1) >= x / 2.0, "{values}");
            assert!(power(least) >= x.sqrt() && power(least - 1) < x.sqrt() && length + 1 >= least, "{values}");
        }
        assert_eq!(even(100_000), take(15, Bound::Values, 9));
        // Where both bounds do not meet, the upper one holds.
        assert_eq!(even(8), take(1, Bound::Values, 2));
    }

    #[test]
    fn too_few_values_have_no_length() {
        assert_eq!(advice([]), Advice::Refuse(Refusal::NotSeen));
        for values in 1..8 {
            let expected = Refusal::TooFewValues { values: u64::try_from(values).unwrap() };
            assert_eq!(even(values), Advice::Refuse(expected));
        }
    }

    #[test]
    fn skew_shortens_and_then_refuses() {
        // One value in ten items, a thousand others: 10 of 99 bits squared remain, and 2⁵ · 0.1 ≤ 4.
        let mild = advice(std::iter::once(1000).chain(std::iter::repeat_n(9, 1000)));
        assert_eq!(mild, take(5, Bound::Skew, 5));
        // A very frequent one among very many.
        let one = advice(std::iter::once(5000).chain(std::iter::repeat_n(1, 1_000_000)));
        assert_eq!(one, take(9, Bound::MostFrequent, 10));
        // Two thirds are one value.
        let Advice::Refuse(Refusal::TooSkewed { most, least, partitions, most_frequent }) =
            advice(std::iter::once(2000).chain(std::iter::repeat_n(1, 1000)))
        else {
            panic!("recommended")
        };
        assert_eq!((most, least), (None, 5));
        assert!((most_frequent - 2.0 / 3.0).abs() < 1e-3);
        // Spread over so many, 32 beacons would hide them: 2·32 < 2.25·k.
        assert_eq!(partitions, Some(29));
        // The law of Zipf over 5000 values: between fast and hidden there are more than two bits.
        let Advice::Refuse(Refusal::TooSkewed { most: Some(4), least: 7, partitions: Some(partitions), .. }) =
            advice((1..=5000).map(|rank| 1_000_000 / rank))
        else {
            panic!("recommended")
        };
        assert!((5..8).contains(&partitions), "{partitions}");
    }

    /// Partitions make k values of each; with them, the advice is the length that was said.
    #[test]
    fn the_partitions_are_enough_and_no_fewer_are() {
        let counts = || (1..=5000_u64).map(|rank| 1_000_000_000 / rank);
        let Advice::Refuse(Refusal::TooSkewed { least, partitions: Some(partitions), .. }) = advice(counts()) else {
            panic!("recommended")
        };
        let spread = |partitions: u64| {
            let counts = counts()
                .flat_map(|count| std::iter::repeat_n(count / partitions, usize::try_from(partitions).unwrap()));
            let frequencies = Frequencies::of_values(counts);
            // Each partition is asked by itself: the number of values that make queries slow stays.
            advise(frequencies.values(), 5000.0, frequencies.skew().as_ref())
        };
        let length = |advice| match advice {
            Advice::Take(recommendation) => recommendation.length,
            Advice::Refuse(_) => 0,
        };
        assert!(length(spread(partitions.into())) >= least);
        assert!(length(spread(u64::from(partitions) - 1)) < least);
    }

    #[test]
    fn an_estimate_makes_the_lower_bound_only() {
        let frequencies = Frequencies::of_values(std::iter::repeat_n(1, 1000));
        let estimate = frequencies.estimated_values();
        assert!((estimate - (1000.0 + 0.999 * 1000.0 * 999.0 / 2.0)).abs() < 1e-6);
        assert_eq!(advise(1000, estimate, frequencies.skew().as_ref()), take(8, Bound::Values, 10));
        // Seen twice and once: 3 + ¾ · 2·1 / (2·2).
        let frequencies = Frequencies::of_values([2, 1, 1].into_iter());
        assert!((frequencies.estimated_values() - 3.375).abs() < 1e-12);
    }

    #[test]
    fn skew_by_hand() {
        let skew = Frequencies::of_values([2, 1, 1].into_iter()).skew().unwrap();
        assert_eq!(skew.most_frequent_items, 2);
        let found = [skew.most_frequent, skew.ten_most_frequent, skew.entropy, skew.min_entropy, skew.even_values];
        for (found, expected) in found.into_iter().zip([0.5, 1.0, 1.5, 1.0, 1.0 / (0.25 + 0.125)]) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        let skew = Frequencies::of_values((1..=20).rev()).skew().unwrap();
        assert!((skew.ten_most_frequent - 155.0 / 210.0).abs() < 1e-12);
        assert!(Frequencies::default().skew().is_none());
    }
}
