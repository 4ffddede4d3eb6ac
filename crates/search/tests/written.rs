//! What is stored beside a written item: the same beacons whoever holds the key, whenever they are made.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::sync::Arc;

use dynaseal_core::{
    AttributeValue, BeaconKey, BranchKey, BranchKeyMaterials, HierarchicalKeyring, Item, ItemEncryptor,
    StaticBeaconKeySource, StaticBranchKeySource, TableConfig, Uuid,
};
use dynaseal_search::{
    BeaconKeys, CompoundBeacon, Constructor, QueryRequest, Search, SearchConfig, StandardBeacon, VirtualField,
};
use dynaseal_testkit::block_on;

const TENANT: &str = "t-1";

fn key(byte: u8) -> BeaconKey {
    BeaconKey::copy_from(&[byte; 32]).unwrap()
}

/// Whose keys beacons are made with.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Owner {
    /// The table's: they are made before the item is sealed.
    Table,
    /// A tenant's that a signed attribute names: they wait until the item is sealed.
    Signed,
    /// A tenant's that an attribute names which is not stored.
    Dropped,
}

fn table() -> TableConfig {
    TableConfig::builder("t", "id").encrypt(["a", "b", "s", "m"]).sign(["x", "y", "tenant"]).build().unwrap()
}

fn search(owner: Owner, byte: u8) -> Search {
    let source = Arc::new(StaticBeaconKeySource::new(TENANT, key(byte)));
    let keys = match owner {
        Owner::Table => BeaconKeys::fixed(key(byte)),
        Owner::Signed => BeaconKeys::by_tenant(source, "tenant"),
        Owner::Dropped => BeaconKeys::by_tenant(source, "owner"),
    };
    SearchConfig::new(keys)
        .standard(StandardBeacon::new("a", 20))
        .standard(StandardBeacon::new("b", 20).part_only())
        .standard(StandardBeacon::new("s", 20).as_set())
        .standard(StandardBeacon::new("mx", 20).at("m.x"))
        .standard(StandardBeacon::new("ax", 20).at("v"))
        .virtual_field(VirtualField::new("v").part("a", []).part("x", []))
        .compound(CompoundBeacon::new("who", '.').signed("x", "X-").encrypted("a", "A-").encrypted("b", "B-"))
        .compound(
            CompoundBeacon::new("where", '/')
                .signed("y", "Y:")
                .encrypted("b", "B:")
                .constructor(Constructor::new().required("y").required("b")),
        )
        .compound(CompoundBeacon::new("plain", '-').signed("x", "X_").signed("y", "Y_"))
        .build(&table())
        .unwrap()
}

fn item(owner: Owner) -> Item {
    let mut item: Item = [("id", "1"), ("a", "Ada"), ("b", "Byron"), ("x", "ward"), ("y", "north")]
        .map(|(name, value)| (name.to_owned(), value.into()))
        .into();
    item.insert("s".to_owned(), AttributeValue::Ss(vec!["one".to_owned(), "two".to_owned()]));
    item.insert("m".to_owned(), AttributeValue::M([("x".to_owned(), 7.into())].into()));
    match owner {
        Owner::Table => None,
        Owner::Signed => item.insert("tenant".to_owned(), TENANT.into()),
        Owner::Dropped => item.insert("owner".to_owned(), TENANT.into()),
    };
    item
}

/// All that the table holds, and the beacons that were made after sealing.
fn stored(owner: Owner, mut item: Item) -> Item {
    let search = search(owner, 7);
    let branch_key = BranchKeyMaterials::new(TENANT, Uuid::from_u128(1), BranchKey::copy_from(&[3; 32]).unwrap());
    let keyring = HierarchicalKeyring::new(TENANT, Arc::new(StaticBranchKeySource::new(branch_key)));
    let encryptor = ItemEncryptor::new(table(), keyring).with_signed(search.signed_beacons()).unwrap();
    let pending = block_on(search.before_sealing(&mut item)).unwrap();
    let sealed = block_on(encryptor.encrypt_item(item)).unwrap();
    let beacons = block_on(search.after_sealing(pending, &sealed.header.unwrap())).unwrap();
    let mut stored = sealed.item;
    for (name, value) in beacons {
        assert!(stored.insert(name, value).is_none());
    }
    stored
}

fn beacons(stored: &Item) -> Item {
    let is_beacon = |name: &str| name.starts_with("aws_dbe_b_") || name == "plain";
    stored.iter().filter(|(name, _)| is_beacon(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[test]
fn tenants_have_the_beacons_that_a_table_has() {
    let of_table = beacons(&stored(Owner::Table, item(Owner::Table)));
    let names: Vec<_> = of_table.keys().map(String::as_str).collect();
    let all = ["a", "ax", "mx", "s", "where", "who"].map(|name| format!("aws_dbe_b_{name}"));
    assert_eq!(names, all.iter().map(String::as_str).chain(["plain"]).collect::<Vec<_>>());
    assert_eq!(of_table["plain"], "X_ward-Y_north".into());
    let text = |name: &str| match &of_table[&format!("aws_dbe_b_{name}")] {
        AttributeValue::S(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    // Signed parts in the clear, encrypted ones as the five digits of twenty bits.
    let (who, place) = (text("who"), text("where"));
    assert!(who.starts_with(&format!("X-ward.A-{}.B-", text("a"))) && who.len() == "X-ward.A-.B-".len() + 10, "{who}");
    assert!(place.starts_with("Y:north/B:") && place.ends_with(&who[who.len() - 5..]), "{place}");
    for owner in [Owner::Signed, Owner::Dropped] {
        let stored = stored(owner, item(owner));
        assert_eq!(beacons(&stored), of_table, "{owner:?}");
        assert_eq!((stored.contains_key("tenant"), stored.contains_key("owner")), (owner == Owner::Signed, false));
    }
}

/// `beacons_of` says what is stored without sealing, for those who fill a table with beacons afterwards.
#[test]
fn beacons_without_sealing_are_those_that_are_stored() {
    for owner in [Owner::Table, Owner::Signed, Owner::Dropped] {
        let (search, item) = (search(owner, 7), item(owner));
        let expected = beacons(&stored(owner, item.clone()));
        assert_eq!(block_on(search.beacons_of(&item, None, None)).unwrap(), expected, "{owner:?}");
        assert_eq!(block_on(search.beacons_of(&item, Some(0), Some(TENANT))).unwrap(), expected, "{owner:?}");
        let mut nobody = item.clone();
        nobody.remove("tenant");
        nobody.remove("owner");
        let of_nobody = block_on(search.beacons_of(&nobody, None, None));
        assert_eq!(of_nobody.is_ok(), owner == Owner::Table);
        // Whose they are is said, or in the item.
        assert_eq!(block_on(search.beacons_of(&nobody, None, Some(TENANT))).unwrap(), expected, "{owner:?}");
        assert!(block_on(search.beacons_of(&item, Some(1), None)).is_err());
        let other = block_on(self::search(owner, 8).beacons_of(&item, None, None)).unwrap();
        for (name, value) in &expected {
            assert_eq!(other[name] == *value, name == "plain", "{name} with another key");
        }
    }
}

/// What cannot be made is not there, and takes nothing else along.
#[test]
fn an_item_without_a_part_has_the_other_beacons() {
    for owner in [Owner::Table, Owner::Signed, Owner::Dropped] {
        let whole = beacons(&stored(owner, item(owner)));
        for (missing, gone) in [
            ("a", &["aws_dbe_b_a", "aws_dbe_b_ax", "aws_dbe_b_who"][..]),
            ("b", &["aws_dbe_b_who", "aws_dbe_b_where"]),
            ("x", &["aws_dbe_b_ax", "aws_dbe_b_who", "plain"]),
            ("y", &["aws_dbe_b_where", "plain"]),
            ("s", &["aws_dbe_b_s"]),
            ("m", &["aws_dbe_b_mx"]),
        ] {
            let mut item = item(owner);
            item.remove(missing);
            let mut expected = whole.clone();
            gone.iter().for_each(|name| assert!(expected.remove(*name).is_some()));
            assert_eq!(beacons(&stored(owner, item)), expected, "without {missing}, {owner:?}");
        }
    }
}

/// An item of one tenant under another tenant's key would be found by the wrong ones.
#[test]
fn an_item_is_sealed_for_the_tenant_that_it_names() {
    for (owner, field) in [(Owner::Signed, "tenant"), (Owner::Dropped, "owner")] {
        let search = search(owner, 7);
        let branch_key = BranchKeyMaterials::new(TENANT, Uuid::from_u128(1), BranchKey::copy_from(&[3; 32]).unwrap());
        let keyring = HierarchicalKeyring::new(TENANT, Arc::new(StaticBranchKeySource::new(branch_key)));
        let encryptor = ItemEncryptor::new(table(), keyring).with_signed(search.signed_beacons()).unwrap();
        let refused = |value: Option<AttributeValue>| {
            let mut item = item(owner);
            item.remove(field);
            item.extend(value.map(|value| (field.to_owned(), value)));
            let pending = block_on(search.before_sealing(&mut item)).unwrap();
            assert_eq!(format!("{pending:?}"), "PendingBeacons { .. }");
            let header = block_on(encryptor.encrypt_item(item)).unwrap().header.unwrap();
            block_on(search.after_sealing(pending, &header)).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(refused(Some(TENANT.into())), Ok(()));
        // Without one, the key says whose it is.
        assert_eq!(refused(None), Ok(()));
        for other in ["t-2".into(), "".into(), AttributeValue::N("1".to_owned()), AttributeValue::B(b"t-1".to_vec())] {
            let error = refused(Some(other.clone())).unwrap_err();
            assert!(error.contains(TENANT), "{other:?}: {error}");
        }
    }
}

/// They need not even be opened.
#[test]
fn sealed_items_say_whose_they_are() {
    let stored = stored(Owner::Signed, item(Owner::Signed));
    let source = StaticBeaconKeySource::default().with(TENANT, key(7)).with("t-2", key(8));
    let search =
        SearchConfig::new(BeaconKeys::by_tenant(Arc::new(source), "tenant")).standard(StandardBeacon::new("a", 20));
    let search = Arc::new(search.build(&table()).unwrap());
    for (tenant, is_of_other) in [(TENANT, false), ("t-2", true)] {
        let request = QueryRequest {
            filter: Some("a = :a AND tenant = :t".to_owned()),
            values: Item::from([(":a".to_owned(), "Ada".into()), (":t".to_owned(), tenant.into())]),
            ..QueryRequest::default()
        };
        let analysis = search.analyze(request).unwrap();
        assert_eq!(analysis.results().unwrap().is_of_other_tenant(&stored), is_of_other, "{tenant}");
    }
}
