//! Updates of single attributes.

use std::collections::HashSet;
use std::future::IntoFuture;

use aws_sdk_dynamodb::types::ReturnValue;
use dynaseal_client::value::value_to_sdk;
use dynaseal_client::{SendSealed, watched};
use dynaseal_core::AttributeValue;
use futures_util::future::BoxFuture;

use super::attribute::{List, Numeric, Set};
use super::column::{Column, IntoKey, Readable};
use super::condition::{Condition, Operand};
use super::error::{ModelError, ModelErrorKind};
use super::expression::Expressions;
use super::into::{ByInto, IntoValue};
use super::item::NextVersion;
use super::lost::{Lost, Trace};
use super::room::Rooms;
use super::seal::{SdkItem, StoredKey};
use super::table::{Inner, Table};
use super::{Absent, Model};

/// Changes attributes of an item; sent by `.await`. The item that was given becomes what is stored then; if only its key
/// was given, the new item is what comes out.
///
/// The item has to exist ([`or_create`](Self::or_create) says otherwise). In tables of records, attributes that are sealed
/// or signed are changed by reading, changing and writing the item as often as it takes.
///
/// Each attribute is changed once. What is empty (`insert` of no elements, `append` of `None`) changes nothing; if that is
/// all there is, the conditions are asked and the item comes back as it is.
///
/// The SDK repeats an update whose answer was lost. With a version, the repetition is refused, and told as
/// [`ModelErrorKind::Unanswered`] unless the update is recognised by what it has sealed with a random nonce. **Without a
/// version, `add`, `append` and `prepend` may be done twice then**, as always in DynamoDB.
#[must_use = "nothing is changed before it is awaited"]
#[derive(Debug)]
pub struct Update<M, To> {
    table: Table<M>,
    to: To,
    keys: Result<Vec<StoredKey>, ModelError>,
    version: Option<NextVersion>,
    changes: Vec<Change>,
    rooms: Rooms,
    condition: Option<Condition<M>>,
    creates: bool,
}

/// Where a changed item goes: into the one that was given, or out.
pub trait Target<M>: Send {
    /// What `.await` gives.
    type Output: Send;

    #[doc(hidden)]
    fn become_it(self, new: M) -> Self::Output;
}

impl<M: Send> Target<M> for &mut M {
    type Output = ();

    fn become_it(self, new: M) {
        *self = new;
    }
}

/// Out.
#[derive(Clone, Copy, Debug)]
pub struct Out;

impl<M: Send> Target<M> for Out {
    type Output = M;

    fn become_it(self, new: M) -> M {
        new
    }
}

#[derive(Debug)]
enum Change {
    Set(Operand),
    SetIfAbsent(Operand),
    Remove(&'static str),
    Add(Operand),
    Append(Operand),
    Prepend(Operand),
    DeleteFrom(Operand),
}

/// The text of an update; `None` if it changes nothing. And what tells it from every other.
struct Written {
    text: Option<String>,
    trace: Option<Trace>,
}

impl Change {
    fn attribute(&self) -> &'static str {
        match self {
            Self::Remove(attribute) => attribute,
            Self::Set(operand)
            | Self::SetIfAbsent(operand)
            | Self::Add(operand)
            | Self::Append(operand)
            | Self::Prepend(operand)
            | Self::DeleteFrom(operand) => operand.attribute(),
        }
    }
}

impl<M: Model, To: Target<M>> Update<M, To> {
    fn new(table: &Table<M>, to: To, keys: Result<Vec<StoredKey>, ModelError>) -> Self {
        Self {
            table: table.clone(),
            to,
            keys,
            version: None,
            changes: Vec::new(),
            rooms: Rooms::new(Vec::new()),
            condition: None,
            creates: false,
        }
    }

    fn change(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// Sets an attribute; `None` removes it. A sealed one is sealed first.
    pub fn set<T, P, By>(self, column: Column<M, T, P>, value: impl IntoValue<T, By>) -> Self {
        self.change(Change::Set(column.set_to(value)))
    }

    /// Sets an attribute that is not there.
    pub fn set_if_absent<T, P, By>(self, column: Column<M, T, P>, value: impl IntoValue<T, By>) -> Self {
        self.change(Change::SetIfAbsent(column.set_to(value)))
    }

    /// Removes an attribute.
    pub fn remove<T: Absent, P>(self, column: Column<M, T, P>) -> Self {
        self.change(Change::Remove(column.attribute()))
    }

    /// Adds to a number; what is not there counts as 0. Not repeatable: see [`Update`]. A sum that would not fit into the type of the field is refused.
    pub fn add<T: Numeric, P: Readable, By>(mut self, column: Column<M, T, P>, number: impl IntoValue<T, By>) -> Self {
        match number.into_value() {
            Ok(number) => {
                self.rooms.push(column.attribute(), number.room());
                self.change(Change::Add(column.set_to::<ByInto>(number)))
            }
            Err(unfit) => self.change(Change::Add(Operand::new(column.attribute(), Err(unfit)))),
        }
    }

    /// Appends to a list, which may not be there yet.
    pub fn append<T: List, P: Readable, By>(self, column: Column<M, T, P>, list: impl IntoValue<T, By>) -> Self {
        self.change(Change::Append(column.set_to(list)))
    }

    /// Puts in front of a list, which may not be there yet.
    pub fn prepend<T: List, P: Readable, By>(self, column: Column<M, T, P>, list: impl IntoValue<T, By>) -> Self {
        self.change(Change::Prepend(column.set_to(list)))
    }

    /// Puts elements into a set.
    pub fn insert<T: Set, P: Readable, By>(self, column: Column<M, T, P>, elements: impl IntoValue<T, By>) -> Self {
        self.change(Change::Add(column.set_to(elements)))
    }

    /// Takes elements out of a set.
    pub fn take<T: Set, P: Readable, By>(self, column: Column<M, T, P>, elements: impl IntoValue<T, By>) -> Self {
        self.change(Change::DeleteFrom(column.set_to(elements)))
    }

    /// Only if this is true of the item. Each call asks one more thing.
    pub fn condition(mut self, condition: Condition<M>) -> Self {
        condition.join(&mut self.condition);
        self
    }

    /// Makes the item if there is none. What the model needs beyond the key has to be set: an item that could not be read is
    /// refused before anything is sent.
    pub fn or_create(mut self) -> Self {
        self.creates = true;
        self
    }

    async fn send(self) -> Result<To::Output, ModelError> {
        const OPERATION: &str = "updating";
        let inner = &*self.table.inner;
        let mut keys = self.keys?;
        if keys.len() > 1 {
            keys = inner.present(OPERATION, keys).await?;
        }
        let Some(key) = keys.into_iter().next() else {
            return Err(inner.error(OPERATION, ModelErrorKind::Refused("there is no key".to_owned())));
        };
        let failed = |kind: ModelErrorKind| inner.item_error(OPERATION, &key, kind);
        inner.check_changes(&self.changes, &key).map_err(failed)?;
        self.rooms.check(inner.definition).map_err(failed)?;
        if self.creates {
            inner.check_created::<M>(&self.changes, &key).map_err(failed)?;
        }
        let mut expressions = Expressions::new(&inner.seals);
        let Written { text, trace } = inner.update_expression(&mut expressions, &self.changes, &key).map_err(failed)?;
        let condition = self.condition.as_ref().map(|condition| &condition.node);
        let guarded = self.rooms.with(condition);
        let there = (!self.creates).then_some(&key);
        let guard = inner.guard(&mut expressions, there, self.version, guarded.as_ref()).map_err(failed)?;
        let (names, values) = expressions.finish();
        let asked = condition.is_some();
        let blame = |kind: ModelErrorKind| match kind {
            ModelErrorKind::Condition if !asked && self.version.is_none() => ModelErrorKind::NotFound,
            other => Inner::blame(other, self.version, asked),
        };
        let row: SdkItem = if inner.definition.record {
            let mut request = inner.sealer.update_sealed(&inner.client, inner.name.as_str());
            for (name, value) in key.attributes() {
                request = request.key(name, value_to_sdk(value.clone()));
            }
            if let Some(text) = text {
                request = request.update_expression(text);
            }
            if let Some(guard) = guard {
                request = request.condition_expression(guard);
            }
            for (placeholder, name) in names.into_iter().flatten() {
                request = request.expression_attribute_names(placeholder, name);
            }
            for (placeholder, value) in values.into_iter().flatten() {
                request = request.expression_attribute_values(placeholder, value);
            }
            let (sent, tries) = watched(request.send()).await;
            match sent {
                Ok(updated) => updated.after,
                Err(error) => {
                    let lost = Lost::of_update(&tries, &error);
                    let kind = match error.is_condition() {
                        true => inner.blame_room(blame(ModelErrorKind::Condition), lost, &self.rooms, &key).await,
                        false => error.into(),
                    };
                    return Err(failed(lost.kind(kind)));
                }
            }
        } else {
            let request = inner.client.update_item().table_name(&inner.name).set_key(Some(key.to_sdk()));
            let request = request.set_update_expression(text).set_condition_expression(guard);
            let request = request.set_expression_attribute_names(names).set_expression_attribute_values(values);
            let request = request.return_values(ReturnValue::AllNew);
            let (sent, tries) = watched(request.send_sealed(&inner.sealer)).await;
            match sent {
                Ok(updated) => {
                    let row = updated.attributes.unwrap_or_default();
                    inner.same_item(OPERATION, &key, row).map_err(ModelError::after_the_fact)?
                }
                Err(error) => {
                    let lost = Lost::of(&tries, &error);
                    let kind = inner.blame_room(blame(error.into()), lost, &self.rooms, &key).await;
                    inner.settle(OPERATION, &key, kind, lost, trace).await?
                }
            }
        };
        let new = inner.model(OPERATION, row).map_err(ModelError::after_the_fact)?;
        Ok(self.to.become_it(new))
    }
}

impl Inner {
    /// What DynamoDB would refuse in words about paths.
    fn check_changes(&self, changes: &[Change], key: &StoredKey) -> Result<(), ModelErrorKind> {
        let refused = |text: String| Err(ModelErrorKind::Refused(text));
        let version = self.definition.version.and_then(|index| self.definition.columns.get(index));
        let mut changed = HashSet::new();
        for attribute in changes.iter().map(Change::attribute) {
            if key.attributes().any(|(name, _)| name == attribute) {
                return refused(format!(
                    "`{attribute}` is part of the item's key, which can not be changed: delete the item and save it anew"
                ));
            }
            if version.is_some_and(|version| version.attribute == attribute) {
                return refused(format!("`{attribute}` is the item's version, which each update counts up by itself"));
            }
            if !changed.insert(attribute) {
                return refused(format!(
                    "`{attribute}` is changed twice in one update, and DynamoDB takes one change of an attribute: send two updates"
                ));
            }
        }
        Ok(())
    }

    /// Refuses to make an item that could not be read.
    fn check_created<M: Model>(&self, changes: &[Change], key: &StoredKey) -> Result<(), ModelErrorKind> {
        let mut values = self.seals.open_row(key.to_sdk())?;
        for change in changes {
            let place = self.definition.columns.iter().position(|column| column.attribute == change.attribute());
            let Some(slot) = place.and_then(|place| values.get_mut(place)) else { continue };
            match change {
                // Of what is not there, these leave nothing.
                Change::Remove(_) | Change::DeleteFrom(_) => *slot = None,
                Change::Set(operand)
                | Change::SetIfAbsent(operand)
                | Change::Add(operand)
                | Change::Append(operand)
                | Change::Prepend(operand) => {
                    let unfit = |reason| ModelErrorKind::Value { attribute: operand.attribute(), reason };
                    *slot = operand.value().map_err(unfit)?.cloned();
                }
            }
        }
        if let Some(version) = self.definition.version.and_then(|place| values.get_mut(place)) {
            *version = Some(AttributeValue::N("1".to_owned()));
        }
        let refused = |error: super::FieldError| {
            ModelErrorKind::Refused(format!(
                "`or_create` would make an item that cannot be read ({error}): set everything that the model needs, or save the item"
            ))
        };
        M::from_values(values).map(drop).map_err(refused)
    }

    fn update_expression(
        &self,
        expressions: &mut Expressions<'_>,
        changes: &[Change],
        key: &StoredKey,
    ) -> Result<Written, ModelErrorKind> {
        let mut trace = None;
        let (mut set, mut remove, mut add, mut delete) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for change in changes {
            let value = match change {
                Change::Remove(_) => None,
                Change::Set(operand)
                | Change::SetIfAbsent(operand)
                | Change::Add(operand)
                | Change::Append(operand)
                | Change::Prepend(operand)
                | Change::DeleteFrom(operand) => self.seals.seal_value(operand, key)?,
            };
            if value.is_none() && !matches!(change, Change::Remove(_) | Change::Set(_)) {
                // Nothing to add, to append or to take away.
                continue;
            }
            if let Some(value) = value.as_ref().filter(|_| self.seals.is_randomised(change.attribute())) {
                trace = Some(Trace::new(change.attribute(), value_to_sdk(value.clone())));
            }
            let name = expressions.name(change.attribute());
            match (change, value.map(|value| expressions.value(value))) {
                (_, None) => remove.push(name),
                (Change::Set(_), Some(value)) => set.push(format!("{name} = {value}")),
                (Change::SetIfAbsent(_), Some(value)) => set.push(format!("{name} = if_not_exists({name}, {value})")),
                (Change::Add(_), Some(value)) => add.push(format!("{name} {value}")),
                (Change::DeleteFrom(_), Some(value)) => delete.push(format!("{name} {value}")),
                (change, Some(value)) => {
                    let empty = expressions.value(AttributeValue::L(Vec::new()));
                    let there = format!("if_not_exists({name}, {empty})");
                    set.push(match change {
                        Change::Prepend(_) => format!("{name} = list_append({value}, {there})"),
                        _ => format!("{name} = list_append({there}, {value})"),
                    });
                }
                #[allow(unreachable_patterns, reason = "removing has no value")]
                (Change::Remove(_), Some(_)) => {}
            }
        }
        if let Some(version) = self.definition.version.and_then(|index| self.definition.columns.get(index)) {
            let (name, one) =
                (expressions.name(version.attribute), expressions.value(AttributeValue::N("1".to_owned())));
            add.push(format!("{name} {one}"));
        }
        let clauses = [("SET", set), ("REMOVE", remove), ("ADD", add), ("DELETE", delete)];
        let clauses: Vec<String> = clauses
            .into_iter()
            .filter(|(_, parts)| !parts.is_empty())
            .map(|(word, parts)| format!("{word} {}", parts.join(", ")))
            .collect();
        if clauses.is_empty() && changes.is_empty() {
            return Err(ModelErrorKind::Refused("nothing is to be changed".to_owned()));
        }
        Ok(Written { text: Some(clauses.join(" ")).filter(|text| !text.is_empty()), trace })
    }
}

impl<'a, M: Model> IntoFuture for Update<M, &'a mut M> {
    type Output = Result<(), ModelError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<M: Model> IntoFuture for Update<M, Out> {
    type Output = Result<M, ModelError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
impl<M: Model> Table<M> {
    /// Changes attributes of an item, if it still has its version. The item becomes what is stored then: **what was changed
    /// in it and not sent is gone.**
    pub fn update<'a>(&self, item: &'a mut M) -> Update<M, &'a mut M> {
        const OPERATION: &str = "updating";
        let inner = &*self.inner;
        let version = inner.version(&*item);
        let (keys, known) = match item.to_values() {
            Ok(values) => {
                let keys = inner.seals.keys_of_values(&values).map_err(|kind| inner.error(OPERATION, kind));
                (keys, values)
            }
            Err(error) => (Err(inner.error(OPERATION, error)), Vec::new()),
        };
        Update { version, rooms: Rooms::new(known), ..Update::new(self, item, keys) }
    }

    /// Changes attributes of the item with this key, whatever its version, which is counted up.
    pub fn update_by_key<By>(&self, key: impl IntoKey<M, M::Partition, M::Sort, By>) -> Update<M, Out> {
        Update::new(self, Out, self.keys("updating", key))
    }
}
