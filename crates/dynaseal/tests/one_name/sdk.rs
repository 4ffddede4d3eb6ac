//! Sealers: `send_sealed`, interceptors, and both of them.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    Get, KeysAndAttributes, Put, PutRequest, TransactGetItem, TransactWriteItem, WriteRequest,
};
use dynaseal::migrate::{Migration, Observer, Options, Source, Target};
use dynaseal::search::{BeaconKeys, SearchConfig, StandardBeacon};
use dynaseal::{
    AlgorithmSuite, BeaconKey, ItemEncryptor, LegacyPolicy, PlaintextPolicy, SealedTable, Sealer, SendSealed as _,
    SendSealedEntries as _, TableConfig, TableConfigBuilder, operation_error,
};

use super::{REFUSED, SdkItem, TABLE, causes, database, keyring, older, shape, stored, text, with_interceptors};

/// A sealer that others could be mistaken for.
struct Handle {
    name: &'static str,
    sealer: Sealer,
    shape: &'static str,
    searches: bool,
}

fn config() -> TableConfigBuilder {
    TableConfig::builder(TABLE, "id").unsigned(["seen"]).algorithm_suite(AlgorithmSuite::HmacOnly)
}

fn sealed() -> ItemEncryptor {
    ItemEncryptor::new(config().encrypt(["note"]).build().unwrap(), keyring(1))
}

fn handle(name: &'static str, encryptor: ItemEncryptor, shape: &'static str) -> Handle {
    Handle { name, sealer: Sealer::of_table(SealedTable::new(TABLE, encryptor)), shape, searches: false }
}

fn usual() -> Handle {
    handle("usual", sealed(), "record by key-1, sealed")
}

/// Each differs from the usual one in one thing.
fn others() -> Vec<Handle> {
    let readable = ItemEncryptor::new(config().sign(["note"]).build().unwrap(), keyring(1));
    let other_key = ItemEncryptor::new(config().encrypt(["note"]).build().unwrap(), keyring(2));
    let plaintext = config().encrypt(["note"]).plaintext_policy(PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead);
    let plaintext = ItemEncryptor::new(plaintext.build().unwrap(), keyring(1));
    let legacy = sealed().with_legacy(LegacyPolicy::ForceLegacyEncryptAllowLegacyDecrypt, older()).unwrap();
    let search = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32]).unwrap()));
    let search = search.standard(StandardBeacon::new("note", 24));
    let searching = SealedTable::new(TABLE, sealed()).with_search(search).unwrap();
    vec![
        handle("actions", readable, "record by key-1, readable"),
        handle("keyring", other_key, "record by key-2, sealed"),
        handle("plaintext policy", plaintext, "no record, readable"),
        handle("older format", legacy, "older format, sealed"),
        Handle {
            name: "search",
            sealer: Sealer::of_table(searching),
            shape: "record by key-1, sealed, beacon",
            searches: true,
        },
        // The application seals the values itself.
        Handle {
            name: "sealed elsewhere",
            sealer: Sealer::sealed_elsewhere(TABLE),
            shape: "no record, readable",
            searches: false,
        },
        // The same in all, and yet another object.
        usual(),
    ]
}

fn item(id: &str) -> SdkItem {
    [("id", text(id)), ("note", text("HIV positive")), ("seen", text("no"))]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

const OPERATIONS: [&str; 11] = [
    "put",
    "batch write",
    "transact write",
    "get",
    "batch get",
    "transact get",
    "query",
    "scan",
    "update",
    "delete",
    "update sealed",
];

/// What an operation comes to: the item that it is about, as the caller sees it, or why it was refused.
async fn run(operation: &str, client: &Client, by: Option<&Handle>, searches: bool) -> Result<SdkItem, String> {
    macro_rules! send {
        ($builder:expr) => {{
            let builder = $builder;
            let sent = match by {
                Some(handle) => builder.send_sealed(&handle.sealer).await,
                None => builder.send().await,
            };
            sent.map_err(|error| {
                assert!(operation_error(&error).is_some(), "{error:?}");
                causes(&error)
            })?
        }};
    }
    let id = || text("a");
    let one = |mut items: Vec<SdkItem>| {
        assert_eq!(items.len(), 1, "items are lost without a word: {operation}");
        items.remove(0)
    };
    Ok(match operation {
        "put" => {
            send!(client.put_item().table_name(TABLE).set_item(Some(item("a"))));
            item("a")
        }
        "batch write" => {
            let put = PutRequest::builder().set_item(Some(item("a"))).build().unwrap();
            send!(
                client.batch_write_item().request_items(TABLE, vec![WriteRequest::builder().put_request(put).build()])
            );
            item("a")
        }
        "transact write" => {
            let put = Put::builder().table_name(TABLE).set_item(Some(item("a"))).build().unwrap();
            send!(client.transact_write_items().transact_items(TransactWriteItem::builder().put(put).build()));
            item("a")
        }
        "get" => send!(client.get_item().table_name(TABLE).key("id", id())).item.unwrap(),
        "batch get" => {
            let key = SdkItem::from([("id".to_owned(), id())]);
            let keys = KeysAndAttributes::builder().keys(key).build().unwrap();
            one(send!(client.batch_get_item().request_items(TABLE, keys)).responses.unwrap().remove(TABLE).unwrap())
        }
        "transact get" => {
            let get = Get::builder().table_name(TABLE).key("id", id()).build().unwrap();
            let get = TransactGetItem::builder().get(get).build();
            let response = send!(client.transact_get_items().transact_items(get));
            one(response.responses.unwrap().into_iter().map(|response| response.item.unwrap()).collect())
        }
        "query" => {
            let query = client.query().table_name(TABLE).key_condition_expression("id = :id");
            let query = query.expression_attribute_values(":id", id());
            let query = match searches {
                true => query.filter_expression("note = :n").expression_attribute_values(":n", text("HIV positive")),
                false => query,
            };
            one(send!(query).items.unwrap())
        }
        "scan" => {
            let scan = client.scan().table_name(TABLE);
            let scan = match searches {
                true => scan.filter_expression("note = :n").expression_attribute_values(":n", text("HIV positive")),
                false => scan,
            };
            one(send!(scan).items.unwrap())
        }
        "update" => {
            let update = client.update_item().table_name(TABLE).key("id", id()).update_expression("SET seen = :s");
            let update = update.condition_expression("attribute_exists(id)");
            send!(update.expression_attribute_values(":s", text("no")));
            item("a")
        }
        "delete" => {
            let delete = client.delete_item().table_name(TABLE).key("id", id());
            let old = send!(delete.return_values("ALL_OLD".into())).attributes.unwrap();
            assert_eq!(stored(client, "a").await, None);
            old
        }
        "update sealed" => {
            let Some(handle) = by else { return Ok(item("a")) };
            let update = handle.sealer.update_sealed(client, TABLE).key("id", id()).update_expression("SET note = :n");
            let update = update.expression_attribute_values(":n", text("HIV positive"));
            update.send().await.map_err(|error| causes(&error))?.after
        }
        other => panic!("{other}"),
    })
}

fn writes(operation: &str) -> bool {
    ["put", "batch write", "transact write", "update sealed"].contains(&operation)
}

/// One operation on a fresh table that has an item of `expected`'s already.
async fn cell(
    operation: &str,
    interceptors: &[&Handle],
    by: Option<&Handle>,
    expected: Option<&Handle>,
    owner: &Handle,
) {
    let names: Vec<_> = interceptors.iter().map(|handle| handle.name).collect();
    let cell = format!("{operation} by {:?} with interceptors {names:?}", by.map(|handle| handle.name));
    let plain = database().await;
    let put = plain.put_item().table_name(TABLE).set_item(Some(item("a")));
    put.send_sealed(&owner.sealer).await.unwrap();
    let before = stored(&plain, "a").await;
    let sealers: Vec<_> = interceptors.iter().map(|handle| &handle.sealer).collect();
    let (client, sent) = with_interceptors(&plain, &sealers);
    let searches = owner.searches;
    let outcome = run(operation, &client, by, searches).await;
    let after = stored(&plain, "a").await;
    match expected {
        Some(handle) => {
            let seen = outcome.unwrap_or_else(|why| panic!("{cell}: {why}"));
            assert_eq!(seen, item("a"), "{cell}");
            if operation != "delete" {
                assert_eq!(shape(&after.clone().unwrap()), handle.shape, "{cell}");
            }
            if writes(operation) && handle.shape.starts_with("record") && operation != "update sealed" {
                assert_ne!(after, before, "{cell}");
            }
        }
        None => {
            let why = outcome.expect_err(&cell);
            // The first of two interceptors may have a reason of its own: it has no beacon of what is asked for.
            let of_first = interceptors.len() == 2 && searches && why.contains("`note` is ENCRYPT_AND_SIGN");
            assert!(why.contains(REFUSED) || of_first, "{cell}: {why}");
            assert_eq!(sent.take(), 0, "{cell}");
            assert_eq!(after, before, "{cell}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_sealed_by_the_handle_that_it_was_given_to_and_once() {
    let mut cells = 0;
    for other in others() {
        let usual = usual();
        for (one, two) in [(&usual, &other), (&other, &usual)] {
            for operation in OPERATIONS {
                // What `two` was given to do, on clients that `one` knows.
                let cases: [(&[&Handle], Option<&Handle>, Option<&Handle>); 9] = [
                    (&[], Some(two), Some(two)),
                    (&[two], None, Some(two)),
                    (&[two], Some(two), Some(two)),
                    (&[two, two], None, Some(two)),
                    (&[two, two], Some(two), Some(two)),
                    (&[one], Some(two), None),
                    (&[one, one], Some(two), None),
                    (&[one, two], Some(two), None),
                    (&[two, one], Some(two), None),
                ];
                for (interceptors, by, expected) in cases {
                    // A sealed update takes a sealer, and one that seals.
                    if operation == "update sealed" && by.is_none_or(|handle| handle.name == "sealed elsewhere") {
                        continue;
                    }
                    cell(operation, interceptors, by, expected, two).await;
                    cells += 1;
                }
                // Two interceptors that contradict each other.
                if operation != "update sealed" {
                    cell(operation, &[one, two], None, None, two).await;
                    cells += 1;
                }
            }
        }
    }
    assert!(cells > 1_200, "{cells}");
}

/// Two handles in one transaction, in both orders, each entry by its own.
#[tokio::test(flavor = "multi_thread")]
async fn entries_of_a_transaction_are_sealed_each_by_its_own_handle() {
    for other in others() {
        let usual = usual();
        for (one, two) in [(&usual, &other), (&other, &usual)] {
            let plain = database().await;
            let (client, sent) = with_interceptors(&plain, &[]);
            let put = |id: &str| {
                let put = Put::builder().table_name(TABLE).set_item(Some(item(id))).build().unwrap();
                TransactWriteItem::builder().put(put).build()
            };
            let transaction =
                |client: &Client| client.transact_write_items().transact_items(put("a")).transact_items(put("b"));
            let sealers = [one.sealer.clone(), two.sealer.clone()];
            transaction(&client).send_sealed_by(&sealers).await.unwrap();
            assert_eq!(sent.take(), 1);
            for (id, handle) in [("a", one), ("b", two)] {
                assert_eq!(shape(&stored(&plain, id).await.unwrap()), handle.shape, "{} and {}", one.name, two.name);
                let get = plain.get_item().table_name(TABLE).key("id", text(id));
                assert_eq!(get.send_sealed(&handle.sealer).await.unwrap().item.unwrap(), item(id));
            }
            // An interceptor of one of them cannot answer for the other's entry.
            let (client, sent) = with_interceptors(&plain, &[&one.sealer]);
            let refused = transaction(&client).send_sealed_by(&sealers).await;
            assert!(causes(&refused.unwrap_err()).contains(REFUSED));
            assert_eq!(sent.take(), 0);
            // One sealer for two entries is a mistake, and not a guess.
            let refused = transaction(&client).send_sealed_by(&sealers[..1]).await.unwrap_err();
            assert!(causes(&refused).contains("2 entries and 1 sealers"));
        }
    }
}

/// An entry of a handle that seals nothing passes as it is, but never past an interceptor that would have sealed it.
#[tokio::test(flavor = "multi_thread")]
async fn a_plain_entry_beside_a_sealed_one_does_not_pass_an_interceptor() {
    let usual = usual();
    let plain = database().await;
    let put = |id: &str| {
        let put = Put::builder().table_name(TABLE).set_item(Some(item(id))).build().unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    for (sealers, expected) in [
        ([usual.sealer.clone(), usual.sealer.clone()], Some("record by key-1, sealed")),
        ([Sealer::default(), Sealer::default()], Some("record by key-1, sealed")),
        ([usual.sealer.clone(), Sealer::default()], None),
        ([Sealer::default(), usual.sealer.clone()], None),
    ] {
        let (client, sent) = with_interceptors(&plain, &[&usual.sealer]);
        let transaction = client.transact_write_items().transact_items(put("a")).transact_items(put("b"));
        let outcome = transaction.send_sealed_by(&sealers).await;
        match expected {
            Some(expected) => {
                outcome.unwrap();
                for id in ["a", "b"] {
                    assert_eq!(shape(&stored(&plain, id).await.unwrap()), expected);
                }
            }
            None => {
                assert!(causes(&outcome.unwrap_err()).contains(REFUSED));
                assert_eq!(sent.take(), 0);
            }
        }
    }
}

/// A migration works on what is stored. On a client that would open and seal it on the way, it is refused.
#[tokio::test(flavor = "multi_thread")]
async fn tools_for_what_is_stored_do_not_work_through_an_interceptor() {
    let usual = usual();
    let plain = database().await;
    plain.put_item().table_name(TABLE).set_item(Some(item("plain"))).send().await.unwrap();
    let put = plain.put_item().table_name(TABLE).set_item(Some(item("sealed")));
    put.send_sealed(&usual.sealer).await.unwrap();
    let lies = async || (stored(&plain, "plain").await, stored(&plain, "sealed").await);
    let before = lies().await;

    let policy = PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead;
    let reading = ItemEncryptor::new(config().encrypt(["note"]).plaintext_policy(policy).build().unwrap(), keyring(1));
    let target = Target::records(SealedTable::new(TABLE, reading.clone())).unwrap();
    let nobody: Arc<dyn Observer> = Arc::new(());
    let migration = |client: &Client| {
        let source = Source::default().plain();
        Migration::new(client.clone(), TABLE, source, target.clone(), Options::default())
    };
    let interceptor = Sealer::of_table(SealedTable::new(TABLE, reading));
    let (client, sent) = with_interceptors(&plain, &[&interceptor]);
    for outcome in [migration(&client).plan(&nobody).await, migration(&client).run(&nobody).await] {
        let error = outcome.expect_err("it saw items that the interceptor had opened");
        assert!(causes(&error).contains(REFUSED), "{}", causes(&error));
    }
    assert_eq!(sent.take(), 0);
    assert_eq!(lies().await, before);

    let report = migration(&plain).run(&nobody).await.unwrap();
    assert_eq!((report.counts.changed(), report.counts.current), (1, 1));
    assert_eq!(shape(&stored(&plain, "plain").await.unwrap()), usual.shape);

    let get = || client.get_item().table_name(TABLE).key("id", text("sealed"));
    assert!(causes(&get().send_as_stored().await.unwrap_err()).contains(REFUSED));
    let seen = plain.get_item().table_name(TABLE).key("id", text("sealed")).send_as_stored().await.unwrap();
    assert_eq!(seen.item, before.1);
}
