//! A table of a few items, plain and as they are stored.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;

use dynaseal_core::{AttributeValue, BeaconKey, Item, TableConfig};
use dynaseal_search::{
    Analysis, BeaconKeys, CompoundBeacon, Constructor, PARTITION_VALUE, PartitionSelector, QueryRequest, Search,
    SearchConfig, StandardBeacon, Transform, VirtualField,
};
use dynaseal_testkit::block_on;
use dynaseal_testkit::random::Items;

pub(crate) const WORDS: [&str; 6] = ["ada", "bob", "cy", "dora", "eve", "fay"];
const ENCRYPTED: [&str; 8] = ["a", "b", "d", "s", "m", "n", "t", "l"];

pub(crate) struct World {
    pub(crate) search: Arc<Search>,
    pub(crate) partitions: Option<u8>,
    pub(crate) items: Vec<(Item, Item)>,
    /// What is asked at the moment, for messages.
    pub(crate) asked: RefCell<QueryRequest>,
}

/// By the item's number.
#[derive(Debug)]
struct ByNumber;

impl PartitionSelector for ByNumber {
    fn partition(&self, item: &Item, partitions: u8, table: &str) -> Result<u8, Box<dyn Error + Send + Sync>> {
        assert_eq!(table, "t");
        let Some(AttributeValue::N(number)) = item.get("id") else { return Err("no number".into()) };
        Ok(number.parse::<u8>()? % partitions)
    }
}

pub(crate) fn search(partitions: Option<u8>) -> Arc<Search> {
    let table = TableConfig::builder("t", "id").encrypt(ENCRYPTED).sign(["x", "y"]).unsigned(["z"]).build().unwrap();
    let keys = BeaconKeys::fixed(BeaconKey::copy_from(&[7; 32]).unwrap());
    let mut config = SearchConfig::new(keys)
        .standard(StandardBeacon::new("a", 2))
        .standard(StandardBeacon::new("b", 2).shared_with("a"))
        .standard(StandardBeacon::new("d", 2).part_only())
        .standard(StandardBeacon::new("s", 2).shared_set_with("a"))
        .standard(StandardBeacon::new("t", 2))
        .standard(StandardBeacon::new("l", 2))
        .standard(StandardBeacon::new("l0", 2).at("l[0]"))
        .standard(StandardBeacon::new("mx", 2).at("m.x"))
        .standard(StandardBeacon::new("first", 2).at("m.l[0]"))
        .standard(StandardBeacon::new("n-1", 2).at("n"))
        .standard(StandardBeacon::new("ax", 2).at("v"))
        .virtual_field(VirtualField::new("v").part("a", [Transform::Upper]).part("x", []))
        .compound(
            CompoundBeacon::new("who", '.')
                .signed("x", "X-")
                .signed("y", "Y-")
                .encrypted("a", "A-")
                .encrypted("d", "D-")
                .constructor(Constructor::new().required("x").optional("y").required("a").optional("d")),
        )
        .compound(CompoundBeacon::new("sig", '/').signed("x", "X_").signed("y", "Y_"));
    if let Some(partitions) = partitions {
        config = config.maximum_partitions(partitions).partition_selector(ByNumber);
        if partitions == 4 {
            config = config.default_partitions(2);
        }
    }
    Arc::new(config.build(&table).unwrap())
}

impl World {
    pub(crate) fn new(partitions: Option<u8>) -> Self {
        let search = search(partitions);
        let mut random = Items::new(5);
        let items = (0..60).map(|number| {
            let plain = plain(number, &mut random);
            let stored = stored(&search, &plain);
            // A signed beacon is an attribute like others, also in the item that was opened.
            let signed = stored.get("sig").cloned().map(|value| ("sig".to_owned(), value));
            (plain.into_iter().chain(signed).collect(), stored)
        });
        let items = items.collect();
        Self { search, partitions, items, asked: RefCell::default() }
    }

    /// What is sent for one partition.
    pub(crate) fn for_partition(&self, analysis: &Analysis, partition: u8) -> QueryRequest {
        if analysis.queries() == 1 {
            return block_on(analysis.rewrite()).unwrap();
        }
        let mut request = self.asked.borrow().clone();
        request.values.insert(PARTITION_VALUE.to_owned(), AttributeValue::N(partition.to_string()));
        block_on(self.search.analyze(request).unwrap().rewrite()).unwrap()
    }
}

fn plain(number: u8, random: &mut Items) -> Item {
    let mut item = Item::from([("id".to_owned(), AttributeValue::N(number.to_string()))]);
    let word = |random: &mut Items| WORDS[random.below(WORDS.len())];
    for name in ["a", "b", "d", "x", "y", "z"] {
        if random.below(6) > 0 {
            item.insert(name.to_owned(), word(random).into());
        }
    }
    if random.below(2) == 0 {
        item.insert("n".to_owned(), AttributeValue::N(random.below(4).to_string()));
    }
    if random.below(2) == 0 {
        let set: BTreeSet<_> = (0..1 + random.below(3)).map(|_| word(random).to_owned()).collect();
        item.insert("s".to_owned(), AttributeValue::Ss(set.into_iter().collect()));
    }
    if random.below(2) == 0 {
        let set: BTreeSet<_> = [word(random), word(random)].map(str::to_owned).into();
        item.insert("t".to_owned(), AttributeValue::Ss(set.into_iter().collect()));
        item.insert("l".to_owned(), AttributeValue::L(vec![word(random).into()]));
    }
    if random.below(2) == 0 {
        let list = AttributeValue::L(vec![word(random).into(), word(random).into()]);
        let mut map = Item::from([("l".to_owned(), list)]);
        if random.below(2) == 0 {
            map.insert("x".to_owned(), word(random).into());
        }
        item.insert("m".to_owned(), AttributeValue::M(map));
    }
    item
}

/// Encrypted attributes are something that nobody asks for; their beacons are beside them.
fn stored(search: &Search, plain: &Item) -> Item {
    let mut stored = plain.clone();
    for name in ENCRYPTED {
        if let Some(value) = stored.get_mut(name) {
            *value = AttributeValue::B(vec![0xff; 40]);
        }
    }
    stored.extend(block_on(search.beacons_of(plain, None, None)).unwrap());
    stored
}

fn text<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    match item.get(name) {
        Some(AttributeValue::S(text)) => Some(text),
        _ => None,
    }
}

/// With the texts of virtual fields and compound beacons, as their configurations say.
pub(crate) fn with_texts(plain: &Item) -> Item {
    let mut item = plain.clone();
    let (a, x, y) = (text(plain, "a"), text(plain, "x"), text(plain, "y"));
    if let (Some(a), Some(x)) = (a, x) {
        item.insert("v".to_owned(), format!("{}{x}", a.to_uppercase()).into());
        let y = y.map(|y| format!(".Y-{y}")).unwrap_or_default();
        let d = text(plain, "d").map(|d| format!(".D-{d}")).unwrap_or_default();
        item.insert("who".to_owned(), format!("X-{x}{y}.A-{a}{d}").into());
    }
    if let (Some(x), Some(y)) = (x, y) {
        item.insert("sig".to_owned(), format!("X_{x}/Y_{y}").into());
    }
    if let Some(AttributeValue::L(list)) = plain.get("l") {
        item.extend(list.first().cloned().map(|value| ("l0".to_owned(), value)));
    }
    for (name, path) in [("mx", "x"), ("first", "l")] {
        let Some(AttributeValue::M(map)) = plain.get("m") else { continue };
        let value = match map.get(path) {
            Some(AttributeValue::L(list)) => list.first().cloned(),
            other => other.cloned(),
        };
        item.extend(value.map(|value| (name.to_owned(), value)));
    }
    item.extend(item.get("v").cloned().map(|value| ("ax".to_owned(), value)));
    // A beacon may be asked for by the name that it is stored under.
    item.extend(item.get("a").cloned().map(|value| ("aws_dbe_b_a".to_owned(), value)));
    item.extend(item.get("v").cloned().map(|value| ("aws_dbe_b_ax".to_owned(), value)));
    item
}
