//! What an update makes of an item, as DynamoDB would.

mod bind;
mod sets;
mod source;

use std::collections::BTreeMap;
use std::fmt;

use dynaseal_core::{AttributeValue, Item, NumberError};

use super::decimal;
use super::error::shown;
use super::path_use::{ResolvedElement, ResolvedPath};
use super::{BindError, Update};
use bind::Binder;
use source::Source;

/// An update with its names and values, ready for any number of items.
///
/// ```
/// use std::collections::BTreeMap;
/// use dynaseal_core::Item;
/// use dynaseal_expression::{BoundUpdate, Update};
/// let update = Update::parse("SET visits = if_not_exists(visits, :zero) + :one, before = visits REMOVE note")?;
/// let values = BTreeMap::from([(":zero".to_owned(), 0.into()), (":one".to_owned(), 1.into())]);
/// let names = BTreeMap::new();
/// let bound = BoundUpdate::new(&update, &names, &values)?;
/// let mut item = Item::from([("visits".to_owned(), 41.into()), ("note".to_owned(), "x".into())]);
/// bound.apply(&mut item)?;
/// assert_eq!(item, Item::from([("visits".to_owned(), 42.into()), ("before".to_owned(), 41.into())]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct BoundUpdate<'a> {
    /// In the order of their targets.
    actions: Vec<Action<'a>>,
}

/// What it changes, without the values.
impl fmt::Debug for BoundUpdate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BoundUpdate").field(&self.actions.iter().map(|of| &of.target).collect::<Vec<_>>()).finish()
    }
}

/// Why an update can not be applied to an item. DynamoDB refuses these requests, too. Messages name the path as the
/// request writes it, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// What is to be changed is in a map or list that the item does not have.
    #[error(
        "UpdateExpression: {path} can not be changed, for the item has no map or list around it; set that one first"
    )]
    NoParent {
        /// The path.
        path: String,
    },
    /// What is to be read is not in the item.
    #[error("UpdateExpression: the item has no {path} to read; use if_not_exists to say what holds then")]
    NoSource {
        /// The path.
        path: String,
    },
    /// An operator or function got a value of a type that it can do nothing with.
    #[error(
        "UpdateExpression: {path} can not be changed, for {function} needs {expected} and got a value of type {of_type}"
    )]
    OperandType {
        /// What was to be changed.
        path: String,
        /// The operator, function or clause.
        function: &'static str,
        /// What it takes.
        expected: &'static str,
        /// The type that it got.
        of_type: &'static str,
    },
    /// A sum or difference that DynamoDB can not store, or one of something that is no number.
    #[error(
        "UpdateExpression: {path} can not be changed, for {function} gives no number that DynamoDB stores; store a smaller or rounder one, or a string"
    )]
    Number {
        /// What was to be changed.
        path: String,
        /// The operator or clause.
        function: &'static str,
        /// What is wrong with the number.
        source: NumberError,
    },
}

#[derive(Clone)]
struct Action<'a> {
    target: ResolvedPath<'a>,
    change: Change<'a>,
}

#[derive(Clone)]
enum Change<'a> {
    Set(Source<'a>),
    Remove,
    Add(&'a AttributeValue),
    Delete(&'a AttributeValue),
}

/// What becomes of a target.
enum Effect {
    Nothing,
    Put(AttributeValue),
    Remove,
}

impl<'a> BoundUpdate<'a> {
    /// Joins an update, `ExpressionAttributeNames` and `ExpressionAttributeValues`. Both may have more than it uses: other
    /// expressions of the request share them.
    ///
    /// # Errors
    /// If DynamoDB would refuse the update before it looks at any item.
    pub fn new(
        update: &'a Update,
        names: &'a BTreeMap<String, String>,
        values: &'a BTreeMap<String, AttributeValue>,
    ) -> Result<Self, BindError> {
        let mut actions = Binder::new(names, values).actions(update)?;
        actions.sort_by(|one, other| one.target.cmp(&other.target));
        Ok(Self { actions })
    }

    /// Changes an item. What the update reads is the item as it was, and so are indexes of lists; what is put behind the
    /// end of a list is appended, in the order of the indexes.
    ///
    /// Values are put as they were given, numbers spelled as they were spelled; sums and differences are in normal form.
    /// Whether the item is still one that DynamoDB takes, in its size and in its keys, is not looked at.
    ///
    /// # Errors
    /// If DynamoDB would refuse the update of this item. The item is as it was then.
    pub fn apply(&self, item: &mut Item) -> Result<(), ApplyError> {
        let effects = self.actions.iter().map(|action| action.effect(item)).collect::<Result<Vec<_>, _>>()?;
        let mut removed = Vec::new();
        for (Action { target, .. }, effect) in self.actions.iter().zip(effects) {
            match effect {
                Effect::Nothing => {}
                Effect::Put(value) => put(item, target, value),
                Effect::Remove => removed.push(target),
            }
        }
        // After everything else and from the back, for it changes the indexes of what is behind.
        removed.into_iter().rev().for_each(|target| remove(item, target));
        Ok(())
    }
}

impl Action<'_> {
    fn effect(&self, item: &Item) -> Result<Effect, ApplyError> {
        let existing = self.target.find(item);
        if existing.is_none() && !has_parent(item, &self.target) {
            return Err(ApplyError::NoParent { path: self.shown() });
        }
        match (&self.change, existing) {
            (Change::Set(source), _) => Ok(Effect::Put(source.value(item, &self.target)?.into_owned())),
            (Change::Remove | Change::Delete(_), None) => Ok(Effect::Nothing),
            (Change::Remove, Some(_)) => Ok(Effect::Remove),
            (Change::Add(value), None) => Ok(Effect::Put((*value).clone())),
            (Change::Add(value), Some(existing)) => self.add(existing, value).map(Effect::Put),
            (Change::Delete(elements), Some(existing)) => {
                let effect = sets::difference(existing, elements);
                effect.ok_or_else(|| self.wrong_type("DELETE", "two sets of one type", existing))
            }
        }
    }

    fn add(&self, existing: &AttributeValue, value: &AttributeValue) -> Result<AttributeValue, ApplyError> {
        if let (AttributeValue::N(existing), AttributeValue::N(value)) = (existing, value) {
            let sum = decimal::add(existing, value);
            return sum.map(AttributeValue::N).map_err(|source| ApplyError::Number {
                path: self.shown(),
                function: "ADD",
                source,
            });
        }
        let both = sets::union(existing, value);
        both.ok_or_else(|| self.wrong_type("ADD", "two numbers or two sets of one type", existing))
    }

    fn wrong_type(&self, function: &'static str, expected: &'static str, existing: &AttributeValue) -> ApplyError {
        ApplyError::OperandType { path: self.shown(), function, expected, of_type: existing.type_name() }
    }

    fn shown(&self) -> String {
        shown(&self.target.to_string())
    }
}

/// Whether something can be put there: into a map under a name, into a list at any index.
fn has_parent(item: &Item, target: &ResolvedPath<'_>) -> bool {
    let Some((last, above)) = target.elements.split_last() else { return true };
    let attribute = item.get(target.attribute);
    let parent = above.iter().fold(attribute, |value, element| element.find(value?));
    matches!(
        (last, parent),
        (ResolvedElement::Name(_), Some(AttributeValue::M(_)))
            | (ResolvedElement::Index(_), Some(AttributeValue::L(_)))
    )
}

/// No other target is inside of this one or around it, so its parent is still there.
fn put(item: &mut Item, target: &ResolvedPath<'_>, value: AttributeValue) {
    let Some((last, above)) = target.elements.split_last() else {
        item.insert(target.attribute.to_owned(), value);
        return;
    };
    match (parent(item, target.attribute, above), last) {
        (Some(AttributeValue::M(map)), ResolvedElement::Name(name)) => {
            map.insert((*name).to_owned(), value);
        }
        (Some(AttributeValue::L(list)), ResolvedElement::Index(index)) => {
            match usize::try_from(*index).ok().and_then(|index| list.get_mut(index)) {
                Some(element) => *element = value,
                None => list.push(value),
            }
        }
        _ => {}
    }
}

fn remove(item: &mut Item, target: &ResolvedPath<'_>) {
    let Some((last, above)) = target.elements.split_last() else {
        item.remove(target.attribute);
        return;
    };
    match (parent(item, target.attribute, above), last) {
        (Some(AttributeValue::M(map)), ResolvedElement::Name(name)) => {
            map.remove(*name);
        }
        (Some(AttributeValue::L(list)), ResolvedElement::Index(index)) => {
            if let Ok(index) = usize::try_from(*index)
                && index < list.len()
            {
                list.remove(index);
            }
        }
        _ => {}
    }
}

fn parent<'i>(item: &'i mut Item, attribute: &str, above: &[ResolvedElement<'_>]) -> Option<&'i mut AttributeValue> {
    above.iter().try_fold(item.get_mut(attribute)?, |value, element| element.find_mut(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use AttributeValue::{Bs, L, M, N, Ns, Null, Ss};

    fn n(text: &str) -> AttributeValue {
        N(text.to_owned())
    }

    fn texts(elements: &[&str]) -> Vec<String> {
        elements.iter().map(|element| (*element).to_owned()).collect()
    }

    fn item() -> Item {
        let map = M([("a.b".to_owned(), n("5")), ("l".to_owned(), L(vec!["x".into(), n("1.0")]))].into());
        [
            ("n", n("10")),
            ("s", "text".into()),
            ("l", L(["a", "b", "c", "d"].map(AttributeValue::from).into())),
            ("m", map),
            ("ss", Ss(texts(&["red", "blue"]))),
            ("ns", Ns(texts(&["1", "2.50"]))),
            ("bs", Bs(vec![vec![1], vec![2]])),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn values() -> BTreeMap<String, AttributeValue> {
        [
            (":1", n("1")),
            (":max", n("9.9999999999999999999999999999999999999e125")),
            (":x", "x".into()),
            (":y", "y".into()),
            (":l", L(vec![Null(true)])),
            (":red", Ss(texts(&["red", "green"]))),
            (":both", Ss(texts(&["blue", "red"]))),
            (":ns", Ns(texts(&["25e-1", "3"]))),
            (":bs", Bs(vec![vec![2]])),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn applied(text: &str) -> Result<Item, String> {
        let update = Update::parse(text).unwrap();
        let names = BTreeMap::from([("#d".to_owned(), "a.b".to_owned())]);
        let values = values();
        let bound = BoundUpdate::new(&update, &names, &values).map_err(|error| error.to_string())?;
        let mut changed = item();
        match bound.apply(&mut changed) {
            Ok(()) => Ok(changed),
            Err(error) => {
                assert_eq!(changed, item(), "{text}");
                Err(error.to_string())
            }
        }
    }

    /// The update changes these attributes and no other; those without a value are gone.
    #[track_caller]
    fn check(text: &str, changes: &[(&str, Option<AttributeValue>)]) {
        let mut expected = item();
        for (name, value) in changes {
            expected.remove(*name);
            expected.extend(value.clone().map(|value| ((*name).to_owned(), value)));
        }
        assert_eq!(applied(text), Ok(expected), "{text}");
    }

    fn list(elements: &[&str]) -> Option<AttributeValue> {
        Some(L(elements.iter().map(|element| (*element).into()).collect()))
    }

    #[test]
    fn sources_are_read_from_the_item_as_it_was() {
        check("SET n = s, s = n REMOVE m", &[("n", Some("text".into())), ("s", Some(n("10"))), ("m", None)]);
        check(
            "SET x = l[0], y = l[1] REMOVE l[0]",
            &[("x", Some("a".into())), ("y", Some("b".into())), ("l", list(&["b", "c", "d"]))],
        );
        check("SET x = n + :1 ADD n :1", &[("x", Some(n("11"))), ("n", Some(n("11")))]);
    }

    #[test]
    fn sources() {
        check("SET x = m.#d - n", &[("x", Some(n("-5")))]);
        check("SET x = if_not_exists(x, :1) + m.l[1]", &[("x", Some(n("2")))]);
        check("SET n = if_not_exists(n, nothing)", &[]);
        check("SET x = list_append(if_not_exists(x, :l), :l)", &[("x", Some(L(vec![Null(true), Null(true)])))]);
        let longer = L(["a", "b", "c", "d"].map(AttributeValue::from).into_iter().chain([Null(true)]).collect());
        check("SET l = list_append(l, :l)", &[("l", Some(longer))]);
    }

    #[test]
    fn indexes_mean_the_list_as_it_was() {
        check("SET l[1] = :x", &[("l", list(&["a", "x", "c", "d"]))]);
        check("SET l[9] = :y, l[7] = :x", &[("l", list(&["a", "b", "c", "d", "x", "y"]))]);
        check("REMOVE l[0], l[2], l[9]", &[("l", list(&["b", "d"]))]);
        // What is appended stands where an index of the removed ones was, and stays.
        check("REMOVE l[3], l[1], l[4] SET l[2] = :x, l[10] = :y", &[("l", list(&["a", "x", "y"]))]);
    }

    #[test]
    fn maps_change_by_name() {
        let map = |members: &[(&str, AttributeValue)]| {
            Some(M(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()))
        };
        let (five, inner) = (("a.b", n("5")), L(vec!["x".into(), n("1.0")]));
        check("SET m.new = :x", &[("m", map(&[five.clone(), ("l", inner.clone()), ("new", "x".into())]))]);
        check("SET m.#d = :x", &[("m", map(&[("a.b", "x".into()), ("l", inner.clone())]))]);
        check("SET m.l[1] = :y", &[("m", map(&[five.clone(), ("l", L(vec!["x".into(), "y".into()]))]))]);
        check("ADD m.#d :1, m.n :1", &[("m", map(&[("a.b", n("6")), ("l", inner), ("n", n("1"))]))]);
        check("REMOVE m.#d, m.l[0]", &[("m", map(&[("l", L(vec![n("1.0")]))]))]);
        check("REMOVE m.l, m.nothing", &[("m", map(&[five]))]);
    }

    /// What is changed may be read, what it is set to may not.
    #[test]
    fn debug_names_the_targets_and_shows_no_value() {
        let update = Update::parse("SET m.#d = :x ADD n :max REMOVE l[3] DELETE ss :red").unwrap();
        let (names, values) = (BTreeMap::from([("#d".to_owned(), "a.b".to_owned())]), values());
        let shown = format!("{:?}", BoundUpdate::new(&update, &names, &values).unwrap());
        for target in ["BoundUpdate", "m.#d", "l[3]", "ss"] {
            assert!(shown.contains(target), "{shown}");
        }
        for value in ["\"x\"", "9.99", "red", "green"] {
            assert!(!shown.contains(value), "{shown}");
        }
    }

    #[test]
    fn sets() {
        check("ADD ss :red", &[("ss", Some(Ss(texts(&["red", "blue", "green"]))))]);
        check("ADD ns :ns", &[("ns", Some(Ns(texts(&["1", "2.50", "3"]))))]);
        check("ADD bs :bs, new :red", &[("new", values().remove(":red"))]);
        check(
            "DELETE ss :red, ns :ns, bs :bs, new :red",
            &[("ss", Some(Ss(texts(&["blue"])))), ("ns", Some(Ns(texts(&["1"])))), ("bs", Some(Bs(vec![vec![1]])))],
        );
        check("DELETE ss :both", &[("ss", None)]);
    }

    #[test]
    fn what_no_item_can_have_done_to_it() {
        for (text, error) in [
            ("SET x = :none", "`:none` is not defined in ExpressionAttributeValues"),
            ("SET #x = :1", "`#x` is not defined in ExpressionAttributeNames"),
            ("SET n = :1 REMOVE n", "the paths n and n overlap or contradict each other"),
            ("SET n = n + :x", "`:x` is of type S, but + needs two numbers"),
            ("SET n = if_not_exists(n, (:red - n))", "`:red` is of type SS, but - needs two numbers"),
            ("SET n = list_append(:l, :1)", "`:1` is of type N, but list_append needs two lists"),
            ("ADD n :x", "`:x` is of type S, but ADD needs a number or a set"),
            ("DELETE n :1", "`:1` is of type N, but DELETE needs a set"),
        ] {
            assert_eq!(applied(text), Err(format!("UpdateExpression: {error}")), "{text}");
        }
    }

    #[test]
    fn what_this_item_can_not_have_done_to_it() {
        const NO_PARENT: &str = "can not be changed, for the item has no map or list around it; set that one first";
        for path in ["x.y", "x[0]", "s.y", "s[0]", "l.y", "m[0]", "l[4].y", "m.l[0].y", "m.x.y"] {
            for text in [format!("SET {path} = :1"), format!("REMOVE {path}"), format!("DELETE {path} :red")] {
                assert_eq!(applied(&text), Err(format!("UpdateExpression: {path} {NO_PARENT}")), "{text}");
            }
        }
        for (text, error) in [
            ("SET x = y", "the item has no y to read; use if_not_exists to say what holds then"),
            (
                "SET n = :1, x = if_not_exists(y, m.z)",
                "the item has no m.z to read; use if_not_exists to say what holds then",
            ),
            ("SET x = s + :1", "x can not be changed, for + needs two numbers and got a value of type S"),
            // What a placeholder below an attribute stands for may be a secret.
            ("SET x = m.#d.#d", "the item has no m.#d.#d to read; use if_not_exists to say what holds then"),
            (
                "SET #d.#d[1].x = :1",
                "a.b.#d[1].x can not be changed, for the item has no map or list around it; set that one first",
            ),
            (
                "ADD m.#d :ns",
                "m.#d can not be changed, for ADD needs two numbers or two sets of one type and got a value of type N",
            ),
            (
                "SET x = list_append(l, n)",
                "x can not be changed, for list_append needs two lists and got a value of type N",
            ),
            (
                "ADD s :1",
                "s can not be changed, for ADD needs two numbers or two sets of one type and got a value of type S",
            ),
            (
                "DELETE ns :red",
                "ns can not be changed, for DELETE needs two sets of one type and got a value of type NS",
            ),
            (
                "ADD n :max",
                "n can not be changed, for ADD gives no number that DynamoDB stores; store a smaller or rounder one, or a string",
            ),
        ] {
            assert_eq!(applied(text), Err(format!("UpdateExpression: {error}")), "{text}");
        }
    }

    #[test]
    fn the_cause_of_a_number_is_its_source() {
        let update = Update::parse("SET x = :max - n").unwrap();
        let (names, values) = (BTreeMap::new(), values());
        let error = BoundUpdate::new(&update, &names, &values).unwrap().apply(&mut item()).unwrap_err();
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "more than 38 significant digits");
    }
}
