//! Beacons are there after every operation that writes, and never where plaintext is written.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, Put, PutRequest, TransactWriteItem, WriteRequest};
use dynaseal_client::{Interceptor, Refusal, SealedPages, SealedTable, Sealer, SendSealed, operation_error, value};
use dynaseal_core::{
    AttributeValue, BeaconKey, Item, ItemEncryptor, MAX_ITEM_SIZE, PlaintextPolicy, RawAesKeyring, TableConfig,
    item_size,
};
use dynaseal_search::{BeaconKeys, CompoundBeacon, Search, SearchConfig, StandardBeacon, Transform, VirtualField};

const TABLE: &str = "people";

fn sealer(policy: PlaintextPolicy) -> Sealer {
    let config = TableConfig::builder(TABLE, "id")
        .sort_key("place")
        .encrypt(["name", "phones", "tags", "notes"])
        .sign(["ward", "bed"])
        .unsigned(["seen"])
        .unsigned_prefix("a")
        .plaintext_policy(policy);
    let encryptor =
        ItemEncryptor::new(config.build().unwrap(), RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap());
    let search = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32]).unwrap()))
        .standard(StandardBeacon::new("name", 16))
        .standard(StandardBeacon::new("phone", 16).at("phones[0]"))
        .standard(StandardBeacon::new("second", 16).at("phones[1]"))
        .standard(StandardBeacon::new("tags", 16).as_set())
        .standard(StandardBeacon::new("initial", 8))
        .virtual_field(
            VirtualField::new("initial").part("name", [Transform::Prefix(1)]).part("ward", [Transform::Prefix(0)]),
        )
        .compound(CompoundBeacon::new("where", '.').signed("ward", "W-").encrypted("name", "N-"))
        // A signed beacon as a key of the table.
        .compound(CompoundBeacon::new("place", '.').signed("ward", "W-").signed("bed", "B-"));
    Sealer::of_table(SealedTable::new(TABLE, encryptor).with_search(search).unwrap())
}

fn sealing() -> Sealer {
    sealer(PlaintextPolicy::ForbidPlaintextWriteForbidPlaintextRead)
}

fn search(sealer: &Sealer) -> Arc<Search> {
    Arc::clone(sealer.tables().get(TABLE).unwrap().search().unwrap())
}

fn person(id: &str) -> Item {
    let list = AttributeValue::L(vec!["040-1".into(), "040-2".into()]);
    let tags = AttributeValue::Ss(vec!["red".to_owned(), "blue".to_owned()]);
    let item: [(&str, AttributeValue); 6] = [
        ("id", id.into()),
        ("name", "Ada".into()),
        ("phones", list),
        ("tags", tags),
        ("ward", "north".into()),
        ("bed", "7".into()),
    ];
    item.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The item as it comes back: with its signed beacon.
fn with_place(mut item: Item, place: &str) -> Item {
    item.insert("place".to_owned(), place.into());
    item
}

async fn database() -> Client {
    let client = dynaseal_local::memory().unwrap();
    dynaseal_local::create_indexed_table(&client, TABLE, "id", Some("place"), &[("by-name", "aws_dbe_b_name", None)])
        .await
        .unwrap();
    client
}

async fn stored(client: &Client, id: &str) -> Item {
    let query = client.query().table_name(TABLE).key_condition_expression("id = :id");
    let query = query.expression_attribute_values(":id", SdkValue::S(id.to_owned()));
    let items = query.send().await.unwrap().items.unwrap();
    assert_eq!(items.len(), 1, "{id}");
    value::from_sdk(items.into_iter().next().unwrap()).unwrap()
}

/// All that the search configuration gives the item, and nothing more, is in the table.
async fn assert_beacons(client: &Client, sealer: &Sealer, plain: &Item) {
    let AttributeValue::S(id) = &plain["id"] else { panic!("{plain:?}") };
    let stored = stored(client, id).await;
    let expected = search(sealer).beacons_of(plain, None, None).await.unwrap();
    let beacons: Item = stored
        .iter()
        .filter(|(name, _)| name.starts_with("aws_dbe_b_") || *name == "place")
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    assert_eq!(beacons, expected, "{id}");
    assert!(!format!("{stored:?}").contains("Ada"));
}

fn sdk(item: &Item) -> std::collections::HashMap<String, SdkValue> {
    value::to_sdk(item.clone())
}

#[tokio::test]
async fn every_operation_writes_them() {
    let (client, sealer) = (database().await, sealing());
    let config = client.config().to_builder().interceptor(Interceptor::new(&sealer)).build();
    let intercepted = Client::from_conf(config);

    let put = client.put_item().table_name(TABLE).set_item(Some(sdk(&person("put"))));
    put.send_sealed(&sealer).await.unwrap();
    intercepted.put_item().table_name(TABLE).set_item(Some(sdk(&person("intercepted")))).send().await.unwrap();
    let request = |id: &str| {
        let put = PutRequest::builder().set_item(Some(sdk(&person(id)))).build().unwrap();
        WriteRequest::builder().put_request(put).build()
    };
    let batch = client.batch_write_item().request_items(TABLE, vec![request("batch-1"), request("batch-2")]);
    batch.send_sealed(&sealer).await.unwrap();
    let put = Put::builder().table_name(TABLE).set_item(Some(sdk(&person("transact")))).build().unwrap();
    let transact = client.transact_write_items().transact_items(TransactWriteItem::builder().put(put).build());
    transact.send_sealed(&sealer).await.unwrap();
    for id in ["put", "intercepted", "batch-1", "batch-2", "transact"] {
        assert_beacons(&client, &sealer, &person(id)).await;
        let key =
            [("id", id), ("place", "W-north.B-7")].map(|(name, text)| (name.to_owned(), SdkValue::S(text.to_owned())));
        let get = client.get_item().table_name(TABLE).set_key(Some(key.into()));
        let got = value::from_sdk(get.send_sealed(&sealer).await.unwrap().item.unwrap()).unwrap();
        assert_eq!(got["name"], "Ada".into());
        assert_eq!(got.keys().collect::<Vec<_>>(), with_place(person(id), "W-north.B-7").keys().collect::<Vec<_>>());
        // What was read can be written again.
        client.put_item().table_name(TABLE).set_item(Some(sdk(&got))).send_sealed(&sealer).await.unwrap();
    }
    let found = client.query().table_name(TABLE).index_name("by-name").key_condition_expression("#n = :n");
    let found = found.expression_attribute_names("#n", "name");
    let found = found.expression_attribute_values(":n", SdkValue::S("Ada".to_owned()));
    assert_eq!(found.send_sealed(&sealer).await.unwrap().count, 5);
}

#[tokio::test]
async fn updates_change_and_remove_them() {
    let (client, sealer) = (database().await, sealing());
    let plain = person("ada");
    client.put_item().table_name(TABLE).set_item(Some(sdk(&plain))).send_sealed(&sealer).await.unwrap();
    let update = |expression: &str| {
        sealer
            .update_sealed(&client, TABLE)
            .key("id", SdkValue::S("ada".to_owned()))
            .key("place", SdkValue::S("W-north.B-7".to_owned()))
            .update_expression(expression)
    };
    let updated = update("SET #n = :n REMOVE tags").expression_attribute_names("#n", "name");
    updated.expression_attribute_values(":n", SdkValue::S("Grace".to_owned())).send().await.unwrap();
    let mut after = plain.clone();
    after.insert("name".to_owned(), "Grace".into());
    after.remove("tags");
    assert_beacons(&client, &sealer, &after).await;
    assert!(!stored(&client, "ada").await.contains_key("aws_dbe_b_tags"));

    // The signed beacon is the key of the item: its parts can not change.
    let moved = update("SET ward = :w").expression_attribute_values(":w", SdkValue::S("south".to_owned()));
    assert!(moved.send().await.is_err());
    assert_beacons(&client, &sealer, &after).await;

    // The unsigned prefix `a` is no reason to leave head, foot and beacons as they were.
    let seen = update("SET seen = :s, bed = bed").expression_attribute_values(":s", SdkValue::Bool(true));
    seen.send().await.unwrap();
    after.insert("seen".to_owned(), true.into());
    assert_beacons(&client, &sealer, &after).await;

    // Conditions are on attributes; beacons are none.
    for condition in ["initial <> :n", "#w = :n", "phone = :n", "attribute_not_exists(initial)"] {
        let mut refused = update("SET seen = :s").condition_expression(condition);
        if condition.starts_with('#') {
            refused = refused.expression_attribute_names("#w", "where");
        }
        if condition.contains(":n") {
            refused = refused.expression_attribute_values(":n", SdkValue::S("A".to_owned()));
        }
        let error = refused.expression_attribute_values(":s", SdkValue::Bool(true)).send().await.unwrap_err();
        let Some(error) = operation_error(&error) else { panic!("{condition}: {error:?}") };
        let reason = format!("{:?}", error.refusal());
        assert!(reason.starts_with("Beacon"), "{condition}: {reason}");
    }
}

#[tokio::test]
async fn conditions_of_writes_do_not_ask_for_them() {
    let (client, sealer) = (database().await, sealing());
    for condition in
        ["initial = :v", "initial <> :v", "#w = :v", "phone = :v", "attribute_not_exists(initial)", "#n.x = :v"]
    {
        let mut put =
            client.put_item().table_name(TABLE).set_item(Some(sdk(&person("ada")))).condition_expression(condition);
        for (placeholder, name) in [("#w", "where"), ("#n", "initial")] {
            if condition.contains(placeholder) {
                put = put.expression_attribute_names(placeholder, name);
            }
        }
        if condition.contains(":v") {
            put = put.expression_attribute_values(":v", SdkValue::S("secret".to_owned()));
        }
        let error = put.send_sealed(&sealer).await.unwrap_err();
        assert!(matches!(operation_error(&error).unwrap().refusal(), Refusal::Beacon { .. }), "{condition}: {error:?}");
    }
    // Nor is a value sent that nothing uses.
    let put = client.put_item().table_name(TABLE).set_item(Some(sdk(&person("ada"))));
    let put = put.condition_expression("attribute_not_exists(id)");
    let put = put.expression_attribute_values(":v", SdkValue::S("secret".to_owned()));
    let error = put.send_sealed(&sealer).await.unwrap_err();
    assert!(matches!(operation_error(&error).unwrap().refusal(), Refusal::Resolve(_)), "{error:?}");
    assert_eq!(client.scan().table_name(TABLE).send().await.unwrap().count, 0);
}

/// A placeholder with something behind it is no placeholder of a beacon.
#[tokio::test]
async fn elements_of_lists_are_found() {
    let (client, sealer) = (database().await, sealing());
    client.put_item().table_name(TABLE).set_item(Some(sdk(&person("ada")))).send_sealed(&sealer).await.unwrap();
    for (filter, count) in [
        ("#p[0] = :one", 1),
        ("#p[1] = :one", 0),
        ("phones[1] = :two AND #p[0] = :one", 1),
        ("phone = :one AND attribute_exists(#p)", 1),
        ("attribute_not_exists(#p[0])", 0),
        ("attribute_exists(#p[1])", 1),
        ("attribute_exists(phones) AND #p[0] = :one AND #p[1] = :two", 1),
    ] {
        let mut scan = client.scan().table_name(TABLE).filter_expression(filter);
        if filter.contains("#p") {
            scan = scan.expression_attribute_names("#p", "phones");
        }
        for (name, text) in [(":one", "040-1"), (":two", "040-2")] {
            if filter.contains(name) {
                scan = scan.expression_attribute_values(name, SdkValue::S(text.to_owned()));
            }
        }
        assert_eq!(scan.send_sealed(&sealer).await.unwrap().count, count, "{filter}");
    }
}

#[tokio::test]
async fn plaintext_has_none() {
    let (client, sealer) = (database().await, sealer(PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead));
    let plain = with_place(person("ada"), "W-north.B-7");
    client.put_item().table_name(TABLE).set_item(Some(sdk(&plain))).send_sealed(&sealer).await.unwrap();
    let update = sealer
        .update_sealed(&client, TABLE)
        .key("id", SdkValue::S("ada".to_owned()))
        .key("place", SdkValue::S("W-north.B-7".to_owned()))
        .update_expression("SET seen = :s")
        .expression_attribute_values(":s", SdkValue::Bool(true));
    update.send().await.unwrap();
    let stored = stored(&client, "ada").await;
    assert_eq!(stored.keys().filter(|name| name.starts_with("aws_dbe_")).count(), 0);
    assert_eq!(stored["place"], "W-north.B-7".into());
    // They could not be found by what they do not have.
    let scan = client.scan().table_name(TABLE).filter_expression("#n = :n").expression_attribute_names("#n", "name");
    let error =
        scan.expression_attribute_values(":n", SdkValue::S("Ada".to_owned())).send_sealed(&sealer).await.unwrap_err();
    assert!(matches!(operation_error(&error).unwrap().refusal(), Refusal::PlaintextSearch), "{error:?}");
}

#[tokio::test]
async fn items_that_get_none_are_not_written() {
    let (client, sealer) = (database().await, sealing());
    let text = |text: &str| AttributeValue::S(text.to_owned());
    // Too large by its beacons alone.
    let with_notes = |length: usize| {
        let mut item = person("large");
        item.insert("notes".to_owned(), text(&"x".repeat(length)));
        item
    };
    client.put_item().table_name(TABLE).set_item(Some(sdk(&with_notes(1)))).send_sealed(&sealer).await.unwrap();
    let overhead = item_size(&stored(&client, "large").await);
    let large = "x".repeat(MAX_ITEM_SIZE - overhead + 20);
    for (name, value, reason) in [
        ("tags", text("red"), "style as-set"),
        ("name", text("A.da"), "split character"),
        ("name", text("😀"), "cuts a character in two"),
        ("name", AttributeValue::B(vec![1]), "is of type B"),
        ("place", text("W-north.B-8"), "with another value"),
        ("notes", text(&large), "move data to other items"),
    ] {
        let mut item = person("ada");
        item.insert(name.to_owned(), value);
        let error =
            client.put_item().table_name(TABLE).set_item(Some(sdk(&item))).send_sealed(&sealer).await.unwrap_err();
        let refusal = operation_error(&error).unwrap().refusal();
        let source = std::error::Error::source(refusal).map(ToString::to_string).unwrap_or_default();
        assert!(format!("{refusal}: {source}").contains(reason), "{refusal}: {source}");
        assert!(refusal.to_string().contains("id = \"ada\""), "{refusal}");
        assert!(!format!("{error:?}").contains("A.da"));
    }
    // A part of the key is missing, and with it the key.
    let mut item = person("ada");
    item.remove("bed");
    let error = client.put_item().table_name(TABLE).set_item(Some(sdk(&item))).send_sealed(&sealer).await.unwrap_err();
    let reason = operation_error(&error).unwrap().item().unwrap().kind().to_string();
    assert_eq!(reason, "the key attribute `place` is missing");
    // A signed beacon that no part makes would be found under what the item does not say.
    item.insert("place".to_owned(), text("W-north.B-7"));
    let error = client.put_item().table_name(TABLE).set_item(Some(sdk(&item))).send_sealed(&sealer).await.unwrap_err();
    assert!(matches!(operation_error(&error).unwrap().refusal(), Refusal::Beacons { .. }), "{error:?}");
    assert_eq!(client.scan().table_name(TABLE).send().await.unwrap().count, 1);
}

#[tokio::test]
async fn pages_and_counts_are_of_what_was_asked_for() {
    let (client, sealer) = (database().await, sealing());
    for number in 0..60 {
        let mut item = person(&format!("person-{number:02}"));
        item.insert("name".to_owned(), format!("{}da", if number % 3 == 0 { 'A' } else { 'B' }).into());
        client.put_item().table_name(TABLE).set_item(Some(sdk(&item))).send_sealed(&sealer).await.unwrap();
    }
    let scan = || {
        let scan = client.scan().table_name(TABLE).filter_expression("initial = :i").limit(7);
        scan.expression_attribute_values(":i", SdkValue::S("A".to_owned()))
    };
    let (mut pages, mut count, mut scanned) = (scan().sealed_pages(&sealer), 0, 0);
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert_eq!(usize::try_from(page.count).unwrap(), page.items().len());
        count += page.count;
        scanned += page.scanned_count;
    }
    assert_eq!((count, scanned), (20, 60));
    let (mut pages, mut count) = (scan().sealed_pages_each(&sealer), 0);
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        count += page.items.len();
        assert_eq!(usize::try_from(page.output.count).unwrap(), page.items.len());
    }
    assert_eq!(count, 20);
    let projected = scan().projection_expression("id").limit(60).send_sealed(&sealer).await.unwrap();
    assert_eq!(projected.items().len(), 20);
    assert!(projected.items().iter().all(|item| item.len() == 1));
}
