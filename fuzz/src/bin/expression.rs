//! Any text is an expression that prints and reads back, or an error; and what it asks is done to an item, or refused.
#![no_main]

use std::collections::BTreeMap;
use std::fmt::Debug;

use dynaseal_core::{AttributeValue, Item};
use dynaseal_expression::{
    BoundCondition, BoundProjection, BoundUpdate, Condition, ExpressionError, ExpressionKind, KeyCondition,
    MAX_EXPRESSION, Placeholders, Projection, Update,
};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let names = BTreeMap::from([("#n".to_owned(), "n".to_owned())]);
    let values = BTreeMap::from(VALUES.map(|name| (format!(":{name}"), value(name))));
    let item = Item::from(VALUES.map(|name| (name.to_owned(), value(name))));
    if let Some(condition) = read(text, |text| Condition::parse(ExpressionKind::Filter, text)) {
        let _ = BoundCondition::new(ExpressionKind::Filter, &condition, &names, &values).map(|of| of.matches(&item));
    }
    if let Some(condition) = read(text, KeyCondition::parse) {
        let _ = Placeholders::new([], []).key_condition(&condition);
    }
    if let Some(projection) = read(text, Projection::parse) {
        let _ = BoundProjection::new(&projection, &names).map(|projection| projection.apply(item.clone()));
    }
    if let Some(update) = read(text, Update::parse) {
        let _ = BoundUpdate::new(&update, &names, &values).map(|update| {
            let mut updated = item.clone();
            assert!(update.apply(&mut updated).is_ok() || updated == item);
        });
    }
});

/// Names of attributes and values, short so that they are found.
const VALUES: [&str; 6] = ["n", "v", "s", "l", "m", "x"];

fn value(name: &str) -> AttributeValue {
    match name {
        "n" => AttributeValue::N("-1.5e-20".to_owned()),
        "v" => AttributeValue::N("99999999999999999999999999999999999999".to_owned()),
        "s" => AttributeValue::Ss(vec!["a".to_owned(), "b".to_owned()]),
        "l" => AttributeValue::L(vec![value("n"), value("s"), value("x")]),
        "m" => AttributeValue::M([("n".to_owned(), value("n")), ("l".to_owned(), value("l"))].into()),
        _ => "a".into(),
    }
}

/// What is read prints as text of the same meaning, unless spaces make it too long.
fn read<T: PartialEq + Debug + ToString>(text: &str, parse: fn(&str) -> Result<T, ExpressionError>) -> Option<T> {
    match parse(text) {
        Ok(tree) => {
            let printed = tree.to_string();
            assert!(printed.len() > MAX_EXPRESSION || parse(&printed).as_ref() == Ok(&tree));
            Some(tree)
        }
        Err(error) => {
            assert!(error.offset() <= text.len());
            None
        }
    }
}
