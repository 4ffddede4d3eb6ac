//! What comes back is the item that was asked for, or it is refused.

use dynaseal::model::{Decimal, Model, ModelError, ModelErrorKind, Table};
use serde_json::{Value, json};

use crate::keys;
use crate::line::{Act, Db};

macro_rules! worlds {
    ($($name:ident: [$($id:tt)*];)*) => {$(
        #[tokio::test]
        async fn $name() {
            #[derive(Model, Clone, PartialEq)]
            #[model(table = "identity")]
            struct Row {
                #[model(partition_key $($id)*)]
                id: String,
                #[model(sort_key)]
                at: Decimal,
                #[model(seal = "deterministic")]
                text: String,
                #[model(version)]
                version: u64,
            }

            let row = |id: &str, at: &str| Row { id: id.to_owned(), at: at.parse().unwrap(), text: format!("of {id}"), version: 0 };
            let (db, client) = Db::new();
            let table: Table<Row> = Row::on(&client).attribute_keys(&keys()).open().unwrap();
            table.create().await.unwrap();
            let (mut mine, mut other, mut sibling) = (row("mine", "1.5"), row("other", "1.5"), row("mine", "2"));
            for item in [&mut mine, &mut other, &mut sibling] {
                table.save(item).await.unwrap();
            }
            let key = || ("mine", "1.5".parse::<Decimal>().unwrap());
            // The other's genuine row in place of this one, and the one of the same partition.
            for wrong in [&other, &sibling] {
                let stored = table.to_stored(wrong).unwrap();
                let stored: Value = stored.into_iter().map(|(name, value)| (name, json_of(&value))).collect();
                let answer = move |with: fn(&Value) -> Value| {
                    let body = with(&stored).to_string();
                    move |_: &Db, _: &Value| Act::Reply(dynaseal::local::Reply { status: 200, body })
                };
                db.once("GetItem", answer(|row| json!({"Item": row})));
                refused(table.get(key()).await);
                db.once("GetItem", answer(|row| json!({"Item": row})));
                refused(table.get(key()).consistent().await);
                db.once("GetItem", answer(|row| json!({"Item": row})));
                refused(table.refresh(&mut mine.clone()).await);
                db.once("GetItem", answer(|row| json!({"Item": row})));
                refused(table.stored(&mine).await);
                db.once("BatchGetItem", answer(|row| json!({"Responses": {"identity": [row]}, "UnprocessedKeys": {}})));
                refused(table.get_many([key()]).await);
                db.once("TransactGetItems", answer(|row| json!({"Responses": [{"Item": row}]})));
                refused(table.transact_get([key()]).await);
                db.once("TransactGetItems", answer(|row| json!({"Responses": [{}, {"Item": row}]})));
                refused(table.transact_get([("none", "1".parse::<Decimal>().unwrap()), key()]).await);

                // It was done, and what came back is another one.
                db.once("UpdateItem", answer(|row| json!({"Attributes": row})));
                refused_after(table.update_by_key(key()).set(Row::text(), "new").await);
                db.once("UpdateItem", answer(|row| json!({"Attributes": row})));
                refused_after(table.update(&mut mine.clone()).set(Row::text(), "new").await);
                db.once("DeleteItem", answer(|row| json!({"Attributes": row})));
                refused_after(table.delete(&mine).await);
            }
            // Answers for another number of items.
            for responses in [json!([]), json!([{}, {}])] {
                let body = json!({"Responses": responses}).to_string();
                db.once("TransactGetItems", |_, _| Act::Reply(dynaseal::local::Reply { status: 200, body }));
                assert!(table.transact_get([key()]).await.is_err());
            }
            db.unhook();
            assert!(table.get(key()).await.unwrap().unwrap() == mine);
            assert_eq!(mine.text, "of mine");
        }
    )*};
}

worlds! {
    readable_keys: [];
    sealed_keys: [, seal = "deterministic"];
}

fn json_of(value: &aws_sdk_dynamodb::types::AttributeValue) -> Value {
    use aws_sdk_dynamodb::types::AttributeValue;
    match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(number) => json!({"N": number}),
        AttributeValue::B(bytes) => json!({"B": base64(bytes.as_ref())}),
        other => panic!("{other:?}"),
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = char::from(LETTERS[bits >> (18 - 6 * place) & 63]);
            text.push(if place <= chunk.len() { letter } else { '=' });
        }
    }
    text
}

fn refused<T>(result: Result<T, ModelError>) {
    let Err(error) = result else { panic!("it was taken for the one that was asked for") };
    assert!(matches!(error.kind(), ModelErrorKind::OtherItem { .. }), "{error:?}");
    assert!(error.kind().to_string().contains("another item came back, (id = "), "{error:?}");
}

fn refused_after<T>(result: Result<T, ModelError>) {
    let Err(error) = result else { panic!("it was taken for the one that was asked for") };
    let ModelErrorKind::Done(why) = error.kind() else { panic!("{error:?}") };
    assert!(matches!(**why, ModelErrorKind::OtherItem { .. }), "{error:?}");
}

/// DynamoDB gives numbers back in a spelling of its own.
#[tokio::test]
async fn a_number_in_another_spelling_is_the_same_key() {
    #[derive(Model, Clone, PartialEq)]
    #[model(table = "spelling")]
    struct Row {
        #[model(partition_key)]
        id: u32,
    }
    let (db, client) = Db::new();
    let table = Row::on(&client).open().unwrap();
    table.create().await.unwrap();
    table.save(&mut Row { id: 100 }).await.unwrap();
    for number in ["1e2", "100.0"] {
        let spelled = move |body: Value| {
            move |_: &Db, _: &Value| Act::Reply(dynaseal::local::Reply { status: 200, body: body.to_string() })
        };
        let item = || json!({"id": {"N": number}});
        // What is no whole number for the field is told as that; the key is the same.
        let told = |error: ModelError| assert!(!matches!(error.kind(), ModelErrorKind::OtherItem { .. }), "{error:?}");
        db.once("GetItem", spelled(json!({"Item": item()})));
        table.get(100_u32).await.map_or_else(told, |found| assert_eq!(found, Some(Row { id: 100 })));
        db.once("BatchGetItem", spelled(json!({"Responses": {"spelling": [item()]}, "UnprocessedKeys": {}})));
        table.get_many([100_u32]).await.map_or_else(told, |found| assert_eq!(found, [Some(Row { id: 100 })]));
    }
}
