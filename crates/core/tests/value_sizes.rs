//! What DynamoDB counts for a value, after its published rules.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use dynaseal_core::{AttributeValue, Item, item_size};

#[test]
fn a_number_takes_a_byte_for_two_digits_one_for_the_exponent_and_one_for_minus() {
    let size = |number: &str| AttributeValue::N(number.to_owned()).size();
    let cases = [
        ("0", 1),
        ("00.00", 1),
        ("1", 2),
        ("12", 2),
        ("123", 3),
        ("1234", 3),
        ("-1", 3),
        ("+1", 2),
        ("-12345", 5),
        // Zeros around the digits are free, those between them are not.
        ("100", 2),
        ("-0012000", 3),
        ("1001", 3),
        ("0.1", 2),
        ("0.00012", 2),
        ("1.5", 2),
        ("10.01", 3),
        ("1.50", 2),
        // So is the exponent, however it is spelled.
        ("1e10", 2),
        ("12E-7", 2),
        ("-1.25e+100", 4),
    ];
    for (number, expected) in cases {
        assert_eq!(size(number), expected, "{number}");
    }
    assert_eq!(AttributeValue::Ns(vec!["1".into(), "-100".into()]).size(), 2 + 3);
}

#[test]
fn sizes_of_values_and_items() {
    let text: AttributeValue = "é".into();
    let map = AttributeValue::M([("k".to_owned(), "ab".into()), ("long".to_owned(), true.into())].into());
    let list = AttributeValue::L(vec![true.into(), "ab".into(), AttributeValue::Null(true)]);
    let cases = [
        (text, 2),
        (String::from("abc").into(), 3),
        (vec![1, 2, 3, 4].into(), 4),
        (true.into(), 1),
        (AttributeValue::Null(true), 1),
        (25_i64.into(), 2),
        ((-1_i64).into(), 3),
        (AttributeValue::Ss(vec!["a".into(), "bc".into()]), 3),
        (AttributeValue::Bs(vec![vec![1], vec![], vec![2, 3]]), 3),
        (AttributeValue::M([].into()), 3),
        (map.clone(), 3 + (1 + 1 + 2) + (1 + 4 + 1)),
        (AttributeValue::L(vec![]), 3),
        (list.clone(), 3 + (1 + 1) + (1 + 2) + (1 + 1)),
        (AttributeValue::L(vec![map.clone()]), 3 + 1 + 13),
    ];
    for (value, expected) in cases {
        assert_eq!(value.size(), expected, "{value:?}");
    }
    let item = Item::from([("pk".to_owned(), "a".into()), ("map".to_owned(), map), ("list".to_owned(), list)]);
    assert_eq!(item_size(&item), 2 + 1 + 3 + 13 + 4 + 10);
    assert_eq!(item_size(&Item::new()), 0);
}
