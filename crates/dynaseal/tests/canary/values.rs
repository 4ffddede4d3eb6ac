//! The library's own types with the canary in them, as whoever builds on the single layers has them in hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use dynaseal::legacy::ddbec;
use dynaseal::legacy::pynamodb_mate::{Integer, Json, Kind, Mode, Number, Object, Value};
use dynaseal::local::Reply;
use dynaseal::ops::operation::{
    BatchGetTable, BatchWriteTable, DeleteItem, GetItem, OpenReasons, PutItem, Query, Scan, TransactGet, TransactWrite,
    UpdateItem, WriteRequest,
};
use dynaseal::ops::update::SealedUpdate;
use dynaseal::ops::{Expressions, Measure, Tables, WriteBack};
use dynaseal::search::QueryRequest;
use dynaseal::search::plan::{self, Sample};
use dynaseal::{
    AttributeKeys, AttributeRoot, AttributeValue, Inspection, Item, ItemBinding, ItemKey, SealedTable, json,
};
use dynaseal_expression::{
    BoundCondition, BoundProjection, BoundUpdate, Condition, ExpressionKind, Placeholders, Projection, Update,
};

use crate::sdk::{TABLE, config, encryptor, table};
use crate::secret::{BYTES, NUMBER, TEXT, plain, shown_in};
use crate::watch::Watch;

pub(crate) async fn printed(watch: &Watch) {
    core(watch).await;
    expressions(watch);
    searches(watch).await;
    operations(watch).await;
    updates(watch).await;
    older_formats(watch);
    watch.debug(&Reply { status: 200, body: TEXT.to_owned() });
}

fn names() -> BTreeMap<String, String> {
    BTreeMap::from([("#m".to_owned(), "map".to_owned()), ("#k".to_owned(), TEXT.to_owned())])
}

fn values() -> Item {
    let set = AttributeValue::Ss(vec![TEXT.to_owned()]);
    [(":c".to_owned(), TEXT.into()), (":n".to_owned(), AttributeValue::N(NUMBER.to_owned())), (":s".to_owned(), set)]
        .into()
}

async fn core(watch: &Watch) {
    let (encryptor, wrong) = (encryptor(7), encryptor(9));
    let sealed = encryptor.encrypt_item(plain("a")).await.unwrap();
    watch.debug(&sealed);
    watch.text("a sealed item", &json::to_string(&sealed.item));
    watch.debug(sealed.header.as_ref().unwrap());
    watch.debug(&encryptor.inspect(&sealed.item).unwrap());
    let inspection = Inspection::new(&sealed.item, Some(&config())).unwrap();
    inspection.attributes.iter().for_each(|attribute| watch.debug(attribute));
    watch.debug(&ItemKey::new(&config(), &plain("a")));
    let prepared = encryptor.prepare(sealed.item.clone()).await.unwrap();
    watch.debug(&prepared);
    let opened = encryptor.open_prepared(prepared).unwrap();
    assert!(shown_in(&json::to_string(&opened.item)).is_some());
    watch.debug(&opened);
    watch.debug(&encryptor);

    let with = |name: &str, value: AttributeValue| {
        let mut item = plain("a");
        item.insert(name.to_owned(), value);
        item
    };
    let number = || AttributeValue::N(TEXT.to_owned());
    for item in [
        with("unknown", TEXT.into()),
        with("aws_dbe_head", TEXT.into()),
        with("text", number()),
        with("map", AttributeValue::M([(TEXT.to_owned(), number())].into())),
        with("texts", AttributeValue::Ss(vec![TEXT.to_owned(); 2])),
        with("bytes", AttributeValue::B(BYTES.repeat(20_000))),
    ] {
        let error = encryptor.encrypt_item(item).await.unwrap_err();
        watch.error(&error);
        watch.error(error.kind());
    }
    for (name, value) in
        [("ward", "south".into()), ("text", TEXT.into()), ("aws_dbe_foot", AttributeValue::B(BYTES.to_vec()))]
    {
        let mut broken = sealed.item.clone();
        broken.insert(name.to_owned(), value);
        watch.error(&encryptor.decrypt_item(broken).await.unwrap_err());
    }
    watch.error(&wrong.decrypt_item(sealed.item).await.unwrap_err());
    watch.error(&encryptor.decrypt_item(plain("a")).await.unwrap_err());

    for text in [
        format!(r#"{{"text":{{"S":{NUMBER}}}}}"#),
        format!(r#"{{"text":{{"{TEXT}":"{TEXT}"}}}}"#),
        format!(r#"{{"map":{{"M":{{"{TEXT}":{{"L":"{TEXT}"}}}}}}}}"#),
        format!(r#"{{"bytes":{{"B":"{TEXT}!"}}}}"#),
        format!(r#"{{"text":{{"S":"{TEXT}"}}"#),
        format!(r#"{{"text":{{"S":{TEXT}}}}}"#),
    ] {
        watch.error(&json::from_str(&text).unwrap_err());
    }

    // Sealed attributes, and the key that they are bound to, which may be one of them.
    let keys = |byte| AttributeKeys::new(AttributeRoot::from_bytes("root", &[byte; 32]).unwrap());
    let binding = ItemBinding::new(("id", &TEXT.into()), Some(("nr", &AttributeValue::N(NUMBER.to_owned())))).unwrap();
    watch.debug(&binding);
    watch.error(&ItemBinding::new(("id", &number()), None).unwrap_err());
    let attribute = keys(7).randomised(TABLE, "text").unwrap();
    watch.debug(&attribute);
    let stored = attribute.seal(&TEXT.into(), &binding).unwrap();
    watch.text("a sealed attribute", &format!("{stored:?}"));
    watch.error(&attribute.seal(&AttributeValue::M([(TEXT.to_owned(), number())].into()), &binding).unwrap_err());
    watch.error(&attribute.open(TEXT.as_bytes(), &binding).unwrap_err());
    watch.error(&keys(9).randomised(TABLE, "text").unwrap().open(&stored, &binding).unwrap_err());
    let attribute = keys(7).deterministic(TABLE, "text").unwrap();
    watch.debug(&attribute);
    watch.text("what is searched", &format!("{:?}", attribute.search_values(&TEXT.into()).unwrap()));
    watch.error(&attribute.seal(&number()).unwrap_err());
    let error = attribute.open(&stored).unwrap_err();
    watch.error(error.kind());
}

fn expressions(watch: &Watch) {
    let (names, values) = (names(), values());
    let pairs = names.iter().map(|(placeholder, name)| (placeholder.as_str(), name.as_str()));
    let placeholders = || Placeholders::new(pairs.clone(), values.keys().map(String::as_str));
    watch.debug(&placeholders());
    let kind = ExpressionKind::Condition;
    let condition = Condition::parse(kind, "#m.#k[0] = :c OR contains(#m.#k, :n)").unwrap();
    watch.debug(&BoundCondition::new(kind, &condition, &names, &values).unwrap());
    let mut used = placeholders();
    for of in used.condition(kind, &condition).unwrap() {
        watch.debug(&of);
        watch.debug(&of.path);
        of.path.elements.iter().for_each(|element| watch.debug(element));
        watch.text("a path", &of.path.to_string());
    }
    let projection = Projection::parse("#m.#k, #m.other").unwrap();
    watch.debug(&BoundProjection::new(&projection, &names).unwrap());
    for text in ["#m.#k, #m.#k.x", "#m.#k[0], #m.#k.#k"] {
        let projection = Projection::parse(text).unwrap();
        watch.error(&BoundProjection::new(&projection, &names).unwrap_err());
    }
    for text in [
        "#m.#k = #m.#k",
        "#m.#k BETWEEN :n AND :c",
        "begins_with(#m.#k, :n)",
        "attribute_type(#m.#k, :c)",
        "#m.#k = :x",
        "#x.#k = :c",
    ] {
        let condition = Condition::parse(kind, text).unwrap();
        watch.error(&BoundCondition::new(kind, &condition, &names, &values).unwrap_err());
    }
    let update = Update::parse("SET #m.#k.inner = :c, list = list_append(list, list)").unwrap();
    watch.debug(&BoundUpdate::new(&update, &names, &values).unwrap());
    for text in ["SET #m.#k = :c REMOVE #m.#k", "ADD #m.#k :c", "SET #m.#k = :n + :c"] {
        let update = Update::parse(text).unwrap();
        watch.error(&BoundUpdate::new(&update, &names, &values).unwrap_err());
    }
    for text in [
        "SET #m.#k.inner.#k = :c",
        "SET text = #m.#k.#k.#k",
        "ADD #m.#k :n",
        "ADD #m.#k :s",
        "DELETE #m.#k.inner :s",
        "SET #m.#k = #m.#k + :n",
        "SET #m.#k = list_append(#m.#k, list)",
        "SET #m.#k = number + number",
    ] {
        let update = Update::parse(text).unwrap();
        let mut item = plain("a");
        item.insert("number".to_owned(), AttributeValue::N(format!("{NUMBER}000000000000001")));
        match BoundUpdate::new(&update, &names, &values).unwrap().apply(&mut item) {
            Ok(()) => assert!(text.ends_with("number + number")),
            Err(error) => watch.error(&error),
        }
    }
    for text in [format!("SET text = {NUMBER}"), format!("SET text = \"{TEXT}\""), format!("SET text = '{TEXT}'")] {
        watch.error(&Update::parse(&text).unwrap_err());
        watch.error(&Condition::parse(kind, &text[4..]).unwrap_err());
    }
}

async fn searches(watch: &Watch) {
    let table = table(7);
    let search = table.search().unwrap();
    watch.debug(&**search);
    watch.debug(&search.before_sealing(&mut plain("a")).await.unwrap());
    watch.text("beacons", &json::to_string(&search.beacons_of(&plain("a"), None, None).await.unwrap()));
    let mut wrong = plain("a");
    wrong.insert("map".to_owned(), AttributeValue::M([(TEXT.to_owned(), AttributeValue::N(TEXT.to_owned()))].into()));
    watch.error(&search.before_sealing(&mut wrong).await.unwrap_err());
    let request = |filter: &str| QueryRequest {
        filter: Some(filter.to_owned()),
        names: names(),
        values: values(),
        ..QueryRequest::default()
    };
    watch.debug(&request("text = :c"));
    let analysis = search.analyze(request("text = :c AND #m = :s")).unwrap();
    watch.debug(&analysis);
    let results = analysis.results().unwrap();
    watch.debug(results);
    watch.debug(&results.bind().unwrap());
    let rewritten = analysis.rewrite().await.unwrap();
    watch.debug(&rewritten);
    watch.text("a rewritten query", &json::to_string(&rewritten.values));
    for filter in [
        "#m.#k = :c",
        "texts = :c",
        "texts.#k = :c",
        "contains(#m.#k, :c)",
        "text > :c",
        "NOT text = :c",
        "begins_with(text, :c)",
        "text = :x",
        "#m.#k",
        "(#m).#k = :c",
        "text.#k = :c",
        "#k.#k = #k.#k",
    ] {
        watch.error(&search.analyze(request(filter)).unwrap_err());
    }
    let mut wrong = request("#m = :w");
    wrong.values =
        [(":w".to_owned(), AttributeValue::M([(TEXT.to_owned(), AttributeValue::N(TEXT.to_owned()))].into()))].into();
    watch.error(&search.analyze(wrong).unwrap().rewrite().await.unwrap_err());
    let mut partition = request("text = :c");
    partition.values.insert(":aws_dbe_partition".to_owned(), TEXT.into());
    watch.error(&search.analyze(partition).unwrap_err());

    let mut sample = Sample::new();
    sample.add(&plain("a")).unwrap();
    watch.debug(&sample);
    sample.plans().iter().for_each(|plan| {
        watch.debug(plan);
        watch.text("a plan", &plan.to_string());
    });
    watch.text("a picture of plans", &plan::svg(&sample.plans(), "a table"));
    let mut wrong = plain("b");
    wrong.insert("map".to_owned(), AttributeValue::M([(TEXT.to_owned(), AttributeValue::N(TEXT.to_owned()))].into()));
    watch.error(&sample.add(&wrong).unwrap_err());
    watch.debug(&crate::sdk::search());
}

async fn operations(watch: &Watch) {
    let tables = Tables::from(table(7));
    watch.debug(&tables);
    let table = tables.get(TABLE).unwrap();
    watch.debug::<SealedTable>(table);
    let mut measure = Measure::default();
    let key = || Item::from([("id".to_owned(), "a".into())]);
    let secret_key = || Item::from([("id".to_owned(), "a".into()), ("text".to_owned(), TEXT.into())]);
    let expressions = |expressions: Expressions| Expressions { names: names(), values: values(), ..expressions };
    let projection = || Expressions { projection: Some("#m.#k".to_owned()), names: names(), ..Expressions::default() };
    watch.debug(&expressions(Expressions::default()));

    let put = PutItem { item: plain("a"), expressions: expressions(Expressions::default()) };
    watch.debug(&put);
    watch.error(&put.seal(table, &mut measure).await.unwrap_err());
    let (put, open) = PutItem { item: plain("a"), ..PutItem::default() }.seal(table, &mut measure).await.unwrap();
    watch.debug(&put);
    watch.debug(&open);
    watch.error(&open.open(plain("b"), &mut measure).await.unwrap_err());
    let get = GetItem { key: secret_key(), expressions: projection() };
    watch.debug(&get);
    watch.error(&get.seal(table).unwrap_err());
    let (get, open) = GetItem { key: key(), expressions: projection() }.seal(table).unwrap();
    watch.debug(&get);
    watch.debug(&open);
    watch.text("a get", &format!("{:?}", (&get.expressions.projection, &get.expressions.names)));
    watch.debug(&DeleteItem { key: secret_key(), expressions: expressions(Expressions::default()) });
    let update =
        UpdateItem { key: secret_key(), expressions: expressions(Expressions::default()), return_values: None };
    watch.debug(&update);
    let seen = Expressions {
        update: Some("REMOVE seen".to_owned()),
        condition: Some("attribute_exists(id)".to_owned()),
        ..Expressions::default()
    };
    let (_, open) = UpdateItem { key: key(), expressions: seen, return_values: None }.seal(table).unwrap();
    watch.debug(&open);
    watch.error(&open.open(plain("a"), &mut measure).await.unwrap_err());
    let keys = BatchGetTable { keys: vec![secret_key()], expressions: projection() };
    watch.debug(&keys);
    let (_, open) = BatchGetTable { keys: vec![key()], expressions: projection() }.seal(table).unwrap();
    watch.debug(&open);
    watch.debug(&open.page);
    watch.error(&open.page.open(vec![plain("b")], &mut measure).await.unwrap_err());
    watch.debug(&WriteRequest::Put(plain("a")));
    watch.debug(&WriteRequest::Delete(secret_key()));
    let batch = BatchWriteTable { requests: vec![WriteRequest::Put(plain("a")), WriteRequest::Delete(key())] };
    watch.debug(&batch);
    let (batch, back) = batch.seal(table, &mut measure).await.unwrap();
    watch.debug(&batch);
    watch.debug(&back);
    watch.error(&back.plain(&plain("b")).unwrap_err());
    let filter =
        || expressions(Expressions { filter: Some("text = :c AND #m.#k = :c".to_owned()), ..Expressions::default() });
    let scan = || Scan { start: secret_key(), expressions: filter(), ..Scan::default() };
    watch.debug(&scan());
    watch.debug(&Query { scan: scan() });
    watch.error(&scan().seal(table).await.unwrap_err());
    let transaction = TransactGet {
        entries: vec![Some((Arc::clone(table), GetItem { key: key(), expressions: projection() })), None],
    };
    watch.debug(&transaction);
    let (_, open) = transaction.seal().unwrap();
    watch.debug(&open);
    watch.error(&open.open(vec![Some(plain("a"))], &mut measure).await.unwrap_err());
    let put = PutItem { item: plain("a"), ..PutItem::default() };
    let (_, open) = TransactWrite::put(put, table, &mut measure).await.unwrap();
    let reasons = OpenReasons::new(vec![Some(open)]);
    watch.debug(&reasons);
    watch.error(&reasons.open(0, plain("b"), &mut measure).await.unwrap_err());
    watch.debug(&measure);
}

async fn updates(watch: &Watch) {
    let tables = Tables::from(table(7));
    let table = tables.get(TABLE).unwrap();
    let mut measure = Measure::default();
    let key = || Item::from([("id".to_owned(), "a".into())]);
    let expressions = |update: &str| Expressions {
        update: Some(update.to_owned()),
        names: names(),
        values: [(":c".to_owned(), TEXT.into())].into(),
        ..Expressions::default()
    };
    let stored = table.seal(plain("a")).await.unwrap();
    let update = SealedUpdate::new(table, key(), expressions("SET #m.#k = :c")).unwrap();
    watch.debug(&update);
    for stored in [Some(stored.clone()), None] {
        let opened = match update.open(stored, &mut measure).await {
            Ok(opened) => opened,
            Err(error) => {
                watch.error(&error);
                watch.error(error.refusal());
                continue;
            }
        };
        watch.debug(&opened);
        let attempt = update.seal(opened, &mut measure).await.unwrap();
        watch.debug(&attempt);
        watch.debug(&attempt.write);
    }
    watch.error(&SealedUpdate::new(table, key(), expressions("SET seen = #m.#k, text = :c")).unwrap_err());
    let mut text = WriteBack::default();
    text.unchanged("text", Some(&TEXT.into()));
    text.set("text", TEXT.into());
    watch.debug(&text);
}

fn older_formats(watch: &Watch) {
    let json: Json = format!(r#"{{"{TEXT}": ["{TEXT}", {NUMBER}, {{"a": "{TEXT}"}}]}}"#).parse().unwrap();
    watch.debug(&json);
    let object: Object = [(TEXT.to_owned(), Json::from(TEXT))].into();
    watch.debug(&object);
    let integer: Integer = NUMBER.parse().unwrap();
    watch.debug(&Number::Int(integer.clone()));
    watch.debug(&integer);
    for value in [
        Value::Text(TEXT.to_owned()),
        Value::Binary(BYTES.to_vec()),
        Value::Number(Number::Int(integer)),
        Value::Json(json),
    ] {
        watch.debug(&value);
    }
    watch.error(&Value::Binary(BYTES.to_vec()).into_json().unwrap_err());
    watch.error(&format!("{{\"{TEXT}\": {TEXT}}}").parse::<Json>().unwrap_err());
    watch.error(&TEXT.parse::<Integer>().unwrap_err());
    let key = dynaseal::legacy::pynamodb_mate::Key::from_passphrase("secret");
    for kind in [Kind::Text, Kind::Json, Kind::Number] {
        for mode in [Mode::Deterministic, Mode::Randomised] {
            if let Err(error) = key.open(kind, mode, TEXT.as_bytes()) {
                watch.error(&error);
            }
        }
    }
    let item = plain("a");
    let description = ddbec::MaterialDescription::default();
    watch.debug(&ddbec::ItemContext::new(TABLE, "id", None, &item, &description));
}
