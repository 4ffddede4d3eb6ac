//! Answers of DynamoDB, as `aws dynamodb scan | query | batch-get-item` print them: where the items in them begin.
//!
//! An attribute of an item is an object, and an answer has an array there, or a table's name of three letters at least: no
//! text is both.

use super::InputError;
use super::envelope::Members;
use super::source::{FileError, Source};

/// The longest beginning of an answer. Before its items it has numbers, and keys of at most 3 KB.
const MAX_HEAD: usize = 64 * 1024;

/// The longest end of an answer, behind its items: up to a hundred keys.
const MAX_END: usize = 1024 * 1024;

/// The longest answer of BatchGetItem: DynamoDB gives at most 16 MB, which JSON makes longer.
const MAX_RESPONSES: usize = 64 * 1024 * 1024;

/// Members that say that there are more items.
const MORE: [&str; 3] = ["LastEvaluatedKey", "NextToken", "UnprocessedKeys"];

/// Members that may stand before the items of an answer. Whatever else is there, it is none.
const OTHERS: [&str; 7] = [
    "Count",
    "ScannedCount",
    "ConsumedCapacity",
    "LastEvaluatedKey",
    "NextToken",
    "ResponseMetadata",
    "UnprocessedKeys",
];

/// An array of items in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// `{"Items":[`
    Items,
    /// `{"Responses":{"people":[`
    Responses,
}

/// The beginning of an answer that was read.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) answer: Answer,
    /// All of it, up to the `[` before the items.
    text: Vec<u8>,
}

impl Answer {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Items => "Items",
            Self::Responses => "Responses",
        }
    }

    /// How many objects the items stand in.
    fn depth(self) -> usize {
        match self {
            Self::Items => 1,
            Self::Responses => 2,
        }
    }
}

impl Head {
    /// Looks at a document that begins with a `{`. If it is an answer, goes on behind the `[` of its items. Otherwise nothing
    /// is read of it.
    pub(super) fn read(source: &mut Source) -> Result<Option<Self>, FileError> {
        // Most often what is there is enough.
        if begin(source.available()?) == Begin::Other {
            return Ok(None);
        }
        let (mut text, mut line) = (Vec::new(), Vec::new());
        loop {
            let is_there = source.start_of_line(&mut line, MAX_HEAD)?.is_some();
            text.extend_from_slice(&line);
            match begin(&text) {
                Begin::Answer(answer, length) => {
                    source.give_back(&text.split_off(length));
                    return Ok(Some(Self { answer, text }));
                }
                Begin::Cut if is_there && text.len() <= MAX_HEAD => {}
                Begin::Cut | Begin::Other => {
                    source.give_back(&text);
                    return Ok(None);
                }
            }
        }
    }

    /// How many line breaks it has, and how many bytes stand behind the last one.
    pub(super) fn end(&self) -> (usize, usize) {
        let line = self.text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        (self.text.iter().filter(|byte| **byte == b'\n').count(), line.len())
    }

    /// Of items of several tables nobody says which are meant.
    pub(super) fn check_tables(&self, source: &mut Source) -> Result<Result<(), InputError>, FileError> {
        if self.answer != Answer::Responses {
            return Ok(Ok(()));
        }
        let mut rest = Vec::new();
        let is_whole = read_object(source, &mut rest, self.answer.depth() + 1, MAX_RESPONSES)?;
        source.give_back(&rest);
        Ok(if is_whole { one_table(&[&*self.text, &rest].concat()) } else { Err(InputError::AnswerTooLong) })
    }

    /// Reads what stands behind the items, and gives the member that says that there are more items than these; and how many
    /// lines that was.
    pub(super) fn read_end(
        self,
        source: &mut Source,
    ) -> Result<(Result<Option<&'static str>, InputError>, usize), FileError> {
        let mut text = self.text;
        text.push(b']');
        let mut rest = Vec::new();
        let is_whole = read_object(source, &mut rest, self.answer.depth(), MAX_END)?;
        let lines = rest.iter().filter(|byte| **byte == b'\n').count();
        text.extend(rest);
        Ok((if is_whole { says_more(&text) } else { Err(InputError::AnswerTooLong) }, lines))
    }
}

/// Adds what comes until so many objects and arrays are closed, or `most` bytes, and gives whether they are.
fn read_object(source: &mut Source, bytes: &mut Vec<u8>, depth: usize, most: usize) -> Result<bool, FileError> {
    let (mut depth, mut in_string, mut escaped) = (depth, false, false);
    while depth > 0 && bytes.len() <= most {
        let available = source.available()?;
        if available.is_empty() {
            // Whoever reads it as JSON says so.
            return Ok(true);
        }
        let mut length = 0;
        for byte in available {
            length += 1;
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        bytes.extend_from_slice(available.get(..length).unwrap_or_default());
        source.consume(length);
    }
    Ok(depth == 0)
}

fn one_table(text: &[u8]) -> Result<(), InputError> {
    let answer = Members::parse(std::str::from_utf8(text).map_err(|_| InputError::NotUtf8)?)?;
    let tables = answer.get(Answer::Responses.name()).map(|tables| Members::parse(tables.get())).transpose()?;
    match tables.map(|tables| tables.names().map(str::to_owned).collect::<Vec<_>>()) {
        Some(names) if names.len() > 1 => Err(InputError::SeveralTables(names.join(", "))),
        _ => Ok(()),
    }
}

/// Reads an answer whose items were taken out.
fn says_more(text: &[u8]) -> Result<Option<&'static str>, InputError> {
    let members = Members::parse(std::str::from_utf8(text).map_err(|_| InputError::NotUtf8)?)?;
    let is_there = |name: &&&str| members.get(name).is_some_and(|value| !["null", "{}"].contains(&value.get()));
    Ok(MORE.iter().find(is_there).copied())
}
#[derive(Debug, PartialEq, Eq)]
enum Begin {
    /// With the length of its beginning.
    Answer(Answer, usize),
    /// More is needed to tell.
    Cut,
    Other,
}

/// What begins like this.
fn begin(text: &[u8]) -> Begin {
    let mut reader = Reader { text, at: 0 };
    let found = reader.answer();
    match found {
        Ok(answer) => Begin::Answer(answer, reader.at),
        Err(Stop::Cut) => Begin::Cut,
        Err(Stop::Other) => Begin::Other,
    }
}

enum Stop {
    Cut,
    Other,
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Reader<'t> {
    fn answer(&mut self) -> Result<Answer, Stop> {
        self.expect(b'{')?;
        loop {
            let name = self.string()?;
            self.expect(b':')?;
            match name {
                b"Items" => {
                    self.expect(b'[')?;
                    return Ok(Answer::Items);
                }
                b"Responses" => {
                    self.expect(b'{')?;
                    // Shorter names are those of types, and this is an attribute of that name.
                    if self.string()?.len() < 3 {
                        return Err(Stop::Other);
                    }
                    self.expect(b':')?;
                    self.expect(b'[')?;
                    return Ok(Answer::Responses);
                }
                other if OTHERS.iter().any(|name| name.as_bytes() == other) => self.value()?,
                _ => return Err(Stop::Other),
            }
            self.expect(b',')?;
        }
    }

    fn peek(&mut self) -> Result<u8, Stop> {
        loop {
            match self.text.get(self.at) {
                Some(byte) if byte.is_ascii_whitespace() => self.at += 1,
                Some(byte) => return Ok(*byte),
                None => return Err(Stop::Cut),
            }
        }
    }

    fn expect(&mut self, expected: u8) -> Result<(), Stop> {
        if self.peek()? != expected {
            return Err(Stop::Other);
        }
        self.at += 1;
        Ok(())
    }

    /// What stands between quotation marks. None of the names that count has an escape.
    fn string(&mut self) -> Result<&'t [u8], Stop> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            match self.text.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => return Err(Stop::Cut),
            }
        }
        let end = self.at;
        self.at += 1;
        Ok(self.text.get(start..end).unwrap_or_default())
    }

    /// Goes on behind a value of any kind. Whether it is right JSON is not asked here.
    fn value(&mut self) -> Result<(), Stop> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    (depth, self.at) = (depth + 1, self.at + 1);
                    continue;
                }
                b'}' | b']' if depth > 0 => (depth, self.at) = (depth - 1, self.at + 1),
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                b'}' | b']' | b',' | b':' => return Err(Stop::Other),
                _ => self.word()?,
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Goes on behind a number or `null`.
    fn word(&mut self) -> Result<(), Stop> {
        loop {
            match self.text.get(self.at) {
                Some(byte) if byte.is_ascii_alphanumeric() || b"+-.".contains(byte) => self.at += 1,
                Some(b',' | b'}' | b']') => return Ok(()),
                Some(byte) if byte.is_ascii_whitespace() => return Ok(()),
                Some(_) => return Err(Stop::Other),
                None => return Err(Stop::Cut),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_from_items_by_their_shape() {
        let answers = [
            ("{\"Items\":[", Answer::Items),
            ("{\n    \"Items\": [\n", Answer::Items),
            ("{\"Count\":2,\"ScannedCount\":2,\"Items\":[]}", Answer::Items),
            ("{\"LastEvaluatedKey\":{\"pk\":{\"S\":\"a\\\"]}\"}},\"ConsumedCapacity\":null,\"Items\":[", Answer::Items),
            ("{\"UnprocessedKeys\":{},\"Responses\":{\"people\":[", Answer::Responses),
        ];
        for (text, answer) in answers {
            assert!(matches!(begin(text.as_bytes()), Begin::Answer(found, _) if found == answer), "{text}");
            // Whatever is cut off of it, it is never taken for something else.
            let length = text.find('[').filter(|_| !text.contains("\\\"")).unwrap_or(0);
            for end in 0..length {
                assert_eq!(begin(&text.as_bytes()[..end]), Begin::Cut, "{}", &text[..end]);
            }
        }
        let others = [
            "{\"Items\":{\"L\":[]}}",
            "{\"Items\":{\"S\":\"a\"}}",
            "{\"Responses\":{\"L\":[",
            "{\"Responses\":{\"SS\":[",
            "{\"Responses\":{\"M\":{",
            "{\"Count\":{\"N\":\"1\"},\"pk\":{\"S\":\"Items\"}}",
            "{\"Item\":{}}",
            "{\"pk\":{\"S\":\"a\"},\"Items\":[",
            "{\"Count\":}",
            "[]",
            "{Items",
        ];
        for text in others {
            assert_eq!(begin(text.as_bytes()), Begin::Other, "{text}");
        }
    }
}
