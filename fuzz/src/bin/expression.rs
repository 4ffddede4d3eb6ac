//! Any text is an expression that prints and reads back, or an error.
#![no_main]

use std::fmt::Debug;

use dynaseal_expression::{
    Condition, ExpressionError, ExpressionKind, KeyCondition, MAX_EXPRESSION, Placeholders, Projection, Update,
};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Some(condition) = read(text, |text| Condition::parse(ExpressionKind::Filter, text)) {
        let _ = Placeholders::new([], []).condition(ExpressionKind::Filter, &condition);
    }
    if let Some(condition) = read(text, KeyCondition::parse) {
        let _ = Placeholders::new([], []).key_condition(&condition);
    }
    if let Some(projection) = read(text, Projection::parse) {
        let _ = Placeholders::new([], []).projection(&projection);
    }
    if let Some(update) = read(text, Update::parse) {
        let _ = Placeholders::new([], []).update(&update);
    }
});

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
