//! Which public types, operations and calls there are, read from the sources, and whether the register says what becomes of
//! each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::register::{CALLS, CRATES, TYPES, What};
use crate::watch::Watch;

/// A type or a call that is new needs a line in `register.rs`; one that is gone loses it; and what is said to be looked at
/// was looked at.
pub(crate) fn compare(watch: &Watch) {
    let mut wrong = Vec::new();
    let printed = watch.printed.lock().unwrap();
    compare_lists("type", &types(), TYPES, &printed, &mut wrong);
    let called = watch.called.lock().unwrap();
    compare_lists("call", &calls(), CALLS, &called, &mut wrong);
    wrong.iter().for_each(|wrong| watch.wrong(wrong));
}

fn compare_lists(
    kind: &str,
    found: &BTreeMap<String, PathBuf>,
    register: &[(&str, What)],
    looked_at: &BTreeSet<String>,
    wrong: &mut Vec<String>,
) {
    let mut registered = BTreeMap::new();
    for (name, what) in register {
        if registered.insert(*name, what).is_some() {
            wrong.push(format!("the {kind} `{name}` has two lines"));
        }
    }
    for (name, file) in found {
        match registered.get(name.as_str()) {
            None => wrong.push(format!(
                "the {kind} `{name}` ({}) has no line: put the canary through it, or say why it holds no value",
                file.display()
            )),
            Some(What::LookedAt) if !looked_at.contains(name) => {
                wrong.push(format!("the {kind} `{name}` is said to be looked at with the canary in it, and was not"));
            }
            Some(What::HoldsNone("")) => wrong.push(format!("the {kind} `{name}` has no reason")),
            Some(What::LookedAt | What::HoldsNone(_)) => {}
        }
    }
    for (name, _) in register.iter().filter(|(name, _)| !found.contains_key(*name)) {
        wrong.push(format!("the {kind} `{name}` is in the register, and in no source"));
    }
}

/// `crate::Name` of every public struct and enum, and `crate::Name#2` of a second one of that name.
fn types() -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for (of_crate, folder) in CRATES {
        for file in sources(&root().join(folder).join("src")) {
            for line in code(&file).lines() {
                let line = line.trim_start();
                let rest = ["pub struct ", "pub enum ", "pub union "].iter().find_map(|start| line.strip_prefix(start));
                // A macro's have no name here: those of keys in `core/src/secret.rs`.
                let Some(name) = rest.map(word).filter(|name| !name.is_empty()) else { continue };
                let mut path = format!("{of_crate}::{name}");
                if found.contains_key(&path) {
                    path.push_str("#2");
                }
                assert!(found.insert(path, file.clone()).is_none(), "{of_crate} has three types {name}");
            }
        }
    }
    assert!(found.len() > 200, "the sources were not found");
    found
}

/// Operations that can be sent sealed, and methods of models that send.
fn calls() -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let send = root().join("client/src/send.rs");
    for line in code(&send).lines() {
        // `put_item, PutItemFluentBuilder, …`
        let builder = line.split(", ").nth(1).and_then(|of| of.strip_suffix("FluentBuilder"));
        if let Some(operation) = builder.filter(|_| line.contains("Input")) {
            found.insert(operation.to_owned(), send.clone());
        }
    }
    assert_eq!(found.len(), 14, "operations in send.rs");
    let types = ["Table", "Transaction", "BatchWrite", "Query", "Scan"];
    for file in sources(&root().join("dynaseal/src/model")) {
        let mut of_type = None;
        for line in code(&file).lines() {
            if line.starts_with("impl") {
                let name = line.split_once("> ").map_or("", |(_, name)| name).trim_start_matches("for ");
                of_type = types.into_iter().find(|of| word(name) == *of && !line.contains(" for "));
            }
            let method = ["pub fn ", "pub async fn "].iter().find_map(|start| line.trim_start().strip_prefix(start));
            if let (Some(of_type), Some(method)) = (of_type, method) {
                found.insert(format!("{of_type}::{}", word(method)), file.clone());
            }
        }
    }
    assert!(found.len() > 40, "the sources of models were not found");
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All source files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let entries: BTreeSet<_> = entries.collect();
    for path in entries {
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// A source file without its unit tests, which stand at its end.
fn code(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}
