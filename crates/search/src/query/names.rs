//! `ExpressionAttributeNames` of the request that is sent.

use std::collections::{BTreeMap, BTreeSet};

use dynaseal_expression::Name;

use super::rules::Decision;

/// Names to send, and what stands in place of each path.
#[derive(Debug)]
pub(super) struct NewNames {
    pub(super) names: BTreeMap<String, String>,
    /// Placeholders of ours, by the attribute that they stand for.
    added: BTreeMap<String, String>,
    /// Placeholders of the request that stand for a beacon now, everywhere.
    renamed: BTreeSet<String>,
}

impl NewNames {
    /// `paths` are all paths of the request.
    ///
    /// A placeholder that stands for a beacon in one place and for the attribute in another (`attribute_exists(#a)`) stays
    /// what it was; then the beacon gets one of its own.
    pub(super) fn new<'p>(
        given: &BTreeMap<String, String>,
        paths: impl Iterator<Item = &'p (Vec<Name>, Decision)> + Clone,
    ) -> Self {
        let placeholder = |name: &'p Name| match name {
            Name::Placeholder(text) => Some(text.as_str()),
            Name::Bare(_) => None,
        };
        let of_stored = |stored: bool| {
            let paths = paths.clone().filter(move |(_, decision)| decision.is_stored() == stored);
            paths.flat_map(|(names, _)| names).filter_map(placeholder).collect::<BTreeSet<_>>()
        };
        let (gone, kept) = (of_stored(true), of_stored(false));
        let mut new = Self { names: given.clone(), added: BTreeMap::new(), renamed: BTreeSet::new() };
        // DynamoDB refuses names that are not used.
        for name in gone.iter().filter(|name| !kept.contains(*name)) {
            new.names.remove(*name);
        }
        for (path, decision) in paths {
            let Decision::Stored(stored) = decision else { continue };
            match path.as_slice() {
                [Name::Bare(_)] | [_, _, ..] | [] if is_word(stored) => {}
                [Name::Placeholder(name)] if !kept.contains(name.as_str()) => {
                    new.names.insert(name.clone(), stored.clone());
                    new.renamed.insert(name.clone());
                }
                _ if new.added.contains_key(stored) || is_word(stored) => {}
                _ => {
                    let name = (0..)
                        .map(|n: u32| format!("#aws_dbe_b{n}"))
                        .find(|name| !given.contains_key(name) && !new.names.contains_key(name));
                    let name = name.expect("numbers do not end");
                    new.names.insert(name.clone(), stored.clone());
                    new.added.insert(stored.clone(), name);
                }
            }
        }
        new
    }

    /// What to write in place of a path; `None` if it stays.
    pub(super) fn path(&self, path: &[Name], decision: &Decision) -> Option<String> {
        let Decision::Stored(stored) = decision else { return None };
        match path {
            [Name::Placeholder(name)] if self.renamed.contains(name) => None,
            _ => Some(self.added.get(stored).unwrap_or(stored).clone()),
        }
    }
}

/// Whether it can stand in an expression as it is.
fn is_word(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
