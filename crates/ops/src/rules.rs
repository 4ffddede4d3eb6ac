//! What the expressions of a request may touch on a sealed table (specification: `ddb-support.md`, TestConditionExpression
//! and TestUpdateExpression), and its projection, which waits: the whole item is fetched, for nothing less can be verified.

use std::collections::BTreeMap;
use std::fmt;

use dynaseal_core::{CryptoAction, Item, RESERVED_PREFIX};
use dynaseal_expression::{
    BoundProjection, Comparator, Condition, ExpressionKind, KeyCondition, Operand, PathUse, Placeholders, Projection,
    Update,
};

use dynaseal_search::STORED_PREFIX;

use crate::error::Refusal;
use crate::expressions::Expressions;
use crate::table::SealedTable;

/// Checks all expressions of a request, and takes the projection out of it: that is for after opening.
pub(crate) fn check(table: &SealedTable, expressions: &mut Expressions) -> Result<Option<Projected>, Refusal> {
    check_as(table, expressions, Asks::Readable)
}

/// The same for a query or scan whose key condition and filter are for search to look at.
pub(crate) fn check_searched(table: &SealedTable, expressions: &mut Expressions) -> Result<Option<Projected>, Refusal> {
    check_as(table, expressions, Asks::Beacons)
}

fn is_key(table: &SealedTable, name: &str) -> bool {
    table.key_names().any(|key| key == name)
}

/// Refuses what is no key attribute in `Key` or `Keys`. DynamoDB would refuse it as well, but then its value has been sent.
pub(crate) fn only_key(table: &SealedTable, parameter: &'static str, key: &Item) -> Result<(), Refusal> {
    match key.keys().find(|name| !is_key(table, name)) {
        Some(name) => Err(Refusal::NotInKey { parameter, name: name.clone() }),
        None => Ok(()),
    }
}

/// Refuses what DynamoDB never puts into `LastEvaluatedKey`: it has the key attributes of the table and of the index. Which
/// ones an index has is not known here, but they are none that are encrypted, and none that no item has.
pub(crate) fn only_start_key(table: &SealedTable, index: Option<&str>, start: &Item) -> Result<(), Refusal> {
    let of_index = |name: &str| match name.strip_prefix(RESERVED_PREFIX) {
        // Beacons, also those of a configuration that this reader does not have.
        Some(_) => name.starts_with(STORED_PREFIX),
        None => !table.is_hidden(name) && table.config().action(name).is_some(),
    };
    match start.keys().find(|name| !(is_key(table, name) || index.is_some() && of_index(name))) {
        Some(name) => {
            let of = if index.is_some() { "the key of an index" } else { "a key without an index" };
            Err(Refusal::NotInStartKey { name: name.clone(), of })
        }
        None => Ok(()),
    }
}

/// What key conditions and filters may ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    Readable,
    Beacons,
}

fn check_as(table: &SealedTable, expressions: &mut Expressions, asks: Asks) -> Result<Option<Projected>, Refusal> {
    if let Some(parameter) = expressions.legacy.first() {
        return Err(Refusal::Legacy { parameter });
    }
    if expressions.is_empty() && expressions.values.is_empty() && expressions.names.is_empty() {
        return Ok(None);
    }
    let parse = |kind, text: &Option<String>| text.as_deref().map(|text| Condition::parse(kind, text)).transpose();
    let condition = parse(ExpressionKind::Condition, &expressions.condition)?;
    let filter = parse(ExpressionKind::Filter, &expressions.filter)?;
    let key_condition = parse(ExpressionKind::KeyCondition, &expressions.key_condition)?;
    if let (Some(text), Asks::Readable) = (&expressions.key_condition, asks) {
        KeyCondition::parse(text)?;
    }
    let projection = expressions.projection.as_deref().map(Projection::parse).transpose()?;
    let update = expressions.update.as_deref().map(Update::parse).transpose()?;

    let names = expressions.names.iter().map(|(placeholder, name)| (placeholder.as_str(), name.as_str()));
    let mut placeholders = Placeholders::new(names, expressions.values.keys().map(String::as_str));
    for (kind, condition) in [
        (ExpressionKind::Condition, &condition),
        (ExpressionKind::Filter, &filter),
        (ExpressionKind::KeyCondition, &key_condition),
    ] {
        if let Some(condition) = condition {
            let uses = placeholders.condition(kind, condition)?;
            if asks == Asks::Readable || kind == ExpressionKind::Condition {
                readable(table, kind, &uses)?;
            }
        }
    }
    if let Some(update) = &update {
        unsigned(table, &placeholders.update(update)?)?;
    }
    if asks == Asks::Readable {
        // Before DynamoDB sees, and refuses, values that are not used. Search drops them.
        placeholders.values_are_used()?;
    }
    let Some(projection) = projection else {
        // DynamoDB would refuse them, but then they have been sent: names in encrypted maps are as secret as values.
        placeholders.names_are_used()?;
        return Ok(None);
    };
    let unused_elsewhere: Vec<String> = placeholders.unused_names().map(str::to_owned).collect();
    not_reserved(ExpressionKind::Projection, &placeholders.projection(&projection)?)?;
    placeholders.names_are_used()?;

    // The projection stays here, and its names with it.
    let names = expressions.names.clone();
    for name in &unused_elsewhere {
        expressions.names.remove(name);
    }
    expressions.projection = None;
    Ok(Some(Projected { projection, names }))
}

/// A projection to apply after opening.
#[derive(Clone)]
pub(crate) struct Projected {
    projection: Projection,
    names: BTreeMap<String, String>,
}

/// As the request writes it, without names.
impl fmt::Debug for Projected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Projected({})", self.projection)
    }
}

impl Projected {
    pub(crate) fn apply(&self, item: Item) -> Item {
        self.bound().apply(item)
    }

    pub(crate) fn apply_each<E>(&self, items: &mut [Result<Item, E>]) {
        let bound = self.bound();
        for item in items.iter_mut().flatten() {
            *item = bound.apply(std::mem::take(item));
        }
    }

    fn bound(&self) -> BoundProjection<'_> {
        BoundProjection::new(&self.projection, &self.names).expect("the names were looked up when it was checked")
    }
}

/// DynamoDB can only look at what it can read.
fn readable(table: &SealedTable, kind: ExpressionKind, uses: &[PathUse<'_>]) -> Result<(), Refusal> {
    not_reserved(kind, uses)?;
    for of in uses {
        let name = of.path.attribute.to_owned();
        if table.is_encrypted(&name) {
            return Err(Refusal::Encrypted { kind, name });
        }
        if table.is_hidden(&name) {
            return Err(Refusal::Beacon { kind, name });
        }
    }
    Ok(())
}

/// Nothing that is signed may take part in an update, be it as the source of a value.
fn unsigned(table: &SealedTable, uses: &[PathUse<'_>]) -> Result<(), Refusal> {
    not_reserved(ExpressionKind::Update, uses)?;
    uses.iter().try_for_each(|of| {
        let name = of.path.attribute.to_owned();
        match table.config().action(&name) {
            Some(CryptoAction::DoNothing) if table.is_signed_in_older_format(&name) => {
                Err(Refusal::SignedInOlderFormat { name })
            }
            Some(CryptoAction::DoNothing) => Ok(()),
            Some(_) => Err(Refusal::Signed { name }),
            None => Err(Refusal::NoAction { name }),
        }
    })
}

fn not_reserved(kind: ExpressionKind, uses: &[PathUse<'_>]) -> Result<(), Refusal> {
    match uses.iter().find_map(|of| of.path.find_name(|name| name.starts_with(RESERVED_PREFIX))) {
        Some(name) => Err(Refusal::Reserved { kind, name: name.to_owned() }),
        None => Ok(()),
    }
}

/// An update creates the item that it does not find, unless its condition can not hold for an item that is not there. Such
/// an item would not be sealed.
pub(crate) fn no_upsert(table: &SealedTable, expressions: &Expressions) -> Result<(), Refusal> {
    if table.writes_plaintext() {
        return Ok(());
    }
    if let Some(text) = &expressions.condition
        && without_item(&Condition::parse(ExpressionKind::Condition, text)?) == Outcome::Fails
    {
        return Ok(());
    }
    Err(Refusal::Upsert { partition_key: table.config().partition_key().to_owned() })
}

/// What is certain of a condition where no attribute is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Holds,
    Fails,
    Unclear,
}

/// Only by the structure of the condition, whatever the values: what is missing fulfils nothing but
/// `attribute_not_exists` and, maybe, `<>`.
fn without_item(condition: &Condition) -> Outcome {
    let missing = |operand: &&Operand| matches!(operand, Operand::Path(_) | Operand::Size(_));
    let of_path = |operands: &[&Operand]| if operands.iter().any(missing) { Outcome::Fails } else { Outcome::Unclear };
    match condition {
        Condition::AttributeExists(_) => Outcome::Fails,
        Condition::AttributeNotExists(_) => Outcome::Holds,
        Condition::AttributeType(operand, _) => of_path(&[operand]),
        Condition::Compare { comparator: Comparator::NotEqual, .. } => Outcome::Unclear,
        Condition::Compare { left, right, .. } => of_path(&[left, right]),
        Condition::Between { operand, lower, upper } => of_path(&[operand, lower, upper]),
        Condition::In { operand, .. } => of_path(&[operand]),
        Condition::BeginsWith(operand, other) | Condition::Contains(operand, other) => of_path(&[operand, other]),
        Condition::Not(negated) => match without_item(negated) {
            Outcome::Holds => Outcome::Fails,
            Outcome::Fails => Outcome::Holds,
            Outcome::Unclear => Outcome::Unclear,
        },
        Condition::And(terms) => all(terms, Outcome::Fails, Outcome::Holds),
        Condition::Or(terms) => all(terms, Outcome::Holds, Outcome::Fails),
    }
}

/// `decisive` if one of the terms is; `otherwise` if all of them are that.
fn all(terms: &[Condition], decisive: Outcome, otherwise: Outcome) -> Outcome {
    let mut outcomes = terms.iter().map(without_item);
    if outcomes.clone().any(|outcome| outcome == decisive) {
        decisive
    } else if outcomes.all(|outcome| outcome == otherwise) {
        otherwise
    } else {
        Outcome::Unclear
    }
}
