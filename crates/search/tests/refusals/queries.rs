//! Wrong queries and scans.

use std::sync::Arc;

use dynaseal_core::{AttributeValue, BeaconKey, Item, StaticBeaconKeySource, TableConfig};
use dynaseal_search::{
    BeaconKeys, CompoundBeacon, Constructor, QueryRequest, Search, SearchConfig, StandardBeacon, VirtualField,
};
use dynaseal_testkit::block_on;

use crate::message;

fn search(keys: BeaconKeys, partitions: Option<u8>) -> Arc<Search> {
    let table = TableConfig::builder("t", "id").encrypt(["a", "b", "c", "d", "m", "s", "h"]).sign(["x", "y", "tenant"]);
    let mut search = SearchConfig::new(keys)
        .standard(StandardBeacon::new("a", 10))
        .standard(StandardBeacon::new("b", 10))
        .standard(StandardBeacon::new("c", 10).shared_with("b"))
        .standard(StandardBeacon::new("d", 10).part_only())
        .standard(StandardBeacon::new("s", 10).as_set())
        .standard(StandardBeacon::new("mx", 10).at("m.x"))
        .virtual_field(VirtualField::new("v").part("a", []).part("x", []))
        .compound(
            CompoundBeacon::new("who", '.')
                .signed("x", "X-")
                .signed("y", "Y-")
                .signed("tenant", "T-")
                .encrypted("a", "A-")
                .encrypted("d", "D-")
                .constructor(Constructor::new().required("x").optional("y").required("a").optional("d"))
                .constructor(Constructor::new().required("tenant").required("a")),
        )
        .compound(CompoundBeacon::new("sig", '-').signed("x", "X:").signed("y", "Y:"));
    if let Some(partitions) = partitions {
        search = search.maximum_partitions(partitions);
    }
    Arc::new(search.build(&table.build().unwrap()).unwrap())
}

fn key() -> BeaconKey {
    BeaconKey::copy_from(&[7; 32]).unwrap()
}

/// With `:v` and `:w` as strings, which no message may have in it.
fn request(text: &str, values: &[(&str, AttributeValue)]) -> QueryRequest {
    let mut request = QueryRequest {
        values: values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Item>(),
        names: [("#a", "a"), ("#m", "m"), ("#x", "x"), ("#z", "z")]
            .iter()
            .filter(|(name, _)| text.contains(name))
            .map(|(name, of)| ((*name).to_owned(), (*of).to_owned()))
            .collect(),
        ..QueryRequest::default()
    };
    match text.strip_prefix("key: ") {
        Some(key) => request.key_condition = Some(key.to_owned()),
        None => request.filter = Some(text.to_owned()),
    }
    request
}

fn s(text: &str) -> AttributeValue {
    text.into()
}

fn n(text: &str) -> AttributeValue {
    AttributeValue::N(text.to_owned())
}

fn refusal(search: &Arc<Search>, request: QueryRequest) -> String {
    let secrets: Vec<String> = request
        .values
        .values()
        .filter_map(|value| match value {
            AttributeValue::S(text) if text.len() > 4 => Some(text.clone()),
            _ => None,
        })
        .collect();
    let error = match search.analyze(request) {
        Ok(analysis) => block_on(analysis.rewrite()).expect_err("has to be refused"),
        Err(error) => error,
    };
    let text = message(&error);
    for secret in secrets {
        assert!(!text.contains(&secret) && !format!("{error:?}").contains(&secret), "{error:?}");
    }
    text
}

#[test]
fn each_says_what_is_wrong_and_what_to_ask_instead() {
    let one = search(BeaconKeys::fixed(key()), None);
    let cases = cases();
    assert!(cases.len() >= 30, "{}", cases.len());
    for (text, values, expected) in cases {
        assert_eq!(refusal(&one, request(text, &values)), expected, "{text}");
    }
}

#[test]
fn partitions_that_are_not_there() {
    let (one, three) = (search(BeaconKeys::fixed(key()), None), search(BeaconKeys::fixed(key()), Some(3)));
    let partition = |value: AttributeValue| vec![(":v", s("secret")), (":aws_dbe_partition", value)];
    for (search, text, values, expected) in [
        (
            &three,
            "key: a = :v",
            vec![(":v", s("secret"))],
            "it takes 3 queries to see all partitions: set `:aws_dbe_partition` to 0, 1 and so on, or use the call that asks all",
        ),
        (
            &three,
            "key: who = :v",
            vec![(":v", s("X-x.A-secret"))],
            "it takes 3 queries to see all partitions: set `:aws_dbe_partition` to 0, 1 and so on, or use the call that asks all",
        ),
        (
            &three,
            "key: a = :v",
            partition(n("3")),
            "`:aws_dbe_partition` has to be a whole number from 0 and below 3, the number of partitions",
        ),
        (
            &three,
            "key: a = :v",
            partition(n("1.5")),
            "`:aws_dbe_partition` has to be a whole number from 0 and below 3, the number of partitions",
        ),
        (
            &three,
            "key: a = :v",
            partition(n("-1")),
            "`:aws_dbe_partition` has to be a whole number from 0 and below 3, the number of partitions",
        ),
        (&three, "key: a = :v", partition(s("1")), "`:aws_dbe_partition` is of type S, not N"),
        (&three, "key: x = :v", partition(n("1")), "partition 1 is asked for, but those to ask end with 0"),
        (
            &three,
            "a = :v",
            partition(n("0")),
            "`:aws_dbe_partition` is given to a Scan, which sees all partitions at once: leave it out",
        ),
        (&one, "key: a = :v", partition(n("0")), "`:aws_dbe_partition` is given, but the table has no partitions"),
    ] {
        assert_eq!(refusal(search, request(text, &values)), expected, "{text}");
    }
}

#[test]
fn tenants_that_nobody_can_tell() {
    let source = || Arc::new(StaticBeaconKeySource::new("t-1", key()));
    let signed = search(BeaconKeys::by_tenant(source(), "tenant"), None);
    let dropped = search(BeaconKeys::by_tenant(source(), "owner"), None);
    let (a, t, u) = ((":v", s("secret")), (":t", s("t-1")), (":u", s("t-2")));
    let who = (":w", s("T-t-1.A-secret"));
    for (search, text, values, expected) in [
        (
            &signed,
            "a = :v",
            vec![a.clone()],
            "nothing says whose items are asked for: add an equality on `tenant`, or on a compound beacon with it as a signed part",
        ),
        (
            &signed,
            "a = :v AND tenant > :t",
            vec![a.clone(), t.clone()],
            "nothing says whose items are asked for: add an equality on `tenant`, or on a compound beacon with it as a signed part",
        ),
        (
            &signed,
            "a = :v AND NOT tenant = :t",
            vec![a.clone(), t.clone()],
            "nothing says whose items are asked for: add an equality on `tenant`, or on a compound beacon with it as a signed part",
        ),
        (
            &signed,
            "a = :v AND who > :w",
            vec![a.clone(), (":w", s("T-t-1"))],
            "nothing says whose items are asked for: add an equality on `tenant`, or on a compound beacon with it as a signed part",
        ),
        (
            &signed,
            "a = :v AND (tenant = :t OR tenant = :u)",
            vec![a.clone(), t.clone(), u.clone()],
            "items of more than one tenant are asked for, by `tenant`: ask for each on its own",
        ),
        (
            &signed,
            "who = :w AND tenant = :u",
            vec![who, u.clone()],
            "items of more than one tenant are asked for, by `tenant`: ask for each on its own",
        ),
        (
            &signed,
            "a = :v AND tenant = :u",
            vec![a.clone(), u.clone()],
            "the beacon key of the branch key `t-2` can not be had: no branch key `t-2` in the key store",
        ),
        (
            &dropped,
            "a = :v OR owner = :t",
            vec![a.clone(), t.clone()],
            "FilterExpression: `owner` is not stored, so that it can only say whose items are asked for, as one equality with a string that is joined by AND: sign it to ask for more",
        ),
        (
            &dropped,
            "a = :v AND begins_with(owner, :t)",
            vec![a.clone(), t.clone()],
            "FilterExpression: `owner` is not stored, so that it can only say whose items are asked for, as one equality with a string that is joined by AND: sign it to ask for more",
        ),
        (
            &dropped,
            "a = :v",
            vec![a.clone()],
            "nothing says whose items are asked for: add an equality on `owner`, or on a compound beacon with it as a signed part",
        ),
    ] {
        assert_eq!(refusal(search, request(text, &values)), expected, "{text}");
    }
}

type Case = (&'static str, Vec<(&'static str, AttributeValue)>, &'static str);

fn cases() -> Vec<Case> {
    let v = || vec![(":v", s("secret"))];
    let w = |text: &str| vec![(":w", s(text))];
    let between = |low: &str, high: &str| vec![(":v", s(low)), (":w", s(high))];
    vec![
        (
            "a <> :v",
            v(),
            "FilterExpression: <> can not be answered by the standard beacon `a`, which only tells equal values: use = or IN, or make the attribute a signed part of a compound beacon",
        ),
        (
            "a < :v",
            v(),
            "FilterExpression: < can not be answered by the standard beacon `a`, which only tells equal values: use = or IN, or make the attribute a signed part of a compound beacon",
        ),
        (
            ":v >= a",
            v(),
            "FilterExpression: <= can not be answered by the standard beacon `a`, which only tells equal values: use = or IN, or make the attribute a signed part of a compound beacon",
        ),
        (
            "a BETWEEN :v AND :w",
            between("sec", "secret"),
            "FilterExpression: BETWEEN can not be answered by the standard beacon `a`, which only tells equal values: use = or IN, or make the attribute a signed part of a compound beacon",
        ),
        (
            "begins_with(a, :v)",
            v(),
            "FilterExpression: begins_with can not be answered by the standard beacon `a`, which only tells equal values: use = or IN, or make the attribute a signed part of a compound beacon",
        ),
        (
            "NOT a = :v",
            v(),
            "FilterExpression: NOT around the beacon `a` would lose items whose beacons are equal by chance: leave NOT out, or filter after opening",
        ),
        (
            "NOT (x = :w OR contains(s, :v))",
            between("secret", "secret two"),
            "FilterExpression: NOT around the beacon `s` would lose items whose beacons are equal by chance: leave NOT out, or filter after opening",
        ),
        (
            "size(a) > :v",
            vec![(":v", n("1"))],
            "FilterExpression: size can not be answered for `a`, which is encrypted: filter after opening",
        ),
        (
            "attribute_type(#a, :v)",
            v(),
            "FilterExpression: attribute_type can not be answered for `a`, which is encrypted: filter after opening",
        ),
        (
            "h = :v",
            v(),
            "FilterExpression: `h` is ENCRYPT_AND_SIGN and has no beacon: configure one, or filter after opening",
        ),
        (
            "size(h) = :v",
            v(),
            "FilterExpression: `h` is ENCRYPT_AND_SIGN and has no beacon: configure one, or filter after opening",
        ),
        (
            "m.y = :v",
            v(),
            "FilterExpression: `m.y` is inside of an encrypted attribute and has no beacon of its own: configure one at that location",
        ),
        (
            "#m[0] = :v",
            v(),
            "FilterExpression: `m[0]` is inside of an encrypted attribute and has no beacon of its own: configure one at that location",
        ),
        (
            "attribute_exists(m.y)",
            vec![],
            "FilterExpression: `m.y` is inside of an encrypted attribute and has no beacon of its own: configure one at that location",
        ),
        (
            "d = :v",
            v(),
            "FilterExpression: the beacon `d` is part-only and not stored: ask for a compound beacon that has it as a part",
        ),
        ("v.x = :v", v(), "FilterExpression: `v.x` is inside of a beacon or virtual field, in which there is nothing"),
        (
            "who.x = :v",
            v(),
            "FilterExpression: `who.x` is inside of a beacon or virtual field, in which there is nothing",
        ),
        (
            "aws_dbe_head = :v",
            v(),
            "FilterExpression: `aws_dbe_head` starts with `aws_dbe_`, which is reserved, and is no beacon",
        ),
        (
            "aws_dbe_b_d = :v",
            v(),
            "FilterExpression: the beacon `d` is part-only and not stored: ask for a compound beacon that has it as a part",
        ),
        (
            "a = b",
            vec![],
            "FilterExpression: `a` is a beacon and can only be compared with a :value, or with a beacon that shares its key",
        ),
        (
            "a = x",
            vec![],
            "FilterExpression: `a` is a beacon and can only be compared with a :value, or with a beacon that shares its key",
        ),
        (
            "NOT b = c",
            vec![],
            "FilterExpression: NOT around the beacon `b` would lose items whose beacons are equal by chance: leave NOT out, or filter after opening",
        ),
        (
            "contains(b, c)",
            vec![],
            "FilterExpression: contains can not be answered by the standard beacon `b`, which only tells equal values: use = or IN, or make the attribute a signed part of a compound beacon",
        ),
        (
            "begins_with(c, b)",
            vec![],
            "FilterExpression: begins_with can not be answered by the standard beacon `c`, which only tells equal values: use = or IN, or make the attribute a signed part of a compound beacon",
        ),
        (
            "b < c",
            vec![],
            "FilterExpression: < can not be answered by the standard beacon `b`, which only tells equal values: use = or IN, or make the attribute a signed part of a compound beacon",
        ),
        (
            ":v IN (a, b)",
            v(),
            "FilterExpression: `a` is a beacon and can only be compared with a :value, or with a beacon that shares its key",
        ),
        (
            "a IN (:v, x)",
            v(),
            "FilterExpression: `a` is a beacon and can only be compared with a :value, or with a beacon that shares its key",
        ),
        (
            "contains(:v, a)",
            v(),
            "FilterExpression: in contains, the beacon `a` has to stand first and a :value second",
        ),
        (
            ":v BETWEEN a AND b",
            v(),
            "FilterExpression: `a` is a beacon and can only be compared with a :value, or with a beacon that shares its key",
        ),
        (
            "s = :v",
            vec![(":v", AttributeValue::Bool(true))],
            "`:v` is of type BOOL, but the beacon `s` is one of sets: give a set, a string, a number or bytes",
        ),
        ("who = :v", vec![(":v", n("1"))], "`:v` is of type N, but the compound beacon `who` is a string"),
        (
            "who = :w",
            w("Z-secret"),
            "`:w` has a piece that begins with none of the prefixes of the compound beacon `who`: `X-`, `Y-`, `T-`, `A-`, `D-`",
        ),
        (
            "who = :w",
            w(""),
            "`:w` has a piece that begins with none of the prefixes of the compound beacon `who`: `X-`, `Y-`, `T-`, `A-`, `D-`",
        ),
        (
            "sig = :w",
            w("secret"),
            "`:w` has a piece that begins with none of the prefixes of the compound beacon `sig`: `X:`, `Y:`",
        ),
        (
            "who = :w",
            w("A-secret.X-secret"),
            "`:w` has parts of the compound beacon `who` in an order that none of its constructors has: X-[Y-]A-[D-], T-A-",
        ),
        (
            "who = :w",
            w("X-x.D-secret"),
            "`:w` has parts of the compound beacon `who` in an order that none of its constructors has: X-[Y-]A-[D-], T-A-",
        ),
        (
            "b = a",
            vec![],
            "FilterExpression: `b` is a beacon and can only be compared with a :value, or with a beacon that shares its key",
        ),
        (
            "who < :w",
            w("X-secret.A-secret"),
            "FilterExpression: < on the compound beacon `who` needs a value of signed parts, behind which the prefix of an encrypted part may come: encrypted parts have no order",
        ),
        (
            "who BETWEEN :v AND :w",
            between("X-x.A-secret", "X-x.A-secret2"),
            "FilterExpression: BETWEEN on the compound beacon `who` needs bounds that are equal up to their encrypted parts, and go on with signed parts, behind which the prefix of an encrypted part may come",
        ),
        (
            "who BETWEEN :v AND :w",
            between("X-x.A-secret", "X-x.A-secret.D-"),
            "FilterExpression: BETWEEN on the compound beacon `who` needs bounds that are equal up to their encrypted parts, and go on with signed parts, behind which the prefix of an encrypted part may come",
        ),
        (
            "who BETWEEN :v AND :w",
            between("X-x.Y-secret", "X-x.Y-secreu.A-secret"),
            "FilterExpression: BETWEEN on the compound beacon `who` needs bounds that are equal up to their encrypted parts, and go on with signed parts, behind which the prefix of an encrypted part may come",
        ),
        (
            "who BETWEEN :v AND :w",
            between("X-x.A-secret", "X-y"),
            "FilterExpression: BETWEEN on the compound beacon `who` needs bounds that are equal up to their encrypted parts, and go on with signed parts, behind which the prefix of an encrypted part may come",
        ),
        (
            "sig = who",
            vec![],
            "FilterExpression: `who` is a beacon and can only be compared with a :value, or with a beacon that shares its key",
        ),
        (
            "who = sig",
            vec![],
            "FilterExpression: `who` is a beacon and can only be compared with a :value, or with a beacon that shares its key",
        ),
        (
            "sig = a",
            vec![],
            "FilterExpression: `a` is a beacon and can only be compared with a :value, or with a beacon that shares its key",
        ),
        (
            "contains(:v, who)",
            vec![(":v", AttributeValue::Ss(vec!["X-secret.A-secret".to_owned()]))],
            "FilterExpression: in contains, the beacon `who` has to stand first and a :value second",
        ),
        (
            "who <> :w",
            w("X-secret.A-secret"),
            "FilterExpression: <> with a value of the compound beacon `who` that has an encrypted part in it would lose items whose beacons are equal by chance: ask for the others, or filter after opening",
        ),
        (
            "NOT contains(who, :w)",
            w("X-secret"),
            "FilterExpression: NOT around the beacon `who` would lose items whose beacons are equal by chance: leave NOT out, or filter after opening",
        ),
        (
            "NOT who = :w",
            w("X-secret.A-secret"),
            "FilterExpression: NOT around the beacon `who` would lose items whose beacons are equal by chance: leave NOT out, or filter after opening",
        ),
        (
            "a = :v OR b = :v",
            v(),
            "`:v` is used in two contexts, and the same text would become two things, which shows what belongs together: give it twice, under two names",
        ),
        (
            "a = :v OR x = :v",
            v(),
            "`:v` is used in two contexts, and the same text would become two things, which shows what belongs together: give it twice, under two names",
        ),
        (
            "who = :w OR a = :w",
            w("X-x.A-secret"),
            "`:w` is used in two contexts, and the same text would become two things, which shows what belongs together: give it twice, under two names",
        ),
        ("a = :v AND #z.b = :u", v(), "FilterExpression: `:u` is not defined in ExpressionAttributeValues"),
        ("a = :u", v(), "FilterExpression: `:u` is not defined in ExpressionAttributeValues"),
        ("#q = :v", v(), "FilterExpression: `#q` is not defined in ExpressionAttributeNames"),
        ("(m).x = :v", v(), "FilterExpression: leave out the parentheses around a path that goes on behind them"),
        ("a = :v ADN b = :w", v(), "FilterExpression, byte 7: expected AND, OR or the end, found `ADN`"),
        (
            "begins_with(x, :v)",
            vec![(":v", n("1"))],
            "FilterExpression: `:v` is of type N, but begins_with needs a string or bytes",
        ),
        ("a = :v", vec![(":v", n("not a number"))], "`:v` can not be serialised: not a decimal number"),
    ]
}
