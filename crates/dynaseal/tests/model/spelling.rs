//! Keys that are read in one spelling are not written in another: what is read finds its item again.

use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal::AttributeValue;
use dynaseal::model::definition::KeyType;
use dynaseal::model::{Attribute, KeyAttribute, Model, ModelErrorKind, PynamoTimestamp, Table, Timestamp, Unfit};

use crate::keys;

#[derive(Model, Clone, PartialEq)]
#[model(table = "logs")]
struct Log {
    #[model(partition_key)]
    who: String,
    #[model(sort_key, local_index(name = "by-day", sort_key))]
    at: PynamoTimestamp,
    #[model(default)]
    text: String,
}

#[derive(Model, Clone, PartialEq)]
#[model(table = "logs")]
struct Misread {
    #[model(partition_key)]
    who: String,
    #[model(sort_key)]
    at: Timestamp,
}

const NOON: &str = "2026-11-22T12:00:00.000000+0000";

fn s(text: &str) -> SdkValue {
    SdkValue::S(text.to_owned())
}

/// As pynamodb writes it, with the same text in a column that is no key.
async fn python(table: &Table<Log>, at: &str) {
    let put = table.client().put_item().table_name("logs").item("who", s("a")).item("at", s(at)).item("text", s("hi"));
    put.send().await.unwrap();
}

#[tokio::test]
async fn a_time_of_pynamodb_finds_its_item() {
    let table = Log::on(&dynaseal::local::memory().unwrap()).open().unwrap();
    table.create().await.unwrap();
    python(&table, NOON).await;
    python(&table, "2026-11-22T11:59:59.999999+0000").await;

    let mut found = table.query("a").items().all().await.unwrap();
    assert_eq!(found.len(), 2);
    assert!(found[0].at < found[1].at);
    let mut noon = found.remove(1);
    assert_eq!(noon.at.to_string(), NOON);
    assert_eq!(table.query("a").sort_ge(noon.at).count().await.unwrap(), 1);
    assert_eq!(table.query("a").sort_lt(noon.at).count().await.unwrap(), 1);
    assert_eq!(table.query("a").sort_eq(noon.at).count().await.unwrap(), 1);
    assert_eq!(table.scan().filter(Log::at().eq(noon.at)).count().await.unwrap(), 1);
    let time: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    assert!(table.get(("a", time)).await.unwrap().is_some(), "a time becomes one of pynamodb");

    noon.text = "changed".to_owned();
    table.save(&mut noon).await.unwrap();
    table.update(&mut noon).set(Log::text(), "again").await.unwrap();
    assert_eq!(table.scan().count().await.unwrap(), 2);
    assert_eq!(table.delete(&noon).await.unwrap(), Some(noon));
    assert_eq!(table.scan().count().await.unwrap(), 1);
}

#[tokio::test]
async fn another_spelling_is_refused_with_the_way_out() {
    let table = Log::on(&dynaseal::local::memory().unwrap()).open().unwrap();
    table.create().await.unwrap();
    python(&table, NOON).await;
    let misread = Misread::on(table.client()).open().unwrap();
    for error in [misread.query("a").items().all().await.unwrap_err(), misread.scan().items().all().await.unwrap_err()]
    {
        let ModelErrorKind::Field(unfit) = error.kind() else { panic!("{error:?}") };
        assert_eq!(unfit.field(), "at");
        assert!(unfit.to_string().contains("take `PynamoTimestamp`"), "{unfit}");
    }
    // And the other way round.
    let time = Timestamp::new(1_700_000_000, 0).unwrap();
    misread.save(&mut Misread { who: "b".to_owned(), at: time }).await.unwrap();
    let error = table.query("b").items().all().await.unwrap_err();
    assert!(
        matches!(error.kind(), ModelErrorKind::Field(unfit) if unfit.to_string().contains("take `Timestamp`")),
        "{error:?}"
    );
}

#[test]
fn only_its_own_spelling_is_a_time() {
    let of = |text: &str| Some(AttributeValue::S(text.to_owned()));
    let read = |text: &str| (Timestamp::from_value(of(text)).is_ok(), PynamoTimestamp::from_value(of(text)).is_ok());
    assert_eq!(read("2026-11-22T12:00:00.000000Z"), (true, false));
    assert_eq!(read(NOON), (false, true));
    for other in [
        "2026-11-22T12:00:00Z",
        "2026-11-22T12:00:00.000Z",
        "2026-11-22T12:00:00.0000001Z",
        "2026-11-22T13:00:00.000000+01:00",
        "2026-11-22T13:00:00.000000+0100",
        "2026-11-22T12:00:00.000000+00:00",
        "2026-11-22T12:00:00.000000-0000",
        "2026-11-22t12:00:00.000000z",
        "2026-11-22T12:00:60.000000Z",
    ] {
        assert_eq!(read(other), (false, false), "{other}");
    }
    let first = |seconds| PynamoTimestamp(Timestamp::new(seconds, 0).unwrap()).to_value();
    assert_eq!(first(-62_135_596_800), Ok(of("0001-01-01T00:00:00.000000+0000")));
    assert!(first(-62_135_596_801).is_err());
}

#[tokio::test]
async fn times_of_several_writers_are_read_where_they_are_no_key() {
    #[derive(Model, Clone, PartialEq)]
    #[model(table = "several")]
    struct Several {
        #[model(partition_key)]
        id: u8,
        #[model(with = "dynaseal::model::with::rfc3339")]
        at: Timestamp,
        #[model(with = "dynaseal::model::with::rfc3339")]
        maybe: Option<Timestamp>,
    }
    let table = Several::on(&dynaseal::local::memory().unwrap()).open().unwrap();
    table.create().await.unwrap();
    let put = table.client().put_item().table_name("several").item("id", SdkValue::N("1".to_owned()));
    put.item("at", s(NOON)).item("maybe", s("2026-11-22T13:00:00+01:00")).send().await.unwrap();
    let mut found = table.get(1).await.unwrap().unwrap();
    assert_eq!(Some(found.at), found.maybe);
    table.save(&mut found).await.unwrap();
    assert_eq!(table.stored(&found).await.unwrap().unwrap()["at"], s("2026-11-22T12:00:00.000000Z"));
}

/// Reads addresses in any case, and writes small letters.
#[derive(Clone, Debug, PartialEq)]
struct Email(String);

impl Attribute for Email {
    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
        self.0.to_value()
    }

    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
        Ok(Self(String::from_value(value)?.to_lowercase()))
    }
}

impl KeyAttribute for Email {
    const KEY_TYPE: KeyType = KeyType::S;
}

impl From<&str> for Email {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Reads UUIDs with and without hyphens, and writes them without.
#[derive(Clone, Debug, PartialEq)]
struct Id(u128);

impl Attribute for Id {
    fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
        format!("{:032x}", self.0).to_value()
    }

    fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
        let digits = String::from_value(value)?.replace('-', "");
        u128::from_str_radix(&digits, 16).map(Self).map_err(|_| Unfit::new("it is no UUID"))
    }
}

impl KeyAttribute for Id {
    const KEY_TYPE: KeyType = KeyType::S;
}

macro_rules! users {
    ($name:ident, $table:literal, $($seal:tt)*) => {
        #[derive(Model, Clone, PartialEq)]
        #[model(table = $table)]
        struct $name {
            #[model(partition_key, $($seal)*)]
            email: Email,
            #[model(sort_key)]
            id: Id,
            #[model(global_index(name = "by-friend", partition_key))]
            friend: Option<Email>,
            /// No key.
            contact: Option<Email>,
        }
    };
}

users!(User, "users",);
users!(SealedUser, "users", seal = "deterministic");

fn of<const N: usize>(pairs: [(&str, &str); N]) -> std::collections::HashMap<String, SdkValue> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), s(value))).collect()
}

#[test]
fn keys_of_types_that_read_more_than_they_write_are_refused() {
    let good = ("email", "ada@example.com");
    let id = ("id", "0123456789abcdef0123456789abcdef");
    assert!(User::from_map(of([good, id, ("friend", "bea@example.com"), ("contact", "Bea@example.com")])).is_ok());
    // An item that says NULL instead of an index key is not in the index, and is read as one without it.
    let mut without = of([good, id]);
    without.insert("friend".to_owned(), SdkValue::Null(true));
    assert!(User::from_map(without).unwrap().friend.is_none());
    for (field, map) in [
        ("email", of([("email", "Ada@example.com"), id])),
        ("id", of([good, ("id", "01234567-89ab-cdef-0123-456789abcdef")])),
        ("id", of([good, ("id", "123456789ABCDEF0123456789ABCDEF")])),
        ("friend", of([good, id, ("friend", "BEA@example.com")])),
    ] {
        let error = User::from_map(map).unwrap_err();
        assert_eq!(error.field(), field);
        assert!(error.to_string().contains("is read in another spelling than it would be written in"), "{error}");
        assert!(!error.to_string().contains("example"), "no value in an error: {error}");
    }
}

#[tokio::test]
async fn they_are_not_written_either() {
    let plain = User::on(&dynaseal::local::memory().unwrap()).open().unwrap();
    plain.create().await.unwrap();
    let sealed = SealedUser::on(&dynaseal::local::memory().unwrap()).attribute_keys(&keys()).open().unwrap();
    sealed.create().await.unwrap();
    for email in ["ada@example.com", "Ada@example.com"] {
        let is_small = email == email.to_lowercase();
        let email = Email::from(email);
        let mut user = User { email: email.clone(), id: Id(1), friend: None, contact: None };
        let saved = plain.save(&mut user).await;
        assert_eq!(saved.is_ok(), is_small, "{saved:?}");
        let mut user = SealedUser { email, id: Id(1), friend: None, contact: None };
        let saved = sealed.save(&mut user).await;
        assert_eq!(saved.is_ok(), is_small, "{saved:?}");
        let error = saved.err();
        assert!(
            error.is_none_or(|error| matches!(error.kind(), ModelErrorKind::Field(unfit) if unfit.field() == "email"))
        );
    }
    assert_eq!((plain.scan().count().await.unwrap(), sealed.scan().count().await.unwrap()), (1, 1));
    let ada = sealed.get(("ada@example.com", Id(1))).await.unwrap().unwrap();
    assert!(sealed.delete(&ada).await.unwrap().is_some());
    // What is set is asked as well.
    let update = plain.update_by_key(("ada@example.com", Id(1))).set(User::contact(), Some("B@example.com".into()));
    let error = update.await.unwrap_err();
    assert!(matches!(error.kind(), ModelErrorKind::Value { attribute: "contact", .. }), "{error:?}");
}

#[tokio::test]
async fn single_columns_are_asked_as_well() {
    let table = User::on(&dynaseal::local::memory().unwrap()).open().unwrap();
    table.create().await.unwrap();
    let put = table.client().put_item().table_name("users").item("email", s("Ada@example.com"));
    let id = s("0123456789abcdef0123456789abcdef");
    put.item("id", id).item("contact", s("B@example.com")).send().await.unwrap();
    let rows = table.scan().columns(["email", "contact"]).all().await.unwrap();
    assert!(
        matches!(rows[0].get(User::email()).unwrap_err().kind(), ModelErrorKind::Field(unfit) if unfit.field() == "email")
    );
    assert_eq!(rows[0].get(User::contact()).unwrap(), Some(Email::from("b@example.com")));
}

#[test]
fn a_number_has_one_value_in_every_spelling() {
    #[derive(Model, Clone, Debug, PartialEq)]
    #[model(table = "numbers", no_debug)]
    struct Numbered {
        #[model(partition_key)]
        id: Id2,
    }
    #[derive(Clone, Debug, PartialEq)]
    struct Id2(u64);
    impl Attribute for Id2 {
        fn to_value(&self) -> Result<Option<AttributeValue>, Unfit> {
            self.0.to_value()
        }
        fn from_value(value: Option<AttributeValue>) -> Result<Self, Unfit> {
            u64::from_value(value).map(Self)
        }
    }
    impl KeyAttribute for Id2 {
        const KEY_TYPE: KeyType = KeyType::N;
    }
    for text in ["100", "1e2", "100.0", "0100"] {
        let map = [("id".to_owned(), SdkValue::N(text.to_owned()))].into();
        assert_eq!(Numbered::from_map(map).unwrap().id, Id2(100), "{text}");
    }
}
