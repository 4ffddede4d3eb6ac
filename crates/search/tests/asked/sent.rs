//! What is sent, word by word; whose key it takes; and what is told of a search.

use std::collections::BTreeMap;
use std::sync::Arc;

use dynaseal_core::{AttributeValue, BeaconKey, Item, StaticBeaconKeySource, TableConfig};
use dynaseal_expression::MAX_EXPRESSION;
use dynaseal_search::{
    Analysis, BeaconKeys, CompoundBeacon, Constructor, QueryError, QueryRequest, Search, SearchConfig, StandardBeacon,
    Transform, VirtualField,
};
use dynaseal_testkit::block_on;

use crate::world;

fn search(keys: BeaconKeys, partitions: Option<u8>, length: u8) -> Arc<Search> {
    let table = TableConfig::builder("t", "id").encrypt(["a", "b"]).sign(["x", "y", "tenant"]).build().unwrap();
    let mut config = SearchConfig::new(keys)
        .standard(StandardBeacon::new("a", length))
        .standard(StandardBeacon::new("b", length))
        .compound(
            CompoundBeacon::new("who", '.')
                .signed("tenant", "T-")
                .signed("x", "X-")
                .encrypted("a", "A-")
                .encrypted("b", "B-")
                .constructor(Constructor::new().required("tenant").required("x").required("a").optional("b"))
                .constructor(Constructor::new().required("x").required("b")),
        );
    if let Some(partitions) = partitions {
        config = config.maximum_partitions(partitions);
    }
    Arc::new(config.build(&table).unwrap())
}

fn fixed() -> BeaconKeys {
    BeaconKeys::fixed(key(7))
}

fn key(byte: u8) -> BeaconKey {
    BeaconKey::copy_from(&[byte; 32]).unwrap()
}

fn by_tenant(field: &str) -> BeaconKeys {
    let source = StaticBeaconKeySource::default().with("t-1", key(1)).with("t-2", key(2));
    BeaconKeys::by_tenant(Arc::new(source), field)
}

fn values(values: &[(&str, &str)]) -> Item {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
}

fn scan(filter: &str, given: &[(&str, &str)]) -> QueryRequest {
    QueryRequest { filter: Some(filter.to_owned()), values: values(given), ..QueryRequest::default() }
}

fn analyzed(search: &Arc<Search>, request: QueryRequest) -> Analysis {
    search.analyze(request).unwrap_or_else(|error| panic!("{error}"))
}

fn sent(search: &Arc<Search>, request: QueryRequest) -> QueryRequest {
    let mut all = block_on(analyzed(search, request).rewrite_all()).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn filter(search: &Arc<Search>, text: &str, given: &[(&str, &str)]) -> String {
    sent(search, scan(text, given)).filter.unwrap()
}

/// A scan sees all partitions at once: one condition for each, in parentheses, but never in two.
#[test]
fn a_scan_of_two_partitions_asks_for_both() {
    let two = search(fixed(), Some(2), 60);
    for (text, expected) in [
        ("a = :v", "(aws_dbe_b_a = :v) OR (aws_dbe_b_a = :vAA)"),
        ("(a = :v)", "(aws_dbe_b_a = :v) OR (aws_dbe_b_a = :vAA)"),
        (" ( a = :v ) ", " ( aws_dbe_b_a = :v )  OR  ( aws_dbe_b_a = :vAA ) "),
        ("(a) = (:v)", "((aws_dbe_b_a) = (:v)) OR ((aws_dbe_b_a) = (:vAA))"),
        ("(a = :v) OR (x = :w)", "((aws_dbe_b_a = :v) OR (x = :w)) OR ((aws_dbe_b_a = :vAA) OR (x = :w))"),
        ("(a = :v OR (x = :w))", "(aws_dbe_b_a = :v OR (x = :w)) OR (aws_dbe_b_a = :vAA OR (x = :w))"),
        (
            "NOT (x = :w) AND (a = :v)",
            "(NOT (x = :w) AND (aws_dbe_b_a = :v)) OR (NOT (x = :w) AND (aws_dbe_b_a = :vAA))",
        ),
        ("a IN (:v, :w)", "(aws_dbe_b_a IN (:v, :w)) OR (aws_dbe_b_a IN (:vAA, :wAA))"),
    ] {
        let given: Vec<_> =
            [(":v", "one"), (":w", "two")].into_iter().filter(|(name, _)| text.contains(name)).collect();
        let request = sent(&two, scan(text, &given));
        assert_eq!(request.filter.as_deref(), Some(expected), "{text}");
        // Fifteen digits of sixty bits, and another beacon in the other partition.
        let AttributeValue::S(one) = &request.values[":v"] else { panic!("no text") };
        let AttributeValue::S(other) = &request.values[":vAA"] else { panic!("no text") };
        assert!(one.len() == 15 && other.len() == 15 && one != other, "{one} {other}");
    }
    assert_eq!(filter(&two, "x = :v", &[(":v", "one")]), "x = :v");
    assert_eq!(filter(&search(fixed(), None, 60), "(a = :v)", &[(":v", "one")]), "(aws_dbe_b_a = :v)");
}

/// Names that the caller has taken are theirs.
#[test]
fn new_values_have_names_of_their_own() {
    let many = search(fixed(), Some(60), 60);
    let request = sent(&many, scan("a = :v AND x = :vAB AND y <> :vAA", &[(":v", "1"), (":vAB", "2"), (":vAA", "3")]));
    assert_eq!((&request.values[":vAB"], &request.values[":vAA"]), (&"2".into(), &"3".into()));
    // Each partition has a beacon of its own; two letters each.
    assert_eq!(request.values.len(), 62);
    for (name, value) in &request.values {
        let AttributeValue::S(text) = value else { panic!("no text") };
        assert_eq!(text.len(), if [":vAB", ":vAA"].contains(&name.as_str()) { 1 } else { 15 }, "{name}");
        assert!(name == ":v" || name.len() == 4, "{name}");
    }
    let texts: std::collections::BTreeSet<_> = request.values.values().map(|value| format!("{value:?}")).collect();
    assert_eq!(texts.len(), 62);
    let filter = request.filter.unwrap();
    assert!(filter.contains("aws_dbe_b_a = :vAC ") && filter.contains("aws_dbe_b_a = :vCI "), "{filter}");
    // Beacons of two bits are at most four, however many partitions there are.
    let few = sent(&search(fixed(), Some(60), 2), scan("a = :v", &[(":v", "1")]));
    assert_eq!((few.values.len(), few.filter.unwrap().matches(" OR ").count()), (4, 3));
}

#[test]
fn an_expression_may_be_as_long_as_dynamodb_takes_it() {
    let one = search(fixed(), None, 10);
    let padded = |length: usize| format!("a = :v{}", " ".repeat(length - "aws_dbe_b_a = :v".len()));
    let request = sent(&one, scan(&padded(MAX_EXPRESSION), &[(":v", "one")]));
    assert_eq!(request.filter.map(|text| text.len()), Some(4096));
    let key = |text: String| QueryRequest {
        key_condition: Some(text),
        values: values(&[(":v", "one")]),
        ..QueryRequest::default()
    };
    assert_eq!(sent(&one, key(padded(4096))).key_condition.map(|text| text.len()), Some(4096));
    for request in [scan(&padded(4097), &[(":v", "one")]), key(padded(4097))] {
        let error = block_on(analyzed(&one, request).rewrite()).unwrap_err();
        assert!(matches!(error, QueryError::TooLong { length: 4097 }), "{error}");
    }
    // Together, the conditions of many partitions are too long.
    let many = search(fixed(), Some(254), 60);
    let error =
        block_on(analyzed(&many, scan("a = :v AND b = :w", &[(":v", "1"), (":w", "2")])).rewrite()).unwrap_err();
    assert!(matches!(error, QueryError::TooLong { .. }), "{error}");
}

#[test]
fn names_are_changed_where_they_stand_for_a_beacon() {
    let world = world::search(None);
    let ask = |text: &str, names: &[(&str, &str)], given: Item| {
        let names: BTreeMap<_, _> = names.iter().map(|(name, of)| ((*name).to_owned(), (*of).to_owned())).collect();
        let request = QueryRequest { filter: Some(text.to_owned()), names, values: given, ..QueryRequest::default() };
        let sent = sent(&world, request);
        (sent.filter.unwrap(), sent.names.into_iter().collect::<Vec<_>>())
    };
    let pairs = |names: &[(&str, &str)]| {
        names.iter().map(|(name, of)| ((*name).to_owned(), (*of).to_owned())).collect::<Vec<_>>()
    };
    let v = || values(&[(":v", "ada")]);
    assert_eq!(ask("#a = :v", &[("#a", "a")], v()), ("#a = :v".to_owned(), pairs(&[("#a", "aws_dbe_b_a")])));
    // No word: not without a placeholder.
    let number = || Item::from([(":v".to_owned(), 7.into())]);
    let expected = ("#aws_dbe_b0 = :v".to_owned(), pairs(&[("#aws_dbe_b0", "aws_dbe_b_n-1")]));
    assert_eq!(ask("n = :v", &[], number()), expected);
    assert_eq!(ask("#n = :v", &[("#n", "n")], number()), ("#n = :v".to_owned(), pairs(&[("#n", "aws_dbe_b_n-1")])));
    let taken = [("#aws_dbe_b0", "x")];
    let (text, names) = ask("n = :v AND attribute_exists(#aws_dbe_b0)", &taken, number());
    assert_eq!(text, "#aws_dbe_b1 = :v AND attribute_exists(#aws_dbe_b0)");
    assert_eq!(names, pairs(&[("#aws_dbe_b0", "x"), ("#aws_dbe_b1", "aws_dbe_b_n-1")]));
    // One placeholder for two things, as a whole and as the beginning of a path.
    let list = Item::from([(":v".to_owned(), AttributeValue::L(vec!["ada".into()])), (":w".to_owned(), "ada".into())]);
    let (text, names) = ask("#l = :v OR #l[0] = :w", &[("#l", "l")], list);
    assert_eq!((text.as_str(), names), ("#l = :v OR aws_dbe_b_l0 = :w", pairs(&[("#l", "aws_dbe_b_l")])));
    let (text, names) = ask("#a = :v AND attribute_exists(#a)", &[("#a", "a")], v());
    assert_eq!((text.as_str(), names), ("aws_dbe_b_a = :v AND attribute_exists(#a)", pairs(&[("#a", "a")])));
}

/// Exact answers need no second look, and questions without beacons no key.
#[test]
fn only_beacons_are_asked_again() {
    let nobody = BeaconKeys::single(Arc::new(StaticBeaconKeySource::default()), "nobody");
    let one = search(nobody, None, 10);
    for (text, given) in [
        ("x = :v AND y > :w", &[(":v", "ada"), (":w", "bob")][..]),
        ("attribute_exists(a) OR attribute_not_exists(b)", &[]),
        ("begins_with(who, :v)", &[(":v", "T-t.X-x")]),
        ("who <> :v", &[(":v", "X-x")]),
        ("NOT begins_with(who, :v)", &[(":v", "T-t")]),
        ("who BETWEEN :v AND :w", &[(":v", "X-a"), (":w", "X-b")]),
        ("NOT who BETWEEN :v AND :w", &[(":v", "X-a"), (":w", "X-b")]),
        ("who > :v", &[(":v", "T-t.X-x")]),
    ] {
        let analysis = analyzed(&one, scan(text, given));
        assert!(analysis.results().is_none(), "{text}");
        assert_eq!((analysis.tenant(), analysis.queries()), (None, 1));
        let request = block_on(analysis.rewrite()).unwrap();
        // Not a letter is changed but the name of the beacon.
        assert_eq!(request.filter.unwrap().replace("aws_dbe_b_", ""), text);
        assert_eq!(request.values, values(given));
    }
    let known = search(fixed(), None, 10);
    for (text, given) in [
        ("a = :v", &[(":v", "ada")][..]),
        ("x = :v AND (y = :v OR a = :w)", &[(":v", "ada"), (":w", "bob")]),
        ("who = :v", &[(":v", "T-t.X-x.A-ada")]),
        ("begins_with(who, :v)", &[(":v", "T-t.X-x.A-ada")]),
    ] {
        let error = block_on(analyzed(&one, scan(text, given)).rewrite()).unwrap_err();
        assert!(
            matches!(&error, QueryError::Keys { branch_key_id, .. } if branch_key_id == "nobody"),
            "{text}: {error}"
        );
        let analysis = analyzed(&known, scan(text, given));
        let results = analysis.results().unwrap();
        assert!(results.asks_beacons(), "{text}");
        let shown = format!("{results:?} {:?} {analysis:?}", results.bind().unwrap());
        assert!(
            !shown.contains("ada\"")
                && !shown.contains("bob")
                && shown.contains("BoundResults { results: Results { conditions: ["),
            "{shown}"
        );
        // What is sent has none of the words that are encrypted.
        let sent = format!("{:?}", block_on(analysis.rewrite()).unwrap().values);
        assert!(!sent.contains("-ada") && !sent.contains("bob"), "{sent}");
    }
    // What begins with a part that is no end, and what is contained, may be there by chance.
    let analysis = analyzed(&known, scan("contains(who, :v)", &[(":v", "X-x")]));
    assert!(analysis.results().is_some_and(|results| results.asks_beacons()));
}

/// What each beacon is there for. That the answers are right is shown by questions by chance.
#[test]
fn what_beacons_can_be_asked() {
    let texts = |texts: &[&str]| AttributeValue::Ss(texts.iter().map(|text| (*text).to_owned()).collect());
    let given = Item::from([
        (":v".to_owned(), "ada".into()),
        (":w".to_owned(), "bob".into()),
        (":n".to_owned(), 3.into()),
        (":set".to_owned(), texts(&["ada", "bob"])),
        (":type".to_owned(), "S".into()),
        (":who".to_owned(), "X-x.Y-y.A-a.D-d".into()),
        (":x".to_owned(), "X-x".into()),
        (":y".to_owned(), "X-x.Y-z".into()),
        (":prefix".to_owned(), "X-x.A-".into()),
        (":sig".to_owned(), "X_x/Y_y".into()),
        (":long".to_owned(), "X_x/Y_yy".into()),
    ]);
    for partitions in [None, Some(3)] {
        let search = world::search(partitions);
        for text in [
            "a = :v AND :w = b",
            "a IN (:v, :w) AND NOT x IN (:n)",
            "a = b AND b IN (a)",
            "contains(:set, b)",
            "contains(s, :v)",
            "contains(s, a)",
            "s = :set",
            "t = :set",
            "m.x = :v",
            "m.l[0] IN (:v, :w)",
            "l[0] = :v",
            "v = :v AND aws_dbe_b_ax = :v",
            "who = :who OR who IN (:who)",
            "begins_with(who, :x)",
            "begins_with(who, :prefix)",
            "begins_with(who, :who)",
            "who <> :x AND who > :x AND who BETWEEN :x AND :y",
            "who < :prefix",
            "NOT who = :x AND NOT begins_with(who, :x)",
            "NOT begins_with(who, :prefix)",
            "contains(who, :x)",
            "sig = :sig AND sig > x AND x < sig AND NOT sig BETWEEN :sig AND :long",
            "contains(sig, :sig) AND contains(:long, sig) AND begins_with(:long, sig) AND begins_with(sig, x)",
            "sig IN (:sig, x) AND size(sig) > :n AND attribute_type(sig, :type)",
            "attribute_exists(a) AND attribute_not_exists(who) AND attribute_exists(m.x)",
            "z > :v AND size(x) >= :n AND attribute_type(y, :type) AND x <> y",
        ] {
            let used = given.iter().filter(|(name, _)| text.split(|c| " (),".contains(c)).any(|word| word == *name));
            let request = QueryRequest {
                filter: Some(text.to_owned()),
                values: used.map(|(name, value)| (name.clone(), value.clone())).collect(),
                ..QueryRequest::default()
            };
            analyzed(&search, request);
        }
    }
}

#[test]
fn only_the_tenant_that_is_named_is_asked_for() {
    let signed = search(by_tenant("tenant"), None, 60);
    let dropped = search(by_tenant("owner"), None, 60);
    let of = |search: &Arc<Search>, text: &str, given: &[(&str, &str)]| {
        let analysis = analyzed(search, scan(text, given));
        let beacon = block_on(analysis.rewrite()).unwrap().values.get(":v").cloned();
        (analysis.tenant().map(str::to_owned), beacon)
    };
    let table = |byte| {
        let request = block_on(
            analyzed(&search(BeaconKeys::fixed(key(byte)), None, 60), scan("a = :v", &[(":v", "ada")])).rewrite(),
        );
        request.unwrap().values.remove(":v")
    };
    let (one, two) = (table(1), table(2));
    assert_ne!(one, two);
    let given = |tenant: &'static str| [(":v", "ada"), (":t", tenant)];
    for (search, text) in [
        (&signed, "a = :v AND tenant = :t"),
        (&signed, ":t = tenant AND a = :v"),
        (&signed, "a = :v AND tenant IN (:t)"),
        (&dropped, "a = :v AND owner = :t"),
        (&dropped, ":t = owner AND a = :v"),
    ] {
        assert_eq!(of(search, text, &given("t-1")), (Some("t-1".to_owned()), one.clone()), "{text}");
        assert_eq!(of(search, text, &given("t-2")), (Some("t-2".to_owned()), two.clone()), "{text}");
    }
    // A signed part of a compound beacon says whose it is, an encrypted one does not.
    let analysis = analyzed(&signed, scan("who = :w", &[(":w", "T-t-1.X-x.A-ada.B-bob")]));
    assert_eq!(analysis.tenant(), Some("t-1"));
    let analysis = analyzed(&signed, scan("begins_with(who, :w)", &[(":w", "T-t-2.X-x.A-ada")]));
    assert_eq!(analysis.tenant(), Some("t-2"));
    // A prefix may be one of a longer name.
    assert!(matches!(
        signed.analyze(scan("begins_with(who, :w) AND a = :v", &[(":w", "T-t-1"), (":v", "ada")])),
        Err(QueryError::NoTenant { .. })
    ));
    for (text, given) in [
        ("a = :v AND NOT tenant IN (:t)", &[(":v", "ada"), (":t", "t-1")][..]),
        ("a = :v AND tenant = x", &[(":v", "ada")]),
        ("a = :v AND who > :w", &[(":v", "ada"), (":w", "T-t-1.X-x")]),
        ("a = :v AND NOT who = :w", &[(":v", "ada"), (":w", "T-t-1.X-x")]),
        ("a = :v AND x = :t", &[(":v", "ada"), (":t", "t-1")]),
        ("a = :v AND NOT who BETWEEN :w AND :u", &[(":v", "ada"), (":w", "T-t-1.X-a"), (":u", "T-t-1.X-b")]),
    ] {
        assert!(matches!(signed.analyze(scan(text, given)), Err(QueryError::NoTenant { .. })), "{text}");
    }
    let between = scan("a = :v AND who BETWEEN :w AND :u", &[(":v", "ada"), (":w", "T-t-1.X-a"), (":u", "T-t-1.X-b")]);
    assert_eq!(analyzed(&signed, between).tenant(), Some("t-1"));
    for text in ["a = :v AND tenant IN (:t, :u)", "a = :v AND tenant = :t AND tenant = :u"] {
        let error = signed.analyze(scan(text, &[(":v", "ada"), (":t", "t-1"), (":u", "t-2")]));
        assert!(matches!(error, Err(QueryError::SeveralTenants { .. })), "{text}");
    }
}

/// Also where no key is needed: nothing of another tenant is handed over.
#[test]
fn items_of_other_tenants_are_left_out() {
    let (signed, dropped) = (search(by_tenant("tenant"), None, 60), search(by_tenant("owner"), None, 60));
    assert!(analyzed(&signed, scan("x = :v", &[(":v", "ada")])).results().is_none());
    let analysis = analyzed(&dropped, scan("x = :v AND owner = :t", &[(":v", "ada"), (":t", "t-1")]));
    assert_eq!(analysis.tenant(), Some("t-1"));
    let request = block_on(analysis.rewrite()).unwrap();
    assert_eq!((request.filter.as_deref(), request.values), (Some("x = :v"), values(&[(":v", "ada")])));
    let results = analysis.results().unwrap();
    assert!(!results.asks_beacons());
    let plain = |pairs: &[(&str, &str)]| values(pairs);
    assert!(results.bind().unwrap().matches(&plain(&[("x", "ada")])));
    assert!(!results.bind().unwrap().matches(&plain(&[("x", "bob")])));
    assert!(results.is_of_tenant_unsealed(&plain(&[("x", "ada"), ("owner", "t-1")])));
    assert!(!results.is_of_tenant_unsealed(&plain(&[("x", "ada"), ("owner", "t-2")])));
    assert!(!results.is_of_tenant_unsealed(&plain(&[("x", "ada")])));
    assert!(!results.is_of_tenant_unsealed(&Item::from([("owner".to_owned(), AttributeValue::N("1".to_owned()))])));
    // What does not say whose it is goes on to be opened.
    assert!(!results.is_of_other_tenant(&plain(&[("x", "ada")])));
    // Where the field is stored, DynamoDB has looked at it.
    let analysis = analyzed(&signed, scan("x = :v AND tenant = :t", &[(":v", "ada"), (":t", "t-1")]));
    let results = analysis.results().unwrap();
    assert!(results.is_of_tenant_unsealed(&plain(&[("tenant", "t-2")])) && !results.asks_beacons());
    // All that is said is whose items are asked for.
    let whole = sent(&dropped, scan("owner = :t", &[(":t", "t-1")]));
    assert_eq!((whole.filter, whole.values), (None, Item::new()));
    // Where nothing is taken out, not even a space is.
    let same = sent(&dropped, scan("( x  = :v)  AND(y<>:v )", &[(":v", "ada")]));
    assert_eq!(same.filter.as_deref(), Some("( x  = :v)  AND(y<>:v )"));
    let either = sent(&dropped, scan("(x = :v OR y = :v) AND owner = :t", &[(":t", "t-1"), (":v", "ada")]));
    assert_eq!(either.filter.as_deref(), Some("x = :v OR y = :v"));
    let two = sent(&dropped, scan("owner = :t AND x = :v AND y = :v", &[(":t", "t-1"), (":v", "ada")]));
    assert_eq!(two.filter.as_deref(), Some("x = :v AND y = :v"));
    let named = QueryRequest {
        names: BTreeMap::from([("#o".to_owned(), "owner".to_owned()), ("#x".to_owned(), "x".to_owned())]),
        ..scan("#o = :t AND #x = :v", &[(":t", "t-1"), (":v", "ada")])
    };
    let named = sent(&dropped, named);
    assert_eq!(named.names, BTreeMap::from([("#x".to_owned(), "x".to_owned())]));
}

/// Transforms count in UTF-16, whatever is inserted.
#[test]
fn texts_of_virtual_fields_are_counted_in_utf_16() {
    let beacon = |transforms: Vec<Transform>, value: &str| {
        let table = TableConfig::builder("t", "id").encrypt(["a"]).build().unwrap();
        let config = SearchConfig::new(fixed())
            .standard(StandardBeacon::new("v", 60))
            .standard(StandardBeacon::new("plain", 60).at("a"))
            .virtual_field(VirtualField::new("v").part("a", transforms).part("id", [Transform::Prefix(0)]));
        let search = config.build(&table).unwrap();
        let item = Item::from([("id".to_owned(), "1".into()), ("a".to_owned(), value.into())]);
        block_on(search.beacons_of(&item, None, None)).unwrap().remove("aws_dbe_b_v").unwrap()
    };
    let same = |transforms: Vec<Transform>, value: &str, expected: &str| {
        assert_eq!(beacon(transforms.clone(), value), beacon(vec![], expected), "{transforms:?} of {value}");
        assert_ne!(beacon(transforms, value), beacon(vec![], "something else"));
    };
    let insert = |text: &str| Transform::Insert(text.to_owned());
    same(vec![insert("éé"), Transform::Prefix(3)], "ab", "abé");
    same(vec![insert("éx"), Transform::Suffix(2)], "ab", "éx");
    same(vec![insert("xy"), Transform::Prefix(3)], "ab", "abx");
    same(vec![Transform::Prefix(2)], "éab", "éa");
    same(vec![insert("é"), Transform::Upper], "ab", "ABé");
    same(vec![Transform::Upper, insert("éz"), Transform::Substring { low: 1, high: 3 }], "ab", "Bé");
}

#[test]
fn what_is_told_of_a_search() {
    let (one, three) = (search(fixed(), None, 10), search(fixed(), Some(3), 10));
    assert_eq!((one.maximum_partitions(), three.maximum_partitions()), (1, 3));
    let names: Vec<_> = three.beacons().map(|beacon| beacon.name.to_owned()).collect();
    assert_eq!(names, ["a", "b", "who"]);
    let a = three.beacon("a").unwrap();
    assert_eq!((a.name, a.stored, a.is_signed, a.partitions), ("a", Some("aws_dbe_b_a"), false, 3));
    let who = three.beacon("who").unwrap();
    assert_eq!((who.name, who.stored, who.is_signed, who.partitions), ("who", Some("aws_dbe_b_who"), false, 3));
    assert!(three.beacon("x").is_none() && three.beacon("aws_dbe_b_a").is_none());
    assert_eq!(one.beacon("who").map(|who| who.partitions), Some(1));
    let world = world::search(Some(4));
    let sig = world.beacon("sig").unwrap();
    assert_eq!((sig.stored, sig.is_signed, sig.partitions), (Some("sig"), true, 1));
    assert_eq!(world.beacon("who").map(|who| who.partitions), Some(2));
    assert_eq!(world.beacon("d").map(|d| (d.stored, d.partitions)), Some((None, 2)));
    assert_eq!(world.signed_beacons().collect::<Vec<_>>(), ["sig"]);
    for (name, searched) in [("a", true), ("who", true), ("v", true), ("sig", false), ("x", false), ("nobody", false)] {
        assert_eq!(world.is_only_searched(name), searched, "{name}");
    }
    // Nothing of the key.
    let shown = format!("{one:?}");
    assert!(shown.contains("DerivedKeys") && !shown.contains("7, 7") && !shown.contains("0707"), "{shown}");

    // The same for the same configuration, also in another process; another one for any other.
    assert_eq!(one.fingerprint(), search(BeaconKeys::fixed(key(9)), None, 10).fingerprint());
    let all = [one.fingerprint(), three.fingerprint(), search(fixed(), None, 11).fingerprint(), world.fingerprint()];
    let different: std::collections::BTreeSet<_> = all.into_iter().collect();
    assert_eq!(different.len(), 4);
    assert!(all.iter().all(|fingerprint| fingerprint.count_ones() > 12 && fingerprint.count_zeros() > 12), "{all:x?}");
}

#[test]
fn debug_of_a_request_has_no_names_and_values() {
    let request = QueryRequest {
        key_condition: Some("#k = :v".to_owned()),
        filter: None,
        names: BTreeMap::from([("#k".to_owned(), "diagnosis".to_owned())]),
        values: values(&[(":v", "influenza")]),
    };
    let expected = "QueryRequest { key_condition: Some(\"#k = :v\"), filter: None, names: {\"#k\"}, values: {\":v\"} }";
    assert_eq!(format!("{request:?}"), expected);
}
