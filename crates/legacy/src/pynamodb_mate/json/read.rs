//! Python's `json.loads`. It does not recurse, so that no text can overflow the stack.

use std::str::FromStr;

use super::super::number::Number;
use super::{Json, MAX_DEPTH, Object};

/// A text that is no JSON, or nested too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("JSON, byte {offset}: {problem}")]
pub struct JsonError {
    offset: usize,
    problem: &'static str,
}

impl JsonError {
    /// Where the problem is, in bytes from the start.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl FromStr for Json {
    type Err = JsonError;

    fn from_str(text: &str) -> Result<Self, JsonError> {
        let mut reader = Reader { text, at: 0 };
        let mut open = Vec::new();
        loop {
            let mut value = match reader.begin(open.len())? {
                Begun::Value(value) => value,
                Begun::Open(unfinished) => {
                    open.push(unfinished);
                    continue;
                }
            };
            // The value is whole, and perhaps with it the list or object in which it stands.
            loop {
                let Some(unfinished) = open.pop() else {
                    return reader.end(value);
                };
                match reader.go_on(unfinished, value)? {
                    Begun::Value(whole) => value = whole,
                    Begun::Open(unfinished) => {
                        open.push(unfinished);
                        break;
                    }
                }
            }
        }
    }
}

/// A value, or a list or object of which more has to follow.
enum Begun {
    Value(Json),
    Open(Unfinished),
}

enum Unfinished {
    List(Vec<Json>),
    /// The members that are whole, and the name of the next.
    Object(Vec<(String, Json)>, String),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    /// Reads a value, or a list or object to its first value.
    fn begin(&mut self, depth: usize) -> Result<Begun, JsonError> {
        self.skip_space();
        match self.peek() {
            Some(b'[' | b'{') if depth >= MAX_DEPTH => Err(self.error("nested too deep")),
            Some(b'[') => {
                self.at += 1;
                self.skip_space();
                Ok(if self.take("]") {
                    Begun::Value(Json::List(Vec::new()))
                } else {
                    Begun::Open(Unfinished::List(Vec::new()))
                })
            }
            Some(b'{') => {
                self.at += 1;
                self.skip_space();
                if self.take("}") {
                    return Ok(Begun::Value(Json::Object(Object::default())));
                }
                Ok(Begun::Open(Unfinished::Object(Vec::new(), self.name()?)))
            }
            _ => self.scalar().map(Begun::Value),
        }
    }

    /// Puts a value where it stands, and reads to the next one or to the end.
    fn go_on(&mut self, unfinished: Unfinished, value: Json) -> Result<Begun, JsonError> {
        self.skip_space();
        match unfinished {
            Unfinished::List(mut elements) => {
                elements.push(value);
                if self.take("]") {
                    return Ok(Begun::Value(Json::List(elements)));
                }
                self.expect(",", "expected `,` or `]`")?;
                Ok(Begun::Open(Unfinished::List(elements)))
            }
            Unfinished::Object(mut members, name) => {
                members.push((name, value));
                if self.take("}") {
                    return Ok(Begun::Value(Json::Object(members.into_iter().collect())));
                }
                self.expect(",", "expected `,` or `}`")?;
                self.skip_space();
                Ok(Begun::Open(Unfinished::Object(members, self.name()?)))
            }
        }
    }

    fn end(&mut self, value: Json) -> Result<Json, JsonError> {
        self.skip_space();
        if self.at == self.text.len() { Ok(value) } else { Err(self.error("expected the end")) }
    }

    /// A name and the colon behind it.
    fn name(&mut self) -> Result<String, JsonError> {
        self.expect("\"", "expected a name in quotes")?;
        let name = self.text()?;
        self.skip_space();
        self.expect(":", "expected `:`")?;
        Ok(name)
    }

    fn scalar(&mut self) -> Result<Json, JsonError> {
        const WORDS: [(&str, Json); 6] = [
            ("null", Json::Null),
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
            ("NaN", Json::Number(Number::Float(f64::NAN))),
            ("Infinity", Json::Number(Number::Float(f64::INFINITY))),
            ("-Infinity", Json::Number(Number::Float(f64::NEG_INFINITY))),
        ];
        if self.take("\"") {
            return self.text().map(Json::Text);
        }
        match WORDS.into_iter().find(|(word, _)| self.take(word)) {
            Some((_, value)) => Ok(value),
            None => self.number().map(Json::Number),
        }
    }

    fn number(&mut self) -> Result<Number, JsonError> {
        let no_value = self.error("expected a value");
        let start = self.at;
        self.take("-");
        if !self.take("0") && self.take_digits() == 0 {
            return Err(no_value);
        }
        let whole = self.at;
        let mut before = self.at;
        if self.take(".") && self.take_digits() == 0 {
            self.at = before;
        }
        before = self.at;
        if self.take("e") || self.take("E") {
            let _ = self.take("+") || self.take("-");
            if self.take_digits() == 0 {
                self.at = before;
            }
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if self.at == whole {
            text.parse().map(Number::Int).map_err(|_| no_value)
        } else {
            text.parse().map(Number::Float).map_err(|_| no_value)
        }
    }

    /// The rest of a text after its opening quote.
    fn text(&mut self) -> Result<String, JsonError> {
        let mut out = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            // What ends a run is ASCII, so a run ends between characters.
            let run = rest.bytes().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)).count();
            out.push_str(rest.get(..run).unwrap_or_default());
            self.at += run;
            if self.take("\"") {
                return Ok(out);
            }
            self.expect("\\", "expected the end of the text, and no control character in it")?;
            out.push(self.escaped()?);
        }
    }

    /// The character of an escape after its backslash.
    fn escaped(&mut self) -> Result<char, JsonError> {
        let unknown = self.error("unknown escape");
        let character = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.code_units();
            }
            _ => return Err(unknown),
        };
        self.at += 1;
        Ok(character)
    }

    /// The character of one UTF-16 code unit in hexadecimal, or of two with `\u` between them.
    fn code_units(&mut self) -> Result<char, JsonError> {
        let half_a_pair = self.error("half a surrogate pair");
        let first = self.code_unit()?;
        let second = if matches!(first, 0xd800..=0xdbff) {
            if !self.take("\\u") {
                return Err(half_a_pair);
            }
            Some(self.code_unit()?)
        } else {
            None
        };
        let mut characters = char::decode_utf16([first].into_iter().chain(second));
        characters.next().and_then(Result::ok).ok_or(half_a_pair)
    }

    fn code_unit(&mut self) -> Result<u16, JsonError> {
        let digits = self.text.get(self.at..).and_then(|rest| rest.get(..4));
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.error("expected four hexadecimal digits"))?;
        self.at += 4;
        Ok(unit)
    }

    fn skip_space(&mut self) {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    fn take_digits(&mut self) -> usize {
        self.skip_while(|byte| byte.is_ascii_digit())
    }

    fn skip_while(&mut self, matches: impl Fn(&u8) -> bool) -> usize {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| matches(byte)).count();
        self.at += count;
        count
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Whether this comes next; then it is passed.
    fn take(&mut self, expected: &str) -> bool {
        let comes = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(expected));
        if comes {
            self.at += expected.len();
        }
        comes
    }

    fn expect(&mut self, expected: &str, problem: &'static str) -> Result<(), JsonError> {
        if self.take(expected) { Ok(()) } else { Err(self.error(problem)) }
    }

    fn error(&self, problem: &'static str) -> JsonError {
        JsonError { offset: self.at, problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        text.parse::<Json>().map_or_else(|error| error.to_string(), |json| json.to_string())
    }

    #[test]
    fn what_python_reads() {
        assert_eq!(read(" {\"a\" : [ 1 ,\t-2.50,\r\n1E5 ] , \"b\":{ }} "), r#"{"a": [1, -2.5, 100000.0], "b": {}}"#);
        assert_eq!(read("[NaN,Infinity,-Infinity,1e999,-0,-0.0]"), "[NaN, Infinity, -Infinity, Infinity, 0, -0.0]");
        assert_eq!(read(r#""\u00E9\ud83d\uDD10\/""#), r#""\u00e9\ud83d\udd10/""#);
        assert_eq!(read("\"\u{7f}é𝒳\""), r#""\u007f\u00e9\ud835\udcb3""#);
        assert_eq!(read(r#"{"a":1,"b":2,"a":3}"#), r#"{"a": 3, "b": 2}"#);
    }

    #[test]
    fn errors_say_where() {
        for (text, expected) in [
            ("", "JSON, byte 0: expected a value"),
            ("\u{feff}1", "JSON, byte 0: expected a value"),
            ("+1", "JSON, byte 0: expected a value"),
            ("-", "JSON, byte 0: expected a value"),
            (".5", "JSON, byte 0: expected a value"),
            ("01", "JSON, byte 1: expected the end"),
            ("1.", "JSON, byte 1: expected the end"),
            ("1.e5", "JSON, byte 1: expected the end"),
            ("1.5e+", "JSON, byte 3: expected the end"),
            ("-NaN", "JSON, byte 0: expected a value"),
            ("nulll", "JSON, byte 4: expected the end"),
            ("[1,]", "JSON, byte 3: expected a value"),
            ("[1 2]", "JSON, byte 3: expected `,` or `]`"),
            ("{1:2}", "JSON, byte 1: expected a name in quotes"),
            ("{\"a\":1,}", "JSON, byte 7: expected a name in quotes"),
            ("{\"a\" 1}", "JSON, byte 5: expected `:`"),
            ("{\"a\":1", "JSON, byte 6: expected `,` or `}`"),
            ("\"a", "JSON, byte 2: expected the end of the text, and no control character in it"),
            ("\"\t\"", "JSON, byte 1: expected the end of the text, and no control character in it"),
            (r#""\x""#, "JSON, byte 2: unknown escape"),
            (r#""\u12g4""#, "JSON, byte 3: expected four hexadecimal digits"),
            (r#""\u+123""#, "JSON, byte 3: expected four hexadecimal digits"),
            ("\"\\u12é", "JSON, byte 3: expected four hexadecimal digits"),
            (r#""\ud83d""#, "JSON, byte 3: half a surrogate pair"),
            (r#""\ud83d\u0041""#, "JSON, byte 3: half a surrogate pair"),
            (r#""\udd10\ud83d""#, "JSON, byte 3: half a surrogate pair"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn every_use_survives_the_deepest_text() {
        for (open, close) in [("[", "]"), ("{\"a\": ", "}")] {
            let text = format!("{}null{}", open.repeat(MAX_DEPTH), close.repeat(MAX_DEPTH));
            let json: Json = text.parse().unwrap();
            assert_eq!(json.clone(), json);
            assert_eq!(json.to_string(), text);
            assert!(["List(1 elements)", "Object(1 members)"].contains(&format!("{json:?}").as_str()));
            assert!(json.is_standard());
            let deeper = format!("{open}{text}{close}");
            assert_eq!(deeper.parse::<Json>().unwrap_err().offset(), open.len() * MAX_DEPTH);
        }
        let endless = "[".repeat(1_000_000);
        assert_eq!(read(&endless), "JSON, byte 1000: nested too deep");
    }

    #[test]
    fn of_equal_names_one_is_kept() {
        let members =
            |distinct: u32| (0..100_000).map(move |at| (format!("{}", at % distinct), Json::from(i64::from(at))));
        let all: Object = members(100_000).collect();
        let few: Object = members(3).collect();
        assert_eq!((all.len(), few.len()), (100_000, 3));
        assert_eq!(Json::Object(few).to_string(), r#"{"0": 99999, "1": 99997, "2": 99998}"#);
    }
}
