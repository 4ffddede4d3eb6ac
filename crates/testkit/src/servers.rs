//! Programs of other people for tests, installed from PyPI into the target folder: the servers LocalStack and ministack,
//! started here on 127.0.0.1 and a free port, and pynamodb_mate and the DynamoDB Encryption Client, whose tables we read.
//!
//! They need Python 3.13 or newer. Where it is missing, tests say that they are skipped; with `CI` set they fail.

use std::fs::{File, create_dir_all};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use crate::vectors::say;

/// LocalStack with KMS and STS; `None` if it can not run here.
pub fn localstack() -> Option<&'static str> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    url(SERVER.get_or_init(|| Server::start("localstack-kms")).as_ref())
}

/// ministack with KMS and DynamoDB; `None` if it can not run here.
pub fn ministack() -> Option<&'static str> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    url(SERVER.get_or_init(|| Server::start("ministack")).as_ref())
}

/// A Python that has pynamodb_mate; `None` if it can not run here.
pub fn pynamodb_mate() -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    PYTHON.get_or_init(|| or_skip("pynamodb_mate", PYNAMODB_MATE.install())).as_deref()
}

/// A Python that has the DynamoDB Encryption Client; `None` if it can not run here.
pub fn ddbec() -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    PYTHON.get_or_init(|| or_skip("the DynamoDB Encryption Client", DDBEC.install())).as_deref()
}

fn url(server: Option<&'static Server>) -> Option<&'static str> {
    server.map(|server| server.url.as_str())
}

/// A server that ends with this process: its starter reads standard input, and ends it when that ends.
struct Server {
    url: String,
    _starter: Child,
}

impl Server {
    fn start(name: &str) -> Option<Self> {
        or_skip(name, Self::try_start(name))
    }

    fn try_start(name: &str) -> Result<Self, String> {
        let python = SERVERS.install()?;
        let mut starter = Command::new(&python)
            .arg(folder().join("serve.py"))
            .arg(name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", python.display()))?;
        let url = starter.stdout.take().and_then(ready).ok_or("it did not start; its log is above")?;
        Ok(Self { url, _starter: starter })
    }
}

fn or_skip<T>(name: &str, there: Result<T, String>) -> Option<T> {
    match there {
        Ok(there) => Some(there),
        Err(reason) => {
            assert!(std::env::var_os("CI").is_none(), "{name} is required with CI set: {reason}");
            say(&format!("skipped: tests against {name}: {reason}"));
            None
        }
    }
}

fn ready(output: ChildStdout) -> Option<String> {
    let line = BufReader::new(output).lines().next()?.ok()?;
    line.strip_prefix("ready ").map(str::to_owned)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("servers")
}

/// Packages of PyPI that are installed together.
struct Packages {
    what: &'static str,
    file: &'static str,
    pins: &'static str,
}

const SERVERS: Packages =
    Packages { what: "key servers", file: "requirements.txt", pins: include_str!("../servers/requirements.txt") };
const PYNAMODB_MATE: Packages =
    Packages { what: "pynamodb_mate", file: "pynamodb-mate.txt", pins: include_str!("../servers/pynamodb-mate.txt") };
const DDBEC: Packages =
    Packages { what: "the DynamoDB Encryption Client", file: "ddbec.txt", pins: include_str!("../servers/ddbec.txt") };

impl Packages {
    /// The Python of an environment with these. Made once; other test programs wait meanwhile.
    fn install(&self) -> Result<PathBuf, String> {
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
        let environment = target.join("test-servers").join(format!("{:016x}", fingerprint(self.pins)));
        let python = environment.join("venv/bin/python");
        let failed = |what: &str, error: std::io::Error| format!("{what} {}: {error}", environment.display());
        create_dir_all(&environment).map_err(|error| failed("can not make", error))?;
        let lock = File::create(environment.join("lock")).map_err(|error| failed("can not lock", error))?;
        lock.lock().map_err(|error| failed("can not lock", error))?;
        let complete = environment.join("complete");
        if !complete.exists() {
            let base = find_python().ok_or("Python 3.13 or newer is not there")?;
            say(&format!("installing {} for tests from PyPI into the target folder, once", self.what));
            run(Command::new(base).args(["-m", "venv", "--clear"]).arg(environment.join("venv")))?;
            // A virtual environment can not be moved, so it is made where it stays and marked when it is whole.
            run(Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"])
                .arg(folder().join(self.file)))?;
            File::create(&complete).map_err(|error| failed("can not mark", error))?;
        }
        Ok(python)
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

fn find_python() -> Option<PathBuf> {
    let by_name = ["python3.13", "python3.14", "python3"].map(PathBuf::from);
    let pyenv = std::env::home_dir().map(|home| home.join(".pyenv/versions"));
    let installed = pyenv.and_then(|folder| folder.read_dir().ok()).into_iter().flatten().flatten();
    let mut installed: Vec<_> = installed.map(|entry| entry.path().join("bin/python")).collect();
    installed.sort();
    let is_new_enough = |python: &PathBuf| {
        let check = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 13))";
        Command::new(python).args(["-c", check]).output().is_ok_and(|output| output.status.success())
    };
    by_name.into_iter().chain(installed).find(is_new_enough)
}

/// FNV-1a: other pins are another environment.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
