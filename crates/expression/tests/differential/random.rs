//! Random items, and random expressions that have something to do with them.

use std::collections::BTreeMap;

use dynaseal_core::{AttributeValue, Item};
use dynaseal_testkit::random::Items;

use crate::database::KEY;

/// An expression with the placeholders that it uses.
#[derive(Debug)]
pub(crate) struct Expression {
    pub(crate) text: String,
    pub(crate) names: BTreeMap<String, String>,
    pub(crate) values: BTreeMap<String, AttributeValue>,
}

/// What an attribute, a member of a map or a `:value` mostly holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    /// Always a number, of which a few make no sum of more than 38 digits.
    Small,
    Strings,
    Numbers,
    Binaries,
    List,
    Map,
    Any,
}

/// The names of items and of the maps in them, as expressions write them. So that operators meet types that they take, each
/// mostly holds one.
const NAMES: [(&str, Kind); 10] = [
    ("n1", Kind::Number),
    ("n2", Kind::Number),
    ("ss", Kind::Strings),
    ("ns", Kind::Numbers),
    ("bs", Kind::Binaries),
    ("l1", Kind::List),
    ("l2", Kind::List),
    ("m1", Kind::Map),
    ("#d", Kind::Any),
    ("x1", Kind::Any),
];

/// What `#d` stands for: nothing that could be written without it.
const DOTTED: &str = "a.b";

const VALUES: [(&str, Kind); 14] = [
    (":s1", Kind::Small),
    (":s2", Kind::Small),
    (":n1", Kind::Number),
    (":n2", Kind::Number),
    (":ss", Kind::Strings),
    (":ns", Kind::Numbers),
    (":bs", Kind::Binaries),
    (":l1", Kind::List),
    (":l2", Kind::List),
    (":m1", Kind::Map),
    (":x1", Kind::Any),
    (":x2", Kind::Any),
    (":x3", Kind::Any),
    (":x4", Kind::Any),
];

const TYPES: [&str; 10] = ["S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"];

pub(crate) struct Random(Items);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Items::new(seed))
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0.below(limit)
    }

    pub(crate) fn item(&mut self, key: &str) -> Item {
        let mut item = self.map(2);
        item.insert(KEY.to_owned(), key.into());
        item
    }

    pub(crate) fn condition(&mut self) -> Expression {
        let text = self.any_condition(3, true);
        self.expression(text)
    }

    pub(crate) fn update(&mut self) -> Expression {
        let text = self.without_contradiction(Self::clauses);
        self.expression(text)
    }

    pub(crate) fn projection(&mut self) -> Expression {
        let text = self.without_contradiction(|random| {
            let paths: Vec<_> = (0..1 + random.below(5)).map(|_| random.path()).collect();
            (paths.join(", "), paths)
        });
        self.expression(text)
    }

    /// Defines the placeholders of a text; DynamoDB refuses those that are not used.
    fn expression(&mut self, text: String) -> Expression {
        let used = |placeholder: &str| text.contains(placeholder);
        let mut values: BTreeMap<_, _> = VALUES
            .iter()
            .filter(|(name, _)| used(name))
            .map(|(name, kind)| ((*name).to_owned(), self.mostly(*kind, 2)))
            .collect();
        // A set may not have one element twice, however it is spelled; the types of `attribute_type` have to be types.
        let types: Vec<_> = [":t1", ":t2"].into_iter().filter(|name| used(name)).collect();
        for name in types {
            values.insert(name.to_owned(), self.pick(&TYPES).into());
        }
        let names = if used("#d") { [("#d".to_owned(), DOTTED.to_owned())].into() } else { BTreeMap::new() };
        Expression { text, names, values }
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.0.below(from.len())]
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.0.below(times) == 0
    }

    fn some<T: Copy>(&mut self, from: &[T]) -> Vec<T> {
        from.iter().copied().filter(|_| self.one_in(2)).collect()
    }
}

/// Values.
impl Random {
    fn map(&mut self, depth: usize) -> BTreeMap<String, AttributeValue> {
        let mut map = BTreeMap::new();
        for (name, kind) in NAMES {
            if !self.one_in(5) {
                let name = if name == "#d" { DOTTED } else { name };
                map.insert(name.to_owned(), self.mostly(kind, depth));
            }
        }
        map
    }

    fn mostly(&mut self, kind: Kind, depth: usize) -> AttributeValue {
        let kind = if kind != Kind::Small && self.one_in(8) { Kind::Any } else { kind };
        match kind {
            Kind::Small => AttributeValue::N(self.pick(&["0", "1.0", "-0.5", "7", "-20"]).to_owned()),
            Kind::Number => AttributeValue::N(self.number()),
            Kind::Strings => {
                let mut set = self.some(&["a", "b", "é"]);
                set.push("z");
                AttributeValue::Ss(set.into_iter().map(str::to_owned).collect())
            }
            Kind::Numbers => {
                let mut set = self.some(&["2", "-1", "10"]);
                set.push(self.pick(&["1", "0.5"]));
                AttributeValue::Ns(set.into_iter().map(str::to_owned).collect())
            }
            Kind::Binaries => {
                let mut set = self.some(&[[1, 2], [3, 4]]);
                set.push([0x80, 0]);
                AttributeValue::Bs(set.into_iter().map(Vec::from).collect())
            }
            Kind::List if depth > 0 => AttributeValue::L((0..self.below(4)).map(|_| self.element(depth - 1)).collect()),
            Kind::Map if depth > 0 => AttributeValue::M(self.map(depth - 1)),
            _ => self.leaf(),
        }
    }

    fn element(&mut self, depth: usize) -> AttributeValue {
        let kind = self.pick(&[Kind::Number, Kind::Strings, Kind::Numbers, Kind::List, Kind::Map, Kind::Any]);
        self.mostly(kind, depth)
    }

    fn leaf(&mut self) -> AttributeValue {
        match self.below(6) {
            // UTF-8, UTF-16 and code points disagree on length and order of these. Some are names of types.
            0 | 1 => self.pick(&["", "a", "ab", "abc", "b", "é", "😀", "\u{ffff}", "1", "S", "NULL"]).into(),
            2 => AttributeValue::N(self.number()),
            3 => AttributeValue::B(self.pick(&[&b""[..], &[1], &[1, 2], &[2], &[0x80]]).to_vec()),
            4 => AttributeValue::Bool(self.one_in(2)),
            _ => AttributeValue::Null(true),
        }
    }

    fn number(&mut self) -> String {
        const NUMBERS: [&str; 14] = [
            "0",
            "1",
            "1.0",
            "2",
            "7",
            "10",
            "1e1",
            "-1",
            "-0.5",
            "0.5",
            "1e-20",
            "-99999999999999999.9",
            "12345678901234567890123456789012345678",
            "12345678901234567890123456789012345679",
        ];
        self.pick(&NUMBERS).to_owned()
    }
}

/// Paths, and what conditions are made of.
impl Random {
    fn path(&mut self) -> String {
        let (name, mut kind) = self.pick(&NAMES);
        let mut path = name.to_owned();
        loop {
            // Into what is probably there, and sometimes into something else.
            let into = if self.one_in(12) { Kind::Any } else { kind };
            match into {
                Kind::Map if !self.one_in(3) => {
                    let (name, below) = self.pick(&NAMES);
                    path.push_str(&format!(".{name}"));
                    kind = below;
                }
                Kind::List if !self.one_in(3) => {
                    path.push_str(&format!("[{}]", self.below(4)));
                    kind = self.pick(&[Kind::Map, Kind::List, Kind::Number]);
                }
                Kind::Any if self.one_in(3) => {
                    path.push_str(self.pick(&[".x1", "[0]", "[1]", ".#d"]));
                    kind = Kind::Any;
                }
                _ => return path,
            }
        }
    }

    fn value(&mut self) -> &'static str {
        self.pick(&VALUES).0
    }

    fn operand(&mut self) -> String {
        match self.below(9) {
            0..=4 => self.path(),
            5..=7 => self.value().to_owned(),
            _ => format!("size({})", self.path()),
        }
    }

    /// DynamoDB refuses operators and functions of which both operands are the same path, and so do we; dynoxide 3.2.0
    /// refuses only such a `contains`.
    fn other_operand(&mut self, than: &str) -> String {
        match self.operand() {
            same if same == than => self.other_operand(than),
            other => other,
        }
    }

    /// Nested at most `depth` deep. At the `top` no parentheses: around the whole they are refused by nobody, but they hide
    /// what precedence does.
    fn any_condition(&mut self, depth: usize, top: bool) -> String {
        if depth > 0 && !self.one_in(3) {
            let (one, other) = (self.any_condition(depth - 1, false), self.any_condition(depth - 1, false));
            return match self.below(if top { 3 } else { 5 }) {
                0 => format!("{one} AND {other}"),
                1 => format!("{one} OR {other}"),
                2 => format!("NOT {one}"),
                3 => format!("({one} OR {other})"),
                _ => format!("({one} AND {other})"),
            };
        }
        match self.below(12) {
            0..=4 => {
                let comparator = self.pick(&["=", "<>", "<", "<=", ">", ">="]);
                let operand = self.operand();
                format!("{operand} {comparator} {}", self.other_operand(&operand))
            }
            5 => {
                // Not two values of two types, nor the greater one first: in a filter dynoxide 3.2.0 takes them, Amazon does not.
                let (lower, upper) = match (self.operand(), self.operand()) {
                    (lower, upper) if lower.starts_with(':') && upper.starts_with(':') => (lower.clone(), lower),
                    bounds => bounds,
                };
                format!("{} BETWEEN {lower} AND {upper}", self.operand())
            }
            6 => format!("{} IN ({}, {})", self.operand(), self.operand(), self.operand()),
            7 => format!("attribute_exists({})", self.path()),
            8 => format!("attribute_not_exists({})", self.path()),
            // Only with names of types: for others dynoxide 3.2.0 refuses the request where an item makes it look, Amazon
            // always.
            9 => format!("attribute_type({}, {})", self.path(), self.pick(&[":t1", ":t2"])),
            10 => {
                let path = self.path();
                format!("begins_with({path}, {})", self.other_operand(&path))
            }
            _ => format!("contains({}, {})", self.path(), self.operand()),
        }
    }
}

/// Updates.
impl Random {
    /// The text, and the paths that it changes.
    fn clauses(&mut self) -> (String, Vec<String>) {
        let mut targets = Vec::new();
        let mut clauses = Vec::new();
        // Mostly few and short: what is refused for one of its parts says nothing of the others.
        for clause in ["SET", "REMOVE", "ADD", "DELETE"] {
            if !self.one_in(3) {
                continue;
            }
            let mut actions = Vec::new();
            while actions.is_empty() || self.one_in(3) {
                let (target, action) = match clause {
                    "SET" => {
                        let path = self.target();
                        let value = self.set_value(2);
                        (path.clone(), format!("{path} = {value}"))
                    }
                    "REMOVE" => {
                        let path = self.target();
                        (path.clone(), path)
                    }
                    "ADD" => self.value_action(&["n1", "n2", "ss", "ns", "bs"]),
                    _ => self.value_action(&["ss", "ns", "bs"]),
                };
                // Targets that overlap are refused; a few are enough.
                if !targets.contains(&target) || self.one_in(8) {
                    targets.push(target);
                    actions.push(action);
                }
            }
            clauses.push(format!("{clause} {}", actions.join(", ")));
        }
        match clauses.len() {
            0 => self.clauses(),
            // The clauses may stand in any order.
            count => {
                clauses.rotate_left(self.below(count));
                (clauses.join(" "), targets)
            }
        }
    }

    fn target(&mut self) -> String {
        match self.below(3) {
            0 => self.pick(&NAMES).0.to_owned(),
            1 => {
                self.pick(&["m1.n1", "m1.x1", "m1.l1", "l1[0]", "l1[1]", "l1[2]", "l1[3]", "l1[7]", "l2[0]"]).to_owned()
            }
            _ => self.path(),
        }
    }

    /// A target and what is added to it or taken from it, mostly of one type.
    fn value_action(&mut self, names: &[&str]) -> (String, String) {
        let name = self.pick(names);
        let path = match self.below(6) {
            0 => self.target(),
            1 => format!("m1.{name}"),
            _ => name.to_owned(),
        };
        let value = if self.one_in(12) { self.value().to_owned() } else { format!(":{name}") };
        (path.clone(), format!("{path} {value}"))
    }

    fn set_value(&mut self, depth: usize) -> String {
        if depth > 0 && self.one_in(3) { self.sum(depth) } else { self.operand_of_set(depth) }
    }

    fn nested(&mut self, depth: usize) -> String {
        if self.one_in(6) { self.inner_sum() } else { self.operand_of_set(depth) }
    }

    /// Within a function or another sum. Only of small numbers, for we hold every sum to 38 digits and dynoxide 3.2.0 only
    /// what is stored in the end; what the service does is not known.
    fn inner_sum(&mut self) -> String {
        let operator = self.pick(&["+", "-"]);
        self.pick(&["(:s1 # :s2)", "(:s2 # :s1)", "((:s1 # :s2) # :s1)", "(:s1 # (:s2 # :s1))"]).replace('#', operator)
    }

    fn sum(&mut self, depth: usize) -> String {
        let operator = self.pick(&["+", "-"]);
        format!("{} {operator} {}", self.number_operand(depth - 1), self.number_operand(depth - 1))
    }

    fn operand_of_set(&mut self, depth: usize) -> String {
        match self.below(if depth > 0 { 7 } else { 4 }) {
            0 | 1 => self.value().to_owned(),
            2 | 3 => self.path(),
            4 => format!("list_append({}, {})", self.list_operand(depth - 1), self.list_operand(depth - 1)),
            _ => format!("if_not_exists({}, {})", self.path(), self.nested(depth - 1)),
        }
    }

    fn number_operand(&mut self, depth: usize) -> String {
        match self.below(12) {
            0..=3 => self.pick(&["n1", "n2", "m1.n1", "l1[0]"]).to_owned(),
            4..=6 => self.pick(&[":n1", ":n2"]).to_owned(),
            7..=9 => format!(
                "if_not_exists({}, {})",
                self.pick(&["n1", "n2", "m1.n2", "x1"]),
                self.pick(&[":n1", ":n2", "n1"])
            ),
            10 => self.inner_sum(),
            _ => self.nested(depth),
        }
    }

    fn list_operand(&mut self, depth: usize) -> String {
        match self.below(12) {
            0..=3 => self.pick(&["l1", "l2", "m1.l1", "l1[0]"]).to_owned(),
            4..=7 => self.pick(&[":l1", ":l2"]).to_owned(),
            8..=10 => {
                format!("if_not_exists({}, {})", self.pick(&["l1", "m1.l2", "x1"]), self.pick(&[":l1", ":l2", "l2"]))
            }
            _ => self.nested(depth),
        }
    }

    /// Draws again if two paths take one value for a map and for a list. Amazon documents that these are refused as
    /// conflicting, and we do; dynoxide 3.2.0 takes them.
    fn without_contradiction(&mut self, mut draw: impl FnMut(&mut Self) -> (String, Vec<String>)) -> String {
        loop {
            let (text, paths) = draw(self);
            let paths: Vec<_> = paths.iter().map(|path| elements(path)).collect();
            if !paths.iter().any(|one| paths.iter().any(|other| contradict(one, other))) {
                return text;
            }
        }
    }
}

/// The pieces of a path, each with its `.` or `[`.
fn elements(path: &str) -> Vec<&str> {
    let mut ends: Vec<_> = path.match_indices(['.', '[']).map(|(at, _)| at).collect();
    ends.push(path.len());
    let mut start = 0;
    ends.into_iter().map(|end| &path[std::mem::replace(&mut start, end)..end]).collect()
}

fn contradict(one: &[&str], other: &[&str]) -> bool {
    let parted = one.iter().zip(other).find(|(one, other)| one != other);
    parted.is_some_and(|(one, other)| one.starts_with('[') != other.starts_with('['))
}
