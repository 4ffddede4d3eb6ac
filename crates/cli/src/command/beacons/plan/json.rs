//! Plans as JSON.

use dynaseal::search::plan::{Advice, Fetched, LengthPlan, Plan, Skew, Unit};
use serde_json::{Value, json};

/// All figures of a plan. Shares and probabilities are between 0 and 1.
pub(super) fn plan(plan: &Plan) -> Value {
    let (recommended, refused) = match &plan.advice {
        Advice::Take(recommendation) => {
            let bound = json!({ "name": recommendation.bound.name(), "text": recommendation.bound.to_string() });
            (json!({ "bits": recommendation.length, "least": recommendation.least, "bound": bound }), Value::Null)
        }
        Advice::Refuse(refusal) => {
            let text = refusal.to_string();
            (Value::Null, json!({ "name": refusal.name(), "text": text, "instead": refusal.instead() }))
        }
    };
    let warnings = plan.warnings.iter().map(|warning| json!({ "name": warning.name(), "text": warning.to_string() }));
    json!({
        "attribute": plan.attribute,
        "unit": match plan.unit {
            Unit::Value => "value",
            Unit::Element => "element",
        },
        "items_seen": plan.items_seen,
        "items": plan.items,
        "occurrences": plan.occurrences,
        "types": plan.types,
        "values": plan.values,
        "seen_once": plan.seen_once,
        "estimated_values": number(plan.estimated_values),
        "skew": plan.skew.as_ref().map(skew),
        "lengths": plan.lengths.iter().map(length).collect::<Vec<_>>(),
        "recommended": recommended,
        "refused": refused,
        "warnings": warnings.collect::<Vec<_>>(),
    })
}

fn skew(skew: &Skew) -> Value {
    json!({
        "most_frequent_items": skew.most_frequent_items,
        "most_frequent": number(skew.most_frequent),
        "ten_most_frequent": number(skew.ten_most_frequent),
        "entropy_bits": number(skew.entropy),
        "min_entropy_bits": number(skew.min_entropy),
        "even_values": number(skew.even_values),
    })
}

fn length(length: &LengthPlan) -> Value {
    json!({
        "bits": length.bits,
        "beacons": length.beacons,
        "used_beacons": number(length.used_beacons),
        "values": number(length.values),
        "as_stored": fetched(&length.as_stored),
        "evenly": fetched(&length.evenly),
        "most_frequent": fetched(&length.most_frequent),
        "alone": number(length.alone),
        "same_value": number(length.same_value),
        "guessed": number(length.guessed),
    })
}

fn fetched(fetched: &Fetched) -> Value {
    json!({ "wanted": number(fetched.wanted), "extra": number(fetched.extra), "ratio": number(fetched.ratio()) })
}

/// With six digits: the last ones are no knowledge, and differ from one machine's logarithm to another's.
fn number(number: f64) -> Value {
    format!("{number:.5e}").parse::<f64>().map_or(Value::Null, Value::from)
}
