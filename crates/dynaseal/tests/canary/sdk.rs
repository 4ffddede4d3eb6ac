//! Every operation of the SDK that carries items or statements, by builder and by interceptor: what comes back, what is
//! refused before it is sent, and what fails behind that.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    BatchStatementRequest, ConditionCheck, Delete, DeleteRequest, Get, KeysAndAttributes, ParameterizedStatement, Put,
    PutRequest, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactGetItem, TransactWriteItem, Update,
    WriteRequest,
};
use dynaseal::search::{BeaconKeys, SearchConfig, StandardBeacon};
use dynaseal::{
    BeaconKey, Interceptor, ItemEncryptor, RawAesKeyring, SealedTable, Sealer, SendSealed, SendSealedEntries as _,
    TableConfig, local,
};

use crate::secret::{BYTES, ENCRYPTED, NUMBER, SdkItem, TEXT, item, key, n, s, shown_in};
use crate::watch::{Meddling, Watch, Wire};

pub(crate) const TABLE: &str = "people";

/// A table with a line to it, and keys: those of its owner, and others of the same name.
pub(crate) struct World {
    pub(crate) wire: Wire,
    pub(crate) client: Client,
    pub(crate) sealer: Sealer,
    pub(crate) wrong: Sealer,
}

/// How a request is sent.
pub(crate) struct Way {
    client: Client,
    sealer: Sealer,
    by_builder: bool,
}

pub(crate) fn config() -> TableConfig {
    TableConfig::builder(TABLE, "id").encrypt(ENCRYPTED).sign(["ward"]).unsigned(["seen"]).build().unwrap()
}

pub(crate) fn encryptor(byte: u8) -> ItemEncryptor {
    ItemEncryptor::new(config(), RawAesKeyring::new("tests", "key", &[byte; 32]).unwrap())
}

pub(crate) fn search() -> SearchConfig {
    let beacons = ["text", "map", "list"].map(|name| StandardBeacon::new(name, 24));
    beacons
        .into_iter()
        .fold(SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32]).unwrap())), SearchConfig::standard)
}

pub(crate) fn table(byte: u8) -> SealedTable {
    SealedTable::new(TABLE, encryptor(byte)).with_search(search()).unwrap()
}

impl World {
    pub(crate) async fn new() -> Self {
        let wire = Wire::new();
        let client = wire.client();
        local::create_indexed_table(&client, TABLE, "id", None, &[("by-text", "aws_dbe_b_text", None)]).await.unwrap();
        Self { client, wire, sealer: Sealer::of_table(table(7)), wrong: Sealer::of_table(table(9)) }
    }

    fn ways(&self, sealer: &Sealer) -> [Way; 2] {
        let intercepted = self.client.config().to_builder().interceptor(Interceptor::new(sealer)).build();
        let way = |client, by_builder| Way { client, sealer: sealer.clone(), by_builder };
        [way(self.client.clone(), true), way(Client::from_conf(intercepted), false)]
    }
}

macro_rules! send {
    ($way:expr, $client:ident => $builder:expr) => {{
        let $client = &$way.client;
        let builder = $builder;
        if $way.by_builder { builder.send_sealed(&$way.sealer).await } else { builder.send().await }
    }};
}

/// It is done, and gives nothing that has to be looked at.
macro_rules! done {
    ($of:expr, $operation:literal, $client:ident => $builder:expr) => {{
        let (watch, world, way): (&Watch, &World, &Way) = $of;
        watch.called($operation);
        let output = send!(way, $client => $builder).unwrap_or_else(|error| panic!("{}: {}", $operation, watch.causes(&error)));
        watch.sent(&world.wire);
        output
    }};
}

/// It gives the canary back: to its owner, in the SDK's own type.
macro_rules! opens {
    ($of:expr, $operation:literal, $client:ident => $builder:expr) => {{
        let output = done!($of, $operation, $client => $builder);
        assert!(shown_in(&format!("{output:?}")).is_some(), "{} lost the canary: {output:?}", $operation);
    }};
}

/// It fails, and neither the error nor anything that was sent shows the canary.
macro_rules! fails {
    ($of:expr, $operation:literal, $client:ident => $builder:expr) => {{
        let (watch, world, way): (&Watch, &World, &Way) = $of;
        watch.called($operation);
        let failed = match send!(way, $client => $builder) {
            Ok(_) => {
                watch.wrong(&format!("{} works", $operation));
                String::new()
            }
            Err(error) => {
                watch.error(&error);
                watch.causes(&error)
            }
        };
        watch.sent(&world.wire);
        failed
    }};
}

pub(crate) async fn operations(watch: &Watch) {
    let world = World::new().await;
    for way in world.ways(&world.sealer) {
        let of = (watch, &world, &way);
        what_is_done(of).await;
        what_is_refused(of).await;
        conditions_that_do_not_hold(of).await;
        world.wire.meddle(Meddling::Echoes);
        let text = all_fail(of).await;
        assert!(text.iter().all(|text| text.contains("One or more parameter values")), "{text:?}");
        world.wire.meddle(Meddling::Tampers);
        reads_fail(of).await;
        world.wire.meddle(Meddling::Nothing);
    }
    for way in world.ways(&world.wrong) {
        reads_fail((watch, &world, &way)).await;
    }
}

fn batch(
    requests: Vec<WriteRequest>,
) -> impl Fn(&Client) -> aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemFluentBuilder {
    move |client| client.batch_write_item().request_items(TABLE, requests.clone())
}

fn to_put(item: SdkItem) -> WriteRequest {
    WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item)).build().unwrap()).build()
}

fn keys(keys: Vec<SdkItem>) -> KeysAndAttributes {
    KeysAndAttributes::builder().set_keys(Some(keys)).build().unwrap()
}

fn to_get(key: SdkItem) -> TransactGetItem {
    TransactGetItem::builder().get(Get::builder().table_name(TABLE).set_key(Some(key)).build().unwrap()).build()
}

fn put_entry(item: SdkItem) -> TransactWriteItem {
    TransactWriteItem::builder().put(Put::builder().table_name(TABLE).set_item(Some(item)).build().unwrap()).build()
}

async fn what_is_done(of: (&Watch, &World, &Way)) {
    done!(of, "PutItem", client => client.put_item().table_name(TABLE).set_item(Some(item("a"))));
    opens!(of, "PutItem", client => client.put_item().table_name(TABLE).set_item(Some(item("a")))
        .condition_expression("ward = :w AND attribute_exists(#i)").expression_attribute_names("#i", "id")
        .expression_attribute_values(":w", s("north")).return_values(ReturnValue::AllOld));
    opens!(of, "GetItem", client => client.get_item().table_name(TABLE).set_key(Some(key("a"))));
    // The name inside of the encrypted map stays here, whether it stands in the text or behind a placeholder.
    opens!(of, "GetItem", client => client.get_item().table_name(TABLE).set_key(Some(key("a")))
        .projection_expression(format!("#m.#k, ward, #m.{TEXT}.other, list[0]"))
        .expression_attribute_names("#m", "map").expression_attribute_names("#k", format!("{TEXT}2")));
    opens!(of, "Query", client => client.query().table_name(TABLE).key_condition_expression("id = :id")
        .expression_attribute_values(":id", s("a")));
    for value in [s(TEXT), n(NUMBER)] {
        let found = done!(of, "Query", client => client.query().table_name(TABLE).index_name("by-text")
            .key_condition_expression("#t = :t").expression_attribute_names("#t", "text")
            .expression_attribute_values(":t", value.clone()));
        assert_eq!(found.count > 0, value == s(TEXT));
    }
    opens!(of, "Scan", client => client.scan().table_name(TABLE)
        .filter_expression("#t IN (:t, :n) AND (#m = :m OR ward = :w)")
        .expression_attribute_names("#t", "text").expression_attribute_names("#m", "map")
        .expression_attribute_values(":t", s(TEXT)).expression_attribute_values(":n", n(NUMBER))
        .expression_attribute_values(":m", item("a")["map"].clone()).expression_attribute_values(":w", s("north")));
    opens!(of, "BatchGetItem", client => client.batch_get_item().request_items(TABLE, keys(vec![key("a"), key("b")])));
    done!(of, "BatchWriteItem", client => batch(vec![to_put(item("b")), to_put(item("c"))])(client));
    opens!(of, "TransactGetItems", client => client.transact_get_items().transact_items(to_get(key("b"))));
    let check = ConditionCheck::builder().table_name(TABLE).set_key(Some(key("a")));
    let check = check.condition_expression("attribute_exists(ward)").build().unwrap();
    done!(of, "TransactWriteItems", client => client.transact_write_items().transact_items(put_entry(item("d")))
        .transact_items(TransactWriteItem::builder().condition_check(check.clone()).build()));
    let (watch, world, _) = of;
    let by_entry = world.wire.client().transact_write_items().transact_items(put_entry(item("d")));
    by_entry.send_sealed_by(std::slice::from_ref(&world.sealer)).await.unwrap();
    watch.sent(&world.wire);
    opens!(of, "UpdateItem", client => client.update_item().table_name(TABLE).set_key(Some(key("a")))
        .update_expression("SET seen = :s").expression_attribute_values(":s", n("1"))
        .condition_expression("attribute_exists(id)").return_values(ReturnValue::AllNew));
    opens!(of, "DeleteItem", client => client.delete_item().table_name(TABLE).set_key(Some(key("d")))
        .return_values(ReturnValue::AllOld));
}

/// Nothing of it is sent, and the reason does not say it either.
async fn what_is_refused(of: (&Watch, &World, &Way)) {
    let with = |name: &str, value| {
        let mut item = item("a");
        item.insert(name.to_owned(), value);
        item
    };
    let deep =
        (0..40).fold(s(TEXT), |value, _| aws_sdk_dynamodb::types::AttributeValue::M([(TEXT.to_owned(), value)].into()));
    let wrong_number = || aws_sdk_dynamodb::types::AttributeValue::M([(TEXT.to_owned(), n(TEXT))].into());
    let twice = || aws_sdk_dynamodb::types::AttributeValue::Ss(vec![TEXT.to_owned(), TEXT.to_owned()]);
    for item in [
        with("unknown", s(TEXT)),
        with("aws_dbe_secret", s(TEXT)),
        with("text", n(TEXT)),
        with("text", wrong_number()),
        with("map", wrong_number()),
        with("numbers", aws_sdk_dynamodb::types::AttributeValue::Ns(vec![NUMBER.to_owned(), TEXT.to_owned()])),
        with("list", aws_sdk_dynamodb::types::AttributeValue::L(vec![twice()])),
        with("texts", twice()),
        with("map", deep.clone()),
        with(
            "bytes",
            aws_sdk_dynamodb::types::AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new(BYTES.repeat(20_000))),
        ),
        {
            let mut item = item("a");
            item.remove("id");
            item
        },
    ] {
        fails!(of, "PutItem", client => client.put_item().table_name(TABLE).set_item(Some(item.clone())));
        fails!(of, "BatchWriteItem", client => batch(vec![to_put(item.clone())])(client));
        fails!(of, "TransactWriteItems", client => client.transact_write_items().transact_items(put_entry(item.clone())));
    }
    for condition in
        ["#a = :c", "contains(#a, :c)", "#a.#k = :c", "size(#a.#k[0]) = :c", "ward = :c AND #a", "ward = :c AND #k = 5"]
    {
        fails!(of, "PutItem", client => client.put_item().table_name(TABLE).set_item(Some(item("a")))
            .condition_expression(condition).expression_attribute_names("#a", "map")
            .expression_attribute_names("#k", TEXT).expression_attribute_values(":c", s(TEXT)));
        fails!(of, "DeleteItem", client => client.delete_item().table_name(TABLE).set_key(Some(key("a")))
            .condition_expression(condition).expression_attribute_names("#a", "map")
            .expression_attribute_names("#k", TEXT).expression_attribute_values(":c", s(TEXT)));
        fails!(of, "Scan", client => client.scan().table_name(TABLE)
            .filter_expression(condition.replace("#a.", "texts.").replace("contains", "begins_with").replace("#a =", "texts ="))
            .expression_attribute_names("#a", "map")
            .expression_attribute_names("#k", TEXT).expression_attribute_values(":c", s(TEXT)));
    }
    for (update, name) in [
        ("SET #a = :c", "text"),
        ("SET #a.#k = :c", "map"),
        ("SET seen = #a.#k, ward = :c", "map"),
        ("SET seen = :c, #a", "seen"),
    ] {
        fails!(of, "UpdateItem", client => client.update_item().table_name(TABLE).set_key(Some(key("a")))
            .update_expression(update).condition_expression("attribute_exists(id)")
            .expression_attribute_names("#a", name).expression_attribute_names("#k", TEXT)
            .expression_attribute_values(":c", s(TEXT)));
    }
    for name in ["text", "number", "bytes", "map", "unknown"] {
        let mut key = key("a");
        key.insert(name.to_owned(), item("a").remove(name).unwrap_or(s(TEXT)));
        fails!(of, "GetItem", client => client.get_item().table_name(TABLE).set_key(Some(key.clone())));
        fails!(of, "DeleteItem", client => client.delete_item().table_name(TABLE).set_key(Some(key.clone())));
        fails!(of, "UpdateItem", client => client.update_item().table_name(TABLE).set_key(Some(key.clone()))
            .update_expression("REMOVE seen").condition_expression("attribute_exists(id)"));
        fails!(of, "BatchGetItem", client => client.batch_get_item().request_items(TABLE, keys(vec![key.clone()])));
        let delete = DeleteRequest::builder().set_key(Some(key.clone())).build().unwrap();
        fails!(of, "BatchWriteItem", client => batch(vec![WriteRequest::builder().delete_request(delete.clone()).build()])(client));
        fails!(of, "TransactGetItems", client => client.transact_get_items().transact_items(to_get(key.clone())));
        let update = Update::builder().table_name(TABLE).set_key(Some(key.clone())).update_expression("REMOVE seen");
        let update = update.condition_expression("attribute_exists(id)").build().unwrap();
        let delete = Delete::builder().table_name(TABLE).set_key(Some(key.clone())).build().unwrap();
        for entry in
            [TransactWriteItem::builder().update(update).build(), TransactWriteItem::builder().delete(delete).build()]
        {
            fails!(of, "TransactWriteItems", client => client.transact_write_items().transact_items(entry.clone()));
        }
        for index in [None, Some("by-text".to_owned())] {
            fails!(of, "Scan", client => client.scan().table_name(TABLE).set_index_name(index.clone())
                .set_exclusive_start_key(Some(key.clone())));
            fails!(of, "Query", client => client.query().table_name(TABLE).set_index_name(index.clone())
                .key_condition_expression("id = :id").expression_attribute_values(":id", s("a"))
                .set_exclusive_start_key(Some(key.clone())));
        }
    }
    // Names that nothing uses, which the service would refuse.
    fails!(of, "GetItem", client => client.get_item().table_name(TABLE).set_key(Some(key("a")))
        .expression_attribute_names("#k", TEXT));
    fails!(of, "PutItem", client => client.put_item().table_name(TABLE).set_item(Some(item("a")))
        .expression_attribute_names("#k", TEXT));
    fails!(of, "DeleteItem", client => client.delete_item().table_name(TABLE).set_key(Some(key("a")))
        .condition_expression("attribute_exists(ward)").expression_attribute_names("#k", TEXT));
    fails!(of, "UpdateItem", client => client.update_item().table_name(TABLE).set_key(Some(key("a")))
        .update_expression("REMOVE seen").condition_expression("attribute_exists(id)")
        .expression_attribute_names("#k", TEXT));
    fails!(of, "Scan", client => client.scan().table_name(TABLE).filter_expression("#t = :t")
        .expression_attribute_names("#t", "text").expression_attribute_names("#k", TEXT)
        .expression_attribute_values(":t", s(TEXT)));
    fails!(of, "Query", client => client.query().table_name(TABLE).key_condition_expression("id = :id")
        .projection_expression("ward").expression_attribute_names("#k", TEXT)
        .expression_attribute_values(":id", s("a")));
    fails!(of, "Scan", client => client.scan().table_name(TABLE).expression_attribute_values(":t", s(TEXT)));
    let both = to_put(item("a"));
    let both = WriteRequest::builder()
        .set_put_request(both.put_request)
        .delete_request(DeleteRequest::builder().set_key(Some(key("a"))).build().unwrap())
        .build();
    fails!(of, "BatchWriteItem", client => batch(vec![both.clone()])(client));
    for statement in [
        format!("INSERT INTO people VALUE {{'id': 'a', 'text': '{TEXT}'}}"),
        format!("INSERT INTO 'people' VALUE {{'id': 'a', 'text': '{TEXT}'}}"),
        format!("UPDATE \"people\" SET text = '{TEXT}' WHERE id = 'a'"),
    ] {
        fails!(of, "ExecuteStatement", client => client.execute_statement().statement(&statement));
        let batched = BatchStatementRequest::builder().statement(&statement).build().unwrap();
        fails!(of, "BatchExecuteStatement", client => client.batch_execute_statement().statements(batched.clone()));
        let entry = ParameterizedStatement::builder().statement(&statement).build().unwrap();
        fails!(of, "ExecuteTransaction", client => client.execute_transaction().transact_statements(entry.clone()));
    }
    fails!(of, "SearchVectors", client => client.search_vectors().table_name(TABLE).index_name("by-face")
        .search_vector(s(TEXT)).top_k(1));
}

/// The item that shows why comes back in the SDK's own error, as it was asked for. No text shows it.
async fn conditions_that_do_not_hold(of: (&Watch, &World, &Way)) {
    let (watch, world, way) = of;
    let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
    let error = send!(way, client => client.put_item().table_name(TABLE).set_item(Some(item("a")))
        .condition_expression("attribute_not_exists(id)").return_values_on_condition_check_failure(all_old.clone()));
    let error = error.expect_err("there is one");
    assert!(shown_in(&format!("{error:?}")).is_some(), "the item did not come");
    watch.causes(&error);
    fails!(of, "PutItem", client => client.put_item().table_name(TABLE).set_item(Some(item("a")))
        .condition_expression("attribute_not_exists(id)"));
    fails!(of, "UpdateItem", client => client.update_item().table_name(TABLE).set_key(Some(key("nobody")))
        .update_expression("REMOVE seen").condition_expression("attribute_exists(id)"));
    fails!(of, "DeleteItem", client => client.delete_item().table_name(TABLE).set_key(Some(key("a")))
        .condition_expression("ward = :w").expression_attribute_values(":w", s("south")));
    fails!(of, "TransactWriteItems", client => client.transact_write_items().transact_items(put_entry(item("a")))
        .transact_items(TransactWriteItem::builder().condition_check(ConditionCheck::builder().table_name(TABLE)
            .set_key(Some(key("nobody"))).condition_expression("attribute_exists(id)").build().unwrap()).build()));
    watch.sent(&world.wire);
}

/// Whatever is sent, the service refuses.
async fn all_fail(of: (&Watch, &World, &Way)) -> Vec<String> {
    let update = Update::builder().table_name(TABLE).set_key(Some(key("a"))).update_expression("REMOVE seen");
    let update = update.condition_expression("attribute_exists(id)").build().unwrap();
    vec![
        fails!(of, "PutItem", client => client.put_item().table_name(TABLE).set_item(Some(item("a")))),
        fails!(of, "GetItem", client => client.get_item().table_name(TABLE).set_key(Some(key("a")))
            .projection_expression("#m.#k").expression_attribute_names("#m", "map").expression_attribute_names("#k", TEXT)),
        fails!(of, "UpdateItem", client => client.update_item().table_name(TABLE).set_key(Some(key("a")))
            .update_expression("REMOVE seen").condition_expression("attribute_exists(id)")),
        fails!(of, "DeleteItem", client => client.delete_item().table_name(TABLE).set_key(Some(key("a")))),
        fails!(of, "Query", client => client.query().table_name(TABLE).key_condition_expression("id = :id")
            .filter_expression("#t = :t").expression_attribute_names("#t", "text")
            .expression_attribute_values(":id", s("a")).expression_attribute_values(":t", s(TEXT))),
        fails!(of, "Scan", client => client.scan().table_name(TABLE).filter_expression("#t = :t OR #l = :l")
            .expression_attribute_names("#t", "text").expression_attribute_names("#l", "list")
            .expression_attribute_values(":t", s(TEXT)).expression_attribute_values(":l", item("a")["list"].clone())),
        fails!(of, "BatchGetItem", client => client.batch_get_item().request_items(TABLE, keys(vec![key("a")]))),
        fails!(of, "BatchWriteItem", client => batch(vec![to_put(item("a"))])(client)),
        fails!(of, "TransactGetItems", client => client.transact_get_items().transact_items(to_get(key("a")))),
        fails!(of, "TransactWriteItems", client => client.transact_write_items().transact_items(put_entry(item("a")))
            .transact_items(TransactWriteItem::builder().update(update.clone()).build())),
    ]
}

/// With other keys, or of changed records: nothing is handed over.
async fn reads_fail(of: (&Watch, &World, &Way)) {
    fails!(of, "GetItem", client => client.get_item().table_name(TABLE).set_key(Some(key("a"))));
    fails!(of, "Query", client => client.query().table_name(TABLE).key_condition_expression("id = :id")
        .expression_attribute_values(":id", s("a")));
    fails!(of, "Scan", client => client.scan().table_name(TABLE));
    fails!(of, "BatchGetItem", client => client.batch_get_item().request_items(TABLE, keys(vec![key("a")])));
    fails!(of, "TransactGetItems", client => client.transact_get_items().transact_items(to_get(key("a"))));
    fails!(of, "UpdateItem", client => client.update_item().table_name(TABLE).set_key(Some(key("a")))
        .update_expression("SET seen = :s").expression_attribute_values(":s", n("1"))
        .condition_expression("attribute_exists(id)").return_values(ReturnValue::AllNew));
    fails!(of, "PutItem", client => client.put_item().table_name(TABLE).set_item(Some(item("a")))
        .condition_expression("attribute_not_exists(id)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld));
}
