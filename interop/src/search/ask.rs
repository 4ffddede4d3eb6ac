//! Random queries and scans, in the part of the language that their reader understands: names that begin with no keyword,
//! single spaces, no parentheses around terms, bare names in key conditions.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal::search::QueryRequest;
use dynaseal::{AttributeValue, Item, normal_form, sdk};
use dynaseal_testkit::random::Items;

use super::items::{STATES, mixed, number, plain_number, text, word, year};
use super::setup::{Compound, Part, Setup, Standard, Style, TENANT, Tenants};
use super::tables::Table;

/// One request.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub index: Option<String>,
    pub key: Option<String>,
    pub filter: Option<String>,
    pub names: HashMap<String, String>,
    pub values: HashMap<String, SdkValue>,
}

/// Puts requests together.
pub struct Asker<'a> {
    pub table: &'a Table,
    pub items: &'a mut Items,
    /// What is in the table.
    pub held: &'a [Item],
    /// The ids of the tenants.
    pub ids: &'a [String; 2],
    /// The index of the tenant at hand.
    pub tenant: usize,
    ask: Ask,
}

impl<'a> Asker<'a> {
    pub fn new(table: &'a Table, items: &'a mut Items, held: &'a [Item], ids: &'a [String; 2]) -> Self {
        let tenant = items.below(2);
        Self { table, items, held, ids, tenant, ask: Ask::default() }
    }

    /// The next request.
    pub fn ask(mut self) -> Ask {
        let mut says_tenant = false;
        match self.items.below(5) {
            0 | 1 => self.key(&mut says_tenant),
            2 => {
                let key = super::tables::key_of(self.any());
                self.ask.key = Some(format!("pk = {}", self.value(text(&key))));
            }
            _ => {}
        }
        let needs_filter = self.ask.key.is_none();
        let mut terms = Vec::new();
        if needs_filter || self.items.below(3) == 0 {
            let count = [1, 1, 1, 2, 2, 3][self.items.below(6)];
            terms = (0..count).map(|_| self.leaf()).collect();
        }
        if self.table.setup.tenants != Tenants::One && !says_tenant {
            match self.items.below(14) {
                0 => {}
                1 => {
                    for place in [0, 1] {
                        self.tenant_term(place, &mut terms);
                    }
                }
                _ => self.tenant_term(self.tenant, &mut terms),
            }
        }
        let or = if self.items.below(5) == 0 { " OR " } else { " AND " };
        let mut filter = String::new();
        for (place, term) in terms.iter().enumerate() {
            if place > 0 {
                filter.push_str(if place == 1 { or } else { " AND " });
            }
            filter.push_str(term);
        }
        self.ask.filter = Some(filter).filter(|filter| !filter.is_empty());
        self.ask
    }

    fn tenant_term(&mut self, place: usize, terms: &mut Vec<String>) {
        let value = self.value(text(&self.ids[place]));
        terms.push(format!("{TENANT} = {value}"));
    }

    fn any(&mut self) -> &'a Item {
        let held = self.held;
        // The tenant's own, if there is one among a few.
        for _ in 0..6 {
            let item = &held[self.items.below(held.len())];
            let own = super::tables::key_of(item).starts_with(&format!("t{}-", self.tenant));
            if own || self.table.setup.tenants == Tenants::One {
                return item;
            }
        }
        &held[self.items.below(held.len())]
    }

    fn key(&mut self, says_tenant: &mut bool) {
        if self.table.indexes.is_empty() {
            return;
        }
        let table = self.table;
        let (index, hash, range) = table.indexes[self.items.below(table.indexes.len())].clone();
        let mut key = match hash.as_str() {
            "st" => {
                let value = self.stored_text("st");
                format!("st = {}", self.value(text(&value)))
            }
            name => match table.setup.compound.iter().find(|beacon| beacon.name == name) {
                Some(beacon) => {
                    let Some(whole) = self.whole(beacon) else { return };
                    *says_tenant = whole.split(beacon.split).any(|piece| piece.starts_with("T_"));
                    format!("{name} = {}", self.value(text(&whole)))
                }
                None => {
                    let Some(value) = self.standard_value(name) else { return };
                    format!("{name} = {}", self.value(value))
                }
            },
        };
        match range.as_deref() {
            Some("yr") if self.items.below(2) == 0 => {
                let (operator, value) = (["<", "<=", ">", ">="][self.items.below(4)], year(self.items));
                key = format!("{key} AND yr {operator} {}", self.value(text(&value)));
            }
            Some(name) => {
                let compound = table.setup.compound.iter().find(|beacon| beacon.name == name);
                if let Some(beacon) = compound.filter(|_| self.items.below(4) > 0)
                    && let Some(term) = self.compound(beacon, true)
                {
                    key = format!("{key} AND {term}");
                }
            }
            None => {}
        }
        self.ask.index = Some(index);
        self.ask.key = Some(key);
    }

    /// A value that some item has there, or one that an item might have.
    fn stored_text(&mut self, source: &str) -> String {
        if self.items.below(4) > 0
            && let Some(found) = find(self.any(), source)
            && let Some(found) = as_text(found)
        {
            return found;
        }
        match source {
            "st" => STATES[self.items.below(4)].to_owned(),
            "yr" => year(self.items),
            TENANT => self.ids[self.tenant].clone(),
            _ => word(self.items),
        }
    }

    /// A value for a standard beacon.
    fn standard_value(&mut self, name: &str) -> Option<AttributeValue> {
        let setup = &self.table.setup;
        let beacon = setup.standard.iter().find(|beacon| beacon.name == name)?;
        let source = beacon.source();
        if let Some(field) = setup.fields.iter().find(|field| field.name == source) {
            // Fields of one part without transforms can be put together here; others are asked for by what the side that is
            // tested would make, which is the same for both.
            let item = self.any();
            let made = field.parts.iter().map(|(place, transforms)| {
                let found = as_text(find(item, place)?)?;
                transforms.is_empty().then_some(found)
            });
            let made: Option<String> = made.collect();
            return Some(text(&made.unwrap_or_else(|| word(self.items))));
        }
        Some(match source {
            "bb" => mixed(self.items),
            "num" => AttributeValue::N(number(self.items)),
            "flag" => AttributeValue::Bool(self.items.below(2) == 0),
            // Theirs compares sets as they are spelled.
            "tags" | "nums" | "bins" | "m" => normal_form(find(self.any(), source)?).ok()?,
            _ => text(&self.stored_text(source)),
        })
    }

    /// A condition on one attribute or beacon.
    fn leaf(&mut self) -> String {
        let setup: &'a Setup = &self.table.setup;
        for _ in 0..50 {
            let leaf = match self.items.below(12) {
                0..=4 => {
                    let beacon = &setup.standard[self.items.below(setup.standard.len())];
                    self.standard(beacon)
                }
                5..=7 if !setup.compound.is_empty() => {
                    let beacon = &setup.compound[self.items.below(setup.compound.len())];
                    self.compound(beacon, false)
                }
                8 | 9 => Some(self.readable()),
                10 => self.refused(),
                _ => None,
            };
            if let Some(leaf) = leaf {
                return leaf;
            }
        }
        self.readable()
    }

    fn standard(&mut self, beacon: &Standard) -> Option<String> {
        let setup = &self.table.setup;
        let is_set_value = ["tags", "nums", "bins"].contains(&&*beacon.name);
        // Part-only beacons are for `refused`.
        if beacon.is_part_only() {
            return None;
        }
        let name = self.name(&beacon.name);
        let shared: Vec<&Standard> = setup
            .standard
            .iter()
            .filter(|other| match &other.style {
                Style::Shared(of) | Style::SharedSet(of) => *of == beacon.name,
                _ => false,
            })
            .collect();
        Some(match self.items.below(8) {
            0..=2 => {
                let value = self.standard_value(&beacon.name)?;
                let value = self.value(value);
                if self.items.below(4) == 0 { format!("{value} = {name}") } else { format!("{name} = {value}") }
            }
            3 if !is_set_value && beacon.name != "num" => {
                let (one, two) = (self.standard_value(&beacon.name)?, self.standard_value(&beacon.name)?);
                let (one, two) = (self.value(one), self.value(two));
                format!("{name} IN ({one}, {two})")
            }
            4 | 5 => {
                let value = match &*beacon.name {
                    "tags" => text(&word(self.items)),
                    "nums" => AttributeValue::N(plain_number(self.items)),
                    "bins" => AttributeValue::B([&b"alpha"[..], b"golf", b"\x00"][self.items.below(3)].to_vec()),
                    // Bytes and numbers are looked into differently.
                    "bb" | "num" | "flag" | "m" => return None,
                    _ => self.standard_value(&beacon.name)?,
                };
                format!("contains({name}, {})", self.value(value))
            }
            6 => {
                let other = shared.get(self.items.below(shared.len().max(1)))?;
                if other.is_part_only() {
                    return None;
                }
                let other_name = self.name(&other.name);
                if other.is_set() {
                    format!("contains({other_name}, {name})")
                } else {
                    format!("{name} = {other_name}")
                }
            }
            _ => {
                // What is not the name of an attribute is no attribute for theirs.
                let is_attribute = beacon.location.is_none() && !beacon.name.starts_with('v');
                let function = ["attribute_exists", "attribute_not_exists"][self.items.below(2)];
                if !is_attribute {
                    return None;
                }
                format!("{function}({name})")
            }
        })
    }

    /// The text of a compound beacon, by one of its constructors, of one item or of several.
    fn whole(&mut self, beacon: &Compound) -> Option<String> {
        let pieces = self.pieces(beacon)?;
        let pieces: Vec<String> = pieces.into_iter().map(|(prefix, text, _)| format!("{prefix}{text}")).collect();
        Some(pieces.join(&beacon.split.to_string()))
    }

    /// Prefixes, texts, and whether they are signed.
    fn pieces(&mut self, beacon: &Compound) -> Option<Vec<(String, String, bool)>> {
        let parts = self.table.setup.parts(beacon);
        let order: Vec<(usize, bool)> = match &beacon.constructors {
            None => (0..parts.len()).map(|place| (place, true)).collect(),
            Some(constructors) => {
                let constructor = constructors.get(self.items.below(constructors.len().max(1)))?;
                let place = |(name, required): &(String, bool)| {
                    Some((parts.iter().position(|part| part.name == *name)?, *required))
                };
                constructor.iter().map(place).collect::<Option<_>>()?
            }
        };
        let item = self.any();
        let mut pieces = Vec::new();
        for (place, required) in order {
            let part: &Part = &parts[place];
            let found = find(item, &part.source).and_then(as_text);
            let text = match found {
                Some(text) => text,
                None if required => match self.standard_value(&part.name) {
                    Some(AttributeValue::S(text)) if !part.is_signed => text,
                    _ => self.stored_text(&part.source),
                },
                None => continue,
            };
            pieces.push((part.prefix.clone(), text, part.is_signed));
        }
        Some(pieces).filter(|pieces| !pieces.is_empty())
    }

    /// A condition on a compound beacon. As the sort key of an index it has fewer kinds and a bare name.
    fn compound(&mut self, beacon: &Compound, is_key: bool) -> Option<String> {
        // Theirs looks for the tenant only where the name is bare.
        let bare = is_key || self.table.setup.tenants != Tenants::One;
        let name = if bare { beacon.name.clone() } else { self.name(&beacon.name) };
        let split = beacon.split.to_string();
        let pieces = self.pieces(beacon)?;
        let join = |pieces: &[(String, String, bool)]| {
            pieces.iter().map(|(prefix, text, _)| format!("{prefix}{text}")).collect::<Vec<_>>().join(&split)
        };
        let whole = join(&pieces);
        let signed = pieces.iter().take_while(|(_, _, is_signed)| *is_signed).count();
        let kinds = if is_key { 6 } else { 10 };
        Some(match self.items.below(kinds) {
            0 | 1 => format!("{name} = {}", self.value(text(&whole))),
            2 => {
                let start = join(&pieces[..1 + self.items.below(pieces.len())]);
                format!("begins_with({name}, {})", self.value(text(&start)))
            }
            3 => {
                // Signed parts, and perhaps the prefix of what comes behind.
                let mut start = join(&pieces[..signed]);
                if let Some((prefix, _, _)) = pieces.get(signed) {
                    start = if signed == 0 { prefix.clone() } else { format!("{start}{split}{prefix}") };
                }
                format!("begins_with({name}, {})", self.value(text(&start)))
            }
            4 => {
                let operator = ["<", "<=", ">", ">="][self.items.below(4)];
                let to = if self.items.below(5) == 0 { pieces.len() } else { signed.max(1) };
                format!("{name} {operator} {}", self.value(text(&join(&pieces[..to]))))
            }
            5 => {
                let other = self.pieces(beacon)?;
                let of = |pieces: &[(String, String, bool)]| {
                    let signed = pieces.iter().take_while(|(_, _, is_signed)| *is_signed).count();
                    join(&pieces[..signed.max(1)])
                };
                let (mut low, mut high) = (of(&pieces), of(&other));
                if low > high {
                    std::mem::swap(&mut low, &mut high);
                }
                let (low, high) = (self.value(text(&low)), self.value(text(&high)));
                format!("{name} BETWEEN {low} AND {high}")
            }
            6 => {
                let two = self.whole(beacon)?;
                let (one, two) = (self.value(text(&whole)), self.value(text(&two)));
                format!("{name} IN ({one}, {two})")
            }
            7 | 8 => {
                let (prefix, piece, _) = &pieces[self.items.below(pieces.len())];
                format!("contains({name}, {})", self.value(text(&format!("{prefix}{piece}"))))
            }
            _ => format!("{name} <> {}", self.value(text(&join(&pieces[..signed.max(1)])))),
        })
    }

    /// A condition on what anybody can read.
    fn readable(&mut self) -> String {
        let operator = ["=", "<>", "<", "<=", ">", ">="][self.items.below(6)];
        match self.items.below(9) {
            0 | 1 => {
                let (name, value) = (self.name("st"), text(STATES[self.items.below(4)]));
                format!("{name} {operator} {}", self.value(value))
            }
            2 => {
                let (name, value) = (self.name("plain"), AttributeValue::N(number(self.items)));
                format!("{name} {operator} {}", self.value(value))
            }
            3 => {
                let (name, start) = (self.name("yr"), year(self.items));
                format!("begins_with({name}, {})", self.value(text(&start[..2])))
            }
            4 => {
                let (mut low, mut high) = (year(self.items), year(self.items));
                if low > high {
                    std::mem::swap(&mut low, &mut high);
                }
                let name = self.name("yr");
                format!("{name} BETWEEN {} AND {}", self.value(text(&low)), self.value(text(&high)))
            }
            5 => {
                let name = self.name("st");
                let (one, two) = (self.value(text("CA")), self.value(text("WA")));
                format!("{name} IN ({one}, {two})")
            }
            6 => {
                let name = self.name("st");
                format!("size({name}) > {}", self.value(AttributeValue::N("1".to_owned())))
            }
            7 => {
                let name = self.name("memo");
                let function = ["attribute_exists", "attribute_not_exists"][self.items.below(2)];
                format!("{function}({name})")
            }
            _ => {
                let (name, value) = (self.name("st"), text(STATES[self.items.below(4)]));
                format!("NOT {name} = {}", self.value(value))
            }
        }
    }

    /// What beacons do not answer.
    fn refused(&mut self) -> Option<String> {
        let setup = &self.table.setup;
        let beacon = &setup.standard[self.items.below(setup.standard.len())];
        let name = self.name(&beacon.name);
        Some(match self.items.below(8) {
            0 | 1 => {
                let operator = ["<>", "<", "<=", ">", ">="][self.items.below(5)];
                let value = self.standard_value(&beacon.name)?;
                format!("{name} {operator} {}", self.value(value))
            }
            2 => {
                let value = self.standard_value(&beacon.name)?;
                format!("begins_with({name}, {})", self.value(value))
            }
            3 => {
                let (one, two) = (self.standard_value(&beacon.name)?, self.standard_value(&beacon.name)?);
                format!("{name} BETWEEN {} AND {}", self.value(one), self.value(two))
            }
            4 => {
                let hidden = self.name("hidden");
                let value = word(self.items);
                format!("{hidden} = {}", self.value(text(&value)))
            }
            5 => format!("size({name}) > {}", self.value(AttributeValue::N("3".to_owned()))),
            6 => format!("attribute_type({name}, {})", self.value(text("S"))),
            _ => {
                let only = setup.standard.iter().find(|beacon| beacon.is_part_only())?;
                let only = self.name(&only.name);
                let value = word(self.items);
                format!("{only} = {}", self.value(text(&value)))
            }
        })
    }

    /// The name itself, or a placeholder. A placeholder stands for one name in one place.
    fn name(&mut self, name: &str) -> String {
        if self.items.below(3) > 0 {
            return name.to_owned();
        }
        // Only what is used may stay: terms that come to nothing take their names with them.
        format!("#{name}")
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.ask.values.len());
        let value = sdk::to_sdk(Item::from([("v".to_owned(), value)])).remove("v");
        self.ask.values.extend(value.map(|value| (placeholder.clone(), value)));
        placeholder
    }
}

impl Ask {
    /// Whether some beacon in it is made with a tenant's key.
    pub fn needs_tenant(&self, table: &Table) -> bool {
        let request = QueryRequest {
            key_condition: self.key.clone(),
            filter: self.filter.clone(),
            names: self.names.clone().into_iter().collect(),
            values: sdk::from_sdk(self.values.clone()).expect("known types"),
        };
        // What lacks a tenant, or has two, is refused where one is needed.
        table.search.analyze(request).map_or(true, |analysis| analysis.tenant().is_some())
    }

    /// Takes out values that no expression has, and adds the names that there are.
    pub fn tidy(mut self) -> Self {
        let all = [self.key.as_deref(), self.filter.as_deref()].map(Option::unwrap_or_default).join(" ");
        let words = |start: char| {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            all.split(|c: char| !is_word(c) && c != ':' && c != '#')
                .filter(move |word| word.starts_with(start))
                .map(str::to_owned)
                .collect::<std::collections::BTreeSet<String>>()
        };
        let values = words(':');
        self.values.retain(|name, _| values.contains(name));
        self.names = words('#').into_iter().map(|name| (name.clone(), name[1..].to_owned())).collect();
        self
    }
}

/// What an item has at a location.
fn find<'i>(item: &'i Item, source: &str) -> Option<&'i AttributeValue> {
    let mut steps = source.split(['.', '[']).map(|step| step.trim_end_matches(']'));
    let first = item.get(steps.next()?)?;
    steps.try_fold(first, |value, step| match value {
        AttributeValue::M(map) => map.get(step),
        AttributeValue::L(list) => list.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

fn as_text(value: &AttributeValue) -> Option<String> {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => Some(text.clone()),
        AttributeValue::Bool(of) => Some(of.to_string()),
        AttributeValue::Null(_) => Some("null".to_owned()),
        _ => None,
    }
}
