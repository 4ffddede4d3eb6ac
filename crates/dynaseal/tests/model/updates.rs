//! What an update cannot say is refused before anything is sent, in the model's own words; what is empty changes nothing.

use std::collections::BTreeSet;

use dynaseal::RawAesKeyring;
use dynaseal::model::{Model, ModelErrorKind, Options, Table};

use crate::keys;
use crate::line::Db;

macro_rules! worlds {
    ($($name:ident: $($record:ident)? [$($sign:tt)*] $open:expr;)*) => {$(
        mod $name {
            use super::*;

            #[derive(Model, Clone, PartialEq)]
            #[model(table = "updates" $(, $record)?)]
            struct Row {
                #[model(partition_key)]
                id: String,
                #[model(sort_key)]
                at: u32,
                #[model(seal)]
                secret: Option<String>,
                #[model(rename = "count" $($sign)*)]
                count: i64,
                #[model(rename = "names" $($sign)*)]
                names: BTreeSet<String>,
                #[model(rename = "notes" $($sign)*)]
                notes: Option<Vec<String>>,
                #[model(version)]
                revision: u64,
            }

            fn row() -> Row {
                Row {
                    id: "a".to_owned(),
                    at: 1,
                    secret: Some("s3cret".to_owned()),
                    count: 1,
                    names: BTreeSet::from(["ada".to_owned()]),
                    notes: None,
                    revision: 0,
                }
            }

            #[tokio::test]
            async fn what_is_said_twice_is_refused() {
                let (db, client) = Db::new();
                let open: fn(Options<Row>) -> Options<Row> = $open;
                let table: Table<Row> = open(Row::on(&client)).open().unwrap();
                table.create().await.unwrap();
                let mut item = row();
                table.save(&mut item).await.unwrap();
                let before = table.stored(&item).await.unwrap();
                db.sent();
                let names = || BTreeSet::from(["bob".to_owned()]);
                let update = || table.update_by_key(("a", 1_u32));
                for (update, attribute, reason) in [
                    (update().set(Row::count(), 5).add(Row::count(), 1), "count", "changed twice"),
                    (update().set(Row::count(), 5).set(Row::count(), 6), "count", "changed twice"),
                    (update().insert(Row::names(), names()).take(Row::names(), names()), "names", "changed twice"),
                    (update().remove(Row::secret()).set(Row::secret(), None), "secret", "changed twice"),
                    (update().set_if_absent(Row::secret(), None).set(Row::secret(), None), "secret", "changed twice"),
                    (update().set(Row::revision(), 9_u64), "revision", "the item's version"),
                    (update().add(Row::revision(), 1_u64), "revision", "the item's version"),
                    (update().set(Row::id(), "b"), "id", "part of the item's key"),
                    (update().add(Row::at(), 1_u32), "at", "part of the item's key"),
                ] {
                    let error = update.await.unwrap_err();
                    let text = error.kind().to_string();
                    assert!(matches!(error.kind(), ModelErrorKind::Refused(_)), "{error:?}");
                    assert!(text.contains(&format!("`{attribute}`")) && text.contains(reason), "{text}");
                    assert_eq!(error.key(), Some("(id = \"a\", at = 1)"));
                }
                let of_item = table.update(&mut item).add(Row::count(), 1).add(Row::count(), 1).await.unwrap_err();
                assert!(matches!(of_item.kind(), ModelErrorKind::Refused(_)), "{of_item:?}");
                assert!(db.sent().is_empty(), "nothing was sent");
                assert_eq!(table.stored(&item).await.unwrap(), before);
            }

            #[tokio::test]
            async fn what_is_empty_changes_nothing_but_the_version() {
                let (_, client) = Db::new();
                let open: fn(Options<Row>) -> Options<Row> = $open;
                let table: Table<Row> = open(Row::on(&client)).open().unwrap();
                table.create().await.unwrap();
                let mut item = row();
                table.save(&mut item).await.unwrap();
                let before = item.clone();
                table.update(&mut item).insert(Row::names(), BTreeSet::new()).append(Row::notes(), None).await.unwrap();
                assert_eq!(item, Row { revision: 2, ..before });
                assert_eq!(table.get(("a", 1_u32)).await.unwrap().unwrap(), item);
            }
        }
    )*};
}

worlds! {
    sealed: [] |options| options.attribute_keys(&keys());
    record: record [, sign] |options| {
        options.keyring(RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap())
    };
}

#[derive(Model, Clone, PartialEq)]
#[model(table = "tags")]
struct Tagged {
    #[model(partition_key)]
    id: String,
    #[model(seal)]
    secret: String,
    tags: BTreeSet<String>,
    list: Option<Vec<String>>,
}

#[tokio::test]
async fn an_update_of_nothing_asks_its_conditions() {
    let (db, client) = Db::new();
    let table = Tagged::on(&client).attribute_keys(&keys()).open().unwrap();
    table.create().await.unwrap();
    let mut item =
        Tagged { id: "a".into(), secret: "s3cret".into(), tags: BTreeSet::from(["new".to_owned()]), list: None };
    table.save(&mut item).await.unwrap();
    let before = table.stored(&item).await.unwrap();
    let update =
        |id: &str| table.update_by_key(id).insert(Tagged::tags(), BTreeSet::new()).append(Tagged::list(), None);
    assert_eq!(update("a").await.unwrap(), item);
    assert_eq!(update("a").condition(Tagged::tags().contains("new")).await.unwrap(), item);
    let error = update("a").condition(Tagged::tags().contains("old")).await.unwrap_err();
    assert!(error.is_condition(), "{error:?}");
    assert!(matches!(update("b").await.unwrap_err().kind(), ModelErrorKind::NotFound));
    assert_eq!(table.stored(&item).await.unwrap(), before);
    assert_eq!(table.get("b").await.unwrap(), None);
    db.sent();
    // With no change at all it is a mistake.
    let error = table.update_by_key("a").await.unwrap_err();
    assert_eq!(error.kind().to_string(), "nothing is to be changed");
    assert!(db.sent().is_empty());
}
