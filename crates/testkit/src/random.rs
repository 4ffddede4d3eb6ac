//! Random items with everything that is hard: all types, deep nesting, names beyond ASCII, odd numbers, empty values.

use std::collections::BTreeMap;

use dynaseal_core::{AttributeValue, Item};
use fastrand::Rng;

/// Pieces of names and texts, where UTF-8, UTF-16 and code points disagree on length or order.
const PIECES: [&str; 14] = ["a", "b", "Z", "0", " ", ".", "$", "é", "ß", "漢", "～", "\u{e000}", "😀", "𝒳"];

/// A source of items that is the same for the same seed.
#[derive(Debug)]
pub struct Items(Rng);

impl Items {
    /// Starts at a seed.
    pub fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0.usize(..limit)
    }

    /// Text of up to `longest` pieces.
    pub fn text(&mut self, longest: usize) -> String {
        (0..self.0.usize(..=longest)).map(|_| self.0.choice(PIECES).unwrap_or("a")).collect()
    }

    /// A name with at least one piece.
    pub fn name(&mut self) -> String {
        format!("{}{}", self.0.choice(PIECES).unwrap_or("a"), self.text(6))
    }

    /// Bytes.
    pub fn bytes(&mut self, longest: usize) -> Vec<u8> {
        (0..self.0.usize(..=longest)).map(|_| self.0.u8(..)).collect()
    }

    /// A number in one of the many spellings that DynamoDB takes.
    pub fn number(&mut self) -> String {
        let digits =
            |rng: &mut Rng, longest| -> String { (0..rng.usize(1..=longest)).map(|_| rng.digit(10)).collect() };
        let sign = self.0.choice(["", "", "-", "+"]).unwrap_or_default();
        let whole = digits(&mut self.0, 12);
        match self.0.u8(..6) {
            0 => format!("{sign}{whole}"),
            1 => format!("{sign}{whole}.{}", digits(&mut self.0, 12)),
            2 => format!("{sign}{whole}e{}", self.0.i32(-100..100)),
            3 => format!("{sign}.{}E+{}", digits(&mut self.0, 8), self.0.u8(..90)),
            4 => format!("{sign}000{whole}.000"),
            _ => format!("{sign}{whole}."),
        }
    }

    /// A key value: never empty.
    pub fn key(&mut self) -> AttributeValue {
        match self.0.u8(..3) {
            0 => AttributeValue::S(self.name()),
            1 => AttributeValue::N(self.number()),
            _ => AttributeValue::B([self.bytes(20), vec![1]].concat()),
        }
    }

    /// A value nested at most `depth` deep.
    pub fn value(&mut self, depth: usize) -> AttributeValue {
        let kinds = if depth > 1 { 10 } else { 6 };
        match self.0.u8(..kinds) {
            0 => AttributeValue::S(self.text(30)),
            1 => AttributeValue::N(self.number()),
            2 => AttributeValue::B(self.bytes(60)),
            3 => AttributeValue::Bool(self.0.bool()),
            4 => AttributeValue::Null(true),
            5 => self.set(),
            6 | 7 => AttributeValue::L((0..self.0.usize(..4)).map(|_| self.value(depth - 1)).collect()),
            _ => AttributeValue::M((0..self.0.usize(..4)).map(|_| (self.name(), self.value(depth - 1))).collect()),
        }
    }

    /// A set without duplicates, not empty, in no order.
    fn set(&mut self) -> AttributeValue {
        let count = self.0.usize(1..6);
        match self.0.u8(..3) {
            0 => {
                let elements: BTreeMap<String, ()> = (0..count).map(|_| (self.name(), ())).collect();
                let mut elements: Vec<String> = elements.into_keys().collect();
                self.0.shuffle(&mut elements);
                AttributeValue::Ss(elements)
            }
            1 => {
                let normal = |number: &String| dynaseal_core::normalize_number(number).unwrap_or_default();
                let elements: BTreeMap<String, String> =
                    (0..count).map(|_| self.number()).map(|number| (normal(&number), number)).collect();
                AttributeValue::Ns(elements.into_values().collect())
            }
            _ => {
                let elements: BTreeMap<Vec<u8>, ()> =
                    (0..count).map(|_| ([self.bytes(9), vec![0]].concat(), ())).collect();
                let mut elements: Vec<Vec<u8>> = elements.into_keys().collect();
                self.0.shuffle(&mut elements);
                AttributeValue::Bs(elements)
            }
        }
    }

    /// An item with the given keys and up to `attributes` others.
    pub fn item(&mut self, keys: &[&str], attributes: usize) -> Item {
        let mut item = Item::new();
        for _ in 0..self.0.usize(..=attributes) {
            let depth = self.0.choice([1, 1, 2, 3, 8]).unwrap_or(1);
            let (name, value) = (self.name(), self.value(depth));
            item.insert(name, value);
        }
        item.extend(keys.iter().map(|key| ((*key).to_owned(), self.key())));
        item
    }
}
