//! `dynaseal open` on items, exports and streams: every envelope, gzip, folders, many threads, little memory.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use common::{Folder, OPEN, SEAL, code, err, out};
use dynaseal_testkit::servers;
use flate2::Compression;
use flate2::write::GzEncoder;

/// HMAC only, so that many items take little time. `*` stands for the names of signed attributes.
const TABLE: &str = r#"
logical_table_name = "people"
partition_key = "pk"
algorithm_suite = "hmac-only"
[actions]
secret = "ENCRYPT_AND_SIGN"
*
[keyring]
type = "raw-aes"
namespace = "ns"
name = "key-1"
key = { hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" }
"#;

fn folder() -> Folder {
    Folder::new(&TABLE.replace('*', ""))
}

fn item(pk: &str, secret: &str) -> String {
    format!("{{\"pk\":{{\"S\":\"{pk}\"}},\"secret\":{{\"S\":\"{secret}\"}}}}")
}

fn numbered(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| item(&number.to_string(), "influenza") + "\n").collect()
}

fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes.as_ref()).unwrap();
    encoder.finish().unwrap()
}

impl Folder {
    /// Through a file: the pipes of a helper that writes everything first would fill.
    fn seal(&self, plain: &str) -> String {
        self.write("plain.json", plain);
        let sealed = self.run(&[&SEAL[..], &["plain.json"]].concat(), "");
        assert_eq!((code(&sealed), err(&sealed)), (0, ""));
        out(&sealed).to_owned()
    }

    fn seal_one(&self, pk: &str, secret: &str) -> String {
        self.seal(&item(pk, secret)).trim_end().to_owned()
    }

    /// Opens a file.
    fn open(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
        self.write("input", input);
        self.run(&[&OPEN[..], arguments, &["input"]].concat(), "")
    }

    /// All forms that can be given come to the same.
    #[track_caller]
    fn opens(&self, form: &str, input: &str, expected: &str) {
        for arguments in [&[][..], &["--input", form]] {
            let opened = self.open(arguments, input);
            assert_eq!((code(&opened), out(&opened), err(&opened)), (0, expected, ""), "{arguments:?}");
        }
    }

    fn spawn(&self, arguments: &[&str], output: Stdio) -> Child {
        Command::new(env!("CARGO_BIN_EXE_dynaseal"))
            .args(OPEN)
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn create(&self, name: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    }
}

#[test]
fn a_full_export_opens() {
    let folder = folder();
    let export = |item: &str| format!("{{\"Item\":{item}}}\n");
    let (ada, bob) = (folder.seal_one("ada", "influenza"), folder.seal_one("bob", "none"));
    let expected = export(&item("ada", "influenza")) + &export(&item("bob", "none"));
    folder.opens("export", &(export(&ada) + &export(&bob)), &expected);
    // As an array, and spread over lines.
    folder.opens("export", &format!("[{},\n{}]", export(&ada), export(&bob)), &expected);
    let spread = |item: &str| format!("{{\n  \"Item\" :\n  {item}\n}}\n");
    folder.opens("export", &(spread(&ada) + "\n" + &spread(&bob)), &expected);
}

#[test]
fn an_incremental_export_opens_with_everything_around_it() {
    let folder = folder();
    let change = |images: &str| {
        // Order, numbers and members that nobody knows stay as they are.
        let metadata = r#""Metadata":{"WriteTimestampMicros":{"N":"1648742455484023"}},"#;
        format!(
            r#"{{{metadata}"Keys":{{"pk":{{"S":"ada"}}}}{images},"Later":[1.50e+3,18446744073709551616,{{"z":1,"a":2}}]}}"#
        ) + "\n"
    };
    let images = |old: &str, new: &str| change(&format!(",\"OldImage\":{old},\"NewImage\":{new}"));
    let sealed = images(&folder.seal_one("ada", "influenza"), &folder.seal_one("ada", "none"));
    folder.opens("export", &sealed, &images(&item("ada", "influenza"), &item("ada", "none")));

    let inserted = |new: &str| change(&format!(",\"NewImage\":{new}"));
    folder.opens("export", &inserted(&folder.seal_one("ada", "x")), &inserted(&item("ada", "x")));
    folder.opens("export", &change(""), &change(""));
}

/// A record of a stream with these members of `dynamodb`.
fn stream_record(event: &str, images: &str) -> String {
    let body = format!(
        r#"{{"ApproximateCreationDateTime":1.428537600E9,"Keys":{{"pk":{{"S":"ada"}}}}{images},"SizeBytes":26}}"#
    );
    format!(
        r#"{{"eventID":"c4ca","eventName":"{event}","dynamodb":{body},"eventSourceARN":"arn:aws:dynamodb:ü\u00fc"}}"#
    )
}

#[test]
fn records_of_streams_open() {
    let folder = folder();
    let modify = |old: &str, new: &str| stream_record("MODIFY", &format!(",\"NewImage\":{new},\"OldImage\":{old}"));
    let sealed = modify(&folder.seal_one("ada", "influenza"), &folder.seal_one("ada", "none"));
    let plain = modify(&item("ada", "influenza"), &item("ada", "none"));
    folder.opens("stream", &sealed, &(plain.clone() + "\n"));

    // What has no images passes: KEYS_ONLY, and removals where only new images are kept.
    let bare = [stream_record("REMOVE", ""), stream_record("REMOVE", ",\"NewImage\":null")].join("\n") + "\n";
    folder.opens("stream", &bare, &bare);

    // Kinesis Data Streams for DynamoDB.
    let kinesis = |record: &str| {
        let start =
            r#"{"awsRegion":"us-east-1","recordFormat":"application/json","tableName":"people","userIdentity":null,"#;
        record.replacen('{', start, 1)
    };
    folder.opens("stream", &kinesis(&sealed), &(kinesis(&plain) + "\n"));

    // What a function gets, and what GetRecords gives, on one line and as the AWS command line prints it.
    let batch = |record: &str| {
        format!("{{\"Records\":[{record},{}],\"NextShardIterator\":\"a b\"}}\n", stream_record("REMOVE", ""))
    };
    folder.opens("stream", &batch(&sealed), &batch(&plain));
    let pretty = batch(&sealed).replace("{\"Records\":[", "{\n    \"Records\": [\n        ").replace("]", "\n    ]");
    folder.opens("stream", &pretty.replace("a b\"}", "a b\"\n}"), &batch(&plain));
    folder.opens("stream", "{\"Records\":[]}\n", "{\"Records\":[]}\n");
}

#[test]
fn a_record_with_a_bad_image_is_refused_whole() {
    let folder = folder();
    let (good, forged) =
        (folder.seal_one("ada", "a"), folder.seal_one("ada", "b").replacen("\"secret\"", "\"other\"", 1));
    let record = |old: &str, new: &str| stream_record("MODIFY", &format!(",\"OldImage\":{old},\"NewImage\":{new}"));
    let input = [record(&good, &forged), record(&forged, &forged), record(&good, &good)].join("\n");
    let opened = folder.open(&[], &input);
    assert_eq!(
        (code(&opened), out(&opened)),
        (1, format!("{}\n", record(&item("ada", "a"), &item("ada", "a"))).as_str())
    );
    let lines: Vec<&str> = err(&opened).lines().collect();
    let start = |line: &str, image: &str| {
        format!("{line}: `{image}`: item (pk = \"ada\") of table `people` can not be opened: ")
    };
    assert!(lines[0].starts_with(&start("input:1", "NewImage")), "{}", lines[0]);
    assert!(lines[1].starts_with(&start("input:2", "OldImage")), "{}", lines[1]);
    assert_eq!(lines[2..], ["dynaseal: 2 items refused"]);

    // In a batch, the others stay.
    let batch = |records: &[&str]| format!("{{\"Records\":[{}]}}\n", records.join(","));
    let (remove, plain) = (stream_record("REMOVE", ""), record(&item("ada", "a"), &item("ada", "a")));
    let opened =
        folder.open(&[], batch(&[&record(&good, &forged), &remove, "{\"s3cret\":1}", "5", &record(&good, &good)]));
    assert_eq!((code(&opened), out(&opened)), (1, batch(&[&remove, &plain]).as_str()));
    for start in [
        "input:1: Records[2]: no record of a stream",
        "input:1: Records[3]: no JSON object\n",
        "input:1: Records[0]: `NewImage`: item (pk = \"ada\") of table",
        "dynaseal: 3 items refused",
    ] {
        assert!(err(&opened).contains(start), "{start}\n{}", err(&opened));
    }
    assert!(!err(&opened).contains("s3cret"));

    // An image of another item.
    let other = folder.seal_one("bob", "b");
    let opened = folder.open(&[], record(&good, &other));
    let expected =
        "input:1: `Keys` are not those of `NewImage`: somebody put them together\ndynaseal: 1 item refused\n";
    assert_eq!((code(&opened), out(&opened), err(&opened)), (1, "", expected));
}

#[test]
fn items_with_the_names_of_envelopes_are_items() {
    const NAMES: [&str; 9] =
        ["Item", "Records", "dynamodb", "Keys", "NewImage", "OldImage", "Metadata", "eventName", "kinesis"];
    const VALUES: [&str; 13] = [
        r#"{"S":"Item"}"#,
        r#"{"N":"1"}"#,
        r#"{"B":"AQ=="}"#,
        r#"{"BOOL":true}"#,
        r#"{"NULL":true}"#,
        r#"{"SS":["Keys"]}"#,
        r#"{"NS":["1"]}"#,
        r#"{"BS":["AQ=="]}"#,
        r#"{"L":[]}"#,
        r#"{"L":[{"M":{"dynamodb":{"M":{"Keys":{"M":{}}}}}}]}"#,
        r#"{"M":{}}"#,
        r#"{"M":{"Keys":{"S":"a"},"NewImage":{"M":{"pk":{"S":"a"}}},"Records":{"L":[]}}}"#,
        r#"{"M":{"M":{"M":{"M":{"M":{}}}},"S":{"S":"S"}}}"#,
    ];
    let actions: String = NAMES.iter().map(|name| format!("{name} = \"SIGN_ONLY\"\n")).collect();
    let folder = Folder::new(&TABLE.replace('*', &actions));
    let mut plain = String::new();
    for value in VALUES {
        plain += &NAMES.map(|name| format!("{{\"{name}\":{value},\"pk\":{{\"S\":\"a\"}}}}\n")).concat();
        let mut all = NAMES.map(|name| format!("\"{name}\":{value}"));
        all.sort();
        plain += &format!("{{{},\"pk\":{{\"S\":\"a\"}}}}\n", all.join(","));
    }
    assert_eq!(plain.lines().count(), 13 * 10);
    folder.opens("items", &folder.seal(&plain), &plain);
}

#[test]
fn exports_of_items_with_the_names_of_types_are_exports() {
    for name in ["S", "M", "L", "N", "Item", "Keys"] {
        let folder = Folder::new(&TABLE.replace("= \"pk\"", &format!("= \"{name}\"")).replace('*', ""));
        let plain = format!("{{\"{name}\":{{\"S\":\"M\"}}}}");
        let sealed = folder.seal(&plain).trim_end().to_owned();
        let export = |item: &str| format!("{{\"Item\":{item}}}\n");
        folder.opens("export", &export(&sealed), &export(&plain));
        let record = |item: &str| format!("{{\"Metadata\":{{}},\"Keys\":{plain},\"NewImage\":{item}}}\n");
        folder.opens("export", &record(&sealed), &record(&plain));
        let record = |item: &str| format!("{{\"dynamodb\":{{\"Keys\":{plain},\"NewImage\":{item}}}}}\n");
        folder.opens("stream", &record(&sealed), &record(&plain));
    }
}

#[test]
fn what_is_asked_for_is_not_guessed() {
    let folder = folder();
    let sealed = folder.seal_one("ada", "a");
    let export = format!("{{\"Item\":{sealed}}}");
    let stream = stream_record("INSERT", &format!(",\"NewImage\":{sealed}"));
    let refused = |form: &str, input: &str, expected: &str| {
        let opened = folder.open(&["--input", form], input);
        assert_eq!((code(&opened), out(&opened)), (1, ""), "{input}");
        assert!(err(&opened).starts_with(expected), "{}", err(&opened));
        assert!(!err(&opened).contains("s3cret"), "{}", err(&opened));
    };
    refused("items", &export, "input:1: at `Item`: expected an object with one of");
    refused("items", &stream, "input:1: at `eventID`: expected an object with one of");
    refused("export", &sealed, "input:1: no line of an export");
    refused("export", &stream, "input:1: no line of an export");
    refused("stream", &export, "input:1: no record of a stream");
    refused("stream", &sealed, "input:1: no record of a stream");
    refused("stream", "\"s3cret\"", "input:1: no JSON object");
    refused("stream", "{\"dynamodb\":\"s3cret\"}", "input:1: no JSON object");
    refused("stream", "{\"Records\":{\"s3cret\":1}}", "input:1: no record of a stream");
    refused("auto", "{\"dynamodb\":{\"NewImage\":{\"s3cret\":1}}}", "input:1: at `dynamodb`: expected an object");
    refused("stream", "{\"dynamodb\":{\"NewImage\":{}}}", "input:1: a change without `Keys`");
    refused("auto", "{\"dynamodb\":{\"Keys\":{},\"Keys\":{}}}", "input:1: ");
    refused("auto", "{\"dynamodb\":{\"Keys\":{\"pk\":{\"N\":5}}}}", "input:1: in `Keys`: at `pk`: N takes a number");
    refused(
        "auto",
        "{\"Item\":{\"pk\":{\"S\":\"a\"},\"b\":{\"B\":\"s3cret!\"}}}",
        "input:1: in `Item`: at `b`: not Base64",
    );
    refused("auto", "{\"Item\":{\"B\":\"s3cret!\"}}", "input:1: at `Item`: not Base64");
    refused(
        "auto",
        "{\"Records\":[{\"kinesis\":{\"data\":\"s3cret\"},\"eventName\":\"aws:kinesis:record\"}]}",
        "input:1: Records[0]: a record of Kinesis as a function gets it",
    );
    let wrong = folder.open(&["--input", "csv"], "");
    assert_eq!(code(&wrong), 2);
}

#[test]
fn a_line_that_is_only_a_brace_costs_no_other() {
    let folder = folder();
    let sealed = folder.seal_one("ada", "a");
    let opened = folder
        .open(&[], format!("{{\n{sealed}\n{{\n  \"pk\":\n{sealed}\n  \n}}\n{{\n{{\n  \"Item\": {sealed}\n}}\n{{\n"));
    let plain = item("ada", "a");
    assert_eq!((code(&opened), out(&opened)), (1, format!("{plain}\n{plain}\n{{\"Item\":{plain}}}\n").as_str()));
    let places: Vec<&str> = err(&opened).lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["input:1", "input:3", "input:7", "input:8", "input:12", "dynaseal"]);
}

#[test]
fn gzip_is_unpacked_whatever_its_name() {
    let folder = folder();
    let sealed = folder.seal(&numbered(0..300));
    let (first, second) = sealed.split_at(sealed.len() / 3);
    // Several members, cut within a line.
    let packed = [gzip(first), gzip(""), gzip(second)].concat();
    let opened = folder.open(&[], &packed);
    assert_eq!((code(&opened), out(&opened), err(&opened)), (0, numbered(0..300).as_str(), ""));
    let piped = folder.run(&OPEN, &packed);
    assert_eq!((code(&piped), out(&piped)), (0, numbered(0..300).as_str()));
    // As an array, and read by another command.
    let array = gzip(format!("[{}]", sealed.trim_end().replace('\n', ",")));
    assert_eq!(out(&folder.open(&[], array)), numbered(0..300));
    folder.write("plain.gz", gzip(numbered(0..2)));
    let sealed = folder.run(&[&SEAL[..], &["plain.gz"]].concat(), "");
    assert_eq!((code(&sealed), out(&sealed).lines().count()), (0, 2));
    // Nothing at all, which is what an empty partition becomes.
    for nothing in [Vec::new(), gzip("")] {
        let opened = folder.open(&[], nothing);
        assert_eq!((code(&opened), out(&opened), err(&opened)), (0, "", "dynaseal: no items in input\n"));
    }
}

#[test]
fn damaged_gzip_is_an_error_behind_what_came_out() {
    let folder = folder();
    let lines = folder.seal(&numbered(0..200));
    let packed = gzip(&lines);
    let cut = &packed[..packed.len() - 4];
    let opened = folder.open(&[], cut);
    assert_eq!((code(&opened), out(&opened)), (2, numbered(0..200).as_str()));
    assert!(
        err(&opened).starts_with("dynaseal: input cannot be read: the gzip data is damaged or cut short"),
        "{}",
        err(&opened)
    );
    let opened = folder.open(&[], &packed[..packed.len() / 2]);
    assert_eq!(code(&opened), 2);
    assert!(numbered(0..200).starts_with(out(&opened)) && out(&opened).ends_with('\n'));
    // A checksum that is wrong, and something else behind the end.
    let mut wrong = packed.clone();
    let at = wrong.len() - 6;
    wrong[at] ^= 1;
    for packed in [wrong, [&packed, &b"more"[..]].concat(), vec![0x1f, 0x8b], vec![0x1f, 0x8b, 9, 9, 9]] {
        let opened = folder.open(&[], packed);
        assert_eq!(code(&opened), 2);
        assert!(err(&opened).contains("the gzip data is damaged"), "{}", err(&opened));
    }
}

#[test]
fn ion_is_refused_with_what_to_do() {
    let folder = folder();
    for input in [b"$ion_1_0 {Item:{pk:\"a\"}}\n".to_vec(), b"\xe0\x01\x00\xea\x00".to_vec()] {
        for input in [gzip(&input), input] {
            let opened = folder.open(&[], input);
            let expected = "dynaseal: input is Amazon Ion: export the table as DynamoDB JSON\n";
            assert_eq!((code(&opened), out(&opened), err(&opened)), (2, "", expected));
        }
    }
    folder.create("export/data");
    folder.write("export/data/a.ion.gz", "");
    let opened = folder.run(&[&OPEN[..], &["export"]].concat(), "");
    assert!(code(&opened) == 2 && err(&opened).contains("a.ion.gz is Amazon Ion"), "{}", err(&opened));
}

#[test]
fn a_folder_is_an_export() {
    let folder = folder();
    folder.create("export/data");
    let line = |pk: &str| format!("{{\"Item\":{}}}\n", folder.seal_one(pk, "x"));
    let opened = |pks: &[&str]| pks.iter().map(|pk| format!("{{\"Item\":{}}}\n", item(pk, "x"))).collect::<String>();
    folder.write("export/data/b.json.gz", gzip(line("b1") + &line("b2")));
    folder.write("export/data/a.json", line("a"));
    folder.write("export/data/c.json.gz", "");
    folder.write("export/data/note.txt", "s3cret");
    folder.write("export/manifest-summary.json", "{}");
    let run = |path: &str| folder.run(&[&OPEN[..], &[path]].concat(), "");
    for path in ["export", "export/data", "export/"] {
        let output = run(path);
        assert_eq!((code(&output), out(&output), err(&output)), (0, opened(&["a", "b1", "b2"]).as_str(), ""));
    }

    // With a manifest, what it lists.
    let entry = |name: &str, count: &str| {
        format!(
            "{{{count}\"md5Checksum\":\"a\",\"etag\":\"b-1\",\"dataFileS3Key\":\"some/AWSDynamoDB/01-a/data/{name}\"}}\n"
        )
    };
    let good = entry("b.json.gz", "\"itemCount\":2,") + &entry("c.json.gz", "\"itemCount\":0,");
    folder.write("export/manifest-files.json", good.clone() + &entry("a.json", ""));
    assert_eq!(out(&run("export")), opened(&["a", "b1", "b2"]));

    // An incomplete file, which does not stop the others.
    folder.write("export/manifest-files.json", entry("a.json", "\"itemCount\":3,") + &good);
    let output = run("export");
    let expected = "export/data/a.json: 1 items, but the manifest of the export says 3: get the file again\n\
                    dynaseal: 1 files of the export are not whole\n";
    assert_eq!((code(&output), out(&output), err(&output)), (2, opened(&["a", "b1", "b2"]).as_str(), expected));

    // A missing one does.
    folder.write("export/manifest-files.json", good + &entry("d.json.gz", "\"itemCount\":1,"));
    let output = run("export");
    assert_eq!((code(&output), out(&output)), (2, ""));
    let expected = "dynaseal: export/manifest-files.json lists 1 files that are not there, the first of them d.json.gz";
    assert!(err(&output).starts_with(expected), "{}", err(&output));
    folder.write("export/manifest-files.json", "{\"dataFileS3Key\":5}");
    assert!(err(&run("export")).contains("is not the list of an export's files"));

    // An incremental one, whose files are in a folder that it shares with others.
    folder.create("AWSDynamoDB/01-b");
    folder.create("AWSDynamoDB/data");
    folder.write("AWSDynamoDB/01-b/manifest-files.json", entry("e.json.gz", "\"itemCount\":1,"));
    folder.write("AWSDynamoDB/data/e.json.gz", gzip(line("e")));
    folder.write("AWSDynamoDB/data/f.json.gz", gzip(line("f")));
    let output = run("AWSDynamoDB/01-b");
    assert_eq!((code(&output), out(&output), err(&output)), (0, opened(&["e"]).as_str(), ""));

    folder.create("empty");
    let output = run("empty");
    assert!(code(&output) == 2 && err(&output).contains("no files of an export in empty"), "{}", err(&output));
}

#[test]
fn order_is_kept_and_the_bad_ones_stop_nothing() {
    let folder = folder();
    let sealed = folder.seal(&numbered(0..20_000));
    let bad = |number: &usize| number % 5_000 == 77;
    let mut input: Vec<String> = sealed.lines().map(str::to_owned).collect();
    (0..input.len()).filter(bad).for_each(|number| input[number].insert_str(1, "\"new\":{\"BOOL\":true},"));
    // Lines of very different length are done after very different times.
    (0..input.len()).step_by(1_000).for_each(|number| input[number] += &" ".repeat(300_000));
    let expected: String =
        (0..20_000).filter(|number| !bad(number)).map(|number| numbered(number..number + 1)).collect();
    for threads in ["1", "7"] {
        let opened = folder.open(&["--threads", threads], input.join("\n"));
        assert_eq!(code(&opened), 1);
        assert!(out(&opened) == expected, "{threads} threads");
        let lines: Vec<&str> = err(&opened).lines().collect();
        assert_eq!(lines.len(), 5);
        for (line, number) in lines.iter().zip((0..20_000).filter(bad)) {
            let start = format!("input:{}: item (pk = \"{number}\") of table `people` can not be opened: ", number + 1);
            assert!(line.starts_with(&start), "{line}");
        }
        assert_eq!(lines[4], "dynaseal: 4 items refused");
    }
    let opened = folder.open(&["--threads", "0"], "");
    assert_eq!(code(&opened), 2);
}

#[test]
fn who_writes_one_line_gets_an_answer_before_the_next() {
    use std::io::{BufRead as _, BufReader};
    let folder = folder();
    let sealed = folder.seal(&numbered(0..3));
    let mut child = folder.spawn(&[], Stdio::piped());
    let (mut input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    for (number, line) in sealed.lines().enumerate() {
        writeln!(input, "{line}").unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        assert_eq!(answer, numbered(number..number + 1));
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_has_enough_ends_it_quietly_and_is_no_success() {
    let folder = folder();
    folder.write("many.json", folder.seal(&numbered(0..100)).repeat(200));
    let mut child = folder.spawn(&["many.json"], Stdio::piped());
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), err(&output)), (2, ""));

    // Also where the input has no end.
    let line = folder.seal(&numbered(0..1));
    let mut child = folder.spawn(&[], Stdio::piped());
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    while input.write_all(line.as_bytes()).is_ok() {}
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), err(&output)), (2, ""));
}

/// The most memory that the command ever had, in KB.
#[cfg(target_os = "linux")]
fn peak_memory(folder: &Folder, arguments: &[&str]) -> (u64, Output) {
    let mut child = folder.spawn(arguments, Stdio::null());
    let (status, mut peak) = (format!("/proc/{}/status", child.id()), 0);
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let now = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(now.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    (peak, child.wait_with_output().unwrap())
}

#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_the_input() {
    let folder = folder();
    let thousand = gzip(folder.seal(&numbered(0..1_000)));
    folder.write("few.json.gz", thousand.repeat(20));
    folder.write("many.json.gz", thousand.repeat(100));
    let started = std::time::Instant::now();
    let (few, output) = peak_memory(&folder, &["few.json.gz"]);
    assert_eq!((code(&output), err(&output)), (0, ""));
    let (many, output) = peak_memory(&folder, &["many.json.gz"]);
    assert_eq!((code(&output), err(&output)), (0, ""));
    println!("20,000 items: {few} KB, 100,000 items: {many} KB, {:?}", started.elapsed());
    assert!(few > 1_000 && many < few + 6_000, "20,000 items: {few} KB, 100,000 items: {many} KB");
}

#[test]
#[cfg(target_os = "linux")]
fn long_lines_do_not_pile_up() {
    const MB: usize = 1024 * 1024;
    let folder = folder();
    let sealed = folder.seal(&numbered(0..1));
    // Sixty kilobytes that become sixty megabytes without a line break, and an item behind them.
    let endless = format!("{{\"Item\":\"{}\"\n", " ".repeat(60 * MB));
    folder.write("bomb.gz", [gzip(endless), gzip(&sealed)].concat());
    let (peak, output) = peak_memory(&folder, &["bomb.gz"]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).starts_with("bomb.gz:1: longer than 16777216 bytes"), "{}", err(&output));
    println!("one line of 60 MB: {peak} KB");
    assert!(peak < 58_000, "one line of 60 MB: {peak} KB");

    // Sixteen lines that are just not too long.
    let long = gzip(format!("{}{}\n", " ".repeat(15 * MB), sealed.trim_end()));
    folder.write("long.gz", long.repeat(16));
    let (peak, output) = peak_memory(&folder, &["--threads", "8", "long.gz"]);
    assert_eq!((code(&output), err(&output)), (0, ""));
    println!("sixteen lines of 15 MB: {peak} KB");
    assert!(peak < 130_000, "sixteen lines of 15 MB: {peak} KB");
}

#[test]
fn threads_share_the_connections_to_aws_kms() {
    let Some(url) = servers::localstack() else { return };
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
        .endpoint_url(url);
    let client = aws_sdk_kms::Client::from_conf(config.build());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let made = runtime.block_on(client.create_key().send()).unwrap();
    let key = made.key_metadata.unwrap().arn.unwrap();
    let folder = Folder::new(&common::table(&format!("type = \"aws-kms\"\nkey_id = \"{key}\"\n")));
    let env = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL_KMS", url),
    ];
    let sealed = folder.run_with(&env, &SEAL, numbered(0..100));
    assert_eq!((code(&sealed), err(&sealed)), (0, ""));
    folder.write("sealed.json", &sealed.stdout);
    for threads in ["1", "8"] {
        let opened = folder.run_with(&env, &[&OPEN[..], &["--threads", threads, "sealed.json"]].concat(), "");
        assert_eq!((code(&opened), out(&opened), err(&opened)), (0, numbered(0..100).as_str(), ""));
    }
}
