//! Wrong configurations.

use dynaseal_core::{BeaconKey, StaticBeaconKeySource, TableConfig};
use dynaseal_search::{
    BeaconKeys, CompoundBeacon, Constructor, EncryptedPart, SearchConfig, SignedPart, StandardBeacon, Transform,
    VirtualField,
};

use crate::message;

fn table() -> TableConfig {
    let table = TableConfig::builder("t", "id").sort_key("sk").encrypt(["a", "b", "c", "m", "s"]).sign(["x", "y"]);
    table.unsigned(["u"]).unsigned_prefix(":").build().unwrap()
}

fn keys() -> BeaconKeys {
    BeaconKeys::fixed(BeaconKey::copy_from(&[7; 32]).unwrap())
}

/// A configuration that is right.
fn right() -> SearchConfig {
    SearchConfig::new(keys()).standard(a()).standard(StandardBeacon::new("s", 10).as_set())
}

fn a() -> StandardBeacon {
    StandardBeacon::new("a", 10)
}

fn with(beacon: StandardBeacon) -> SearchConfig {
    right().standard(beacon)
}

fn compound(beacon: CompoundBeacon) -> SearchConfig {
    right().compound(beacon)
}

fn who() -> CompoundBeacon {
    CompoundBeacon::new("who", '.').signed("x", "X-").encrypted("a", "A-")
}

fn field(field: VirtualField) -> SearchConfig {
    right().virtual_field(field)
}

fn by_tenant(name: &str) -> SearchConfig {
    let source = StaticBeaconKeySource::new("t", BeaconKey::copy_from(&[7; 32]).unwrap());
    SearchConfig::new(BeaconKeys::by_tenant(std::sync::Arc::new(source), name)).standard(a())
}

#[test]
fn each_says_what_is_wrong() {
    right().build(&table()).unwrap();
    compound(who()).build(&table()).unwrap();
    let cases = cases();
    assert!(cases.len() >= 40, "{}", cases.len());
    for (config, expected) in cases {
        let error = config.build(&table()).map(|_| ()).expect_err(expected);
        assert_eq!(message(&error), expected);
    }
}

/// Queries mean the beacon then; a signed one would be the attribute itself.
#[test]
fn a_beacon_with_encrypted_parts_may_be_called_as_an_encrypted_attribute() {
    let beacon = || CompoundBeacon::new("c", '.').signed("x", "X-");
    compound(beacon().encrypted("a", "A-")).build(&table()).unwrap();
    let error = compound(beacon()).build(&table()).map(drop).unwrap_err();
    assert!(matches!(error, dynaseal_search::SearchConfigError::SignedBeaconName { .. }), "{error}");
}

/// The name that is stored has `aws_dbe_b_` before it, and DynamoDB takes 65,535 bytes.
#[test]
fn the_longest_name_is_that_of_the_stored_attribute() {
    let named = |length: usize| {
        let name = "n".repeat(length);
        let beacon = with(StandardBeacon::new(&*name, 10).at("b")).build(&table()).map(drop);
        let field = field(VirtualField::new(name).part("a", []).part("x", [])).build(&table()).map(drop);
        (beacon.is_ok(), field.is_ok())
    };
    assert_eq!(named(65_525), (true, true));
    assert_eq!(named(65_526), (false, false));
}

#[test]
fn a_key_of_a_table_with_a_context_is_in_it() {
    let table = TableConfig::builder("t", "id").sort_key("sig").encrypt(["a"]).sign(["x"]);
    let beacon = || right_for_key().compound(CompoundBeacon::new("sig", '.').signed("x", "X-"));
    beacon().build(&table.clone().build().unwrap()).unwrap();
    let error = beacon().build(&table.include_in_context(["y"]).build().unwrap()).unwrap_err();
    assert_eq!(message(&error), KEY_IN_CONTEXT);
}

fn right_for_key() -> SearchConfig {
    SearchConfig::new(keys()).standard(a())
}

const KEY_IN_CONTEXT: &str = "the compound beacon `sig` has the name of an attribute that is SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT: choose another name";

fn cases() -> Vec<(SearchConfig, &'static str)> {
    vec![
        (SearchConfig::new(keys()), "there is no standard beacon: at least one is needed"),
        (with(StandardBeacon::new("", 1)), "a beacon has an empty name"),
        (
            with(StandardBeacon::new("n".repeat(65_526), 1)),
            "a beacon has a name of 65526 bytes, too long for the attribute that stores it",
        ),
        (
            with(StandardBeacon::new("aws_dbe_x", 1).at("b")),
            "the beacon `aws_dbe_x` starts with `aws_dbe_`, which is reserved",
        ),
        (
            with(StandardBeacon::new("u", 1).at("b")),
            "the beacon `u` has the name of an unsigned attribute, or begins with the unsigned prefix",
        ),
        (
            with(StandardBeacon::new(":x", 1).at("b")),
            "the beacon `:x` has the name of an unsigned attribute, or begins with the unsigned prefix",
        ),
        (
            with(StandardBeacon::new("x", 1).at("b")),
            "the beacon `x` has the name of an attribute that is SIGN_ONLY: choose another name",
        ),
        (
            with(StandardBeacon::new("id", 1).at("b")),
            "the beacon `id` has the name of an attribute that is SIGN_ONLY: choose another name",
        ),
        (with(a()), "there are two of the name `a`, the second as a beacon"),
        (with(StandardBeacon::new("b", 0)), "the beacon `b` has 0 bits; it has to have 1 to 63"),
        (with(StandardBeacon::new("b", 64)), "the beacon `b` has 64 bits; it has to have 1 to 63"),
        (
            with(StandardBeacon::new("bad", 1).at("m.")),
            "the beacon `bad` has a wrong location: `m.` is no location: a name has to follow the dot",
        ),
        (
            with(StandardBeacon::new("bad", 1).at("m[x]")),
            "the beacon `bad` has a wrong location: `m[x]` is no location: between brackets there has to be an index",
        ),
        (
            with(StandardBeacon::new("bad", 1).at("x")),
            "the beacon `bad` is made from `x`, which is not ENCRYPT_AND_SIGN: readable attributes can be asked for without a beacon",
        ),
        (
            with(StandardBeacon::new("unknown", 1)),
            "the beacon `unknown` is made from `unknown`, which has no action: is it misspelled? ENCRYPT_AND_SIGN are `a`, `b`, `c`, `m`, `s`",
        ),
        (with(StandardBeacon::new("again", 1).at("a")), "the beacon `again` is made from the same value as `a`"),
        (
            with(StandardBeacon::new("v", 1)).virtual_field(VirtualField::new("v").part("x", [])),
            "the beacon `v` is made from `v`, which is not ENCRYPT_AND_SIGN: readable attributes can be asked for without a beacon",
        ),
        (
            with(StandardBeacon::new("b", 1)).virtual_field(VirtualField::new("v").part("b", [])),
            "the beacon `b` is made from the only value of the virtual field `v`: make it from the field",
        ),
        (
            with(StandardBeacon::new("in", 1).at("v.x")).virtual_field(VirtualField::new("v").part("b", [])),
            "the beacon `in` is made from `v.x`, but a virtual field is a text and has nothing in it",
        ),
        (
            with(StandardBeacon::new("v", 1).as_set()).virtual_field(VirtualField::new("v").part("b", [])),
            "the beacon `v` is of style as-set, but a virtual field is a text and never a set",
        ),
        (with(StandardBeacon::new("b", 10).shared_with("b")), "the beacon `b` is shared with itself"),
        (
            with(StandardBeacon::new("b", 10).shared_with("z")),
            "the beacon `b` is shared with `z`, which is no standard beacon",
        ),
        (
            with(StandardBeacon::new("b", 10).shared_with("a")).standard(StandardBeacon::new("c", 10).shared_with("b")),
            "the beacon `c` is shared with `b`, which is shared itself: name the last one",
        ),
        (
            with(StandardBeacon::new("b", 11).shared_set_with("a")),
            "the beacon `b` has 11 bits and is shared with `a`, which has 10: they have to be equal",
        ),
        (
            with(StandardBeacon::new("b", 10).part_only()),
            "the beacon `b` is part-only, but no compound beacon has it as a part",
        ),
        (field(VirtualField::new("v")), "the virtual field `v` has no parts"),
        (
            field(VirtualField::new("x").part("a", [])),
            "the virtual field `x` has the name of an attribute that is SIGN_ONLY: choose another name",
        ),
        (field(VirtualField::new("v").part("u", [])), "the virtual field `v` is made from `u`, which is not signed"),
        (
            field(VirtualField::new("v").part("a", []).part("x", []))
                .virtual_field(VirtualField::new("w").part("x", []).part("a", [])),
            "the virtual field `w` is made from the same locations as `v`",
        ),
        (
            field(VirtualField::new("v").part("a", []).part("x", []))
                .virtual_field(VirtualField::new("v").part("b", [])),
            "there are two of the name `v`, the second as a virtual field",
        ),
        (
            field(VirtualField::new("v").part("a", [Transform::Segment { split: '😀', index: 0 }])),
            "the virtual field `v` is split at `😀`, which is no single UTF-16 unit: the official clients could not read it",
        ),
        (
            field(VirtualField::new("v").part("a[", [])),
            "the virtual field `v` has a wrong location: `a[` is no location: a `[` is not closed",
        ),
        (
            compound(CompoundBeacon::new("who", '😀').encrypted("a", "A-")),
            "the compound beacon `who` is split at `😀`, which is no single UTF-16 unit: the official clients could not read it",
        ),
        (
            compound(CompoundBeacon::new("who", '.')),
            "the compound beacon `who` has neither parts of its own nor constructors",
        ),
        (compound(who().signed("x", "Z-")), "`who` has the part `x` twice"),
        (
            compound(CompoundBeacon::new("who", '.').signed("x", "")),
            "the part `x` of `who` has an empty prefix: nothing would say which part a value is of",
        ),
        (
            compound(CompoundBeacon::new("who", '-').encrypted("a", "A-")),
            "the prefix `A-` of the part `a` of `who` has the split character in it",
        ),
        (
            compound(who().signed("y", "X-Y-")),
            "`who` has the prefixes `X-` and `X-Y-`, of which one begins with the other: it would not be clear which part a value is of",
        ),
        (
            compound(who().encrypted("b", "A-")).standard(StandardBeacon::new("b", 1)),
            "`who` has the prefixes `A-` and `A-`, of which one begins with the other: it would not be clear which part a value is of",
        ),
        (
            compound(CompoundBeacon::new("who", '.').signed("b", "B-")),
            "`who` has the signed part `b`, made from `b`, which is not SIGN_ONLY: what is encrypted would be readable, what is unsigned could be changed",
        ),
        (
            compound(CompoundBeacon::new("who", '.').signed_part(SignedPart::new("p", "P-").at("u"))),
            "`who` has the signed part `p`, made from `u`, which is not SIGN_ONLY: what is encrypted would be readable, what is unsigned could be changed",
        ),
        (compound(who().encrypted("z", "Z-")), "`who` has the encrypted part `z`, which is no standard beacon"),
        (
            compound(who().encrypted("s", "S-")),
            "`who` has the encrypted part `s`, a beacon of style as-set, which can not be a part",
        ),
        (
            compound(who()).signed_part(SignedPart::new("x", "XX")),
            "the compound beacon `who` has the part `x`, which is a part for all beacons already: name it in a constructor",
        ),
        (
            compound(who()).signed_part(SignedPart::new("y", "Y-")).encrypted_part(EncryptedPart::new("y", "Z-")),
            "`the list of parts for all beacons` has the encrypted part `y`, which is no standard beacon",
        ),
        (
            compound(who().constructors(Vec::new())),
            "the compound beacon `who` has an empty list of constructors: leave it out to have one with all parts",
        ),
        (compound(who().constructor(Constructor::new())), "a constructor of the compound beacon `who` has no parts"),
        (
            compound(who().constructor(Constructor::new().optional("x"))),
            "a constructor of the compound beacon `who` has no required part",
        ),
        (
            compound(who().constructor(Constructor::new().required("z"))),
            "a constructor of the compound beacon `who` names `z`, which is no part of it or of all beacons",
        ),
        (
            compound(
                who()
                    .constructor(Constructor::new().required("x").required("a"))
                    .constructor(Constructor::new().required("a").optional("x").required("x")),
            ),
            "two constructors of the compound beacon `who` require the same parts, so that the second is never used: a, x",
        ),
        (compound(who()).compound(who()), "there are two of the name `who`, the second as a compound beacon"),
        (
            compound(CompoundBeacon::new("a", '.').signed("x", "X-")),
            "the compound beacon `a` has the name of a configured attribute, which it would overwrite: choose another name",
        ),
        (
            compound(CompoundBeacon::new("sk", '.').encrypted("a", "A-")),
            "the compound beacon `sk` has the name of an attribute that is SIGN_ONLY: choose another name",
        ),
        (
            compound(CompoundBeacon::new("y", '.').signed("x", "X-")),
            "the compound beacon `y` has the name of an attribute that is SIGN_ONLY: choose another name",
        ),
        (right().maximum_partitions(0), "0 partitions at most; it has to be 1 to 254"),
        (right().maximum_partitions(255), "255 partitions at most; it has to be 1 to 254"),
        (right().default_partitions(2), "there is a default number of partitions but no maximum"),
        (
            right().maximum_partitions(3).default_partitions(3),
            "3 partitions by default; it has to be at least 1 and less than the maximum of 3",
        ),
        (
            right().maximum_partitions(3).default_partitions(0),
            "0 partitions by default; it has to be at least 1 and less than the maximum of 3",
        ),
        (
            with(StandardBeacon::new("b", 1).partitions(3)).maximum_partitions(3),
            "the beacon `b` has 3 partitions; it has to be at least 1 and less than the maximum of 3",
        ),
        (
            with(StandardBeacon::new("b", 1).partitions(1)),
            "the beacon `b` has 1 partitions; it has to be at least 1 and less than the maximum of 1",
        ),
        (by_tenant("a"), "`a` names the beacon key, but a beacon has that name"),
        (by_tenant("b"), "`b` names the beacon key and is ENCRYPT_AND_SIGN: it has to be readable, or not stored"),
        (
            by_tenant("v").virtual_field(VirtualField::new("v").part("x", [])),
            "`v` names the beacon key, but a virtual field has that name",
        ),
    ]
}
