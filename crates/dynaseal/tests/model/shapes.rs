//! A table that is there has to have the shape of its model, indexes included.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, LocalSecondaryIndex, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use dynaseal::model::{Created, Model, UnixTime};

use crate::keys;

#[derive(Model)]
#[model(table = "shapes", projection(index = "by-day", include("total", "note")))]
#[model(projection(index = "by-total", keys_only))]
struct Shape {
    #[model(partition_key)]
    id: String,
    #[model(sort_key)]
    at: i64,
    #[model(global_index(name = "by-day", partition_key))]
    day: String,
    #[model(global_index(name = "by-day", sort_key), local_index(name = "by-total", sort_key))]
    total: i64,
    #[model(seal = "deterministic", global_index(name = "by-note", partition_key))]
    note: String,
    #[model(ttl)]
    expires: Option<UnixTime>,
}

type Keys = &'static [(&'static str, KeyType)];

/// An index as somebody made it.
#[derive(Clone)]
struct Index {
    name: &'static str,
    local: bool,
    keys: Keys,
    projection: ProjectionType,
    included: &'static [&'static str],
}

fn indexes() -> Vec<Index> {
    vec![
        Index {
            name: "by-day",
            local: false,
            keys: &[("day", KeyType::Hash), ("total", KeyType::Range)],
            projection: ProjectionType::Include,
            included: &["note", "total"],
        },
        Index {
            name: "by-total",
            local: true,
            keys: &[("id", KeyType::Hash), ("total", KeyType::Range)],
            projection: ProjectionType::KeysOnly,
            included: &[],
        },
        Index {
            name: "by-note",
            local: false,
            keys: &[("note", KeyType::Hash)],
            projection: ProjectionType::All,
            included: &[],
        },
    ]
}

async fn make(client: &Client, indexes: &[Index], types: &[(&str, ScalarAttributeType)]) {
    let schema = |keys: Keys| -> Vec<KeySchemaElement> {
        keys.iter()
            .map(|(name, role)| {
                KeySchemaElement::builder().attribute_name(*name).key_type(role.clone()).build().unwrap()
            })
            .collect()
    };
    let mut used = vec!["id", "at"];
    let mut create = client.create_table().table_name("shapes").billing_mode(BillingMode::PayPerRequest);
    create = create.set_key_schema(Some(schema(&[("id", KeyType::Hash), ("at", KeyType::Range)])));
    for index in indexes {
        used.extend(index.keys.iter().map(|(name, _)| *name));
        let included: Vec<String> = index.included.iter().map(|name| (*name).to_owned()).collect();
        let projection = Projection::builder().projection_type(index.projection.clone());
        let projection = projection.set_non_key_attributes((!included.is_empty()).then_some(included)).build();
        if index.local {
            let local = LocalSecondaryIndex::builder().index_name(index.name).projection(projection);
            create = create.local_secondary_indexes(local.set_key_schema(Some(schema(index.keys))).build().unwrap());
        } else {
            let global = GlobalSecondaryIndex::builder().index_name(index.name).projection(projection);
            create = create.global_secondary_indexes(global.set_key_schema(Some(schema(index.keys))).build().unwrap());
        }
    }
    for (name, of) in types.iter().filter(|(name, _)| used.contains(name)) {
        let attribute = AttributeDefinition::builder().attribute_name(*name).attribute_type(of.clone());
        create = create.attribute_definitions(attribute.build().unwrap());
    }
    create.send().await.unwrap();
}

fn types() -> Vec<(&'static str, ScalarAttributeType)> {
    vec![
        ("id", ScalarAttributeType::S),
        ("at", ScalarAttributeType::N),
        ("day", ScalarAttributeType::S),
        ("total", ScalarAttributeType::N),
        ("note", ScalarAttributeType::B),
    ]
}

async fn told(indexes: &[Index], types: &[(&str, ScalarAttributeType)]) -> Result<Created, String> {
    let client = dynaseal::local::memory().unwrap();
    make(&client, indexes, types).await;
    let table = Shape::on(&client).attribute_keys(&keys()).open().unwrap();
    table.create_if_missing().await.map_err(|error| error.kind().to_string())
}

#[tokio::test]
async fn indexes_are_compared_in_all_that_they_are() {
    assert_eq!(told(&indexes(), &types()).await, Ok(Created::Existing));
    // More than the model has is not its business.
    let mut more = indexes();
    more.push(Index { name: "another", ..more[0].clone() });
    assert_eq!(told(&more, &types()).await, Ok(Created::Existing));

    let with = |at: usize, change: fn(&mut Index)| {
        let mut indexes = indexes();
        change(&mut indexes[at]);
        indexes
    };
    // Neither is an index with more of the items; its own key and the table's are there without being included.
    for more in [
        with(0, |index| (index.projection, index.included) = (ProjectionType::All, &[])),
        with(0, |index| index.included = &["note"]),
        with(0, |index| index.included = &["note", "expires"]),
        with(1, |index| index.projection = ProjectionType::All),
        with(1, |index| (index.projection, index.included) = (ProjectionType::Include, &["note"])),
    ] {
        assert_eq!(told(&more, &types()).await, Ok(Created::Existing));
    }
    for (indexes, expected) in [
        (indexes()[1..].to_vec(), "the table has no index `by-day`"),
        (
            with(0, |index| index.keys = &[("total", KeyType::Hash), ("day", KeyType::Range)]),
            "the index `by-day` has the key (total, day), and that of the model has (day, total)",
        ),
        (
            with(0, |index| index.keys = &[("day", KeyType::Hash)]),
            "the index `by-day` has the key (day), and that of the model has (day, total)",
        ),
        (
            with(2, |index| index.keys = &[("note", KeyType::Hash), ("at", KeyType::Range)]),
            "the index `by-note` has the key (note, at), and that of the model has (note)",
        ),
        (
            with(0, |index| index.included = &["expires", "total"]),
            "the index `by-day` has the keys and (expires, total) of the items, and that of the model has the keys and (note, total): make the index anew, or give the model the projection that it has",
        ),
        (
            with(0, |index| (index.projection, index.included) = (ProjectionType::KeysOnly, &[])),
            "the index `by-day` has the keys of the items, and that of the model has the keys and (note, total): make the index anew, or give the model the projection that it has",
        ),
        (
            with(2, |index| index.projection = ProjectionType::KeysOnly),
            "the index `by-note` has the keys of the items, and that of the model has everything: make the index anew, or give the model the projection that it has",
        ),
        (with(1, |index| index.local = false), "the index `by-total` is global, and that of the model is local"),
    ] {
        assert_eq!(told(&indexes, &types()).await, Err(expected.to_owned()));
    }
    // One attribute is of one type in all indexes, so these are told of the first that has it.
    for (attribute, expected) in [
        ("note", "the key `note` of the index `by-note` is of another type"),
        ("day", "the key `day` of the index `by-day` is of another type"),
        ("total", "the key `total` of the index `by-day` is of another type"),
        ("at", "the key `at` of the table is of another type"),
    ] {
        let mut types = types();
        for (name, of) in &mut types {
            if *name == attribute {
                *of = if *of == ScalarAttributeType::S { ScalarAttributeType::N } else { ScalarAttributeType::S };
            }
        }
        assert_eq!(told(&indexes(), &types).await, Err(expected.to_owned()));
    }
}

#[tokio::test]
async fn time_to_live_on_another_attribute_is_told() {
    let client = dynaseal::local::memory().unwrap();
    make(&client, &indexes(), &types()).await;
    let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name("until").build().unwrap();
    client.update_time_to_live().table_name("shapes").time_to_live_specification(ttl).send().await.unwrap();
    let table = Shape::on(&client).attribute_keys(&keys()).open().unwrap();
    let error = table.create_if_missing().await.unwrap_err();
    assert_eq!(
        error.kind().to_string(),
        "the table's time to live is on `until`, and the model's is on `expires`: switch the other one off first"
    );
}

/// An index of a beacon has what the beacon is stored as.
#[tokio::test]
async fn an_index_of_a_beacon_is_one_of_the_beacon() {
    #[derive(Model)]
    #[model(table = "beacons", record)]
    struct Record {
        #[model(partition_key)]
        id: String,
        #[model(seal, beacon(length = 16), global_index(name = "by-name", partition_key))]
        name: String,
    }
    let keyring = || dynaseal::RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap();
    let beacons = || dynaseal::search::BeaconKeys::fixed(dynaseal::BeaconKey::copy_from(&[8; 32]).unwrap());
    for (attribute, expected) in [("aws_dbe_b_name", true), ("name", false)] {
        let client = dynaseal::local::memory().unwrap();
        dynaseal::local::create_indexed_table(&client, "beacons", "id", None, &[("by-name", attribute, None)])
            .await
            .unwrap();
        let table = Record::on(&client).keyring(keyring()).beacon_keys(beacons()).open().unwrap();
        assert_eq!(table.create_if_missing().await.is_ok(), expected, "{attribute}");
    }
}
