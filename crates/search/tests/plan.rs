//! Plans against what they predict: random hashes, drawn with a seed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::collections::{BTreeMap, BTreeSet};

use dynaseal_core::{AttributeValue, Item};
use dynaseal_search::plan::{Advice, LEGEND, LengthPlan, Plan, Sample, Unit, svg};

/// Steele, Lea and Flood's SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }
}

fn float(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

/// Mean and standard error.
#[derive(Default)]
struct Mean {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    fn check(&self, what: &str, expected: f64) {
        let mean = self.sum / self.count;
        let error = ((self.squares / self.count - mean * mean).max(0.0) / self.count).sqrt();
        // What never varied may still be rare.
        let slack = if error > 0.0 { 4.0 * error } else { 5.0 / self.count };
        // With the seeds below; a formula that is off by a part in a hundred fails.
        assert!((mean - expected).abs() <= slack, "{what}: {mean} ± {error}, planned {expected}");
    }
}

/// What one hash makes of the items.
fn one_hash(items: &[Vec<usize>], frequencies: &[usize], beacons: usize, random: &mut Random) -> [f64; 9] {
    let beacon: Vec<_> = frequencies.iter().map(|_| random.below(beacons)).collect();
    let mut on = vec![Vec::new(); beacons];
    for (value, beacon) in beacon.iter().enumerate() {
        on[*beacon].push(value);
    }
    let all: usize = frequencies.iter().sum();
    let mut fetched = vec![0; beacons];
    for item in items {
        let of_item: BTreeSet<_> = item.iter().map(|value| beacon[*value]).collect();
        of_item.into_iter().for_each(|beacon| fetched[beacon] += 1);
    }
    let extra = |value: usize| float(fetched[beacon[value]] - frequencies[value]);
    let extras: Vec<f64> = (0..frequencies.len()).map(extra).collect();
    let values = float(frequencies.len());
    let best = on.iter().map(|values| values.iter().map(|value| frequencies[*value]).max().unwrap_or(0)).sum::<usize>();
    let pairs: usize =
        on.iter().map(|values| values.iter().map(|value| frequencies[*value]).sum::<usize>().pow(2)).sum();
    let as_stored: f64 = extras.iter().zip(frequencies).map(|(extra, count)| extra * float(*count)).sum();
    [
        float(on.iter().filter(|values| !values.is_empty()).count()),
        on.iter().map(|values| float(values.len() * values.len())).sum::<f64>() / values,
        as_stored / float(all),
        extras.iter().sum::<f64>() / values,
        extras[0],
        float(on.iter().filter(|values| values.len() == 1).count()) / values,
        float(best) / float(all),
        float(on.iter().filter(|values| values.contains(&0)).map(Vec::len).sum()),
        float(pairs) / float(all * all),
    ]
}

fn compare(items: &[Vec<usize>], plan: &Plan, seed: u64) {
    let mut counts = BTreeMap::<usize, usize>::new();
    items.iter().flatten().for_each(|value| *counts.entry(*value).or_default() += 1);
    let frequencies: Vec<_> = counts.values().copied().collect();
    // The most frequent value is number 0, and no other is as frequent.
    assert!(frequencies[1..].iter().all(|other| *other < frequencies[0]));
    assert_eq!(
        (plan.values, plan.items),
        (u64::try_from(frequencies.len()).unwrap(), u64::try_from(items.len()).unwrap())
    );
    let mut random = Random(seed);
    for length in &plan.lengths {
        let beacons = usize::try_from(length.beacons).unwrap();
        let mut means: [Mean; 9] = Default::default();
        for _ in 0..1500 {
            let found = one_hash(items, &frequencies, beacons, &mut random);
            means.iter_mut().zip(found).for_each(|(mean, found)| mean.add(found));
        }
        let squares: f64 = 1.0 / plan.skew.unwrap().even_values;
        let LengthPlan {
            bits, used_beacons, values, as_stored, evenly, most_frequent, alone, guessed, same_value, ..
        } = *length;
        let expected = [
            ("used", used_beacons),
            ("values", values),
            ("as stored", as_stored.extra),
            ("evenly", evenly.extra),
            ("most frequent", most_frequent.extra),
            ("alone", alone),
            ("guessed", guessed),
            ("values with the most frequent", values),
            // Pairs with one beacon, of which `same_value` have one value.
            ("pairs", squares / same_value),
        ];
        for (mean, (what, expected)) in means.iter().zip(expected) {
            mean.check(&format!("{what} at {bits} bits"), expected);
        }
    }
}

fn name(value: usize) -> String {
    format!("value {value}")
}

/// Values with frequencies from 1 to 40, and a frequent one.
#[test]
fn expectations_of_values_are_those_of_random_hashes() {
    let mut items = vec![vec![0]; 90];
    (1..60).for_each(|value| items.extend(vec![vec![value]; 40 / value + 1]));
    let mut sample = Sample::of(["a"]);
    for item in &items {
        sample.add(&Item::from([("a".to_owned(), name(item[0]).into())])).unwrap();
    }
    compare(&items, &sample.plans()[0], 1);
}

/// Sets of up to nine elements, of which small numbers are the more frequent.
#[test]
fn expectations_of_elements_are_those_of_random_hashes() {
    let mut random = Random(2);
    let items: Vec<Vec<usize>> = (0..150)
        .map(|_| {
            let size = 1 + random.below(9);
            let set: BTreeSet<usize> = (0..size).map(|_| random.below(40) * random.below(40) / 40).collect();
            set.into_iter().collect()
        })
        .collect();
    let mut sample = Sample::of(["a"]);
    for item in &items {
        let set = AttributeValue::Ss(item.iter().map(|value| name(*value)).collect());
        sample.add(&Item::from([("a".to_owned(), set)])).unwrap();
    }
    let plans = sample.plans();
    assert_eq!(plans[1].unit, Unit::Element);
    compare(&items, &plans[1], 3);
}

/// Samples of a population of 5000 values: Chao's estimate is a lower bound, and better than what was seen.
#[test]
fn the_estimate_is_between_seen_and_there() {
    let mut random = Random(4);
    for size in [1000, 4000, 10_000, 40_000] {
        let mut sample = Sample::new();
        for _ in 0..size {
            sample.add(&Item::from([("a".to_owned(), name(random.below(5000)).into())])).unwrap();
        }
        let plan = &sample.plans()[0];
        let seen = f64::from(u32::try_from(plan.values).unwrap());
        assert!(plan.estimated_values >= seen && (plan.estimated_values - 5000.0).abs() < 0.2 * 5000.0, "{plan:?}");
        sample.set_whole_table();
        assert!((sample.plans()[0].estimated_values - seen).abs() < 1e-9);
    }
}

/// The same items in another order, and with other digests, give the same plan to the last digit.
#[test]
fn plans_are_reproducible() {
    let plan = |reverse: bool| {
        let mut random = Random(5);
        let mut items: Vec<_> = (0..2000)
            .map(|_| {
                let set: BTreeSet<_> =
                    (0..1 + random.below(5)).map(|_| name(random.below(40) * random.below(40))).collect();
                Item::from([("a".to_owned(), AttributeValue::Ss(set.into_iter().collect()))])
            })
            .collect();
        if reverse {
            items.reverse();
        }
        let mut sample = Sample::new();
        items.iter().for_each(|item| sample.add(item).unwrap());
        format!("{:?}", sample.plans())
    };
    assert_eq!(plan(false), plan(true));
}

/// A text that fits a terminal, and a picture that is XML, whatever the values are.
#[test]
fn text_and_picture_stand_any_sample() {
    for values in [0_usize, 1, 2, 7, 8, 9, 100, 5000] {
        for skew in [1_usize, 3, 1000] {
            let mut sample = Sample::of(["attribute"]);
            for number in 0..3 * values {
                let value = if number % skew == 0 { number % values } else { 0 };
                sample.add(&Item::from([("attribute".to_owned(), name(value).into())])).unwrap();
            }
            let plans = sample.plans();
            let text = plans[0].to_string();
            for line in text.lines().chain(LEGEND.lines()) {
                assert!(line.chars().count() <= 100 && line.trim_end() == line, "{line:?}");
            }
            assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
            let recommended = matches!(plans[0].advice, Advice::Take(_));
            assert_eq!(text.contains("\n>"), recommended, "{text}");
            assert_eq!(text.contains("No beacon recommended"), !recommended, "{text}");
            let picture = svg(&plans, "");
            assert!(!picture.contains("NaN") && !picture.contains("inf"));
            assert_eq!(picture.matches('<').count(), picture.matches('>').count());
            assert_eq!(picture.contains("<circle"), recommended);
        }
    }
}

/// Of a sample in which nothing comes twice nobody can tell how many values there are.
#[test]
fn a_sample_of_unique_values_gives_no_estimate() {
    let mut sample = Sample::of(["attribute"]);
    for number in 0..5000 {
        sample.add(&Item::from([("attribute".to_owned(), name(number).into())])).unwrap();
    }
    let plan = &sample.plans()[0];
    assert_eq!((plan.values, plan.seen_once), (5000, 5000));
    assert!((plan.estimated_values - 5000.0).abs() < 1e-9, "{}", plan.estimated_values);
    let text = plan.to_string();
    assert!(!text.contains("by estimate") && text.contains("Every value is unique in the sample"), "{text}");
    // One that was seen twice is something to go by.
    sample.add(&Item::from([("attribute".to_owned(), name(0).into())])).unwrap();
    assert!(sample.plans()[0].to_string().contains("by estimate"));
}
