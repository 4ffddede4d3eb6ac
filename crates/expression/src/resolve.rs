//! Placeholders of a request to real names, and where in its expressions every path stands.

use std::collections::BTreeMap;
use std::fmt;

use super::error::shown;
use super::path_use::{PathUse, Position, ResolvedPath};
use super::update::ValueAction;
use super::{
    Clause, Condition, DocumentPath, ExpressionKind, KeyCondition, KeyDemand, Name, Operand, Projection, SetValue,
    Update,
};

/// The placeholders that a request defines, and which of them its expressions have used so far.
///
/// ```
/// use dynaseal_expression::{Condition, ExpressionKind, Placeholders};
/// let mut placeholders = Placeholders::new([("#s", "secret")], [":v"]);
/// let filter = Condition::parse(ExpressionKind::Filter, "size(m.#s) > :v")?;
/// let uses = placeholders.condition(ExpressionKind::Filter, &filter)?;
/// assert!(uses[0].path.names().any(|name| name == "secret"));
/// assert!(uses[0].in_size);
/// placeholders.finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Placeholders<'a> {
    names: BTreeMap<&'a str, Definition<'a>>,
    values: BTreeMap<&'a str, Definition<'a>>,
}

/// Without what they stand for.
impl fmt::Debug for Placeholders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { names, values } = self;
        f.debug_struct("Placeholders").field("names", &names.keys()).field("values", &values.keys()).finish()
    }
}

#[derive(Clone, Copy)]
struct Definition<'a> {
    /// The attribute's name; of values nothing.
    name: &'a str,
    used: bool,
}

/// Why the expressions of a request do not fit to its placeholders, or to each other. DynamoDB refuses all of these, too.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// A `#name` that `ExpressionAttributeNames` does not have.
    #[error("{kind}: `{name}` is not defined in ExpressionAttributeNames")]
    UndefinedName {
        /// The expression.
        kind: ExpressionKind,
        /// The placeholder.
        name: String,
    },
    /// A `:value` that `ExpressionAttributeValues` does not have.
    #[error("{kind}: `{name}` is not defined in ExpressionAttributeValues")]
    UndefinedValue {
        /// The expression.
        kind: ExpressionKind,
        /// The placeholder.
        name: String,
    },
    /// `#name`s that no expression uses.
    #[error("unused in all expressions, but in ExpressionAttributeNames: {}", names.join(", "))]
    UnusedNames {
        /// The placeholders, in order.
        names: Vec<String>,
    },
    /// `:value`s that no expression uses.
    #[error("unused in all expressions, but in ExpressionAttributeValues: {}", names.join(", "))]
    UnusedValues {
        /// The placeholders, in order.
        names: Vec<String>,
    },
    /// Two paths of an update or projection of which one is inside of the other, or that take one value for a map and
    /// for a list.
    #[error("{kind}: the paths {one} and {other} overlap or contradict each other")]
    Overlap {
        /// The expression.
        kind: ExpressionKind,
        /// The path that stands first.
        one: String,
        /// The other.
        other: String,
    },
}

impl<'a> Placeholders<'a> {
    /// From `ExpressionAttributeNames`, `#name` and attribute name, and the keys of `ExpressionAttributeValues`.
    pub fn new(names: impl IntoIterator<Item = (&'a str, &'a str)>, values: impl IntoIterator<Item = &'a str>) -> Self {
        let definition = |name| Definition { name, used: false };
        Self {
            names: names.into_iter().map(|(placeholder, name)| (placeholder, definition(name))).collect(),
            values: values.into_iter().map(|placeholder| (placeholder, definition(""))).collect(),
        }
    }

    /// Every path of a condition or filter, in the order of the text.
    ///
    /// # Errors
    /// If a placeholder is not defined.
    pub fn condition(
        &mut self,
        kind: ExpressionKind,
        condition: &'a Condition,
    ) -> Result<Vec<PathUse<'a>>, ResolveError> {
        let mut walk = Walk { placeholders: self, kind, negated: false, uses: Vec::new() };
        walk.condition(condition)?;
        Ok(walk.uses)
    }

    /// Every attribute of a key condition, in the order of the text.
    ///
    /// # Errors
    /// If a placeholder is not defined.
    pub fn key_condition(&mut self, condition: &'a KeyCondition) -> Result<Vec<PathUse<'a>>, ResolveError> {
        let kind = ExpressionKind::KeyCondition;
        let mut walk = Walk { placeholders: self, kind, negated: false, uses: Vec::new() };
        for clause in &condition.clauses {
            let (position, values) = match &clause.demand {
                KeyDemand::Compare(comparator, value) => (Position::Left(*comparator), [Some(value), None]),
                KeyDemand::Between(lower, upper) => (Position::BetweenOperand, [Some(lower), Some(upper)]),
                KeyDemand::BeginsWith(prefix) => (Position::BeginsWithOperand, [Some(prefix), None]),
            };
            let path = ResolvedPath::of_attribute(walk.placeholders.name(kind, &clause.attribute)?);
            walk.uses.push(PathUse { path, position, in_size: false, negated: false });
            values.into_iter().flatten().try_for_each(|value| walk.value(value))?;
        }
        Ok(walk.uses)
    }

    /// Every path of a projection, in the order of the text.
    ///
    /// # Errors
    /// If a placeholder is not defined, or if paths overlap.
    pub fn projection(&mut self, projection: &'a Projection) -> Result<Vec<PathUse<'a>>, ResolveError> {
        let kind = ExpressionKind::Projection;
        let mut walk = Walk { placeholders: self, kind, negated: false, uses: Vec::new() };
        projection.paths.iter().try_for_each(|path| walk.path(path, Position::Projected, false))?;
        let paths: Vec<_> = walk.uses.iter().map(|of| &of.path).collect();
        no_overlaps(kind, &paths)?;
        Ok(walk.uses)
    }

    /// Every path of an update, clause by clause, a target before what it is set to.
    ///
    /// # Errors
    /// If a placeholder is not defined, or if targets overlap.
    pub fn update(&mut self, update: &'a Update) -> Result<Vec<PathUse<'a>>, ResolveError> {
        let kind = ExpressionKind::Update;
        let mut walk = Walk { placeholders: self, kind, negated: false, uses: Vec::new() };
        for action in &update.set {
            walk.path(&action.path, Position::Target(Clause::Set), false)?;
            walk.set_value(&action.value)?;
        }
        for path in &update.remove {
            walk.path(path, Position::Target(Clause::Remove), false)?;
        }
        for (clause, actions) in [(Clause::Add, &update.add), (Clause::Delete, &update.delete)] {
            for ValueAction { path, value } in actions {
                walk.path(path, Position::Target(clause), false)?;
                walk.value(value)?;
            }
        }
        let targets = walk.uses.iter().filter(|of| matches!(of.position, Position::Target(_)));
        let targets: Vec<_> = targets.map(|of| &of.path).collect();
        no_overlaps(kind, &targets)?;
        Ok(walk.uses)
    }

    /// The `#name`s that no expression has used so far, in order.
    pub fn unused_names(&self) -> impl Iterator<Item = &'a str> {
        self.names.iter().filter(|(_, definition)| !definition.used).map(|(placeholder, _)| *placeholder)
    }

    /// A path with real names.
    pub(crate) fn path(
        &mut self,
        kind: ExpressionKind,
        path: &'a DocumentPath,
    ) -> Result<ResolvedPath<'a>, ResolveError> {
        ResolvedPath::new(path, |name| self.name(kind, name))
    }

    fn name(&mut self, kind: ExpressionKind, name: &'a Name) -> Result<&'a str, ResolveError> {
        match name {
            Name::Bare(name) => Ok(name),
            Name::Placeholder(placeholder) => match self.names.get_mut(placeholder.as_str()) {
                Some(definition) => {
                    definition.used = true;
                    Ok(definition.name)
                }
                None => Err(ResolveError::UndefinedName { kind, name: shown(placeholder) }),
            },
        }
    }

    /// After all expressions of the request but a projection, which has no values.
    ///
    /// # Errors
    /// If a `:value` was not used.
    pub fn values_are_used(&self) -> Result<(), ResolveError> {
        let names = unused(&self.values);
        if names.is_empty() { Ok(()) } else { Err(ResolveError::UnusedValues { names }) }
    }

    /// After all expressions of the request.
    ///
    /// # Errors
    /// If a `#name` was not used.
    pub fn names_are_used(&self) -> Result<(), ResolveError> {
        let names = unused(&self.names);
        if names.is_empty() { Ok(()) } else { Err(ResolveError::UnusedNames { names }) }
    }

    /// After all expressions of the request.
    ///
    /// # Errors
    /// If a placeholder was not used.
    pub fn finish(self) -> Result<(), ResolveError> {
        self.names_are_used()?;
        self.values_are_used()
    }
}

fn unused(definitions: &BTreeMap<&str, Definition<'_>>) -> Vec<String> {
    let unused = definitions.iter().filter(|(_, definition)| !definition.used);
    unused.map(|(placeholder, _)| shown(placeholder)).collect()
}

/// Goes through one expression.
struct Walk<'a, 'p> {
    placeholders: &'p mut Placeholders<'a>,
    kind: ExpressionKind,
    negated: bool,
    uses: Vec<PathUse<'a>>,
}

impl<'a> Walk<'a, '_> {
    /// As deep as the reader allows.
    fn condition(&mut self, condition: &'a Condition) -> Result<(), ResolveError> {
        match condition {
            Condition::Compare { left, comparator, right } => {
                self.operand(left, Position::Left(*comparator))?;
                self.operand(right, Position::Right(*comparator))
            }
            Condition::Between { operand, lower, upper } => {
                self.operand(operand, Position::BetweenOperand)?;
                self.operand(lower, Position::BetweenBound)?;
                self.operand(upper, Position::BetweenBound)
            }
            Condition::In { operand, candidates } => {
                self.operand(operand, Position::InOperand)?;
                candidates.iter().try_for_each(|candidate| self.operand(candidate, Position::InCandidate))
            }
            Condition::AttributeExists(path) | Condition::AttributeNotExists(path) => {
                self.path(path, Position::Exists, false)
            }
            Condition::AttributeType(operand, name) => {
                self.operand(operand, Position::Type)?;
                self.value(name)
            }
            Condition::BeginsWith(operand, prefix) => {
                self.operand(operand, Position::BeginsWithOperand)?;
                self.operand(prefix, Position::BeginsWithPrefix)
            }
            Condition::Contains(operand, part) => {
                self.operand(operand, Position::ContainsOperand)?;
                self.operand(part, Position::ContainsPart)
            }
            Condition::Not(negated) => {
                let outside = std::mem::replace(&mut self.negated, true);
                self.condition(negated)?;
                self.negated = outside;
                Ok(())
            }
            Condition::And(terms) | Condition::Or(terms) => terms.iter().try_for_each(|term| self.condition(term)),
        }
    }

    fn operand(&mut self, operand: &'a Operand, position: Position) -> Result<(), ResolveError> {
        match operand {
            Operand::Path(path) => self.path(path, position, false),
            Operand::Size(path) => self.path(path, position, true),
            Operand::Value(value) | Operand::SizeOfValue(value) => self.value(value),
        }
    }

    fn set_value(&mut self, value: &'a SetValue) -> Result<(), ResolveError> {
        match value {
            SetValue::Path(path) => self.path(path, Position::Source, false),
            SetValue::Value(value) => self.value(value),
            SetValue::IfNotExists(path, otherwise) => {
                self.path(path, Position::Source, false)?;
                self.set_value(otherwise)
            }
            SetValue::ListAppend(left, right) | SetValue::Plus(left, right) | SetValue::Minus(left, right) => {
                self.set_value(left)?;
                self.set_value(right)
            }
        }
    }

    fn path(&mut self, path: &'a DocumentPath, position: Position, in_size: bool) -> Result<(), ResolveError> {
        let path = self.placeholders.path(self.kind, path)?;
        self.uses.push(PathUse { path, position, in_size, negated: self.negated });
        Ok(())
    }

    fn value(&mut self, placeholder: &str) -> Result<(), ResolveError> {
        match self.placeholders.values.get_mut(placeholder) {
            Some(definition) => {
                definition.used = true;
                Ok(())
            }
            None => Err(ResolveError::UndefinedValue { kind: self.kind, name: shown(placeholder) }),
        }
    }
}

/// At most some two thousand paths are in 4 KB, so all pairs are compared.
fn no_overlaps(kind: ExpressionKind, paths: &[&ResolvedPath<'_>]) -> Result<(), ResolveError> {
    for (index, one) in paths.iter().enumerate() {
        if let Some(other) = paths.iter().skip(index + 1).find(|other| one.overlaps(other)) {
            return Err(ResolveError::Overlap { kind, one: shown(&one.to_string()), other: shown(&other.to_string()) });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str, names: &[(&'static str, &'static str)], values: &[&'static str]) -> Vec<String> {
        let condition = Condition::parse(ExpressionKind::Filter, text).unwrap();
        let mut placeholders = Placeholders::new(names.iter().copied(), values.iter().copied());
        let uses = placeholders.condition(ExpressionKind::Filter, &condition).map(|uses| texts(&uses));
        match uses.and_then(|uses| placeholders.finish().map(|()| uses)) {
            Ok(uses) => uses,
            Err(error) => vec![error.to_string()],
        }
    }

    fn texts(uses: &[PathUse<'_>]) -> Vec<String> {
        let text = |of: &PathUse<'_>| {
            let size = if of.in_size { " size" } else { "" };
            let negated = if of.negated { " negated" } else { "" };
            format!("{} {:?}{size}{negated}", of.path, of.position)
        };
        uses.iter().map(text).collect()
    }

    #[test]
    fn every_path_of_a_condition_and_where_it_stands() {
        let names = [("#m", "m"), ("#y", "secret.y")];
        let uses =
            filter("#m.#y[2] = size(b) OR NOT (c <= :a AND size(d) BETWEEN e AND f) AND g IN (:a, h)", &names, &[":a"]);
        let expected = [
            "m.#y[2] Left(Equal)",
            "b Right(Equal) size",
            "c Left(LessOrEqual) negated",
            "d BetweenOperand size negated",
            "e BetweenBound negated",
            "f BetweenBound negated",
            "g InOperand",
            "h InCandidate",
        ];
        assert_eq!(uses, expected);
        let uses = filter(
            "attribute_exists(a) AND attribute_not_exists(b) AND attribute_type(c, :a) AND begins_with(d, e)
             AND contains(f, g)",
            &[],
            &[":a"],
        );
        let expected = [
            "a Exists",
            "b Exists",
            "c Type",
            "d BeginsWithOperand",
            "e BeginsWithPrefix",
            "f ContainsOperand",
            "g ContainsPart",
        ];
        assert_eq!(uses, expected);
        let condition = Condition::parse(ExpressionKind::Filter, "a.#y[1].c = :a").unwrap();
        let mut placeholders = Placeholders::new(names, [":a"]);
        let uses = placeholders.condition(ExpressionKind::Filter, &condition).unwrap();
        assert_eq!(uses[0].path.names().collect::<Vec<_>>(), ["a", "secret.y", "c"]);
    }

    #[test]
    fn undefined_and_unused_placeholders() {
        let case = |text: &str, error: &str| {
            assert_eq!(filter(text, &[("#a", "a"), ("#b", "b")], &[":a", ":b"]), [error], "{text}");
        };
        case("#a = :a AND #c = :b", "FilterExpression: `#c` is not defined in ExpressionAttributeNames");
        case("x.#c = :b", "FilterExpression: `#c` is not defined in ExpressionAttributeNames");
        case("#a = size(:c)", "FilterExpression: `:c` is not defined in ExpressionAttributeValues");
        case("attribute_type(#a, :c)", "FilterExpression: `:c` is not defined in ExpressionAttributeValues");
        case("a = :a", "unused in all expressions, but in ExpressionAttributeNames: #a, #b");
        case("#a = #b", "unused in all expressions, but in ExpressionAttributeValues: :a, :b");
    }

    #[test]
    fn names_that_are_left_over() {
        let filter = Condition::parse(ExpressionKind::Filter, "#b = :a").unwrap();
        let mut placeholders = Placeholders::new([("#a", "a"), ("#b", "b"), ("#c", "c")], [":a", ":b"]);
        assert_eq!(placeholders.unused_names().collect::<Vec<_>>(), ["#a", "#b", "#c"]);
        placeholders.condition(ExpressionKind::Filter, &filter).unwrap();
        assert_eq!(placeholders.unused_names().collect::<Vec<_>>(), ["#a", "#c"]);
        let unused = |result: Result<(), ResolveError>| result.unwrap_err().to_string();
        let names = "unused in all expressions, but in ExpressionAttributeNames: #a, #c";
        assert_eq!(unused(placeholders.names_are_used()), names);
        let values = "unused in all expressions, but in ExpressionAttributeValues: :b";
        assert_eq!(unused(placeholders.values_are_used()), values);
        assert_eq!(unused(placeholders.finish()), names);
    }

    #[test]
    fn debug_shows_placeholders_and_not_what_they_stand_for() {
        let shown = format!("{:?}", Placeholders::new([("#d", "diagnosis"), ("#e", "x")], [":v"]));
        assert_eq!(shown, "Placeholders { names: [\"#d\", \"#e\"], values: [\":v\"] }");
    }

    #[test]
    fn placeholders_are_shared_by_all_expressions_of_a_request() {
        let filter = Condition::parse(ExpressionKind::Filter, "#a = :a").unwrap();
        let key = KeyCondition::parse("#p = :p AND s BETWEEN :a AND :b").unwrap();
        let projection = Projection::parse("#a.x, l[1]").unwrap();
        let mut placeholders = Placeholders::new([("#a", "a"), ("#p", "pk")], [":a", ":b", ":p"]);
        placeholders.condition(ExpressionKind::Filter, &filter).unwrap();
        assert!(placeholders.clone().finish().is_err());
        let uses = placeholders.key_condition(&key).unwrap();
        assert_eq!(texts(&uses), ["pk Left(Equal)", "s BetweenOperand"]);
        assert_eq!(texts(&placeholders.projection(&projection).unwrap()), ["a.x Projected", "l[1] Projected"]);
        assert_eq!(placeholders.finish(), Ok(()));
    }

    #[test]
    fn every_path_of_an_update() {
        let text = "SET #a.b = if_not_exists(c, :v) + d, e = list_append(f, :v) REMOVE g ADD h :v DELETE i :v";
        let update = Update::parse(text).unwrap();
        let mut placeholders = Placeholders::new([("#a", "aws_dbe_head")], [":v"]);
        let expected = [
            "aws_dbe_head.b Target(Set)",
            "c Source",
            "d Source",
            "e Target(Set)",
            "f Source",
            "g Target(Remove)",
            "h Target(Add)",
            "i Target(Delete)",
        ];
        assert_eq!(texts(&placeholders.update(&update).unwrap()), expected);
    }

    #[test]
    fn overlaps_of_targets_and_of_projected_paths() {
        let update = |text: &str| {
            let update = Update::parse(text).unwrap();
            let mut placeholders = Placeholders::new([("#a", "a")], [":v"]);
            placeholders.update(&update).map(|_| ()).map_err(|error| error.to_string())
        };
        let error =
            |one, other| Err(format!("UpdateExpression: the paths {one} and {other} overlap or contradict each other"));
        assert_eq!(update("SET a = :v REMOVE #a"), error("a", "a"));
        assert_eq!(update("SET a.b = :v ADD #a :v"), error("a.b", "a"));
        assert_eq!(update("SET x = :v, a.b[1] = :v, a.b[1].c = :v"), error("a.b[1]", "a.b[1].c"));
        assert_eq!(update("SET a.b = :v, a[0] = :v"), error("a.b", "a[0]"));
        for text in ["SET a = a", "SET a.b = :v, a.c = a", "SET a[0] = :v REMOVE a[1], b", "SET ab = :v, a = :v"] {
            assert_eq!(update(text), Ok(()));
        }
        let projection = Projection::parse("b, #a[0], a[1], a[0].c").unwrap();
        let error = Placeholders::new([("#a", "a")], []).projection(&projection).unwrap_err();
        let expected = "ProjectionExpression: the paths a[0] and a[0].c overlap or contradict each other";
        assert_eq!(error.to_string(), expected);
    }
}
