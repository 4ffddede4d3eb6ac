//! What comes back too many is taken out, by asking every opened item what the request asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use dynaseal_core::{AttributeValue, Item, is_of_other_branch_key};
use dynaseal_expression::{BindError, BoundCondition, Condition, ExpressionKind};

use crate::search::{Beacon, BeaconId, Search};

/// Takes out of a page what only has the same beacons as what was asked for.
#[derive(Clone)]
pub struct Results {
    pub(super) search: Arc<Search>,
    /// The request's conditions, on attributes where those are, and on computed ones for the other beacons.
    pub(super) conditions: Vec<(ExpressionKind, Condition)>,
    pub(super) names: BTreeMap<String, String>,
    pub(super) values: Item,
    /// Beacons whose texts have to be computed.
    pub(super) computed: BTreeSet<BeaconId>,
    pub(super) tenant: Option<String>,
    /// Whether a beacon is asked for, and not only whose items they are.
    pub(super) asks_beacons: bool,
}

impl Results {
    /// Whether a sealed item can not be one that was asked for: where each tenant has a key of its own, items of others are
    /// none. They need not even be opened. What does not say whose it is goes on to be opened, and refused if it is broken.
    pub fn is_of_other_tenant(&self, sealed: &Item) -> bool {
        self.tenant.as_ref().is_some_and(|tenant| is_of_other_branch_key(sealed, tenant))
    }

    /// Whether an item that was not sealed is one of the tenant's. No header says whose it is, but where the key field is taken
    /// out of items that are sealed, those that are not still have it.
    pub fn is_of_tenant_unsealed(&self, plain: &Item) -> bool {
        match (&self.tenant, &self.search.dropped) {
            (Some(tenant), Some(key_field)) => {
                matches!(plain.get(key_field), Some(AttributeValue::S(text)) if text == tenant)
            }
            _ => true,
        }
    }

    /// Whether a beacon is asked for: items without beacons can not be found.
    pub fn asks_beacons(&self) -> bool {
        self.asks_beacons
    }

    /// Ready to look at many items.
    ///
    /// # Errors
    /// Never after an analysis, which has looked for what could be wrong.
    pub fn bind(&self) -> Result<BoundResults<'_>, BindError> {
        let bound = self
            .conditions
            .iter()
            .map(|(kind, condition)| BoundCondition::new(*kind, condition, &self.names, &self.values));
        Ok(BoundResults { results: self, conditions: bound.collect::<Result<_, _>>()? })
    }
}

/// Without the values.
impl fmt::Debug for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions: Vec<_> = self.conditions.iter().map(|(_, condition)| condition.to_string()).collect();
        f.debug_struct("Results").field("conditions", &conditions).finish_non_exhaustive()
    }
}

/// The same, bound to names and values.
pub struct BoundResults<'r> {
    results: &'r Results,
    conditions: Vec<BoundCondition<'r>>,
}

/// Without the values.
impl fmt::Debug for BoundResults<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundResults").field("results", self.results).finish_non_exhaustive()
    }
}

impl BoundResults<'_> {
    /// Whether an opened item is one that was asked for.
    pub fn matches(&self, item: &Item) -> bool {
        if self.results.computed.is_empty() {
            return self.conditions.iter().all(|condition| condition.matches(item));
        }
        let search = &self.results.search;
        let mut computed = Item::new();
        for id in &self.results.computed {
            let (beacon, text) = match search.get(*id) {
                Beacon::Standard(beacon) => (&beacon.stored, beacon.text_of(item, &search.fields)),
                Beacon::Compound(beacon) => (&beacon.stored, beacon.of_item(item, search.ingredients(), None)),
            };
            // Where no text can be made, none was when the item was written, so there is nothing to compare with.
            if let Ok(Some(text)) = text {
                computed.insert(beacon.clone(), AttributeValue::S(text));
            }
        }
        self.conditions.iter().all(|condition| condition.matches_with(item, &computed))
    }
}
