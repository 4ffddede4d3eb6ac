//! Writes whose answer was lost: recognised as one's own by what no other write has, and never taken for one's own without.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use dynaseal::model::{Model, ModelError, ModelErrorKind, Options, Table, Transaction};
use dynaseal::{AttributeKeys, RawAesKeyring};
use serde_json::{Value, json};

use crate::line::{Act, Db};
use crate::{keys, root};

fn unanswered<T>(result: Result<T, ModelError>) -> ModelError {
    let Err(error) = result else { panic!("nobody can know that") };
    assert!(error.is_unanswered(), "{error:?}");
    assert!(!error.is_condition() && !error.is_version_conflict(), "{error:?}");
    assert!(error.kind().to_string().contains("it may have been written: refresh the item"), "{error:?}");
    error
}

/// The request by which somebody else would save this item; it is not carried out.
fn captured(db: &Db) -> Arc<Mutex<Option<Value>>> {
    let body = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&body);
    db.once("PutItem", move |_, body| {
        *seen.lock().unwrap() = Some(body.clone());
        Act::Refuse(400, "ValidationException")
    });
    body
}

macro_rules! worlds {
    ($($name:ident: $($record:ident)? [$($secret:tt)*] [$($other:tt)*], unique $unique:literal, sealed_update $sealed_update:literal, $open:expr;)*) => {$(
        mod $name {
            use super::*;

            #[derive(Model, Clone, PartialEq)]
            #[model(table = "jobs" $(, $record)?)]
            struct Job {
                #[model(partition_key)]
                id: String,
                #[model(rename = "secret" $($secret)*)]
                secret: String,
                #[model(rename = "count" $($other)*)]
                count: i64,
                #[model(version)]
                version: u64,
            }

            fn job() -> Job {
                Job { id: "a".to_owned(), secret: "s3cret".to_owned(), count: 1, version: 0 }
            }

            async fn world() -> (Arc<Db>, Table<Job>) {
                let (db, client) = Db::new();
                let open: fn(Options<Job>) -> Options<Job> = $open;
                let table = open(Job::on(&client)).open().unwrap();
                table.create().await.unwrap();
                (db, table)
            }

            /// What is there, with nobody at the line.
            async fn there(db: &Db, table: &Table<Job>) -> Option<Job> {
                db.unhook();
                table.get("a").consistent().await.unwrap()
            }

            #[tokio::test(start_paused = true)]
            async fn a_save_is_recognised() {
                let (db, table) = world().await;
                let mut item = job();
                for version in [1, 2] {
                    item.count += 10;
                    db.sent();
                    db.once("PutItem", |_, _| Act::Lose);
                    let saved = table.save(&mut item).await;
                    assert_eq!(db.count("PutItem"), 2, "the SDK sends it again");
                    if $unique {
                        saved.unwrap();
                        assert_eq!(item.version, version);
                    } else {
                        let error = unanswered(saved);
                        assert_eq!(error.key(), Some("(id = \"a\")"));
                        let ModelErrorKind::Unanswered(last) = error.kind() else { panic!() };
                        assert!(matches!(**last, ModelErrorKind::Version), "{error:?}");
                        assert_eq!(item.version, version - 1, "nobody knows");
                        table.refresh(&mut item).await.unwrap();
                    }
                    assert!(there(&db, &table).await.unwrap() == item);
                }
            }

            #[tokio::test(start_paused = true)]
            async fn a_save_with_a_condition_is_recognised() {
                let (db, table) = world().await;
                let mut item = job();
                db.once("PutItem", |_, _| Act::Lose);
                let saved = table.save(&mut item).condition(Job::id().not_exists()).await;
                if $unique {
                    saved.unwrap();
                    assert!(there(&db, &table).await.unwrap() == item);
                } else {
                    unanswered(saved);
                }
            }

            /// Two workers claim a job: the same content, from the same version. One of them, and one alone, has it.
            #[tokio::test(start_paused = true)]
            async fn the_same_content_of_somebody_else_is_not_taken_for_ones_own() {
                let (db, table) = world().await;
                let mut item = job();
                table.save(&mut item).await.unwrap();
                item.count = 7;
                let (mut mine, mut theirs) = (item.clone(), item);
                let body = captured(&db);
                table.save(&mut theirs).await.unwrap_err();
                let body = body.lock().unwrap().take().unwrap();
                db.once("PutItem", move |db, _| {
                    db.call("PutItem", &body);
                    Act::Refuse(500, "InternalServerError")
                });
                unanswered(table.save(&mut mine).await);
                assert_eq!(mine.version, 1);
                let there = there(&db, &table).await.unwrap();
                assert!(there == Job { version: 2, ..mine });
            }

            #[tokio::test(start_paused = true)]
            async fn what_was_refused_is_a_conflict() {
                let (db, table) = world().await;
                let mut item = job();
                table.save(&mut item).await.unwrap();
                let mut theirs = item.clone();
                let body = captured(&db);
                table.save(&mut theirs).await.unwrap_err();
                let body = body.lock().unwrap().take().unwrap();
                // Throttled: that try was not carried out, and everybody knows it.
                db.sent();
                db.once("PutItem", move |db, _| {
                    db.call("PutItem", &body);
                    Act::Refuse(400, "ProvisionedThroughputExceededException")
                });
                let error = table.save(&mut item).await.unwrap_err();
                assert!(error.is_version_conflict() && !error.is_unanswered(), "{error:?}");
                assert_eq!(db.count("PutItem"), 2);
            }

            #[tokio::test(start_paused = true)]
            async fn without_any_answer_nobody_knows() {
                let (db, table) = world().await;
                let mut item = job();
                db.hook(|_, name, _| if name == "PutItem" { Act::Lose } else { Act::Pass });
                unanswered(table.save(&mut item).await);
                assert_eq!((item.version, there(&db, &table).await.unwrap().version), (0, 1));
                // A try that was lost, and then one that was throttled.
                table.refresh(&mut item).await.unwrap();
                let mut tries = 0;
                db.hook(move |_, name, _| {
                    tries += usize::from(name == "PutItem");
                    match (name, tries) {
                        ("PutItem", 1) => Act::Lose,
                        ("PutItem", _) => Act::Refuse(400, "ProvisionedThroughputExceededException"),
                        _ => Act::Pass,
                    }
                });
                unanswered(table.save(&mut item).await);
                assert_eq!(there(&db, &table).await.unwrap().version, 2);
            }

            #[tokio::test(start_paused = true)]
            async fn an_update_without_any_answer_may_have_been_done() {
                let (db, table) = world().await;
                let mut item = job();
                table.save(&mut item).await.unwrap();
                db.hook(|_, name, _| if name == "UpdateItem" { Act::Lose } else { Act::Pass });
                unanswered(table.update(&mut item).add(Job::count(), 10).await);
                assert_eq!((item.count, there(&db, &table).await.unwrap().count), (1, 11));
            }

            #[tokio::test(start_paused = true)]
            async fn an_update_is_recognised_or_told_and_never_done_twice() {
                let (db, table) = world().await;
                let mut item = job();
                table.save(&mut item).await.unwrap();
                db.once("UpdateItem", |_, _| Act::Lose);
                let updated = table.update(&mut item).set(Job::secret(), "new").add(Job::count(), 10).await;
                if $unique {
                    updated.unwrap();
                    assert_eq!((item.secret.as_str(), item.count, item.version), ("new", 11, 2));
                } else {
                    unanswered(updated);
                    assert_eq!(item.version, 1);
                    table.refresh(&mut item).await.unwrap();
                }
                assert!(there(&db, &table).await.unwrap() == item);
                assert_eq!(item.count, 11, "once");

                // Nothing of this one is sealed alone, so that another could have done the same.
                db.once("UpdateItem", |_, _| Act::Lose);
                let updated = table.update(&mut item).add(Job::count(), 10).await;
                if $sealed_update {
                    updated.unwrap();
                } else {
                    unanswered(updated);
                    table.refresh(&mut item).await.unwrap();
                }
                assert!(there(&db, &table).await.unwrap() == item);
                assert_eq!(item.count, 21, "once");
            }

            #[tokio::test(start_paused = true)]
            async fn a_delete_whose_item_is_gone_is_done() {
                let (db, table) = world().await;
                let mut item = job();
                table.save(&mut item).await.unwrap();
                db.sent();
                db.once("DeleteItem", |_, _| Act::Lose);
                assert!(table.delete(&item).await.unwrap().is_none());
                assert_eq!(db.count("DeleteItem"), 2);
                assert!(there(&db, &table).await.is_none());
                // Without a lost answer it is a conflict, as ever.
                assert!(table.delete(&item).await.unwrap_err().is_version_conflict());
                assert!(table.delete_by_key("a").condition(Job::id().exists()).await.unwrap_err().is_condition());

                // Another item is there now.
                item.version = 0;
                table.save(&mut item).await.unwrap();
                let mut theirs = item.clone();
                let body = captured(&db);
                table.save(&mut theirs).await.unwrap_err();
                let body = body.lock().unwrap().take().unwrap();
                db.once("DeleteItem", move |db, _| {
                    db.call("PutItem", &body);
                    Act::Refuse(500, "InternalServerError")
                });
                unanswered(table.delete(&item).await);
                assert_eq!(there(&db, &table).await.unwrap().version, 2);
            }

            #[tokio::test(start_paused = true)]
            async fn a_transaction_is_known_by_its_token() {
                let (db, table) = world().await;
                let (mut one, mut two) = (job(), Job { id: "b".to_owned(), ..job() });
                db.sent();
                db.once("TransactWriteItems", |_, _| Act::Lose);
                Transaction::new().save(&table, &mut one).save(&table, &mut two).send().await.unwrap();
                let tokens: Vec<Value> = db.sent().into_iter().map(|(_, body)| body["ClientRequestToken"].clone()).collect();
                assert_eq!(tokens.len(), 2);
                assert!(tokens[0].is_string() && tokens[0] == tokens[1], "{tokens:?}");
                assert_eq!((one.version, two.version), (1, 1));
                assert!(there(&db, &table).await.unwrap() == one);

                db.hook(|_, name, _| if name == "TransactWriteItems" { Act::Lose } else { Act::Pass });
                unanswered(Transaction::new().save(&table, &mut one).delete(&table, &two).send().await);
                assert_eq!(one.version, 1);
                db.unhook();
                // Another transaction has another token, and is refused.
                let error = Transaction::new().save(&table, &mut one).send().await.unwrap_err();
                assert!(error.is_version_conflict(), "{error:?}");
                assert_ne!(db.sent().pop().unwrap().1["ClientRequestToken"], tokens[0]);
            }
        }
    )*};
}

worlds! {
    plain: [] [], unique false, sealed_update false, |options| options;
    deterministic: [, seal = "deterministic"] [], unique false, sealed_update false, |options| options.attribute_keys(&keys());
    sealed: [, seal] [], unique true, sealed_update false, |options| options.attribute_keys(&keys());
    record: record [, seal] [, sign], unique true, sealed_update true, |options| {
        options.keyring(RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap())
    };
}

#[derive(Model, Clone, PartialEq)]
#[model(table = "moving")]
struct Moving {
    #[model(partition_key, seal = "deterministic")]
    id: String,
    #[model(seal)]
    secret: String,
    count: i64,
    #[model(version)]
    version: u64,
}

#[tokio::test(start_paused = true)]
async fn an_item_that_moves_to_another_key_moves_once() {
    let (db, client) = Db::new();
    let older = Moving::on(&client).attribute_keys(&keys()).open().unwrap();
    let both = AttributeKeys::new(root("2027", 9)).and_reads(root("2026", 7)).unwrap();
    let newer = Moving::on(&client).attribute_keys(&both).open().unwrap();
    older.create().await.unwrap();
    let mut item = Moving { id: "a".into(), secret: "s3cret".into(), count: 1, version: 0 };
    older.save(&mut item).await.unwrap();
    db.once("TransactWriteItems", |_, _| Act::Lose);
    newer.save(&mut item).await.unwrap();
    assert_eq!(item.version, 2);
    db.unhook();
    assert_eq!(newer.get("a").await.unwrap(), Some(item));
    assert_eq!(newer.scan().count().await.unwrap(), 1);
}

/// Somebody came right behind and changed something else: what is sealed with a random nonce is still there.
#[tokio::test(start_paused = true)]
async fn a_write_is_recognised_behind_the_next_one() {
    let (db, client) = Db::new();
    let table = Moving::on(&client).attribute_keys(&keys()).open().unwrap();
    table.create().await.unwrap();
    let mut item = Moving { id: "a".into(), secret: "s3cret".into(), count: 1, version: 0 };
    table.save(&mut item).await.unwrap();
    db.once("PutItem", move |db, body| {
        db.call("PutItem", body);
        let add = json!({
            "TableName": "moving", "Key": {"id": body["Item"]["id"]}, "UpdateExpression": "ADD #c :one, #v :one",
            "ExpressionAttributeNames": {"#c": "count", "#v": "version"}, "ExpressionAttributeValues": {":one": {"N": "1"}},
        });
        db.call("UpdateItem", &add);
        Act::Refuse(500, "InternalServerError")
    });
    table.save(&mut item).await.unwrap();
    assert_eq!((item.count, item.version), (1, 2), "as it was written");
    assert!(table.save(&mut item).await.unwrap_err().is_version_conflict());
    table.refresh(&mut item).await.unwrap();
    assert_eq!((item.count, item.version), (2, 3));
}

#[tokio::test]
async fn the_time_limit_of_an_operation_loses_its_answer() {
    let (db, client) = Db::new();
    let limit = TimeoutConfig::builder().operation_timeout(Duration::from_millis(50)).build();
    let hasty = Client::from_conf(client.config().to_builder().timeout_config(limit).build());
    let table = Moving::on(&client).attribute_keys(&keys()).open().unwrap();
    table.create().await.unwrap();
    let hasty = Moving::on(&hasty).attribute_keys(&keys()).open().unwrap();
    db.once("PutItem", |_, _| {
        std::thread::sleep(Duration::from_millis(200));
        Act::Pass
    });
    let mut item = Moving { id: "a".into(), secret: "s3cret".into(), count: 1, version: 0 };
    unanswered(hasty.save(&mut item).await);
}

#[tokio::test]
async fn the_time_limit_of_a_sealed_update_loses_its_answer() {
    #[derive(Model)]
    #[model(table = "counting", record)]
    struct Counting {
        #[model(partition_key)]
        id: String,
        #[model(sign)]
        count: u32,
    }
    let (db, client) = Db::new();
    let limit = TimeoutConfig::builder().operation_timeout(Duration::from_millis(300)).build();
    let hasty = Client::from_conf(client.config().to_builder().timeout_config(limit).build());
    let keyring = || RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap();
    let table = Counting::on(&client).keyring(keyring()).open().unwrap();
    table.create().await.unwrap();
    let mut item = Counting { id: "a".into(), count: 1 };
    table.save(&mut item).await.unwrap();
    let hasty = Counting::on(&hasty).keyring(keyring()).open().unwrap();
    db.once("UpdateItem", |_, _| {
        std::thread::sleep(Duration::from_millis(900));
        Act::Pass
    });
    // It is written, and whoever takes the error for a plain failure counts twice.
    unanswered(hasty.update(&mut item).add(Counting::count(), 1_u32).await);
}

/// Fails each try before it leaves, as where there are no credentials.
#[derive(Debug)]
struct Unsigned;

impl Intercept for Unsigned {
    fn name(&self) -> &'static str {
        "unsigned"
    }

    fn read_before_signing(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        Err("there are no credentials".into())
    }
}

#[tokio::test]
async fn what_never_left_is_not_lost() {
    let (db, client) = Db::new();
    let unsigned = Client::from_conf(client.config().to_builder().interceptor(Unsigned).build());
    let table = Moving::on(&unsigned).attribute_keys(&keys()).open().unwrap();
    let mut item = Moving { id: "a".into(), secret: "s3cret".into(), count: 1, version: 0 };
    let error = table.save(&mut item).await.unwrap_err();
    assert!(matches!(error.kind(), ModelErrorKind::Sdk { .. }) && !error.is_unanswered(), "{error:?}");
    assert!(error.kind().to_string().contains("no credentials"), "{error:?}");
    assert!(db.sent().is_empty());
}
