//! Transactions that are called off say for which items and why.

use dynaseal::AttributeKeys;
use dynaseal::model::{CancelReason, Model, ModelError, ModelErrorKind, Table, Transaction};
use serde_json::json;

use crate::line::{Act, Db};
use crate::{keys, root};

#[derive(Model, Clone, PartialEq)]
#[model(table = "accounts")]
struct Account {
    #[model(partition_key, seal = "deterministic")]
    id: String,
    cents: i64,
    #[model(version)]
    version: u64,
}

#[derive(Model, Clone, PartialEq)]
#[model(table = "entries")]
struct Entry {
    #[model(partition_key)]
    id: String,
    text: String,
}

fn account(id: &str) -> Account {
    Account { id: id.to_owned(), cents: 5, version: 0 }
}

fn entry(id: &str) -> Entry {
    Entry { id: id.to_owned(), text: "text".to_owned() }
}

struct World {
    db: std::sync::Arc<Db>,
    older: Table<Account>,
    accounts: Table<Account>,
    entries: Table<Entry>,
}

/// Accounts are written under the older root, and used under both: each that is saved moves, which takes two parts.
async fn world() -> World {
    let (db, client) = Db::new();
    let older = Account::on(&client).attribute_keys(&keys()).open().unwrap();
    let both = AttributeKeys::new(root("2027", 9)).and_reads(root("2026", 7)).unwrap();
    let accounts = Account::on(&client).attribute_keys(&both).open().unwrap();
    let entries = Entry::on(&client).open().unwrap();
    older.create().await.unwrap();
    entries.create().await.unwrap();
    World { db, older, accounts, entries }
}

/// Of all items that were given, which the reasons are.
fn reasons(error: &ModelError) -> Vec<(&str, Option<&CancelReason>)> {
    let ModelErrorKind::Canceled { items } = error.kind() else { panic!("{error:?}") };
    items.iter().map(|item| (item.table.as_str(), item.reason.as_ref())).collect()
}

fn kinds(error: &ModelError) -> [bool; 3] {
    [error.is_condition(), error.is_version_conflict(), error.is_transaction_conflict()]
}

#[tokio::test]
async fn two_conflicts_are_conflicts() {
    let World { older, accounts, entries, .. } = world().await;
    let (mut ada, mut bob) = (account("ada"), account("bob"));
    older.save(&mut ada).await.unwrap();
    older.save(&mut bob).await.unwrap();
    let (mut stale, mut stale_too) = (ada.clone(), bob.clone());
    older.save(&mut ada).await.unwrap();
    older.save(&mut bob).await.unwrap();
    let (mut new, mut note) = (account("new"), entry("note"));
    let both = Transaction::new()
        .save(&entries, &mut note)
        .save(&accounts, &mut stale)
        .save(&accounts, &mut new)
        .delete(&accounts, &stale_too);
    let error = both.send().await.unwrap_err();
    assert_eq!(kinds(&error), [false, true, false], "{error:?}");
    let version = Some(&CancelReason::Version);
    let told = [("entries", None), ("accounts", version), ("accounts", None), ("accounts", version)];
    assert_eq!(reasons(&error), told);
    let text = error.kind().to_string();
    assert_eq!(text.matches("of `accounts`: the item was changed or deleted").count(), 2, "{text}");
    assert_eq!((stale.version, new.version), (1, 0), "nothing was written");

    // One alone is the error itself, with its item.
    let error = Transaction::new().save(&accounts, &mut stale_too).save(&entries, &mut note).send().await.unwrap_err();
    assert!(matches!(error.kind(), ModelErrorKind::Version) && error.key().is_some(), "{error:?}");
    assert_eq!(error.table(), "accounts");
}

#[tokio::test]
async fn two_conditions_are_conditions_and_a_mixture_is_neither() {
    let World { older, accounts, entries, .. } = world().await;
    let (mut ada, mut bob) = (account("ada"), account("bob"));
    older.save(&mut ada).await.unwrap();
    older.save(&mut bob).await.unwrap();
    let mut stale = bob.clone();
    older.save(&mut bob).await.unwrap();
    let rich = || Account::cents().gt(1_000_i64);
    let error = Transaction::new().save_if(&accounts, &mut ada, rich()).check(&accounts, "bob", rich());
    let error = error.save(&entries, &mut entry("note")).send().await.unwrap_err();
    assert_eq!(kinds(&error), [true, false, false], "{error:?}");
    let condition = Some(&CancelReason::Condition);
    assert_eq!(reasons(&error), [("accounts", condition), ("accounts", condition), ("entries", None)]);

    let error = Transaction::new().save_if(&accounts, &mut ada, rich()).save(&accounts, &mut stale);
    let error = error.send().await.unwrap_err();
    assert_eq!(kinds(&error), [false; 3], "{error:?}");
    assert_eq!(reasons(&error), [("accounts", condition), ("accounts", Some(&CancelReason::Version))]);
}

/// The answer of a transaction that is called off, with a code for each part.
fn canceled(codes: &[&str]) -> dynaseal::local::Reply {
    let reasons: Vec<_> = codes.iter().map(|code| json!({"Code": code, "Message": format!("said {code}")})).collect();
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    let body = json!({"__type": kind, "Message": "called off", "CancellationReasons": reasons});
    dynaseal::local::Reply { status: 400, body: body.to_string() }
}

#[tokio::test]
async fn conflicts_of_requests_and_other_reasons() {
    let World { db, older, accounts, entries } = world().await;
    let mut ada = account("ada");
    older.save(&mut ada).await.unwrap();
    for (codes, expected, kinds_of) in [
        (["None", "TransactionConflict", "TransactionConflict"], "one", [false, false, true]),
        (["TransactionConflict", "None", "TransactionConflict"], "two", [false, false, true]),
        (["None", "ConditionalCheckFailed", "TransactionConflict"], "one", [false, true, false]),
        (["ConditionalCheckFailed", "ConditionalCheckFailed", "None"], "two", [false; 3]),
        (["None", "None", "ItemCollectionSizeLimitExceeded"], "other", [false; 3]),
        (["None", "ThrottlingError", "None"], "other", [false; 3]),
    ] {
        let reply = canceled(&codes);
        db.once("TransactWriteItems", move |_, _| Act::Reply(reply));
        let mut note = entry("note");
        let error = Transaction::new().save(&entries, &mut note).save(&accounts, &mut ada).send().await.unwrap_err();
        assert_eq!(kinds(&error), kinds_of, "{codes:?}: {error:?}");
        match expected {
            // Two parts of the item that moves, which is one item.
            "one" => assert_eq!((error.table(), error.key().is_some()), ("accounts", true), "{codes:?}"),
            "two" => assert!(reasons(&error).iter().all(|(_, reason)| reason.is_some()), "{codes:?}"),
            _ => {
                let [(_, None), (_, Some(CancelReason::Other { code, message }))] = reasons(&error)[..] else {
                    panic!("{error:?}")
                };
                assert!(codes.contains(&code.as_str()));
                assert_eq!(message.as_deref(), Some(format!("said {code}").as_str()));
            }
        }
    }
    // Reasons for another number of parts are not put on items.
    db.once("TransactWriteItems", |_, _| Act::Reply(canceled(&["ConditionalCheckFailed"])));
    let error = Transaction::new().save(&entries, &mut entry("note")).save(&accounts, &mut ada).send().await;
    let error = error.unwrap_err();
    assert!(matches!(error.kind(), ModelErrorKind::Sdk { .. }), "{error:?}");

    db.once("TransactGetItems", |_, _| Act::Reply(canceled(&["None", "TransactionConflict", "None", "None"])));
    let error = accounts.transact_get(["ada", "bob"]).await.unwrap_err();
    assert!(error.is_transaction_conflict() && error.key().is_some(), "{error:?}");
    db.once("PutItem", |_, _| Act::Refuse(400, "TransactionConflictException"));
    let error = entries.save(&mut entry("note")).condition(Entry::id().not_exists()).await.unwrap_err();
    assert!(error.is_transaction_conflict() && !error.is_condition(), "{error:?}");
}
