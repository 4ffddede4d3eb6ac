//! Random JSON with everything that is hard.

use dynaseal_legacy::pynamodb_mate::{Integer, Json, Number};
use proptest::collection::vec;
use proptest::prelude::*;

/// Any text, mostly of characters that are written in a special way.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let special = "\"\\/\u{8}\u{c}\n\r\t\0\u{1f} ~\u{7f}\u{80}é\u{2028}\u{d7ff}\u{e000}\u{ffff}\u{10000}🔐\u{10ffff}";
    let special = prop::sample::select(special.chars().collect::<Vec<_>>());
    vec(prop_oneof![special, prop::char::range('a', 'c'), any::<char>()], 0..8).prop_map(String::from_iter)
}

/// Floats of every size, and those where the spelling changes.
pub(crate) fn float() -> impl Strategy<Value = f64> {
    let near_power = (-330..310_i32, -3..4_i64).prop_map(|(power, steps)| {
        let float: f64 = format!("1e{power}").parse().unwrap_or_default();
        f64::from_bits(float.to_bits().saturating_add_signed(steps))
    });
    let decimal =
        (any::<i32>(), -20..20_i32).prop_map(|(digits, power)| format!("{digits}e{power}").parse().unwrap_or_default());
    // Few bits, so that many lie halfway between two texts.
    let binary = (any::<i32>(), -60..60_i32).prop_map(|(bits, power)| f64::from(bits) * 2.0_f64.powi(power));
    let quarter = (0..1_i64 << 53).prop_map(|quarters| quarters.to_string().parse::<f64>().unwrap_or_default() / 4.0);
    let whole = any::<i64>().prop_map(|whole| whole.to_string().parse().unwrap_or_default());
    let special = prop::sample::select(vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, f64::MAX]);
    prop_oneof![any::<u64>().prop_map(f64::from_bits), near_power, decimal, binary, quarter, whole, special]
}

/// Integers of up to 60 digits.
pub(crate) fn integer() -> impl Strategy<Value = Integer> {
    let text = prop_oneof!["0", "-?[1-9][0-9]{0,3}", "-?[1-9][0-9]{15,19}", "-?[1-9][0-9]{0,59}"];
    text.prop_map(|text| text.parse().unwrap())
}

/// Any number.
pub(crate) fn number() -> impl Strategy<Value = Number> {
    prop_oneof![integer().prop_map(Number::Int), float().prop_map(Number::Float)]
}

/// Any JSON.
pub(crate) fn json() -> impl Strategy<Value = Json> {
    let scalar = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        number().prop_map(Json::Number),
        text().prop_map(Json::Text),
    ];
    scalar.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Json::List),
            vec((text(), inner), 0..6).prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}
