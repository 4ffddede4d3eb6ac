//! Which tables a PartiQL statement names.
//!
//! Not a parser: a statement on a sealed table is refused whatever it says, so all that matters is to overlook none. Every
//! word and every quoted identifier of the statement counts, wherever it stands; words without regard to case. An
//! attribute with the name of a sealed table makes its statement be refused, too.
//!
//! A text literal counts if all of its text is the name of a sealed table or its ARN, whatever its case: some databases take
//! a table's name in single quotes. It passes only where it can be nothing but a value, directly behind `=`, `<`, `>` or `:`
//! (`WHERE name = 'people'`, `{'name': 'people'}`). So `name IN ('people')` and `{'people': 1}` are refused on another table,
//! too; a parameter passes.
//!
//! Where it is not clear where a literal begins or ends, because there is something like a comment, a backslash, or a quote
//! without its end, every word of the statement counts.

use crate::table::{SealedTable, Tables, short_name};

/// What opens comments, and what escapes quotes elsewhere.
const UNCLEAR: [&str; 3] = ["--", "/*", "\\"];

/// The first sealed table that a statement may touch.
pub(crate) fn sealed_table<'t>(statement: &str, tables: &'t Tables) -> Option<&'t SealedTable> {
    let among_words = |text: &str| tables.iter().find(|table| has_word(text, short_name(table.name())));
    if UNCLEAR.iter().any(|unclear| statement.contains(unclear)) {
        return among_words(statement);
    }
    let (mut rest, mut is_value) = (statement, false);
    while let Some(first) = rest.chars().next() {
        let found = if let '"' | '`' | '\'' = first {
            let Some((text, behind)) = quoted(rest, first) else { return among_words(statement) };
            rest = behind;
            let was_value = std::mem::take(&mut is_value);
            match first {
                '\'' if was_value => None,
                '\'' => tables.iter().find(|table| is_name(&text, short_name(table.name()))),
                _ => tables.get(&text).map(|table| &**table),
            }
        } else {
            let (words, behind) = rest.split_at(rest.find(['"', '`', '\'']).unwrap_or(rest.len()));
            rest = behind;
            is_value = words.trim_end().ends_with(['=', '<', '>', ':']);
            among_words(words)
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Whether a name stands in a text, not as a part of a longer word.
fn has_word(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_ascii_lowercase(), name.to_ascii_lowercase());
    let in_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(&name).any(|(at, _)| {
        let (before, behind) = (text.get(..at), text.get(at + name.len()..));
        !in_word(before.and_then(|text| text.chars().next_back()))
            && !in_word(behind.and_then(|text| text.chars().next()))
    })
}

/// Whether all of a text is a table's name, whatever quotes and spaces are around it.
fn is_name(text: &str, name: &str) -> bool {
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '`')).to_ascii_lowercase();
    short_name(&text) == name.to_ascii_lowercase()
}

/// What stands in quotes, in which two stand for one, and what comes behind. `None` without an end.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text.strip_prefix(quote)?;
    loop {
        let (before, behind) = rest.split_once(quote)?;
        name.push_str(before);
        match behind.strip_prefix(quote) {
            Some(behind) => {
                name.push(quote);
                rest = behind;
            }
            None => return Some((name, behind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dynaseal_core::{ItemEncryptor, RawAesKeyring, TableConfig};

    fn tables() -> Tables {
        let table = |name: &str| {
            let config = TableConfig::builder(name, "id").build().expect("valid");
            let keyring = RawAesKeyring::new("example", "key-1", &[7; 32]).expect("valid");
            SealedTable::new(name, ItemEncryptor::new(config, keyring))
        };
        Tables::new(["people", "My-Table.v2", "it\"s", "arn:aws:dynamodb:us-east-1:1:table/wards"].map(table))
            .expect("four names")
    }

    #[test]
    fn no_spelling_is_overlooked() {
        let tables = tables();
        for statement in [
            "SELECT * FROM people",
            "select*from\npeople\twhere id='a'",
            "SELECT * FROM \"people\"",
            "SELECT * FROM \"people\".\"by-ward\"",
            "SELECT * FROM (people)",
            "SELECT * FROM PEOPLE WHERE id = 'a'",
            "INSERT INTO people VALUE {'id': 'a'}",
            "INSERT INTO \"people\"value{'id':'it''s'}",
            "UPDATE people SET a = 1 WHERE id = 'a'",
            "DELETE FROM\"people\"WHERE id='a'",
            "SELECT * FROM My-Table.v2",
            "SELECT * FROM \"My-Table.v2\"",
            "SELECT * FROM \"it\"\"s\"",
            "SELECT * FROM \"arn:aws:dynamodb:us-east-1:1:table/people\"",
            "EXISTS(SELECT * FROM people WHERE id = 'a')",
            "SELECT * FROM other WHERE id = 'it''s' AND x IN (SELECT y FROM people)",
            "SELECT * FROM \"people",
            "SELECT * FROM wards",
            "SELECT * FROM \"wards\"",
            "SELECT * FROM people.by_ward",
            "SELECT * FROM My-Table.v2.index",
            "SELECT people.id FROM other",
            "SELECT * -- it's a comment\nFROM people",
            "SELECT * /* it's */ FROM people",
            "SELECT * FROM 'people'",
            "select*from'people'",
            "SELECT * FROM 'People' WHERE id = 'a'",
            "SELECT * FROM 'people'.'by-ward'",
            "SELECT * FROM '''people'''",
            "SELECT * FROM ' \"people\" '",
            "SELECT * FROM ('people')",
            "SELECT * FROM other, 'people'",
            "SELECT * FROM other JOIN 'people' ON TRUE",
            "SELECT * FROM 'arn:aws:dynamodb:us-east-1:1:table/people'",
            "SELECT * FROM 'ARN:aws:dynamodb:us-east-1:1:TABLE/People/index/by-ward'",
            "SELECT * FROM 'wards'",
            "INSERT INTO 'people' VALUE {'id': 'a'}",
            "INSERT INTO 'people'VALUE{'id':'a'}",
            "UPDATE 'people' SET a = 1 WHERE id = 'a'",
            "DELETE FROM 'people' WHERE id = 'a'",
            "SELECT * FROM other WHERE x = 'a' AND EXISTS(SELECT * FROM 'people')",
            "SELECT * FROM other WHERE x = 'a''b'\n'people'",
            "SELECT * FROM 'people",
            "SELECT * FROM other WHERE x = 'a\\'' FROM people '",
        ] {
            assert!(sealed_table(statement, &tables).is_some(), "{statement}");
        }
    }

    #[test]
    fn what_may_be_a_name_is_refused_on_other_tables_too() {
        let tables = tables();
        for statement in [
            "SELECT * FROM other WHERE name IN ('a', 'people')",
            "SELECT * FROM other WHERE begins_with(name, 'people')",
            "INSERT INTO other VALUE {'people': 1}",
            "SELECT people FROM other",
        ] {
            assert!(sealed_table(statement, &tables).is_some(), "{statement}");
        }
    }

    #[test]
    fn other_tables_pass() {
        let tables = tables();
        for statement in [
            "",
            "SELECT * FROM other",
            "SELECT * FROM \"other\" WHERE name = 'people'",
            "SELECT * FROM peoples",
            "SELECT * FROM \"People\"",
            "INSERT INTO other VALUE {'a': 'from ''people'' with love'}",
            "SELECT * FROM 'other' WHERE name<>'people' AND size >= 'people'",
            "INSERT INTO 'other' VALUE {'name' : 'people', 'ward': 'a'}",
            "UPDATE other SET name='people' WHERE id = 'peoples'",
            "SELECT * FROM 'peoples'",
        ] {
            assert!(sealed_table(statement, &tables).is_none(), "{statement}");
        }
    }
}
