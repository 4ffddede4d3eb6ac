//! What beacons can be asked, and what can not (specification: `searchable-encryption/beacons.md`,
//! LessThanComparable, BetweenComparable; `ddb-support.md`).
//!
//! Every operand is looked at in the order of the text. `paths.rs` says which beacon a path is: by its name, by the name that it
//! is stored as, or by leading to where a beacon is made from. What is found out goes into two trees: the one that is sent has the
//! stored names, the one that opened items are asked has the paths of the values themselves.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use dynaseal_core::{AttributeValue, Item};
use dynaseal_expression::{Comparator, Condition, ExpressionKind, Name, Operand, ResolveError};

use super::error::QueryError;
use super::value::{Context, Pieces, Uses};
use super::{Understood, parse};
use crate::search::{Beacon, BeaconId, Search};

/// What stands in place of a path in the request that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Keep,
    /// The attribute that a beacon is stored as.
    Stored(String),
}

/// A path as the request has it.
#[derive(Clone, Debug)]
pub(super) struct PathNames {
    /// Every name in it, its attribute first.
    pub(super) names: Vec<Name>,
    /// Whether it is a name and nothing behind it.
    pub(super) is_whole: bool,
}

/// Goes through the expressions of a request.
pub(super) struct Walk<'a> {
    pub(super) search: &'a Search,
    pub(super) names: &'a BTreeMap<String, String>,
    pub(super) given: &'a Item,
    pub(super) kind: ExpressionKind,
    pub(super) paths: Vec<(PathNames, Decision)>,
    /// Values of the expression at hand.
    values: BTreeSet<String>,
    pub(super) uses: Uses,
    pub(super) tenants: BTreeSet<String>,
    /// Beacons whose texts have to be computed to ask opened items.
    pub(super) computed: BTreeSet<BeaconId>,
    /// Whether something is found that was not asked for, though no value became a beacon.
    pub(super) inexact: bool,
    /// Names that were used where nothing is sent.
    pub(super) dropped_names: Vec<Name>,
}

/// An operand, understood.
pub(super) enum Found<'c> {
    /// A path that anybody can read, or a size.
    Readable(Operand),
    Value(&'c str),
    Beacon(BeaconId, Operand),
}

impl<'a> Walk<'a> {
    pub(super) fn new(search: &'a Search, names: &'a BTreeMap<String, String>, given: &'a Item) -> Self {
        Self {
            search,
            names,
            given,
            kind: ExpressionKind::Filter,
            paths: Vec::new(),
            values: BTreeSet::new(),
            uses: Uses::default(),
            tenants: BTreeSet::new(),
            computed: BTreeSet::new(),
            inexact: false,
            dropped_names: Vec::new(),
        }
    }

    /// One expression: how to rewrite it, and the condition that opened items are asked; `None` if all it says is whose
    /// items are asked for, and they do not say so themselves.
    pub(super) fn expression(
        &mut self,
        kind: ExpressionKind,
        text: &str,
    ) -> Result<Option<(Understood, Condition)>, QueryError> {
        self.kind = kind;
        let mut condition = parse(kind, text)?;
        let mut text = Cow::Borrowed(text);
        match self.without_tenant(condition) {
            (Some(rest), changed) => {
                if changed {
                    text = Cow::Owned(rest.to_string());
                }
                condition = rest;
            }
            (None, _) => return Ok(None),
        }
        let local = self.condition(&condition, false)?;
        let (paths, values) = (std::mem::take(&mut self.paths), std::mem::take(&mut self.values));
        Ok(Some((Understood { kind, text: text.into_owned(), paths, values }, local)))
    }

    /// As deep as the reader allows.
    fn condition(&mut self, condition: &Condition, negated: bool) -> Result<Condition, QueryError> {
        Ok(match condition {
            Condition::And(terms) => Condition::And(self.terms(terms, negated)?),
            Condition::Or(terms) => Condition::Or(self.terms(terms, negated)?),
            Condition::Not(term) => Condition::Not(Box::new(self.condition(term, true)?)),
            Condition::AttributeExists(path) => Condition::AttributeExists(self.existing(path)?),
            Condition::AttributeNotExists(path) => Condition::AttributeNotExists(self.existing(path)?),
            Condition::AttributeType(operand, name) => {
                let operand = self.operand(operand)?;
                let operand = self.readable(operand, "attribute_type")?;
                self.plain(name)?;
                Condition::AttributeType(operand, name.clone())
            }
            Condition::Compare { left, comparator, right } => {
                let (left, right) = (self.operand(left)?, self.operand(right)?);
                let (left, right) = self.compare(left, *comparator, right, negated)?;
                Condition::Compare { left, comparator: *comparator, right }
            }
            Condition::Between { operand, lower, upper } => {
                let (operand, lower, upper) = (self.operand(operand)?, self.operand(lower)?, self.operand(upper)?);
                let (operand, lower, upper) = self.between(operand, lower, upper, negated)?;
                Condition::Between { operand, lower, upper }
            }
            Condition::In { operand, candidates } => {
                let operand = self.operand(operand)?;
                let candidates = candidates.iter().map(|of| self.operand(of)).collect::<Result<Vec<_>, _>>()?;
                let (operand, candidates) = self.one_of(operand, candidates, negated)?;
                Condition::In { operand, candidates }
            }
            Condition::BeginsWith(operand, prefix) => {
                let (operand, prefix) = (self.operand(operand)?, self.operand(prefix)?);
                let (operand, prefix) = self.function("begins_with", operand, prefix, negated)?;
                Condition::BeginsWith(operand, prefix)
            }
            Condition::Contains(operand, part) => {
                let (operand, part) = (self.operand(operand)?, self.operand(part)?);
                let (operand, part) = self.function("contains", operand, part, negated)?;
                Condition::Contains(operand, part)
            }
        })
    }

    fn terms(&mut self, terms: &[Condition], negated: bool) -> Result<Vec<Condition>, QueryError> {
        terms.iter().map(|term| self.condition(term, negated)).collect()
    }

    fn compare(
        &mut self,
        left: Found<'_>,
        comparator: Comparator,
        right: Found<'_>,
        negated: bool,
    ) -> Result<(Operand, Operand), QueryError> {
        let operator = comparator.symbol();
        Ok(match (left, right) {
            (Found::Beacon(id, operand), Found::Value(value)) => {
                self.beacon_and_value(id, Asked::Comparator(comparator), value, negated)?;
                (operand, Operand::Value(value.to_owned()))
            }
            (Found::Value(value), Found::Beacon(id, operand)) => {
                self.beacon_and_value(id, Asked::Comparator(comparator.exchanged()), value, negated)?;
                (Operand::Value(value.to_owned()), operand)
            }
            (Found::Beacon(one, left), Found::Beacon(other, right)) => {
                self.beacons(one, other, comparator == Comparator::Equal, operator, negated)?;
                (left, right)
            }
            (left, right) => {
                if comparator == Comparator::Equal && !negated {
                    self.note_tenant(&left, &right);
                    self.note_tenant(&right, &left);
                }
                (self.readable(left, operator)?, self.readable(right, operator)?)
            }
        })
    }

    fn between(
        &mut self,
        operand: Found<'_>,
        lower: Found<'_>,
        upper: Found<'_>,
        negated: bool,
    ) -> Result<(Operand, Operand, Operand), QueryError> {
        match (operand, lower, upper) {
            (Found::Beacon(id, operand), Found::Value(lower), Found::Value(upper)) => {
                self.beacon_between(id, lower, upper, negated)?;
                Ok((operand, Operand::Value(lower.to_owned()), Operand::Value(upper.to_owned())))
            }
            (operand, lower, upper) => {
                let operand = self.readable(operand, "BETWEEN")?;
                Ok((operand, self.readable(lower, "BETWEEN")?, self.readable(upper, "BETWEEN")?))
            }
        }
    }

    fn one_of(
        &mut self,
        operand: Found<'_>,
        candidates: Vec<Found<'_>>,
        negated: bool,
    ) -> Result<(Operand, Vec<Operand>), QueryError> {
        let Found::Beacon(id, operand) = operand else {
            if !negated {
                candidates.iter().for_each(|candidate| self.note_tenant(&operand, candidate));
            }
            let candidates = candidates.into_iter().map(|of| self.readable(of, "IN")).collect::<Result<_, _>>()?;
            return Ok((self.readable(operand, "IN")?, candidates));
        };
        let candidate = |candidate| match candidate {
            Found::Value(value) => {
                self.beacon_and_value(id, Asked::In, value, negated)?;
                Ok(Operand::Value(value.to_owned()))
            }
            Found::Beacon(other, operand) => {
                self.beacons(id, other, true, "IN", negated)?;
                Ok(operand)
            }
            readable @ Found::Readable(_) => match self.is_signed(id) {
                true => self.readable(readable, "IN"),
                false => Err(self.not_with_value(id)),
            },
        };
        Ok((operand, candidates.into_iter().map(candidate).collect::<Result<_, _>>()?))
    }

    fn function(
        &mut self,
        function: &'static str,
        operand: Found<'_>,
        part: Found<'_>,
        negated: bool,
    ) -> Result<(Operand, Operand), QueryError> {
        let asked = if function == "contains" { Asked::Contains } else { Asked::BeginsWith };
        Ok(match (operand, part) {
            (Found::Beacon(id, operand), Found::Value(value)) => {
                self.beacon_and_value(id, asked, value, negated)?;
                (operand, Operand::Value(value.to_owned()))
            }
            (Found::Beacon(one, left), Found::Beacon(other, right)) => {
                let set_and_element = asked == Asked::Contains && self.is_set(one) && !self.is_set(other);
                self.beacons(one, other, set_and_element, function, negated)?;
                (left, right)
            }
            // A set of values, of which the item's is one: the same as IN.
            (Found::Value(value), Found::Beacon(id, operand))
                if asked == Asked::Contains && self.takes_one_of(id, value) =>
            {
                self.beacon_and_value(id, Asked::Contains, value, negated)?;
                (Operand::Value(value.to_owned()), operand)
            }
            (_, Found::Beacon(id, _)) if !self.is_signed(id) => {
                let (kind, beacon) = (self.kind, self.name(id));
                return Err(QueryError::Position { kind, function, beacon });
            }
            (operand, part) => (self.readable(operand, function)?, self.readable(part, function)?),
        })
    }

    /// A beacon and a value: whether it can be asked, and what becomes of the value.
    fn beacon_and_value(&mut self, id: BeaconId, asked: Asked, value: &str, negated: bool) -> Result<(), QueryError> {
        let (kind, beacon, operator) = (self.kind, self.name(id), asked.name());
        let place = match id {
            BeaconId::Standard(_) => {
                match asked {
                    Asked::Comparator(Comparator::Equal) | Asked::In | Asked::Contains => {}
                    _ => return Err(QueryError::Operator { kind, operator, beacon }),
                }
                if negated {
                    return Err(QueryError::Negated { kind, beacon });
                }
                let context = self.standard_context(id, asked, value)?;
                return self.uses.add(value, context);
            }
            BeaconId::Compound(place) => place,
        };
        let pieces = Pieces::read(self.search, place, value, self.given)?;
        let is_equality = matches!(asked, Asked::Comparator(Comparator::Equal | Comparator::NotEqual) | Asked::In);
        let keeps_prefix = !is_equality && pieces.ends_in_prefix();
        // What is contained could be in the text of an encrypted part, too, or in its beacon by chance.
        let is_exact = match asked {
            Asked::Contains => self.is_signed(id),
            Asked::BeginsWith => pieces.is_exact(keeps_prefix),
            _ => pieces.is_exact(false),
        };
        match asked {
            Asked::Comparator(Comparator::Equal) | Asked::In | Asked::Contains | Asked::BeginsWith => {}
            Asked::Comparator(Comparator::NotEqual) if !is_exact => {
                return Err(QueryError::Unequal { kind, operator, beacon });
            }
            Asked::Comparator(Comparator::NotEqual) => {}
            Asked::Comparator(_) if !is_comparable(&pieces, 0) => {
                return Err(QueryError::Order { kind, operator, beacon });
            }
            Asked::Comparator(_) => {}
        }
        if negated && !is_exact {
            return Err(QueryError::Negated { kind, beacon });
        }
        // A part alone, or a prefix alone, may be found by chance.
        self.inexact |= !is_exact;
        let is_ordered = matches!(asked, Asked::Comparator(comparator) if comparator != Comparator::Equal);
        if !negated && !is_ordered {
            self.note_tenant_part(place, &pieces.parts, is_equality);
        }
        let context = pieces.context(self.search, place, keeps_prefix);
        self.uses.add(value, context)
    }

    fn beacon_between(&mut self, id: BeaconId, lower: &str, upper: &str, negated: bool) -> Result<(), QueryError> {
        let (kind, beacon) = (self.kind, self.name(id));
        let BeaconId::Compound(place) = id else {
            return Err(QueryError::Operator { kind, operator: "BETWEEN", beacon });
        };
        let low = Pieces::read(self.search, place, lower, self.given)?;
        let high = Pieces::read(self.search, place, upper, self.given)?;
        let common = low.parts.iter().zip(&high.parts).take_while(|(one, other)| one == other).count();
        let encrypted_before = low.encrypted.iter().take(common).any(|encrypted| *encrypted);
        let ends = [low.parts.len() == common, high.parts.len() == common];
        // Where one bound ends with an encrypted part and the other goes on, texts lie between them whose beacons do not.
        let is_torn = encrypted_before && ends.iter().any(|end| *end) && !ends.iter().all(|end| *end);
        if !is_comparable(&low, common) || !is_comparable(&high, common) || is_torn {
            return Err(QueryError::Between { kind, beacon });
        }
        if !negated {
            self.note_tenant_part(place, low.parts.get(..common).unwrap_or_default(), true);
        }
        for (name, pieces) in [(lower, &low), (upper, &high)] {
            let keeps_prefix = pieces.ends_in_prefix();
            if negated && !pieces.is_exact(false) {
                return Err(QueryError::Negated { kind, beacon });
            }
            self.inexact |= !pieces.is_exact(false);
            let context = pieces.context(self.search, place, keeps_prefix);
            self.uses.add(name, context)?;
        }
        Ok(())
    }

    fn standard_context(&mut self, id: BeaconId, asked: Asked, name: &str) -> Result<Context, QueryError> {
        let Beacon::Standard(beacon) = self.search.get(id) else { return Ok(Context::Plain) };
        let value = self.given.get(name).ok_or_else(|| QueryError::undefined(name))?;
        let is_set = matches!(value, AttributeValue::Ss(_) | AttributeValue::Ns(_) | AttributeValue::Bs(_));
        let is_element = matches!(value, AttributeValue::S(_) | AttributeValue::N(_) | AttributeValue::B(_));
        if beacon.as_set && !is_set && !is_element {
            let (value_name, beacon) = (name.to_owned(), beacon.name.clone());
            return Err(QueryError::NotForSets { value: value_name, beacon, found: value.type_name() });
        }
        Ok(Context::Standard {
            key: beacon.key,
            length: beacon.length,
            partitions: beacon.partitions,
            elements: is_set && (beacon.as_set || asked == Asked::Contains),
        })
    }

    /// Two beacons: signed ones are texts; others say something only if equal values make them equal.
    fn beacons(
        &mut self,
        one: BeaconId,
        other: BeaconId,
        is_equality: bool,
        operator: &'static str,
        negated: bool,
    ) -> Result<(), QueryError> {
        if self.is_signed(one) && self.is_signed(other) {
            return Ok(());
        }
        let (kind, beacon) = (self.kind, self.name(one));
        match (self.search.get(one), self.search.get(other)) {
            (Beacon::Standard(one), Beacon::Standard(two))
                if one.key == two.key && one.partitions == two.partitions =>
            {
                if !is_equality || (operator != "contains" && one.as_set != two.as_set) {
                    return Err(QueryError::Operator { kind, operator, beacon });
                }
                if negated {
                    return Err(QueryError::Negated { kind, beacon });
                }
                self.inexact = true;
                Ok(())
            }
            _ => Err(self.not_with_value(if self.is_signed(one) { other } else { one })),
        }
    }

    /// Takes an operand that is compared with something readable. A value becomes one that is sent as it is.
    fn readable(&mut self, found: Found<'_>, function: &'static str) -> Result<Operand, QueryError> {
        match found {
            Found::Readable(operand) => Ok(operand),
            Found::Value(value) => {
                self.plain(value)?;
                Ok(Operand::Value(value.to_owned()))
            }
            Found::Beacon(id, operand) if self.is_signed(id) => Ok(operand),
            Found::Beacon(id, _) if function == "attribute_type" => {
                Err(QueryError::Function { kind: self.kind, function, name: self.name(id) })
            }
            Found::Beacon(id, _) => Err(self.not_with_value(id)),
        }
    }

    fn plain(&mut self, value: &str) -> Result<(), QueryError> {
        self.values.insert(value.to_owned());
        if !self.given.contains_key(value) {
            let (kind, name) = (self.kind, value.to_owned());
            return Err(ResolveError::UndefinedValue { kind, name }.into());
        }
        self.uses.add(value, Context::Plain)
    }

    fn operand<'c>(&mut self, operand: &'c Operand) -> Result<Found<'c>, QueryError> {
        match operand {
            Operand::Value(value) => {
                self.values.insert(value.clone());
                if !self.given.contains_key(value) {
                    let (kind, name) = (self.kind, value.clone());
                    return Err(ResolveError::UndefinedValue { kind, name }.into());
                }
                Ok(Found::Value(value))
            }
            Operand::SizeOfValue(value) => {
                self.plain(value)?;
                Ok(Found::Readable(operand.clone()))
            }
            Operand::Path(path) => match self.beacon_at(path)? {
                Some(id) => Ok(Found::Beacon(id, Operand::Path(self.use_beacon(path, id)))),
                None => {
                    self.keep(path);
                    Ok(Found::Readable(operand.clone()))
                }
            },
            Operand::Size(path) => match self.beacon_at(path)? {
                Some(id) if !self.is_signed(id) => {
                    Err(QueryError::Function { kind: self.kind, function: "size", name: self.name(id) })
                }
                _ => {
                    self.keep(path);
                    Ok(Found::Readable(operand.clone()))
                }
            },
        }
    }

    pub(super) fn is_signed(&self, id: BeaconId) -> bool {
        matches!(self.search.get(id), Beacon::Compound(beacon) if beacon.is_signed())
    }

    /// Whether it is a beacon of single values, and the value a set.
    fn takes_one_of(&self, id: BeaconId, value: &str) -> bool {
        let is_set = |value| matches!(value, &AttributeValue::Ss(_) | &AttributeValue::Ns(_) | &AttributeValue::Bs(_));
        matches!(id, BeaconId::Standard(_)) && !self.is_set(id) && self.given.get(value).is_some_and(is_set)
    }

    fn is_set(&self, id: BeaconId) -> bool {
        matches!(self.search.get(id), Beacon::Standard(beacon) if beacon.as_set)
    }

    fn name(&self, id: BeaconId) -> String {
        self.search.get(id).name().to_owned()
    }

    fn not_with_value(&self, id: BeaconId) -> QueryError {
        QueryError::NotWithValue { kind: self.kind, beacon: self.name(id) }
    }
}

/// What a beacon and a value are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Comparator(Comparator),
    In,
    Contains,
    BeginsWith,
}

impl Asked {
    fn name(self) -> &'static str {
        match self {
            Self::Comparator(comparator) => comparator.symbol(),
            Self::In => "IN",
            Self::Contains => "contains",
            Self::BeginsWith => "begins_with",
        }
    }
}

/// LessThanComparable, from a piece on: signed parts, and at the end perhaps the prefix of an encrypted one.
fn is_comparable(pieces: &Pieces<'_>, from: usize) -> bool {
    let rest = pieces.encrypted.iter().enumerate().skip(from);
    let last = pieces.encrypted.len().saturating_sub(1);
    rest.filter(|(_, encrypted)| **encrypted).all(|(place, _)| place == last && pieces.ends_in_prefix())
}
