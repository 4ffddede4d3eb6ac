//! Questions by chance.

use dynaseal_core::AttributeValue;
use dynaseal_search::QueryRequest;
use dynaseal_testkit::random::Items;

use crate::world::WORDS;

pub(crate) struct Questions {
    random: Items,
    request: QueryRequest,
}

impl Questions {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: Items::new(seed), request: QueryRequest::default() }
    }

    /// Mostly questions that beacons can answer.
    pub(crate) fn next(&mut self, partitions: bool) -> QueryRequest {
        self.request = QueryRequest::default();
        if partitions && !self.one_in(3) || self.one_in(2) {
            self.request.key_condition = Some(self.key_condition());
        }
        if self.request.key_condition.is_none() || !self.one_in(3) {
            self.request.filter = Some(self.condition(2));
        }
        let mut request = std::mem::take(&mut self.request);
        let used = |name: &str| [&request.key_condition, &request.filter].iter().any(|of| has(of.as_deref(), name));
        let names = [
            ("#a", "a"),
            ("#who", "who"),
            ("#mm", "m"),
            ("#xx", "x"),
            ("#n", "n"),
            ("#l", "l"),
            ("#beacon", "aws_dbe_b_a"),
        ];
        let names = names.into_iter().filter(|(name, _)| used(name));
        request.names = names.map(|(name, of)| (name.to_owned(), of.to_owned())).collect();
        request
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.random.below(times) == 0
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.random.below(WORDS.len())]
    }

    /// A placeholder for a value.
    fn value(&mut self, value: impl Into<AttributeValue>) -> String {
        let name = format!(":v{}", self.request.values.len());
        self.request.values.insert(name.clone(), value.into());
        name
    }

    fn any_word(&mut self) -> String {
        let word = self.word();
        self.value(word)
    }

    fn any_who(&mut self) -> String {
        let (x, y, a, d) = (self.word(), self.word(), self.word(), self.word());
        let y = if self.one_in(6) { String::new() } else { format!(".Y-{y}") };
        let d = if self.one_in(6) { String::new() } else { format!(".D-{d}") };
        self.value(format!("X-{x}{y}.A-{a}{d}"))
    }

    fn any_set(&mut self) -> String {
        let set: std::collections::BTreeSet<_> = [self.word(), self.word()].map(str::to_owned).into();
        self.value(AttributeValue::Ss(set.into_iter().collect()))
    }

    fn any_sig(&mut self) -> String {
        let (x, y) = (self.word(), self.word());
        self.value(format!("X_{x}/Y_{y}"))
    }

    fn path_a(&mut self) -> &'static str {
        ["a", "#a", "aws_dbe_b_a", "#beacon"][self.random.below(4)]
    }

    fn key_condition(&mut self) -> String {
        let key = match self.random.below(6) {
            0 | 1 => {
                let a = ["a", "#a"][self.random.below(2)];
                format!("{a} = {}", self.any_word())
            }
            2 => format!("b = {}", self.any_word()),
            3 => format!("{} = #who", self.any_who()),
            4 => format!("v = {}", self.any_v()),
            _ => format!("x = {}", self.any_word()),
        };
        let x_is_free = !key.starts_with('x');
        match self.random.below(7) {
            0 => format!("{key} AND sig > {}", self.any_sig()),
            1 => {
                let x = self.word();
                format!("{key} AND begins_with(sig, {})", self.value(format!("X_{x}")))
            }
            2 if x_is_free => format!("({key}) AND x = {}", self.any_word()),
            3 if !key.contains("#who") => {
                let x = self.word();
                format!("{key} AND begins_with(who, {})", self.value(format!("X-{x}.Y-")))
            }
            _ => key,
        }
    }

    fn any_v(&mut self) -> String {
        let (a, x) = (self.word(), self.word());
        self.value(format!("{}{x}", a.to_uppercase()))
    }

    fn condition(&mut self, depth: usize) -> String {
        if depth > 0 && self.one_in(2) {
            let (one, other) = (self.condition(depth - 1), self.condition(depth - 1));
            return match self.random.below(5) {
                0 => format!("{one} AND {other}"),
                1 => format!("{one} OR {other}"),
                2 => format!("({one} OR {other})"),
                3 => format!("({one}) AND ({other})"),
                _ => format!("({one}) OR ({other})"),
            };
        }
        match self.random.below(36) {
            0 | 1 => {
                let path = self.path_a();
                format!("{path} = {}", self.any_word())
            }
            2 => {
                let path = self.path_a();
                format!("{} = {path}", self.any_word())
            }
            3 => {
                let candidates = [self.any_word(), self.any_word(), self.any_word()];
                format!("a IN ({})", candidates.join(", "))
            }
            4 => {
                format!("contains({}, b)", self.any_set())
            }
            5 => format!("contains(s, {})", self.any_word()),
            6 => "a = b".to_owned(),
            7 => format!("m.x = {}", self.any_word()),
            8 => format!("#mm.#xx IN ({}, {})", self.any_word(), self.any_word()),
            9 => format!("m.l[0] = {}", self.any_word()),
            10 => {
                let number = self.random.below(4);
                format!("#n = {}", self.value(AttributeValue::N(format!("{number}.0"))))
            }
            11 => format!("v = {}", self.any_v()),
            12 => format!("who = {}", self.any_who()),
            13 => format!("#who IN ({}, {})", self.any_who(), self.any_who()),
            14 => {
                let (x, y, a) = (self.word(), self.word(), self.word());
                let texts = [
                    format!("X-{x}"),
                    format!("X-{x}."),
                    format!("X-{x}.Y-{y}"),
                    format!("X-{x}.Y-{y}.A-"),
                    format!("X-{x}.Y-{y}.A-{a}"),
                    format!("X-{x}.Y-{y}.A-{a}.D-"),
                ];
                let text = texts[self.random.below(texts.len())].trim_end_matches('.').to_owned();
                format!("begins_with(who, {})", self.value(text))
            }
            15 => {
                let comparator = ["<", "<=", ">", ">=", "<>"][self.random.below(5)];
                format!("sig {comparator} {}", self.any_sig())
            }
            16 => {
                let (low, high) = (self.word(), self.word());
                let (low, high) = (low.min(high), low.max(high));
                let (low, high) = (self.value(format!("X_{low}")), self.value(format!("X_{high}")));
                format!("sig BETWEEN {low} AND {high}")
            }
            17 => {
                let comparator = ["<", "<=", ">", ">=", "<>"][self.random.below(5)];
                let x = self.word();
                format!("who {comparator} {}", self.value(format!("X-{x}")))
            }
            18 => {
                let path = ["a", "who", "sig", "m", "y", "z"][self.random.below(6)];
                let function = ["attribute_exists", "attribute_not_exists"][self.random.below(2)];
                format!("{function}({path})")
            }
            19 => format!("NOT x = {}", self.any_word()),
            20 => format!("z > {} AND size(y) >= {}", self.any_word(), self.value(3)),
            21 => format!("attribute_type(x, {}) AND y <> x", self.value("S")),
            22 => {
                // Not for beacons: refused.
                let path = self.path_a();
                ["NOT a = ", "a < ", "d = ", "s = "][self.random.below(4)].to_owned()
                    + &self.any_word()
                    + " AND x = "
                    + path
            }
            23 => format!("contains({}, sig)", self.any_sig()),
            24 => format!("{} > sig AND sig >= x", self.any_sig()),
            25 => "contains(s, a)".to_owned(),
            26 => format!("t = {}", self.any_set()),
            27 => format!("s = {}", self.any_set()),
            28 => {
                let list = AttributeValue::L(vec![self.word().into()]);
                format!("#l = {} OR #l[0] = {}", self.value(list), self.any_word())
            }
            29 => format!("l[0] IN ({}, x)", self.any_word()).replace(", x)", ")"),
            30 | 31 => {
                let (low, high, y) = (self.word(), self.word(), self.word());
                let (low, high) = (low.min(high), low.max(high));
                let (low, high) = match self.random.below(3) {
                    0 => (format!("X-{low}"), format!("X-{high}")),
                    1 => (format!("X-{low}.Y-{y}"), format!("X-{high}")),
                    _ => (format!("X-{low}.Y-{y}"), format!("X-{high}.Y-{y}.A-")),
                };
                let (low, high) = if low <= high { (low, high) } else { (high, low) };
                let not = ["", "NOT "][self.random.below(2)];
                format!("{not}who BETWEEN {} AND {}", self.value(low), self.value(high))
            }
            32 => format!("size(sig) > {}", self.value(9)),
            33 => {
                let x = self.word();
                format!("NOT begins_with(who, {})", self.value(format!("X-{x}")))
            }
            34 => format!("{} = aws_dbe_b_ax", self.any_v()),
            _ => format!("NOT begins_with(sig, {})", self.value("X_a")),
        }
    }
}

/// Whether a text has a placeholder, and not only the beginning of a longer one.
fn has(text: Option<&str>, placeholder: &str) -> bool {
    let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    text.is_some_and(|text| text.match_indices(placeholder).any(|(at, _)| is_end(&text[at + placeholder.len()..])))
}
