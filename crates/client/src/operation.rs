//! Every operation of the SDK that carries items: its fields are moved into the transform of `dynaseal-ops`, and back.

mod batch_get_item;
mod batch_write_item;
mod delete_item;
mod get_item;
mod page;
mod put_item;
mod statement;
mod transact_get_items;
mod transact_write_items;
mod update_item;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::future::Future;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal_core::Item;
use dynaseal_ops::operation::OpenItem;
use dynaseal_ops::{Expressions, Measure, OperationError, Refusal, Tables, short_name};

use crate::value::{from_sdk, to_sdk};

pub(crate) use page::{count_items, put_query, take_query};
pub(crate) use transact_write_items::{seal_entry, table_name};

pub(crate) type SdkItem = HashMap<String, AttributeValue>;

/// An operation, by the type of its input.
pub(crate) trait Operation: Debug + Send + Sync + Sized + 'static {
    /// DynamoDB's name for it.
    const NAME: &'static str;
    /// What it gives.
    type Output: Debug + Send + Sync + 'static;
    /// What may go wrong with it.
    type Error: std::error::Error + Send + Sync + 'static;
    /// What opens its response.
    type Open: Debug + Send + Sync + 'static;

    /// Checks and seals the request; `None` if it is about no sealed table, and then it is untouched.
    ///
    /// After an error, nothing may be sent: the request is in pieces.
    fn seal(
        &mut self,
        tables: &Tables,
        measure: &mut Measure,
    ) -> impl Future<Output = Result<Option<Self::Open>, OperationError>> + Send;

    /// Opens the response. After an error, nothing of it may be handed over.
    fn open(
        open: &Self::Open,
        output: &mut Self::Output,
        measure: &mut Measure,
    ) -> impl Future<Output = Result<(), OperationError>> + Send;

    /// Opens the items of an error.
    fn open_error(
        _open: &Self::Open,
        _error: &mut Self::Error,
        _measure: &mut Measure,
    ) -> impl Future<Output = Result<(), OperationError>> + Send {
        std::future::ready(Ok(()))
    }

    /// The tables that the request names, as it names them; none of those that statements name, which are refused.
    fn table_names(&self) -> Vec<&str>;

    /// The names of the request's sealed tables, for spans.
    fn sealed_tables(&self, tables: &Tables) -> String {
        let found: BTreeSet<_> =
            self.table_names().into_iter().filter_map(|name| tables.get(name)).map(|table| table.name()).collect();
        found.into_iter().collect::<Vec<_>>().join(",")
    }

    /// What tells this request from every other ([`Place`](crate::door::Place)), if it may be of a sealed table.
    fn place(&self) -> Option<usize>;
}

/// An item of ours; the error is without a table, for nothing is known of it yet.
pub(crate) fn item(operation: &'static str, item: SdkItem) -> Result<Item, OperationError> {
    let unknown = |error: crate::value::UnknownType| Refusal::UnknownType { name: error.name().to_owned() };
    from_sdk(item).map_err(|error| OperationError::without_table(operation, unknown(error)))
}

pub(crate) fn items(operation: &'static str, items: Vec<SdkItem>) -> Result<Vec<Item>, OperationError> {
    items.into_iter().map(|of| item(operation, of)).collect()
}

/// What all requests have of expressions, by mutable reference.
#[derive(Default)]
struct Texts<'r> {
    condition: Option<&'r mut Option<String>>,
    filter: Option<&'r mut Option<String>>,
    key_condition: Option<&'r mut Option<String>>,
    projection: Option<&'r mut Option<String>>,
    update: Option<&'r mut Option<String>>,
    names: Option<&'r mut Option<HashMap<String, String>>>,
    values: Option<&'r mut Option<SdkItem>>,
}

impl Texts<'_> {
    /// Moves them out of the request. `legacy` are the older parameters, and whether each is set.
    fn take(
        &mut self,
        operation: &'static str,
        legacy: impl IntoIterator<Item = (&'static str, bool)>,
    ) -> Result<Expressions, OperationError> {
        fn text(text: &mut Option<&mut Option<String>>) -> Option<String> {
            text.as_mut().and_then(|text| text.take())
        }
        let names = self.names.as_mut().and_then(|names| names.take()).unwrap_or_default();
        let values = self.values.as_mut().and_then(|values| values.take()).unwrap_or_default();
        Ok(Expressions {
            condition: text(&mut self.condition),
            filter: text(&mut self.filter),
            key_condition: text(&mut self.key_condition),
            projection: text(&mut self.projection),
            update: text(&mut self.update),
            names: names.into_iter().collect(),
            values: item(operation, values)?,
            legacy: legacy.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name).collect(),
        })
    }

    /// Moves them back.
    fn put(self, expressions: Expressions) {
        fn text(place: Option<&mut Option<String>>, text: Option<String>) {
            if let Some(place) = place {
                *place = text;
            }
        }
        text(self.condition, expressions.condition);
        text(self.filter, expressions.filter);
        text(self.key_condition, expressions.key_condition);
        text(self.projection, expressions.projection);
        text(self.update, expressions.update);
        if let Some(place) = self.names {
            *place = sdk_names(expressions.names);
        }
        if let Some(place) = self.values {
            *place = Some(to_sdk(expressions.values)).filter(|values| !values.is_empty());
        }
    }
}

/// What opens the parts of a response, by table: a response may name a table in another way than its request.
#[derive(Debug)]
pub(crate) struct ByTable<T> {
    operation: &'static str,
    /// By short name; nothing for tables that are not sealed.
    tables: HashMap<String, Option<T>>,
}

impl<T> ByTable<T> {
    /// For a request that names these tables.
    fn new<'n>(operation: &'static str, names: impl Iterator<Item = &'n str>) -> Result<Self, OperationError> {
        let mut tables = HashMap::new();
        for name in names {
            if tables.insert(short_name(name).to_owned(), None).is_some() {
                return Err(OperationError::new(operation, name, Refusal::TableTwice));
            }
        }
        Ok(Self { operation, tables })
    }

    fn insert(&mut self, name: &str, open: T) {
        self.tables.insert(short_name(name).to_owned(), Some(open));
    }

    fn if_any(self) -> Option<Self> {
        self.tables.values().any(Option::is_some).then_some(self)
    }

    /// What opens the part of this table; `None` if it is not sealed.
    fn get(&self, name: &str) -> Result<Option<&T>, OperationError> {
        match self.tables.get(short_name(name)) {
            Some(open) => Ok(open.as_ref()),
            None => {
                let refusal = Refusal::OtherTable { name: name.to_owned() };
                Err(OperationError::without_table(self.operation, refusal))
            }
        }
    }
}

/// DynamoDB refuses an empty map.
pub(crate) fn sdk_names(names: BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!names.is_empty()).then(|| names.into_iter().collect())
}

/// Opens a whole item where it lies.
async fn open_place(
    operation: &'static str,
    open: &OpenItem,
    place: &mut Option<SdkItem>,
    measure: &mut Measure,
) -> Result<(), OperationError> {
    if let Some(sealed) = place.take() {
        *place = Some(to_sdk(open.open(item(operation, sealed)?, measure).await?));
    }
    Ok(())
}
