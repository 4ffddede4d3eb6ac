//! What beacons and virtual fields are put together from.

use dynaseal::search::{Constructor, SignedPart, Transform, VirtualField};
use serde::{Deserialize, Deserializer};

use super::each;
use crate::table::fields::Fields;
use crate::table::problem::Problem;

pub(super) fn signed_part(mut fields: Fields<'_>) -> Result<SignedPart, Problem> {
    fields.only(&["name", "prefix", "location"])?;
    let (name, prefix): (String, String) = (fields.required("name")?, fields.required("prefix")?);
    let part = SignedPart::new(name, prefix);
    Ok(match fields.optional::<String>("location")? {
        Some(location) => part.at(location),
        None => part,
    })
}

/// The standard beacon and its prefix.
pub(super) fn encrypted_part(mut fields: Fields<'_>) -> Result<(String, String), Problem> {
    fields.only(&["name", "prefix"])?;
    Ok((fields.required("name")?, fields.required("prefix")?))
}

/// A list of lists of parts, in their order.
pub(super) struct Constructors(pub(super) Vec<Constructor>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with name and required")]
struct ConstructorPart {
    name: String,
    #[serde(default = "is_required")]
    required: bool,
}

fn is_required() -> bool {
    true
}

impl<'de> Deserialize<'de> for Constructors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let add = |of: Constructor, part: ConstructorPart| match part.required {
            true => of.required(part.name),
            false => of.optional(part.name),
        };
        let lists: Vec<Vec<ConstructorPart>> = Vec::deserialize(deserializer)?;
        Ok(Self(lists.into_iter().map(|parts| parts.into_iter().fold(Constructor::new(), add)).collect()))
    }
}

pub(super) fn virtual_field(mut fields: Fields<'_>) -> Result<VirtualField, Problem> {
    fields.only(&["name", "parts"])?;
    let name: String = fields.required("name")?;
    let parts = each(&mut fields, "parts", |mut part| {
        part.only(&["location", "transforms"])?;
        let location: String = part.required("location")?;
        Ok((location, each(&mut part, "transforms", transform)?))
    })?;
    Ok(parts
        .into_iter()
        .fold(VirtualField::new(name), |field, (location, transforms)| field.part(location, transforms)))
}

const TRANSFORMS: [&str; 8] = ["upper", "lower", "insert", "prefix", "suffix", "substring", "segment", "segments"];

/// A table with one field, which names the transform and holds what it needs.
fn transform(mut fields: Fields<'_>) -> Result<Transform, Problem> {
    fields.only(&TRANSFORMS)?;
    let mut named = TRANSFORMS.into_iter().filter(|name| fields.has(name));
    let (Some(name), None) = (named.next(), named.next()) else {
        let message = format!("give each transform a table of its own with one of {}", TRANSFORMS.join(", "));
        return Err(fields.contradiction(message));
    };
    let mut of = fields.required_table(name)?;
    let takes: &[&str] = match name {
        "insert" => &["literal"],
        "prefix" | "suffix" => &["length"],
        "substring" => &["low", "high"],
        "segment" => &["split", "index"],
        "segments" => &["split", "low", "high"],
        _ => &[],
    };
    of.only(takes)?;
    Ok(match name {
        "upper" => Transform::Upper,
        "lower" => Transform::Lower,
        "insert" => Transform::Insert(of.required("literal")?),
        "prefix" => Transform::Prefix(of.required("length")?),
        "suffix" => Transform::Suffix(of.required("length")?),
        "substring" => Transform::Substring { low: of.required("low")?, high: of.required("high")? },
        "segment" => Transform::Segment { split: of.character("split")?, index: of.required("index")? },
        _ => {
            Transform::Segments { split: of.character("split")?, low: of.required("low")?, high: of.required("high")? }
        }
    })
}
