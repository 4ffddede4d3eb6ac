//! Plans against what they predict: random hashes, drawn with a seed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::collections::{BTreeMap, BTreeSet};

use dynaseal_core::{AttributeValue, Item};
use dynaseal_search::plan::{Advice, Bound, LEGEND, LengthPlan, Plan, Refusal, Sample, Unit, Warning, svg};

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

fn item(value: impl Into<AttributeValue>) -> Item {
    Item::from([("a".to_owned(), value.into())])
}

/// So many values, each so often.
fn sample(counts: impl IntoIterator<Item = usize>) -> Sample {
    let mut sample = Sample::of(["a"]);
    for (value, count) in counts.into_iter().enumerate() {
        (0..count).for_each(|_| sample.add(&item(&*name(value))).unwrap());
    }
    sample
}

fn warnings(sample: &Sample) -> Vec<&'static str> {
    sample.plans()[0].warnings.iter().map(Warning::name).collect()
}

#[test]
fn each_warning_is_given_where_it_holds_and_nowhere_else() {
    assert_eq!(warnings(&sample([])), [""; 0]);
    // A hundred values, equally often, seen twice or more: nothing to say.
    assert_eq!(warnings(&sample(vec![2; 100])), [""; 0]);
    // Seen once each: the table has many more. Not if the sample is the table.
    let mut once = sample([vec![1; 99], vec![2]].concat());
    assert_eq!(warnings(&once), ["many-seen-once", "slow"]);
    let plan = &once.plans()[0];
    let estimate = 100.0 + 100.0 / 101.0 * 99.0 * 98.0 / 4.0;
    let [Warning::ManySeenOnce { seen_once: 99, estimate: said }, Warning::Slow { ratio, least }] = plan.warnings[..]
    else {
        panic!("{:?}", plan.warnings)
    };
    assert!((said - estimate).abs() < 1e-6);
    // Five bits hide a hundred values; of 2500 by estimate, each shares its beacon with one in 32 others.
    assert_eq!((plan.recommended(), least), (Some(5), 6));
    assert!((ratio - (1.0 + (estimate - 1.0) / 32.0)).abs() < 1e-6, "{ratio}");
    once.set_whole_table();
    assert_eq!(warnings(&once), [""; 0]);
    // None twice: that says nothing of how many there are. Not if the sample is the table.
    let mut unique = sample(vec![1; 100]);
    assert_eq!(warnings(&unique), ["all-seen-once"]);
    unique.set_whole_table();
    assert_eq!(warnings(&unique), [""; 0]);
    // An estimate of one and a half times what was seen is where it begins: 24 once and 6 twice give 30 + 31.5.
    let plan = |once: usize, twice: usize| sample([vec![1; once], vec![2; twice], vec![3; 60]].concat());
    assert_eq!(warnings(&plan(24, 6)), [""; 0]);
    assert!(warnings(&plan(60, 6)).contains(&"many-seen-once"));

    // A twentieth of all, and twice an average share.
    let frequent = |count: usize, others: usize| warnings(&sample([vec![count], vec![10; others]].concat()));
    assert_eq!(frequent(60, 99), ["frequent"]);
    assert_eq!(frequent(50, 99), [""; 0], "5 % of 1040");
    assert_eq!(frequent(24, 19), ["frequent"]);
    assert_eq!(frequent(18, 19), [""; 0], "not twice the average");

    // The text 1 and the number 1.
    let mut types = sample(vec![2; 20]);
    assert_eq!(warnings(&types), [""; 0]);
    types.add(&item(1)).unwrap();
    assert!(warnings(&types).contains(&"several-types"));
    let mut sets = Sample::of(["a"]);
    for number in 0..40 {
        let set = [number % 20, number % 20 + 100].map(|number| number.to_string()).into();
        sets.add(&item(if number % 2 == 0 { AttributeValue::Ss(set) } else { AttributeValue::Ns(set) })).unwrap();
    }
    let plans = sets.plans();
    let of = |plan: &Plan| plan.warnings.iter().any(|warning| matches!(warning, Warning::SeveralTypes));
    assert_eq!((plans[1].unit, of(&plans[0]), of(&plans[1])), (Unit::Element, true, false));
}

/// Of 19 values as skewed as 16 even ones, no beacon may stand for two or fewer of those 16.
#[test]
fn a_bound_that_is_just_met_holds() {
    let mut sample = sample([vec![4], vec![2; 10], vec![1; 8]].concat());
    sample.set_whole_table();
    let plan = &sample.plans()[0];
    assert!(plan.skew.unwrap().even_values == 16.0 && plan.values == 19);
    let Advice::Take(recommendation) = plan.advice else { panic!("{plan}") };
    assert_eq!((recommendation.length, recommendation.bound, recommendation.least), (2, Bound::Skew, 3));
}

/// Memory is for so many values, and for no more.
#[test]
fn elements_of_sets_take_their_share_of_the_limit() {
    let mut limited = Sample::of(["a"]).limit(5);
    let set = |elements: &[&str]| item(AttributeValue::Ss(elements.iter().map(|of| (*of).to_owned()).collect()));
    // A set and two elements; nothing new; a set and one element; then there is no room for two more.
    for elements in [&["x", "y"][..], &["y", "x"], &["x", "z"], &["x", "z"], &["w"], &["x"]] {
        limited.add(&set(elements)).unwrap();
    }
    // Sets of all three types have elements; numbers are one however they are spelled.
    let mut types = Sample::of(["a"]);
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    for value in [
        AttributeValue::Bs(vec![vec![1], vec![2, 3]]),
        AttributeValue::Ns(texts(&["1.0", "2"])),
        AttributeValue::Ns(texts(&["1", "20e-1", "3"])),
        AttributeValue::Ss(texts(&["x"])),
        AttributeValue::L(vec!["x".into()]),
    ] {
        types.add(&item(value)).unwrap();
    }
    let plan = types.plans().remove(1);
    assert_eq!((plan.items, plan.values, plan.occurrences), (4, 6, 8));
    let of_types: Vec<_> = plan.types.into_iter().collect();
    assert_eq!(of_types, [("BS", 1), ("NS", 2), ("SS", 1)]);

    let plans = limited.plans();
    let seen: Vec<_> = plans.iter().map(|plan| (plan.items_seen, plan.items, plan.values, plan.occurrences)).collect();
    assert_eq!(seen, [(4, 4, 2, 4), (4, 4, 3, 8)]);
    assert!(plans.iter().all(|plan| plan.warnings.contains(&Warning::Stopped { items: 4 })));
}

/// Brute force: the fewest partitions with which the rule for skew and the one for the most frequent value hold.
#[test]
fn no_fewer_partitions_hide_the_values() {
    let mut seen = (0, 0);
    for (top, others, count) in [
        (2000, 1000, 1),
        (40, 20, 1),
        (300, 30, 2),
        (900, 3000, 1),
        (5000, 4000, 1),
        (20_000, 6000, 1),
        (9000, 300, 1),
        (60_000, 20_000, 1),
        // Here it is the most frequent value that needs them.
        (2222, 20_000, 1),
        // Exactly as many as there can be.
        (40_428, 17_000, 1),
    ] {
        let mut sample = sample([vec![top], vec![count; others]].concat());
        sample.set_whole_table();
        let plan = &sample.plans()[0];
        let (skew, all) = (plan.skew.unwrap(), float(top + others * count));
        assert!((skew.most_frequent - float(top) / all).abs() < 1e-9);
        let Advice::Refuse(Refusal::TooSkewed { least, partitions, .. }) = plan.advice else { continue };
        let beacons = 2_f64.powi(i32::from(least));
        let hides = |partitions: &u8| {
            let partitions = f64::from(*partitions);
            2.0 * beacons < skew.even_values * partitions && skew.most_frequent * beacons / partitions <= 4.0
        };
        assert_eq!(partitions, (1..=254).find(hides), "{top} {others} {count}");
        seen = (seen.0 + usize::from(partitions.is_some()), seen.1 + usize::from(partitions.is_none()));
    }
    assert!(seen.0 >= 3 && seen.1 >= 1, "{seen:?}");
}

#[test]
fn the_text_says_what_the_plan_says() {
    let text = |sample: &Sample| sample.plans()[0].to_string();
    let has =
        |text: &str, parts: &[&str]| parts.iter().for_each(|part| assert!(text.contains(part), "no {part} in\n{text}"));
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");

    let even = sample(vec![3; 100]);
    let plan = &even.plans()[0];
    let printed = text(&even);
    has(&printed, &["a\n  items            300 of 300 (S 300)\n", "  distinct values  100\n"]);
    has(&printed, &["  most frequent    1.0 %, the ten most frequent 10.0 %\n"]);
    has(&printed, &["  entropy          6.64 bits of at most 6.64; min-entropy 6.64 bits\n"]);
    has(
        &words(&printed),
        &["Recommended: 5 bits. With one more, there would not be more than two values for each beacon."],
    );
    // One line for each length, after one for guessing, and one of them recommended.
    let rows: Vec<Vec<&str>> = printed
        .lines()
        .filter(|line| line.ends_with('%') && !line.contains("most"))
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!((rows.len(), rows[0][0], rows[0][1]), (plan.lengths.len() + 1, "0", "1.0"));
    for (row, length) in rows[1..].iter().zip(&plan.lengths) {
        assert_eq!(row[0] == ">", length.bits == 5, "{row:?}");
        let row = if row[0] == ">" { &row[1..] } else { &row[..] };
        assert_eq!((row[0], row[1]), (&*length.bits.to_string(), &*length.beacons.to_string()));
        assert_eq!(plan.length(length.bits), Some(length));
    }
    assert_eq!((plan.recommended(), plan.length(0), plan.length(60)), (Some(5), None, None));

    // An estimate from one in a hundred more on.
    let more = text(&sample([vec![1; 20], vec![2; 30], vec![3; 100]].concat()));
    has(&more, &["  distinct values  150, 20 of them seen once; by estimate 156 in the whole table\n"]);
    let less = text(&sample([vec![1; 5], vec![2; 30], vec![3; 100]].concat()));
    has(&less, &["  distinct values  135, 5 of them seen once\n"]);
    // One more is less than one in a hundred.
    let one_more = text(&sample([vec![1; 9], vec![2; 30], vec![3; 100]].concat()));
    has(&one_more, &["  distinct values  139, 9 of them seen once\n"]);

    let mut sets = Sample::of(["a"]);
    for number in 0..30 {
        let set = vec![format!("one {}", number % 10), format!("other {}", number % 10)];
        sets.add(&item(AttributeValue::Ss(set))).unwrap();
    }
    let plans = sets.plans();
    assert!(!plans[0].to_string().contains("elements"));
    has(
        &plans[1].to_string(),
        &["a, each element of its sets by itself (as-set)\n", "  elements         60 in these items\n"],
    );

    has(
        &words(&text(&sample([]))),
        &["items 0 of 0", "No beacon recommended: no item has it. Check its name, or take a larger sample."],
    );
    has(
        &words(&text(&sample([5]))),
        &[
            "No beacon recommended: 1 value is too few: with fewer than 8, beacons of any length give values away. Join it",
        ],
    );
    has(&words(&text(&sample([5, 5]))), &["No beacon recommended: 2 values are too few", "take a larger sample."]);
    let mut skewed = sample([vec![2000], vec![1; 1000]].concat());
    skewed.set_whole_table();
    has(
        &words(&text(&skewed)),
        &[
            "no length hides the values: the most frequent one alone makes up 66.7 %. Join it",
            "Or spread its values over 29 or more partitions and take 5 bits; a query is then sent once for each partition.",
        ],
    );
    assert!(!words(&text(&skewed)).contains("slow queries"));
    let counts = (1..=5000_usize).map(|rank| 5000 / rank);
    let mut zipf = sample(counts);
    zipf.set_whole_table();
    let printed = words(&text(&zipf));
    has(
        &printed,
        &["the most frequent value makes up", "values are hidden up to", "If slow queries are acceptable, take"],
    );

    let once = words(&text(&sample([vec![1; 99], vec![2]].concat())));
    has(&once, &["Note: 99 values were seen only once, so the table probably has many more, by estimate 2500."]);
    has(
        &once,
        &[
            "Note: Queries may be too slow: they fetch about 79.1 items for each wanted one.",
            "asks for 6 bits or more.",
        ],
    );
    has(
        &words(&text(&sample([vec![60], vec![10; 99]].concat()))),
        &["Note: The most frequent value makes up 5.7 %, and its beacon"],
    );
    let skew = words(&text(&sample(std::iter::once(1000).chain(std::iter::repeat_n(9, 1000)))));
    has(&skew, &["With one more, of two items with the same beacon, more than a third would have the same value."]);
    let top = words(&text(&sample(std::iter::once(1500).chain(std::iter::repeat_n(2, 100_000)))));
    has(&top, &["With one more, the beacon of the most frequent value would be over five times as full as others."]);
}

/// For programs that read plans.
#[test]
fn reasons_have_names() {
    assert_eq!([Bound::Values, Bound::Skew, Bound::MostFrequent].map(Bound::name), ["values", "skew", "most-frequent"]);
    let skewed = Refusal::TooSkewed { most_frequent: 0.5, most: Some(1), least: 4, partitions: None };
    let refusals = [Refusal::NotSeen, Refusal::TooFewValues { values: 3 }, skewed];
    assert_eq!(refusals.map(|refusal| refusal.name()), ["not-seen", "too-few-values", "too-skewed"]);
    assert!(skewed.to_string().contains("hidden up to 1 bit only, and queries are fast from 4 bits on"));
    let warnings = [
        Warning::Stopped { items: 7 },
        Warning::ManySeenOnce { seen_once: 5, estimate: 1234.0 },
        Warning::Slow { ratio: 3.0, least: 4 },
        Warning::SeveralTypes,
        Warning::Frequent { share: 0.25 },
    ];
    let names = ["stopped", "many-seen-once", "slow", "several-types", "frequent"];
    assert_eq!(warnings.map(|warning| warning.name()), names);
    for (warning, part) in
        warnings.iter().zip(["first 7 items", "by estimate 1230", "about 3.00 items", "several types", "25.0 %"])
    {
        assert!(warning.to_string().contains(part), "{warning}");
    }
}
