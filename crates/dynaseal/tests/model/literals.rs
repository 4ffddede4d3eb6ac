//! What may be written for a value: every kind of column takes what reads as one.

use std::collections::BTreeSet;

use dynaseal::model::{Model, ModelErrorKind, Table};

use crate::keys;

macro_rules! integers {
    ($($test:ident: $integer:ident;)*) => {$(
        mod $test {
            use super::*;

            #[derive(Model, Clone, PartialEq)]
            #[model(table = "numbers")]
            struct Number {
                #[model(partition_key)]
                id: $integer,
                #[model(sort_key)]
                part: $integer,
                #[model(global_index(name = "by-sparse", partition_key))]
                sparse: Option<$integer>,
                #[model(seal = "deterministic", global_index(name = "by-sealed", partition_key))]
                sealed: Option<$integer>,
                count: $integer,
            }

            #[tokio::test]
            async fn literals_are_values() {
                let table = Number::on(&dynaseal::local::memory().unwrap()).attribute_keys(&keys()).open().unwrap();
                table.create().await.unwrap();
                for part in 1..=3 {
                    table.save(&mut Number { id: 5, part, sparse: Some(7), sealed: Some(9), count: 0 }).await.unwrap();
                }
                assert!(table.get((5, 1)).await.unwrap().is_some());
                assert_eq!(table.get_many([(5, 1), (5, 4)]).await.unwrap().iter().flatten().count(), 1);
                assert_eq!(table.transact_get([(5, 1)]).await.unwrap().len(), 1);
                assert_eq!(table.query(5).sort_ge(2).count().await.unwrap(), 2);
                assert_eq!(table.query(5).sort_between(1, 2).count().await.unwrap(), 2);
                assert_eq!(table.query(5).sort_eq(2).count().await.unwrap(), 1);
                assert_eq!(table.query_index(Number::by_sparse(), 7).count().await.unwrap(), 3);
                assert_eq!(table.query_index(Number::by_sealed(), 9).count().await.unwrap(), 3);
                let filters = [
                    Number::part().eq(1),
                    Number::part().lt(2),
                    Number::part().is_in([1, 9]),
                    Number::part().between(0, 1),
                    Number::part().ne(2).and(Number::part().ne(3)),
                    Number::sparse().eq(7).and(Number::part().le(1)),
                    Number::sparse().is_in([7, 8]).and(Number::sparse().ge(7)).and(Number::part().le(1)),
                    Number::sealed().eq(9).and(Number::sealed().is_in([9])).and(Number::part().le(1)),
                ];
                for filter in filters {
                    assert_eq!(table.scan().filter(filter).count().await.unwrap(), 1);
                }
                let update = table.update_by_key((5, 1)).add(Number::count(), 2).set(Number::sparse(), 8);
                let updated = update.set(Number::sealed(), 10).await.unwrap();
                assert!(updated.count == 2 && updated.sparse == Some(8) && updated.sealed == Some(10));
                table.delete_by_key((5, 1)).await.unwrap();
                table.batch().delete((5, 2)).send().await.unwrap();
                assert_eq!(table.scan().count().await.unwrap(), 1);
            }
        }
    )*};
}

integers! {
    of_i8: i8; of_i16: i16; of_i32: i32; of_i64: i64; of_i128: i128; of_isize: isize;
    of_u8: u8; of_u16: u16; of_u32: u32; of_u64: u64; of_u128: u128; of_usize: usize;
}

#[derive(Model, Clone, PartialEq)]
#[model(table = "people")]
struct Person {
    #[model(partition_key)]
    id: u64,
    #[model(global_index(name = "by-name", partition_key))]
    name: Option<String>,
    #[model(seal = "deterministic", global_index(name = "by-email", partition_key))]
    email: Option<String>,
    #[model(global_index(name = "by-name", sort_key))]
    town: Option<String>,
    photo: Option<Vec<u8>>,
    tags: BTreeSet<String>,
    score: Option<f64>,
    small: u8,
}

fn person() -> Person {
    let text = |text: &str| Some(text.to_owned());
    Person {
        id: 1,
        name: text("Ada"),
        email: text("ada@example.com"),
        town: text("Bern"),
        photo: Some(b"jpeg".to_vec()),
        tags: ["new".to_owned()].into(),
        score: Some(1.5),
        small: 7,
    }
}

async fn table() -> Table<Person> {
    let table = Person::on(&dynaseal::local::memory().unwrap()).attribute_keys(&keys()).open().unwrap();
    table.create().await.unwrap();
    table.save(&mut person()).await.unwrap();
    table
}

#[tokio::test]
async fn texts_are_values_of_columns_that_may_be_missing() {
    let table = table().await;
    let owned = "Ada".to_owned();
    assert_eq!(table.query_index(Person::by_name(), "Ada").count().await.unwrap(), 1);
    assert_eq!(table.query_index(Person::by_name(), &owned).sort_begins_with("Be").count().await.unwrap(), 1);
    assert_eq!(table.query_index(Person::by_name(), Some(owned.clone())).sort_lt("C").count().await.unwrap(), 1);
    assert_eq!(table.query_index(Person::by_email(), "ada@example.com").count().await.unwrap(), 1);
    for filter in [
        Person::name().eq("Ada"),
        Person::name().eq(&owned),
        Person::name().eq(owned.clone()),
        Person::name().eq(Some(owned.clone())),
        Person::name().ne("Eve"),
        Person::name().is_in(["Ada", "Eve"]),
        Person::name().is_in(&[owned]),
        Person::name().between("A", "B"),
        Person::name().begins_with("A"),
        Person::name().contains("d"),
        Person::tags().contains("new"),
        Person::email().eq("ada@example.com"),
        Person::email().is_in(["ada@example.com"]),
        Person::photo().eq(b"jpeg"),
        Person::photo().begins_with(&b"jp"[..]),
        Person::photo().contains(b"peg"),
        Person::score().eq(1.5),
        Person::score().between(1.0, 2.0),
    ] {
        assert_eq!(table.scan().filter(filter.clone()).count().await.unwrap(), 1, "{filter:?}");
    }
    let update = table.update_by_key(1).set(Person::name(), "Eve").set(Person::email(), "eve@example.com");
    let updated =
        update.set(Person::town(), None).set(Person::photo(), b"png").set(Person::score(), 2.5).await.unwrap();
    assert_eq!(
        (updated.name.as_deref(), updated.town, updated.photo.as_deref()),
        (Some("Eve"), None, Some(&b"png"[..]))
    );
}

#[tokio::test]
async fn a_number_that_does_not_fit_names_its_column() {
    let table = table().await;
    for error in [
        table.get(-1).await.unwrap_err(),
        table.query(-1).count().await.unwrap_err(),
        table.scan().filter(Person::id().eq(-1)).count().await.unwrap_err(),
        table.update_by_key(1).set(Person::id(), -1).await.unwrap_err(),
    ] {
        let named = matches!(error.kind(), ModelErrorKind::Value { attribute: "id", .. });
        assert!(named || matches!(error.kind(), ModelErrorKind::Refused(_)), "{error:?}");
    }
    let error = table.scan().filter(Person::small().is_in([1, 256])).count().await.unwrap_err();
    let ModelErrorKind::Value { attribute: "small", reason } = error.kind() else { panic!("{error:?}") };
    assert_eq!(reason.to_string(), "the number does not fit into u8");
    let error = table.update_by_key(1).set(Person::small(), 256).await.unwrap_err();
    assert!(matches!(error.kind(), ModelErrorKind::Value { attribute: "small", .. }), "{error:?}");
}

#[tokio::test]
async fn nothing_is_equal_to_none() {
    let table = table().await;
    for condition in [
        Person::name().eq(None),
        Person::email().ne(None),
        Person::name().lt(None),
        Person::score().is_in([Some(1.0), None]),
    ] {
        let error = table.scan().filter(condition).count().await.unwrap_err();
        assert!(error.kind().to_string().contains("`not_exists()`"), "{error:?}");
    }
}

/// A bound without more is on what is `Into`, as before there was more.
async fn load<M: Model>(table: &Table<M>, key: impl dynaseal::model::IntoKey<M, M::Partition, M::Sort>) -> Option<M> {
    table.get(key).await.unwrap()
}

fn named<T: Into<String>>(name: T) -> dynaseal::model::Condition<Named> {
    Named::name().eq(name)
}

#[derive(Model, Clone, PartialEq)]
#[model(table = "named")]
struct Named {
    #[model(partition_key)]
    name: String,
    #[model(sort_key)]
    number: u64,
}

#[tokio::test]
async fn bounds_of_ones_own_are_what_they_were() {
    let table = Named::on(&dynaseal::local::memory().unwrap()).open().unwrap();
    table.create().await.unwrap();
    table.save(&mut Named { name: "a".to_owned(), number: 5 }).await.unwrap();
    assert!(load(&table, ("a", 5_u64)).await.is_some());
    assert!(load(&table, ("a".to_owned(), 5_u8)).await.is_some());
    assert_eq!(table.scan().filter(named("a")).count().await.unwrap(), 1);
    assert_eq!(table.scan().filter(named("b".to_owned())).count().await.unwrap(), 0);
}
