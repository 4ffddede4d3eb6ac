//! One table plain and one sealed, with the same items.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use dynaseal_client::{SealedTable, Sealer, SendSealed, value};
use dynaseal_core::{AlgorithmSuite, AttributeValue, BeaconKey, Item, ItemEncryptor, RawAesKeyring, TableConfig};
use dynaseal_search::{BeaconKeys, CompoundBeacon, Constructor, SearchConfig, StandardBeacon, Transform, VirtualField};

pub(crate) const PLAIN: &str = "plain";
pub(crate) const SEALED: &str = "sealed";

/// How long beacons are, and in how many partitions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) bits: u8,
    pub(crate) partitions: Option<(u8, u8)>,
}

pub(crate) fn sealer(shape: Shape) -> Sealer {
    let table = TableConfig::builder(SEALED, "id")
        .encrypt(["aa", "bb", "cc", "dd", "num", "tags", "nums", "m", "hidden"])
        .sign(["st", "yr", "plain"])
        .unsigned([":note"])
        .unsigned_prefix(":")
        .algorithm_suite(AlgorithmSuite::HmacOnly)
        .build()
        .unwrap();
    let encryptor = ItemEncryptor::new(table, RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap());
    let bits = shape.bits;
    let mut search = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32]).unwrap()))
        .standard(StandardBeacon::new("aa", bits))
        .standard(StandardBeacon::new("bb", bits + 1))
        .standard(StandardBeacon::new("cc", bits + 1).shared_with("bb"))
        .standard(StandardBeacon::new("dd", bits).part_only())
        .standard(StandardBeacon::new("num", bits))
        .standard(StandardBeacon::new("tags", bits).as_set())
        .standard(StandardBeacon::new("nums", bits).as_set())
        .standard(StandardBeacon::new("mx", bits).at("m.x"))
        .standard(StandardBeacon::new("vf", bits))
        .virtual_field(VirtualField::new("vf").part("aa", [Transform::Prefix(2), Transform::Upper]).part("st", []))
        .compound(
            CompoundBeacon::new("who", '.')
                .signed("st", "S-")
                .signed("yr", "Y-")
                .encrypted("aa", "A-")
                .encrypted("dd", "D-")
                .constructor(Constructor::new().required("st").optional("yr").required("aa").optional("dd"))
                .constructor(Constructor::new().required("aa").required("yr")),
        )
        .compound(CompoundBeacon::new("sig", '-').signed("st", "S:").signed("yr", "Y:"));
    if let Some((maximum, default)) = shape.partitions {
        search = search.maximum_partitions(maximum).default_partitions(default);
    }
    Sealer::of_table(SealedTable::new(SEALED, encryptor).with_search(search).unwrap())
}

/// Both tables, with indexes of the same names.
pub(crate) async fn tables() -> Client {
    let client = dynaseal_local::memory().unwrap();
    let plain = [("by-aa", "aa", Some("yr")), ("by-who", "st", Some("who")), ("by-cc", "cc", Some("yr"))];
    let sealed = [
        ("by-aa", "aws_dbe_b_aa", Some("yr")),
        ("by-who", "st", Some("aws_dbe_b_who")),
        ("by-cc", "aws_dbe_b_cc", Some("yr")),
    ];
    dynaseal_local::create_indexed_table(&client, PLAIN, "id", None, &plain).await.unwrap();
    dynaseal_local::create_indexed_table(&client, SEALED, "id", None, &sealed).await.unwrap();
    client
}

/// Writes an item into both. In the plain table stand the texts that queries compare with, as if they were attributes.
pub(crate) async fn put(client: &Client, sealer: &Sealer, item: &Item) {
    let mut plain = item.clone();
    plain.extend(texts(item));
    client.put_item().table_name(PLAIN).set_item(Some(value::to_sdk(plain))).send().await.unwrap();
    let put = client.put_item().table_name(SEALED).set_item(Some(value::to_sdk(item.clone())));
    put.send_sealed(sealer).await.unwrap();
}

/// The names of what only the plain table has as attributes.
pub(crate) const TEXTS: [&str; 3] = ["mx", "vf", "who"];

fn texts(item: &Item) -> Item {
    let text = |name: &str| match item.get(name) {
        Some(AttributeValue::S(text)) => Some(text.clone()),
        _ => None,
    };
    let part = |prefix: &str, name: &str| text(name).map(|text| format!("{prefix}{text}"));
    let mut texts = BTreeMap::new();
    let (st, yr, aa, dd) = (part("S-", "st"), part("Y-", "yr"), part("A-", "aa"), part("D-", "dd"));
    let join = |parts: Vec<Option<String>>| parts.into_iter().flatten().collect::<Vec<_>>().join(".");
    match (&st, &aa, &yr) {
        (Some(_), Some(_), _) => texts.insert("who", join(vec![st.clone(), yr.clone(), aa.clone(), dd])),
        (_, Some(_), Some(_)) => texts.insert("who", join(vec![aa.clone(), yr.clone()])),
        _ => None,
    };
    if let (Some(aa), Some(st)) = (text("aa"), text("st")) {
        texts.insert("vf", aa.chars().take(2).collect::<String>().to_uppercase() + &st);
    }
    if let (Some(st), Some(yr)) = (text("st"), text("yr")) {
        texts.insert("sig", format!("S:{st}-Y:{yr}"));
    }
    let mut texts: Item = texts.into_iter().map(|(name, text)| (name.to_owned(), AttributeValue::S(text))).collect();
    if let Some(AttributeValue::M(map)) = item.get("m")
        && let Some(value) = map.get("x")
    {
        texts.insert("mx".to_owned(), value.clone());
    }
    texts
}

/// What `opened` and `plain` have to agree on.
pub(crate) fn without_texts(mut item: Item) -> Item {
    item.retain(|name, _| !TEXTS.contains(&name.as_str()));
    item
}
