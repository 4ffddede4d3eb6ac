use super::derive;
use crate::names::{Case, function_of_index, meant};
use crate::types;
use proc_macro2::Span;

/// The code without its spaces, which differ from one printer to the next.
fn expand(source: &str) -> String {
    squeeze(&derive(source).unwrap().to_string())
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect()
}

#[track_caller]
fn has(code: &str, part: &str) {
    assert!(code.contains(&squeeze(part)), "{part} is not in\n{code}");
}

const ARCHIVE: &str = r#"
    #[model(table = "archive", region = "us-east-1")]
    pub(crate) struct Archive {
        #[model(partition_key)]
        aid: String,
        #[model(seal = "deterministic")]
        secret: String,
        #[model(seal, with = "json")]
        data: BTreeMap<String, u32>,
        #[model(skip)]
        cache: u8,
    }
"#;

#[test]
fn the_definition_is_a_constant() {
    let code = expand(ARCHIVE);
    has(&code, "impl ::dynaseal::model::Model for Archive");
    has(
        &code,
        r#"Definition::new("Archive", "archive", COLUMNS).with_key(0usize, ::core::option::Option::None).with_region("us-east-1")"#,
    );
    has(
        &code,
        r#"ColumnDefinition::new("aid", "aid", ::dynaseal::model::definition::Protection::Plain,
            ::core::option::Option::Some(<String as ::dynaseal::model::KeyAttribute>::KEY_TYPE))"#,
    );
    has(
        &code,
        r#"Protection::Deterministic { also_reads: ::core::option::Option::None }, ::core::option::Option::None)"#,
    );
    has(&code, "type Sort = ::dynaseal::model::NoSort;");
    for absent in ["with_version", "with_ttl", "with_indexes", "with_billing", "as_record", "\"cache\",\"cache\""] {
        assert!(!code.contains(absent), "{absent}");
    }
}

#[test]
fn every_column_has_a_function_of_the_structs_visibility() {
    let code = expand(ARCHIVE);
    has(&code, "pub(crate) fn aid() -> ::dynaseal::model::Column<Self, String, ::dynaseal::model::Plain>");
    has(
        &code,
        "Column::of(0, <String as ::dynaseal::model::Attribute>::to_value, |field: &String| ::dynaseal::model::written_key::<String>(field))",
    );
    has(&code, "fn secret() -> ::dynaseal::model::Column<Self, String, ::dynaseal::model::Deterministic>");
    has(&code, "fn data() -> ::dynaseal::model::Column<Self, BTreeMap<String, u32>, ::dynaseal::model::Randomised>");
    has(&code, "Column::of(2, |field: &BTreeMap<String, u32>| ::dynaseal::model::with::json::to_value(field)");
    assert!(!code.contains("fncache("));
    assert_eq!(code.matches("#[doc=").count(), 3);
}

#[test]
fn sealed_fields_are_not_printed() {
    let code = expand(ARCHIVE);
    has(&code, r#".field("aid", &self.aid)"#);
    has(&code, r#".field("secret", &::core::format_args!("{}", "<String, sealed>"))"#);
    has(&code, r#".field("cache", &::core::format_args!("{}", "<u8, skipped>"))"#);
    let debug = code.split("impl::core::fmt::Debug").nth(1).unwrap();
    assert!(!debug.contains("self.secret") && !debug.contains("self.data") && !debug.contains("self.cache"));
    assert!(derive(ARCHIVE).unwrap().to_string().contains("<BTreeMap<String, u32>, sealed>"));
    assert!(!expand(&ARCHIVE.replace("region", "no_debug, region")).contains("Debug"));
    // Those of records, too.
    let code = expand(RECORD);
    let debug = code.split("impl::core::fmt::Debug").nth(1).unwrap();
    assert!(!debug.contains("self.name") && !debug.contains("self.diagnosis") && debug.contains("self.ward"));
}

#[test]
fn values_are_written_and_read_in_the_order_of_columns() {
    let code = expand(ARCHIVE);
    has(
        &code,
        r#"::dynaseal::model::written_key::<String>(&self.aid).map_err(|reason| ::dynaseal::model::FieldError::new("Archive", "aid", reason))?"#,
    );
    has(&code, "::dynaseal::model::written::<String>(&self.secret).map_err(");
    has(&code, "::dynaseal::model::with::json::written(&self.data).map(::core::option::Option::Some).map_err(");
    has(&code, "aid: ::dynaseal::model::read_key::<String>(");
    has(&code, "secret: <String as ::dynaseal::model::Attribute>::from_value(");
    has(&code, "::dynaseal::model::with::json::read(value)");
    has(&code, "cache: <u8 as ::core::default::Default>::default()");
    // With a serialiser of its own nothing but the derive knows what to do without an attribute.
    has(&code, r#"::dynaseal::model::Unfit::new("it is not there")"#);
    assert_eq!(code.matches("vec!").count(), 1);
}

#[test]
fn absent_attributes_have_defaults() {
    let code = expand(
        r#"#[model(table = "archive")] struct A {
            #[model(partition_key)] id: String,
            #[model(default)] a: u8,
            #[model(default = "here::b")] b: u16,
            #[model(skip, default = "here::c")] c: u32,
            #[model(with = "self::own")] d: Option<Own>,
            #[model(with = "self::own", default)] e: Own,
        }"#,
    );
    has(&code, "::core::option::Option::None => <u8 as ::core::default::Default>::default(),");
    has(&code, "::core::option::Option::None => here::b(),");
    has(&code, "c: here::c(),");
    has(&code, "::core::option::Option::Some(inner) => self::own::to_value(inner).map(::core::option::Option::Some)");
    has(
        &code,
        "::dynaseal::model::with::written(inner, |value: &Own| self::own::to_value(value), |value: ::dynaseal::AttributeValue| self::own::from_value(value),).and_then(::dynaseal::model::some)",
    );
    has(&code, "::core::option::Option::None => <Own as ::core::default::Default>::default(),");
    // What is written as nothing has to be what nothing is read as.
    has(
        &code,
        "::dynaseal::model::written::<u16>(&self.b).and_then(|written| ::dynaseal::model::or_default(written, || here::b(), |default: &u16| ::dynaseal::model::written::<u16>(default)))",
    );
    assert!(!code.contains("Unfit"));
}

#[test]
fn versions_are_counted() {
    let with = |ty: &str| {
        let fields = format!("#[model(partition_key)] id: String, #[model(version)] v: {ty}");
        expand(&format!(r#"#[model(table = "archive")] struct A {{ {fields} }}"#))
    };
    let code = with("u64");
    has(&code, ".with_version(1usize)");
    has(&code, "{ ::core::option::Option::Some(self.v) }");
    has(&code, "{ self.v = version; }");
    // Items from before there were versions.
    has(&code, "::core::option::Option::None => <u64 as ::core::default::Default>::default(),");
    let code = with("std::option::Option<u64>");
    has(&code, "{ ::core::option::Option::Some(self.v.unwrap_or(0)) }");
    has(&code, "{ self.v = ::core::option::Option::Some(version); }");
    has(
        &expand(ARCHIVE),
        "fn version(&self) -> ::core::option::Option<::core::primitive::u64> { ::core::option::Option::None }",
    );
}

#[test]
fn one_field_serves_several_indexes() {
    let code = expand(
        r#"#[model(table = "posts", rename_all = "camelCase", billing(read = 5, write = 6))]
        #[model(projection(index = "ByAuthor", include("the_text", "type")), projection(index = "by-date", keys_only))]
        struct Post {
            #[model(partition_key)] forum: String,
            #[model(sort_key)] id: u64,
            #[model(global_index(name = "ByAuthor", partition_key))] author: Option<String>,
            #[model(global_index(name = "ByAuthor", sort_key), local_index(name = "by-date", sort_key))] written_at: i64,
            #[model(rename = "t", seal = "deterministic", global_index(name = "ofKind", partition_key))] r#type: Kind,
            the_text: String,
            #[model(ttl)] until: Option<UnixTime>,
        }"#,
    );
    has(&code, r#".with_key(0usize, ::core::option::Option::Some(1usize))"#);
    has(&code, "Billing::Provisioned { read: 5i64, write: 6i64 }");
    has(&code, ".with_ttl(6usize)");
    has(
        &code,
        r#"IndexDefinition::new("ByAuthor", false, 2usize, ::core::option::Option::Some(3usize),
            ::dynaseal::model::definition::Projection::Include(&["theText", "t"]))"#,
    );
    has(
        &code,
        r#"IndexDefinition::new("by-date", true, 0usize, ::core::option::Option::Some(3usize),
            ::dynaseal::model::definition::Projection::KeysOnly)"#,
    );
    has(&code, r#"::new("written_at", "writtenAt","#);
    // What is sealed is bytes, whatever it was.
    has(&code, r#"::core::option::Option::Some(::dynaseal::model::definition::KeyType::B)"#);
    has(&code, "fn by_author() -> ::dynaseal::model::Index<Self,");
    has(&code, r#"Index::of(::core::option::Option::Some("ByAuthor"), Self::author(), Self::written_at())"#);
    has(&code, r#"Index::of(::core::option::Option::Some("by-date"), Self::forum(), Self::written_at())"#);
    has(&code, "Index::of(::core::option::Option::None, Self::forum(), Self::id())");
}

#[test]
fn functions_of_fields_and_indexes_may_be_keywords() {
    let code = expand(
        r#"#[model(table = "archive")] struct A {
            #[model(partition_key)] r#match: String,
            #[model(global_index(name = "type", partition_key))] kind: String,
        }"#,
    );
    // The attribute has no `r#`, the function has to.
    has(&code, r#"ColumnDefinition::new("match", "match","#);
    has(&code, "Self::r#match()");
    assert!(derive(ARCHIVE).is_ok() && code.contains("fnr#type()"));
}

const RECORD: &str = r#"
    #[model(table = "patients", record)]
    struct Patient {
        #[model(partition_key)]
        id: String,
        #[model(sort_key)]
        year: u16,
        #[model(seal, beacon(length = 24))]
        name: String,
        #[model(seal)]
        diagnosis: Vec<String>,
        #[model(sign)]
        ward: String,
        #[model(plain, global_index(name = "by_room", partition_key))]
        room: u8,
        #[model(version)]
        version: u64,
        #[model(ttl)]
        until: UnixTime,
    }
"#;

#[test]
fn records_say_what_is_done_with_each_attribute() {
    let code = expand(RECORD);
    let actions: Vec<&str> = code.split("CryptoAction::").skip(1).map(|rest| rest.split(',').next().unwrap()).collect();
    let expected =
        ["SignOnly", "SignOnly", "EncryptAndSign", "EncryptAndSign", "SignOnly", "DoNothing", "SignOnly", "DoNothing"];
    assert_eq!(actions, expected);
    has(&code, "beacon: ::core::option::Option::Some(::dynaseal::model::definition::Beacon::of_length(24u8))");
    has(&code, "fn name() -> ::dynaseal::model::Column<Self, String, ::dynaseal::model::Searched>");
    has(&code, "fn diagnosis() -> ::dynaseal::model::Column<Self, Vec<String>, ::dynaseal::model::InRecord>");
    has(&code, "fn ward() -> ::dynaseal::model::Column<Self, String, ::dynaseal::model::Plain>");
    has(&code, ".as_record()");
}

#[test]
fn keys_of_a_record_are_in_the_context_if_anything_is() {
    for source in [RECORD.replace("sign", "context"), RECORD.replace("sort_key", "sort_key, context")] {
        let code = expand(&source);
        assert!(code.matches("SignAndIncludeInEncryptionContext").count() >= 2, "{code}");
        has(
            &code,
            r#"("id", "id", ::dynaseal::model::definition::Protection::Record {
                action: ::dynaseal::CryptoAction::SignAndIncludeInEncryptionContext"#,
        );
    }
}

#[test]
fn legacy_kinds_come_from_types() {
    let kinds = [
        ("String", "Text"),
        ("Option<String>", "Text"),
        ("Vec<u8>", "Binary"),
        ("std::vec::Vec<u8>", "Binary"),
        ("Option<Vec<u8>>", "Binary"),
        ("u8", "Number"),
        ("f64", "Number"),
        ("Option<i128>", "Number"),
        ("dynaseal::model::Decimal", "Number"),
    ];
    let with = |options: &str, ty: &str| {
        expand(&format!(
            r#"#[model(table = "archive")] struct A {{
                #[model(partition_key)] id: String, #[model({options}, also_reads = "pynamodb_mate")] f: {ty}
            }}"#
        ))
    };
    for (ty, kind) in kinds {
        has(&with("seal", ty), &format!("Legacy::{kind})"));
    }
    has(&with("seal = \"deterministic\", with = \"json\"", "Anything"), "Legacy::Json)");
}

#[test]
fn cases_are_those_of_serde() {
    let cases: Vec<String> = Case::ALL.iter().map(|(_, case)| case.apply("user_id_2")).collect();
    assert_eq!(cases, ["userId2", "user_id_2", "UserId2", "user-id-2", "USER_ID_2", "user_id_2"]);
    assert_eq!((Case::Camel.apply("_id"), Case::Pascal.apply("_id")), ("id".to_owned(), "Id".to_owned()));
}

#[test]
fn functions_of_indexes_are_identifiers() {
    let names = [
        ("by_email", "by_email"),
        ("ByEmail", "by_email"),
        ("by-email.v2", "by_email_v2"),
        ("By-Email", "by_email"),
        ("GSI1", "gsi1"),
        ("userIDIndex", "user_id_index"),
        ("2nd", "_2nd"),
        ("type", "r#type"),
        ("self", "self_"),
        ("Crate", "crate_"),
        ("---", "___"),
    ];
    for (name, function) in names {
        assert_eq!(function_of_index(name, Span::call_site()).to_string(), function, "{name}");
    }
}

#[test]
fn near_names_are_proposed() {
    let known = ["partition_key", "sort_key", "seal", "sign", "ttl"];
    for (written, expected) in [
        ("partiton_key", Some("partition_key")),
        ("sortkey", Some("sort_key")),
        ("SEAL", Some("seal")),
        ("sael", Some("seal")),
        ("tll", Some("ttl")),
        ("encrypted", None),
        ("key", None),
        ("", None),
    ] {
        assert_eq!(meant(written, &known), expected, "{written}");
    }
}

#[test]
fn types_are_printed_as_people_write_them() {
    for ty in ["Vec<u8>", "BTreeMap<String, Option<u32>>", "&'static str", "(u8, [u8; 4])", "Box<dyn Any + Send>"] {
        assert_eq!(types::text(&syn::parse_str(ty).unwrap()), ty);
    }
    assert_eq!(types::text(&syn::parse_str(":: std :: vec :: Vec < u8 >").unwrap()), "::std::vec::Vec<u8>");
}
