//! What sealing an item anew would change, which decides whether it is up to date.

use std::collections::BTreeSet;

use dynaseal_core::{
    AttributeValue, CryptoAction, ErrorKind, FOOT, HEAD, InspectedAttribute, Inspection, Item, ItemEncryptor,
    ItemError, MaterialsError, RESERVED_PREFIX, RecipientInfo, TableConfig, normalize_number,
};
use dynaseal_ops::{Refusal, SealedTable};

/// Whether each recipient that would be sealed for now can open a record. The names in a header do not say it: a key may have
/// been replaced by one of the same name, and an encryptor is content with the first recipient that opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Members {
    All,
    /// Those that were tried can; there is one that only seals, by its keys or by the rights that it has, so that nobody can
    /// tell.
    Untold,
    /// One cannot.
    NotAll,
}

/// Lets each keyring of a multi-keyring open a record alone.
pub(crate) async fn opened_by_all(members: &[ItemEncryptor], stored: &Item) -> Result<Members, ItemError> {
    let mut found = Members::All;
    for member in members {
        let Err(error) = member.decrypt_item(stored.clone()).await else { continue };
        if only_seals(&error) {
            found = Members::Untold;
            continue;
        }
        return match error.kind() {
            ErrorKind::Materials(materials) if materials.is_of_service() => Err(error),
            _ => Ok(Members::NotAll),
        };
    }
    Ok(found)
}

/// Whether the keys at hand, or the rights to them, only seal: then nobody can tell here whether they are still those.
pub(crate) fn only_seals(error: &ItemError) -> bool {
    let ErrorKind::Materials(materials) = error.kind() else { return false };
    matches!(materials.root(), MaterialsError::OnlySeals { .. } | MaterialsError::Denied { .. })
}

/// Seals a record anew, and says what that would change. The partition of beacons may be drawn by lot: a record is as it
/// should be in each of them.
pub(crate) async fn compare(
    table: &SealedTable,
    stored: &Item,
    plain: Item,
) -> Result<(Item, Option<Difference>), Refusal> {
    let partitioned = table.search().filter(|search| search.maximum_partitions() > 1);
    let partitioned = partitioned.map(|search| (search, plain.clone()));
    let sealed = table.seal(plain).await?;
    let found = difference(stored, &sealed, table.config());
    let (Some(Difference::Reserved(_)), Some((search, plain)), Some(AttributeValue::B(head))) =
        (&found, partitioned, stored.get(HEAD))
    else {
        return Ok((sealed, found));
    };
    let header = dynaseal_core::format::Header::parse(head).ok();
    let branch_key_id = header.as_ref().and_then(|header| header.branch_key_id());
    let is_of_sealing = |name: &str| [HEAD, FOOT].contains(&name) || !name.starts_with(RESERVED_PREFIX);
    for partition in 0..search.maximum_partitions() {
        let Ok(beacons) = search.beacons_of(&plain, Some(partition), branch_key_id).await else { break };
        let mut there = sealed.clone();
        there.retain(|name, _| is_of_sealing(name));
        there.extend(beacons);
        if difference(stored, &there, table.config()).is_none() {
            return Ok((sealed, None));
        }
    }
    Ok((sealed, found))
}

/// What sealing an item anew would change beyond what is random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// Who can open it.
    Recipients,
    /// An attribute that belongs to the library and is not of this table's beacons, or another one.
    Reserved(String),
    /// Actions, suite, version, or attributes.
    Configuration,
}

/// What differs between an item as it is stored and as it would be sealed now.
pub(crate) fn difference(stored: &Item, sealed: &Item, config: &TableConfig) -> Option<Difference> {
    let of = |item| Inspection::new(item, Some(config));
    let (Ok(old), Ok(new)) = (of(stored), of(sealed)) else { return Some(Difference::Configuration) };
    let shape = |of: &Inspection| {
        // The public key of a signature is another one each time; that there is one is part of the suite.
        let context = of.stored_context.iter().filter(|(name, _)| !name.ends_with("public-key")).cloned();
        (of.version, of.algorithm_suite, of.signed_attributes, context.collect::<Vec<_>>())
    };
    if shape(&old) != shape(&new) || legend(stored) != legend(sealed) {
        return Some(Difference::Configuration);
    }
    if recipients(&old) != recipients(&new) {
        return Some(Difference::Recipients);
    }
    let is_encrypted = |attribute: &&InspectedAttribute| attribute.action == Some(CryptoAction::EncryptAndSign);
    let encrypted = new.attributes.iter().filter(is_encrypted).map(|attribute| attribute.name.as_str());
    let random: BTreeSet<&str> = encrypted.chain([HEAD, FOOT]).collect();
    let same = |name: &str| match (stored.get(name), sealed.get(name)) {
        (Some(old), Some(new)) => random.contains(name) || same_value(old, new),
        _ => false,
    };
    let name = stored.keys().chain(sealed.keys()).find(|name| !same(name))?;
    Some(match name.starts_with(RESERVED_PREFIX) {
        true => Difference::Reserved(name.clone()),
        false => Difference::Configuration,
    })
}

/// Who can open a record. An ephemeral sender's key is another one each time.
pub(crate) fn recipients(of: &Inspection) -> Vec<RecipientInfo> {
    let one = |recipient: &RecipientInfo| match recipient {
        RecipientInfo::Ecdh { kms, recipient, .. } => {
            RecipientInfo::Ecdh { kms: *kms, recipient: recipient.clone(), sender: String::new() }
        }
        other => other.clone(),
    };
    of.recipients.iter().map(one).collect()
}

fn legend(item: &Item) -> Option<Vec<u8>> {
    let AttributeValue::B(head) = item.get(HEAD)? else { return None };
    Some(dynaseal_core::format::Header::parse(head).ok()?.legend.to_vec())
}

/// Whether two items are one to DynamoDB.
pub(crate) fn same_item(one: &Item, other: &Item) -> bool {
    one.len() == other.len()
        && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same_value(value, other)))
}

/// Whether two values are one to DynamoDB, which gives numbers back in another spelling.
pub(crate) fn same_value(one: &AttributeValue, other: &AttributeValue) -> bool {
    use AttributeValue::{Bs, L, M, N, Ns, Ss};
    let number = |text: &str| normalize_number(text).unwrap_or_else(|_| text.to_owned());
    let sorted = |mut set: Vec<String>| {
        set.sort_unstable();
        set
    };
    match (one, other) {
        (N(one), N(other)) => one == other || number(one) == number(other),
        (Ns(one), Ns(other)) => {
            let numbers = |set: &[String]| sorted(set.iter().map(|text| number(text)).collect());
            numbers(one) == numbers(other)
        }
        (Ss(one), Ss(other)) => sorted(one.clone()) == sorted(other.clone()),
        (Bs(one), Bs(other)) => {
            let sorted = |set: &[Vec<u8>]| {
                let mut set = set.to_vec();
                set.sort_unstable();
                set
            };
            sorted(one) == sorted(other)
        }
        (L(one), L(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_value(one, other))
        }
        (M(one), M(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, one)| other.get(name).is_some_and(|other| same_value(one, other)))
        }
        (one, other) => one == other,
    }
}
