//! A stand-in for AWS KMS on 127.0.0.1. It wraps nothing: a ciphertext is a number of an entry in its memory. It counts its
//! calls, and can be slow or deny them.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

pub(crate) const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// What the SDK wants to know before it calls anybody.
pub(crate) const ENV: [(&str, &str); 3] =
    [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];

pub(crate) struct FakeKms {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    server: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    /// Plaintexts by ciphertext.
    blobs: HashMap<String, String>,
    calls: Vec<String>,
    delay: Duration,
    denies: bool,
    at_once: usize,
    most_at_once: usize,
    ends: bool,
}

impl FakeKms {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, state) = (listener.local_addr().unwrap(), Arc::<Mutex<State>>::default());
        let shared = Arc::clone(&state);
        let server = thread::spawn(move || {
            for connection in listener.incoming() {
                if lock(&shared).ends {
                    break;
                }
                let (Ok(connection), state) = (connection, Arc::clone(&shared)) else { continue };
                // Ends when the client hangs up.
                thread::spawn(move || serve(&connection, &state));
            }
        });
        Self { address, state, server: Some(server) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The names of the calls since the last time.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.state).calls)
    }

    /// Waits until there are so many calls since the last time.
    pub(crate) fn wait_for(&self, calls: usize) {
        let start = Instant::now();
        while lock(&self.state).calls.len() < calls {
            assert!(start.elapsed() < Duration::from_secs(30), "{:?}", lock(&self.state).calls);
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// How long each answer takes from now on.
    pub(crate) fn delay(&self, delay: Duration) {
        lock(&self.state).delay = delay;
    }

    /// Whether each call is denied from now on.
    pub(crate) fn deny(&self, denies: bool) {
        lock(&self.state).denies = denies;
    }

    /// The most calls that waited for their answers at the same time, since the last time.
    pub(crate) fn most_at_once(&self) -> usize {
        std::mem::take(&mut lock(&self.state).most_at_once)
    }
}

impl Drop for FakeKms {
    fn drop(&mut self) {
        lock(&self.state).ends = true;
        // Wakes it.
        let _ = TcpStream::connect(self.address);
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // A test that failed meanwhile says why by itself.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(connection: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(connection);
    while let Ok(Some((operation, request))) = read(&mut reader) {
        let delay = {
            let mut state = lock(state);
            state.calls.push(operation.clone());
            state.at_once += 1;
            state.most_at_once = state.most_at_once.max(state.at_once);
            state.delay
        };
        thread::sleep(delay);
        let (status, body) = answer(&operation, &request, &mut lock(state));
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut writer = connection;
        if writer.write_all(format!("{head}{body}").as_bytes()).is_err() {
            break;
        }
    }
}

/// The name of the call and what it brings; `None` at the end.
fn read(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<(String, Value)>> {
    let (mut operation, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(": ") else { continue };
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => operation = value.trim_start_matches("TrentService.").to_owned(),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((operation, serde_json::from_slice(&body)?)))
}

fn answer(operation: &str, request: &Value, state: &mut State) -> (&'static str, Value) {
    state.at_once -= 1;
    if state.denies {
        return ("400 Bad Request", json!({"__type": "AccessDeniedException", "message": "no"}));
    }
    let number = state.blobs.len();
    let blob = BASE64.encode(format!("ciphertext number {number}"));
    let known = || state.blobs[request["CiphertextBlob"].as_str().unwrap()].clone();
    let fresh = || BASE64.encode([u8::try_from(number % 251).unwrap(); 32]);
    let (plaintext, body) = match operation {
        "GenerateDataKey" => (fresh(), json!({"KeyId": KEY, "CiphertextBlob": blob, "Plaintext": fresh()})),
        "GenerateDataKeyWithoutPlaintext" => (fresh(), json!({"KeyId": KEY, "CiphertextBlob": blob})),
        "ReEncrypt" => (known(), json!({"KeyId": KEY, "SourceKeyId": KEY, "CiphertextBlob": blob})),
        "Decrypt" => return ("200 OK", json!({"KeyId": KEY, "Plaintext": known()})),
        other => panic!("{other}"),
    };
    state.blobs.insert(blob, plaintext);
    ("200 OK", body)
}
