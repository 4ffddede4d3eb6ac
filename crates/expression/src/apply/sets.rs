//! What `ADD` and `DELETE` make of sets.

use std::borrow::Cow;
use std::collections::BTreeSet;

use dynaseal_core::AttributeValue::{self, Bs, Ns, Ss};
use dynaseal_core::normalize_number;

use super::Effect;

/// The elements of both, those of the first one first. Nothing if they are no sets of one type.
pub(super) fn union(one: &AttributeValue, other: &AttributeValue) -> Option<AttributeValue> {
    match (one, other) {
        (Ss(one), Ss(other)) => Some(Ss(joined(one, other, |text| text.as_str()))),
        (Ns(one), Ns(other)) => Some(Ns(joined(one, other, |number| normal(number)))),
        (Bs(one), Bs(other)) => Some(Bs(joined(one, other, |bytes| bytes.as_slice()))),
        _ => None,
    }
}

/// Puts the elements of the first one that the other does not have. There are no empty sets, so if none is left the set
/// goes. Nothing if they are no sets of one type.
pub(super) fn difference(one: &AttributeValue, other: &AttributeValue) -> Option<Effect> {
    match (one, other) {
        (Ss(one), Ss(other)) => Some(effect(Ss, without(one, other, |text| text.as_str()))),
        (Ns(one), Ns(other)) => Some(effect(Ns, without(one, other, |number| normal(number)))),
        (Bs(one), Bs(other)) => Some(effect(Bs, without(one, other, |bytes| bytes.as_slice()))),
        _ => None,
    }
}

fn joined<'s, T: Clone, K: Ord>(one: &'s [T], other: &'s [T], key: fn(&'s T) -> K) -> Vec<T> {
    let mut seen = BTreeSet::new();
    one.iter().chain(other).filter(|element| seen.insert(key(element))).cloned().collect()
}

fn without<'s, T: Clone, K: Ord>(one: &'s [T], other: &'s [T], key: fn(&'s T) -> K) -> Vec<T> {
    let other: BTreeSet<K> = other.iter().map(key).collect();
    one.iter().filter(|element| !other.contains(&key(element))).cloned().collect()
}

fn effect<T>(set: fn(Vec<T>) -> AttributeValue, elements: Vec<T>) -> Effect {
    if elements.is_empty() { Effect::Remove } else { Effect::Put(set(elements)) }
}

/// One number is one element, however it is spelled. What is no number is itself.
fn normal(number: &str) -> Cow<'_, str> {
    normalize_number(number).map_or(Cow::Borrowed(number), Cow::Owned)
}
