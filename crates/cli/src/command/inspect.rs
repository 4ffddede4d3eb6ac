//! `dynaseal inspect`: what a sealed item shows to everybody.

use dynaseal::{Inspection, RecipientInfo};
use serde_json::{Value, json};

use crate::args::InspectArgs;
use crate::output::{Failure, Output, complain, outcome, visible};
use crate::{input, table};

pub(crate) fn run(args: &InspectArgs) -> Result<(), Failure> {
    let config = args.config.as_deref().map(table::config).transpose()?;
    let mut output = Output::new();
    let mut refused = 0;
    input::read(&args.files, |place, item| {
        let inspection = match item {
            Ok(item) => Inspection::new(&item, config.as_ref()).map_err(|error| complain(place, &error)).ok(),
            Err(error) => {
                complain(place, &error);
                None
            }
        };
        match inspection {
            Some(inspection) if args.json => output.json(to_json(&inspection)),
            Some(inspection) => lines(place, &inspection).iter().try_for_each(|line| output.line(visible(line))),
            None => {
                refused += 1;
                Ok(())
            }
        }
    })?;
    outcome(refused)
}

/// For people.
pub(crate) fn lines(place: &str, inspection: &Inspection) -> Vec<String> {
    let sizes = inspection.sizes;
    let mut lines = vec![
        format!("{place}: version {}, {}", inspection.version.number(), inspection.algorithm_suite),
        format!("  message id  {}", hex(&inspection.message_id)),
        format!(
            "  size        {} bytes, of which sealing added {} (header {}, footer {})",
            sizes.item, sizes.overhead, sizes.head, sizes.foot
        ),
    ];
    lines.extend(inspection.recipients.iter().map(|recipient| format!("  recipient   {recipient}")));
    lines.extend(inspection.stored_context.iter().map(|(key, value)| format!("  context     {key} = {value}")));
    let width = inspection.attributes.iter().map(|attribute| attribute.name.chars().count()).max().unwrap_or(0);
    for attribute in &inspection.attributes {
        let action = attribute.action.map_or("not to be told", |action| action.name());
        let type_name = attribute.type_name.unwrap_or("?");
        lines.push(format!(
            "  attribute   {:width$}  {type_name:4}  {:>6} bytes  {action}",
            attribute.name, attribute.size
        ));
    }
    if inspection.attributes.iter().any(|attribute| attribute.action.is_none()) {
        let signed = inspection.signed_attributes;
        lines.push(format!(
            "  The record signs {signed} attributes. Which they are can not be told: some are unsigned (say which with --config), or the item was changed."
        ));
    }
    lines
}

fn to_json(inspection: &Inspection) -> Value {
    let attribute = |attribute: &dynaseal::InspectedAttribute| {
        json!({
            "name": attribute.name,
            "action": attribute.action.map(|action| action.name()),
            "type": attribute.type_name,
            "bytes": attribute.size,
        })
    };
    let context: serde_json::Map<_, _> =
        inspection.stored_context.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
    json!({
        "version": inspection.version.number(),
        "algorithm_suite": inspection.algorithm_suite.to_string(),
        "message_id": hex(&inspection.message_id),
        "signed_attributes": inspection.signed_attributes,
        "attributes": inspection.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "stored_context": context,
        "recipients": inspection.recipients.iter().map(recipient).collect::<Vec<_>>(),
        "bytes": {
            "item": inspection.sizes.item,
            "head": inspection.sizes.head,
            "foot": inspection.sizes.foot,
            "overhead": inspection.sizes.overhead,
        },
    })
}

fn recipient(recipient: &RecipientInfo) -> Value {
    match recipient {
        RecipientInfo::RawAes { namespace, name } => json!({ "type": "raw-aes", "namespace": namespace, "name": name }),
        RecipientInfo::BranchKey { id, version } => {
            json!({ "type": "branch-key", "id": id, "version": version.map(|version| version.to_string()) })
        }
        RecipientInfo::Kms { arn } => json!({ "type": "aws-kms", "arn": arn }),
        RecipientInfo::KmsRsa { arn } => json!({ "type": "aws-kms-rsa", "arn": arn }),
        RecipientInfo::Ecdh { kms, recipient, sender } => {
            let type_name = if *kms { "aws-kms-ecdh" } else { "raw-ecdh" };
            json!({ "type": type_name, "recipient": recipient, "sender": sender })
        }
        RecipientInfo::Other { provider_id, provider_info } => {
            json!({ "type": "other", "provider_id": provider_id, "provider_info": provider_info })
        }
        other => json!({ "type": "other", "text": other.to_string() }),
    }
}

fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}
