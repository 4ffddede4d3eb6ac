//! Values of pynamodb_mate that a model may still read: each kind is found by equality as Python wrote it, and what is in the
//! new format is never taken for an older value, nor the other way round.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal::legacy::pynamodb_mate::{Key, Kind, Mode, Number, Value};
use dynaseal::model::{Decimal, Model, ModelErrorKind, Table};
use dynaseal::{AttributeValue, SystemRandom};

use crate::keys;

#[derive(Model, Clone, PartialEq)]
#[model(table = "older")]
struct Older {
    #[model(partition_key)]
    id: u32,
    #[model(seal = "deterministic", also_reads = "pynamodb_mate")]
    text: Option<String>,
    #[model(seal = "deterministic", also_reads = "pynamodb_mate")]
    bytes: Option<Vec<u8>>,
    #[model(seal = "deterministic", also_reads = "pynamodb_mate")]
    whole: Option<i64>,
    #[model(seal = "deterministic", also_reads = "pynamodb_mate")]
    exact: Option<Decimal>,
    #[model(seal = "deterministic", with = "json", also_reads = "pynamodb_mate")]
    json: Option<Vec<u8>>,
}

const PASSPHRASE: &str = "my-password";

async fn table() -> Table<Older> {
    let client = dynaseal::local::memory().unwrap();
    let table = Older::on(&client).attribute_keys(&keys()).pynamodb_mate(PASSPHRASE).open().unwrap();
    table.create().await.unwrap();
    table
}

async fn put(table: &Table<Older>, id: u32, name: &str, stored: Vec<u8>) {
    let put = table.client().put_item().table_name("older").item("id", SdkValue::N(id.to_string()));
    put.item(name, SdkValue::B(Blob::new(stored))).send().await.unwrap();
}

fn python(value: &Value) -> Vec<u8> {
    Key::from_passphrase(PASSPHRASE).insecure_seal(Mode::Deterministic, value, &SystemRandom).unwrap()
}

#[tokio::test]
async fn each_kind_is_found_by_equality() {
    let table = table().await;
    let number = |number: f64| Value::Number(Number::from(number));
    let whole = |number: i64| Value::Number(Number::from(number));
    let values = [
        ("text", Value::Text("Ada".to_owned())),
        ("bytes", Value::Binary(vec![1, 2, 3])),
        ("whole", whole(7)),
        ("whole", number(7.0)),
        ("whole", whole(0)),
        ("whole", number(0.0)),
        ("whole", number(-0.0)),
        ("exact", number(0.1)),
        ("exact", whole(100)),
        ("json", Value::Json("[1, 2]".parse().unwrap())),
    ];
    for (id, (name, value)) in (0..).zip(&values) {
        put(&table, id, name, python(value)).await;
    }
    macro_rules! found {
        ($column:ident, $value:expr) => {{
            let found = table.scan().filter(Older::$column().eq($value)).items().all().await.unwrap();
            let mut ids: Vec<u32> = found.iter().map(|item| item.id).collect();
            ids.sort_unstable();
            ids
        }};
    }
    assert_eq!(found!(text, "Ada".to_owned()), [0]);
    assert_eq!(found!(text, "ada".to_owned()), [0_u32; 0]);
    assert_eq!(found!(bytes, vec![1, 2, 3]), [1]);
    assert_eq!(found!(whole, 7), [2, 3]);
    assert_eq!(found!(whole, 0), [4, 5, 6]);
    assert_eq!(found!(whole, -7), [0_u32; 0]);
    let exact = |text: &str| -> Decimal { text.parse().unwrap() };
    assert_eq!(found!(exact, exact("0.1")), [7]);
    assert_eq!(found!(exact, exact("100")), [8]);
    // Python's 0.1 is the nearest float to this one as well, and was never this one.
    assert_eq!(found!(exact, exact("0.1000000000000000055511151231257827")), [0_u32; 0]);
    assert_eq!(found!(json, vec![1, 2]), [9]);
    assert_eq!(found!(json, vec![2, 1]), [0_u32; 0]);
    // And those that are in the new format, with them.
    table.save(&mut Older { id: 20, ..empty() }).await.unwrap();
    table.save(&mut Older { id: 21, text: Some("Ada".to_owned()), whole: Some(0), ..empty() }).await.unwrap();
    assert_eq!(found!(text, "Ada".to_owned()), [0, 21]);
    assert_eq!(found!(whole, 0), [4, 5, 6, 21]);
}

fn empty() -> Older {
    Older { id: 0, text: None, bytes: None, whole: None, exact: None, json: None }
}

/// One value in some hundred is, in the new format, what the older one would open without a complaint, as noise.
#[tokio::test]
async fn what_is_in_the_new_format_is_never_read_as_an_older_value() {
    let table = table().await;
    let cipher = keys().deterministic("older", "bytes").unwrap();
    let older = Key::from_passphrase(PASSPHRASE);
    // Of a length that the older format can have: whole blocks.
    let around = cipher.seal(&AttributeValue::B(vec![])).unwrap().len();
    let length = 16 - around % 16;
    let opens = |number: &u32| {
        let mut bytes = vec![7; length.max(4)];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        let sealed = cipher.seal(&AttributeValue::B(bytes)).unwrap();
        sealed.len().is_multiple_of(16) && older.open(Kind::Binary, Mode::Deterministic, &sealed).is_ok()
    };
    assert!(length >= 4, "else the number does not fit");
    let number = (0..100_000).find(opens).expect("one in 256");
    let mut bytes = vec![7; length];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    let item = Older { id: 1, bytes: Some(bytes), ..empty() };
    table.save(&mut item.clone()).await.unwrap();
    assert!(table.get(1_u32).await.unwrap().unwrap() == item);
}

#[tokio::test]
async fn what_is_neither_is_refused_as_what_it_looks_like() {
    let table = table().await;
    let item = Older { id: 1, text: Some("a text that is longer than a block".to_owned()), ..empty() };
    table.save(&mut item.clone()).await.unwrap();
    let sealed = table.stored(&item).await.unwrap().unwrap()["text"].as_b().unwrap().as_ref().to_vec();
    put(&table, 1, "text", b"noise of no format, in two blocks".to_vec()).await;
    let error = table.get(1_u32).await.err().unwrap();
    assert!(matches!(error.kind(), ModelErrorKind::Legacy { attribute: "text", .. }), "{error:?}");
    // Cut so that not even its header is whole, it is still a damaged value of the new format.
    put(&table, 1, "text", sealed[..3].to_vec()).await;
    let error = table.get(1_u32).await.err().unwrap();
    assert!(!matches!(error.kind(), ModelErrorKind::Legacy { .. }), "{error:?}");
}
