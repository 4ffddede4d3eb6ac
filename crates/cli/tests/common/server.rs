//! A server that answers requests of DynamoDB as it is told, and remembers what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Output;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::Folder;

pub(crate) const SECRET: &str = "s3cret-access-key";

pub(crate) struct Server {
    pub(crate) url: String,
    /// The operations in lower case, with their bodies.
    pub(crate) asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Server {
    /// `answer` gets the operation, how many were asked before, and the body, and gives status and body.
    pub(crate) fn new(mut answer: impl FnMut(&str, usize, &Value) -> (u16, Value) + Send + 'static) -> Self {
        Self::remembering(move |operation, count, body| (answer(operation, count, body), true))
    }

    /// The same where every `DescribeTable` has one answer, and is neither counted nor remembered: every command begins
    /// with one.
    pub(crate) fn of_table(
        description: Value,
        mut answer: impl FnMut(usize, &Value) -> (u16, Value) + Send + 'static,
    ) -> Self {
        Self::remembering(move |operation, count, body| match operation {
            "describetable" => ((200, description.clone()), false),
            _ => (answer(count, body), true),
        })
    }

    fn remembering(mut answer: impl FnMut(&str, usize, &Value) -> ((u16, Value), bool) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let remember = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some((operation, body)) = read_request(&stream) else { continue };
                let count = remember.lock().unwrap().len();
                let ((status, text), is_remembered) = answer(&operation, count, &body);
                if is_remembered {
                    remember.lock().unwrap().push((operation, body));
                }
                let text = text.to_string();
                let head =
                    format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", text.len());
                stream.write_all((head + &text).as_bytes()).unwrap();
            }
        });
        Self { url, asked }
    }

    /// The operations that it was asked for.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(operation, _)| operation.clone()).collect()
    }

    pub(crate) fn run(&self, folder: &Folder, arguments: &[&str], input: &str) -> Output {
        run_at(folder, &self.url, arguments, input)
    }
}

/// With table.toml, at an address.
pub(crate) fn run_at(folder: &Folder, url: &str, arguments: &[&str], input: &str) -> Output {
    let env = [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let common = ["--config", "table.toml", "--endpoint-url", url];
    folder.run_with(&env, &[arguments, &common].concat(), input)
}

fn read_request(stream: &TcpStream) -> Option<(String, Value)> {
    let mut reader = BufReader::new(stream);
    let (mut operation, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(target) = line.strip_prefix("x-amz-target: dynamodb_20120810.") {
            operation = target.to_owned();
        }
        if let Some(text) = line.strip_prefix("content-length: ") {
            length = text.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((operation, serde_json::from_slice(&body).unwrap()))
}
