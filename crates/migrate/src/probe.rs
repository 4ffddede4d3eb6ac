//! Items of no table, sealed into the checkpoint: what the keys of a later run do not open was sealed by others, and where a
//! job says that it is done, nobody would look again.

use dynaseal_core::{
    AttributeValue, CryptoAction, FOOT, HEAD, Inspection, Item, ItemEncryptor, RESERVED_PREFIX, RecipientInfo, json,
};
use dynaseal_ops::SealedTable;

use crate::attributes::SealedAttributes;
use crate::compare::{Members, only_seals, opened_by_all, recipients};
use crate::problem::{CheckpointError, MigrateError, Problem};
use crate::progress::Kept;
use crate::source::Source;
use crate::target::Keys;

/// The value of every attribute of a probe.
const VALUE: &str = "dynaseal migrate";

/// Whether the checkpoint was begun with the keys of this table.
pub(crate) async fn check_records(
    kept: &Kept,
    table: &SealedTable,
    members: &[ItemEncryptor],
    keys: &Keys,
) -> Result<(), MigrateError> {
    let encryptor = table.encryptor();
    let needed = |action| action == CryptoAction::SignAndIncludeInEncryptionContext;
    let names = encryptor.config().actions().filter(|(_, action)| needed(*action)).map(|(name, _)| name);
    let probe: Item = keys.names().chain(names).map(|name| (name.to_owned(), VALUE.into())).collect();
    // Branch keys of tenants need more of an item than a probe has; then there is none.
    let Ok(sealed) = encryptor.encrypt_item(probe.clone()).await else { return Ok(()) };
    let there = read(&kept.begin_with("probe", json::to_string(&sealed.item)).await?)?;
    let changed = |problem: Problem| match problem.is_of_key_service() {
        true => MigrateError::KeyService { failures: 1, source: Box::new(problem) },
        false => MigrateError::OtherKeys { source: Box::new(problem) },
    };
    match encryptor.decrypt_item(there.clone()).await {
        Ok(_) => {}
        Err(error) if only_seals(&error) => {}
        Err(error) => return Err(changed(Problem::Open(error))),
    }
    if opened_by_all(members, &there).await.map_err(|error| changed(Problem::Open(error)))? == Members::NotAll {
        return Err(changed(Problem::OtherRecipient));
    }
    // The keys of the next job may open what the last one sealed.
    let of = |item: &Item| Some(long_lived_recipients(&encryptor.inspect(item).ok()?));
    let (old, new) = (of(&there), of(&sealed.item));
    if old != new {
        let text = |recipients| format!("for {:?}", Option::unwrap_or_default(recipients));
        return Err(MigrateError::OtherJob { there: text(old), here: text(new) });
    }
    let Some(beacons) = beacons(table, &probe, &sealed.item).await else { return Ok(()) };
    match read(&kept.begin_with("beacons", json::to_string(&beacons)).await?)? == beacons {
        true => Ok(()),
        false => Err(changed(Problem::OtherBeaconKey)),
    }
}

/// Whether the checkpoint was begun with the root keys of these attributes.
pub(crate) async fn check_attributes(
    kept: &Kept,
    attributes: &SealedAttributes,
    keys: &Keys,
) -> Result<(), MigrateError> {
    let names = keys.names().chain(attributes.names());
    let probe: Item = names.map(|name| (name.to_owned(), VALUE.into())).collect();
    let key = keys.of(&probe);
    let Ok(sealed) = attributes.seal(probe, &key, keys) else { return Ok(()) };
    let there = read(&kept.begin_with("probe", json::to_string(&sealed)).await?)?;
    match attributes.reform(&Source::default(), &there, keys, false) {
        Ok(reformed) if reformed.item.is_none() => Ok(()),
        Ok(_) => Err(MigrateError::OtherKeys { source: Box::new(Problem::OtherRecipient) }),
        Err(problem) => Err(MigrateError::OtherKeys { source: Box::new(problem) }),
    }
}

fn read(text: &str) -> Result<Item, CheckpointError> {
    json::from_str(text).map_err(|error| CheckpointError::new("the probe in the checkpoint is broken", error))
}

/// The beacons of a first attribute that has some, always in the first partition: all are made with one key.
async fn beacons(table: &SealedTable, probe: &Item, sealed: &Item) -> Option<Item> {
    let search = table.search()?;
    let header = match sealed.get(HEAD) {
        Some(AttributeValue::B(head)) => dynaseal_core::format::Header::parse(head).ok()?,
        _ => return None,
    };
    let encrypted = table.config().actions().filter(|(_, action)| *action == CryptoAction::EncryptAndSign);
    for (name, _) in encrypted {
        for value in [AttributeValue::from(VALUE), AttributeValue::Ss(vec![VALUE.to_owned()])] {
            let mut item = probe.clone();
            item.insert(name.to_owned(), value);
            let Ok(mut made) = search.beacons_of(&item, Some(0), header.branch_key_id()).await else { continue };
            made.retain(|name, _| name.starts_with(RESERVED_PREFIX) && ![HEAD, FOOT].contains(&name.as_str()));
            if !made.is_empty() {
                return Some(made);
            }
        }
    }
    None
}

/// Who can open a record, whichever version of a branch key it is: those change while a job is under way.
fn long_lived_recipients(of: &Inspection) -> Vec<RecipientInfo> {
    let one = |recipient| match recipient {
        RecipientInfo::BranchKey { id, .. } => RecipientInfo::BranchKey { id, version: None },
        other => other,
    };
    recipients(of).into_iter().map(one).collect()
}
