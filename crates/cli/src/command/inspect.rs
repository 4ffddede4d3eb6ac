//! `dynaseal inspect`: what a sealed item shows to everybody.

use std::error::Error;
use std::fmt;

use dynaseal::{ErrorKind, FOOT, HEAD, Inspection, RecipientInfo, TableConfig};
use serde_json::{Value, json};

use crate::args::InspectArgs;
use crate::output::{Failure, Output, complain, outcome, visible};
use crate::{input, table};

pub(crate) fn run(args: &InspectArgs) -> Result<(), Failure> {
    let config = args.config.as_deref().map(table::config).transpose()?;
    let mut output = Output::to(&args.output)?;
    let mut refused = 0;
    input::read(&args.files, |place, item| {
        let inspection = match item {
            Ok(item) => Inspection::new(&item, config.as_ref()).map_err(|error| complain(place, &Broken(error))).ok(),
            Err(error) => {
                complain(place, &error);
                None
            }
        };
        match inspection {
            Some(inspection) if args.json => output.json(to_json(&inspection)),
            Some(inspection) => {
                lines(place, &inspection, config.as_ref()).iter().try_for_each(|line| output.line(visible(line)))
            }
            None => {
                refused += 1;
                Ok(())
            }
        }
    })?;
    output.finish()?;
    outcome(refused)
}

/// An item of which nothing can be told.
#[derive(Debug)]
struct Broken(ErrorKind);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            // What else it says is advice to whoever wants to open it.
            ErrorKind::NotSealed { .. } => write!(f, "it is not sealed: `{HEAD}` and `{FOOT}` are both missing"),
            other => other.fmt(f),
        }
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// For people.
pub(crate) fn lines(place: &str, inspection: &Inspection, config: Option<&TableConfig>) -> Vec<String> {
    let is_unknown = |name: &str| config.is_some_and(|config| config.action(name).is_none());
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
        let action = match attribute.action {
            Some(action) => action.name(),
            None if is_unknown(&attribute.name) => "no action configured",
            None => "not to be told",
        };
        let type_name = attribute.type_name.unwrap_or("?");
        lines.push(format!(
            "  attribute   {:width$}  {type_name:4}  {:>6} bytes  {action}",
            attribute.name, attribute.size
        ));
    }
    if inspection.attributes.iter().any(|attribute| attribute.action.is_none()) {
        let signed = inspection.signed_attributes;
        let which = match config {
            Some(_) => "some are unsigned and the configuration does not say so, or the item was changed",
            None => "some are unsigned (say which with --config), or the item was changed",
        };
        lines.push(format!("  The record signs {signed} attributes. Which they are cannot be told: {which}."));
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
