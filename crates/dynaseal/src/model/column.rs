//! Typed columns and indexes. Which conditions a column has depends on its type and on what protects it: what DynamoDB
//! can not answer does not compile.

use std::fmt;
use std::marker::PhantomData;

use dynaseal_core::AttributeValue;

use super::attribute::{Attribute, Container, Measured, Ordered, Text};
use super::condition::{Comparison, Condition, Node, Operand};
use super::definition::ColumnDefinition;
use super::into::{ByConversion, ByInto, Converted, IntoValue};
use super::{Model, Unfit};

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

/// A column that DynamoDB can read: only of such columns can it know the order, a beginning or a part, and only such can it
/// add to.
#[diagnostic::on_unimplemented(
    message = "the column is sealed: for DynamoDB it has no order, no beginning and no parts, and nothing can be added to it",
    label = "DynamoDB sees only bytes here: the column is `{Self}`",
    note = "a column with `seal = \"deterministic\"` has `eq`, `ne` and `is_in`; in records, one with a `beacon` has `eq` and `is_in`",
    note = "for an order, leave the attribute readable, or read the items and sort them"
)]
pub trait Readable: Distinguishable {}
impl Readable for Plain {}

type ToValue<T> = fn(&T) -> Result<Option<AttributeValue>, Unfit>;

/// A column of the model `M` with values of type `T` and a protection `P`: [`Plain`], [`Deterministic`], [`Randomised`],
/// [`InRecord`] or [`Searched`].
///
/// The derive makes a function for each: `Archive::secret_message()`.
pub struct Column<M, T, P> {
    definition: &'static ColumnDefinition,
    to_value: ToValue<T>,
    written: ToValue<T>,
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
    /// For the derive: the column at this place of the definition, what stands for its values in conditions, and what is
    /// written of them.
    #[doc(hidden)]
    pub fn of(index: usize, to_value: ToValue<T>, written: ToValue<T>) -> Self {
        #[allow(clippy::indexing_slicing, reason = "the derive counts the columns that it writes down")]
        Self { definition: &M::DEFINITION.columns[index], to_value, written, marker: PhantomData }
    }

    /// The attribute.
    pub fn attribute(&self) -> &'static str {
        self.definition.attribute
    }

    /// What it is to become.
    pub(super) fn set_to<By>(self, value: impl IntoValue<T, By>) -> Operand {
        self.operand(value, self.written)
    }

    /// What it is compared with.
    pub(super) fn given<By>(self, value: impl IntoValue<T, By>) -> Operand {
        self.operand(value, self.to_value)
    }

    fn operand<By>(self, value: impl IntoValue<T, By>, to_value: ToValue<T>) -> Operand {
        Operand::new(self.definition.attribute, value.into_value().and_then(|value| to_value(&value)))
    }

    /// The same where `None` cannot be meant.
    fn compared<By>(self, value: impl IntoValue<T, By>) -> Operand {
        let value = value.into_value().and_then(|value| (self.to_value)(&value));
        Operand::new(self.definition.attribute, value.and_then(something))
    }

    fn compare<By>(self, comparison: Comparison, value: impl IntoValue<T, By>) -> Condition<M> {
        Condition::new(Node::Compare(self.definition.attribute, comparison, self.compared(value)))
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

/// A value that DynamoDB can compare with.
fn something(value: Option<AttributeValue>) -> Result<Option<AttributeValue>, Unfit> {
    let nothing = "nothing is equal to no value: `exists()` and `not_exists()` ask whether there is the attribute";
    value.map(Some).ok_or_else(|| Unfit::new(nothing))
}

impl<M: Model, T, P: Comparable> Column<M, T, P> {
    /// `=`. A deterministic column is compared with the value as each known root seals it. Whether there is the attribute,
    /// [`not_exists`](Self::not_exists) asks: no `None` is equal to anything.
    pub fn eq<By>(self, value: impl IntoValue<T, By>) -> Condition<M> {
        self.compare(Comparison::Eq, value)
    }

    /// `<>`. True of items without the attribute, as in DynamoDB.
    pub fn ne<By>(self, value: impl IntoValue<T, By>) -> Condition<M>
    where
        P: Distinguishable,
    {
        self.compare(Comparison::Ne, value)
    }

    /// Whether it is one of these. DynamoDB takes expressions of 4 KB and 300 operators, and with several roots each value
    /// is there once for every root.
    pub fn is_in<V: IntoValue<T, By>, By>(self, values: impl IntoIterator<Item = V>) -> Condition<M> {
        let values = values.into_iter().map(|value| self.compared(value)).collect();
        Condition::new(Node::In(self.definition.attribute, values))
    }
}

/// What DynamoDB has to read the attribute for.
impl<M: Model, T, P> Column<M, T, P> {
    /// `<`
    pub fn lt<By>(self, value: impl IntoValue<T, By>) -> Condition<M>
    where
        T: Ordered,
        P: Readable,
    {
        self.compare(Comparison::Lt, value)
    }

    /// `<=`
    pub fn le<By>(self, value: impl IntoValue<T, By>) -> Condition<M>
    where
        T: Ordered,
        P: Readable,
    {
        self.compare(Comparison::Le, value)
    }

    /// `>`
    pub fn gt<By>(self, value: impl IntoValue<T, By>) -> Condition<M>
    where
        T: Ordered,
        P: Readable,
    {
        self.compare(Comparison::Gt, value)
    }

    /// `>=`
    pub fn ge<By>(self, value: impl IntoValue<T, By>) -> Condition<M>
    where
        T: Ordered,
        P: Readable,
    {
        self.compare(Comparison::Ge, value)
    }

    /// From `low` to `high`, both counted.
    pub fn between<ByLow, ByHigh>(self, low: impl IntoValue<T, ByLow>, high: impl IntoValue<T, ByHigh>) -> Condition<M>
    where
        T: Ordered,
        P: Readable,
    {
        Condition::new(Node::Between(self.definition.attribute, self.compared(low), self.compared(high)))
    }

    /// Whether it begins so.
    pub fn begins_with<By>(self, beginning: impl IntoValue<T, By>) -> Condition<M>
    where
        T: Text,
        P: Readable,
    {
        Condition::new(Node::BeginsWith(self.definition.attribute, self.compared(beginning)))
    }

    /// Whether a text has this part, a list or set this element.
    pub fn contains<By>(self, part: impl IntoValue<T::Part, By>) -> Condition<M>
    where
        T: Container,
        P: Readable,
    {
        let part = part.into_value().and_then(|part| part.to_value()).and_then(something);
        Condition::new(Node::Contains(self.definition.attribute, Operand::new(self.definition.attribute, part)))
    }

    /// The size as DynamoDB counts it, compared.
    pub fn size_gt(self, size: u32) -> Condition<M>
    where
        T: Measured,
        P: Readable,
    {
        Condition::new(Node::Size(self.definition.attribute, Comparison::Gt, size))
    }

    /// The size as DynamoDB counts it, compared.
    pub fn size_lt(self, size: u32) -> Condition<M>
    where
        T: Measured,
        P: Readable,
    {
        Condition::new(Node::Size(self.definition.attribute, Comparison::Lt, size))
    }

    /// The size as DynamoDB counts it, compared.
    pub fn size_eq(self, size: u32) -> Condition<M>
    where
        T: Measured,
        P: Readable,
    {
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

/// What names an item: a partition key, or a pair of partition and sort key. Each is an [`IntoValue`]; `By` says how, and is
/// never written.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no key of an item of `{M}`",
    label = "write the partition key, or a pair of partition key and sort key",
    note = "the partition key is `{P}`, the sort key `{S}`"
)]
pub trait IntoKey<M: Model, P, S, By = ByInto> {
    /// The values of the key.
    #[doc(hidden)]
    fn into_key(self, key: Index<M, P, S>) -> [Option<Operand>; 2];
}

// One implementation for each way, so that a bound without `By` means what is `Into`, as it always has.
macro_rules! keys {
    ($($by:ty: $of_partition:ident $by_partition:ty, $of_sort:ident $by_sort:ty;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<M: Model, T, P, U, Q, A: $of_partition<T>, B: $of_sort<U>>
            IntoKey<M, Column<M, T, P>, Column<M, U, Q>, $by> for (A, B)
        {
            fn into_key(self, key: Index<M, Column<M, T, P>, Column<M, U, Q>>) -> [Option<Operand>; 2] {
                let partition = key.partition.given::<$by_partition>(self.0);
                [Some(partition), Some(key.sort.given::<$by_sort>(self.1))]
            }
        }
    )*};
}

keys! {
    ByInto: Into ByInto, Into ByInto;
    (ByInto, ByConversion): Into ByInto, Converted ByConversion;
    (ByConversion, ByInto): Converted ByConversion, Into ByInto;
    (ByConversion, ByConversion): Converted ByConversion, Converted ByConversion;
}

#[diagnostic::do_not_recommend]
impl<M: Model, T, P, A: Into<T>> IntoKey<M, Column<M, T, P>, NoSort, ByInto> for A {
    fn into_key(self, key: Index<M, Column<M, T, P>, NoSort>) -> [Option<Operand>; 2] {
        [Some(key.partition.given::<ByInto>(self)), None]
    }
}

#[diagnostic::do_not_recommend]
impl<M: Model, T, P, A: Converted<T>> IntoKey<M, Column<M, T, P>, NoSort, ByConversion> for A {
    fn into_key(self, key: Index<M, Column<M, T, P>, NoSort>) -> [Option<Operand>; 2] {
        [Some(key.partition.given::<ByConversion>(self)), None]
    }
}
