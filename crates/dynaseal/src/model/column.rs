//! Typed columns and indexes. Which conditions a column has depends on its type and on what protects it: what DynamoDB
//! can not answer does not compile.

use std::fmt;
use std::marker::PhantomData;

use super::Model;
use super::attribute::{Attribute, Container, Measured, Ordered, Text};
use super::condition::{Comparison, Condition, Node, Operand};
use super::definition::ColumnDefinition;

/// The attribute is readable.
#[derive(Clone, Copy, Debug)]
pub enum Plain {}
/// The attribute is sealed alone, and equal values look equal.
#[derive(Clone, Copy, Debug)]
pub enum Deterministic {}
/// The attribute is sealed alone, and no two values look alike.
#[derive(Clone, Copy, Debug)]
pub enum Randomised {}
/// The attribute is encrypted in the item's record.
#[derive(Clone, Copy, Debug)]
pub enum InRecord {}
/// The attribute is encrypted in the item's record and has a beacon.
#[derive(Clone, Copy, Debug)]
pub enum Searched {}

/// A column that can be compared for equality.
#[diagnostic::on_unimplemented(
    message = "a column that is sealed with a random nonce can not be compared",
    note = "`#[model(seal = \"deterministic\")]` seals equal values to equal bytes; in records, `beacon(length = …)` makes them searchable"
)]
pub trait Comparable {}
impl Comparable for Plain {}
impl Comparable for Deterministic {}
impl Comparable for Searched {}

/// A column of which it can be told that it is not equal to something.
#[diagnostic::on_unimplemented(
    message = "that a sealed value is not another one can only be told of deterministic attributes",
    note = "different values may have equal beacons"
)]
pub trait Distinguishable: Comparable {}
impl Distinguishable for Plain {}
impl Distinguishable for Deterministic {}

/// A column of the model `M` with values of type `T` and a protection `P`: [`Plain`], [`Deterministic`], [`Randomised`],
/// [`InRecord`] or [`Searched`].
///
/// The derive makes a function for each: `Archive::secret_message()`.
pub struct Column<M, T, P> {
    definition: &'static ColumnDefinition,
    to_value: fn(&T) -> Result<Option<dynaseal_core::AttributeValue>, super::Unfit>,
    marker: PhantomData<fn(M, T, P)>,
}

impl<M, T, P> Clone for Column<M, T, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, T, P> Copy for Column<M, T, P> {}

impl<M, T, P> fmt::Debug for Column<M, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({})", self.definition.attribute)
    }
}

impl<M: Model, T, P> Column<M, T, P> {
    /// For the derive: the column at this place of the definition.
    #[doc(hidden)]
    pub fn of(index: usize, to_value: fn(&T) -> Result<Option<dynaseal_core::AttributeValue>, super::Unfit>) -> Self {
        #[allow(clippy::indexing_slicing, reason = "the derive counts the columns that it writes down")]
        Self { definition: &M::DEFINITION.columns[index], to_value, marker: PhantomData }
    }

    /// The attribute.
    pub fn attribute(&self) -> &'static str {
        self.definition.attribute
    }

    pub(super) fn operand(self, value: &T) -> Operand {
        Operand::new(self.definition.attribute, (self.to_value)(value))
    }

    fn compare(self, comparison: Comparison, value: &T) -> Condition<M> {
        Condition::new(Node::Compare(self.definition.attribute, comparison, self.operand(value)))
    }

    /// Whether the item has the attribute.
    pub fn exists(self) -> Condition<M> {
        Condition::new(Node::Exists(self.definition.attribute, true))
    }

    /// Whether the item has not the attribute.
    pub fn not_exists(self) -> Condition<M> {
        Condition::new(Node::Exists(self.definition.attribute, false))
    }
}

impl<M: Model, T, P: Comparable> Column<M, T, P> {
    /// `=`. A deterministic column is compared with the value as each known root seals it.
    pub fn eq(self, value: impl Into<T>) -> Condition<M> {
        self.compare(Comparison::Eq, &value.into())
    }

    /// `<>`. True of items without the attribute, as in DynamoDB.
    pub fn ne(self, value: impl Into<T>) -> Condition<M>
    where
        P: Distinguishable,
    {
        self.compare(Comparison::Ne, &value.into())
    }

    /// Whether it is one of these. DynamoDB takes expressions of 4 KB and 300 operators, and with several roots each value
    /// is there once for every root.
    pub fn is_in<V: Into<T>>(self, values: impl IntoIterator<Item = V>) -> Condition<M> {
        let values = values.into_iter().map(|value| self.operand(&value.into())).collect();
        Condition::new(Node::In(self.definition.attribute, values))
    }
}

impl<M: Model, T: Ordered> Column<M, T, Plain> {
    /// `<`
    pub fn lt(self, value: impl Into<T>) -> Condition<M> {
        self.compare(Comparison::Lt, &value.into())
    }

    /// `<=`
    pub fn le(self, value: impl Into<T>) -> Condition<M> {
        self.compare(Comparison::Le, &value.into())
    }

    /// `>`
    pub fn gt(self, value: impl Into<T>) -> Condition<M> {
        self.compare(Comparison::Gt, &value.into())
    }

    /// `>=`
    pub fn ge(self, value: impl Into<T>) -> Condition<M> {
        self.compare(Comparison::Ge, &value.into())
    }

    /// From `low` to `high`, both counted.
    pub fn between(self, low: impl Into<T>, high: impl Into<T>) -> Condition<M> {
        let (low, high) = (self.operand(&low.into()), self.operand(&high.into()));
        Condition::new(Node::Between(self.definition.attribute, low, high))
    }
}

impl<M: Model, T: Text> Column<M, T, Plain> {
    /// Whether it begins so.
    pub fn begins_with(self, beginning: impl Into<T>) -> Condition<M> {
        Condition::new(Node::BeginsWith(self.definition.attribute, self.operand(&beginning.into())))
    }
}

impl<M: Model, T: Container> Column<M, T, Plain> {
    /// Whether a text has this part, a list or set this element.
    pub fn contains(self, part: impl Into<T::Part>) -> Condition<M> {
        let part = Operand::new(self.definition.attribute, part.into().to_value());
        Condition::new(Node::Contains(self.definition.attribute, part))
    }
}

impl<M: Model, T: Measured> Column<M, T, Plain> {
    /// The size as DynamoDB counts it, compared.
    pub fn size_gt(self, size: u32) -> Condition<M> {
        Condition::new(Node::Size(self.definition.attribute, Comparison::Gt, size))
    }

    /// The size as DynamoDB counts it, compared.
    pub fn size_lt(self, size: u32) -> Condition<M> {
        Condition::new(Node::Size(self.definition.attribute, Comparison::Lt, size))
    }

    /// The size as DynamoDB counts it, compared.
    pub fn size_eq(self, size: u32) -> Condition<M> {
        Condition::new(Node::Size(self.definition.attribute, Comparison::Eq, size))
    }
}

/// The primary key or an index of a model: its partition key column, and its sort key column or [`NoSort`].
pub struct Index<M, P, S> {
    /// The name of a secondary index.
    pub(super) name: Option<&'static str>,
    pub(super) partition: P,
    pub(super) sort: S,
    marker: PhantomData<fn(M)>,
}

impl<M, P: Copy, S: Copy> Clone for Index<M, P, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, P: Copy, S: Copy> Copy for Index<M, P, S> {}

impl<M, P, S> fmt::Debug for Index<M, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index({})", self.name.unwrap_or("primary key"))
    }
}

impl<M, P, S> Index<M, P, S> {
    /// For the derive.
    #[doc(hidden)]
    pub fn of(name: Option<&'static str>, partition: P, sort: S) -> Self {
        Self { name, partition, sort, marker: PhantomData }
    }
}

/// In place of a sort key column: there is none.
#[derive(Clone, Copy, Debug)]
pub struct NoSort;

/// What names an item: a partition key, or a pair of partition and sort key.
pub trait IntoKey<M: Model, P, S> {
    /// The values of the key.
    #[doc(hidden)]
    fn into_key(self, key: Index<M, P, S>) -> [Option<Operand>; 2];
}

impl<M: Model, T, P, A: Into<T>> IntoKey<M, Column<M, T, P>, NoSort> for A {
    fn into_key(self, key: Index<M, Column<M, T, P>, NoSort>) -> [Option<Operand>; 2] {
        [Some(key.partition.operand(&self.into())), None]
    }
}

impl<M: Model, T, P, U, Q, A: Into<T>, B: Into<U>> IntoKey<M, Column<M, T, P>, Column<M, U, Q>> for (A, B) {
    fn into_key(self, key: Index<M, Column<M, T, P>, Column<M, U, Q>>) -> [Option<Operand>; 2] {
        [Some(key.partition.operand(&self.0.into())), Some(key.sort.operand(&self.1.into()))]
    }
}
