//! AWS's vectors for all clients: values, configurations, records and queries. What is asked of sealed tables comes out as
//! it does of a plain one.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue as SdkValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use dynaseal_client::{SealedPages, SealedTable, Sealer, SendSealed, value};
use dynaseal_core::{AttributeValue, BeaconKey, CryptoAction, Item, ItemEncryptor, RawAesKeyring, TableConfig};
use dynaseal_search::{BeaconKeys, CompoundBeacon, SearchConfig, StandardBeacon};
use dynaseal_testkit::vectors;
use serde_json::Value;

const PLAIN: &str = "plain";
const KEY: &str = "RecNum";

struct Vectors {
    data: Value,
    configs: Value,
    records: Vec<Item>,
}

fn read() -> Option<Vectors> {
    let records = vectors::read("dbesdk/records.json")?;
    let records = records["Records"].as_array().unwrap().iter().map(vectors::shorthand_item).collect();
    let configs = vectors::read("dbesdk/configs.json")?["tableEncryptionConfigs"].take();
    Some(Vectors { data: vectors::read("dbesdk/data.json")?, configs, records })
}

/// A sealed table of a configuration of the vectors; `None` for the one without anything, which is a plain table.
fn sealer(name: &str, config: &Value) -> Option<Sealer> {
    let actions = config["attributeActionsOnEncrypt"].as_object()?;
    // All configurations are of one table.
    let mut table = TableConfig::builder("vectors", KEY);
    for (attribute, action) in actions.iter().filter(|(attribute, _)| *attribute != KEY) {
        table = table.action(attribute, action.as_str().unwrap().parse::<CryptoAction>().unwrap());
    }
    let unsigned = config["allowedUnsignedAttributes"].as_array().into_iter().flatten();
    let table = table.unsigned(unsigned.map(|name| name.as_str().unwrap())).build().unwrap();
    let keyring = RawAesKeyring::new("vectors", "key-1", &[7; 32]).unwrap();
    let sealed = SealedTable::new(name, ItemEncryptor::new(table, keyring));
    let Some(version) = config.get("search").map(|search| &search["versions"][0]) else {
        return Some(Sealer::of_table(sealed));
    };
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let mut search = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32]).unwrap()));
    for beacon in list(version, "standardBeacons") {
        let length = u8::try_from(beacon["Length"].as_u64().unwrap()).unwrap();
        search = search.standard(StandardBeacon::new(text(&beacon, "Name"), length));
    }
    for beacon in list(version, "compoundBeacons") {
        let split = text(&beacon, "Split").chars().next().unwrap();
        let mut compound = CompoundBeacon::new(text(&beacon, "Name"), split);
        for part in list(&beacon, "Signed") {
            compound = compound.signed(text(&part, "Name"), text(&part, "Prefix"));
        }
        for part in list(&beacon, "Encrypted") {
            compound = compound.encrypted(text(&part, "Name"), text(&part, "Prefix"));
        }
        search = search.compound(compound);
    }
    Some(Sealer::of_table(sealed.with_search(search).unwrap()))
}

async fn create(client: &Client, name: &str) {
    let attribute = AttributeDefinition::builder().attribute_name(KEY).attribute_type(ScalarAttributeType::N);
    let key = KeySchemaElement::builder().attribute_name(KEY).key_type(KeyType::Hash);
    let create = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    let create = create.attribute_definitions(attribute.build().unwrap()).key_schema(key.build().unwrap());
    create.send().await.unwrap();
}

async fn put(client: &Client, table: &str, sealer: Option<&Sealer>, item: &Item) {
    let put = client.put_item().table_name(table).set_item(Some(value::to_sdk(item.clone())));
    match sealer {
        Some(sealer) => put.send_sealed(sealer).await.map(drop).unwrap(),
        None => put.send().await.map(drop).unwrap(),
    }
}

/// Only the values that an expression uses.
fn values(data: &Value, text: &str) -> HashMap<String, SdkValue> {
    let words: Vec<&str> = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == ':')).collect();
    let used = data["Values"].as_object().unwrap().iter().filter(|(name, _)| words.contains(&name.as_str()));
    let item: serde_json::Map<_, _> = used.map(|(name, value)| (name.clone(), value.clone())).collect();
    value::to_sdk(vectors::shorthand_item(&Value::Object(item)))
}

/// What a query of the vectors finds; `None` if it is refused.
async fn ask(client: &Client, table: &str, sealer: Option<&Sealer>, query: &Value, data: &Value) -> Option<Vec<Item>> {
    let no_sealer = Sealer::new([]).unwrap();
    let sealer = sealer.unwrap_or(&no_sealer);
    let mut items = match (query.get("Key"), query.get("Filter").or_else(|| query.get("Query"))) {
        (Some(key), _) => {
            let key = key.as_str().unwrap();
            let query = client.query().table_name(table).key_condition_expression(key);
            collect(query.set_expression_attribute_values(Some(values(data, key))).sealed_items(sealer)).await?
        }
        (None, filter) => {
            let filter = filter.unwrap().as_str().unwrap();
            let values = Some(values(data, filter)).filter(|values| !values.is_empty());
            let scan = client.scan().table_name(table).filter_expression(filter);
            collect(scan.set_expression_attribute_values(values).sealed_items(sealer)).await?
        }
    };
    items.sort_by_key(number);
    Some(items)
}

async fn collect<E>(
    mut stream: dynaseal_client::SealedStream<Result<HashMap<String, SdkValue>, E>>,
) -> Option<Vec<Item>> {
    let mut items = Vec::new();
    while let Some(item) = stream.next().await {
        items.push(value::from_sdk(item.ok()?).unwrap());
    }
    Some(items)
}

fn number(item: &Item) -> u64 {
    match &item[KEY] {
        AttributeValue::N(number) => number.parse().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn queries() {
    let Some(vectors) = read() else { return };
    let client = dynaseal_local::memory().unwrap();
    create(&client, PLAIN).await;
    for record in &vectors.records {
        put(&client, PLAIN, None, record).await;
    }
    let (mut asked, mut refused) = (0, 0);
    for (name, config) in vectors.configs.as_object().unwrap() {
        let table = format!("table-{name}");
        let sealer = sealer(&table, config);
        create(&client, &table).await;
        for record in &vectors.records {
            put(&client, &table, sealer.as_ref(), record).await;
        }
        for query in vectors.data["Queries"].as_array().unwrap() {
            let is_refused = query["Fail"].as_array().is_some_and(|fail| fail.iter().any(|config| config == name));
            let expected = ask(&client, PLAIN, None, query, &vectors.data).await.unwrap();
            match (ask(&client, &table, sealer.as_ref(), query, &vectors.data).await, is_refused) {
                (Some(found), false) => {
                    assert_eq!(found.len(), expected.len(), "{name}: {query}");
                    assert!(found.iter().zip(&expected).all(|(a, b)| vectors::same(a, b)), "{name}: {query}");
                    asked += 1;
                }
                (None, true) => refused += 1,
                (found, _) => panic!("{name}: {query}: {found:?}"),
            }
        }
        for complex in vectors.data["Complex"].as_array().unwrap().iter().filter(|of| of["Config"] == **name) {
            for query in complex["Queries"].as_array().unwrap() {
                let found = ask(&client, &table, sealer.as_ref(), query, &vectors.data).await.unwrap_or_default();
                let is_found = |number: &Value| {
                    found.iter().any(|item| super::data_json::number(item) == number.as_u64().unwrap())
                };
                assert!(query["Pass"].as_array().into_iter().flatten().all(is_found), "{query}: {found:?}");
                assert!(!query["Fail"].as_array().into_iter().flatten().any(is_found), "{query}: {found:?}");
                asked += 1;
            }
        }
    }
    assert_eq!((asked, refused), (164, 7));
}

/// What is written by one configuration is read by another.
#[tokio::test]
async fn pairs_of_configurations() {
    let Some(vectors) = read() else { return };
    for pair in vectors.data["IoPairs"].as_array().unwrap() {
        let client = dynaseal_local::memory().unwrap();
        create(&client, "shared").await;
        let config = |place: usize| sealer("shared", &vectors.configs[pair[place].as_str().unwrap()]).unwrap();
        let (writer, reader) = (config(0), config(1));
        for record in &vectors.records {
            put(&client, "shared", Some(&writer), record).await;
            let key = value::to_sdk(Item::from([(KEY.to_owned(), record[KEY].clone())]));
            let get = client.get_item().table_name("shared").set_key(Some(key));
            let got = get.send_sealed(&reader).await.unwrap().item.unwrap();
            assert!(vectors::same(&value::from_sdk(got).unwrap(), record), "{pair}");
        }
        let all = collect(client.scan().table_name("shared").sealed_items(&reader)).await.unwrap();
        assert_eq!(all.len(), vectors.records.len());
    }
}

#[tokio::test]
async fn round_trips() {
    let Some(vectors) = read() else { return };
    let test = &vectors.data["RoundTripTest"];
    for (name, config) in test["Configs"].as_object().unwrap() {
        let client = dynaseal_local::memory().unwrap();
        create(&client, name).await;
        let sealer = sealer(name, config).unwrap();
        for record in test["Records"].as_array().unwrap() {
            // The vectors write NULL as a text.
            let mut record = record.clone();
            if let Some(null) = record.get_mut("Null") {
                *null = serde_json::json!({"NULL": true});
            }
            let record = vectors::shorthand_item(&record);
            put(&client, name, Some(&sealer), &record).await;
            let key = value::to_sdk(Item::from([(KEY.to_owned(), record[KEY].clone())]));
            let got = client.get_item().table_name(name).set_key(Some(key)).send_sealed(&sealer).await.unwrap();
            assert!(vectors::same(&value::from_sdk(got.item.unwrap()).unwrap(), &record), "{name}: {record:?}");
        }
    }
}

/// Strings are ordered as DynamoDB orders them, also where UTF-16 orders them in another way.
#[tokio::test]
async fn order_of_strings() {
    let Some(vectors) = read() else { return };
    let strings: Vec<&str> =
        vectors.data["Strings"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    let client = dynaseal_local::memory().unwrap();
    create(&client, PLAIN).await;
    create(&client, "sealed").await;
    let config = serde_json::json!({
        "attributeActionsOnEncrypt": {"Secret": "ENCRYPT_AND_SIGN", "Text": "SIGN_ONLY"},
        "search": {"versions": [{
            "standardBeacons": [{"Name": "Secret", "Length": 2}],
            "compoundBeacons": [{"Name": "Joint", "Split": "|", "Signed": [{"Name": "Text", "Prefix": "T"}],
                                 "Encrypted": [{"Name": "Secret", "Prefix": "S"}]}]
        }]}
    });
    let sealer = sealer("sealed", &config).unwrap();
    for (number, text) in strings.iter().enumerate() {
        let item = |more: &[(&str, String)]| -> Item {
            let more = more.iter().map(|(name, text)| ((*name).to_owned(), AttributeValue::S(text.clone())));
            more.chain([(KEY.to_owned(), AttributeValue::N(number.to_string()))]).collect()
        };
        let both = format!("T{text}|Ssecret");
        let plain = [("Text", (*text).to_owned()), ("Secret", "secret".to_owned()), ("Joint", both)];
        put(&client, PLAIN, None, &item(&plain)).await;
        put(&client, "sealed", Some(&sealer), &item(&plain[..2])).await;
    }
    for operator in ["<", "<=", ">", ">="] {
        for text in &strings {
            // The second filter is asked again of the opened items, for the value of the first is a beacon.
            for filter in [format!("Joint {operator} :t"), format!("Secret = :s AND Joint {operator} :t")] {
                let mut values = HashMap::from([(":t".to_owned(), SdkValue::S(format!("T{text}")))]);
                if filter.contains(":s") {
                    values.insert(":s".to_owned(), SdkValue::S("secret".to_owned()));
                }
                let scan = |table: &str| {
                    let scan = client.scan().table_name(table).filter_expression(&filter);
                    scan.set_expression_attribute_values(Some(values.clone()))
                };
                let numbers = |items: Vec<Item>| {
                    let mut numbers: Vec<u64> = items.iter().map(number).collect();
                    numbers.sort_unstable();
                    numbers
                };
                let plain = collect(scan(PLAIN).sealed_items(&Sealer::new([]).unwrap())).await.unwrap();
                let sealed = collect(scan("sealed").sealed_items(&sealer)).await.unwrap();
                assert_eq!(numbers(sealed), numbers(plain), "{filter}: {text:?}");
            }
        }
    }
}
