//! The whole life of a table, from `init` to `table delete`, as an operator types it: on the embedded database and on
//! ministack, with one transcript for both.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::fmt::Write as _;

use common::{Folder, code, err, golden, out};
use dynaseal_testkit::servers;

const ITEMS: &str = r#"{"id":{"S":"p-1"},"name":{"S":"Ada"},"visit":{"N":"1"},"visits":{"N":"3"},"ward":{"S":"north"}}
{"id":{"S":"p-1"},"name":{"S":"Ada"},"visit":{"N":"2"},"visits":{"N":"4"},"ward":{"S":"north"}}
{"id":{"S":"p-2"},"name":{"S":"Bob"},"visit":{"N":"1"},"visits":{"N":"1"},"ward":{"S":"south"}}
"#;

const SEARCH: &str =
    "[search]\nbeacon_key = { file = \"beacon.key\" }\n[[search.standard_beacons]]\nname = \"name\"\nlength = 8\n";

/// Commands with what they said, the place of the table taken out.
struct Life {
    folder: Folder,
    place: [String; 2],
    text: String,
}

impl Life {
    fn new(option: &str, value: &str) -> Self {
        let folder = Folder::new("");
        std::fs::remove_file(folder.0.path().join("table.toml")).unwrap();
        folder.write("items.jsonl", ITEMS);
        Self { folder, place: [option.to_owned(), value.to_owned()], text: String::new() }
    }

    /// Types a command, with `PLACE` where the table is, and expects its exit code.
    fn types(&mut self, arguments: &[&str], expected: i32) {
        let [option, value] = &self.place;
        let real: Vec<&str> = arguments
            .iter()
            .flat_map(|argument| match *argument {
                "PLACE" => vec![option.as_str(), value.as_str()],
                other => vec![other],
            })
            .collect();
        let env = [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];
        let output = self.folder.run_with(&env, &real, "");
        let shown: Vec<String> = arguments
            .iter()
            .map(
                |argument| if argument.contains([' ', '"']) { format!("'{argument}'") } else { (*argument).to_owned() },
            )
            .collect();
        let said = [out(&output), err(&output)].concat();
        let said = said.replace(&format!("{option} {value}"), "PLACE");
        let said = said.replace(&format!(" in {value}"), " HERE").replace(&format!(" at {value}"), " HERE");
        let said = said.replace("dynaseal: the database people.db is made, for its owner alone\n", "");
        let _ = write!(self.text, "$ dynaseal {}\n{said}", shown.join(" "));
        if code(&output) != 0 {
            let _ = writeln!(self.text, "[{}]", code(&output));
        }
        assert_eq!(code(&output), expected, "{}", self.text);
    }

    /// Changes a file by hand, into another one.
    fn edits(&mut self, from: &str, to: &str, edit: impl Fn(String) -> String) {
        let text = std::fs::read_to_string(self.folder.0.path().join(from)).unwrap();
        self.folder.write(to, edit(text));
        let _ = writeln!(self.text, "# {from} is edited into {to}");
    }
}

fn life(option: &str, value: &str) -> String {
    let mut life = Life::new(option, value);
    let (old, new) = (["--config", "table.toml", "PLACE"], ["--config", "new.toml", "PLACE"]);
    life.types(
        &["init", "--table", "people", "--sample", "items.jsonl", "--partition-key", "id", "--sort-key", "visit"],
        0,
    );
    life.types(&["keygen", "beacon", "--output", "beacon.key"], 0);
    life.edits("table.toml", "table.toml", |text| {
        text.replace("ward = \"ENCRYPT_AND_SIGN\"", "ward = \"SIGN_ONLY\"") + SEARCH
    });
    life.types(&["config", "check", "--config", "table.toml", "--offline"], 0);
    life.types(&[["table", "create"].as_slice(), &old].concat(), 0);
    life.types(&["table", "list", "PLACE"], 0);
    life.types(&[["config", "check"].as_slice(), &old].concat(), 0);

    life.types(&[["put", "items.jsonl"].as_slice(), &old].concat(), 0);
    life.types(&[["get", r#"{"id":{"S":"p-2"},"visit":{"N":"1"}}"#].as_slice(), &old].concat(), 0);
    let by_name = [
        "query",
        "--index",
        "aws_dbe_b_name",
        "--key-condition",
        "#n = :n",
        "--names",
        r##"{"#n":"name"}"##,
        "--values",
        r#"{":n":{"S":"Bob"}}"#,
    ];
    life.types(&[by_name.as_slice(), &old].concat(), 0);
    let counts = |condition: &'static str| {
        [
            "update",
            r#"{"id":{"S":"p-2"},"visit":{"N":"1"}}"#,
            "--expression",
            "SET ward = :w ADD visits :one",
            "--condition",
            condition,
            "--values",
            r#"{":one":{"N":"1"},":w":{"S":"west"}}"#,
            "--return",
            "new",
        ]
    };
    life.types(&[counts("visits = :one").as_slice(), &old].concat(), 0);
    life.types(&[counts("visits = :one").as_slice(), &old].concat(), 1);

    life.types(&["keygen", "aes-256", "--output", "key-2.key"], 0);
    life.edits("table.toml", "new.toml", |text| {
        text.replace("name = \"key-1\"", "name = \"key-2\"").replace("table.key", "key-2.key")
    });
    life.types(&[["verify", "--summary"].as_slice(), &new].concat(), 1);
    let migrate = ["migrate", "--from-config", "table.toml"];
    life.types(&[migrate.as_slice(), &new, &["--dry-run"]].concat(), 0);
    life.types(&[migrate.as_slice(), &new].concat(), 0);
    life.types(&[migrate.as_slice(), &new].concat(), 0);
    life.types(&[["verify", "--summary"].as_slice(), &new].concat(), 0);
    life.types(&[by_name.as_slice(), &new].concat(), 0);
    let key = r#"{"id":{"S":"p-1"},"visit":{"N":"2"}}"#;
    life.types(&[["get", key].as_slice(), &old].concat(), 1);

    life.types(&[["delete", key, "--return", "old"].as_slice(), &new].concat(), 0);
    life.types(&[["delete", key].as_slice(), &new].concat(), 1);
    life.types(&[["scan", "--count"].as_slice(), &new].concat(), 0);
    life.types(&[["table", "delete"].as_slice(), &new].concat(), 2);
    life.types(&[["table", "delete", "--confirm", "people"].as_slice(), &new].concat(), 0);
    life.types(&["table", "list", "PLACE"], 0);
    // Keys and files of the table are still there: nobody but their owner throws them away.
    let mut left: Vec<String> = std::fs::read_dir(life.folder.0.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("people.db"))
        .collect();
    left.sort();
    assert_eq!(left, ["beacon.key", "items.jsonl", "key-2.key", "new.toml", "table.key", "table.toml"]);
    life.text
}

#[test]
fn on_the_embedded_database() {
    golden("life.txt", &life("--db", "people.db"));
}

#[test]
fn on_ministack() {
    let Some(url) = servers::ministack() else { return };
    let expected =
        std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/life.txt"));
    assert_eq!(life("--endpoint-url", url), expected.unwrap());
}
