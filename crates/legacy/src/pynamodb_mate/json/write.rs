//! Python's `json.dumps`. It does not recurse: what was built by hand may be nested deeper than the stack.

use std::fmt;
use std::slice;

use super::super::number::Number;
use super::Json;

impl fmt::Display for Json {
    /// What Python's `json.dumps` writes: `", "` and `": "` between values, everything but printable ASCII as `\u….`, and
    /// `NaN`, `Infinity` and `-Infinity`, which are no JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f).map(drop)
    }
}

impl Json {
    /// Whether the text is JSON to every reader, which it is unless a float is infinite or no number.
    pub fn is_standard(&self) -> bool {
        let mut rest = vec![self];
        while let Some(json) = rest.pop() {
            match json {
                Self::Number(Number::Float(float)) if !float.is_finite() => return false,
                Self::List(elements) => rest.extend(elements),
                Self::Object(members) => rest.extend(members.iter().map(|(_, value)| value)),
                _ => {}
            }
        }
        true
    }

    /// Writes the text, and gives how deep it is nested.
    pub(in super::super) fn write(&self, out: &mut dyn fmt::Write) -> Result<usize, fmt::Error> {
        let mut open: Vec<Rest<'_>> = Vec::new();
        let mut deepest = 0;
        let mut next = Some(self);
        loop {
            if let Some(json) = next {
                open.extend(begin(json, out)?);
                deepest = deepest.max(open.len());
            }
            let Some(inner) = open.last_mut() else {
                return Ok(deepest);
            };
            next = inner.next(out)?;
            if next.is_none() {
                open.pop();
            }
        }
    }
}

/// What is left of a list or object.
struct Rest<'a> {
    of: Elements<'a>,
    any_before: bool,
}

enum Elements<'a> {
    List(slice::Iter<'a, Json>),
    Object(slice::Iter<'a, (String, Json)>),
}

impl<'a> Rest<'a> {
    /// Writes what stands before the next value, or the end if there is none.
    fn next(&mut self, out: &mut dyn fmt::Write) -> Result<Option<&'a Json>, fmt::Error> {
        let (name, value, end) = match &mut self.of {
            Elements::List(rest) => (None, rest.next(), "]"),
            Elements::Object(rest) => {
                let member = rest.next();
                (member.map(|(name, _)| name), member.map(|(_, value)| value), "}")
            }
        };
        out.write_str(match value {
            None => end,
            Some(_) if self.any_before => ", ",
            Some(_) => "",
        })?;
        self.any_before = true;
        if let Some(name) = name {
            write_text(name, out)?;
            out.write_str(": ")?;
        }
        Ok(value)
    }
}

/// Writes a value, or the bracket with which it begins.
fn begin<'a>(json: &'a Json, out: &mut dyn fmt::Write) -> Result<Option<Rest<'a>>, fmt::Error> {
    let elements = match json {
        Json::Null => return out.write_str("null").map(|()| None),
        Json::Bool(value) => return out.write_str(if *value { "true" } else { "false" }).map(|()| None),
        Json::Number(number) => return number.write(out).map(|()| None),
        Json::Text(text) => return write_text(text, out).map(|()| None),
        Json::List(elements) => {
            out.write_char('[')?;
            Elements::List(elements.iter())
        }
        Json::Object(members) => {
            out.write_char('{')?;
            Elements::Object(members.iter())
        }
    };
    Ok(Some(Rest { of: elements, any_before: false }))
}

fn write_text(text: &str, out: &mut dyn fmt::Write) -> fmt::Result {
    out.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\u{8}' => out.write_str("\\b")?,
            '\u{c}' => out.write_str("\\f")?,
            ' '..='~' => out.write_char(character)?,
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
    }
    out.write_char('"')
}
