//! What the tests of the command share.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]
#![allow(dead_code, reason = "each test program uses a part")]

pub(crate) mod fake_kms;
pub(crate) mod official;
pub(crate) mod server;
pub(crate) mod talk;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub(crate) const TABLE: &str = r#"
logical_table_name = "people"
partition_key = "pk"
unsigned_attribute_prefix = ":"
[actions]
secret = "ENCRYPT_AND_SIGN"
[keyring]
type = "raw-aes"
namespace = "ns"
name = "key-1"
key = { hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" }
"#;

/// The key of `TABLE` in any of the forms in which a message could show it.
pub(crate) const KEY: &str = "00010203";

pub(crate) struct Folder(pub(crate) tempfile::TempDir);

impl Folder {
    pub(crate) fn new(table: &str) -> Self {
        let folder = Self::empty();
        folder.write("table.toml", table);
        folder
    }

    pub(crate) fn empty() -> Self {
        // For nobody else: there are keys in it.
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        Self(builder.tempdir().unwrap())
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn run(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
        self.run_with(&[], arguments, input)
    }

    /// With environment variables.
    pub(crate) fn run_with(&self, env: &[(&str, &str)], arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
        run(self.0.path(), env, arguments, input.as_ref())
    }

    /// To be asked line by line.
    pub(crate) fn talk(&self, env: &[(&str, &str)], arguments: &[&str]) -> talk::Talk {
        talk::Talk::new(spawn(self.0.path(), env, arguments))
    }
}

fn run(folder: &Path, env: &[(&str, &str)], arguments: &[&str], input: &[u8]) -> Output {
    let mut child = spawn(folder, env, arguments);
    // A command that stops reading early closes the pipe; that is its right.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn spawn(folder: &Path, env: &[(&str, &str)], arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dynaseal"));
    std::env::vars().filter(|(name, _)| name.starts_with("AWS_")).for_each(|(name, _)| {
        command.env_remove(name);
    });
    command
        .args(arguments)
        .current_dir(folder)
        // Nothing of whoever runs the tests: no account, no profile, no region.
        .env("HOME", folder)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env_remove("DYNASEAL_CONFIG")
        // As wide as terminals are.
        .env("COLUMNS", "80")
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

pub(crate) fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

pub(crate) fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(crate) const SEAL: [&str; 3] = ["seal", "--config", "table.toml"];
pub(crate) const OPEN: [&str; 3] = ["open", "--config", "table.toml"];

/// Compares with a file of `tests/golden`; with `UPDATE_GOLDEN` set, writes it.
pub(crate) fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&path).unwrap(), "{name}");
}

/// A key of the library's own tests: `p256-a`, `p256-a.pub`, `rsa-a`, …
pub(crate) fn pem(name: &str) -> String {
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/keys");
    std::fs::read_to_string(keys.join(format!("test-{name}.pem"))).unwrap()
}

/// The same in table.toml.
pub(crate) fn inline(name: &str) -> String {
    format!("{{ pem = \"\"\"\n{}\"\"\" }}", pem(name))
}

/// A table whose keyring has these fields.
pub(crate) fn table(keyring: &str) -> String {
    let start = "logical_table_name = \"people\"\npartition_key = \"pk\"\nalgorithm_suite = \"hmac-only\"\n";
    format!("{start}[actions]\nsecret = \"ENCRYPT_AND_SIGN\"\n[keyring]\n{keyring}\n")
}

pub(crate) const ITEM: &str = "{\"pk\":{\"S\":\"a\"},\"secret\":{\"S\":\"influenza\"}}\n";

impl Folder {
    /// Seals an item with one keyring and opens it with another.
    pub(crate) fn passes(&self, env: &[(&str, &str)], sealing: &str, opening: &str) {
        self.write("sealing.toml", table(sealing));
        self.write("opening.toml", table(opening));
        let sealed = self.run_with(env, &["seal", "--config", "sealing.toml"], ITEM);
        assert_eq!((code(&sealed), err(&sealed)), (0, ""), "{sealing}");
        assert!(!out(&sealed).contains("influenza"));
        let opened = self.run_with(env, &["open", "--config", "opening.toml"], out(&sealed));
        assert_eq!((code(&opened), out(&opened), err(&opened)), (0, ITEM, ""), "{sealing}\n{opening}");
    }
}
