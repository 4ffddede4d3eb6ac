//! Several roots, and moving to another.

use dynaseal::AttributeKeys;
use dynaseal::model::{Model, Resealed, Table, Transaction};

use crate::line::Db;
use crate::{keys, root};

#[derive(Model, Clone, PartialEq)]
#[model(table = "notes")]
struct Note {
    #[model(partition_key)]
    id: u32,
    #[model(seal)]
    text: String,
    #[model(seal = "deterministic")]
    author: Option<String>,
    likes: u32,
}

#[derive(Model, Clone, PartialEq)]
#[model(table = "mails")]
struct Mail {
    #[model(partition_key, seal = "deterministic")]
    address: String,
    #[model(sort_key)]
    number: u32,
    #[model(seal)]
    text: String,
}

fn note(id: u32) -> Note {
    Note {
        id,
        text: format!("text {id}"),
        author: (!id.is_multiple_of(3)).then(|| format!("author {}", id % 2)),
        likes: 0,
    }
}

fn after() -> AttributeKeys {
    AttributeKeys::new(root("2027", 9)).and_reads(root("2026", 7)).unwrap()
}

async fn resealed<M: Model>(table: &Table<M>) -> (u64, u64, u64) {
    let Resealed { examined, moved, contended, errors, .. } = table.reseal().await.unwrap();
    assert!(errors.is_empty(), "{errors:?}");
    (examined, moved, contended)
}

#[tokio::test]
async fn everything_moves_to_the_active_root() {
    let old = Note::on(&dynaseal::local::memory().unwrap()).attribute_keys(&keys()).open().unwrap();
    old.create().await.unwrap();
    for id in 0..30 {
        old.save(&mut note(id)).await.unwrap();
    }
    let both = Note::on(old.client()).attribute_keys(&after()).open().unwrap();
    for id in 30..40 {
        both.save(&mut note(id)).await.unwrap();
    }
    // What the model does not know stays.
    let extra = old.client().update_item().table_name("notes").key("id", n("3")).update_expression("SET extra = :e");
    extra.expression_attribute_values(":e", s("kept")).send().await.unwrap();

    assert_eq!(both.scan().filter(Note::author().eq("author 1".to_owned())).count().await.unwrap(), 13);
    assert_eq!(resealed(&both).await, (40, 30, 0));
    assert_eq!(resealed(&both).await, (40, 0, 0));
    let new = Note::on(old.client()).attribute_keys(&AttributeKeys::new(root("2027", 9))).open().unwrap();
    let mut found = new.scan().items().all().await.unwrap();
    found.sort_by_key(|note| note.id);
    assert!(found == (0..40).map(note).collect::<Vec<_>>());
    assert_eq!(new.scan().filter(Note::author().eq("author 1".to_owned())).count().await.unwrap(), 13);
    assert_eq!(new.stored(&note(3)).await.unwrap().unwrap()["extra"], s("kept"));
    let error = old.get(1_u32).await.unwrap_err();
    assert!(format!("{:?}", error.kind()).contains("2027"), "{error:?}");
}

#[tokio::test]
async fn sealed_keys_move_in_one_step() {
    let old = Mail::on(&dynaseal::local::memory().unwrap()).attribute_keys(&keys()).open().unwrap();
    old.create().await.unwrap();
    let mail = |number| Mail { address: format!("{}@example.com", number % 2), number, text: format!("text {number}") };
    for number in 0..10 {
        old.save(&mut mail(number)).await.unwrap();
    }
    let both = Mail::on(old.client()).attribute_keys(&after()).open().unwrap();
    let (_, moved, _) = resealed(&both).await;
    assert_eq!(moved, 10);
    let new = Mail::on(old.client()).attribute_keys(&AttributeKeys::new(root("2027", 9))).open().unwrap();
    assert_eq!(new.scan().count().await.unwrap(), 10);
    assert_eq!(new.query("1@example.com").items().all().await.unwrap(), [1, 3, 5, 7, 9].map(mail));
}

#[tokio::test]
async fn items_under_older_keys_are_written_and_deleted_in_place() {
    #[derive(Model, Clone, PartialEq)]
    #[model(table = "users")]
    struct User {
        #[model(partition_key, seal = "deterministic")]
        email: String,
        #[model(seal)]
        name: String,
        #[model(version)]
        version: u64,
    }
    let user = |email: &str| User { email: email.to_owned(), name: "Ada".to_owned(), version: 0 };
    let old = User::on(&dynaseal::local::memory().unwrap()).attribute_keys(&keys()).open().unwrap();
    old.create().await.unwrap();
    for email in ["a", "b", "c", "d", "e"] {
        old.save(&mut user(email)).await.unwrap();
    }
    let both = User::on(old.client()).attribute_keys(&after()).open().unwrap();

    // Read under the old key, written under the new one, and there once.
    let mut a = both.get("a").await.unwrap().unwrap();
    a.name = "Eve".to_owned();
    both.save(&mut a).await.unwrap();
    assert_eq!((a.version, both.scan().count().await.unwrap()), (2, 5));
    assert_eq!(both.get("a").await.unwrap().unwrap().name, "Eve");
    assert!(old.get("a").await.unwrap().is_none());
    // One that is new is refused where there is one, under whichever key.
    assert!(both.save(&mut user("b")).await.unwrap_err().is_version_conflict());
    let mut stale = both.get("b").await.unwrap().unwrap();
    let mut b = stale.clone();
    both.save(&mut b).await.unwrap();
    assert!(both.save(&mut stale).await.unwrap_err().is_version_conflict());
    let unique = both.save(&mut user("c")).condition(User::email().not_exists()).await.unwrap_err();
    assert!(unique.is_condition(), "{unique:?}");

    // Transactions and batches likewise.
    let c = both.get("c").await.unwrap().unwrap();
    let mut d = both.get("d").await.unwrap().unwrap();
    let exists = User::name().exists();
    Transaction::new().delete(&both, &c).save(&both, &mut d).check(&both, "e", exists).send().await.unwrap();
    assert_eq!(both.scan().count().await.unwrap(), 4);
    let absent = User::email().not_exists();
    let error = Transaction::new().check(&both, "e", absent).save(&both, &mut d).send().await.unwrap_err();
    assert!(error.is_condition(), "{error:?}");
    let e = both.get("e").await.unwrap().unwrap();
    assert!(both.delete(&e).await.unwrap().is_some());
    assert_eq!(resealed(&both).await, (3, 0, 0));
}

#[tokio::test]
async fn a_broken_item_does_not_stop_the_others() {
    let old = Note::on(&dynaseal::local::memory().unwrap()).attribute_keys(&keys()).open().unwrap();
    old.create().await.unwrap();
    for id in 0..5 {
        old.save(&mut note(id)).await.unwrap();
    }
    for (id, value) in
        [("1", s("readable")), ("2", aws_sdk_dynamodb::types::AttributeValue::B(b"noise".as_slice().into()))]
    {
        let update =
            old.client().update_item().table_name("notes").key("id", n(id)).update_expression("SET author = :a");
        update.expression_attribute_values(":a", value).send().await.unwrap();
    }
    let both = Note::on(old.client()).attribute_keys(&after()).open().unwrap();
    let done = both.reseal().await.unwrap();
    assert_eq!((done.examined, done.moved, done.contended, done.refused), (5, 3, 0, 2));
    assert_eq!(done.errors.len(), 2);
    assert!(done.errors.iter().all(|error| error.key().is_some()), "{:?}", done.errors);
}

/// JSON of any type, as it was written elsewhere.
macro_rules! papers {
    ($name:ident, $json:ty) => {
        #[derive(Model)]
        #[model(table = "papers")]
        struct $name {
            #[model(partition_key)]
            id: u8,
            #[model(seal, with = "json")]
            json: $json,
            #[model(seal)]
            number: f64,
        }
    };
}

papers!(Untyped, serde_json::Value);
papers!(Typed, Typing);

#[derive(serde::Serialize, serde::Deserialize)]
struct Typing {
    id: u128,
    share: f64,
}

#[tokio::test]
async fn no_number_changes_by_moving() {
    const BIG: &str = "123456789012345678901234567890";
    const FLOAT: &str = "0.36155180001546683";
    // Sealed by a program of one's own, with the spaces that Python writes.
    let written = format!(r#"{{"share": {FLOAT}, "id": {BIG}}}"#);
    for (bytes, number) in
        [(7_u8, "0.1000000000000000055511151231257827"), (7, "12345678901234567890123456789012345678")]
    {
        let keys = AttributeKeys::new(root("2026", bytes));
        let client = dynaseal::local::memory().unwrap();
        let table = Untyped::on(&client).attribute_keys(&keys).open().unwrap();
        table.create().await.unwrap();
        let key = dynaseal::AttributeValue::N("1".to_owned());
        let binding = dynaseal::ItemBinding::new(("id", &key), None).unwrap();
        let seal = |name: &str, value: dynaseal::AttributeValue| {
            let sealed = keys.randomised("papers", name).unwrap().seal(&value, &binding).unwrap();
            aws_sdk_dynamodb::types::AttributeValue::B(sealed.into())
        };
        let put = client
            .put_item()
            .table_name("papers")
            .item("id", n("1"))
            .item("json", seal("json", written.as_str().into()));
        put.item("number", seal("number", dynaseal::AttributeValue::N(number.to_owned()))).send().await.unwrap();

        let after = AttributeKeys::new(root("2027", 9)).and_reads(root("2026", bytes)).unwrap();
        let open = |item: &std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>, name: &str| {
            let stored = item[name].as_b().unwrap().as_ref().to_vec();
            after.randomised("papers", name).unwrap().open(&stored, &binding).unwrap()
        };
        let stored = || async {
            let found = client.get_item().table_name("papers").key("id", n("1")).send().await.unwrap();
            found.item.unwrap()
        };
        // By a type that does not keep the digits, the text stays as it is.
        let both = Untyped::on(&client).attribute_keys(&after).open().unwrap();
        assert_eq!(resealed(&both).await, (1, 1, 0));
        let item = stored().await;
        assert_eq!(open(&item, "json"), written.as_str().into());
        assert_eq!(open(&item, "number"), dynaseal::AttributeValue::N(number.to_owned()));
        let error = both.get(1).await.unwrap_err();
        assert!(error.kind().to_string().contains("more digits than"), "{error:?}");

        // By one that does, only order and spaces change.
        let last = AttributeKeys::new(root("2028", 5)).and_reads(root("2027", 9)).unwrap();
        let typed = Typed::on(&client).attribute_keys(&last).open().unwrap();
        assert_eq!(resealed(&typed).await, (1, 1, 0));
        let item = stored().await;
        let sealed = item["json"].as_b().unwrap().as_ref();
        let json = last.randomised("papers", "json").unwrap().open(sealed, &binding).unwrap();
        assert_eq!(json, format!(r#"{{"id":{BIG},"share":{FLOAT}}}"#).as_str().into());
        let sealed = item["number"].as_b().unwrap().as_ref();
        let kept = last.randomised("papers", "number").unwrap().open(sealed, &binding).unwrap();
        assert_eq!(kept, dynaseal::AttributeValue::N(number.to_owned()));
    }
}

#[tokio::test]
async fn live_writers_lose_nothing() {
    let old = Note::on(&dynaseal::local::memory().unwrap()).attribute_keys(&keys()).open().unwrap();
    old.create().await.unwrap();
    for id in 0..60 {
        old.save(&mut note(id)).await.unwrap();
    }
    let both = Note::on(old.client()).attribute_keys(&after()).open().unwrap();
    let writer = both.clone();
    // Readable attributes, and sealed ones, of items in all states.
    let writing = tokio::spawn(async move {
        for round in 1_u32..=3 {
            for id in 0_u32..60 {
                let update = writer.update_by_key(id).set(Note::likes(), round);
                update.set(Note::text(), format!("round {round} of {id}")).await.unwrap();
            }
        }
    });
    let mut contended = 1;
    while contended > 0 {
        let done = both.reseal().await.unwrap();
        contended = done.contended;
        tokio::task::yield_now().await;
    }
    writing.await.unwrap();
    resealed(&both).await;
    let new = Note::on(old.client()).attribute_keys(&AttributeKeys::new(root("2027", 9))).open().unwrap();
    let found = new.scan().items().all().await.unwrap();
    assert_eq!(found.len(), 60);
    for note in found {
        assert_eq!((note.likes, note.text), (3, format!("round 3 of {}", note.id)));
    }
}

fn n(number: &str) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::N(number.to_owned())
}

fn s(text: &str) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned())
}

/// Somebody else writes between reading and writing: nothing of that is lost, and the report says so.
#[tokio::test]
async fn what_others_write_meanwhile_is_kept_and_counted() {
    let (db, client) = Db::new();
    let old = Note::on(&client).attribute_keys(&keys()).open().unwrap();
    old.create().await.unwrap();
    for id in 0..3 {
        old.save(&mut note(id)).await.unwrap();
    }
    let both = Note::on(&client).attribute_keys(&after()).open().unwrap();
    let theirs = old.stored(&Note { text: "another".to_owned(), ..note(1) }).await.unwrap().unwrap();
    let mut theirs_json = None;
    db.sent();
    old.client().put_item().table_name("notes").set_item(Some(theirs)).send().await.unwrap();
    for (name, body) in db.sent() {
        theirs_json = (name == "PutItem").then_some(body).or(theirs_json);
    }
    let mut theirs = theirs_json.unwrap();
    // Their text is sealed under the older root, as from a program that does not know the new one yet.
    theirs["Item"]["text"] = theirs["Item"]["author"].clone();
    db.once("UpdateItem", move |db, body| {
        let mut theirs = theirs;
        theirs["Item"]["id"] = body["Key"]["id"].clone();
        db.call("PutItem", &theirs);
        crate::line::Act::Pass
    });
    let done = both.reseal().await.unwrap();
    assert_eq!((done.examined, done.moved, done.contended, done.refused), (3, 2, 1, 0));

    // A key that is sealed moves: all of the row has to be what was read.
    let (db, client) = Db::new();
    let old = Mail::on(&client).attribute_keys(&keys()).open().unwrap();
    old.create().await.unwrap();
    for number in 0..2 {
        let mut mail = Mail { address: "a@example.com".to_owned(), number, text: format!("text {number}") };
        old.save(&mut mail).await.unwrap();
    }
    let both = Mail::on(&client).attribute_keys(&after()).open().unwrap();
    db.once("TransactWriteItems", |db, body| {
        let key = body["TransactItems"][0]["Delete"]["Key"].clone();
        let values = serde_json::json!({":t": {"B": "AAAA"}});
        let update = serde_json::json!({
            "TableName": "mails", "Key": key, "UpdateExpression": "SET #t = :t",
            "ExpressionAttributeNames": {"#t": "text"}, "ExpressionAttributeValues": values,
        });
        db.call("UpdateItem", &update);
        crate::line::Act::Pass
    });
    let done = both.reseal().await.unwrap();
    assert_eq!((done.examined, done.moved, done.contended, done.refused), (2, 1, 1, 0));
    let rows = client.scan().table_name("mails").send().await.unwrap().items.unwrap();
    let theirs = rows.iter().filter(|row| row["text"].as_b().unwrap().as_ref() == [0, 0, 0]);
    assert_eq!((rows.len(), theirs.count()), (2, 1), "what was written meanwhile is there");
}

#[tokio::test]
async fn as_many_errors_are_kept_as_are_said() {
    let old = Note::on(&dynaseal::local::memory().unwrap()).attribute_keys(&keys()).open().unwrap();
    old.create().await.unwrap();
    for id in 0..102 {
        old.save(&mut note(id)).await.unwrap();
    }
    let other = AttributeKeys::new(root("2027", 9)).and_reads(root("2025", 1)).unwrap();
    let other = Note::on(old.client()).attribute_keys(&other).open().unwrap();
    let done = other.reseal().await.unwrap();
    assert_eq!((done.examined, done.moved, done.refused, done.errors.len()), (102, 0, 102, 100));
}

/// A type that writes a text in another way than it was read: what is resealed is what was there.
#[tokio::test]
async fn a_text_is_not_changed_by_what_its_type_would_write() {
    use dynaseal::AttributeValue;
    use dynaseal::model::{Attribute, Unfit};
    /// Reads addresses in any case, and writes small letters.
    #[derive(Clone, PartialEq)]
    struct Lower(String);
    impl Attribute for Lower {
        fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
            self.0.to_value()
        }
        fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
            Ok(Self(String::from_value(value)?.to_lowercase()))
        }
    }
    #[derive(Model, Clone, PartialEq)]
    #[model(table = "notes")]
    struct Lowered {
        #[model(partition_key)]
        id: u32,
        #[model(seal)]
        text: Lower,
        likes: u32,
    }
    let old = Note::on(&dynaseal::local::memory().unwrap()).attribute_keys(&keys()).open().unwrap();
    old.create().await.unwrap();
    old.save(&mut Note { text: "Ada@Example.com".to_owned(), author: None, ..note(1) }).await.unwrap();
    let lowered = Lowered::on(old.client()).attribute_keys(&after()).open().unwrap();
    assert_eq!(resealed(&lowered).await, (1, 1, 0));
    let new = Note::on(old.client()).attribute_keys(&AttributeKeys::new(root("2027", 9))).open().unwrap();
    assert_eq!(new.get(1_u32).await.unwrap().unwrap().text, "Ada@Example.com");
}
