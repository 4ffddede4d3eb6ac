//! Why a request can not be answered with beacons, and what can be asked instead. No message has a value in it.

use dynaseal_core::{MaterialsError, ValueError};
use dynaseal_expression::{BindError, ExpressionError, ExpressionKind, ResolveError};

/// A `Query` or `Scan` that beacons can not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say it, and every field is what it is called")]
pub enum QueryError {
    #[error(transparent)]
    Expression(#[from] ExpressionError),
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("{kind}: `{name}` starts with `aws_dbe_`, which is reserved, and is no beacon")]
    Reserved { kind: ExpressionKind, name: String },
    #[error("{kind}: `{name}` is ENCRYPT_AND_SIGN and has no beacon: configure one, or filter after opening")]
    NoBeacon { kind: ExpressionKind, name: String },
    #[error(
        "{kind}: `{path}` is inside of an encrypted attribute and has no beacon of its own: configure one at that location"
    )]
    NoBeaconInside { kind: ExpressionKind, path: String },
    #[error("{kind}: the virtual field `{field}` has no beacon: configure a standard beacon at it")]
    VirtualField { kind: ExpressionKind, field: String },
    #[error(
        "{kind}: the beacon `{beacon}` is part-only and not stored: ask for a compound beacon that has it as a part"
    )]
    PartOnly { kind: ExpressionKind, beacon: String },
    #[error(
        "{kind}: {operator} can not be answered by the standard beacon `{beacon}`, which only tells equal values: use = or IN, or make the attribute a signed part of a compound beacon"
    )]
    Operator { kind: ExpressionKind, operator: &'static str, beacon: String },
    #[error("{kind}: {function} can not be answered for `{name}`, which is encrypted: filter after opening")]
    Function { kind: ExpressionKind, function: &'static str, name: String },
    #[error(
        "{kind}: {operator} with a value of the compound beacon `{beacon}` that has an encrypted part in it would lose items whose beacons are equal by chance: ask for the others, or filter after opening"
    )]
    Unequal { kind: ExpressionKind, operator: &'static str, beacon: String },
    #[error(
        "{kind}: NOT around the beacon `{beacon}` would lose items whose beacons are equal by chance: leave NOT out, or filter after opening"
    )]
    Negated { kind: ExpressionKind, beacon: String },
    #[error(
        "{kind}: {operator} on the compound beacon `{beacon}` needs a value of signed parts, behind which the prefix of an encrypted part may come: encrypted parts have no order"
    )]
    Order { kind: ExpressionKind, operator: &'static str, beacon: String },
    #[error(
        "{kind}: BETWEEN on the compound beacon `{beacon}` needs bounds that are equal up to their encrypted parts, and go on with signed parts, behind which the prefix of an encrypted part may come"
    )]
    Between { kind: ExpressionKind, beacon: String },
    #[error(
        "{kind}: `{beacon}` is a beacon and can only be compared with a :value, or with a beacon that shares its key"
    )]
    NotWithValue { kind: ExpressionKind, beacon: String },
    #[error("{kind}: in {function}, the beacon `{beacon}` has to stand first and a :value second")]
    Position { kind: ExpressionKind, function: &'static str, beacon: String },
    #[error(
        "`{value}` is of type {found}, but the beacon `{beacon}` is one of sets: give a set, a string, a number or bytes"
    )]
    NotForSets { value: String, beacon: String, found: &'static str },
    #[error("`{value}` is of type {found}, but the compound beacon `{beacon}` is a string")]
    NotText { value: String, beacon: String, found: &'static str },
    #[error(
        "`{value}` has a piece that begins with none of the prefixes of the compound beacon `{beacon}`: {prefixes}"
    )]
    NoPart { value: String, beacon: String, prefixes: String },
    #[error(
        "`{value}` has parts of the compound beacon `{beacon}` in an order that none of its constructors has: {shape}"
    )]
    NoConstructor { value: String, beacon: String, shape: String },
    #[error(
        "`{value}` is used in two contexts, and the same text would become two things, which shows what belongs together: give it twice, under two names"
    )]
    TwoContexts { value: String },
    #[error("`{value}` can not be serialised")]
    Value {
        value: String,
        #[source]
        source: ValueError,
    },
    #[error(
        "{kind}: `{key_field}` is not stored, so that it can only say whose items are asked for, as one equality with a string that is joined by AND: sign it to ask for more"
    )]
    TenantNotStored { kind: ExpressionKind, key_field: String },
    #[error("{kind}: `{path}` is inside of a beacon or virtual field, in which there is nothing")]
    InsideOfBeacon { kind: ExpressionKind, path: String },
    #[error(
        "nothing says whose items are asked for: add an equality on `{key_field}`, or on a compound beacon with it as a signed part"
    )]
    NoTenant { key_field: String },
    #[error("items of more than one tenant are asked for, by `{key_field}`: ask for each on its own")]
    SeveralTenants { key_field: String },
    #[error(
        "it takes {queries} queries to see all partitions: set `:aws_dbe_partition` to 0, 1 and so on, or use the call that asks all"
    )]
    WhichPartition { queries: u8 },
    #[error("partition {partition} is asked for, but those to ask end with {}", queries - 1)]
    PartitionTooHigh { partition: u8, queries: u8 },
    #[error("`:aws_dbe_partition` has to be a whole number from 0 and below {partitions}, the number of partitions")]
    NoSuchPartition { partitions: u8 },
    #[error("`:aws_dbe_partition` is of type {found}, not N")]
    PartitionType { found: &'static str },
    #[error("`:aws_dbe_partition` is given, but the table has no partitions")]
    NoPartitions,
    #[error("`:aws_dbe_partition` is given to a Scan, which sees all partitions at once: leave it out")]
    PartitionOfScan,
    #[error(
        "rewritten, an expression has {length} bytes, and DynamoDB takes 4096: use fewer values, fewer partitions or shorter names"
    )]
    TooLong { length: usize },
    #[error("{kind}: leave out the parentheses around a path that goes on behind them")]
    Parentheses { kind: ExpressionKind },
    #[error("there are no names left for values of other partitions")]
    NoNames,
    #[error("the beacon key of the branch key `{branch_key_id}` can not be had")]
    Keys {
        branch_key_id: String,
        #[source]
        source: MaterialsError,
    },
}

impl QueryError {
    /// A `:value` that the request does not have.
    pub(super) fn undefined(name: &str) -> Self {
        Self::Resolve(ResolveError::UndefinedValue { kind: ExpressionKind::Filter, name: name.to_owned() })
    }
}
