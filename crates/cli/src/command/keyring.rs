//! `dynaseal keyring check`: lets each recipient seal and open a probe alone.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use dynaseal::{
    CryptoAction, DefaultCmm, ErrorKind, Item, ItemEncryptor, ItemError, Keyring, MaterialsError, TableConfig,
};
use serde_json::json;

use crate::args::CheckArgs;
use crate::output::{Failure, Output, count_bad, visible, with_causes};
use crate::table::{self, Recipient};

/// The value of every attribute of a probe that has no other.
const PROBE: &str = "dynaseal-keyring-check";

/// What a recipient can do.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Works,
    SealsOnly,
    OpensOnly,
    /// It can not seal, and nobody sealed a probe for it.
    NotChecked,
    /// What it was to do, and the error with its causes.
    Fails(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Works => "works",
            Self::SealsOnly => "seals only",
            Self::OpensOnly => "opens only",
            Self::NotChecked => "opens only (not checked: nothing to open; try `dynaseal open` with a sealed item)",
            Self::Fails(error) => error,
        })
    }
}

/// A probe, sealed and as it was before.
struct Probe {
    plain: Item,
    sealed: Item,
}

pub(crate) fn check(args: &CheckArgs) -> Result<(), Failure> {
    super::runtime()?.block_on(run(args))
}

async fn run(args: &CheckArgs) -> Result<(), Failure> {
    let (config, recipients) = table::recipients(&args.config).await?;
    let mut probes = Vec::new();
    let mut outcomes = Vec::with_capacity(recipients.len());
    for recipient in &recipients {
        outcomes.push(seal_and_open(&config, recipient, &mut probes).await);
    }
    let mut output = Output::new();
    let mut broken = 0;
    for (recipient, outcome) in recipients.iter().zip(outcomes) {
        let outcome = match (outcome, &recipient.keyring) {
            (Outcome::NotChecked, Ok(keyring)) => open_others(&config, keyring, &probes).await,
            (outcome, _) => outcome,
        };
        let fails = usize::from(matches!(outcome, Outcome::Fails(_)));
        broken += fails;
        count_bad(fails);
        print(&mut output, args.json, recipient, &outcome)?;
    }
    if broken == 0 { Ok(()) } else { Err(Failure::Recipients(broken)) }
}

/// Lets a recipient seal and open its own probe, and keeps that for the others.
async fn seal_and_open(config: &TableConfig, recipient: &Recipient, probes: &mut Vec<Probe>) -> Outcome {
    let keyring = match &recipient.keyring {
        Ok(keyring) => keyring,
        Err(error) => return Outcome::Fails(with_causes(error)),
    };
    let encryptor = encryptor(config, keyring);
    let plain = probe(config, &recipient.attributes);
    let sealed = match encryptor.encrypt_item(plain.clone()).await {
        Ok(sealed) => sealed.item,
        Err(error) if matches!(materials(&error), Some(MaterialsError::OnlyOpens { .. })) => {
            return Outcome::NotChecked;
        }
        Err(error) => return Outcome::Fails(with_causes(&error)),
    };
    let outcome = match encryptor.decrypt_item(sealed.clone()).await {
        Ok(opened) if opened.item == plain => Outcome::Works,
        Ok(_) => Outcome::Fails("it seals, but opens to another item: please report this".to_owned()),
        Err(error) if matches!(materials(&error), Some(MaterialsError::OnlySeals { .. })) => Outcome::SealsOnly,
        Err(error) => Outcome::Fails(format!("it seals, but does not open: {}", with_causes(&error))),
    };
    probes.push(Probe { plain, sealed });
    outcome
}

/// Lets a recipient that does not seal open what others sealed.
async fn open_others(config: &TableConfig, keyring: &Arc<dyn Keyring>, probes: &[Probe]) -> Outcome {
    let encryptor = encryptor(config, keyring);
    let mut outcome = Outcome::NotChecked;
    for probe in probes {
        match encryptor.decrypt_item(probe.sealed.clone()).await {
            Ok(opened) if opened.item == probe.plain => return Outcome::OpensOnly,
            Ok(_) => return Outcome::Fails("it opens to another item: please report this".to_owned()),
            // A probe for somebody else.
            Err(error) if matches!(materials(&error), Some(MaterialsError::NotARecipient { .. })) => {}
            Err(error) => outcome = Outcome::Fails(with_causes(&error)),
        }
    }
    outcome
}

fn encryptor(config: &TableConfig, keyring: &Arc<dyn Keyring>) -> ItemEncryptor {
    ItemEncryptor::with_cmm(config.clone(), Arc::new(DefaultCmm::new(Arc::clone(keyring))))
}

/// The key attributes and the others that are in the encryption context, on which the choice of a branch key can hang.
fn probe(config: &TableConfig, attributes: &BTreeMap<String, String>) -> Item {
    let in_context = config.actions().filter(|(_, action)| *action == CryptoAction::SignAndIncludeInEncryptionContext);
    let keys = std::iter::once(config.partition_key()).chain(config.sort_key());
    let value = |name: &str| attributes.get(name).map_or(PROBE, String::as_str).to_owned();
    let pair = |name: &str| (name.to_owned(), value(name).into());
    in_context.map(|(name, _)| name).chain(keys).map(pair).collect()
}

fn materials(error: &ItemError) -> Option<&MaterialsError> {
    match error.kind() {
        ErrorKind::Materials(error) => Some(error),
        _ => None,
    }
}

fn print(output: &mut Output, json: bool, recipient: &Recipient, outcome: &Outcome) -> Result<(), Failure> {
    let name = match (&recipient.label, &recipient.keyring) {
        (Some(label), _) => label.clone(),
        (None, Ok(keyring)) => keyring.describe(),
        (None, Err(_)) => recipient.type_name.to_owned(),
    };
    if !json {
        return output.line(visible(&format!("{} ({name}): {outcome}", recipient.place)));
    }
    let (result, error) = match outcome {
        Outcome::Works => ("works", None),
        Outcome::SealsOnly => ("seals only", None),
        Outcome::OpensOnly | Outcome::NotChecked => ("opens only", None),
        Outcome::Fails(error) => ("fails", Some(error)),
    };
    output.json(json!({
        "place": recipient.place,
        "type": recipient.type_name,
        "recipient": name,
        "result": result,
        "checked": *outcome != Outcome::NotChecked,
        "error": error,
    }))
}
