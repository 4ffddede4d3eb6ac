//! `#[derive(Model)]` in a crate of its own: what it writes compiles where users put it, and values come back as they were.
#![cfg(feature = "model")]
// As strict as a user may be: none of these may be about code that the derive wrote.
#![deny(missing_docs, unreachable_pub, unused_qualifications, private_interfaces, dead_code, clippy::pedantic)]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use dynaseal::model::definition::{Billing, KeyType, Legacy, Projection, Protection};
use dynaseal::model::{Decimal, Model, Timestamp, UnixTime};
use dynaseal::{AttributeValue, CryptoAction};

#[derive(Model, Clone, PartialEq)]
#[model(table = "everything")]
struct Everything {
    #[model(partition_key)]
    text: String,
    #[model(sort_key)]
    bytes: Vec<u8>,
    truth: bool,
    small: i8,
    large: u128,
    short: f32,
    long: f64,
    decimal: Decimal,
    time: Timestamp,
    until: UnixTime,
    some: Option<String>,
    none: Option<String>,
    list: Vec<Vec<String>>,
    map: BTreeMap<String, u8>,
    hash_map: HashMap<String, Option<bool>>,
    texts: BTreeSet<String>,
    numbers: HashSet<i64>,
    byte_strings: BTreeSet<Vec<u8>>,
    nothing: BTreeSet<String>,
    value: AttributeValue,
}

fn everything() -> Everything {
    Everything {
        text: "a".to_owned(),
        bytes: vec![0, 255],
        truth: true,
        small: -128,
        large: 12_345_678_901_234_567_890_123_456_789_012_345_678,
        short: -0.5,
        long: 1e-100,
        decimal: "1299.90".parse().expect("a number"),
        time: Timestamp::new(1_800_000_000, 1).expect("a year of four digits"),
        until: UnixTime(-1),
        some: Some(String::new()),
        none: None,
        list: vec![vec!["x".to_owned()], Vec::new()],
        map: BTreeMap::from([("a".to_owned(), 1)]),
        hash_map: HashMap::from([("b".to_owned(), Some(false))]),
        texts: BTreeSet::from(["c".to_owned(), "d".to_owned()]),
        numbers: HashSet::from([i64::MIN, i64::MAX]),
        byte_strings: BTreeSet::from([vec![1], vec![2, 3]]),
        nothing: BTreeSet::new(),
        value: AttributeValue::Null(true),
    }
}

#[test]
fn all_types_come_back() {
    let everything = everything();
    let values = everything.to_values().unwrap();
    let types: Vec<&str> = values.iter().map(|value| value.as_ref().map_or("-", AttributeValue::type_name)).collect();
    let expected =
        ["S", "B", "BOOL", "N", "N", "N", "N", "N", "S", "N", "S", "-", "L", "M", "M", "SS", "NS", "BS", "-", "NULL"];
    assert_eq!(types, expected);
    let back = Everything::from_values(values).unwrap();
    assert!(back == everything, "{back:?} is not {everything:?}");
}

#[test]
fn what_does_not_fit_names_its_field() {
    let changed = |place: usize, value: Option<AttributeValue>| {
        let mut values = everything().to_values().unwrap();
        values[place] = value;
        Everything::from_values(values).unwrap_err()
    };
    let error = changed(0, Some(AttributeValue::N("1".to_owned())));
    assert_eq!(error.to_string(), "field `text` of `Everything`: it is of type N, not S");
    assert_eq!(changed(2, None).to_string(), "field `truth` of `Everything`: it is not there");
    assert_eq!(changed(3, Some(AttributeValue::N("128".to_owned()))).field(), "small");
    let error = Everything { long: f64::NAN, ..everything() }.to_values().unwrap_err();
    assert_eq!(error.to_string(), "field `long` of `Everything`: DynamoDB has neither infinity nor NaN");
    // Fewer values than columns are attributes that are not there.
    assert_eq!(Everything::from_values(Vec::new()).unwrap_err().field(), "text");
}

/// What is in an account's profile.
#[derive(serde::Serialize, serde::Deserialize, Clone, Debug, Default, PartialEq)]
struct Profile {
    languages: Vec<String>,
}

/// Its functions take and give what the derive asks for.
mod upper {
    use dynaseal::AttributeValue;
    use dynaseal::model::Unfit;

    #[allow(clippy::unnecessary_wraps, clippy::ptr_arg)]
    pub(super) fn to_value(text: &String) -> Result<AttributeValue, Unfit> {
        Ok(AttributeValue::S(text.to_uppercase()))
    }

    pub(super) fn from_value(value: AttributeValue) -> Result<String, Unfit> {
        match value {
            AttributeValue::S(text) => Ok(text.to_lowercase()),
            _ => Err(Unfit::new("it is no text")),
        }
    }
}

fn basic() -> String {
    "basic".to_owned()
}

/// Everything that a struct without records can say.
#[derive(Model, Clone, PartialEq)]
#[model(table = "accounts", region = "eu-central-1", billing(read = 5, write = 6), rename_all = "camelCase")]
#[model(projection(index = "ByEmail", include("plan", "r")), projection(index = "by-date", keys_only))]
pub struct Account {
    #[model(partition_key)]
    tenant_id: String,
    #[model(sort_key, rename = "no")]
    number: u32,
    #[model(seal = "deterministic", global_index(name = "ByEmail", partition_key), also_reads = "pynamodb_mate")]
    email: Option<String>,
    #[model(global_index(name = "ByEmail", sort_key), local_index(name = "by-date", sort_key))]
    since: Option<i64>,
    #[model(seal, with = "json", also_reads = "pynamodb_mate")]
    profile: Profile,
    #[model(seal, with = "serde")]
    second: Option<Profile>,
    #[model(with = "self::upper", default)]
    code: String,
    #[model(default = "basic")]
    plan: String,
    #[model(skip)]
    cache: Option<String>,
    r: u8,
    #[model(version)]
    version: Option<u64>,
    #[model(ttl)]
    until: Option<UnixTime>,
}

fn account() -> Account {
    Account {
        tenant_id: "t".to_owned(),
        number: 7,
        email: Some("a@b.c".to_owned()),
        since: None,
        profile: Profile { languages: vec!["de".to_owned()] },
        second: None,
        code: "xy".to_owned(),
        plan: "gold".to_owned(),
        cache: Some("the email in plain".to_owned()),
        r: 1,
        version: None,
        until: Some(UnixTime(5)),
    }
}

#[test]
fn serialisers_and_defaults_are_used() {
    let account = account();
    let values = account.to_values().unwrap();
    assert_eq!(values[4], Some(AttributeValue::S(r#"{"languages":["de"]}"#.to_owned())));
    assert_eq!((&values[5], &values[6]), (&None, &Some(AttributeValue::S("XY".to_owned()))));
    let back = Account::from_values(values).unwrap();
    assert!(back == Account { cache: None, ..account.clone() }, "{back:?}");

    let with_second = Account { second: Some(Profile::default()), ..account };
    let values = with_second.to_values().unwrap();
    assert_eq!(values[5].as_ref().map(AttributeValue::type_name), Some("M"));
    assert!(Account::from_values(values.clone()).unwrap().second == Some(Profile::default()));
    let mut null = values.clone();
    null[5] = Some(AttributeValue::Null(true));
    assert_eq!(Account::from_values(null).unwrap().second, None);

    let mut few = values;
    (few[6], few[7]) = (None, None);
    let back = Account::from_values(few.clone()).unwrap();
    assert_eq!((back.code.as_str(), back.plan.as_str()), ("", "basic"));
    few[4] = None;
    assert_eq!(Account::from_values(few).unwrap_err().to_string(), "field `profile` of `Account`: it is not there");
}

#[test]
fn the_definition_says_everything() {
    let definition = Account::DEFINITION;
    let Billing::Provisioned { read: 5, write: 6 } = definition.billing else { panic!("{definition:?}") };
    assert_eq!((definition.model, definition.table, definition.region), ("Account", "accounts", Some("eu-central-1")));
    assert_eq!((definition.partition_key, definition.sort_key), (0, Some(1)));
    assert_eq!((definition.version, definition.ttl, definition.record), (Some(9), Some(10), false));
    let columns: Vec<(&str, Option<KeyType>)> =
        definition.columns.iter().map(|column| (column.attribute, column.key_type)).collect();
    let expected = [
        ("tenantId", Some(KeyType::S)),
        ("no", Some(KeyType::N)),
        ("email", Some(KeyType::B)),
        ("since", Some(KeyType::N)),
        ("profile", None),
        ("second", None),
        ("code", None),
        ("plan", None),
        ("r", None),
        ("version", None),
        ("until", None),
    ];
    assert_eq!(columns, expected);
    assert_eq!(definition.columns[2].protection, Protection::Deterministic { also_reads: Some(Legacy::Text) });
    assert_eq!(definition.columns[4].protection, Protection::Randomised { also_reads: Some(Legacy::Json) });
    let indexes: Vec<_> = definition
        .indexes
        .iter()
        .map(|index| (index.name, index.local, index.partition_key, index.sort_key, index.projection))
        .collect();
    let expected = [
        ("ByEmail", false, 2, Some(3), Projection::Include(&["plan", "r"])),
        ("by-date", true, 0, Some(3), Projection::KeysOnly),
    ];
    assert_eq!(indexes, expected);
    assert_eq!(format!("{:?} {:?}", Account::by_email(), Account::by_date()), "Index(ByEmail) Index(by-date)");
    assert_eq!(format!("{:?}", Account::primary_key()), "Index(primary key)");
    assert_eq!(Account::number().attribute(), "no");
}

#[test]
fn sealed_values_are_in_no_log() {
    let text = format!("{:?}", account());
    let expected = "Account { tenant_id: \"t\", number: 7, email: <Option<String>, sealed>, since: None, \
        profile: <Profile, sealed>, second: <Option<Profile>, sealed>, code: \"xy\", plan: \"gold\", \
        cache: <Option<String>, skipped>, r: 1, version: None, until: Some(UnixTime(5)) }";
    assert_eq!(text, expected);
    let patient = Patient { id: "p".to_owned(), name: "Ann".to_owned(), ..Patient::default() };
    let text = format!("{patient:?}");
    let expected =
        "Patient { id: \"p\", name: <String, sealed>, illness: <bool, sealed>, ward: \"\", room: 0, v: 0, until: 0 }";
    assert_eq!(text, expected);
}

/// Items that are records.
#[derive(Model, Default)]
#[model(table = "patients", record)]
pub struct Patient {
    #[model(partition_key)]
    id: String,
    #[model(seal, beacon(length = 24))]
    name: String,
    #[model(seal)]
    illness: bool,
    #[model(context)]
    ward: String,
    #[model(plain)]
    room: u8,
    #[model(version)]
    v: u64,
    #[model(ttl)]
    until: u32,
}

#[test]
fn records_have_an_action_for_each_attribute() {
    let action = |place: usize| match Patient::DEFINITION.columns[place].protection {
        Protection::Record { action, beacon } => (action, beacon.map(|beacon| beacon.length)),
        other => panic!("{other:?}"),
    };
    let actions: Vec<_> = (0..Patient::DEFINITION.columns.len()).map(action).collect();
    let expected = [
        (CryptoAction::SignAndIncludeInEncryptionContext, None),
        (CryptoAction::EncryptAndSign, Some(24)),
        (CryptoAction::EncryptAndSign, None),
        (CryptoAction::SignAndIncludeInEncryptionContext, None),
        (CryptoAction::DoNothing, None),
        (CryptoAction::SignOnly, None),
        (CryptoAction::DoNothing, None),
    ];
    assert_eq!(actions, expected);
    assert!(Patient::DEFINITION.record);
}

#[test]
fn versions_are_read_and_set() {
    let mut patient = Patient::default();
    let mut account = account();
    assert_eq!((Model::version(&patient), Model::version(&account)), (Some(0), Some(0)));
    patient.set_version(3);
    account.set_version(4);
    assert_eq!((patient.v, account.version), (3, Some(4)));
    let mut everything = everything();
    everything.set_version(5);
    assert_eq!(Model::version(&everything), None);
    // Items from before there were versions.
    let mut values = patient.to_values().unwrap();
    values[5] = None;
    assert_eq!(Patient::from_values(values).unwrap().v, 0);
}

/// Names that the written code uses as well.
mod names {
    use dynaseal::model::Model;

    #[allow(dead_code)]
    type Result<T> = std::result::Result<T, ()>;
    #[allow(dead_code)]
    struct Option;
    #[allow(dead_code)]
    struct String;
    #[allow(dead_code)]
    struct Some;

    #[derive(Clone, Copy, Debug)]
    struct Private;

    #[derive(Model)]
    #[model(table = "odd")]
    pub(crate) struct Odd {
        #[model(partition_key)]
        version: u64,
        #[model(sort_key)]
        to_values: std::string::String,
        primary_key: bool,
        values: bool,
        value: std::option::Option<u8>,
        r#type: bool,
        #[model(global_index(name = "match", partition_key))]
        field: i32,
        #[model(version)]
        set_version: u64,
        #[model(skip, default = "private")]
        private: Private,
    }

    fn private() -> Private {
        Private
    }

    #[test]
    fn fields_may_have_names_of_methods() {
        let mut odd = Odd {
            version: 1,
            to_values: "b".to_owned(),
            primary_key: true,
            values: false,
            value: None,
            r#type: true,
            field: 2,
            set_version: 0,
            private: private(),
        };
        odd.set_version(5);
        assert_eq!((odd.version().unwrap(), odd.set_version), (5, 5));
        let back = Odd::from_values(odd.to_values().unwrap()).unwrap();
        assert_eq!(format!("{:?}", back.private), "Private");
        assert_eq!((Odd::version().attribute(), Odd::r#type().attribute()), ("version", "type"));
        assert_eq!(
            format!("{:?} {:?}", Odd::r#match(), <Odd as Model>::primary_key()),
            "Index(match) Index(primary key)"
        );
    }
}

/// A type of nobody else's business in a public struct.
mod private {
    use dynaseal::model::Model;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    struct Inner(u8);

    #[derive(Model)]
    #[model(table = "private")]
    pub(super) struct Outer {
        #[model(partition_key)]
        pub(super) id: String,
        #[model(seal, with = "json")]
        inner: Inner,
    }

    impl Outer {
        pub(super) fn new(inner: u8) -> Self {
            Self { id: "i".to_owned(), inner: Inner(inner) }
        }

        pub(super) fn number(&self) -> u8 {
            self.inner.0
        }
    }
}

macro_rules! of_key {
    ($name:ident, $table:literal, $key:ty) => {
        #[derive(Model)]
        #[model(table = $table)]
        struct $name {
            #[model(partition_key)]
            id: $key,
            #[model(seal, also_reads = "pynamodb_mate")]
            secret: Option<$key>,
        }
    };
}

#[test]
fn fields_may_have_types_that_are_not_public() {
    let outer = private::Outer::new(3);
    assert_eq!(private::Outer::from_values(outer.to_values().unwrap()).unwrap().number(), 3);
    assert_eq!(outer.id, "i");
}

#[test]
fn macros_and_functions_may_have_models() {
    of_key!(Local, "local", String);
    let local = Local { id: "i".to_owned(), secret: Some("s".to_owned()) };
    assert_eq!(format!("{local:?}"), "Local { id: \"i\", secret: <Option<String>, sealed> }");
    assert_eq!(Local::from_values(local.to_values().unwrap()).unwrap().secret.as_deref(), Some("s"));
    assert_eq!(Local::DEFINITION.columns[1].protection, Protection::Randomised { also_reads: Some(Legacy::Text) });
}
