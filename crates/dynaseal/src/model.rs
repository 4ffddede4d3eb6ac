//! Typed models with sealed fields: a struct is an item, and says of each field what protects it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use dynaseal::model::Model;
//! use dynaseal::{AttributeKeys, AttributeRoot};
//!
//! #[derive(Model)]
//! #[model(table = "people")]
//! struct Person {
//!     #[model(partition_key)]
//!     id: String,
//!     #[model(seal = "deterministic")]
//!     email: String,
//!     #[model(seal)]
//!     diagnosis: Option<String>,
//!     visits: u32,
//! }
//!
//! # let client = dynaseal::local::memory()?;
//! let keys = AttributeKeys::new(AttributeRoot::from_bytes("2026", &[7; 32])?);
//! let people = Person::on(&client).attribute_keys(&keys).open()?;
//! people.create_if_missing().await?;
//!
//! let diagnosis = Some("influenza".to_owned());
//! let mut ada = Person { id: "1".into(), email: "ada@example.com".into(), diagnosis, visits: 1 };
//! people.save(&mut ada).await?;
//!
//! let found = people.scan().filter(Person::email().eq("ada@example.com")).items().all().await?;
//! assert_eq!(found[0].diagnosis.as_deref(), Some("influenza"));
//! people.update(&mut ada).add(Person::visits(), 1).set(Person::diagnosis(), None).await?;
//! assert_eq!((ada.visits, ada.diagnosis), (2, None));
//! # Ok(()) }
//! ```
//!
//! # Two ways to seal
//!
//! - **Sealed attributes**, as above: each value carries its own protection, so single attributes can be updated and
//!   projected. `seal` seals with a random nonce, bound to the item: a value that is copied to another item, attribute or
//!   table does not open there. `seal = "deterministic"` seals equal values to equal bytes, which can be compared, looked
//!   for and be keys, and which tell whoever reads the table which items have equal values.
//! - **Records** of the DB-ESDK, by `record` on the struct: every attribute but the `plain` ones is signed, AWS's clients
//!   read it, and nobody can take one attribute out of it or put one back. Each field says `seal`, `sign`, `context` or
//!   `plain`; keys and `version` are signed and `ttl` is plain by themselves. `beacon(length = …)` makes a sealed field
//!   searchable, and an index on it is one of the beacon.
//!
//! What neither hides: names of attributes, lengths, how many there are, and who reads and writes what and when. A sealed
//! attribute can be taken away, and an older value of the same item put back in its place; a record can be put back as a
//! whole only. A `version` that the application knows shows that in records, where it is signed; beside sealed attributes
//! it is readable, and whoever writes the table can set it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use dynaseal::model::Model;
//! use dynaseal::search::BeaconKeys;
//! use dynaseal::{BeaconKey, RawAesKeyring};
//!
//! #[derive(Model)]
//! #[model(table = "visits", record)]
//! struct Visit {
//!     #[model(partition_key)]
//!     id: String,
//!     #[model(seal, beacon(length = 16), global_index(name = "by-name", partition_key))]
//!     name: String,
//!     #[model(seal)]
//!     diagnosis: String,
//!     #[model(sign)]
//!     ward: String,
//! }
//!
//! # let client = dynaseal::local::memory()?;
//! // Any keyring of this library; AWS's clients open the records with theirs and the same actions.
//! let keyring = RawAesKeyring::new("hospital", "key-2026", &[7; 32])?;
//! let beacons = BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32])?);
//! let visits = Visit::on(&client).keyring(keyring).beacon_keys(beacons).open()?;
//! visits.create_if_missing().await?;
//!
//! let mut visit =
//!     Visit { id: "v-1".into(), name: "Ada".into(), diagnosis: "migraine".into(), ward: "north".into() };
//! visits.save(&mut visit).await?;
//! let found = visits.query_index(Visit::by_name(), "Ada").items().all().await?;
//! assert_eq!(found[0].diagnosis, "migraine");
//! # Ok(()) }
//! ```
//!
//! # What a table does
//!
//! | | |
//! | --- | --- |
//! | one item | [`save`](Table::save), [`get`](Table::get), [`refresh`](Table::refresh), [`update`](Table::update), [`update_by_key`](Table::update_by_key), [`delete`](Table::delete), [`delete_by_key`](Table::delete_by_key), with `.condition(…)` |
//! | several | [`get_many`](Table::get_many), [`batch`](Table::batch), [`transact_get`](Table::transact_get), [`Transaction`] over tables of one client |
//! | reading | [`query`](Table::query), [`query_index`](Table::query_index), [`scan`](Table::scan) with `filter`, `limit`, `page_size`, `start_at`, `descending`, `consistent`, `segments`, `rate_limit`; then `items()`, `page()`, `count()` or `columns([Person::email().attribute()])` |
//! | the table | [`create_if_missing`](Table::create_if_missing), [`create`](Table::create), [`describe`](Table::describe), [`exists`](Table::exists), [`delete_table`](Table::delete_table) |
//! | the console | [`console_url`](Table::console_url), [`items_console_url`](Table::items_console_url), [`item_console_url`](Table::item_console_url) |
//! | all else | [`client`](Table::client) and [`sealer`](Table::sealer), with [`to_stored`](Table::to_stored) and [`from_stored`](Table::from_stored); [`stored`](Table::stored); [`reseal`](Table::reseal) |
//!
//! Values are whatever becomes the field's type ([`IntoValue`]): `1`, `"text"`, also for an `Option<String>`, `None` to remove
//! one. An index `by-name` makes a function `by_name`. `Debug` is implemented by the derive, so do not derive it
//! as well; sealed and skipped fields print as their type. To print a value, print the field.
//!
//! A [`ModelError`] prints which operation, table and item failed; why is its [`kind`](ModelError::kind) and `source()`.
//! [`is_condition`](ModelError::is_condition), [`is_version_conflict`](ModelError::is_version_conflict),
//! [`is_transaction_conflict`](ModelError::is_transaction_conflict) and [`is_unanswered`](ModelError::is_unanswered) tell what
//! programs decide on, of transactions too. In streams, an item that can not be opened is one `Err`, and the next one follows.
//!
//! What reads as "and" is one: each `condition`, `filter` and `sort_…` asks one more thing, and of several limits the smallest
//! counts. What can only be given once, such as a keyring, is refused when it is given twice.
//!
//! # When an answer is lost
//!
//! The SDK sends a write again whose answer did not come, and then its condition may fail because of the write itself. Where
//! something in the item is sealed with a random nonce (any field with `seal`, and every record), the write is recognised by
//! that and is done. Where nothing is, another writer may have written the same, so the error is
//! [`ModelErrorKind::Unanswered`]: refresh the item, and look. Transactions are known to DynamoDB by a token of the SDK's.
//! Updates without a version that add or append may be done twice.
//!
//! # Keys and their rotation
//!
//! An [`AttributeRoot`](dynaseal_core::AttributeRoot) is 32 bytes from a secret store, a branch key of the key store
//! (`from_branch_key`), or made from a passphrase (feature `passphrase`) with a recipe, which is made once by `dynaseal
//! attribute recipe` and kept in the configuration: without it, the passphrase opens nothing. Its id is part of each value, can
//! be read, and never names another key later. To change the key:
//!
//! 1. everywhere: `AttributeKeys::new(old).and_reads(new)?`
//! 2. then everywhere: `AttributeKeys::new(new).and_reads(old)?`
//! 3. `reseal()`, until `moved`, `contended` and `refused` are 0
//! 4. everywhere: `AttributeKeys::new(new)`
//!
//! As long as a key attribute that is sealed has several roots, `save` is a transaction with its old keys, and all roots' keys are
//! looked for: do not stay there.
//!
//! Values are bound to `table = "…"`, whatever the table is called ([`Options::table_name`]): copies of it with the same root
//! key open each other's values, so give each stage its own. They do not open any more when that name, the name or type of the
//! attribute, the names or values of the primary key (for `seal`), or `seal` into `seal = "deterministic"` changes: read with
//! the old struct and save with the new one. The same goes for attributes that were plain.
//!
//! # Conditions that mean nothing do not compile
//!
//! DynamoDB sees bytes where a field is sealed. So there is no order on a sealed column:
//!
//! ```compile_fail,E0277
//! # use dynaseal::model::Model;
//! # #[derive(Model)] #[model(table = "people")]
//! # struct Person { #[model(partition_key)] id: String, #[model(seal = "deterministic")] email: String }
//! Person::email().lt("b");
//! ```
//!
//! nor are there ranges, beginnings and parts:
//!
//! ```compile_fail,E0277
//! # use dynaseal::model::Model;
//! # #[derive(Model)] #[model(table = "people")]
//! # struct Person { #[model(partition_key)] id: String, #[model(seal = "deterministic")] email: String }
//! Person::email().between("a", "b");
//! ```
//!
//! ```compile_fail,E0277
//! # use dynaseal::model::Model;
//! # #[derive(Model)] #[model(table = "people")]
//! # struct Person { #[model(partition_key)] id: String, #[model(seal = "deterministic")] email: String }
//! Person::email().begins_with("a");
//! ```
//!
//! ```compile_fail,E0277
//! # use dynaseal::model::Model;
//! # #[derive(Model)] #[model(table = "people")]
//! # struct Person { #[model(partition_key)] id: String, #[model(seal = "deterministic")] email: String }
//! Person::email().contains("a");
//! ```
//!
//! A column that is sealed with a random nonce is not even equal to anything:
//!
//! ```compile_fail,E0277
//! # use dynaseal::model::Model;
//! # #[derive(Model)] #[model(table = "people")]
//! # struct Person { #[model(partition_key)] id: String, #[model(seal)] email: String }
//! Person::email().eq("a");
//! ```
//!
//! In records it is the same without a beacon, and with one there is equality only:
//!
//! ```compile_fail,E0277
//! # use dynaseal::model::Model;
//! # #[derive(Model)] #[model(table = "people", record)]
//! # struct Person { #[model(partition_key)] id: String, #[model(seal)] email: String }
//! Person::email().is_in(["a"]);
//! ```
//!
//! ```compile_fail,E0277
//! # use dynaseal::model::Model;
//! # #[derive(Model)] #[model(table = "people", record)]
//! # struct Person { #[model(partition_key)] id: String, #[model(seal, beacon(length = 24))] email: String }
//! Person::email().gt("a");
//! ```
//!
//! ```compile_fail,E0277
//! # use dynaseal::model::Model;
//! # #[derive(Model)] #[model(table = "people", record)]
//! # struct Person { #[model(partition_key)] id: String, #[model(seal, beacon(length = 24))] email: String }
//! Person::email().ne("a");
//! ```
//!
//! A sealed number can not be added to, what is not a text has no beginning, what the item can not be without is not
//! removed, and a sort key that is sealed has no order:
//!
//! ```compile_fail,E0277
//! # use dynaseal::model::{Model, Table};
//! # #[derive(Model)] #[model(table = "people")]
//! # struct Person { #[model(partition_key)] id: String, #[model(seal)] visits: u32 }
//! # fn add(people: Table<Person>) {
//! people.update_by_key("1").add(Person::visits(), 1);
//! # }
//! ```
//!
//! ```compile_fail,E0277
//! # use dynaseal::model::Model;
//! # #[derive(Model)] #[model(table = "people")]
//! # struct Person { #[model(partition_key)] id: String, visits: u32 }
//! Person::visits().begins_with(1);
//! ```
//!
//! ```compile_fail,E0277
//! # use dynaseal::model::{Model, Table};
//! # #[derive(Model)] #[model(table = "people")]
//! # struct Person { #[model(partition_key)] id: String, visits: u32 }
//! # fn remove(people: Table<Person>) {
//! people.update_by_key("1").remove(Person::visits());
//! # }
//! ```
//!
//! ```compile_fail,E0277
//! # use dynaseal::model::{Model, Table};
//! # #[derive(Model)] #[model(table = "people")]
//! # struct Person { #[model(partition_key)] id: String, #[model(sort_key, seal = "deterministic")] day: String }
//! # fn query(people: Table<Person>) {
//! people.query("1").sort_lt("2026");
//! # }
//! ```
//!
//! No value of another type is compared, and no float can be a key:
//!
//! ```compile_fail,E0277
//! # use dynaseal::model::Model;
//! # #[derive(Model)] #[model(table = "people")]
//! # struct Person { #[model(partition_key)] id: String, name: Option<String> }
//! Person::name().is_in([1, 2]);
//! ```
//!
//! ```compile_fail,E0277
//! # use dynaseal::model::Model;
//! #[derive(Model)]
//! #[model(table = "places")]
//! struct Place {
//!     #[model(partition_key)]
//!     latitude: f64,
//! }
//! ```
//!
//! Conditions of one model are none of another, and a key has the parts that the table's has:
//!
//! ```compile_fail,E0308
//! # use dynaseal::model::{Model, Table};
//! # #[derive(Model)] #[model(table = "people")]
//! # struct Person { #[model(partition_key)] id: String }
//! # #[derive(Model)] #[model(table = "pets")]
//! # struct Pet { #[model(partition_key)] id: String }
//! # fn scan(people: Table<Person>) {
//! people.scan().filter(Pet::id().eq("a"));
//! # }
//! ```
//!
//! ```compile_fail,E0277
//! # use dynaseal::model::{Model, Table};
//! # #[derive(Model)] #[model(table = "people")]
//! # struct Person { #[model(partition_key)] id: String }
//! # fn get(people: Table<Person>) {
//! people.get(("a", "b"));
//! # }
//! ```
//!
//! # Options of the derive
//!
//! | on the struct | |
//! | --- | --- |
//! | `table = "people"` | the table's name, to which what is sealed is bound |
//! | `region = "eu-central-1"` | for addresses of the console; else the client's |
//! | `billing = "pay-per-request"`, `billing(read = 5, write = 5)` | of a table that is made |
//! | `rename_all = "camelCase"` | names of attributes, as serde has it |
//! | `record` | items are records of the DB-ESDK |
//! | `projection(index = "by-day", keys_only)`, `projection(index = "by-day", include("total"))` | else indexes have everything |
//! | `no_debug` | the derive makes no `Debug`: for one of your own |
//!
//! | on a field | |
//! | --- | --- |
//! | `partition_key`, `sort_key` | the primary key |
//! | `global_index(name = "by-day", partition_key)`, `…, sort_key)`, `local_index(name = "by-total", sort_key)` | keys of indexes |
//! | `seal`, `seal = "deterministic"` | a sealed attribute |
//! | `also_reads = "pynamodb_mate"` | values in that format are read as well, reported ([`Options::on_legacy`]) and written in the new one |
//! | `seal`, `sign`, `context`, `plain`, `beacon(length = 24)` | in records |
//! | `rename = "fullName"`, `skip`, `default`, `default = "path"` | the attribute's name; not stored; what it is where it is missing |
//! | `with = "json"`, `with = "serde"`, `with = "self::module"` | another serialiser ([`with`]) |
//! | `version` | `u64`, 0 for a new item; counted up by each write, which is refused if somebody else wrote meanwhile (but by key: those ask for no version) |
//! | `ttl` | when DynamoDB may delete the item: [`UnixTime`] or whole seconds |
//!
//! All mistakes of a struct are reported at once, each where it is. A field makes a function of its name; so a field `on`
//! hides [`Model::on`], which is `<Lamp as Model>::on(&client)` then.

mod admin;
mod attribute;
mod canceled;
mod column;
mod condition;
mod console;
pub mod definition;
mod error;
mod expression;
mod into;
mod item;
mod lost;
mod many;
mod number;
mod read;
mod reseal;
mod room;
mod seal;
mod shape;
mod table;
mod time;
mod update;
pub mod with;
mod written;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal_core::AttributeValue;

pub use admin::Created;
pub use attribute::{
    Absent, Attribute, Container, Element, KeyAttribute, List, Measured, Numeric, Ordered, Set, Text, Unfit,
};
pub use canceled::{CancelReason, CanceledItem};
pub use column::{
    Column, Comparable, Deterministic, Distinguishable, InRecord, Index, IntoKey, NoSort, Plain, Randomised, Readable,
    Searched,
};
pub use condition::Condition;
pub use definition::Definition;
pub use error::{ModelError, ModelErrorKind};
#[doc(hidden)]
pub use into::Converted;
pub use into::{ByConversion, ByInto, IntoValue};
pub use item::{Delete, Get, Save};
pub use many::{BatchWrite, Transaction};
pub use number::Decimal;
pub use read::{Items, Page, Query, Row, Scan, Start};
pub use reseal::Resealed;
pub use room::Room;
pub use seal::LegacyRead;
pub use table::{OpenError, Options, Table};
pub use time::{PynamoTimestamp, Timestamp, UnixTime};
pub use update::{Out, Target, Update};
#[doc(hidden)]
pub use written::{or_default, read_key, some, written, written_key};

pub use dynaseal_derive::Model;

/// A struct that is an item of a table. Made by `#[derive(Model)]`.
pub trait Model: Sized + Send + Sync + 'static {
    /// Its table, columns and indexes.
    const DEFINITION: &'static Definition;

    /// The type of its partition key's column.
    type Partition: Copy + Send + Sync + 'static;
    /// The type of its sort key's column, or [`NoSort`].
    type Sort: Copy + Send + Sync + 'static;

    /// Its primary key.
    fn primary_key() -> Index<Self, Self::Partition, Self::Sort>;

    /// The values of its columns, in the order of the definition, as they are before they are sealed.
    ///
    /// # Errors
    /// If a field has a value that DynamoDB does not have.
    fn to_values(&self) -> Result<Vec<Option<AttributeValue>>, FieldError>;

    /// From the opened values of its columns, in the order of the definition.
    ///
    /// # Errors
    /// If a value does not fit into its field.
    fn from_values(values: Vec<Option<AttributeValue>>) -> Result<Self, FieldError>;

    /// The number of the item's version, if the model has one.
    fn version(&self) -> Option<u64>;

    /// Sets it.
    fn set_version(&mut self, version: u64);

    /// Begins with the model's table: what it is sealed with, and [`open`](Options::open).
    ///
    /// ```
    /// # use dynaseal::model::Model;
    /// # #[derive(Model)] #[model(table = "people")]
    /// # struct Person { #[model(partition_key)] id: String }
    /// # let client = dynaseal::local::memory()?;
    /// let people = Person::on(&client).open()?;
    /// assert_eq!(people.name(), "people");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn on(client: &Client) -> Options<Self> {
        Options::new(client)
    }

    /// The item as a map of readable values: nothing in it is sealed.
    ///
    /// # Errors
    /// If a field has a value that DynamoDB does not have.
    fn to_map(&self) -> Result<HashMap<String, SdkValue>, FieldError> {
        read::to_map(self)
    }

    /// From a map of readable values.
    ///
    /// # Errors
    /// If a value does not fit into its field, or one is missing.
    fn from_map(map: HashMap<String, SdkValue>) -> Result<Self, FieldError> {
        read::from_map(map)
    }
}

/// A field whose value does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field `{field}` of `{model}`: {reason}")]
pub struct FieldError {
    model: &'static str,
    field: &'static str,
    reason: Unfit,
}

impl FieldError {
    /// For the derive.
    #[doc(hidden)]
    pub fn new(model: &'static str, field: &'static str, reason: Unfit) -> Self {
        Self { model, field, reason }
    }

    /// The field of the struct.
    pub fn field(&self) -> &'static str {
        self.field
    }
}
