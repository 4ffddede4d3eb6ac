//! Which tables a PartiQL statement names.
//!
//! Not a parser: a statement on a sealed table is refused whatever it says, so all that matters is to overlook none. Every
//! word and every quoted identifier of the statement counts, wherever it stands; words without regard to case. An
//! attribute with the name of a sealed table makes its statement be refused, too. Text literals do not, unless there is
//! something like a comment, for then it is not clear where a literal begins.

use crate::table::{SealedTable, Tables, short_name};

/// The first sealed table that a statement may touch.
pub(crate) fn sealed_table<'t>(statement: &str, tables: &'t Tables) -> Option<&'t SealedTable> {
    if statement.contains("--") || statement.contains("/*") {
        return tables.iter().find(|table| has_word(statement, short_name(table.name())));
    }
    let mut rest = statement;
    while let Some(first) = rest.chars().next() {
        let found = match first {
            '"' | '`' => {
                let (name, behind) = quoted(rest, first);
                rest = behind;
                tables.get(&name).map(|table| &**table)
            }
            '\'' => {
                rest = quoted(rest, first).1;
                None
            }
            _ => {
                let (words, behind) = rest.split_at(rest.find(['"', '`', '\'']).unwrap_or(rest.len()));
                rest = behind;
                tables.iter().find(|table| has_word(words, short_name(table.name())))
            }
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

/// What stands in quotes, in which two stand for one, and what comes behind. Without an end all of it counts.
fn quoted(text: &str, quote: char) -> (String, &str) {
    let mut name = String::new();
    let mut rest = text.strip_prefix(quote).unwrap_or(text);
    while let Some((before, behind)) = rest.split_once(quote) {
        name.push_str(before);
        match behind.strip_prefix(quote) {
            Some(behind) => {
                name.push(quote);
                rest = behind;
            }
            None => return (name, behind),
        }
    }
    name.push_str(rest);
    (name, "")
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
        ] {
            assert!(sealed_table(statement, &tables).is_none(), "{statement}");
        }
    }
}
