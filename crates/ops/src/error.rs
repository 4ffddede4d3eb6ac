//! Why an operation is not carried out, or its response not handed over.

use std::fmt;

use dynaseal_core::{ErrorKind, ItemError, MAX_ITEM_SIZE};
use dynaseal_expression::{ApplyError, BindError, ExpressionError, ExpressionKind, ResolveError};
use dynaseal_search::{BeaconError, QueryError};

/// One operation failed on our side of the wire.
///
/// `Display` says which operation on which table; [`refusal`](Self::refusal), which is also the `source()`, says why.
#[derive(Debug, thiserror::Error)]
#[error("{operation}{}", OnTable(table.as_deref()))]
pub struct OperationError {
    operation: &'static str,
    table: Option<String>,
    #[source]
    refusal: Box<Refusal>,
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

struct OnTable<'a>(Option<&'a str>);

impl fmt::Display for OnTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(table) => write!(f, " on the sealed table `{table}`"),
            None => Ok(()),
        }
    }
}

impl OperationError {
    /// For a sealed table.
    pub fn new(operation: &'static str, table: &str, refusal: impl Into<Refusal>) -> Self {
        Self { operation, table: Some(table.to_owned()), refusal: Box::new(refusal.into()) }
    }

    /// Where no table is known.
    pub fn without_table(operation: &'static str, refusal: impl Into<Refusal>) -> Self {
        Self { operation, table: None, refusal: Box::new(refusal.into()) }
    }

    /// DynamoDB's name of the operation.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The table's name in DynamoDB, as far as it is known.
    pub fn table(&self) -> Option<&str> {
        self.table.as_deref()
    }

    /// Why.
    pub fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// The item that it is about, if it is about one.
    pub fn item(&self) -> Option<&ItemError> {
        match &*self.refusal {
            Refusal::Item(error) | Refusal::PartialIndex { source: error, .. } => Some(error),
            _ => None,
        }
    }
}

impl Refusal {
    /// Returns why an item that was read is refused: one of an index without its record is most likely not plain, but projected.
    pub fn of_item(source: ItemError, index: Option<&str>) -> Self {
        let is_part = matches!(
            source.kind(),
            ErrorKind::NotSealed { .. } | ErrorKind::Incomplete { .. } | ErrorKind::SignedAttributes { .. }
        );
        match index {
            Some(index) if is_part => Self::PartialIndex { index: index.to_owned(), source },
            _ => source.into(),
        }
    }
}

/// Why an operation is refused. Nothing was sent, unless it is about the response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// An item can not be sealed or opened.
    #[error(transparent)]
    Item(#[from] ItemError),
    /// An expression that makes no sense.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
    /// Placeholders that do not fit.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// Values that do not fit.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A sealed update could not be applied to its item.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// A query or scan that beacons can not answer.
    #[error(transparent)]
    Search(#[from] QueryError),
    /// An item whose beacons can not be made.
    #[error("the beacons of item {key} can not be made")]
    Beacons {
        /// The item's key.
        key: String,
        /// Why.
        #[source]
        source: BeaconError,
    },
    /// An item that is too large with its beacons.
    #[error(
        "item {key} has {size} bytes, sealed and with its beacons, and DynamoDB takes at most {MAX_ITEM_SIZE}: move data to other items or to S3"
    )]
    TooLarge {
        /// The item's key.
        key: String,
        /// The size in bytes.
        size: usize,
    },
    /// A query of all partitions that starts in one of them.
    #[error("ExclusiveStartKey belongs to one partition, and all are asked: leave it out")]
    StartKey,
    /// A count over all partitions.
    #[error("Select = COUNT gives no items to go through: ask for the items and count them")]
    CountOfPartitions,
    /// A query by beacons over an index without whole items.
    #[error(
        "the index `{index}` does not project whole items, so that those whose beacons are equal by chance could not be told from the others: project ALL"
    )]
    UnverifiedSearch {
        /// The index.
        index: String,
    },
    /// A condition on what DynamoDB sees as random bytes.
    #[error(
        "{kind}: `{name}` is ENCRYPT_AND_SIGN, so DynamoDB can not look at it: filter after opening, or use update_sealed for conditions"
    )]
    Encrypted {
        /// The expression.
        kind: ExpressionKind,
        /// The attribute.
        name: String,
    },
    /// A condition on a beacon where only queries and scans can ask for one.
    #[error(
        "{kind}: `{name}` is a beacon or a virtual field, which only queries and scans can ask for: use update_sealed with a condition on the attributes that it is made from"
    )]
    Beacon {
        /// The expression.
        kind: ExpressionKind,
        /// The name.
        name: String,
    },
    /// A search where items are written without beacons.
    #[error(
        "the plaintext policy or the legacy policy of the table has items written without beacons, so that none of them would be found: search when the policy has records written"
    )]
    PlaintextSearch,
    /// An update of an attribute that items of the older format sign.
    #[error(
        "UpdateExpression: `{name}` is unsigned in records but signed in items of the older format, which the legacy policy still allows, and a plain UpdateItem would break those: use update_sealed, or put the whole item"
    )]
    SignedInOlderFormat {
        /// The attribute.
        name: String,
    },
    /// An update of a signed attribute, which would make the item unreadable.
    #[error(
        "UpdateExpression: `{name}` is signed, and a plain UpdateItem would break the item's signature: use update_sealed, or put the whole item"
    )]
    Signed {
        /// The attribute.
        name: String,
    },
    /// An update of an attribute that the configuration does not know.
    #[error(
        "UpdateExpression: `{name}` has no action, so readers would take it for signed and refuse the item: configure one, or make it unsigned (update_sealed can REMOVE it as a whole)"
    )]
    NoAction {
        /// The attribute.
        name: String,
    },
    /// A sealed update of an item that still has attributes which the configuration does not know any more.
    #[error(
        "the item has {}, which {} no action here: REMOVE {} in the same update, or configure an action",
        quoted(names), if names.len() == 1 { "has" } else { "have" }, names.join(", ")
    )]
    Retired {
        /// The attributes.
        names: Vec<String>,
    },
    /// A sealed update that would copy what may be encrypted to where it can be read.
    #[error(
        "UpdateExpression: `{target}` is not encrypted, and would become what `{from}` is, which has no action here and may be encrypted in the item: encrypt `{target}` as well"
    )]
    CopiesUnknown {
        /// What would be read.
        from: String,
        /// What would be set.
        target: String,
    },
    /// A name that belongs to the library.
    #[error("{kind}: `{name}` starts with `aws_dbe_`, which is reserved")]
    Reserved {
        /// The expression.
        kind: ExpressionKind,
        /// The name.
        name: String,
    },
    /// An `UpdateItem` that might create an item, which would not be sealed.
    #[error(
        "it would create an unsealed item if there is none with this key: add `attribute_exists({partition_key})` to the ConditionExpression, or use update_sealed"
    )]
    Upsert {
        /// The partition key.
        partition_key: String,
    },
    /// Parameters from before expressions.
    #[error("{parameter} is a legacy parameter and not supported on sealed tables: use expressions")]
    Legacy {
        /// The parameter.
        parameter: &'static str,
    },
    /// An operation that can not work on what is sealed.
    #[error("the operation is not supported on sealed tables")]
    Unsupported,
    /// PartiQL on a sealed table.
    #[error("PartiQL is not supported on sealed tables: use the operation that the statement stands for")]
    Statement,
    /// An item of a response that has signed attributes where only unsigned ones can be.
    #[error(
        "the response has the signed attribute `{name}` where only updated, unsigned ones can be: nothing is handed over"
    )]
    SignedInResponse {
        /// The attribute.
        name: String,
    },
    /// A response with another item than the one that was asked for.
    #[error("the response has an item with another key than the request: nothing is handed over")]
    OtherItem,
    /// A request that another sealer has sealed.
    #[error(
        "the request is sealed by another sealer, or by a model, that knows a table of this name: make one Sealer, use clones of it for `send_sealed` and for the client's one Interceptor, and open models on a client without an interceptor for their table"
    )]
    SealedElsewhere,
    /// A transaction with another number of entries than sealers.
    #[error("the transaction has {entries} entries and {sealers} sealers: each entry needs one")]
    Sealers {
        /// Entries of the request.
        entries: usize,
        /// Sealers that were given.
        sealers: usize,
    },
    /// A transaction with an entry that says nothing.
    #[error(
        "entry {index} of TransactItems is no Put, Update, Delete or ConditionCheck that this version knows: update dynaseal"
    )]
    UnknownTransaction {
        /// Its place, from 0.
        index: usize,
    },
    /// A response with more or fewer entries than the request.
    #[error("the response has {found} entries for {expected} of the request")]
    Count {
        /// Entries of the request.
        expected: usize,
        /// Entries of the response.
        found: usize,
    },
    /// An unprocessed item that the request did not have.
    #[error("UnprocessedItems has an item that is not in the request: nothing is handed over")]
    UnknownItem,
    /// A data operation that this version does not know.
    #[error(
        "the operation `{name}` is not known to this version and names a sealed table: nothing was sent; update dynaseal"
    )]
    UnknownOperation {
        /// Its name.
        name: String,
    },
    /// A value of a type that this version does not know.
    #[error("`{name}` has a type of value that this version does not know: update dynaseal")]
    UnknownType {
        /// The attribute or placeholder.
        name: String,
    },
    /// A request without what it needs.
    #[error("{parameter} is missing")]
    Missing {
        /// The parameter.
        parameter: &'static str,
    },
    /// A sealed update whose condition does not hold.
    #[error("the ConditionExpression does not hold")]
    Condition,
    /// An attribute in `Key` or `Keys` that is no part of the key.
    #[error(
        "{parameter}: `{name}` is no key attribute of the table, and its value would be sent as it is: leave it out"
    )]
    NotInKey {
        /// `Key` or `Keys`.
        parameter: &'static str,
        /// The attribute.
        name: String,
    },
    /// An attribute in `ExclusiveStartKey` that DynamoDB never puts there.
    #[error(
        "ExclusiveStartKey: `{name}` is no key attribute of the table, and none that {of} can have, and its value would be sent as it is: give the LastEvaluatedKey of the page before (an index on an attribute that is being encrypted has no second page: read the table)"
    )]
    NotInStartKey {
        /// The attribute.
        name: String,
        /// Of what the key is.
        of: &'static str,
    },
    /// An entry of a batch with two requests.
    #[error("entry {index} of RequestItems has a PutRequest and a DeleteRequest: make two entries of it")]
    TwoRequests {
        /// Its place in the table's list, from 0.
        index: usize,
    },
    /// Something was given twice, and one of them would not count.
    #[error("{what} is given twice: give it once")]
    Twice {
        /// What.
        what: String,
    },
    /// A sealed update without a whole key.
    #[error("the key attribute `{name}` is missing")]
    MissingKey {
        /// The attribute.
        name: String,
    },
    /// A sealed update of an item with very many attributes.
    #[error(
        "{count} attributes would have to be written at once, and {guarded} compared, more than fit into DynamoDB's expressions: put the whole item"
    )]
    TooManyWritten {
        /// How many to write.
        count: usize,
        /// How many to compare.
        guarded: usize,
    },
    /// A sealed update on a table that is not sealed.
    #[error("the table `{name}` is not sealed: use UpdateItem")]
    NotSealed {
        /// The table.
        name: String,
    },
    /// A response with a table that the request did not name.
    #[error("the response has the table `{name}`, which is not in the request: nothing is handed over")]
    OtherTable {
        /// The table.
        name: String,
    },
    /// A request that names a table twice.
    #[error("the table is named twice, as a name and as an ARN or in two ARNs")]
    TableTwice,
    /// Items of an index that does not have whole items.
    #[error(
        "the index `{index}` does not project whole items, so that nothing can be verified: project ALL, read the table, or see danger_unverified_index (of a local index, Select = ALL_ATTRIBUTES reads whole items)"
    )]
    PartialIndex {
        /// The index.
        index: String,
        /// What opening the item said.
        #[source]
        source: ItemError,
    },
    /// A sealed update that would copy something encrypted to where it can be read.
    #[error(
        "UpdateExpression: `{target}` is not encrypted, and would become what `{from}` is, which is ENCRYPT_AND_SIGN: encrypt `{target}` as well"
    )]
    CopiesSecret {
        /// What would be read.
        from: String,
        /// What would be set.
        target: String,
    },
    /// A sealed update of key attributes.
    #[error("UpdateExpression: `{name}` is a key attribute and can not be changed")]
    KeyUpdate {
        /// The attribute.
        name: String,
    },
    /// A sealed update that lost against other writers again and again.
    #[error("other writers changed the item each of {attempts} times: try later, or allow more attempts")]
    Contended {
        /// How often it was tried.
        attempts: u32,
    },
}
