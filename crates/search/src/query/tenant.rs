//! Whose items a request is about, where each tenant has keys of its own (specification:
//! `searchable-encryption/search-config.md`, Get beacon key for query).

use dynaseal_core::AttributeValue;
use dynaseal_expression::{Comparator, Condition, Operand};

use super::paths::names_of;
use super::rules::{Found, Walk};
use crate::keys::Owner;

impl Walk<'_> {
    /// Takes out the terms that say whose items are asked for, if that is not stored: nothing would fulfil them. `None` if there
    /// are no others. And whether something was taken out.
    pub(super) fn without_tenant(&mut self, condition: Condition) -> (Option<Condition>, bool) {
        if self.search.dropped.is_none() {
            return (Some(condition), false);
        }
        let terms = match condition {
            Condition::And(terms) => terms,
            other => vec![other],
        };
        let all = terms.len();
        let mut kept: Vec<_> = terms.into_iter().filter(|term| !self.is_tenant(term)).collect();
        let changed = kept.len() < all;
        let condition = if kept.len() > 1 { Some(Condition::And(kept)) } else { kept.pop() };
        (condition, changed)
    }

    /// Notes the tenant of `key_field = :value`. What seals the items says whose they are, so the term is not needed; and where
    /// the field is not stored, nothing would fulfil it.
    fn is_tenant(&mut self, term: &Condition) -> bool {
        let Condition::Compare { left, comparator: Comparator::Equal, right } = term else { return false };
        let (path, value) = match (left, right) {
            (Operand::Path(path), Operand::Value(value)) | (Operand::Value(value), Operand::Path(path)) => {
                (path, value)
            }
            _ => return false,
        };
        let resolved = self.resolve(path);
        let is_field = resolved
            .is_ok_and(|path| path.elements.is_empty() && Some(path.attribute) == self.search.dropped.as_deref());
        match self.given.get(value) {
            Some(AttributeValue::S(tenant)) if is_field => {
                self.tenants.insert(tenant.clone());
                self.dropped_names.extend(names_of(path).names);
                true
            }
            _ => false,
        }
    }

    /// An equality on the attribute that names the tenant.
    pub(super) fn note_tenant(&mut self, path: &Found<'_>, value: &Found<'_>) {
        if let Owner::Tenant { key_field } = self.search.keys.owner()
            && let (Found::Readable(Operand::Path(path)), Found::Value(value)) = (path, value)
            && self.resolve(path).is_ok_and(|path| path.elements.is_empty() && path.attribute == key_field)
            && let Some(AttributeValue::S(tenant)) = self.given.get(*value)
        {
            self.tenants.insert(tenant.clone());
        }
    }

    /// A value of a compound beacon with the tenant as a signed part. The last piece may be the beginning of a name only,
    /// unless the value is whole.
    pub(super) fn note_tenant_part(&mut self, place: usize, parts: &[(usize, &str)], is_whole: bool) {
        let Owner::Tenant { key_field } = self.search.keys.owner() else { return };
        let Some(beacon) = self.search.compound.get(place) else { return };
        let whole = parts.len().saturating_sub(usize::from(!is_whole));
        for (part, text) in parts.iter().take(whole) {
            if beacon.parts.get(*part).is_some_and(|part| part.is_at(key_field)) {
                self.tenants.insert((*text).to_owned());
            }
        }
    }
}
