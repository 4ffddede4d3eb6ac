//! Updates of sealed attributes, which `UpdateItem` alone can not do: the item is read and opened, changed and sealed, and
//! written back on condition that nobody else has sealed it meanwhile.
//!
//! Written are the signed attributes, head and foot, and those unsigned attributes that the update changes. All other
//! unsigned attributes stay as they are in the table at that moment, so that plain updates of those, made meanwhile,
//! survive.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use dynaseal_core::{AttributeValue, CryptoAction, FOOT, HEAD, Item, RESERVED_PREFIX, item_size, names_only};
use dynaseal_expression::{
    BoundCondition, BoundUpdate, Clause, Condition, ExpressionKind, PathUse, Placeholders, Position, Update,
};

use crate::error::{OperationError, Refusal};
use crate::expressions::Expressions;
use crate::measure::Measure;
use crate::rules;
use crate::seal::seal;
use crate::table::SealedTable;
use crate::write_back::WriteBack;

const NAME: &str = "update_sealed";

/// How many attributes one update may write or compare: DynamoDB limits the operators and the length of expressions.
const MAX_WRITTEN: usize = 300;

/// An update of one item of a sealed table.
pub struct SealedUpdate {
    table: Arc<SealedTable>,
    key: Item,
    expressions: Expressions,
    condition: Option<Condition>,
    update: Option<Update>,
    /// Unsigned attributes that the expressions look at.
    looked_at: BTreeSet<String>,
}

/// Without the values.
impl fmt::Debug for SealedUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, key, expressions, looked_at, .. } = self;
        f.debug_struct("SealedUpdate")
            .field("table", &table.name())
            .field("key", &names_only(key))
            .field("expressions", expressions)
            .field("looked_at", looked_at)
            .finish()
    }
}

/// An item that was read, before and after the update.
pub struct Opened {
    stored: Option<Item>,
    before: Option<Item>,
    /// The plain item as it shall be, open to further changes.
    pub after: Item,
}

/// Without the values.
impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stored, before, after } = self;
        f.debug_struct("Opened")
            .field("stored", &stored.as_ref().map(names_only))
            .field("before", &before.as_ref().map(names_only))
            .field("after", &names_only(after))
            .finish()
    }
}

/// What one attempt comes to.
pub struct Attempt {
    /// What to write.
    pub write: Write,
    /// The item as it was; `None` if there was none.
    pub before: Option<Item>,
    /// The item as it will be.
    pub after: Item,
    /// The head of the new record, which no other has; `None` if nothing is sealed. Finding it in the table says that the
    /// write took effect, though its answer may have been lost.
    pub head: Option<AttributeValue>,
}

/// Without the values.
impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { write, before, after, head } = self;
        f.debug_struct("Attempt")
            .field("write", write)
            .field("before", &before.as_ref().map(names_only))
            .field("after", &names_only(after))
            .field("is_sealed", &head.is_some())
            .finish()
    }
}

/// A request that takes effect only if the item is still the one that was read.
pub enum Write {
    /// `PutItem`, for there was no item.
    Put {
        /// The item, sealed.
        item: Item,
        /// Its condition and names.
        expressions: Expressions,
    },
    /// `UpdateItem`.
    Update {
        /// Its update, condition, names and values.
        expressions: Expressions,
    },
}

/// Without the values.
impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { item, expressions } => {
                f.debug_struct("Put").field("item", &names_only(item)).field("expressions", expressions).finish()
            }
            Self::Update { expressions } => f.debug_struct("Update").field("expressions", expressions).finish(),
        }
    }
}

impl SealedUpdate {
    /// Of the item with this key. `expressions` may have an update and a condition; both may name any attribute, encrypted
    /// ones too. Without an update, each attempt is told what to do.
    ///
    /// # Errors
    /// If an expression makes no sense, touches what belongs to the library, would change a key attribute, would change one
    /// that the configuration does not know other than by taking it away as a whole, or would copy something encrypted to
    /// where it can be read; or if the key is not whole, or has more than key attributes.
    pub fn new(table: &Arc<SealedTable>, key: Item, expressions: Expressions) -> Result<Self, OperationError> {
        let refused = |refusal| OperationError::new(NAME, table.name(), refusal);
        Self::checked(table, key, expressions).map_err(refused)
    }

    fn checked(table: &Arc<SealedTable>, key: Item, expressions: Expressions) -> Result<Self, Refusal> {
        for name in table.key_names() {
            if !key.contains_key(name) {
                return Err(Refusal::MissingKey { name: name.to_owned() });
            }
        }
        rules::only_key(table, "Key", &key)?;
        let kind = ExpressionKind::Condition;
        let condition = expressions.condition.as_deref().map(|text| Condition::parse(kind, text)).transpose()?;
        let update = expressions.update.as_deref().map(Update::parse).transpose()?;

        let names = expressions.names.iter().map(|(placeholder, name)| (placeholder.as_str(), name.as_str()));
        let mut placeholders = Placeholders::new(names, expressions.values.keys().map(String::as_str));
        let mut looked_at = BTreeSet::new();
        if let Some(condition) = &condition {
            let uses = placeholders.condition(kind, condition)?;
            note(table, kind, &uses, &mut looked_at)?;
        }
        if let Some(update) = &update {
            let uses = placeholders.update(update)?;
            note(table, ExpressionKind::Update, &uses, &mut looked_at)?;
            uses.iter().try_for_each(|of| may_change(table, of))?;
            no_copies_of_secrets(table, &uses)?;
        }
        placeholders.finish()?;
        Ok(Self { table: Arc::clone(table), key, expressions, condition, update, looked_at })
    }

    /// The key as it is.
    pub fn key(&self) -> &Item {
        &self.key
    }

    /// Opens the item as it was read, sealed; `None` if there is none. Checks the condition and applies the update.
    ///
    /// # Errors
    /// If the item can not be opened or is another one, the condition does not hold, or the update does not fit to it.
    pub async fn open(&self, stored: Option<Item>, measure: &mut Measure) -> Result<Opened, OperationError> {
        let before = self.open_stored(stored.clone(), measure).await.map_err(|refusal| self.refused(refusal))?;
        let mut after = before.clone().unwrap_or_else(|| self.key.clone());
        self.apply(before.as_ref(), &mut after).map_err(|refusal| self.refused(refusal))?;
        Ok(Opened { stored, before, after })
    }

    /// Seals what came of it.
    ///
    /// # Errors
    /// If the item has another key now, still has an attribute that the configuration does not know, can not be sealed, or has more attributes than one update can write.
    pub async fn seal(&self, opened: Opened, measure: &mut Measure) -> Result<Attempt, OperationError> {
        let table = &self.table;
        let Opened { stored, before, mut after } = opened;
        // A closure could have changed the key, and then the item would be sealed for another place.
        if let Some(name) = table.key_names().find(|name| !SealedTable::same_value(&self.key, &after, name)) {
            return Err(self.refused(Refusal::KeyUpdate { name: name.to_owned() }));
        }
        let since = Instant::now();
        self.forget_signed_beacons(before.as_ref(), &mut after);
        if let Some(names) = self.retired(before.as_ref(), &after) {
            return Err(self.refused(Refusal::Retired { names }));
        }
        let sealed = seal(table, after.clone()).await.map_err(|refusal| self.refused(refusal))?;
        let signed = table.search().into_iter().flat_map(|search| search.signed_beacons());
        after.extend(signed.filter_map(|name| Some((name.to_owned(), sealed.get(name)?.clone()))));
        measure.add_sealed(1, item_size(&sealed), since);
        let head = sealed.get(HEAD).cloned();
        let write = match (&stored, &before) {
            (Some(stored), Some(before)) => self.write_back(stored, before, &after, &sealed),
            _ => Ok(self.write_new(sealed)),
        };
        Ok(Attempt { write: write.map_err(|refusal| self.refused(refusal))?, before, after, head })
    }

    /// Those of the item as it was: they are made anew. One that was changed by hand stays, and has to be right.
    fn forget_signed_beacons(&self, before: Option<&Item>, item: &mut Item) {
        // Where no records are written, none would be made.
        let search = self.table.search().filter(|_| self.table.writes_records());
        let names = search.into_iter().flat_map(|search| search.signed_beacons());
        for name in names.filter(|name| !self.table.key_names().any(|key| key == *name)) {
            if before.and_then(|before| before.get(name)) == item.get(name) {
                item.remove(name);
            }
        }
    }

    /// Attributes that the item had before, and still has, without an action. Where items stay plain, nobody minds them.
    fn retired(&self, before: Option<&Item>, after: &Item) -> Option<Vec<String>> {
        let before = before.filter(|_| self.table.writes_records())?;
        let has_no_action = |name: &&String| {
            self.table.config().action(name).is_none()
                && !name.starts_with(RESERVED_PREFIX)
                && before.contains_key(*name)
        };
        let names: Vec<String> = after.keys().filter(has_no_action).cloned().collect();
        (!names.is_empty()).then_some(names)
    }

    fn refused(&self, refusal: Refusal) -> OperationError {
        OperationError::new(NAME, self.table.name(), refusal)
    }

    async fn open_stored(&self, stored: Option<Item>, measure: &mut Measure) -> Result<Option<Item>, Refusal> {
        let Some(stored) = stored else { return Ok(None) };
        let since = Instant::now();
        let opened = self.table.encryptor().decrypt_item(stored).await?.item;
        if !self.table.same_key(&self.key, &opened) {
            return Err(Refusal::OtherItem);
        }
        measure.add_opened(1, item_size(&opened), since);
        Ok(Some(opened))
    }

    fn apply(&self, before: Option<&Item>, after: &mut Item) -> Result<(), Refusal> {
        let Expressions { names, values, .. } = &self.expressions;
        if let Some(condition) = &self.condition {
            let bound = BoundCondition::new(ExpressionKind::Condition, condition, names, values)?;
            if !bound.matches(before.unwrap_or(&Item::new())) {
                return Err(Refusal::Condition);
            }
        }
        if let Some(update) = &self.update {
            BoundUpdate::new(update, names, values)?.apply(after)?;
        }
        Ok(())
    }

    fn write_new(&self, sealed: Item) -> Write {
        let names = [("#k".to_owned(), self.table.config().partition_key().to_owned())].into();
        let condition = Some("attribute_not_exists(#k)".to_owned());
        Write::Put { item: sealed, expressions: Expressions { condition, names, ..Expressions::default() } }
    }

    fn write_back(&self, stored: &Item, before: &Item, after: &Item, sealed: &Item) -> Result<Write, Refusal> {
        let config = self.table.config();
        // The older format may encrypt what a record leaves unsigned: all of such an item is written.
        let encryptor = self.table.encryptor();
        let is_older = encryptor.is_legacy(stored) || encryptor.is_legacy(sealed);
        let unsigned = |name: &str| !is_older && config.action(name) == Some(CryptoAction::DoNothing);
        let is_key = |name: &str| self.table.key_names().any(|key| key == name);
        let mut text = WriteBack::default();

        let all: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let changed = all.into_iter().filter(|name| unsigned(name) && before.get(*name) != after.get(*name));
        let changed: BTreeSet<&String> = changed.collect();

        // It has to be the item that was read: the record, or if there is none, everything that a record would sign; and
        // what is unsigned, where it matters.
        let mut guarded: BTreeSet<&str> = changed.iter().copied().chain(&self.looked_at).map(String::as_str).collect();
        guarded.extend([HEAD, FOOT]);
        let is_sealed = stored.contains_key(HEAD);
        if !is_sealed {
            let configured = config.actions().filter(|(_, action)| *action != CryptoAction::DoNothing);
            let others = stored.keys().map(String::as_str).filter(|name| !unsigned(name));
            guarded.extend(configured.map(|(name, _)| name).chain(others).filter(|name| !is_key(name)));
        }
        let writes = |name: &&String| !is_key(name) && (!unsigned(name) || changed.contains(*name));
        let gone = || stored.keys().filter(writes).filter(|name| !sealed.contains_key(*name));
        let count = sealed.keys().filter(writes).count() + gone().count();
        let too_many = Refusal::TooManyWritten { count, guarded: guarded.len() };
        if count > MAX_WRITTEN || guarded.len() > MAX_WRITTEN {
            return Err(too_many);
        }
        if !is_sealed {
            // All of the others may say that something is not there.
            text.exists(config.partition_key());
        }
        guarded.into_iter().for_each(|name| text.unchanged(name, stored.get(name)));
        for (name, value) in sealed.iter().filter(|(name, _)| writes(name)) {
            if stored.get(name) != Some(value) {
                text.set(name, value.clone());
            }
        }
        gone().for_each(|name| text.remove(name));
        let expressions = text.finish().ok_or(too_many)?;
        Ok(Write::Update { expressions })
    }
}

/// Notes the unsigned attributes that are looked at: no signature says whether they are still the same.
fn note(
    table: &SealedTable,
    kind: ExpressionKind,
    uses: &[PathUse<'_>],
    looked_at: &mut BTreeSet<String>,
) -> Result<(), Refusal> {
    for of in uses {
        if let Some(name) = of.path.find_name(|name| name.starts_with(RESERVED_PREFIX)) {
            return Err(Refusal::Reserved { kind, name: name.to_owned() });
        }
        if table.search().is_some_and(|search| search.is_only_searched(of.path.attribute))
            && !table.is_encrypted(of.path.attribute)
        {
            return Err(Refusal::Beacon { kind, name: of.path.attribute.to_owned() });
        }
        if table.config().action(of.path.attribute) == Some(CryptoAction::DoNothing) {
            looked_at.insert(of.path.attribute.to_owned());
        }
    }
    Ok(())
}

/// What is encrypted stays encrypted: nothing that can be read is set to it, to a part of it, or to what is computed from it.
/// A target that is signed and not encrypted can be read as well, and what has no action may have been encrypted when the
/// item was sealed.
fn no_copies_of_secrets(table: &SealedTable, uses: &[PathUse<'_>]) -> Result<(), Refusal> {
    let (mut target, mut unknown) = (None, None);
    for of in uses {
        let name = of.path.attribute;
        match of.position {
            // Comes before its sources.
            Position::Target(_) => target = Some(name),
            _ => {
                let Some(target) = target.filter(|target| !table.is_encrypted(target)) else { continue };
                let (from, target) = (name.to_owned(), target.to_owned());
                if table.is_encrypted(name) {
                    return Err(Refusal::CopiesSecret { from, target });
                }
                if table.config().action(name).is_none() {
                    unknown.get_or_insert(Refusal::CopiesUnknown { from, target });
                }
            }
        }
    }
    unknown.map_or(Ok(()), Err)
}

/// What is no target of the update passes. An attribute without an action can only be taken away: then no reader has to know
/// whether it is signed.
fn may_change(table: &SealedTable, of: &PathUse<'_>) -> Result<(), Refusal> {
    let (Position::Target(clause), name) = (of.position, of.path.attribute) else { return Ok(()) };
    if table.key_names().any(|key| key == name) {
        return Err(Refusal::KeyUpdate { name: name.to_owned() });
    }
    let takes_away = clause == Clause::Remove && of.path.elements.is_empty();
    match table.config().action(name) {
        None if !takes_away => Err(Refusal::NoAction { name: name.to_owned() }),
        _ => Ok(()),
    }
}
