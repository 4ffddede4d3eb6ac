//! What people have that is no DynamoDB JSON, told once and not for each line.

use std::fmt;
use std::path::Path;

use super::envelope;

/// Another format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    PlainJson,
    Csv,
}

/// From plain JSON, with all digits that jq keeps.
const OF_JSON: &str = r#"jq -c 'def t: if type=="string" then {S:.} elif type=="number" then {N:tostring} elif type=="boolean" then {BOOL:.} elif type=="null" then {NULL:true} elif type=="array" then {L:map(t)} else {M:map_values(t)} end; if type=="array" then .[] else . end | map_values(t)'"#;

/// From CSV with names in its first line. Everything becomes text.
const OF_CSV: &str = r#"python3 -c 'import csv,json,sys; [print(json.dumps({k:{"S":v} for k,v in row.items()})) for row in csv.DictReader(sys.stdin)]'"#;

/// What it looks like, if the first document is not what was expected.
pub(super) fn recognise(text: &str) -> Option<Foreign> {
    let text = text.trim_ascii();
    if text.starts_with('{') {
        return envelope::is_plain_json(text).then_some(Foreign::PlainJson);
    }
    let line = text.lines().next().unwrap_or_default();
    let is_csv = [',', ';', '\t'].iter().any(|separator| {
        let fields: Vec<&str> = line.split(*separator).collect();
        fields.len() > 1 && fields.iter().all(|field| is_name(field.trim_ascii()))
    });
    is_csv.then_some(Foreign::Csv)
}

/// Whether it can be the name of a column.
fn is_name(field: &str) -> bool {
    let quoted = field.strip_prefix('"').and_then(|field| field.strip_suffix('"'));
    let field = quoted.unwrap_or(field);
    !field.is_empty() && !field.contains(['{', '}', '[', ']', '"', ':'])
}

/// What it is and how to convert it. `path` is that of the file.
pub(super) fn advice(f: &mut fmt::Formatter<'_>, foreign: Foreign, path: &Path) -> fmt::Result {
    const SHAPE: &str = "items are DynamoDB JSON, one a line: {\"id\":{\"S\":\"p-1\"},\"visit\":{\"N\":\"1\"}}";
    let file = if path == Path::new("-") { "FILE".to_owned() } else { path.display().to_string() };
    match foreign {
        Foreign::PlainJson => write!(
            f,
            "it is plain JSON, and {SHAPE}. Convert it with `{OF_JSON} {file}`, which makes no sets and no binary values; jq before 1.7 rounds numbers of more than 17 digits"
        ),
        Foreign::Csv => write!(
            f,
            "it looks like CSV, and {SHAPE}. Convert it with `{OF_CSV} < {file}`, which makes a text of every value: write {{\"N\":…}} in the place of {{\"S\":…}} for numbers"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_apart() {
        let cases = [
            ("id,visit,name", Some(Foreign::Csv)),
            ("\"id\";\"first name\"", Some(Foreign::Csv)),
            ("id\tname\r\n", Some(Foreign::Csv)),
            ("{\"id\":\"p-1\",\"n\":5}", Some(Foreign::PlainJson)),
            ("{\"id\":\"p-1\",\"address\":{\"street\":\"x\",\"no\":5}}", Some(Foreign::PlainJson)),
            ("{}", None),
            ("{\"id\":{\"S\":\"p-1\"}}", None),
            // With a mistake, but meant as DynamoDB JSON.
            ("{\"id\":{\"N\":5}}", None),
            ("{\"id\":{\"S\":\"p-1\"},\"n\":5}", None),
            ("{\"Item\":{\"id\":\"p-1\"}}", None),
            ("{\"Metadata\":{},\"Keys\":{}}", None),
            ("{\"eventName\":\"INSERT\",\"dynamodb\":{}}", None),
            ("{\"Records\":[]}", None),
            ("{\"id\":", None),
            ("no json", None),
            ("{,}", None),
            ("\"a\":{\"S\":\"b\"},", None),
        ];
        for (text, expected) in cases {
            assert_eq!(recognise(text), expected, "{text}");
        }
    }
}
