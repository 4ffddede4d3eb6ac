//! Single items: saved, read, changed, deleted, each with conditions and versions.

use std::collections::BTreeSet;

use dynaseal::model::{Created, Model, ModelErrorKind, OpenError, Table, UnixTime};

use crate::keys;

#[derive(Model, Clone, PartialEq)]
#[model(table = "people", rename_all = "camelCase")]
struct Person {
    #[model(partition_key)]
    team: String,
    #[model(sort_key)]
    number: u32,
    full_name: String,
    #[model(seal = "deterministic")]
    email: Option<String>,
    #[model(seal)]
    diagnosis: Option<String>,
    visits: u32,
    #[model(default)]
    notes: Vec<String>,
    tags: BTreeSet<String>,
    #[model(version)]
    revision: u64,
    #[model(ttl)]
    expires: Option<UnixTime>,
    #[model(skip)]
    cached: u8,
}

fn person(number: u32) -> Person {
    Person {
        team: "blue".to_owned(),
        number,
        full_name: "Ada".to_owned(),
        email: Some("ada@example.com".to_owned()),
        diagnosis: Some("influenza".to_owned()),
        visits: 1,
        notes: Vec::new(),
        tags: BTreeSet::from(["new".to_owned()]),
        revision: 0,
        expires: None,
        cached: 9,
    }
}

async fn table() -> Table<Person> {
    let client = dynaseal::local::memory().unwrap();
    let table = Person::on(&client).attribute_keys(&keys()).open().unwrap();
    assert_eq!(table.create_if_missing().await.unwrap(), Created::New);
    assert_eq!(table.create_if_missing().await.unwrap(), Created::Existing);
    table
}

#[tokio::test]
async fn what_is_saved_comes_back_and_is_not_readable_there() {
    let table = table().await;
    let mut ada = person(1);
    table.save(&mut ada).await.unwrap();
    assert_eq!(ada.revision, 1);

    let stored = table.stored(&ada).await.unwrap().unwrap();
    assert_eq!(stored["fullName"].as_s().unwrap(), "Ada");
    assert!(stored["email"].as_b().is_ok() && stored["diagnosis"].as_b().is_ok());
    assert!(!stored.contains_key("cached") && !stored.contains_key("expires"), "{stored:?}");

    let found = table.get(("blue", 1_u32)).await.unwrap().unwrap();
    assert_eq!(found, Person { cached: 0, ..ada.clone() });
    assert_eq!(table.get(("blue", 2_u32)).consistent().await.unwrap(), None);
    let map = ada.to_map().unwrap();
    assert_eq!(map["email"].as_s().unwrap(), "ada@example.com");
    assert_eq!(Person::from_map(map).unwrap(), found);
}

#[tokio::test]
async fn versions_keep_writers_from_each_other() {
    let table = table().await;
    let mut ada = person(1);
    table.save(&mut ada).await.unwrap();
    let mut other = table.get(("blue", 1_u32)).await.unwrap().unwrap();
    other.visits = 2;
    table.save(&mut other).await.unwrap();
    assert_eq!(other.revision, 2);

    // A new item where there is one, an old one, and a deletion of an old one.
    let conflicts = [table.save(&mut person(1)).await.unwrap_err(), table.save(&mut ada).await.unwrap_err()];
    for error in conflicts {
        assert!(error.is_version_conflict(), "{error:?}");
        assert_eq!(error.key(), Some("(team = \"blue\", number = 1)"));
        assert_eq!(error.to_string(), "saving on table `people`, item (team = \"blue\", number = 1), failed");
    }
    assert_eq!(ada.revision, 1, "it was not saved");
    assert!(table.delete(&ada).await.unwrap_err().is_version_conflict());
    assert!(table.update(&mut ada).add(Person::visits(), 1_u32).await.unwrap_err().is_version_conflict());

    table.refresh(&mut ada).await.unwrap();
    assert_eq!((ada.visits, ada.revision), (2, 2));
    assert_eq!(table.delete(&ada).await.unwrap().unwrap(), ada);
    assert!(matches!(table.refresh(&mut ada).await.unwrap_err().kind(), ModelErrorKind::NotFound));
}

#[tokio::test]
async fn conditions_are_asked_of_the_item_that_is_there() {
    let table = table().await;
    let mut ada = person(1);
    table.save(&mut ada).condition(Person::team().not_exists()).await.unwrap();
    let error = table.save(&mut ada).condition(Person::email().eq("eve@example.com".to_owned())).await.unwrap_err();
    assert!(error.is_condition(), "{error:?}");
    table.save(&mut ada).condition(Person::email().eq("ada@example.com".to_owned())).await.unwrap();
    let error = table.delete(&ada).condition(Person::diagnosis().not_exists()).await.unwrap_err();
    assert!(error.is_condition(), "{error:?}");
    let both = Person::visits().lt(2_u32) & !Person::tags().contains("old") & Person::diagnosis().exists();
    assert!(table.delete_by_key(("blue", 1_u32)).condition(both).await.unwrap().is_some());
    assert!(table.delete_by_key(("blue", 1_u32)).await.unwrap().is_none());
}

#[tokio::test]
async fn updates_change_what_they_say_and_nothing_else() {
    let table = table().await;
    let mut ada = person(1);
    table.save(&mut ada).await.unwrap();
    let before = table.stored(&ada).await.unwrap().unwrap();

    table
        .update(&mut ada)
        .set(Person::email(), Some("ada@example.org".to_owned()))
        .add(Person::visits(), 4_u32)
        .append(Person::notes(), vec!["b".to_owned()])
        .insert(Person::tags(), BTreeSet::from(["old".to_owned()]))
        .condition(Person::visits().le(1_u32))
        .await
        .unwrap();
    assert_eq!((ada.email.as_deref(), ada.visits, ada.revision), (Some("ada@example.org"), 5, 2));
    assert_eq!((ada.notes.len(), ada.tags.len()), (1, 2));
    let after = table.stored(&ada).await.unwrap().unwrap();
    assert_eq!(after["diagnosis"], before["diagnosis"], "nobody touched it");
    assert_ne!(after["email"], before["email"]);

    let changed = table
        .update_by_key(("blue", 1_u32))
        .prepend(Person::notes(), vec!["a".to_owned()])
        .take(Person::tags(), BTreeSet::from(["new".to_owned(), "old".to_owned()]))
        .set_if_absent(Person::diagnosis(), Some("none".to_owned()))
        .remove(Person::email())
        .await
        .unwrap();
    assert_eq!(changed.notes, ["a", "b"]);
    assert_eq!((changed.email.as_deref(), changed.diagnosis.as_deref()), (None, Some("influenza")));
    assert_eq!((changed.tags.len(), changed.revision), (0, 3));
    let changed = table.update_by_key(("blue", 1_u32)).set(Person::diagnosis(), None).await.unwrap();
    assert_eq!(changed.diagnosis, None);
    let changed = table.update_by_key(("blue", 1_u32)).set_if_absent(Person::diagnosis(), Some("cold".to_owned()));
    assert_eq!(changed.await.unwrap().diagnosis.as_deref(), Some("cold"));
    assert_eq!(table.get(("blue", 1_u32)).await.unwrap().unwrap().diagnosis.as_deref(), Some("cold"));
}

#[tokio::test]
async fn updates_that_make_no_sense_are_refused() {
    let table = table().await;
    let missing = table.update_by_key(("blue", 9_u32)).add(Person::visits(), 1_u32).await.unwrap_err();
    assert!(matches!(missing.kind(), ModelErrorKind::NotFound), "{missing:?}");
    let nothing = table.update_by_key(("blue", 9_u32)).set(Person::team(), "red").await.unwrap_err();
    assert!(nothing.kind().to_string().contains("`team` is part of the item's key"), "{nothing:?}");
    let created = table
        .update_by_key(("blue", 9_u32))
        .or_create()
        .set(Person::full_name(), "Bob")
        .set(Person::visits(), 0_u32)
        .set(Person::diagnosis(), Some("cold".to_owned()))
        .await
        .unwrap();
    assert_eq!((created.full_name.as_str(), created.revision), ("Bob", 1));
    assert_eq!(created.diagnosis.as_deref(), Some("cold"));
}

#[tokio::test]
async fn what_can_not_be_read_says_which_item_and_field() {
    let table = table().await;
    let mut ada = person(1);
    table.save(&mut ada).await.unwrap();
    let put = |name: &'static str, value: aws_sdk_dynamodb::types::AttributeValue| {
        let stored = table.stored(&ada);
        let client = table.client().clone();
        async move {
            let mut stored = stored.await.unwrap().unwrap();
            stored.insert(name.to_owned(), value);
            client.put_item().table_name("people").set_item(Some(stored)).send().await.unwrap();
        }
    };
    put("visits", aws_sdk_dynamodb::types::AttributeValue::N("-1".to_owned())).await;
    let error = table.get(("blue", 1_u32)).await.unwrap_err();
    assert_eq!(error.key(), Some("(team = \"blue\", number = 1)"));
    assert_eq!(error.kind().to_string(), "field `visits` of `Person`: the number does not fit into u32");
    put("visits", aws_sdk_dynamodb::types::AttributeValue::N("1".to_owned())).await;
    put("email", aws_sdk_dynamodb::types::AttributeValue::S("eve@example.com".to_owned())).await;
    let error = table.get(("blue", 1_u32)).await.unwrap_err();
    assert_eq!(error.kind().to_string(), "field `email` of `Person`: it is not sealed: it is of type S, not B");
}

#[tokio::test]
async fn what_can_not_be_sealed_says_which_item() {
    let client = dynaseal::local::memory().unwrap();

    #[derive(Model)]
    #[model(table = "maps")]
    struct Maps {
        #[model(partition_key)]
        id: String,
        #[model(seal)]
        map: std::collections::BTreeMap<String, u8>,
    }
    let maps = Maps::on(&client).attribute_keys(&keys()).open().unwrap();
    let mut item = Maps { id: "a".to_owned(), map: [(String::new(), 1)].into() };
    for error in [maps.save(&mut item).await.unwrap_err(), maps.to_stored(&item).unwrap_err()] {
        assert_eq!(error.key(), Some("(id = \"a\")"), "{error:?}");
        assert!(error.kind().to_string().contains("attribute `map`"), "{error:?}");
    }
}

#[tokio::test]
async fn a_table_has_what_its_model_needs_and_no_more() {
    let client = dynaseal::local::memory().unwrap();
    assert!(matches!(Person::on(&client).open().unwrap_err(), OpenError::NoAttributeKeys { .. }));
    let keyring = dynaseal::RawAesKeyring::new("example", "key-1", &[7; 32]).unwrap();
    let error = Person::on(&client).attribute_keys(&keys()).keyring(keyring).open().unwrap_err();
    assert_eq!(error.to_string(), "`Person` has no use for a keyring: its items are no records");
    let error = Person::on(&client).attribute_keys(&keys()).pynamodb_mate("secret").open().unwrap_err();
    assert!(error.to_string().contains("no column has `also_reads`") && !error.to_string().contains("secret"));
    // A copy under another name, with what the first wrote.
    let table = table().await;
    let mut ada = person(1);
    table.save(&mut ada).await.unwrap();
    let stored = table.stored(&ada).await.unwrap();
    let copy = Person::on(table.client()).attribute_keys(&keys()).table_name("people-copy").open().unwrap();
    copy.create().await.unwrap();
    copy.client().put_item().table_name("people-copy").set_item(stored).send().await.unwrap();
    assert_eq!(copy.get(("blue", 1_u32)).await.unwrap().unwrap().email, ada.email);
}

#[tokio::test]
async fn tables_of_other_shape_are_refused() {
    let table = table().await;
    let described = table.describe().await.unwrap().unwrap();
    assert_eq!(described.table_name(), Some("people"));
    let ttl = table.client().describe_time_to_live().table_name("people").send().await.unwrap();
    assert_eq!(ttl.time_to_live_description().unwrap().attribute_name(), Some("expires"));

    #[derive(Model)]
    #[model(table = "people")]
    struct Other {
        #[model(partition_key)]
        id: String,
    }
    let other = Other::on(table.client()).open().unwrap();
    let error = other.create_if_missing().await.unwrap_err();
    assert!(error.kind().to_string().contains("the key (team, number), and the model has (id)"), "{error:?}");
    let _ = Other::from_map(Other { id: "a".to_owned() }.to_map().unwrap()).unwrap();
    assert!(table.exists().await.unwrap());
    table.delete_table().await.unwrap();
    assert!(!table.exists().await.unwrap());
}
