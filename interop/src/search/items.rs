//! Random items of a table that is searched.

use std::collections::BTreeMap;

use dynaseal::{AttributeValue, Item};
use dynaseal_testkit::random::Items;

use super::setup::TENANT;

/// No word is in another: theirs looks into texts where DynamoDB only sees beacons.
pub const WORDS: [&str; 9] = ["alpha", "bravo", "echo", "golf", "india", "oscar", "été", "漢字", "😀z"];
/// With characters that some compound beacons are split at.
const ODD: [&str; 3] = ["x.y", "x/y", "x|y"];
pub const STATES: [&str; 4] = ["CA", "NV", "OK", "WA"];
/// Of one text as a string, a number and bytes the beacons are equal.
pub const MIXED: [&str; 4] = ["5", "6", "alpha", "golf"];

/// Everything that items may have, so that both sides are told the same actions.
pub const ENCRYPTED: [&str; 12] = ["aa", "bb", "cc", "dd", "num", "flag", "tags", "nums", "bins", "m", "l", "hidden"];
pub const SIGNED: [&str; 4] = ["st", "yr", "plain", "sm"];
pub const UNSIGNED: &str = "memo";

/// How the items of a table are.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// No item lacks an attribute.
    pub full: bool,
    /// Some texts can not be in compound beacons.
    pub odd: bool,
}

pub fn word(items: &mut Items) -> String {
    WORDS[items.below(WORDS.len())].to_owned()
}

/// One of few numbers, in one of its spellings.
pub fn number(items: &mut Items) -> String {
    ["1", "1.0", "10e-1", "2", "-3", "0.5", "7", "100", "1e2"][items.below(9)].to_owned()
}

/// As it is stored.
pub fn plain_number(items: &mut Items) -> String {
    ["1", "2", "-3", "0.5", "7", "100"][items.below(6)].to_owned()
}

pub fn year(items: &mut Items) -> String {
    (1000 + items.below(30) * 137).to_string()
}

pub fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub fn mixed(items: &mut Items) -> AttributeValue {
    let of = MIXED[items.below(MIXED.len())];
    match items.below(3) {
        0 if of.len() == 1 => AttributeValue::N(of.to_owned()),
        1 => AttributeValue::B(of.as_bytes().to_vec()),
        _ => text(of),
    }
}

/// A few different words, in the order that sets are read in.
pub fn words(items: &mut Items) -> Vec<String> {
    let mut words: Vec<String> = (0..1 + items.below(3)).map(|_| word(items)).collect();
    words.sort_by_key(|word| word.encode_utf16().collect::<Vec<_>>());
    words.dedup();
    words
}

/// An item. `tenant` is its branch key.
pub fn item(items: &mut Items, shape: Shape, key: String, tenant: Option<&str>) -> Item {
    let mut item = Item::from([("pk".to_owned(), text(&key))]);
    let has = |items: &mut Items, one_in: usize| shape.full || items.below(one_in) > 0;
    let set = |item: &mut Item, name: &str, value: AttributeValue| drop(item.insert(name.to_owned(), value));
    let texts = |items: &mut Items| {
        let odd = shape.odd && items.below(30) == 0;
        text(if odd { ODD[items.below(ODD.len())] } else { WORDS[items.below(WORDS.len())] })
    };
    for name in ["aa", "cc", "dd", "hidden"] {
        if has(items, 6) {
            let value = texts(items);
            set(&mut item, name, value);
        }
    }
    if has(items, 6) {
        let value = mixed(items);
        set(&mut item, "bb", value);
    }
    if has(items, 6) {
        let value = AttributeValue::N(number(items));
        set(&mut item, "num", value);
    }
    if has(items, 4) {
        let value = match items.below(5) {
            0 if !shape.full => AttributeValue::Null(true),
            of => AttributeValue::Bool(of % 2 == 0),
        };
        set(&mut item, "flag", value);
    }
    if has(items, 4) {
        let value = AttributeValue::Ss(words(items));
        set(&mut item, "tags", value);
    }
    if has(items, 3) {
        let sets: [&[&str]; 4] = [&["1", "2"], &["100", "-3", "7"], &["1.0"], &["0.5", "2e0"]];
        let set_of = sets[items.below(4)].iter().map(|of| (*of).to_owned()).collect();
        set(&mut item, "nums", AttributeValue::Ns(set_of));
    }
    if has(items, 2) {
        let sets: [&[&[u8]]; 3] = [&[b"alpha", b"x"], &[b"golf"], &[b"\x00", b"\xff\xfe"]];
        let set_of = sets[items.below(3)].iter().map(|of| of.to_vec()).collect();
        set(&mut item, "bins", AttributeValue::Bs(set_of));
    }
    if has(items, 4) {
        let list = AttributeValue::L(vec![texts(items), texts(items)]);
        let mut map = BTreeMap::from([("y".to_owned(), texts(items))]);
        if has(items, 4) {
            map.insert("x".to_owned(), texts(items));
        }
        if has(items, 4) {
            map.insert("l".to_owned(), list);
        }
        set(&mut item, "m", AttributeValue::M(map));
    }
    if has(items, 3) {
        let element = AttributeValue::M([("z".to_owned(), texts(items))].into());
        set(&mut item, "l", AttributeValue::L(vec![element, text("last")]));
    }
    if has(items, 8) {
        set(&mut item, "st", text(STATES[items.below(4)]));
    }
    if has(items, 8) {
        let value = year(items);
        set(&mut item, "yr", text(&value));
    }
    let value = AttributeValue::N(plain_number(items));
    set(&mut item, "plain", value);
    if has(items, 3) {
        let value = word(items);
        set(&mut item, "sm", AttributeValue::M([("k".to_owned(), text(&value))].into()));
    }
    if has(items, 3) {
        let value = word(items);
        set(&mut item, UNSIGNED, text(&value));
    }
    if let Some(tenant) = tenant {
        set(&mut item, TENANT, text(tenant));
    }
    item
}
