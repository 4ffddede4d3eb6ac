//! What holds for all expressions: what is printed reads back as the same tree, however it is spaced and spelled, and any
//! text is an expression or an error.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::lexer::{Token, TokenKind, Tokens};
use super::*;

/// Names that contain what the language is made of.
const TRICKY: [&str; 14] = [
    "order_id",
    "notes",
    "Andy",
    "inventory",
    "OR1",
    "size",
    "size_x",
    "contains",
    "between_x",
    "SETTING",
    "added",
    "removed",
    "_",
    "attribute_exists",
];

fn name() -> impl Strategy<Value = Name> {
    let all = ["AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"];
    let is_name = move |name: &String| !all.iter().any(|keyword| name.eq_ignore_ascii_case(keyword));
    prop_oneof![
        "[A-Za-z_][A-Za-z0-9_]{0,6}".prop_filter("no keyword", is_name).prop_map(Name::Bare),
        select(&TRICKY[..]).prop_map(|name| Name::Bare(name.to_owned())),
        "#[A-Za-z0-9_]{1,6}".prop_map(Name::Placeholder),
    ]
}

fn path() -> impl Strategy<Value = DocumentPath> {
    let element = prop_oneof![name().prop_map(Element::Name), any::<u32>().prop_map(Element::Index)];
    (name(), vec(element, 0..3)).prop_map(|(attribute, elements)| DocumentPath { attribute, elements })
}

fn value() -> impl Strategy<Value = String> {
    ":[A-Za-z0-9_]{1,6}"
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        3 => path().prop_map(Operand::Path),
        3 => value().prop_map(Operand::Value),
        1 => path().prop_map(Operand::Size),
        1 => value().prop_map(Operand::SizeOfValue),
    ]
}

fn comparator() -> impl Strategy<Value = Comparator> {
    use Comparator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    select(&[Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual][..])
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        (operand(), comparator(), operand()).prop_map(|(left, comparator, right)| Condition::Compare {
            left,
            comparator,
            right
        }),
        (operand(), operand(), operand()).prop_map(|(operand, lower, upper)| Condition::Between {
            operand,
            lower,
            upper
        }),
        (operand(), vec(operand(), 1..4)).prop_map(|(operand, candidates)| Condition::In { operand, candidates }),
        path().prop_map(Condition::AttributeExists),
        path().prop_map(Condition::AttributeNotExists),
        (operand(), value()).prop_map(|(operand, name)| Condition::AttributeType(operand, name)),
        (operand(), operand()).prop_map(|(operand, prefix)| Condition::BeginsWith(operand, prefix)),
        (operand(), operand()).prop_map(|(operand, part)| Condition::Contains(operand, part)),
    ];
    leaf.prop_recursive(6, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|negated| Condition::Not(Box::new(negated))),
            vec(inner.clone(), 2..4).prop_map(Condition::And),
            vec(inner, 2..4).prop_map(Condition::Or),
        ]
    })
}

fn key_condition() -> impl Strategy<Value = KeyCondition> {
    let demand = prop_oneof![
        (comparator().prop_filter("not <>", |comparator| *comparator != Comparator::NotEqual), value())
            .prop_map(|(comparator, value)| KeyDemand::Compare(comparator, value)),
        (value(), value()).prop_map(|(lower, upper)| KeyDemand::Between(lower, upper)),
        value().prop_map(KeyDemand::BeginsWith),
    ];
    let partition = (name(), value().prop_map(|value| KeyDemand::Compare(Comparator::Equal, value)));
    (partition, option::of((name(), demand)), any::<bool>()).prop_filter_map("two keys", |(partition, sort, turned)| {
        let clause = |(attribute, demand)| KeyClause { attribute, demand };
        let mut clauses: Vec<KeyClause> = std::iter::once(partition).chain(sort).map(clause).collect();
        if turned {
            clauses.reverse();
        }
        let names: std::collections::BTreeSet<_> = clauses.iter().map(|clause| clause.attribute.to_string()).collect();
        (names.len() == clauses.len()).then_some(KeyCondition { clauses })
    })
}

fn update() -> impl Strategy<Value = Update> {
    let leaf = prop_oneof![path().prop_map(SetValue::Path), value().prop_map(SetValue::Value)];
    let set_value = leaf.prop_recursive(5, 12, 2, |inner| {
        let two = (inner.clone().prop_map(Box::new), inner.prop_map(Box::new));
        prop_oneof![
            (path(), two.1.clone()).prop_map(|(path, otherwise)| SetValue::IfNotExists(path, otherwise)),
            two.clone().prop_map(|(front, back)| SetValue::ListAppend(front, back)),
            two.clone().prop_map(|(left, right)| SetValue::Plus(left, right)),
            two.prop_map(|(left, right)| SetValue::Minus(left, right)),
        ]
    });
    let set_action = (path(), set_value).prop_map(|(path, value)| SetAction { path, value });
    let value_action = || (path(), value()).prop_map(|(path, value)| ValueAction { path, value });
    (vec(set_action, 0..3), vec(path(), 0..3), vec(value_action(), 0..3), vec(value_action(), 0..3))
        .prop_map(|(set, remove, add, delete)| Update { set, remove, add, delete })
        .prop_filter("a clause", |update| *update != Update::default())
}

/// The same tokens with other white space, and with keywords in another case.
fn spelled_otherwise(kind: ExpressionKind, text: &str, choices: &[u8]) -> String {
    let mut tokens = Tokens::new(kind, text).unwrap();
    let mut choices = choices.iter().copied().chain(std::iter::repeat(0));
    let mut choose = move |below: u8| usize::from(choices.next().unwrap_or(0) % below);
    let mut out = [" ", "", "\n"][choose(3)].to_owned();
    let mut last = TokenKind::Open;
    while tokens.peek().kind != TokenKind::End {
        let token = tokens.peek();
        let is_keyword = token.kind == TokenKind::Word && !tokens.is_bare_name();
        let needs_space = is_wordy(last) && matches!(token.kind, TokenKind::Word | TokenKind::Number);
        out.push_str(["", " ", "\t", "\r\n", "  "][choose(5)]);
        if needs_space && !out.ends_with([' ', '\t', '\n']) {
            out.push([' ', '\n', '\t', '\r'][choose(4)]);
        }
        out.push_str(&if is_keyword { in_some_case(token, choose(3)) } else { token.text.to_owned() });
        last = token.kind;
        tokens.advance();
    }
    out + ["", " ", "\t\n"][choose(3)]
}

fn is_wordy(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Word | TokenKind::Name | TokenKind::Value | TokenKind::Number)
}

fn in_some_case(token: Token<'_>, choice: usize) -> String {
    let mixed = |(index, c): (usize, char)| if index % 2 == 0 { c.to_ascii_lowercase() } else { c };
    match choice {
        0 => token.text.to_owned(),
        1 => token.text.to_ascii_lowercase(),
        _ => token.text.chars().enumerate().map(mixed).collect(),
    }
}

/// Prints, spells otherwise, reads.
fn round_trip<T>(kind: ExpressionKind, tree: &T, choices: &[u8], parse: fn(&str) -> Result<T, ExpressionError>)
where
    T: PartialEq + std::fmt::Debug + ToString,
{
    let printed = tree.to_string();
    if printed.len() > MAX_EXPRESSION {
        return;
    }
    assert_eq!(parse(&printed).as_ref(), Ok(tree), "{printed}");
    let otherwise = spelled_otherwise(kind, &printed, choices);
    if otherwise.len() <= MAX_EXPRESSION {
        assert_eq!(parse(&otherwise).as_ref(), Ok(tree), "{otherwise}");
    }
}

fn filter(text: &str) -> Result<Condition, ExpressionError> {
    Condition::parse(ExpressionKind::Filter, text)
}

/// Reads a text as everything, and what is read prints and reads back.
fn read_as_everything(text: &str) {
    let errors = [
        check(text, filter),
        check(text, KeyCondition::parse),
        check(text, Projection::parse),
        check(text, Update::parse),
    ];
    for error in errors.into_iter().flatten() {
        assert!(error.offset() <= text.len() && text.is_char_boundary(error.offset()), "{error}");
        assert!(error.found().chars().count() < 45 && !error.found().contains(char::is_control), "{error}");
    }
}

fn check<T>(text: &str, parse: fn(&str) -> Result<T, ExpressionError>) -> Option<ExpressionError>
where
    T: PartialEq + std::fmt::Debug + ToString,
{
    match parse(text) {
        Ok(tree) => {
            let printed = tree.to_string();
            assert!(printed.len() > MAX_EXPRESSION || parse(&printed).as_ref() == Ok(&tree), "{text}: {printed}");
            None
        }
        Err(error) => Some(error),
    }
}

const PIECES: [&str; 44] = [
    "a",
    "b",
    "#n",
    ":v",
    ":w",
    "=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "AND",
    "OR",
    "NOT",
    "BETWEEN",
    "IN",
    "(",
    ")",
    "(",
    ")",
    "[",
    "]",
    "[0]",
    ".",
    ",",
    "+",
    "-",
    "SET",
    "REMOVE",
    "ADD",
    "DELETE",
    "size(",
    "attribute_exists(",
    "contains(",
    "begins_with(",
    "attribute_type(",
    "if_not_exists(",
    "list_append(",
    "a = :v",
    "a.b",
    "0",
    "é",
    "\u{a0}",
    "order_id",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn conditions(tree in condition(), choices in vec(any::<u8>(), 0..400)) {
        round_trip(ExpressionKind::Filter, &tree, &choices, filter);
    }

    #[test]
    fn key_conditions(tree in key_condition(), choices in vec(any::<u8>(), 0..80)) {
        round_trip(ExpressionKind::KeyCondition, &tree, &choices, KeyCondition::parse);
    }

    #[test]
    fn projections(paths in vec(path(), 1..5), choices in vec(any::<u8>(), 0..80)) {
        round_trip(ExpressionKind::Projection, &Projection { paths }, &choices, Projection::parse);
    }

    #[test]
    fn updates(tree in update(), choices in vec(any::<u8>(), 0..400)) {
        round_trip(ExpressionKind::Update, &tree, &choices, Update::parse);
    }

    #[test]
    fn any_pieces_are_an_expression_or_an_error(pieces in vec(select(&PIECES[..]), 0..14)) {
        read_as_everything(&pieces.join(" "));
    }

    #[test]
    fn any_text_is_an_expression_or_an_error(text in "\\PC{0,40}|[-a-zA-Z0-9_#:=<>()\\[\\]., +\t\n\u{0}é]{0,60}") {
        read_as_everything(&text);
    }
}
