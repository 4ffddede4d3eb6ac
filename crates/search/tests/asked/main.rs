//! Queries and scans from the question to the items: what is sent is asked of stored items as DynamoDB would, what comes
//! back is asked again after opening, and in the end there is what the question means for the plain items.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod random;
mod sent;
mod world;

use std::collections::BTreeMap;

use dynaseal_core::Item;
use dynaseal_expression::{BoundCondition, Condition, ExpressionKind, KeyCondition, MAX_EXPRESSION, Placeholders};
use dynaseal_search::{Analysis, QueryRequest};
use dynaseal_testkit::block_on;

use self::random::Questions;
use self::world::World;

/// A request whose texts are read, to be asked of many items.
struct Asked<'r> {
    request: &'r QueryRequest,
    conditions: Vec<(ExpressionKind, Condition)>,
}

impl<'r> Asked<'r> {
    fn new(request: &'r QueryRequest) -> Self {
        let texts = [(ExpressionKind::KeyCondition, &request.key_condition), (ExpressionKind::Filter, &request.filter)];
        let texts = texts.into_iter().filter_map(|(kind, text)| Some((kind, text.as_ref()?)));
        Self { request, conditions: texts.map(|(kind, text)| (kind, Condition::parse(kind, text).unwrap())).collect() }
    }

    /// As DynamoDB would say.
    fn holds(&self, item: &Item) -> bool {
        let QueryRequest { names, values, .. } = self.request;
        let holds = |(kind, condition): &(ExpressionKind, Condition)| {
            BoundCondition::new(*kind, condition, names, values).unwrap().matches(item)
        };
        self.conditions.iter().all(holds)
    }
}

/// DynamoDB takes it: no placeholder is left over or missing, no text too long.
fn is_taken(request: &QueryRequest) {
    let key = request.key_condition.as_ref().map(|text| KeyCondition::parse(text).unwrap());
    let filter = request.filter.as_ref().map(|text| Condition::parse(ExpressionKind::Filter, text).unwrap());
    let names = request.names.iter().map(|(name, of)| (name.as_str(), of.as_str()));
    let mut placeholders = Placeholders::new(names, request.values.keys().map(String::as_str));
    key.iter().for_each(|key| assert!(!placeholders.key_condition(key).unwrap().is_empty()));
    filter.iter().for_each(|filter| {
        placeholders.condition(ExpressionKind::Filter, filter).unwrap();
    });
    placeholders.finish().unwrap_or_else(|error| panic!("{error}: {request:?}"));
    assert!(request.key_condition.iter().chain(&request.filter).all(|text| text.len() <= MAX_EXPRESSION));
}

/// The numbers of the items that are found in the end, and how many came back in vain.
fn found(world: &World, analysis: &Analysis) -> (Vec<usize>, usize) {
    let requests = block_on(analysis.rewrite_all()).unwrap();
    requests.iter().for_each(is_taken);
    let asked: Vec<_> = requests.iter().map(Asked::new).collect();
    let results = analysis.results().map(|results| results.bind().unwrap());
    let is_asked_for = |plain: &Item| results.as_ref().is_none_or(|results| results.matches(plain));
    let (mut found, mut in_vain) = (Vec::new(), 0);
    for (number, (plain, stored)) in world.items.iter().enumerate() {
        let times = asked.iter().filter(|asked| asked.holds(stored)).count();
        assert!(times <= 1, "item {number} comes back {times} times: {requests:?}");
        match times == 1 && is_asked_for(plain) {
            true => found.push(number),
            false => in_vain += times,
        }
    }
    // Partition after partition finds the same, if not always only once.
    let requests: Vec<_> = (0..analysis.queries()).map(|partition| world.for_partition(analysis, partition)).collect();
    requests.iter().for_each(is_taken);
    let asked: Vec<_> = requests.iter().map(Asked::new).collect();
    let comes_back = |number: &usize| {
        let (plain, stored) = &world.items[*number];
        is_asked_for(plain) && asked.iter().any(|asked| asked.holds(stored))
    };
    let one_by_one: Vec<_> = (0..world.items.len()).filter(comes_back).collect();
    assert_eq!(one_by_one, found, "{:?}", world.asked.borrow());
    (found, in_vain)
}

/// What the question means: the plain items, with texts that beacons are made from as attributes of their own.
fn expected(world: &World, request: &QueryRequest) -> Vec<usize> {
    let asked = Asked::new(request);
    let numbers = world.items.iter().enumerate().filter(|(_, (plain, _))| asked.holds(&world::with_texts(plain)));
    numbers.map(|(number, _)| number).collect()
}

fn ask(world: &World, seed: u64, count: usize) {
    let mut questions = Questions::new(seed);
    let (mut answered, mut refused, mut with_some, mut in_vain) = (0, BTreeMap::<String, usize>::new(), 0, 0);
    for _ in 0..count {
        let request = questions.next(world.partitions.is_some());
        *world.asked.borrow_mut() = request.clone();
        match world.search.analyze(request.clone()) {
            Ok(analysis) => {
                let (found, extra) = found(world, &analysis);
                assert_eq!(found, expected(world, &request), "{request:?} {:?}", request.values);
                (answered, in_vain) = (answered + 1, in_vain + extra);
                with_some += usize::from(!found.is_empty());
            }
            Err(error) => *refused.entry(error.to_string().chars().take(40).collect()).or_default() += 1,
        }
    }
    // Beacons of two bits are often equal by chance, and questions are often about something that is there.
    assert!(answered > count / 2 && with_some > count / 4, "{answered} {with_some} {refused:?}");
    assert!(in_vain > count / 2, "{in_vain}");
}

#[test]
fn without_partitions() {
    ask(&World::new(None), 1, 800);
}

#[test]
fn with_partitions() {
    ask(&World::new(Some(3)), 2, 400);
    ask(&World::new(Some(4)), 3, 400);
}
