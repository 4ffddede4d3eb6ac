//! Every shape of condition on every write, over plain and sealed attributes, sealed keys under several roots, and records,
//! with a version and without.

use std::collections::BTreeSet;

use dynaseal::model::{Condition, Model, ModelError, Table, Transaction};
use dynaseal::{AttributeKeys, RawAesKeyring};

use crate::line::Db;
use crate::{keys, root};

/// The older root alone, and the newer one that also reads it.
fn two_roots() -> AttributeKeys {
    AttributeKeys::new(root("2027", 9)).and_reads(root("2026", 7)).unwrap()
}

fn keyring() -> RawAesKeyring {
    RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap()
}

/// Whether a write took place. One that did not must say that it was for the condition.
fn is_done<T>(result: Result<T, ModelError>, what: &str) -> bool {
    match result {
        Ok(_) => true,
        Err(error) if error.is_condition() => false,
        Err(error) => panic!("{what}: {error:?}"),
    }
}

macro_rules! worlds {
    ($($name:ident: $($record:ident)? [$($id:tt)*] [$($tag:tt)*] [$($other:tt)*] [$($version:ident)?], $writer:expr, $table:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            #[derive(Model, Clone, PartialEq)]
            #[model(table = "worlds" $(, $record)?)]
            struct Row {
                #[model(partition_key $($id)*)]
                id: String,
                #[model(rename = "tag" $($tag)*)]
                tag: String,
                #[model(rename = "number" $($other)*)]
                number: i64,
                #[model(rename = "text" $($other)*)]
                text: String,
                #[model(rename = "names" $($other)*)]
                names: BTreeSet<String>,
                #[model(rename = "done" $($other)*)]
                done: u8,
                $(#[model($version)] $version: u64,)?
            }

            /// Each is true of the row.
            fn shapes() -> Vec<Condition<Row>> {
                let many = || (0..150).map(|n| format!("t{n}")).chain(["tag".to_owned()]);
                let yes = || Row::number().ge(1_i64);
                let no = || Row::number().gt(9_i64);
                vec![
                    Row::tag().eq("tag"),
                    Row::tag().ne("other"),
                    !Row::tag().eq("other"),
                    !Row::tag().ne("tag"),
                    Row::tag().is_in(["a", "tag"]),
                    Row::tag().is_in(many()),
                    !Row::tag().is_in(["a", "b"]),
                    yes() & Row::number().le(9_i64),
                    no() | Row::tag().eq("tag"),
                    !(yes() & no()),
                    !(no() | Row::tag().eq("other")),
                    !!(yes() & Row::tag().eq("tag")),
                    Row::number().between(1_i64, 9_i64),
                    !Row::number().between(6_i64, 9_i64),
                    Row::number().is_in([3_i64, 5]),
                    (no() | yes()) & (Row::tag().eq("tag") | no()) & !(no() | no()),
                    (no() & yes()) | (yes() & (no() | Row::tag().ne("other"))),
                    Row::tag().is_in(many()) & Row::text().begins_with("te"),
                    Row::names().contains("ada") & Row::text().size_eq(4) & Row::tag().exists(),
                    !(Row::tag().ne("tag") | Row::tag().not_exists()),
                ]
            }

            fn row(id: &str) -> Row {
                Row {
                    id: id.to_owned(),
                    tag: "tag".to_owned(),
                    number: 5,
                    text: "text".to_owned(),
                    names: BTreeSet::from(["ada".to_owned()]),
                    done: 0,
                    $($version: 0,)?
                }
            }

            let (db, client) = Db::new();
            let options = || Row::on(&client);
            let (writer, table): (Table<Row>, Table<Row>) = ($writer(options()).open().unwrap(), $table(options()).open().unwrap());
            writer.create().await.unwrap();
            for (index, shape) in shapes().into_iter().enumerate() {
                for (holds, condition) in [(true, shape.clone()), (false, !shape)] {
                    for write in ["save", "update", "delete", "by key", "transaction", "check"] {
                        let id = format!("{index} {holds} {write}");
                        let what = format!("{id}: {condition:?}");
                        let mut item = row(&id);
                        writer.save(&mut item).await.unwrap();
                        let before = item.clone();
                        item.done = 1;
                        let condition = condition.clone();
                        let done = match write {
                            "save" => is_done(table.save(&mut item).condition(condition).await, &what),
                            "update" => is_done(table.update(&mut item).set(Row::done(), 1).condition(condition).await, &what),
                            "delete" => is_done(table.delete(&before).condition(condition).await, &what),
                            "by key" => is_done(table.delete_by_key(id.as_str()).condition(condition).await, &what),
                            "transaction" => is_done(Transaction::new().save_if(&table, &mut item, condition).send().await, &what),
                            _ => {
                                // Of another item, so that this one alone is asked for the condition.
                                let mut item = row(&format!("{id} too"));
                                item.done = 1;
                                let checked = Transaction::new().check(&table, id.as_str(), condition).save(&table, &mut item);
                                is_done(checked.send().await, &what)
                            }
                        };
                        assert_eq!(done, holds, "{what}");
                        let there = table.get(id.as_str()).await.unwrap();
                        match write {
                            "delete" | "by key" => assert_eq!(there.is_none(), holds, "{what}"),
                            "check" => {
                                let other = table.get(format!("{id} too")).await.unwrap();
                                assert_eq!((other.is_some(), there.map(|there| there.done)), (holds, Some(0)), "{what}");
                            }
                            _ => assert_eq!(there.map(|there| there.done), Some(u8::from(holds)), "{what}"),
                        }
                    }
                    let of_one = || Row::text().eq("text") & condition.clone();
                    let id = format!("{index} {holds} check");
                    assert_eq!(table.query(id.as_str()).filter(of_one()).count().await.unwrap() == 1, holds);
                    assert_eq!(table.scan().filter(of_one()).items().all().await.unwrap().is_empty(), !holds);
                }
            }
            assert!(db.sent().len() > 500);
        }
    )*};
}

worlds! {
    plain: [] [] [] [], |options| options, |options| options;
    plain_with_version: [] [] [] [version], |options| options, |options| options;
    sealed: [] [, seal = "deterministic"] [] [],
        |options: dynaseal::model::Options<_>| options.attribute_keys(&keys()),
        |options: dynaseal::model::Options<_>| options.attribute_keys(&keys());
    sealed_with_version: [] [, seal = "deterministic"] [] [version],
        |options: dynaseal::model::Options<_>| options.attribute_keys(&keys()),
        |options: dynaseal::model::Options<_>| options.attribute_keys(&keys());
    two_roots_of_an_attribute: [] [, seal = "deterministic"] [] [],
        |options: dynaseal::model::Options<_>| options.attribute_keys(&keys()),
        |options: dynaseal::model::Options<_>| options.attribute_keys(&two_roots());
    two_roots_of_an_attribute_with_version: [] [, seal = "deterministic"] [] [version],
        |options: dynaseal::model::Options<_>| options.attribute_keys(&keys()),
        |options: dynaseal::model::Options<_>| options.attribute_keys(&two_roots());
    two_roots_of_the_key: [, seal = "deterministic"] [, seal = "deterministic"] [] [],
        |options: dynaseal::model::Options<_>| options.attribute_keys(&keys()),
        |options: dynaseal::model::Options<_>| options.attribute_keys(&two_roots());
    two_roots_of_the_key_with_version: [, seal = "deterministic"] [, seal = "deterministic"] [] [version],
        |options: dynaseal::model::Options<_>| options.attribute_keys(&keys()),
        |options: dynaseal::model::Options<_>| options.attribute_keys(&two_roots());
    two_roots_of_a_key_that_has_moved: [, seal = "deterministic"] [, seal = "deterministic"] [] [version],
        |options: dynaseal::model::Options<_>| options.attribute_keys(&two_roots()),
        |options: dynaseal::model::Options<_>| options.attribute_keys(&two_roots());
    record: record [] [, sign] [, sign] [],
        |options: dynaseal::model::Options<_>| options.keyring(keyring()),
        |options: dynaseal::model::Options<_>| options.keyring(keyring());
    record_with_version: record [] [, sign] [, sign] [version],
        |options: dynaseal::model::Options<_>| options.keyring(keyring()),
        |options: dynaseal::model::Options<_>| options.keyring(keyring());
}

#[derive(Model, Clone, PartialEq)]
#[model(table = "guards")]
struct Guarded {
    #[model(partition_key)]
    id: String,
    owner: String,
    state: String,
    amount: i64,
    #[model(version)]
    version: u64,
}

/// A guard that one function adds and a guard of the next are both asked.
#[tokio::test]
async fn a_second_condition_is_asked_as_well() {
    let (db, client) = Db::new();
    let table = Guarded::on(&client).open().unwrap();
    table.create().await.unwrap();
    let new = || Guarded { id: "a".into(), owner: "ada".into(), state: "open".into(), amount: 5, version: 0 };
    let mut item = new();
    table.save(&mut item).await.unwrap();
    let (mine, open) = (|| Guarded::owner().eq("ada"), || Guarded::state().eq("open"));
    let (other, closed) = (|| Guarded::owner().eq("eve"), || Guarded::state().eq("closed"));
    for (one, two, holds) in
        [(mine(), open(), true), (other(), open(), false), (mine(), closed(), false), (other(), closed(), false)]
    {
        let (first, second) = (|| one.clone(), || two.clone());
        let mut copy = item.clone();
        assert_eq!(is_done(table.save(&mut copy).condition(first()).condition(second()).await, "save"), holds);
        let version = copy.version;
        let update = table.update(&mut copy).set(Guarded::amount(), 6).condition(first()).condition(second());
        assert_eq!(is_done(update.await, "update"), holds);
        assert_eq!(copy.version, if holds { version + 1 } else { version });
        let update = table.update_by_key("a").set(Guarded::amount(), 6).condition(first()).condition(second());
        assert_eq!(is_done(update.await, "update by key"), holds);
        item = table.get("a").await.unwrap().unwrap();
        assert_eq!(is_done(table.delete(&item).condition(first()).condition(second()).await, "delete"), holds);
        if holds {
            item = new();
            table.save(&mut item).await.unwrap();
        }
        let delete = table.delete_by_key("a").condition(first()).condition(second());
        assert_eq!(is_done(delete.await, "delete by key"), holds);
        if holds {
            item = new();
            table.save(&mut item).await.unwrap();
        }
        let found = table.scan().filter(first()).filter(second()).count().await.unwrap();
        assert_eq!(found == 1, holds);
    }
    let sent = db.sent();
    assert!(sent.iter().any(|(_, body)| body["ConditionExpression"]
        == "attribute_exists(#n1) AND #n2 = :v2 AND #n3 = :v3 AND #n4 = :v4"
        || body["ConditionExpression"].as_str().is_some_and(|text| text.matches(" AND ").count() == 3)));
}
