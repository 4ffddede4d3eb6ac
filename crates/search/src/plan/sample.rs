//! Counting: how often each value of each attribute occurs, in bounded memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use dynaseal_core::format::write_value;
use dynaseal_core::{AttributeValue, HEAD, Item, RESERVED_PREFIX, ValueError, normalize_number};

use super::frequencies::Frequencies;
use super::{Plan, Unit};

/// Distinct values that a sample tells apart if nothing else is said.
const LIMIT: usize = 1 << 21;

/// Items, of which only is kept how often each value of each attribute occurs.
///
/// Values are told apart by 16-byte digests of the bytes that their beacons would be made of, and are not kept themselves.
/// A distinct value takes about 50 bytes, twice that as an element of sets; [`Sample::limit`] bounds how many there are over
/// all attributes, and so the memory: 2,097,152 if it is not called. An attribute with a new value beyond that is counted no
/// further; its plan is that of the items until then, and says so. The others go on.
///
/// ```
/// use dynaseal_core::{AttributeValue, Item};
/// use dynaseal_search::plan::{Sample, Unit};
///
/// let mut sample = Sample::new().except(["pk"]);
/// for tags in [vec!["red"], vec!["red", "round"]] {
///     let tags = AttributeValue::Ss(tags.into_iter().map(str::to_owned).collect());
///     sample.add(&Item::from([("pk".to_owned(), "a".into()), ("tags".to_owned(), tags)]))?;
/// }
/// // Sets are planned twice: as a whole, and by their elements.
/// let plans = sample.plans();
/// let found: Vec<_> = plans.iter().map(|plan| (plan.attribute.as_str(), plan.unit, plan.values)).collect();
/// assert_eq!(found, [("tags", Unit::Value, 2), ("tags", Unit::Element, 2)]);
/// # Ok::<(), dynaseal_search::plan::SampleError>(())
/// ```
pub struct Sample {
    choice: Choice,
    counts: BTreeMap<String, Counts>,
    items: u64,
    /// Distinct values of all attributes.
    values: usize,
    limit: usize,
    whole: bool,
    digests: [RandomState; 2],
}

/// Which attributes count.
enum Choice {
    Only,
    AllBut(BTreeSet<String>),
}

#[derive(Default)]
struct Counts {
    types: BTreeMap<&'static str, u64>,
    values: HashMap<u128, u64>,
    /// Of sets, by size: how many items with each element, and how many items at all.
    elements: HashMap<u128, Vec<(u64, u64)>>,
    sizes: BTreeMap<u64, u64>,
    /// After so many items of the sample, counting ended.
    stopped: Option<u64>,
}

/// An item that does not count, nothing of it. The message never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// Beacons are made of plain values.
    #[error("it is sealed: open it first, beacons are planned from plain items")]
    Sealed,
    /// A value that DynamoDB does not take.
    #[error("`{attribute}` has a value that DynamoDB does not take")]
    Value {
        /// The attribute.
        attribute: String,
        /// What is wrong with it.
        #[source]
        source: ValueError,
    },
}

/// What a plan tells about where it comes from.
pub(super) struct Seen<'s> {
    pub(super) attribute: &'s str,
    pub(super) unit: Unit,
    pub(super) items: u64,
    pub(super) types: BTreeMap<&'static str, u64>,
    pub(super) whole: bool,
    pub(super) stopped: bool,
}

impl Default for Sample {
    fn default() -> Self {
        Self::new()
    }
}

impl Sample {
    /// Of all attributes but those that DynaSeal adds (`aws_dbe_…`).
    pub fn new() -> Self {
        Self {
            choice: Choice::AllBut(BTreeSet::new()),
            counts: BTreeMap::new(),
            items: 0,
            values: 0,
            limit: LIMIT,
            whole: false,
            digests: [RandomState::new(), RandomState::new()],
        }
    }

    /// Of these attributes only. Each has a plan in the end, even if no item has it.
    pub fn of<S: Into<String>>(attributes: impl IntoIterator<Item = S>) -> Self {
        let counts = attributes.into_iter().map(|name| (name.into(), Counts::default())).collect();
        Self { choice: Choice::Only, counts, ..Self::new() }
    }

    /// Without these attributes: keys, for example, of which there are no beacons.
    pub fn except<S: Into<String>>(mut self, attributes: impl IntoIterator<Item = S>) -> Self {
        for attribute in attributes.into_iter().map(Into::into) {
            self.counts.remove(&attribute);
            if let Choice::AllBut(others) = &mut self.choice {
                others.insert(attribute);
            }
        }
        self
    }

    /// How many distinct values are told apart, over all attributes.
    pub fn limit(mut self, values: usize) -> Self {
        self.limit = values;
        self
    }

    /// Says that these are all items there are, so that no other value is to be expected.
    pub fn set_whole_table(&mut self) {
        self.whole = true;
    }

    /// How many items were added.
    pub fn items(&self) -> u64 {
        self.items
    }

    /// Counts an item.
    ///
    /// # Errors
    /// If the item is sealed, or a value that is to be counted is none that DynamoDB takes. Then nothing of it is counted.
    pub fn add(&mut self, item: &Item) -> Result<(), SampleError> {
        if item.contains_key(HEAD) {
            return Err(SampleError::Sealed);
        }
        let mut found = Vec::with_capacity(item.len());
        for (name, value) in item.iter().filter(|(name, _)| self.counts_attribute(name)) {
            let digests = self.digests(value);
            let (whole, elements) = digests.map_err(|source| SampleError::Value {
                attribute: name.clone(),
                // It may come to be encrypted, and then its keys are as secret as its values.
                source: source.hide_keys(),
            })?;
            found.push((name, value.type_name(), whole, elements));
        }
        for (name, type_name, whole, elements) in found {
            if !self.counts.contains_key(name) {
                if self.counts.len() >= self.limit {
                    continue;
                }
                self.counts.insert(name.clone(), Counts::default());
            }
            if let Some(counts) = self.counts.get_mut(name) {
                self.values += counts.add(type_name, whole, elements.as_deref(), self.limit - self.values, self.items);
            }
        }
        self.items += 1;
        Ok(())
    }

    /// What beacons would cost and show, by attribute in the order of their names; the elements of sets come after the
    /// attribute itself.
    pub fn plans(&self) -> Vec<Plan> {
        let mut plans = Vec::with_capacity(self.counts.len());
        for (attribute, counts) in &self.counts {
            let items = counts.stopped.unwrap_or(self.items);
            let stopped = counts.stopped.is_some();
            let whole = self.whole && !stopped;
            let types = counts.types.clone();
            let seen = Seen { attribute, unit: Unit::Value, items, types, whole, stopped };
            plans.push(Plan::new(seen, &Frequencies::of_values(counts.values.values().copied())));
            if !counts.sizes.is_empty() {
                let mut types = counts.types.clone();
                types.retain(|name, _| matches!(*name, "SS" | "NS" | "BS"));
                let elements = Frequencies::of_elements(counts.elements.values().map(Vec::as_slice), &counts.sizes);
                let seen = Seen { attribute, unit: Unit::Element, items, types, whole, stopped };
                plans.push(Plan::new(seen, &elements));
            }
        }
        plans
    }

    fn counts_attribute(&self, name: &str) -> bool {
        match &self.choice {
            Choice::Only => self.counts.contains_key(name),
            Choice::AllBut(others) => !name.starts_with(RESERVED_PREFIX) && !others.contains(name),
        }
    }

    /// Of the value, and of the elements of a set.
    fn digests(&self, value: &AttributeValue) -> Result<(u128, Option<Vec<u128>>), ValueError> {
        let mut bytes = Vec::new();
        write_value(value, &mut bytes)?;
        let elements = match value {
            AttributeValue::Ss(set) => Some(set.iter().map(|text| self.digest(text.as_bytes())).collect()),
            AttributeValue::Bs(set) => Some(set.iter().map(|bytes| self.digest(bytes)).collect()),
            AttributeValue::Ns(set) => {
                let digest = |number: &String| Ok(self.digest(normalize_number(number)?.as_bytes()));
                Some(set.iter().map(digest).collect::<Result<_, ValueError>>()?)
            }
            _ => None,
        };
        Ok((self.digest(&bytes), elements))
    }

    /// Keyed anew for every sample: nobody can choose values that collide.
    fn digest(&self, bytes: &[u8]) -> u128 {
        let [high, low] = &self.digests;
        u128::from(high.hash_one(bytes)) << 64 | u128::from(low.hash_one(bytes))
    }
}

impl Counts {
    /// Counts a value, and says how many new ones there are. At most `room` may be.
    fn add(&mut self, type_name: &'static str, value: u128, elements: Option<&[u128]>, room: usize, now: u64) -> usize {
        if self.stopped.is_some() {
            return 0;
        }
        let of_set = elements.unwrap_or_default();
        let new = usize::from(!self.values.contains_key(&value))
            + of_set.iter().filter(|element| !self.elements.contains_key(element)).count();
        if new > room {
            self.stopped = Some(now);
            return 0;
        }
        *self.types.entry(type_name).or_default() += 1;
        *self.values.entry(value).or_default() += 1;
        if elements.is_some() {
            let size = u64::try_from(of_set.len()).unwrap_or(u64::MAX);
            *self.sizes.entry(size).or_default() += 1;
            for element in of_set {
                let by_size = self.elements.entry(*element).or_insert_with(|| Vec::with_capacity(1));
                match by_size.iter_mut().find(|(other, _)| *other == size) {
                    Some((_, items)) => *items += 1,
                    None => by_size.push((size, 1)),
                }
            }
        }
        new
    }
}

/// Without the digests: the keys of theirs are here too, and short values could be found by trying.
impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attributes: Vec<_> = self.counts.keys().collect();
        f.debug_struct("Sample").field("items", &self.items).field("attributes", &attributes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

    use super::*;
    use AttributeValue::{B, N, Ns, Null, S, Ss};

    fn item(value: AttributeValue) -> Item {
        Item::from([("a".to_owned(), value)])
    }

    fn texts(set: &[&str]) -> AttributeValue {
        Ss(set.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn values_with_the_same_bytes_have_the_same_beacon() {
        let mut sample = Sample::new();
        for value in [S("1".into()), N("1".into()), N("1.0".into()), B(vec![b'1']), S("2".into())] {
            sample.add(&item(value)).unwrap();
        }
        // Two empty ones.
        sample.add(&item(Null(true))).unwrap();
        sample.add(&item(S(String::new()))).unwrap();
        let plan = &sample.plans()[0];
        assert_eq!((plan.values, plan.items, plan.seen_once), (3, 7, 1));
        assert_eq!(plan.types, BTreeMap::from([("S", 3), ("N", 2), ("B", 1), ("NULL", 1)]));
        assert_eq!(plan.skew.unwrap().most_frequent_items, 4);
    }

    #[test]
    fn sets_are_counted_as_a_whole_and_by_element() {
        let mut sample = Sample::new();
        for value in [texts(&["a", "b"]), texts(&["b", "a"]), texts(&["b"]), Ns(vec!["1".into()]), S("b".into())] {
            sample.add(&item(value)).unwrap();
        }
        let plans = sample.plans();
        let [whole, elements] = plans.as_slice() else { unreachable!() };
        // The order of a set says nothing.
        assert_eq!((whole.unit, whole.items, whole.values, whole.occurrences), (Unit::Value, 5, 4, 5));
        assert_eq!((elements.unit, elements.items, elements.values, elements.occurrences), (Unit::Element, 4, 3, 6));
        assert_eq!(elements.types, BTreeMap::from([("SS", 3), ("NS", 1)]));
        assert_eq!(elements.skew.unwrap().most_frequent_items, 3);
    }

    #[test]
    fn numbers_in_sets_count_in_their_normal_form() {
        let mut sample = Sample::new();
        for number in ["1", "1.0", "0.1e1"] {
            sample.add(&item(Ns(vec![number.into(), "7".into()]))).unwrap();
        }
        let found: Vec<_> = sample.plans().iter().map(|plan| (plan.values, plan.occurrences)).collect();
        assert_eq!(found, [(1, 3), (2, 6)]);
    }

    #[test]
    fn attributes_are_chosen() {
        let item = Item::from(["a", "b", "c", "aws_dbe_b_a"].map(|name| (name.to_owned(), "x".into())));
        let names = |mut sample: Sample| {
            sample.add(&item).unwrap();
            let names: Vec<_> = sample.plans().into_iter().map(|plan| (plan.attribute, plan.items)).collect();
            names
        };
        let found = |names: &[(&str, u64)]| names.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect::<Vec<_>>();
        assert_eq!(names(Sample::new()), found(&[("a", 1), ("b", 1), ("c", 1)]));
        assert_eq!(names(Sample::new().except(["a", "z"])), found(&[("b", 1), ("c", 1)]));
        assert_eq!(names(Sample::of(["z", "b"])), found(&[("b", 1), ("z", 0)]));
        assert_eq!(names(Sample::of(["z", "b"]).except(["z"])), found(&[("b", 1)]));
    }

    #[test]
    fn what_is_refused_is_not_counted() {
        let mut sample = Sample::new();
        let sealed = Item::from([("a".to_owned(), "x".into()), (HEAD.to_owned(), B(vec![1]))]);
        assert_eq!(sample.add(&sealed), Err(SampleError::Sealed));
        let wrong = Item::from([("a".to_owned(), "x".into()), ("n".to_owned(), N("s3cret".into()))]);
        let error = sample.add(&wrong).unwrap_err();
        assert_eq!(error.to_string(), "`n` has a value that DynamoDB does not take");
        assert!(sample.add(&item(texts(&["a", "a"]))).is_err());
        assert_eq!((sample.items(), sample.plans().len()), (0, 0));
    }

    #[test]
    fn memory_is_bounded_and_the_plan_says_so() {
        let mut sample = Sample::new().limit(10);
        for number in 0..100_u32 {
            let many = (("many".to_owned()), number.to_string().into());
            let few = (("few".to_owned()), (number % 2).to_string().into());
            sample.add(&Item::from([many, few])).unwrap();
        }
        sample.set_whole_table();
        assert_eq!(sample.values, 10);
        let plans = sample.plans();
        let found: Vec<_> = plans.iter().map(|plan| (plan.items_seen, plan.items, plan.values)).collect();
        assert_eq!(found, [(100, 100, 2), (8, 8, 8)]);
        let stopped =
            |plan: &Plan| plan.warnings.iter().any(|warning| matches!(warning, crate::plan::Warning::Stopped { .. }));
        assert!(!stopped(&plans[0]) && stopped(&plans[1]));
        // Of an attribute that was cut short, the whole table was not seen.
        let is_unknown = |plan: &Plan| plan.warnings.contains(&crate::plan::Warning::AllSeenOnce);
        assert!(is_unknown(&plans[1]) && !is_unknown(&plans[0]));
        assert!((plans[0].estimated_values - 2.0).abs() < 1e-9);
    }

    #[test]
    fn names_are_bounded_too() {
        let mut sample = Sample::new().limit(3);
        for number in 0..100_u32 {
            sample.add(&Item::from([(number.to_string(), "x".into())])).unwrap();
        }
        assert_eq!((sample.plans().len(), sample.items()), (3, 100));
    }

    #[test]
    fn debug_shows_no_values() {
        let mut sample = Sample::new();
        sample.add(&item("s3cret".into())).unwrap();
        assert_eq!(format!("{sample:?}"), "Sample { items: 1, attributes: [\"a\"], .. }");
    }
}
