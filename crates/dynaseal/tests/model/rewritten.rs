//! Types and modules of one's own that write what they read in another way: what only differs in an order that a `HashSet`
//! gave, or in the spelling of a number, is the same value; everything else is refused before it is written.

use std::collections::{BTreeMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal::AttributeValue;
use dynaseal::model::{Attribute, Model, ModelErrorKind, Table, Unfit};

/// What is written of a text, and what is read of that: the text alone says what happens.
mod scripted {
    use super::{AttributeValue, HashSet, Unfit};

    fn n(number: &str) -> AttributeValue {
        AttributeValue::N(number.to_owned())
    }

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    fn map(value: AttributeValue) -> AttributeValue {
        AttributeValue::M([("a".to_owned(), value)].into())
    }

    /// Ten elements in the order of a new `HashSet`: twice the same order comes about once in millions.
    fn unordered() -> HashSet<u32> {
        (0..10).collect()
    }

    fn list() -> AttributeValue {
        AttributeValue::L(unordered().into_iter().map(|number| n(&number.to_string())).collect())
    }

    /// `first`, and `again` when it was read.
    fn pair(text: &str) -> (AttributeValue, AttributeValue) {
        let json = || {
            let numbers: Vec<String> = unordered().iter().map(ToString::to_string).collect();
            s(&format!("{{\"set\":[{}]}}", numbers.join(",")))
        };
        match text {
            "set as text" => (json(), json()),
            "set as list" => (list(), list()),
            "set in a map" => (map(list()), map(list())),
            "set in a list" => (AttributeValue::L(vec![s("b"), list()]), AttributeValue::L(vec![list(), s("b")])),
            "spelling of a number" => (n("1.0"), n("1")),
            "spelling in a map" => (map(n("1e1")), map(n("10"))),
            "another text" => (s("a"), s("b")),
            "another set as text" => (s("[1,2]"), s("[1,3]")),
            "another number in a text" => (s("{\"a\":1.50}"), s("{\"a\":1.5000000000000002}")),
            "no JSON" => (s("[1,2"), s("[2,1")),
            "another number" => (n("1"), n("2")),
            "another element" => (AttributeValue::L(vec![n("1"), n("2")]), AttributeValue::L(vec![n("1"), n("3")])),
            "fewer elements" => (AttributeValue::L(vec![n("1"), n("1")]), AttributeValue::L(vec![n("1")])),
            "another value in a map" => (map(n("1")), map(n("2"))),
            "another type" => (n("1"), s("1")),
            "no number" => (n("1"), n("one")),
            "truth" => (AttributeValue::Bool(true), AttributeValue::Bool(false)),
            other => (s(other), s(other)),
        }
    }

    #[derive(Clone, Debug, Default, PartialEq)]
    pub(super) struct Scripted {
        pub(super) text: String,
        pub(super) read: bool,
    }

    thread_local! {
        static WRITTEN: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
    }

    pub(super) fn to_value(value: &Scripted) -> Result<AttributeValue, Unfit> {
        WRITTEN.with(|written| written.borrow_mut().clone_from(&value.text));
        let (first, again) = pair(&value.text);
        Ok(if value.read { again } else { first })
    }

    pub(super) fn from_value(_: AttributeValue) -> Result<Scripted, Unfit> {
        Ok(Scripted { text: WRITTEN.with(|written| written.borrow().clone()), read: true })
    }
}

use scripted::Scripted;

/// The same as a type of one's own.
#[derive(Clone, Debug, Default, PartialEq)]
struct Own(Scripted);

impl Attribute for Own {
    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
        scripted::to_value(&self.0).map(Some)
    }

    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
        scripted::from_value(value.ok_or_else(|| Unfit::new("nothing"))?).map(Self)
    }
}

#[derive(Model, Clone, PartialEq)]
#[model(table = "rewritten")]
struct Rewritten {
    #[model(partition_key)]
    id: u8,
    #[model(with = "self::scripted")]
    by_module: Scripted,
    own: Own,
}

fn row(by_module: &str, own: &str) -> Rewritten {
    let scripted = |text: &str| Scripted { text: text.to_owned(), read: false };
    Rewritten { id: 1, by_module: scripted(by_module), own: Own(scripted(own)) }
}

async fn table() -> Table<Rewritten> {
    let table = Rewritten::on(&dynaseal::local::memory().unwrap()).open().unwrap();
    table.create().await.unwrap();
    table
}

#[tokio::test]
async fn another_order_of_a_set_and_another_spelling_of_a_number_are_the_same_value() {
    let table = table().await;
    for case in [
        "plain",
        "set as text",
        "set as list",
        "set in a map",
        "set in a list",
        "spelling of a number",
        "spelling in a map",
    ] {
        table.save(&mut row(case, "plain")).await.unwrap_or_else(|error| panic!("{case}: {error:?}"));
        table.save(&mut row("plain", case)).await.unwrap_or_else(|error| panic!("{case}: {error:?}"));
    }
}

#[tokio::test]
async fn everything_else_is_refused_before_it_is_written() {
    let table = table().await;
    for case in [
        "another text",
        "another set as text",
        "another number in a text",
        "no JSON",
        "another number",
        "another element",
        "fewer elements",
        "another value in a map",
        "another type",
        "no number",
        "truth",
    ] {
        for (row, field) in [(row(case, "plain"), "by_module"), (row("plain", case), "own")] {
            let error = table.save(&mut row.clone()).await.expect_err(case);
            let ModelErrorKind::Field(unfit) = error.kind() else { panic!("{case}: {error:?}") };
            assert_eq!(unfit.field(), field, "{case}");
            assert!(unfit.to_string().contains("it would be read as another value than it is"), "{case}: {unfit}");
        }
    }
    assert_eq!(table.scan().count().await.unwrap(), 0);
}

#[tokio::test]
async fn what_dynamodb_does_not_have_is_refused_wherever_it_is() {
    #[derive(Model, Clone, PartialEq)]
    #[model(table = "nested")]
    struct Nested {
        #[model(partition_key)]
        id: u8,
        value: AttributeValue,
    }
    let table = Nested::on(&dynaseal::local::memory().unwrap()).open().unwrap();
    table.create().await.unwrap();
    for empty in [AttributeValue::Ss(vec![]), AttributeValue::Ns(vec![]), AttributeValue::Bs(vec![])] {
        let in_map = AttributeValue::M([("a".to_owned(), empty.clone())].into());
        let in_list = AttributeValue::L(vec!["a".into(), empty.clone()]);
        let deep = AttributeValue::L(vec![AttributeValue::M([("b".to_owned(), in_list.clone())].into())]);
        for value in [empty, in_map, in_list, deep] {
            let error = table.save(&mut Nested { id: 1, value }).await.unwrap_err();
            let ModelErrorKind::Field(unfit) = error.kind() else { panic!("{error:?}") };
            assert!(unfit.to_string().contains("DynamoDB has no empty set"), "{unfit}");
        }
    }
    assert_eq!(table.scan().count().await.unwrap(), 0);
    // Empty texts, lists and maps it has.
    let value = AttributeValue::M([("a".to_owned(), AttributeValue::L(vec![])), ("b".to_owned(), "".into())].into());
    table.save(&mut Nested { id: 1, value: value.clone() }).await.unwrap();
    assert_eq!(table.get(1).await.unwrap().unwrap().value, value);
}

/// A number that a field's type would change is seen in every place that a stored value may have, sets and maps too.
#[test]
fn numbers_of_a_value_that_a_type_would_change_are_seen_everywhere() {
    #[derive(Model, Clone, Debug, PartialEq)]
    #[model(table = "read", no_debug)]
    struct Read {
        #[model(partition_key)]
        id: u8,
        #[model(with = "serde")]
        map: BTreeMap<String, f64>,
        #[model(with = "serde")]
        set: Vec<f64>,
    }
    const LONG: &str = "123456789012345678901234567890";
    let read = |in_map: &str, in_set: &str| {
        let n = |number: &str| SdkValue::N(number.to_owned());
        let set = SdkValue::Ns(vec![in_set.to_owned(), "7654321".to_owned()]);
        let map = SdkValue::M([("a".to_owned(), n(in_map))].into());
        Read::from_map([("id".to_owned(), n("1")), ("map".to_owned(), map), ("set".to_owned(), set)].into())
    };
    let good = read("12345678.5", "87654321.25").unwrap();
    assert_eq!((good.map["a"], good.set), (12_345_678.5, vec![87_654_321.25, 7_654_321.0]));
    assert_eq!(read(LONG, "1").unwrap_err().field(), "map");
    assert_eq!(read("1", LONG).unwrap_err().field(), "set");
}
