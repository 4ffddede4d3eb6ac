//! `ExpressionAttributeNames` of the request that is sent.

use std::collections::{BTreeMap, BTreeSet};

use dynaseal_expression::Name;

use super::rules::{Decision, PathNames};

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
    /// A placeholder that stands for one beacon wherever it is, and nothing else, stays and stands for what that is stored
    /// as. In all other places the beacon gets a name of its own: `attribute_exists(#a)` still means the attribute.
    pub(super) fn new<'p>(
        given: &BTreeMap<String, String>,
        paths: impl Iterator<Item = &'p (PathNames, Decision)> + Clone,
        dropped: &'p [Name],
    ) -> Self {
        let mut renamed: BTreeMap<&str, &str> = BTreeMap::new();
        let (mut elsewhere, mut used) = (BTreeSet::new(), BTreeSet::new());
        for (path, decision) in paths.clone() {
            let stored = match decision {
                Decision::Stored(stored) if path.is_whole => Some(stored.as_str()),
                _ => None,
            };
            for name in path.names.iter().filter_map(placeholder) {
                used.insert(name);
                let other = stored.and_then(|stored| renamed.insert(name, stored).filter(|other| *other != stored));
                let is_kept = *decision == Decision::Keep;
                if is_kept || other.is_some() {
                    elsewhere.insert(name);
                }
            }
        }
        used.extend(dropped.iter().filter_map(placeholder));
        renamed.retain(|name, _| !elsewhere.contains(name));
        let mut new = Self { names: given.clone(), added: BTreeMap::new(), renamed: BTreeSet::new() };
        // DynamoDB refuses names that are not used.
        new.names.retain(|name, _| !used.contains(name.as_str()) || elsewhere.contains(name.as_str()));
        for (name, stored) in renamed {
            new.names.insert(name.to_owned(), stored.to_owned());
            new.renamed.insert(name.to_owned());
        }
        for (path, decision) in paths {
            let Decision::Stored(stored) = decision else { continue };
            if new.keeps_text(path) || is_word(stored) || new.added.contains_key(stored) {
                continue;
            }
            let free = |name: &String| !given.contains_key(name) && !new.names.contains_key(name);
            let name = (0..).map(|n: u32| format!("#aws_dbe_b{n}")).find(free).expect("numbers do not end");
            new.names.insert(name.clone(), stored.clone());
            new.added.insert(stored.clone(), name);
        }
        new
    }

    /// What to write in place of a path; `None` if it stays.
    pub(super) fn path(&self, path: &PathNames, decision: &Decision) -> Option<String> {
        match decision {
            Decision::Stored(stored) if !self.keeps_text(path) => {
                Some(self.added.get(stored).unwrap_or(stored).clone())
            }
            _ => None,
        }
    }

    /// Whether the path is a placeholder that stands for the beacon now.
    fn keeps_text(&self, path: &PathNames) -> bool {
        match path.names.as_slice() {
            [Name::Placeholder(name)] => path.is_whole && self.renamed.contains(name),
            _ => false,
        }
    }
}

fn placeholder(name: &Name) -> Option<&str> {
    match name {
        Name::Placeholder(text) => Some(text),
        Name::Bare(_) => None,
    }
}

/// Whether it can stand in an expression as it is.
fn is_word(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
