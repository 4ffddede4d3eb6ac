//! How much can be added to a number before it leaves the type of its field.

use std::fmt;

use dynaseal_client::value::value_from_sdk;
use dynaseal_core::AttributeValue;
use dynaseal_expression::compare;

use super::Unfit;
use super::attribute::Numeric;
use super::condition::{Comparison, Node, Operand};
use super::definition::Definition;
use super::error::ModelErrorKind;
use super::lost::Lost;
use super::seal::StoredKey;
use super::table::Inner;

/// What a stored number may be so that it still has its type when another is added: see
/// [`Numeric::room`](super::Numeric::room).
#[derive(Clone, PartialEq, Eq)]
pub struct Room(Option<Limit>);

impl fmt::Debug for Room {
    /// Without the limit, which says what is added.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Room(limited)" } else { "Room(unlimited)" })
    }
}

#[derive(Clone, PartialEq, Eq)]
enum Limit {
    AtLeast(String),
    AtMost(String),
}

impl Room {
    /// Whatever DynamoDB has.
    pub fn unlimited() -> Self {
        Self(None)
    }

    fn at_least(least: &impl ToString) -> Self {
        Self(Some(Limit::AtLeast(shortened(&least.to_string()))))
    }

    fn at_most(most: &impl ToString) -> Self {
        Self(Some(Limit::AtMost(shortened(&most.to_string()))))
    }
}

/// As many digits as DynamoDB has, and zeros, towards zero: no number that it has lies between.
fn shortened(digits: &str) -> String {
    const MOST_DIGITS: usize = 38;
    let significant = MOST_DIGITS + usize::from(digits.starts_with('-'));
    let zeros = digits.len().saturating_sub(significant);
    digits.chars().take(significant).chain(std::iter::repeat_n('0', zeros)).collect()
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl Numeric for $integer {
            #[allow(unused_comparisons, reason = "for those without a sign")]
            fn room(&self) -> Room {
                match *self {
                    0 => Room::unlimited(),
                    // Neither can overflow: the number has the sign of the limit.
                    more if more > 0 => Room::at_most(&(<$integer>::MAX - more)),
                    less => Room::at_least(&(<$integer>::MIN - less)),
                }
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }

impl Numeric for f32 {
    fn room(&self) -> Room {
        let (number, greatest) = (f64::from(*self), f64::from(Self::MAX));
        match number {
            0.0 => Room::unlimited(),
            more if more > 0.0 => Room(Some(Limit::AtMost(format!("{:e}", greatest - more)))),
            less => Room(Some(Limit::AtLeast(format!("{:e}", -greatest - less)))),
        }
    }
}

/// DynamoDB's own limit is the narrower one.
impl Numeric for f64 {}

/// The room of the numbers that an update adds to.
pub(super) struct Rooms {
    rooms: Vec<RoomOf>,
    /// The values of the item that was given to be changed, in the order of the definition.
    known: Vec<Option<AttributeValue>>,
}

struct RoomOf {
    attribute: &'static str,
    limit: Limit,
}

impl fmt::Debug for Rooms {
    /// Without the values of the item.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rooms.iter().map(|room| room.attribute)).finish()
    }
}

impl Rooms {
    /// Of an item with these values, or with unknown ones.
    pub(super) fn new(known: Vec<Option<AttributeValue>>) -> Self {
        Self { rooms: Vec::new(), known }
    }

    pub(super) fn push(&mut self, attribute: &'static str, room: Room) {
        self.rooms.extend(room.0.map(|limit| RoomOf { attribute, limit }));
    }

    /// Refuses to add to a number that is known to have no room for it.
    ///
    /// # Errors
    /// The first one.
    pub(super) fn check(&self, definition: &Definition) -> Result<(), ModelErrorKind> {
        const IN_HAND: &str = "to the number in hand this cannot be added, for the sum would not fit into the field's type: refresh the item if it may be old";
        self.check_values(IN_HAND, |attribute| {
            let place = definition.columns.iter().position(|column| column.attribute == attribute)?;
            self.known.get(place).cloned().flatten()
        })
    }

    fn check_values(
        &self,
        reason: &'static str,
        value: impl Fn(&str) -> Option<AttributeValue>,
    ) -> Result<(), ModelErrorKind> {
        // What is no number is not this one's matter.
        let is_full = |room: &&RoomOf| {
            let (comparison, limit) = room.comparison();
            let stored = value(room.attribute).filter(|stored| matches!(stored, AttributeValue::N(_)));
            stored.is_some_and(|stored| !compare(comparison.comparator(), &stored, &limit))
        };
        match self.rooms.iter().find(is_full) {
            Some(room) => Err(ModelErrorKind::Value { attribute: room.attribute, reason: Unfit::new(reason) }),
            None => Ok(()),
        }
    }

    /// A condition, and that there is room: what is known of an item may be old.
    pub(super) fn with(&self, condition: Option<&Node>) -> Option<Node> {
        let nodes = condition.cloned().into_iter().chain(self.rooms.iter().map(RoomOf::node));
        nodes.reduce(Node::and)
    }
}

impl RoomOf {
    /// What is not there counts as 0, and what is added fits by itself.
    fn node(&self) -> Node {
        let (comparison, limit) = self.comparison();
        let fits = Node::Compare(self.attribute, comparison, Operand::new(self.attribute, Ok(Some(limit))));
        Node::Exists(self.attribute, false).or(fits)
    }

    fn comparison(&self) -> (Comparison, AttributeValue) {
        let (comparison, limit) = match &self.limit {
            Limit::AtLeast(least) => (Comparison::Ge, least),
            Limit::AtMost(most) => (Comparison::Le, most),
        };
        (comparison, AttributeValue::N(limit.clone()))
    }
}

impl Inner {
    /// Says so if it was the room of a number that an update failed for: the item is read to find out.
    pub(super) async fn blame_room(
        &self,
        kind: ModelErrorKind,
        lost: Lost,
        rooms: &Rooms,
        key: &StoredKey,
    ) -> ModelErrorKind {
        let failed = matches!(kind, ModelErrorKind::Condition | ModelErrorKind::Version | ModelErrorKind::NotFound);
        // Where an answer was lost, the number may be the sum.
        if rooms.rooms.is_empty() || !failed || lost.is_lost() {
            return kind;
        }
        let Ok(Some(row)) = self.get_row("updating", key, true).await else { return kind };
        const STORED: &str = "to the stored number this cannot be added, for the sum would not fit into the field's type, and the item could not be read any more";
        let refused = rooms.check_values(STORED, |attribute| row.get(attribute).cloned().and_then(value_from_sdk));
        refused.err().unwrap_or(kind)
    }
}
