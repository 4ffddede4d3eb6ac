use super::derive;

/// Before `»` is where a mistake is shown. What comes after the source are the mistakes, in the order of their places.
type Case = (&'static str, &'static [&'static str]);

/// A struct without sealed attributes, with these fields beside its partition key.
macro_rules! plain {
    ($fields:literal, $($message:literal),+ $(,)?) => {
        (concat!("#[model(table = \"archive\")]\nstruct A {\n#[model(partition_key)] id: String,\n", $fields, "\n}"), &[$($message),+])
    };
}

/// The same with items that are records.
macro_rules! record {
    ($fields:literal, $($message:literal),+ $(,)?) => {
        (concat!("#[model(table = \"archive\", record)]\nstruct A {\n#[model(partition_key)] id: String,\n", $fields, "\n}"), &[$($message),+])
    };
}

/// These options of the struct.
macro_rules! options {
    ($options:literal, $($message:literal),+ $(,)?) => {
        (concat!("#[model(", $options, ")]\nstruct A {\n#[model(partition_key)] id: String,\n}"), &[$($message),+])
    };
}

const STRUCTS: &[Case] = &[
    ("»enum A { B }", &["a model is a struct with named fields, not an enum: write `struct A { … }`"]),
    ("»union A { b: u8 }", &["a model is a struct with named fields, not a union: write `struct A { … }`"]),
    ("struct A»(u8);", &["a model is a struct with named fields, not a tuple struct: write `struct A { … }`"]),
    ("struct »A;", &["a model is a struct with named fields, not a struct without fields: write `struct A { … }`"]),
    (
        "#[model(table = \"archive\")] struct A»<T> { #[model(partition_key)] id: T }",
        &["a model has no generics, as it stands for one table: take them away and name the types"],
    ),
    (
        "#[model(table = \"archive\")] struct A»<'a> { #[model(partition_key)] id: &'a str }",
        &["a model has no generics, as it stands for one table: take them away and name the types"],
    ),
    (
        "struct »A { #[model(partition_key)] id: String }",
        &["which table? Write `#[model(table = \"name\")]` above `struct`"],
    ),
    (
        "#[model(table = \"archive\")] struct »A {}",
        &["which field is the partition key? Write `#[model(partition_key)]` at one"],
    ),
    (
        "»#[model]\n#[model(table = \"archive\")] struct A { #[model(partition_key)] id: String }",
        &["options are in parentheses: write `#[model(…)]`"],
    ),
    options!(
        "table = »\"\"",
        "a table's name has 3 to 255 letters, digits, `_`, `.` and `-`: write the name it has in DynamoDB"
    ),
    options!(
        "table = »\"an archive\"",
        "a table's name has 3 to 255 letters, digits, `_`, `.` and `-`: write the name it has in DynamoDB"
    ),
    options!("table = »7", "`table` has a text in quotes as value: write `table = \"archive\"`"),
    options!("»table", "`table` has a text in quotes as value: write `table = \"archive\"`"),
    options!("»table =", "`table` has a text in quotes as value: write `table = \"archive\"`"),
    options!("table = »archive", "`table` has a text in quotes as value: write `table = \"archive\"`"),
    options!("table = \"archive\", »table = \"other\"", "`table` is given twice: keep one"),
    options!("»tabel = \"archive\"", "there is no option `tabel`: did you mean `table`?"),
    options!(
        "table = \"archive\", »encryption",
        "there is no option `encryption`: the options here are `table`, `region`, `billing`, `rename_all`, `record`, `no_debug`, `projection`"
    ),
    options!("table = \"archive\", »seal", "`seal` is an option of fields: write it at one"),
    options!("table = \"archive\" »record", "`table` is complete before this: write a comma between options"),
    options!("table = \"archive\", »\"record\"", "an option begins with its name: write `name` or `name = \"value\"`"),
    options!("table = \"archive\", record »= true", "`record` has no value: write only `record`"),
    options!(
        "table = \"archive\", region = »\"Virginia\"",
        "a region has small letters, digits and `-`: write it like `\"us-east-1\"`"
    ),
    options!(
        "table = \"archive\", rename_all = »\"camelcase\"",
        "`rename_all` can not be `\"camelcase\"`: did you mean `\"camelCase\"`?"
    ),
    options!(
        "table = \"archive\", rename_all = »\"x\"",
        "`rename_all` can not be `\"x\"`: it is one of `\"camelCase\"`, `\"snake_case\"`, `\"PascalCase\"`, `\"kebab-case\"`, `\"SCREAMING_SNAKE_CASE\"`, `\"lowercase\"`"
    ),
    options!(
        "table = \"archive\", billing = »\"on-demand\"",
        "`billing` can not be `\"on-demand\"`: it is `\"pay-per-request\"`"
    ),
    options!(
        "table = \"archive\", billing = »\"provisioned\"",
        "provisioned tables say how much: write `billing(read = 5, write = 5)`"
    ),
    options!(
        "table = \"archive\", billing(read = »\"5\", write = 5)",
        "`read` has a whole number as value: write `read = 5`"
    ),
    options!("table = \"archive\", billing(read = 5, write = »0)", "`write` has to be 1 or more capacity units"),
    options!(
        "table = \"archive\", »billing(read = 5)",
        "`billing` needs `write`, too: write `billing(read = 5, write = 5)`"
    ),
    options!("table = \"archive\", billing(read = 5, »writ = 5)", "there is no option `writ`: did you mean `write`?"),
    options!(
        "table = \"archive\", »billing",
        "`billing` has settings in parentheses: write `billing = \"pay-per-request\"` or `billing(read = 5, write = 5)`"
    ),
];

const FIELDS: &[Case] = &[
    plain!("#[model(»sael)] a: u8", "there is no option `sael`: did you mean `seal`?"),
    plain!("#[model(»hash_key)] a: u8", "there is no option `hash_key`: did you mean `partition_key`?"),
    plain!("#[model(»range_key)] a: u8", "there is no option `range_key`: did you mean `sort_key`?"),
    plain!("#[model(»partition)] a: u8", "there is no option `partition`: did you mean `partition_key`?"),
    plain!("#[model(»partition_ky)] a: u8", "there is no option `partition_ky`: did you mean `partition_key`?"),
    plain!("#[model(»encrypted)] a: u8", "there is no option `encrypted`: did you mean `seal`?"),
    plain!("#[model(»name = \"b\")] a: u8", "there is no option `name`: did you mean `rename`?"),
    plain!(
        "#[model(»flatten)] a: B",
        "there is no option `flatten`: write the inner fields here, or `with = \"serde\"` for one attribute with all of them"
    ),
    plain!(
        "#[model(global_index(name = \"by-a\", »hash_key))] a: u8",
        "there is no option `hash_key`: did you mean `partition_key`?"
    ),
    options!("»table_name = \"archive\"", "there is no option `table_name`: did you mean `table`?"),
    plain!("#[model(»record)] a: u8", "`record` is an option of the struct: write it above `struct`"),
    plain!("#[model(rename = \"b\", »rename = \"c\")] a: u8", "`rename` is given twice: keep one"),
    plain!("#[model(seal)] #[model(»seal)] a: u8", "`seal` is given twice: keep one"),
    plain!("#[model(rename = »b)] a: u8", "`rename` has a text in quotes as value: write `rename = \"name\"`"),
    plain!("#[model(ttl »= 5)] a: u8", "`ttl` has no value: write only `ttl`"),
    plain!(
        "#[model(seal = »\"randomized\")] a: u8",
        "`seal` can not be `\"randomized\"`: did you mean `\"randomised\"`?"
    ),
    plain!(
        "#[model(seal = »\"aes\")] a: u8",
        "`seal` can not be `\"aes\"`: it is one of `\"randomised\"`, `\"deterministic\"`"
    ),
    plain!(
        "#[model(seal = »true)] a: u8",
        "`seal` has a text in quotes as value: write `seal` or `seal = \"deterministic\"`"
    ),
    plain!("#[model(with = »\"jsno\")] a: u8", "`with` can not be `\"jsno\"`: did you mean `\"json\"`?"),
    plain!(
        "#[model(with = »\"codec\")] a: u8",
        "`with` can not be `\"codec\"`: it is `\"json\"`, `\"serde\"` or the path of a module, here `\"self::codec\"`"
    ),
    plain!(
        "#[model(with = »\"a codec\")] a: u8",
        "`with` can not be `\"a codec\"`: it is `\"json\"`, `\"serde\"` or the path of a module, `\"path::to::module\"`"
    ),
    plain!("#[model(default = »\"0 + 1\")] a: u8", "`0 + 1` is no path: write `default = \"path::to::function\"`"),
    plain!("#[model(rename = »\"\")] a: u8", "an attribute needs a name: write one, or leave `rename` out"),
    plain!(
        "#[model(rename = »\"aws_dbe_a\")] a: u8",
        "names that begin with `aws_dbe_` are reserved: choose another with `rename`"
    ),
    plain!("»aws_dbe_a: u8", "names that begin with `aws_dbe_` are reserved: choose another with `rename`"),
    plain!(
        "#[model(rename = »\"aws-crypto-a\")] a: u8",
        "names that begin with `aws-crypto-` are reserved: choose another with `rename`"
    ),
    plain!("a: u8, #[model(rename = »\"a\")] b: u8", "`a` is the attribute of `a`, too: choose another with `rename`"),
    (
        "#[model(table = \"archive\", rename_all = \"camelCase\")] struct A { #[model(partition_key)] user_id: String, »userId: u8 }",
        &["`userId` is the attribute of `user_id`, too: choose another with `rename`"],
    ),
    plain!("#[model(skip, »version)] a: u64", "a field with `skip` is never stored: take `skip` or `version` away"),
    plain!("#[model(skip, »ttl)] a: u64", "a field with `skip` is never stored: take `skip` or `ttl` away"),
    plain!("#[model(skip, »seal)] a: u64", "a field with `skip` is never stored: take `skip` or `seal` away"),
    plain!("#[model(skip, »sort_key)] a: u64", "a field with `skip` is never stored: take `skip` or `sort_key` away"),
    plain!(
        "#[model(skip, »global_index(name = \"idx\", partition_key))] a: u64",
        "a field with `skip` is never stored: take `skip` or `global_index` away"
    ),
    plain!(
        "#[model(skip, rename = »\"b\", »with = \"json\")] a: u64",
        "a field with `skip` is never stored: take `skip` or `rename` away",
        "a field with `skip` is never stored: take `skip` or `with` away"
    ),
    (
        "#[model(table = \"archive\")] struct A { #[model(»partition_key, skip)] id: String }",
        &["a field with `skip` is never stored: take `skip` or `partition_key` away"],
    ),
    plain!("#[model(version)] a: »u32", "a version is of type `u64` or `Option<u64>`"),
    plain!("#[model(version)] a: »Vec<u64>", "a version is of type `u64` or `Option<u64>`"),
    plain!("#[model(version, »seal)] a: u64", "DynamoDB has to compare versions: take `seal` away"),
    plain!(
        "#[model(version)] a: u64, #[model(»version)] b: u64",
        "an item has one version: leave `version` at one field"
    ),
    plain!("#[model(version, »with = \"json\")] a: u64", "a version and a time to live are numbers: take `with` away"),
    plain!(
        "#[model(version, »ttl)] a: u64",
        "a field can not be both version and time to live: take `ttl` or `version` away"
    ),
    plain!(
        "#[model(ttl)] a: »Timestamp",
        "a time to live is of type `UnixTime` or an integer with seconds since 1970, or an `Option` of these"
    ),
    plain!(
        "#[model(ttl)] a: »Option<f64>",
        "a time to live is of type `UnixTime` or an integer with seconds since 1970, or an `Option` of these"
    ),
    plain!("#[model(ttl, »seal)] a: u64", "DynamoDB has to read the time to live: take `seal` away"),
    plain!("#[model(ttl)] a: u64, #[model(»ttl)] b: u64", "a table has one time to live: leave `ttl` at one field"),
];

const KEYS: &[Case] = &[
    plain!(
        "#[model(»partition_key)] a: u8",
        "a table has one partition key: leave `partition_key` at one field, and write `global_index(…)` for others"
    ),
    plain!(
        "#[model(sort_key)] a: u8, #[model(»sort_key)] b: u8",
        "a table has one sort key: leave `sort_key` at one field, and write `global_index(…)` or `local_index(…)` for others"
    ),
    (
        "#[model(table = \"archive\")] struct A { #[model(partition_key, »sort_key)] id: String }",
        &["a field can not be both keys of the table: take `sort_key` or `partition_key` away"],
    ),
    plain!("#[model(sort_key)] a: »Option<u8>", "every item has the keys of its table: take the `Option` away"),
    plain!("#[model(sort_key, »default)] a: u8", "every item has the keys of its table: take `default` away"),
    plain!(
        "#[model(sort_key, »version)] a: u64",
        "a key never changes and a version does: take the key's mark or `version` away"
    ),
    plain!(
        "#[model(sort_key, »with = \"json\")] a: u64",
        "DynamoDB has to know the type of a key: take `with` away and give the field a type that can be a key"
    ),
    plain!(
        "#[model(»with = \"serde\", global_index(name = \"idx\", partition_key))] a: u64",
        "DynamoDB has to know the type of a key: take `with` away and give the field a type that can be a key"
    ),
    plain!(
        "#[model(sort_key, »seal)] a: u8",
        "what is sealed with a random nonce can not be found as key: write `seal = \"deterministic\"`"
    ),
    plain!(
        "#[model(»seal = \"randomised\", global_index(name = \"idx\", partition_key))] a: u8",
        "what is sealed with a random nonce can not be found as key: write `seal = \"deterministic\"`"
    ),
];

const MARKS: &[Case] = &[
    plain!(
        "#[model(»sign)] a: u8",
        "`sign` is for records: write `record` above `struct`, or take `sign` away; without `seal`, attributes are plain here"
    ),
    plain!(
        "#[model(»context)] a: u8",
        "`context` is for records: write `record` above `struct`, or take `context` away; without `seal`, attributes are plain here"
    ),
    plain!(
        "#[model(»plain)] a: u8",
        "`plain` is for records: write `record` above `struct`, or take `plain` away; without `seal`, attributes are plain here"
    ),
    plain!(
        "#[model(seal, »beacon(length = 24))] a: u8",
        "beacons are for records: write `record` above `struct`, or `seal = \"deterministic\"` here"
    ),
    plain!(
        "#[model(»also_reads = \"pynamodb_mate\")] a: String",
        "pynamodb_mate's encrypted attributes are sealed here, too: write `seal` or take `also_reads` away"
    ),
    plain!(
        "#[model(seal, also_reads = »\"pynamodb\")] a: String",
        "`also_reads` can not be `\"pynamodb\"`: it is `\"pynamodb_mate\"`"
    ),
    plain!(
        "#[model(seal, »also_reads = \"pynamodb_mate\")] a: bool",
        "pynamodb_mate sealed texts, bytes, numbers and JSON: the field has to be `String`, `Vec<u8>`, a number or an `Option` of these, or `with = \"json\"`"
    ),
    plain!(
        "#[model(seal, with = \"serde\", »also_reads = \"pynamodb_mate\")] a: String",
        "pynamodb_mate sealed texts, bytes, numbers and JSON: the field has to be `String`, `Vec<u8>`, a number or an `Option` of these, or `with = \"json\"`"
    ),
    record!(
        "#[model(seal, »also_reads = \"pynamodb_mate\")] a: String",
        "pynamodb_mate sealed attributes, not records: take `also_reads` or `record` away"
    ),
    record!(
        "#[model(sign, »beacon(length = 24))] a: u8",
        "a beacon finds what is sealed: write `seal`, too, or take `beacon` away"
    ),
    record!("#[model(seal, beacon(length = »0))] a: u8", "a beacon has 1 to 63 bits"),
    record!("#[model(seal, beacon(length = »64))] a: u8", "a beacon has 1 to 63 bits"),
    record!("#[model(seal, »beacon())] a: u8", "how long is the beacon? Write `beacon(length = 24)`"),
    record!("#[model(seal, »beacon)] a: u8", "`beacon` has settings in parentheses: write `beacon(length = 24)`"),
    record!("#[model(seal, beacon(»len = 24))] a: u8", "there is no option `len`: the options here are `length`"),
    record!("#[model(seal, beacon(length = »24.0))] a: u8", "`length` has a whole number as value: write `length = 5`"),
    record!(
        "#[model(seal, »sign, »plain)] a: u8",
        "only one of `seal`, `sign`, `context` and `plain`: take `sign` or `seal` away",
        "only one of `seal`, `sign`, `context` and `plain`: take `plain` or `seal` away"
    ),
    record!("»a: u8", "what is done with it in the record? Write `seal`, `sign`, `context` or `plain`"),
    record!(
        "#[model(»seal = \"deterministic\")] a: u8",
        "records are never sealed deterministically: write `seal`, and `beacon(length = 24)` to search for it"
    ),
    record!(
        "#[model(sort_key, »seal)] a: u8",
        "DynamoDB has to read the keys of the table: take `seal` away; they are signed by themselves"
    ),
    record!("#[model(sort_key, »plain)] a: u8", "keys of a record are signed by themselves: take `plain` away"),
    record!(
        "#[model(sort_key, »sign)] a: u8, #[model(context)] b: u8",
        "where a field is `context`, the keys are, too: write `context` here or nothing"
    ),
    record!(
        "#[model(context)] a: »Option<u8>",
        "what is in the encryption context has to be in every item: take the `Option` away or write `sign`"
    ),
    record!(
        "#[model(»seal, global_index(name = \"idx\", partition_key))] a: u8",
        "in records, the key of an index that is sealed is its beacon: write `beacon(length = 24)` as well, or take `seal` away"
    ),
    record!("#[model(version, »seal)] a: u64", "DynamoDB has to compare versions: take `seal` away"),
    record!("#[model(ttl, »seal)] a: u64", "DynamoDB has to read the time to live: take `seal` away"),
];

const INDEXES: &[Case] = &[
    plain!("#[model(»global_index(partition_key))] a: u8", "which index? Write its name: `name = \"by_email\"`"),
    plain!(
        "#[model(»global_index = \"idx\")] a: u8",
        "`global_index` has settings in parentheses: write `global_index(name = \"by_email\", sort_key)`"
    ),
    plain!(
        "#[model(global_index(name = »\"a b\", partition_key))] a: u8",
        "an index's name has 3 to 255 letters, digits, `_`, `.` and `-`: write the name it has in DynamoDB"
    ),
    plain!(
        "#[model(global_index(name = \"idx\", »partition))] a: u8",
        "there is no option `partition`: did you mean `partition_key`?"
    ),
    plain!(
        "#[model(global_index(name = \"idx\", partition_key))] a: u8, #[model(global_index(name = \"idx\", »partition_key))] b: u8",
        "`idx` has one partition key: leave it at one field"
    ),
    plain!(
        "#[model(global_index(name = \"idx\", partition_key))] a: u8, #[model(global_index(name = \"idx\", sort_key))] b: u8, #[model(global_index(name = \"idx\", »sort_key))] c: u8",
        "`idx` has one sort key: leave it at one field"
    ),
    plain!(
        "#[model(global_index(name = \"idx\", partition_key), global_index(name = \"idx\", »partition_key))] a: u8",
        "this is said twice: the field is the partition key of `idx` already"
    ),
    plain!(
        "#[model(global_index(name = »\"idx\", sort_key))] a: u8",
        "which field is the partition key of `idx`? Write `global_index(name = \"idx\", partition_key)` at one"
    ),
    plain!(
        "#[model(global_index(name = \"idx\", partition_key))] a: u8, #[model(»global_index(name = \"idx\"))] b: u8",
        "which key of the index? Write `partition_key` or `sort_key`"
    ),
    plain!(
        "#[model(global_index(name = \"idx\", partition_key))] a: u8, #[model(global_index(name = \"idx\", partition_key, »sort_key))] b: u8",
        "a field can not be both keys of an index: take `sort_key` or `partition_key` away"
    ),
    plain!(
        "#[model(local_index(name = »\"idx\", sort_key))] a: u8",
        "only a table with a sort key has local indexes: give the table one, or write `global_index`"
    ),
    plain!(
        "#[model(sort_key)] s: u8, #[model(local_index(name = \"idx\", »partition_key))] a: u8",
        "a local index has the table's partition key: write `sort_key`, or make it a `global_index`"
    ),
    plain!(
        "#[model(sort_key)] s: u8, #[model(»local_index(name = \"idx\"))] a: u8",
        "a local index has its sort key here: write `sort_key`"
    ),
    plain!(
        "#[model(sort_key)] s: u8, #[model(global_index(name = \"idx\", partition_key))] a: u8, #[model(local_index(name = »\"idx\", sort_key))] b: u8",
        "`idx` is global at one field and local at another: give them two names"
    ),
    plain!(
        "by_email: u8, #[model(global_index(name = »\"ByEmail\", partition_key))] email: u8",
        "the function `by_email()` of index `ByEmail` would be that of the field `by_email`, too: rename the field or the index"
    ),
    plain!(
        "#[model(global_index(name = \"by-email\", partition_key))] a: u8, #[model(global_index(name = »\"by.email\", partition_key))] b: u8",
        "the function `by_email()` of index `by.email` would be that of the index `by-email`, too: rename the field or the index"
    ),
    options!(
        "table = \"archive\", projection(index = »\"by_email\", keys_only)",
        "there is no index `by_email`: write `global_index(…)` at the fields that are its keys"
    ),
    options!(
        "table = \"archive\", »projection(keys_only)",
        "which index? Write its name: `projection(index = \"by_email\", keys_only)`"
    ),
    options!(
        "table = \"archive\", projection(index = \"by_email\", »key_only)",
        "there is no option `key_only`: did you mean `keys_only`?"
    ),
    options!(
        "table = \"archive\", »projection(index = \"by_email\")",
        "what is in the index? Write `keys_only` or `include(\"field\")`; without `projection` it is everything"
    ),
    options!(
        "table = \"archive\", projection(index = \"by_email\", keys_only, »include(\"id\"))",
        "an index has its keys only or includes more: take `include` or `keys_only` away"
    ),
    options!(
        "table = \"archive\", projection(index = \"by_email\", include(»id))",
        "`include` has names of fields: write `include(\"field_a\", \"field_b\")`"
    ),
    (
        "#[model(table = \"archive\", projection(index = »\"by_mail\", keys_only))]
        #[model(projection(index = \"by_email\", include(»\"emial\", »\"x\", »\"cache\", \"id\", »\"id\")))]
        #[model(projection(index = »\"by_email\", »include()))]
        struct A {
            #[model(partition_key)] id: String,
            #[model(global_index(name = \"by_email\", partition_key))] email: u8,
            #[model(skip)] cache: u8,
        }",
        &[
            "there is no index `by_mail`: did you mean `by_email`?",
            "there is no field `emial`: did you mean `email`?",
            "there is no field `x`: `include` has names of fields, not of attributes",
            "`cache` has `skip` and is never stored: take it away here",
            "`id` is given twice: keep one",
            "the projection of `by_email` is given twice: keep one",
            "`include` needs fields: write `include(\"field\")`, or `keys_only` in its place",
        ],
    ),
];

fn all() -> impl Iterator<Item = &'static Case> {
    [STRUCTS, FIELDS, KEYS, MARKS, INDEXES].into_iter().flatten()
}

/// Line and column of each mistake with its text, in the order of the source.
fn mistakes(source: &str) -> Vec<((usize, usize), String)> {
    let Err(error) = derive(source) else { return Vec::new() };
    let place = |mistake: &syn::Error| (mistake.span().start().line, mistake.span().start().column + 1);
    let mut found: Vec<_> = error.into_iter().map(|mistake| (place(&mistake), mistake.to_string())).collect();
    found.sort();
    found
}

/// Where the marks are, in the source without them.
fn places(source: &str) -> Vec<(usize, usize)> {
    let lines = source.lines().enumerate();
    let in_line = |(line, text): (usize, &str)| -> Vec<(usize, usize)> {
        let before = text.split('»').scan(0, |column, part| {
            *column += part.chars().count();
            Some((line + 1, *column + 1))
        });
        before.take(text.matches('»').count()).collect()
    };
    lines.flat_map(in_line).collect()
}

#[test]
fn mistakes_are_shown_where_they_are() {
    for (source, messages) in all() {
        let expected: Vec<_> =
            places(source).into_iter().zip(messages.iter().map(|message| (*message).to_owned())).collect();
        assert_eq!(expected.len(), messages.len(), "a mark for each mistake: {source}");
        assert_eq!(mistakes(&source.replace('»', "")), expected, "{source}");
    }
    assert!(all().count() >= 100);
}

#[test]
fn a_name_may_have_255_bytes() {
    let with = |bytes: usize| {
        let name = "ä".repeat(bytes / 2) + &"a".repeat(bytes % 2);
        mistakes(&format!(
            "#[model(table = \"archive\")] struct A {{ #[model(partition_key, rename = {name:?})] a: u8 }}"
        ))
    };
    assert_eq!(with(255), []);
    assert_eq!(with(256), [((1, 72), "the name of an attribute has 255 bytes at most, not 256".to_owned())]);
}

/// Numbers here, so that the marks above are not the only ones who count.
#[test]
fn five_mistakes_of_a_struct_are_told_at_once() {
    let source = r#"
#[model(table = "a", rename_all = "camel")]
struct Account {
    #[model(partition_key, seal)]
    id: String,
    #[model(version)]
    version: u32,
    #[model(seal = "determinstic")]
    email: String,
}"#;
    let expected = [
        ((2, 17), "a table's name has 3 to 255 letters, digits, `_`, `.` and `-`: write the name it has in DynamoDB"),
        (
            (2, 35),
            "`rename_all` can not be `\"camel\"`: it is one of `\"camelCase\"`, `\"snake_case\"`, `\"PascalCase\"`, `\"kebab-case\"`, `\"SCREAMING_SNAKE_CASE\"`, `\"lowercase\"`",
        ),
        ((4, 28), "what is sealed with a random nonce can not be found as key: write `seal = \"deterministic\"`"),
        ((7, 14), "a version is of type `u64` or `Option<u64>`"),
        ((8, 20), "`seal` can not be `\"determinstic\"`: did you mean `\"deterministic\"`?"),
    ];
    assert_eq!(mistakes(source), expected.map(|(place, message)| (place, message.to_owned())));
}

/// Whoever types has something half-written all the time. What is not right is told, and nothing panics.
#[test]
fn half_written_sources_are_told_or_expanded() {
    for (source, _) in all() {
        let source: Vec<char> = source.replace('»', "").chars().collect();
        for left_out in 0..source.len() {
            let source: String = source.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, c)| c).collect();
            let Ok(input) = syn::parse_str(&source) else { continue };
            if let Ok(code) = crate::derive(input) {
                assert!(code.to_string().contains("DEFINITION"), "{source}");
            }
        }
    }
}
