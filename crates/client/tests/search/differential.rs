//! Random queries and scans of 500 random items: the same items in the same order, or a refusal that the documents ask for.
//!
//! `DYNASEAL_DIFFERENTIAL_SEED` chooses other cases, `DYNASEAL_DIFFERENTIAL_FACTOR` that many times as many.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, Select};
use dynaseal_client::{SealedPages, SealedPartitions, Sealer, operation_error, value};
use dynaseal_core::{AttributeValue, Item};
use dynaseal_testkit::{random::Items, vectors};

use crate::tables::{PLAIN, SEALED, Shape, put, sealer, tables, without_texts};

const ITEMS: usize = 500;
const CASES: u64 = 1000;

/// No word is part of another: standard beacons and encrypted parts only know whole values.
const WORDS: [&str; 14] = [
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima",
    "mike", "oscar",
];
const STATES: [&str; 4] = ["CA", "NV", "OR", "WA"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_partitions() {
    differential(Shape { bits: 5, partitions: None }, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_partitions() {
    differential(Shape { bits: 4, partitions: Some((5, 3)) }, 2).await;
}

/// With one bit, half of all items come back too many, and partitions share beacons.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_shortest_beacons() {
    differential(Shape { bits: 1, partitions: Some((3, 2)) }, 3).await;
}

async fn differential(shape: Shape, seed: u64) {
    let mut random = Random(Items::new(setting("SEED", 0) * 1000 + seed));
    let (client, sealer) = (tables().await, sealer(shape));
    for number in 0..ITEMS {
        put(&client, &sealer, &random.item(number)).await;
    }
    let (mut same, mut refused, mut found) = (0, 0, 0);
    for case in 0..CASES * setting("FACTOR", 1) {
        let request = random.request();
        let plain = match run_plain(&client, &request).await {
            Ok(plain) => plain,
            // A filter must not name a key of the index, and sealed that is another attribute.
            Err(why) if why.contains("Primary key attribute") => continue,
            // Bounds the wrong way round and the like; sealed it is refused as well.
            Err(_) => {
                assert!(run_sealed(&client, &sealer, &request).await.is_err(), "case {case}: {request:?}");
                continue;
            }
        };
        match (run_sealed(&client, &sealer, &request).await, request.refused) {
            (Ok(sealed), false) => {
                assert_eq!(ids(&sealed), ids(&plain), "case {case}: {request:?}");
                for (one, other) in sealed.iter().zip(&plain) {
                    assert!(vectors::same(one, &without_texts(other.clone())), "case {case}: {one:?} {other:?}");
                }
                if request.counted {
                    let count = count_sealed(&client, &sealer, &request).await;
                    assert_eq!(count, plain.len(), "case {case}: {request:?}");
                }
                same += 1;
                found += plain.len();
            }
            (Err(why), true) if !why.starts_with("DynamoDB") => refused += 1,
            (got, _) => panic!("case {case}: {request:?}: {:?}", got.map(|items| ids(&items).len())),
        }
    }
    assert!(same > 100 && refused > 50 && found > 1000, "{same} the same with {found} items, {refused} refused");
    println!("{shape:?}: {same} the same with {found} items, {refused} refused");
}

fn setting(name: &str, default: u64) -> u64 {
    let text = std::env::var(format!("DYNASEAL_DIFFERENTIAL_{name}"));
    text.map_or(default, |text| text.parse().expect("a number"))
}

fn ids(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| text(&item["id"])).collect()
}

#[derive(Debug, Default)]
struct Request {
    index: Option<&'static str>,
    key: Option<String>,
    filter: Option<String>,
    names: HashMap<String, String>,
    values: HashMap<String, SdkValue>,
    limit: Option<i32>,
    counted: bool,
    /// Whether the documents, or what would be lost otherwise, ask for a refusal.
    refused: bool,
}

macro_rules! request {
    ($builder:expr, $table:expr, $request:expr) => {
        $builder
            .table_name($table)
            .set_index_name($request.index.map(str::to_owned))
            .set_filter_expression($request.filter.clone())
            .set_expression_attribute_names(Some($request.names.clone()).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(Some($request.values.clone()).filter(|values| !values.is_empty()))
            .set_limit($request.limit)
    };
}

async fn run_plain(client: &Client, request: &Request) -> Result<Vec<Item>, String> {
    let items = match &request.key {
        Some(key) => {
            let query = request!(client.query(), PLAIN, request).key_condition_expression(key);
            query
                .into_paginator()
                .items()
                .send()
                .collect::<Result<Vec<_>, _>>()
                .await
                .map_err(|error| format!("{error:?}"))
        }
        None => {
            let scan = request!(client.scan(), PLAIN, request);
            scan.into_paginator()
                .items()
                .send()
                .collect::<Result<Vec<_>, _>>()
                .await
                .map_err(|error| format!("{error:?}"))
        }
    };
    Ok(items?.into_iter().map(|item| value::from_sdk(item).unwrap()).collect())
}

async fn run_sealed(client: &Client, sealer: &Sealer, request: &Request) -> Result<Vec<Item>, String> {
    let mut items = match &request.key {
        Some(key) => {
            let query = request!(client.query(), SEALED, request).key_condition_expression(key);
            match query.sealed_queries(sealer) {
                Ok(1) => query.sealed_items(sealer),
                _ => query.sealed_partitions(sealer),
            }
        }
        None => {
            let mut items = request!(client.scan(), SEALED, request).sealed_items(sealer);
            let mut found = Vec::new();
            while let Some(item) = items.next().await {
                found.push(item.map_err(|error| reason(&error))?);
            }
            return Ok(found.into_iter().map(|item| value::from_sdk(item).unwrap()).collect());
        }
    };
    let mut found = Vec::new();
    while let Some(item) = items.next().await {
        found.push(value::from_sdk(item.map_err(|error| reason(&error))?).unwrap());
    }
    // Partitions come one after the other; a sort key puts them in order.
    if request.index.is_some() {
        found.sort_by_key(|item| text(&item["yr"]).to_owned());
    }
    Ok(found)
}

async fn count_sealed(client: &Client, sealer: &Sealer, request: &Request) -> usize {
    let mut count = 0;
    match &request.key {
        Some(key) => {
            let query = request!(client.query(), SEALED, request).key_condition_expression(key).select(Select::Count);
            let mut pages = query.sealed_pages(sealer);
            while let Some(page) = pages.next().await {
                let page = page.unwrap();
                assert!(page.items.is_none_or(|items| items.is_empty()));
                count += usize::try_from(page.count).unwrap();
            }
        }
        None => {
            let mut pages = request!(client.scan(), SEALED, request).select(Select::Count).sealed_pages(sealer);
            while let Some(page) = pages.next().await {
                let page = page.unwrap();
                assert!(page.items.is_none_or(|items| items.is_empty()));
                count += usize::try_from(page.count).unwrap();
            }
        }
    }
    count
}

fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    match operation_error(error) {
        Some(error) => error.refusal().to_string(),
        None => format!("DynamoDB: {error:?}"),
    }
}

struct Random(Items);

/// A condition on one attribute.
struct Leaf {
    text: String,
    refused: bool,
    /// Whether it is also refused behind NOT.
    refused_negated: bool,
}

impl Random {
    fn one_in(&mut self, count: usize) -> bool {
        self.0.below(count) == 0
    }

    fn choice<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.0.below(of.len())]
    }

    fn word(&mut self) -> String {
        self.choice(&WORDS).to_owned()
    }

    fn number(&mut self) -> String {
        self.choice(&["1", "1.0", "10e-1", "2", "-3", "0.5", "7", "100", "1e2"]).to_owned()
    }

    /// Unique and in order; DynamoDB does not say how equal sort keys are ordered.
    fn year(number: usize) -> String {
        format!("{:04}", 1000 + number * 7 % 4999)
    }

    fn item(&mut self, number: usize) -> Item {
        let s = |text: String| AttributeValue::S(text);
        let mut item = Item::from([("id".to_owned(), s(format!("item-{number}")))]);
        let mut set = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
        set("yr", s(Self::year(number)));
        if !self.one_in(10) {
            set("aa", s(self.word()));
        }
        if !self.one_in(5) {
            // Of one text as a string, a number and bytes the beacons are equal.
            let text = self.choice(&["5", "6", "alpha", "bravo", "golf"]);
            let value = match self.0.below(3) {
                0 if text.len() == 1 => AttributeValue::N(text.to_owned()),
                1 => AttributeValue::B(text.as_bytes().to_vec()),
                _ => s(text.to_owned()),
            };
            set("bb", value);
        }
        if !self.one_in(4) {
            set("cc", s(self.choice(&["5", "6", "alpha", "bravo", "golf"]).to_owned()));
        }
        if self.one_in(2) {
            set("dd", s(self.word()));
        }
        if !self.one_in(6) {
            set("num", AttributeValue::N(self.number()));
        }
        if !self.one_in(4) {
            let count = 1 + self.0.below(3);
            let mut words: Vec<String> = (0..count).map(|_| self.word()).collect();
            words.sort();
            words.dedup();
            set("tags", AttributeValue::Ss(words));
        }
        if self.one_in(2) {
            let value = if self.one_in(2) { vec!["1", "2"] } else { vec!["100", "-3", "7"] };
            set("nums", AttributeValue::Ns(value.into_iter().map(str::to_owned).collect()));
        }
        if !self.one_in(4) {
            let mut map = BTreeMap::from([("y".to_owned(), s(self.word()))]);
            if !self.one_in(3) {
                map.insert("x".to_owned(), s(self.word()));
            }
            set("m", AttributeValue::M(map));
        }
        if !self.one_in(5) {
            set("st", s(self.choice(&STATES).to_owned()));
        }
        set("plain", AttributeValue::N(self.number()));
        set("hidden", s(self.word()));
        if self.one_in(2) {
            set(":note", s(self.word()));
        }
        item
    }

    fn request(&mut self) -> Request {
        let mut request = Request::default();
        if self.one_in(2) {
            self.key(&mut request);
        }
        if request.key.is_none() || !self.one_in(3) {
            let depth = self.0.below(4);
            let filter = self.condition(&mut request, depth, false);
            request.filter = Some(filter);
        }
        // Limits cut pages before filters look at them.
        request.limit = (self.one_in(4)).then(|| i32::try_from(20 + self.0.below(200)).unwrap());
        request.counted = request.key.is_none() && self.one_in(10);
        request
    }

    fn key(&mut self, request: &mut Request) {
        let (index, text) = match self.0.below(4) {
            0 => ("by-aa", self.equal(request, "aa")),
            1 => ("by-cc", {
                let value = s(self.choice(&["5", "6", "alpha", "bravo", "golf"]));
                format!("{} = {}", self.name(request, "cc"), self.value(request, value))
            }),
            2 => ("by-aa", {
                let (key, year) = (self.equal(request, "aa"), Self::year(self.0.below(ITEMS)));
                let operator = self.choice(&["<", "<=", ">", ">="]);
                format!("{key} AND {} {operator} {}", self.name(request, "yr"), self.value(request, s(&year)))
            }),
            _ => ("by-who", {
                let state = self.choice(&STATES);
                let key = format!("{} = {}", self.name(request, "st"), self.value(request, s(state)));
                let leaf = self.who(request, Some(state));
                request.refused |= leaf.refused;
                format!("{key} AND {}", leaf.text)
            }),
        };
        request.index = Some(index);
        request.key = Some(text);
    }

    fn equal(&mut self, request: &mut Request, name: &'static str) -> String {
        let word = self.word();
        format!("{} = {}", self.name(request, name), self.value(request, s(&word)))
    }

    fn condition(&mut self, request: &mut Request, depth: usize, negated: bool) -> String {
        if depth > 0 {
            let operator = self.choice(&[" AND ", " OR ", "NOT", " AND "]);
            if operator == "NOT" {
                return format!("NOT ({})", self.condition(request, depth - 1, true));
            }
            let left = self.condition(request, depth - 1, negated);
            let right = self.condition(request, depth - 1, negated);
            return match self.0.below(3) {
                0 => format!("({left}{operator}{right})"),
                1 => format!("({left}){operator}{right}"),
                _ => format!("{left}{operator}{right}"),
            };
        }
        let leaf = self.leaf(request);
        request.refused |= if negated { leaf.refused_negated } else { leaf.refused };
        leaf.text
    }

    fn leaf(&mut self, request: &mut Request) -> Leaf {
        let exact = |text| Leaf { text, refused: false, refused_negated: false };
        let positive = |text| Leaf { text, refused: false, refused_negated: true };
        let refused = |text| Leaf { text, refused: true, refused_negated: true };
        let word = s(&self.word());
        match self.0.below(24) {
            0 | 1 => {
                let name = self.choice(&["aa", "cc", "mx", "vf"]);
                let value = if name == "vf" {
                    s(&format!("{}{}", self.choice(&["AL", "BR", "EC"]), self.choice(&STATES)))
                } else {
                    word
                };
                let (name, value) = (self.name(request, name), self.value(request, value));
                positive(if self.one_in(2) { format!("{name} = {value}") } else { format!("{value} = {name}") })
            }
            2 => {
                let value = match self.0.below(3) {
                    0 => AttributeValue::N("5".to_owned()),
                    1 => AttributeValue::B(b"alpha".to_vec()),
                    _ => s("5"),
                };
                positive(format!("{} = {}", self.name(request, "bb"), self.value(request, value)))
            }
            3 => {
                let number = AttributeValue::N(self.number());
                positive(format!("{} = {}", self.name(request, "num"), self.value(request, number)))
            }
            4 => {
                let (one, two) = (s(&self.word()), s(&self.word()));
                let (one, two) = (self.value(request, one), self.value(request, two));
                positive(format!("{} IN ({one}, {two})", self.name(request, "aa")))
            }
            5 => positive(format!("contains({}, {})", self.name(request, "tags"), self.value(request, word))),
            6 => {
                let number = AttributeValue::N(self.number());
                positive(format!("contains({}, {})", self.name(request, "nums"), self.value(request, number)))
            }
            7 => {
                let set = AttributeValue::Ns(["2.0", "1"].map(str::to_owned).into());
                positive(format!("{} = {}", self.name(request, "nums"), self.value(request, set)))
            }
            8 => {
                // A whole value, or one of several.
                let name = self.name(request, "aa");
                let text = self.word();
                let several = AttributeValue::Ss(vec![text, "sierra".to_owned()]);
                positive(match self.one_in(2) {
                    true => format!("contains({name}, {})", self.value(request, word)),
                    false => format!("contains({}, {name})", self.value(request, several)),
                })
            }
            9 | 10 => self.who(request, None),
            11 => {
                let name = self.choice(&["aa", "num", "hidden", "tags", "m"]);
                let function = self.choice(&["attribute_exists", "attribute_not_exists"]);
                exact(format!("{function}({})", self.name(request, name)))
            }
            12 => {
                let name = self.choice(&["who", "vf", "mx", "sig", "m.x"]);
                let function = self.choice(&["attribute_exists", "attribute_not_exists"]);
                exact(format!("{function}({})", self.path(request, name)))
            }
            13 | 14 => {
                let (name, operator) = (self.name(request, "st"), self.choice(&["=", "<>", "<", ">="]));
                let state = s(self.choice(&STATES));
                exact(format!("{name} {operator} {}", self.value(request, state)))
            }
            15 => {
                let year = s(&Self::year(self.0.below(ITEMS)));
                exact(format!(
                    "begins_with({}, {})",
                    self.name(request, "yr"),
                    self.value(request, s(&text(&year)[..2]))
                ))
            }
            16 => {
                let (number, operator) = (AttributeValue::N(self.number()), self.choice(&["=", "<>", "<", ">="]));
                exact(format!("{} {operator} {}", self.name(request, "plain"), self.value(request, number)))
            }
            17 => {
                let state = self.choice(&STATES);
                let value = s(&format!("S:{state}-Y:{}", Self::year(self.0.below(ITEMS))));
                let operator = self.choice(&["=", "<>", "<", ">", "<=", ">="]);
                exact(format!("{} {operator} {}", self.name(request, "sig"), self.value(request, value)))
            }
            18 => {
                let text = format!(
                    "size({}) > {}",
                    self.name(request, "yr"),
                    self.value(request, AttributeValue::N("3".into()))
                );
                exact(text)
            }
            19 => exact(format!("contains({}, {})", self.name(request, ":note"), self.value(request, word))),
            20 => positive(format!("{} = {}", self.name(request, "bb"), self.name(request, "cc"))),
            21 => {
                let (name, operator) = (self.name(request, "aa"), self.choice(&["<>", "<", "<=", ">", ">="]));
                refused(format!("{name} {operator} {}", self.value(request, word)))
            }
            22 => {
                let name = self.choice(&["hidden", "m.y", "dd"]);
                refused(format!("{} = {}", self.path(request, name), self.value(request, word)))
            }
            _ => {
                let (name, value) = (self.name(request, "aa"), self.value(request, word));
                let length = self.value(request, AttributeValue::N("4".into()));
                match self.0.below(4) {
                    0 => refused(format!("(begins_with({name}, {value}) OR size({value}) > {length})")),
                    1 => refused(format!("(size({name}) > {length} OR {value} = {value})")),
                    2 => refused(format!("({name} BETWEEN {value} AND {value} OR size({value}) > {length})")),
                    _ => refused(format!(
                        "({name} = {} OR {value} = {value} OR size({value}) > {length})",
                        self.name(request, "st")
                    )),
                }
            }
        }
    }

    /// A condition on the compound beacon. As a sort key it has fewer kinds, and the state that the key has.
    fn who(&mut self, request: &mut Request, key: Option<&str>) -> Leaf {
        let exact = |text| Leaf { text, refused: false, refused_negated: false };
        let positive = |text| Leaf { text, refused: false, refused_negated: true };
        let refused = |text| Leaf { text, refused: true, refused_negated: true };
        let state = key.map_or_else(|| self.choice(&STATES).to_owned(), str::to_owned);
        let (year, other) = (Self::year(self.0.below(ITEMS)), Self::year(self.0.below(ITEMS)));
        let (word, second) = (self.word(), self.word());
        let name = self.name(request, "who");
        let mut value = |random: &mut Self, text: &str| random.value(request, s(text));
        match self.0.below(if key.is_some() { 7 } else { 13 }) {
            0 => positive(format!("{name} = {}", value(self, &format!("S-{state}.Y-{year}.A-{word}")))),
            1 => exact(format!("begins_with({name}, {})", value(self, &format!("S-{state}.Y-{}", &year[..2])))),
            2 => exact(format!("begins_with({name}, {})", value(self, &format!("S-{state}.Y-{year}.A-")))),
            3 => {
                let operator = self.choice(&["<", "<=", ">", ">="]);
                exact(format!("{name} {operator} {}", value(self, &format!("S-{state}.Y-{year}"))))
            }
            4 => {
                let (low, high) = if year < other { (year, other) } else { (other, year) };
                let (low, high) = (format!("S-{state}.Y-{low}"), format!("S-{state}.Y-{high}.A-"));
                positive(format!("{name} BETWEEN {} AND {}", value(self, &low), value(self, &high)))
            }
            5 => refused(format!("{name} < {}", value(self, &format!("S-{state}.A-{word}")))),
            6 => positive(format!("begins_with({name}, {})", value(self, &format!("S-{state}.Y-{year}.A-{word}")))),
            7 => positive(format!("contains({name}, {})", value(self, &format!("A-{word}")))),
            8 => positive(format!("contains({name}, {})", value(self, &format!("D-{second}")))),
            9 => positive(format!("contains({name}, {})", value(self, &format!("S-{state}")))),
            10 => {
                let (one, two) = (format!("A-{word}.Y-{year}"), format!("S-{state}.Y-{year}.A-{word}.D-{second}"));
                positive(format!("{name} IN ({}, {})", value(self, &one), value(self, &two)))
            }
            11 => refused(format!("{name} <> {}", value(self, &format!("S-{state}.A-{word}")))),
            _ => exact(format!("{name} <> {}", value(self, &format!("S-{state}.Y-{year}")))),
        }
    }

    fn name(&mut self, request: &mut Request, name: &str) -> String {
        let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_word && self.one_in(2) {
            return name.to_owned();
        }
        let placeholder = format!("#{}", name.trim_start_matches(':'));
        request.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn path(&mut self, request: &mut Request, path: &str) -> String {
        path.split('.').map(|name| self.name(request, name)).collect::<Vec<_>>().join(".")
    }

    fn value(&mut self, request: &mut Request, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", request.values.len());
        let value = value::to_sdk(Item::from([("v".to_owned(), value)])).remove("v").unwrap();
        request.values.insert(placeholder.clone(), value);
        placeholder
    }
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn text(value: &AttributeValue) -> &str {
    match value {
        AttributeValue::S(text) => text,
        other => panic!("{other:?}"),
    }
}
