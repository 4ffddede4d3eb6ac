//! Ways around the doors: statements, entries that say two things, tables named by ARN, operations that nobody knows. Nothing
//! passes with a sealed table in it that is not sealed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BatchStatementRequest, ConditionCheck, Delete, DeleteRequest, Get, InputFormat,
    KeySchemaElement, KeyType, ParameterizedStatement, Put, PutRequest, S3BucketSource, ScalarAttributeType,
    TableCreationParameters, TransactGetItem, TransactWriteItem, WriteRequest,
};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, OrchestratorError};
use aws_smithy_types::body::SdkBody;
use common::line::{Line, passes, refused, tables};
use common::wire::answering;
use common::{SdkItem, aes, doors, n, order, people_table, person, person_key, plain, s, send};
use dynaseal_client::{Interceptor, Sealer, SendSealed, operation_error};
use dynaseal_core::PlaintextPolicy;
use serde_json::json;
use tokio::runtime::Handle;

#[tokio::test]
async fn statements_that_name_a_sealed_table() {
    let line = Line::new();
    let reason_of = |operation: &str| {
        format!(
            "{operation} on the sealed table `people`: PartiQL is not supported on sealed tables: use the operation that the statement stands for"
        )
    };
    for statement in [
        "SELECT * FROM people",
        "select * from \"people\" where id = 's3cret'",
        "SELECT * FROM \"people\".\"by-ward\"",
        "INSERT INTO people VALUE {'id': 's3cret'}",
        "UPDATE people SET diagnosis = 's3cret' WHERE id = 'a'",
        "DELETE FROM\n\"people\"\nWHERE id = 'a'",
        "SELECT * FROM \"arn:aws:dynamodb:eu-west-1:111122223333:table/people\"",
        "EXISTS(SELECT * FROM PEOPLE WHERE id = 'a')",
        "INSERT INTO 'people' VALUE {'id': 's3cret'}",
        "SELECT * FROM 'People' WHERE diagnosis = 's3cret'",
        "UPDATE 'arn:aws:dynamodb:eu-west-1:111122223333:table/people' SET diagnosis = 's3cret' WHERE id = 'a'",
    ] {
        let reason = refused!(line, client => client.execute_statement().statement(statement));
        assert_eq!(reason, reason_of("ExecuteStatement"), "{statement}");
        let harmless = "SELECT * FROM plain";
        let batched = |text: &str| BatchStatementRequest::builder().statement(text).build().unwrap();
        let reason = refused!(line, client => client.batch_execute_statement()
            .statements(batched(harmless)).statements(batched(statement)));
        assert_eq!(reason, reason_of("BatchExecuteStatement"), "{statement}");
        let entry = |text: &str| ParameterizedStatement::builder().statement(text).build().unwrap();
        let reason = refused!(line, client => client.execute_transaction()
            .transact_statements(entry(harmless)).transact_statements(entry(statement)));
        assert_eq!(reason, reason_of("ExecuteTransaction"), "{statement}");
    }
    passes!(line, client => client.execute_statement().statement("SELECT * FROM plain WHERE name = 'people'"));
}

#[tokio::test]
async fn transaction_entries_that_say_nothing_or_two_things() {
    let line = Line::new();
    let put = || Put::builder().table_name("people").set_item(Some(person("ada", 1))).build().unwrap();
    let plain_put = || Put::builder().table_name("plain").set_item(Some(plain("ada"))).build().unwrap();
    let delete = || Delete::builder().table_name("plain").key("id", s("ada")).build().unwrap();
    let first = || TransactWriteItem::builder().put(put()).build();
    for entry in [
        TransactWriteItem::builder().build(),
        TransactWriteItem::builder().put(put()).delete(delete()).build(),
        // The put hides behind what is done with a table that nobody knows, and the other way round.
        TransactWriteItem::builder().delete(delete()).put(put()).build(),
    ] {
        let reason = refused!(line, client => client.transact_write_items().transact_items(first()).transact_items(entry.clone()));
        assert_eq!(
            reason,
            "TransactWriteItems: entry 1 of TransactItems is no Put, Update, Delete or ConditionCheck that this version knows: update dynaseal"
        );
    }
    let check = || ConditionCheck::builder().table_name("people").set_key(Some(person_key("ada", 1)));
    let check = || check().condition_expression("attribute_exists(id)").build().unwrap();
    let both = || TransactWriteItem::builder().put(plain_put()).condition_check(check()).build();
    assert!(refused!(line, client => client.transact_write_items().transact_items(both())).contains("entry 0"));
}

#[tokio::test]
async fn a_batch_entry_that_is_neither_put_nor_delete() {
    let line = Line::new();
    let nothing = || vec![WriteRequest::builder().build()];
    let reason = refused!(line, client => client.batch_write_item().request_items("people", nothing()));
    assert_eq!(reason, "BatchWriteItem on the sealed table `people`: PutRequest or DeleteRequest is missing");
}

#[tokio::test]
async fn a_batch_entry_that_is_both_put_and_delete() {
    let line = Line::new();
    let put = || PutRequest::builder().set_item(Some(person("ada", 1))).build().unwrap();
    let delete = || DeleteRequest::builder().set_key(Some(person_key("ada", 1))).build().unwrap();
    let single = || WriteRequest::builder().put_request(put()).build();
    let both = || vec![single(), WriteRequest::builder().put_request(put()).delete_request(delete()).build()];
    let reason = refused!(line, client => client.batch_write_item().request_items("people", both()));
    assert_eq!(
        reason,
        "BatchWriteItem on the sealed table `people`: entry 1 of RequestItems has a PutRequest and a DeleteRequest: make two entries of it"
    );
    passes!(line, client => client.batch_write_item().request_items("plain", both()));
}

/// What it makes a table of lies in S3 in plaintext.
#[tokio::test]
async fn a_table_with_the_name_of_a_sealed_one_is_not_imported() {
    let imported = json!({"ImportTableDescription": {}});
    let line = Line::answering(&imported);
    let [_, door, _] = line.doors();
    let import = |table: &str| {
        let attribute = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build().unwrap();
        let table = TableCreationParameters::builder().table_name(table).key_schema(key);
        let table = table.attribute_definitions(attribute.build().unwrap()).build().unwrap();
        let source = S3BucketSource::builder().s3_bucket("people").build().unwrap();
        let import = door.client.import_table().table_creation_parameters(table).s3_bucket_source(source);
        import.input_format(InputFormat::DynamodbJson)
    };
    for name in ["people", "arn:aws:dynamodb:eu-west-1:111122223333:table/people"] {
        let error = import(name).send().await.expect_err(name);
        let why = operation_error(&error).unwrap();
        let why = format!("{why}: {}", why.refusal());
        assert_eq!(why, "ImportTable on the sealed table `people`: the operation is not supported on sealed tables");
        assert_eq!(line.log.count(), 0);
    }
    import("plain").send().await.unwrap();
    assert_eq!(line.log.take().len(), 1);
}

#[tokio::test]
async fn items_that_can_not_be_sealed() {
    let line = Line::new();
    let stranger = || {
        let mut item = person("ada", 1);
        item.insert("stranger".to_owned(), s("s3cret"));
        item
    };
    let reason = refused!(line, client => client.put_item().table_name("people").set_item(Some(stranger())));
    assert!(reason.contains("item (id = \"ada\", nr = 1) of table `people` can not be sealed"), "{reason}");
    let whole = |item: SdkItem| {
        vec![WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item)).build().unwrap()).build()]
    };
    // One that can not be sealed keeps the whole batch back, also what is for other tables.
    let reason = refused!(line, client => client.batch_write_item()
        .request_items("plain", whole(plain("ada"))).request_items("orders", whole(order(1)))
        .request_items("people", whole(stranger())));
    assert!(reason.starts_with("BatchWriteItem on the sealed table `people`"), "{reason}");
    let reason = refused!(line, client => client.put_item().table_name("people").item("id", s("ada")));
    assert!(reason.contains("can not be sealed"), "{reason}");
}

/// A longer spelling of a table's name must not be a way around.
#[tokio::test]
async fn tables_named_by_arn_are_sealed_too() {
    const ARN: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/people";
    let line = Line::new();
    for door in line.doors() {
        let put = door.client.put_item().table_name(ARN).set_item(Some(person("ada", 1)));
        send!(door, put).unwrap();
        let request = || PutRequest::builder().set_item(Some(person("ada", 1))).build().unwrap();
        let batch = door.client.batch_write_item();
        send!(door, batch.request_items(ARN, vec![WriteRequest::builder().put_request(request()).build()])).unwrap();
        let entry = Put::builder().table_name(ARN).set_item(Some(person("ada", 1))).build().unwrap();
        let transaction = door.client.transact_write_items();
        send!(door, transaction.transact_items(TransactWriteItem::builder().put(entry).build())).unwrap();
        let sent = line.log.take();
        assert_eq!(sent.len(), 3);
        for (operation, body) in sent {
            let body = body.to_string();
            assert!(
                body.contains(ARN) && body.contains("aws_dbe_head") && body.contains("aws_dbe_foot"),
                "{operation}"
            );
            assert!(!body.contains("s3cret") && !body.contains("czNjcmV0"), "{operation}");
        }
    }
    let update = |client: &Client| {
        let update = client.update_item().table_name(ARN).set_key(Some(person_key("ada", 1)));
        update.update_expression("SET diagnosis = :v").expression_attribute_values(":v", s("s3cret"))
    };
    assert!(refused!(line, client => update(client)).contains("`diagnosis` is signed"));
    let scan = |client: &Client| client.scan().table_name(ARN).filter_expression("attribute_exists(diagnosis)");
    assert!(refused!(line, client => scan(client)).contains("`diagnosis` is ENCRYPT_AND_SIGN"));
    let get = || Get::builder().table_name(ARN).set_key(Some(person_key("a", 1))).projection_expression("aws_dbe_head");
    let get = || TransactGetItem::builder().get(get().build().unwrap()).build();
    refused!(line, client => client.transact_get_items().transact_items(get()));
}

/// And the other way round: configured by ARN, named by name.
#[tokio::test]
async fn tables_configured_by_arn_are_sealed_under_their_name_too() {
    let (client, log) = answering(200, &json!({}));
    let arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/people";
    let sealer = Sealer::of_table(people_table(arn, PlaintextPolicy::default(), aes(1)));
    for door in doors(&client, &sealer) {
        send!(door, door.client.put_item().table_name("people").set_item(Some(person("ada", 1)))).unwrap();
        for (_, body) in log.take() {
            assert!(!body.to_string().contains("s3cret"), "{}: {body}", door.name);
        }
    }
}

/// An operation that the SDK gets after this version: nothing is known of it but its JSON.
async fn unknown(name: &'static str, body: &'static str, sealer: &Sealer) -> Result<(), String> {
    let (client, log) = answering(200, &json!({}));
    let operation = Operation::builder()
        .service_name("DynamoDB")
        .operation_name(name)
        .endpoint_url("http://dynamodb.local.invalid")
        .http_client(client.config().http_client().unwrap())
        .no_auth()
        .no_retry()
        .interceptor(Interceptor::new(sealer))
        .serializer(move |body: String| {
            let mut request = HttpRequest::new(SdkBody::from(body));
            request.headers_mut().insert("x-amz-target", format!("DynamoDB_20120810.{name}"));
            Ok(request)
        })
        .deserializer::<_, std::io::Error>(|_| Ok::<_, OrchestratorError<std::io::Error>>(()))
        .build();
    let sent = operation.invoke(body.to_owned()).await;
    assert_eq!(log.count(), usize::from(sent.is_ok()), "{sent:?}");
    sent.map_err(|error| {
        assert!(operation_error(&error).is_some(), "{error:?}");
        common::text(&error)
    })
}

/// The SDK has one that looks into encrypted vectors: nothing of it could be sealed or opened.
#[tokio::test]
async fn an_operation_of_the_sdk_that_does_not_work_on_what_is_sealed() {
    let line = Line::new();
    let [_, door, _] = line.doors();
    for (table, refused) in [("people", true), ("arn:aws:dynamodb:eu-west-1:1:table/orders", true), ("plain", false)] {
        let search = door.client.search_vectors().table_name(table).index_name("by-face").search_vector(n(1)).top_k(1);
        let sent = search.send().await;
        assert_eq!(line.log.take().len(), usize::from(!refused));
        let Err(error) = sent else {
            assert!(!refused);
            continue;
        };
        let why = common::text(operation_error(&error).unwrap());
        assert!(why.contains("SearchVectors") && why.contains("sealed table"), "{why}");
    }
}

#[tokio::test]
async fn operations_that_nobody_knows() {
    let sealer = Sealer::new(tables()).unwrap();
    for body in [
        r#"{"TableName":"people","Item":{"diagnosis":{"S":"s3cret"}}}"#,
        r#"{"Requests":[{"Table":"arn:aws:dynamodb:eu-west-1:111122223333:table/people"}]}"#,
        r#"{"Index":"arn:aws:dynamodb:eu-west-1:111122223333:table/people/index/by-ward"}"#,
        r#"{"RequestItems":{"orders":[]}}"#,
        r#"{"TableName" : "people" }"#,
    ] {
        let why = unknown("PutItemsQuickly", body, &sealer).await.expect_err(body);
        assert!(why.contains("the operation `PutItemsQuickly` is not known to this version"), "{why}");
        assert!(!why.contains("s3cret"), "{why}");
    }
    for body in [r#"{"TableName":"plain"}"#, r#"{"TableName":"peo","Index":"ple"}"#, "{}"] {
        unknown("PutItemsQuickly", body, &sealer).await.unwrap();
    }
    // Of the control plane only names count.
    unknown("DescribeTable", r#"{"TableName":"people"}"#, &sealer).await.unwrap();
}

/// Strings of JSON have more than one spelling.
#[tokio::test]
async fn operations_that_nobody_knows_with_escaped_names() {
    let sealer = Sealer::new(tables()).unwrap();
    let body = r#"{"TableName":"\u0070eople"}"#;
    unknown("PutItemsQuickly", body, &sealer).await.expect_err("it names a sealed table");
}

#[tokio::test]
async fn statements_in_operations_that_nobody_knows() {
    let sealer = Sealer::new(tables()).unwrap();
    let body = r#"{"Statement":"SELECT * FROM people"}"#;
    unknown("ExecuteStatementQuickly", body, &sealer).await.expect_err("it names a sealed table");
}

#[tokio::test]
async fn operations_without_items_pass() {
    let table = json!({"TableNames": [], "Table": {"TableName": "people"}});
    let line = Line::answering(&table);
    for door in line.doors().into_iter().filter(|door| !door.by_builder) {
        let client = door.client;
        client.list_tables().send().await.unwrap();
        client.describe_table().table_name("people").send().await.unwrap();
        client.delete_table().table_name("people").send().await.unwrap();
        client.update_table().table_name("people").send().await.unwrap();
        client.describe_time_to_live().table_name("people").send().await.unwrap();
        client.describe_limits().send().await.unwrap();
        client
            .tag_resource()
            .resource_arn("arn:aws:dynamodb:eu-west-1:1:table/people")
            .set_tags(Some(Vec::new()))
            .send()
            .await
            .unwrap();
        assert_eq!(line.log.take().len(), 7);
    }
}

/// Sends another item through a client from within a hook of the SDK, on the same thread, while the first is on its way:
/// as an interceptor for audits might. `at` says in which hook.
#[derive(Clone, Debug)]
struct Audit {
    client: Client,
    at: &'static str,
    sent: Arc<AtomicUsize>,
}

impl Audit {
    fn send(&self, hook: &str) {
        if hook == self.at {
            // As many as it takes for one to lie where the request of the first was.
            for _ in 0..16 {
                let nr = i64::try_from(self.sent.fetch_add(1, Ordering::Relaxed)).unwrap();
                let put = self.client.put_item().table_name("people").set_item(Some(person("audit", nr)));
                tokio::task::block_in_place(|| drop(Handle::current().block_on(put.send()).unwrap()));
            }
        }
    }
}

impl Intercept for Audit {
    fn name(&self) -> &'static str {
        "audit"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.send("read_before_execution");
        Ok(())
    }

    fn read_after_serialization(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.send("read_after_serialization");
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.send("read_before_transmit");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_while_a_sealed_request_is_on_its_way_is_sealed_too() {
    for at in ["read_before_execution", "read_after_serialization", "read_before_transmit"] {
        let (client, log) = answering(200, &json!({}));
        let sealer = Sealer::of_table(people_table("people", PlaintextPolicy::default(), aes(7)));
        let intercepted = common::with_interceptors(&client, &[&sealer]);
        let audit = Audit { client: intercepted.clone(), at, sent: Arc::default() };
        // Before ours, and after it.
        for config in [
            client.config().to_builder().interceptor(audit.clone()).interceptor(Interceptor::new(&sealer)),
            client.config().to_builder().interceptor(Interceptor::new(&sealer)).interceptor(audit.clone()),
        ] {
            let audited = Client::from_conf(config.build());
            for nr in 0..4 {
                let put = audited.put_item().table_name("people").set_item(Some(person("ada", nr)));
                put.send_sealed(&sealer).await.unwrap();
            }
        }
        let requests = log.take();
        assert_eq!(requests.len(), 2 * 4 * 17, "{at}");
        for (_, request) in requests {
            assert!(request["Item"]["aws_dbe_head"].is_object(), "{at}: it was sent in plaintext");
        }
    }
}
