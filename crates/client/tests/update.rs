//! Updates of sealed attributes: nothing is lost between writers, nothing is done twice, nothing else is touched.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_types::body::SdkBody;
use dynaseal_client::{Refusal, SealedTable, SealedUpdate, Sealer, SendSealed, UpdateError, Updated};
use dynaseal_core::{AlgorithmSuite, ItemEncryptor, PlaintextPolicy, RawAesKeyring, TableConfig};

type Plain = HashMap<String, AttributeValue>;

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: impl Display) -> AttributeValue {
    AttributeValue::N(format!("{number}"))
}

fn plain<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Plain {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn sealer(policy: PlaintextPolicy) -> Sealer {
    let config = TableConfig::builder("counters", "pk")
        .sort_key("sk")
        .encrypt(["count", "notes", "tags"])
        .sign(["ward"])
        .unsigned_prefix(":")
        .algorithm_suite(AlgorithmSuite::HmacOnly)
        .plaintext_policy(policy)
        .build()
        .unwrap();
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap());
    Sealer::of_table(SealedTable::new("counters", encryptor))
}

async fn client() -> Client {
    let client = dynaseal_local::memory().unwrap();
    let attribute = |name: &str, of_type| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(of_type).build().unwrap()
    };
    let key = |name: &str, of_type| KeySchemaElement::builder().attribute_name(name).key_type(of_type).build().unwrap();
    let create = client.create_table().table_name("counters").billing_mode(BillingMode::PayPerRequest);
    let create = create.attribute_definitions(attribute("pk", ScalarAttributeType::S));
    let create = create.attribute_definitions(attribute("sk", ScalarAttributeType::N));
    create.key_schema(key("pk", KeyType::Hash)).key_schema(key("sk", KeyType::Range)).send().await.unwrap();
    client
}

fn update(sealer: &Sealer, client: &Client) -> SealedUpdate {
    sealer.update_sealed(client, "counters").key("pk", s("a")).key("sk", n(1))
}

fn increment(sealer: &Sealer, client: &Client) -> SealedUpdate {
    let update = update(sealer, client).update_expression("SET #c = if_not_exists(#c, :zero) + :one");
    let update = update.expression_attribute_names("#c", "count");
    update.expression_attribute_values(":zero", n(0)).expression_attribute_values(":one", n(1))
}

async fn put(client: &Client, sealer: &Sealer, item: Plain) {
    client.put_item().table_name("counters").set_item(Some(item)).send_sealed(sealer).await.unwrap();
}

async fn raw(client: &Client) -> Option<Plain> {
    client.get_item().table_name("counters").key("pk", s("a")).key("sk", n(1)).send().await.unwrap().item
}

async fn opened(client: &Client, sealer: &Sealer) -> Option<Plain> {
    let get = client.get_item().table_name("counters").key("pk", s("a")).key("sk", n(1));
    get.send_sealed(sealer).await.unwrap().item
}

fn item() -> Plain {
    plain([("pk", s("a")), ("sk", n(1)), ("count", n(41)), ("notes", s("x")), ("ward", s("w")), (":seen", n(3))])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_writers_lose_nothing() {
    let (client, sealer) = (client().await, sealer(PlaintextPolicy::default()));
    let writer = |_| {
        let (client, sealer) = (client.clone(), sealer.clone());
        tokio::spawn(async move {
            for _ in 0..500 {
                increment(&sealer, &client).max_attempts(1_000.try_into().unwrap()).send().await.unwrap();
            }
        })
    };
    for writer in (0..8).map(writer).collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(opened(&client, &sealer).await.unwrap()["count"], n(4_000));
    assert!(raw(&client).await.unwrap()["count"].as_b().is_ok());
}

#[tokio::test]
async fn every_clause_works_on_sealed_attributes() {
    let (client, sealer) = (client().await, sealer(PlaintextPolicy::default()));
    put(&client, &sealer, item()).await;
    let change = update(&sealer, &client)
        .update_expression("SET #c = #c + :big, ward = pk REMOVE notes ADD tags :tags")
        .expression_attribute_names("#c", "count")
        .expression_attribute_values(":big", n("99999999999999999999999999999999999900"))
        .expression_attribute_values(":tags", AttributeValue::Ss(vec!["b".into(), "a".into()]));
    let Updated { before, after, attempts, .. } = change.send().await.unwrap();
    assert_eq!((before, attempts), (Some(item()), 1));
    assert_eq!(after["count"], n("99999999999999999999999999999999999941"));
    assert_eq!((&after["ward"], after.get("notes")), (&after["pk"], None));
    let found = opened(&client, &sealer).await.unwrap();
    assert_eq!(found["count"], after["count"]);
    assert_eq!(found["tags"].as_ss().unwrap().len(), 2);
    assert_eq!(found[":seen"], n(3));

    let remove = update(&sealer, &client).update_expression("DELETE tags :tags");
    let tags = AttributeValue::Ss(vec!["b".into(), "a".into()]);
    remove.expression_attribute_values(":tags", tags).send().await.unwrap();
    assert_eq!(opened(&client, &sealer).await.unwrap().get("tags"), None);
    assert_eq!(raw(&client).await.unwrap().get("tags"), None);
}

/// Runs `meanwhile` between reading and writing of the first attempt.
async fn interrupted(
    update: SealedUpdate,
    change: impl Fn(&mut Plain) + Send + 'static,
    meanwhile: impl Future<Output = ()> + Send + 'static,
) -> Result<Updated, UpdateError> {
    let handle = tokio::runtime::Handle::current();
    let blocking = move || {
        let mut meanwhile = Some(meanwhile);
        let change = |item: &mut Plain| {
            if let Some(meanwhile) = meanwhile.take() {
                std::thread::scope(|scope| scope.spawn(|| handle.block_on(Box::pin(meanwhile))).join()).unwrap();
            }
            change(item);
            Ok::<_, std::io::Error>(())
        };
        handle.block_on(update.send_with(change))
    };
    tokio::task::spawn_blocking(blocking).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unsigned_updates_made_meanwhile_survive() {
    let (client, sealer) = (client().await, sealer(PlaintextPolicy::default()));
    put(&client, &sealer, item()).await;
    let other = client.update_item().table_name("counters").key("pk", s("a")).key("sk", n(1));
    let other = other.update_expression("SET #s = #s + :one, #n = :one");
    let other = other.expression_attribute_names("#s", ":seen").expression_attribute_names("#n", ":new");
    let other = other.expression_attribute_values(":one", n(1));
    let meanwhile = async move { other.send().await.map(drop).unwrap() };
    let change = |item: &mut Plain| drop(item.insert("notes".to_owned(), s("y")));
    let updated = interrupted(update(&sealer, &client), change, meanwhile).await.unwrap();
    assert_eq!(updated.attempts, 1);
    let found = opened(&client, &sealer).await.unwrap();
    assert_eq!((&found[":seen"], &found[":new"], &found["notes"]), (&n(4), &n(1), &s("y")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sealed_write_in_between_is_noticed() {
    let (client, sealer) = (client().await, sealer(PlaintextPolicy::default()));
    put(&client, &sealer, item()).await;
    let other = increment(&sealer, &client);
    let meanwhile = async move { other.send().await.map(drop).unwrap() };
    let change = |item: &mut Plain| drop(item.insert("notes".to_owned(), s("y")));
    let updated = interrupted(update(&sealer, &client), change, meanwhile).await.unwrap();
    assert_eq!((updated.attempts, &updated.after["count"], &updated.after["notes"]), (2, &n(42), &s("y")));
    assert_eq!(opened(&client, &sealer).await.unwrap(), updated.after);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unsigned_attributes_that_are_changed_or_looked_at_are_guarded() {
    let (client, sealer) = (client().await, sealer(PlaintextPolicy::default()));
    put(&client, &sealer, item()).await;
    let bump = {
        let update = client.update_item().table_name("counters").key("pk", s("a")).key("sk", n(1));
        let update = update.update_expression("SET #s = #s + :one").expression_attribute_names("#s", ":seen");
        update.expression_attribute_values(":one", n(1))
    };
    let copy = update(&sealer, &client).update_expression("SET #c = #s").expression_attribute_names("#s", ":seen");
    let copy = copy.expression_attribute_names("#c", "count");
    let other = bump.clone();
    let updated = interrupted(copy, |_| (), async move { other.send().await.map(drop).unwrap() }).await.unwrap();
    assert_eq!((updated.attempts, &updated.after["count"]), (2, &n(4)));

    let double = |item: &mut Plain| {
        let seen: u32 = item[":seen"].as_n().unwrap().parse().unwrap();
        item.insert(":seen".to_owned(), n(2 * seen));
    };
    let meanwhile = async move { bump.send().await.map(drop).unwrap() };
    let updated = interrupted(update(&sealer, &client), double, meanwhile).await.unwrap();
    assert_eq!((updated.attempts, &updated.after[":seen"]), (2, &n(10)));
    assert_eq!(opened(&client, &sealer).await.unwrap()[":seen"], n(10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_that_is_not_there_is_made_once() {
    let (client, sealer) = (client().await, sealer(PlaintextPolicy::default()));
    let other = increment(&sealer, &client);
    let meanwhile = async move { other.send().await.map(drop).unwrap() };
    let updated = interrupted(increment(&sealer, &client), |_| (), meanwhile).await.unwrap();
    assert_eq!((updated.attempts, &updated.after["count"]), (2, &n(2)));

    let conditional = update(&sealer, &client).condition_expression("attribute_not_exists(pk)");
    let error = conditional.update_expression("SET notes = :y").expression_attribute_values(":y", s("y")).send();
    assert!(error.await.unwrap_err().is_condition());
}

#[tokio::test]
async fn conditions_look_at_encrypted_attributes() {
    let (client, sealer) = (client().await, sealer(PlaintextPolicy::default()));
    put(&client, &sealer, item()).await;
    let withdraw = increment(&sealer, &client).condition_expression("#c < :limit AND contains(notes, :x)");
    let withdraw = withdraw.expression_attribute_values(":x", s("x"));
    let done = withdraw.clone().expression_attribute_values(":limit", n(42)).send().await.unwrap();
    assert_eq!(done.after["count"], n(42));
    let before = raw(&client).await;
    let error = withdraw.expression_attribute_values(":limit", n(42)).send().await.unwrap_err();
    assert!(error.is_condition(), "{error:?}");
    assert_eq!(raw(&client).await, before);
}

#[tokio::test]
async fn each_condition_is_asked() {
    let (client, sealer) = (client().await, sealer(PlaintextPolicy::default()));
    put(&client, &sealer, item()).await;
    let guarded = |one: &str, two: &str| {
        let update = increment(&sealer, &client).condition_expression(one).condition_expression(two);
        update.expression_attribute_values(":x", s("x")).expression_attribute_values(":w", s("w"))
    };
    let (notes, ward) = ("notes = :x", "ward = :w");
    guarded(notes, ward).send().await.unwrap();
    // What is joined is the meaning, not the text.
    let (either, neither) = ("notes = :w OR ward = :w", "NOT ward = :w");
    guarded(either, notes).send().await.unwrap();
    let before = raw(&client).await;
    for (one, two) in [(neither, notes), (notes, neither), (either, neither), (neither, either)] {
        let error = guarded(one, &format!("{two} AND ward <> :x AND notes <> :w")).send().await.unwrap_err();
        assert!(error.is_condition(), "{one} {two}: {error:?}");
    }
    // Neither is a condition; between one another's parentheses they would hold.
    let error = guarded("ward = :w) OR (notes = :w", "NOT notes = :x").send().await.unwrap_err();
    let UpdateError::Operation(error) = error else { panic!("{error:?}") };
    assert!(matches!(error.refusal(), Refusal::Expression(_)), "{error:?}");
    assert_eq!(raw(&client).await, before);
}

#[tokio::test]
async fn what_would_replace_something_is_refused() {
    let (client, sealer) = (client().await, sealer(PlaintextPolicy::default()));
    put(&client, &sealer, item()).await;
    let before = raw(&client).await;
    let update =
        || increment(&sealer, &client).condition_expression("ward = :w").expression_attribute_values(":w", s("w"));
    for (twice, what) in [
        (update().key("pk", s("b")), "the key attribute `pk`"),
        (update().update_expression("REMOVE notes"), "the UpdateExpression"),
        (update().expression_attribute_names("#c", "ward"), "the name `#c`"),
        (update().expression_attribute_values(":w", s("s3cret")), "the value `:w`"),
    ] {
        let error = twice.send().await.unwrap_err();
        let UpdateError::Operation(error) = error else { panic!("{error:?}") };
        assert!(matches!(error.refusal(), Refusal::Twice { what: told } if told == what), "{error:?}");
        assert!(!error.refusal().to_string().contains("s3cret"), "{error}");
    }
    assert_eq!(raw(&client).await, before);
    // The same again says nothing new.
    let same = update().key("pk", s("a")).expression_attribute_names("#c", "count");
    same.expression_attribute_values(":w", s("w")).send().await.unwrap();
}

#[tokio::test]
async fn plain_items_are_sealed_on_their_way() {
    let client = client().await;
    client.put_item().table_name("counters").set_item(Some(item())).send().await.unwrap();
    let strict = sealer(PlaintextPolicy::default());
    let error = increment(&strict, &client).send().await.unwrap_err();
    let UpdateError::Operation(error) = error else { panic!("{error:?}") };
    assert!(matches!(error.refusal(), Refusal::Item(_)));

    let migrating = sealer(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead);
    increment(&migrating, &client).send().await.unwrap();
    let found = opened(&client, &strict).await.unwrap();
    assert_eq!((&found["count"], &found["notes"]), (&n(42), &s("x")));

    // And back, where plaintext is written.
    let back = sealer(PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead);
    increment(&back, &client).send().await.unwrap();
    assert_eq!(
        raw(&client).await.unwrap(),
        plain([("pk", s("a")), ("sk", n(1)), ("count", n(43)), ("notes", s("x")), ("ward", s("w")), (":seen", n(3)),])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_writers_in_between_are_noticed() {
    let client = client().await;
    client.put_item().table_name("counters").set_item(Some(item())).send().await.unwrap();
    let migrating = sealer(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead);
    let other = client.update_item().table_name("counters").key("pk", s("a")).key("sk", n(1));
    let other = other
        .update_expression("SET tags = :t")
        .expression_attribute_values(":t", AttributeValue::Ss(vec!["t".into()]));
    let meanwhile = async move { other.send().await.map(drop).unwrap() };
    let updated = interrupted(increment(&migrating, &client), |_| (), meanwhile).await.unwrap();
    assert_eq!(updated.attempts, 2);
    let found = opened(&client, &sealer(PlaintextPolicy::default())).await.unwrap();
    assert_eq!((&found["count"], found["tags"].as_ss().unwrap()), (&n(42), &vec!["t".to_owned()]));
}

#[tokio::test]
async fn what_can_not_be_is_refused_and_nothing_is_written() {
    let (client, sealer) = (client().await, sealer(PlaintextPolicy::default()));
    put(&client, &sealer, item()).await;
    let before = raw(&client).await;
    let one = |update: SealedUpdate| update.expression_attribute_values(":one", n(1));
    for (update, text) in [
        (one(update(&sealer, &client).update_expression("SET pk = :one")), "UpdateExpression: `pk` is a key attribute"),
        (
            one(update(&sealer, &client).update_expression("SET other = :one")),
            "UpdateExpression: `other` has no action",
        ),
        (
            one(update(&sealer, &client).update_expression("SET aws_dbe_foot = :one")),
            "UpdateExpression: `aws_dbe_foot` starts with `aws_dbe_`",
        ),
        (
            one(update(&sealer, &client).update_expression("SET notes = notes + :one")),
            "UpdateExpression: notes can not be",
        ),
        (one(update(&sealer, &client).update_expression("SET notes =")), "UpdateExpression, byte 11"),
        (one(update(&sealer, &client)), "unused in all expressions"),
        (sealer.update_sealed(&client, "counters").key("pk", s("a")), "the key attribute `sk` is missing"),
        (sealer.update_sealed(&client, "others").key("pk", s("a")), "the table `others` is not sealed"),
        (
            update(&sealer, &client).key("notes", s("s3cret")).update_expression("REMOVE tags"),
            "Key: `notes` is no key attribute",
        ),
    ] {
        let error = update.send().await.unwrap_err();
        let UpdateError::Operation(error) = error else { panic!("{error:?}") };
        let reason = error.refusal().to_string();
        assert!(reason.starts_with(text), "{reason}");
    }
    let moved = |item: &mut Plain| {
        item.insert("sk".to_owned(), n(2));
        Ok::<_, std::io::Error>(())
    };
    let error = update(&sealer, &client).send_with(moved).await.unwrap_err();
    assert!(matches!(&error, UpdateError::Operation(error) if matches!(error.refusal(), Refusal::KeyUpdate { .. })));
    let called_off = |_: &mut Plain| Err(std::io::Error::other("no"));
    let error = update(&sealer, &client).send_with(called_off).await.unwrap_err();
    assert!(matches!(error, UpdateError::CalledOff(_)));
    assert_eq!(raw(&client).await, before);
}

/// A sealer of the same table whose configuration does not know `notes` and `ward` any more.
fn later_sealer() -> Sealer {
    let config = TableConfig::builder("counters", "pk").sort_key("sk").encrypt(["count", "tags"]).sign(["place"]);
    let config = config.unsigned_prefix(":").algorithm_suite(AlgorithmSuite::HmacOnly).build().unwrap();
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap());
    Sealer::of_table(SealedTable::new("counters", encryptor))
}

fn reason(error: UpdateError) -> String {
    let UpdateError::Operation(error) = error else { panic!("{error:?}") };
    error.refusal().to_string()
}

/// Attributes that have no action any more can be taken away, by an expression and by a closure alike; other changes of an
/// item that still has one say so.
#[tokio::test]
async fn attributes_without_an_action_can_be_removed() {
    let (client, old, new) = (client().await, sealer(PlaintextPolicy::default()), later_sealer());
    let by_expression = |text: &str| {
        let update = update(&new, &client).update_expression(text);
        let update = match text.contains("#c") {
            true => update.expression_attribute_names("#c", "count"),
            false => update,
        };
        match text.contains(":one") {
            true => update.expression_attribute_values(":one", n(1)),
            false => update,
        }
    };
    put(&client, &old, item()).await;
    let before = raw(&client).await.unwrap();

    // Neither stays behind unnoticed, whatever else is done.
    for (text, left) in [
        (
            "SET #c = :one",
            "the item has `notes`, `ward`, which have no action here: REMOVE notes, ward in the same update",
        ),
        ("SET #c = :one REMOVE notes", "the item has `ward`, which has no action here: REMOVE ward in the same update"),
        ("REMOVE ward", "the item has `notes`, which has no action here: REMOVE notes in the same update"),
    ] {
        let by_closure = |item: &mut Plain| {
            if text.contains("SET") {
                item.insert("count".to_owned(), n(1));
            }
            for name in ["notes", "ward"] {
                if text.contains(&format!("REMOVE {name}")) {
                    item.remove(name);
                }
            }
            Ok::<_, std::io::Error>(())
        };
        let said = reason(by_expression(text).send().await.unwrap_err());
        assert!(said.starts_with(left), "{text}: {said}");
        assert_eq!(reason(update(&new, &client).send_with(by_closure).await.unwrap_err()), said, "{text}");
    }
    // Nothing but the whole attribute can be taken away, and nothing put there.
    for text in
        ["REMOVE ward.a, notes", "REMOVE ward[0], notes", "SET ward = :one", "ADD ward :one", "DELETE ward :one"]
    {
        let said = reason(by_expression(text).send().await.unwrap_err());
        assert!(said.starts_with("UpdateExpression: `ward` has no action"), "{text}: {said}");
    }
    // What was encrypted is not copied to where it can be read: the configuration does not know any more what was.
    for (text, target) in [
        ("SET place = notes REMOVE notes, ward", "place"),
        ("SET place = if_not_exists(ward, notes) REMOVE notes, ward", "place"),
        ("SET #free = notes REMOVE notes, ward", ":free"),
    ] {
        let update = match text.contains("#free") {
            true => by_expression(text).expression_attribute_names("#free", ":free"),
            false => by_expression(text),
        };
        let said = reason(update.send().await.unwrap_err());
        let start = format!("UpdateExpression: `{target}` is not encrypted, and would become what `");
        assert!(said.starts_with(&start) && said.contains("has no action here and may be encrypted"), "{text}: {said}");
    }
    assert_eq!(raw(&client).await.unwrap(), before);

    // A condition may look at them, and they may be moved to where they are encrypted.
    let moved = by_expression("SET #c = :one, tags = notes REMOVE notes, ward").condition_expression("notes = :x");
    let moved = moved.expression_attribute_values(":x", s("x")).send().await.unwrap();
    let expected = plain([("pk", s("a")), ("sk", n(1)), ("count", n(1)), ("tags", s("x")), (":seen", n(3))]);
    assert_eq!(moved.after, expected);
    let stored = raw(&client).await.unwrap();
    let mut names: Vec<&str> = stored.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, [":seen", "aws_dbe_foot", "aws_dbe_head", "count", "pk", "sk", "tags"]);
    assert!(stored["count"].is_b() && stored["tags"].is_b() && stored[":seen"] == n(3));
    assert_eq!(opened(&client, &new).await.unwrap(), expected);
    assert_eq!(opened(&client, &old).await.unwrap(), expected);

    // The closure comes to the same, to the attribute; so does the expression alone.
    for by in ["closure", "expression"] {
        put(&client, &old, item()).await;
        match by {
            "closure" => {
                let remove = |item: &mut Plain| {
                    item.retain(|name, _| name != "notes" && name != "ward");
                    Ok::<_, std::io::Error>(())
                };
                update(&new, &client).send_with(remove).await.map(drop).unwrap();
            }
            _ => by_expression("REMOVE notes, ward").send().await.map(drop).unwrap(),
        }
        let expected = plain([("pk", s("a")), ("sk", n(1)), ("count", n(41)), (":seen", n(3))]);
        assert_eq!(opened(&client, &new).await.unwrap(), expected, "{by}");
        let stored = raw(&client).await.unwrap();
        assert_eq!(stored.len(), 6, "{by}");
        assert!(!stored.contains_key("notes") && !stored.contains_key("ward"), "{by}");
    }
}

/// Neither into what is unsigned nor into what is only signed, as a whole, in part, or computed.
#[tokio::test]
async fn what_is_encrypted_is_not_copied_to_where_it_can_be_read() {
    let (client, sealer) = (client().await, sealer(PlaintextPolicy::default()));
    put(&client, &sealer, item()).await;
    let before = raw(&client).await;
    let values = [(":one", n(1)), (":s", s("x")), (":l", AttributeValue::L(vec![s("x")]))];
    let with_values = |text: &str| {
        let update = update(&sealer, &client).update_expression(text);
        let update = match text.contains("#n") {
            true => update.expression_attribute_names("#n", "notes"),
            false => update,
        };
        let used = values.iter().filter(|(name, _)| text.contains(name));
        used.fold(update, |update, (name, value)| update.expression_attribute_values(*name, value.clone()))
    };
    for target in [":free", "ward"] {
        let name = if target == ":free" { "#free" } else { target };
        for (from, source) in [
            ("notes", "notes"),
            ("notes", "#n"),
            ("notes", "notes.inner[0]"),
            ("notes", "if_not_exists(notes, :s)"),
            ("notes", "if_not_exists(seen, notes)"),
            ("notes", "list_append(:l, notes)"),
            ("notes", "list_append(if_not_exists(notes, :l), :l)"),
            ("count", "count + :one"),
            ("count", "if_not_exists(ward, :one) - count"),
        ] {
            for target_path in [name.to_owned(), format!("{name}.inner"), format!("{name}[0]")] {
                let text = format!("SET tags = tags, {target_path} = {source} REMOVE notes");
                let update = with_values(&text);
                let update = match target == ":free" {
                    true => update.expression_attribute_names("#free", ":free"),
                    false => update,
                };
                let error = update.send().await.expect_err(&text);
                let UpdateError::Operation(error) = error else { panic!("{error:?}") };
                let reason = error.refusal().to_string();
                assert_eq!(
                    reason,
                    format!(
                        "UpdateExpression: `{target}` is not encrypted, and would become what `{from}` is, which is ENCRYPT_AND_SIGN: encrypt `{target}` as well"
                    ),
                    "{text}"
                );
            }
        }
    }
    assert_eq!(raw(&client).await, before);
    // What is encrypted may become anything.
    with_values("SET notes = ward, tags = notes, count = count + :one").send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_are_bounded() {
    let (client, sealer) = (client().await, sealer(PlaintextPolicy::default()));
    put(&client, &sealer, item()).await;
    let spoiler = Arc::new((client.clone(), sealer.clone()));
    let attempt = update(&sealer, &client).max_attempts(3.try_into().unwrap());
    let handle = tokio::runtime::Handle::current();
    let blocking = move || {
        let change = |_: &mut Plain| {
            let spoiler = Arc::clone(&spoiler);
            let spoil = async move { increment(&spoiler.1, &spoiler.0).send().await.map(drop).unwrap() };
            std::thread::scope(|scope| scope.spawn(|| handle.block_on(Box::pin(spoil))).join()).unwrap();
            Ok::<_, std::io::Error>(())
        };
        handle.block_on(attempt.send_with(change))
    };
    let error = tokio::task::spawn_blocking(blocking).await.unwrap().unwrap_err();
    let UpdateError::Operation(error) = error else { panic!("{error:?}") };
    assert!(matches!(error.refusal(), Refusal::Contended { attempts: 3 }));
    assert_eq!(opened(&client, &sealer).await.unwrap()["count"], n(44));
}

/// Turns the first answer to an `UpdateItem` into an error of the server, after the write took effect.
#[derive(Debug, Default)]
struct LosesAnAnswer {
    lost: AtomicBool,
}

impl Intercept for LosesAnAnswer {
    fn name(&self) -> &'static str {
        "LosesAnAnswer"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_update = cfg.load::<Metadata>().is_some_and(|metadata| metadata.name() == "UpdateItem");
        if is_update && !self.lost.swap(true, Ordering::Relaxed) {
            let error = r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"lost"}"#;
            *context.response_mut() = HttpResponse::new(500.try_into()?, SdkBody::from(error));
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_not_done_twice() {
    let (client, sealer) = (client().await, sealer(PlaintextPolicy::default()));
    put(&client, &sealer, item()).await;
    // Also if it was the last attempt.
    for (attempts, count) in [(64, 42), (1, 43)] {
        let losing = client.config().to_builder().interceptor(LosesAnAnswer::default()).build();
        let update = increment(&sealer, &Client::from_conf(losing)).max_attempts(attempts.try_into().unwrap());
        let updated = update.send().await.unwrap();
        assert_eq!((&updated.before.unwrap()["count"], &updated.after["count"]), (&n(count - 1), &n(count)));
        assert_eq!(opened(&client, &sealer).await.unwrap()["count"], n(count));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_that_was_deleted_meanwhile_does_not_come_back() {
    for policy in [PlaintextPolicy::default(), PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead] {
        let (client, sealer) = (client().await, sealer(policy));
        // With nothing but keys and an unsigned attribute, nothing of the stored item is there to be compared.
        let bare = plain([("pk", s("a")), ("sk", n(1)), (":seen", n(3))]);
        let put = client.put_item().table_name("counters").set_item(Some(bare));
        match policy {
            PlaintextPolicy::ForbidPlaintextWriteForbidPlaintextRead => drop(put.send_sealed(&sealer).await.unwrap()),
            _ => drop(put.send().await.unwrap()),
        }
        let update = update(&sealer, &client).condition_expression("attribute_exists(pk)");
        let update = update.update_expression("SET notes = :y").expression_attribute_values(":y", s("y"));
        let delete = client.delete_item().table_name("counters").key("pk", s("a")).key("sk", n(1));
        let meanwhile = async move { delete.send().await.map(drop).unwrap() };
        assert!(interrupted(update, |_| (), meanwhile).await.unwrap_err().is_condition());
        assert_eq!(raw(&client).await, None);
    }
}

#[tokio::test]
async fn a_key_may_be_spelled_in_another_way() {
    let (client, sealer) = (client().await, sealer(PlaintextPolicy::default()));
    put(&client, &sealer, item()).await;
    let update = sealer.update_sealed(&client, "counters").key("pk", s("a")).key("sk", n("1.0"));
    let update = update.update_expression("SET notes = :y").expression_attribute_values(":y", s("y"));
    assert_eq!(update.send().await.unwrap().after["notes"], s("y"));
    assert_eq!(opened(&client, &sealer).await.unwrap()["notes"], s("y"));
}

#[tokio::test]
async fn what_does_not_fit_into_an_expression_is_refused() {
    let client = client().await;
    let names = (0..400).map(|number| format!("attribute{number}")).collect::<Vec<_>>();
    let config = TableConfig::builder("counters", "pk").sort_key("sk").encrypt(names.clone()).build().unwrap();
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap());
    let sealer = Sealer::of_table(SealedTable::new("counters", encryptor));
    for count in [290, 400] {
        let mut item = plain([("pk", s("a")), ("sk", n(1))]);
        item.extend(names.iter().take(count).map(|name| (name.clone(), s("x"))));
        put(&client, &sealer, item).await;
        let change = |item: &mut Plain| {
            item.insert("attribute1".to_owned(), s("y"));
            Ok::<_, std::io::Error>(())
        };
        match update(&sealer, &client).send_with(change).await {
            Ok(_) => assert_eq!((count, &opened(&client, &sealer).await.unwrap()["attribute1"]), (290, &s("y"))),
            Err(error) => {
                let UpdateError::Operation(error) = error else { panic!("{error:?}") };
                assert!(matches!(error.refusal(), Refusal::TooManyWritten { .. }) && count == 400, "{error:?}");
            }
        }
    }
}
