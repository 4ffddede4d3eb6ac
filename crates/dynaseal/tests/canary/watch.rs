//! Who looks for the canary: in requests, in `Debug`, in errors with all of their causes, and in traces.

use std::any::type_name;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::{self, Debug};
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use dynaseal::local::{Dynoxide, Engine, Reply};
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::secret::shown_in;

/// Looks, and remembers what it has looked at.
pub(crate) struct Watch {
    /// `crate::Type` of everything that was printed.
    pub(crate) printed: Mutex<BTreeSet<String>>,
    /// Operations and methods that were called.
    pub(crate) called: Mutex<BTreeSet<String>>,
    /// What is wrong, with its place.
    wrong: Mutex<Vec<String>>,
    traces: Traces,
}

impl Watch {
    /// From now on, all spans and events of the process are kept, of whatever target.
    pub(crate) fn begin() -> Self {
        let traces = Traces::default();
        tracing::subscriber::set_global_default(traces.clone()).unwrap();
        Self { printed: Mutex::default(), called: Mutex::default(), wrong: Mutex::default(), traces }
    }

    pub(crate) fn called(&self, what: &str) {
        self.called.lock().unwrap().insert(what.to_owned());
    }

    /// Goes on, so that everything that is wrong is told at once.
    #[track_caller]
    pub(crate) fn wrong(&self, what: &str) {
        let place = Location::caller();
        self.wrong.lock().unwrap().push(format!("{}:{}: {what}", place.file(), place.line()));
    }

    /// Nothing was wrong.
    pub(crate) fn finish(&self) {
        let count = self.wrong.lock().unwrap().len();
        assert_eq!(count, 0, "the canary got out, or something did not fail: see above");
    }

    /// A text that somebody reads.
    #[track_caller]
    pub(crate) fn text(&self, what: &str, text: &str) {
        if let Some(needle) = shown_in(text) {
            let text: String = text.chars().take(2000).collect();
            self.wrong(&format!("{what} shows the canary as {needle}: {text}"));
        }
    }

    /// What `Debug` prints of a value that holds the canary.
    #[track_caller]
    pub(crate) fn debug<T: Debug + ?Sized>(&self, value: &T) {
        let name = type_name::<T>().trim_start_matches('&');
        let path = name.split('<').next().unwrap_or(name);
        let (of_crate, of_type) = (path.split("::").next().unwrap(), path.rsplit("::").next().unwrap());
        let of_crate = of_crate.strip_prefix("dynaseal_").unwrap_or(of_crate);
        self.printed.lock().unwrap().insert(format!("{of_crate}::{of_type}"));
        self.text(&format!("Debug of {name}"), &format!("{value:?}"));
        self.text(&format!("pretty Debug of {name}"), &format!("{value:#?}"));
    }

    /// An error as a log has it: its `Debug`, and its causes.
    #[track_caller]
    pub(crate) fn error<E: Error + 'static>(&self, error: &E) {
        self.debug(error);
        self.causes(error);
    }

    /// What a user reads of an error. For one of the SDK's own types that brings an item, as it was asked to.
    #[track_caller]
    pub(crate) fn causes(&self, error: &dyn Error) -> String {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        self.text("an error", &text);
        text
    }

    /// Everything that was sent since the last call.
    #[track_caller]
    pub(crate) fn sent(&self, wire: &Wire) {
        for (operation, body) in wire.take() {
            self.text(&format!("the request of {operation}"), &body);
        }
    }

    /// All spans and events since the last call; those of others too, if nothing was plain on the line.
    pub(crate) fn traces(&self, nothing_was_plain: bool) {
        let traces = std::mem::take(&mut *self.traces.0.lock().unwrap());
        assert!(!nothing_was_plain || traces.iter().any(|text| text.starts_with("dynaseal: ")), "nothing was traced");
        let is_own = |text: &&String| ["dynaseal", "recorded: "].iter().any(|own| text.starts_with(own));
        traces.iter().filter(|text| nothing_was_plain || is_own(text)).for_each(|text| self.text("a trace", text));
    }
}

/// Also if the test ends where something does not work.
impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
            wrong.iter().for_each(|wrong| eprintln!("{wrong}"));
        }
    }
}

/// A database in memory behind a line on which everything is noted, and on which somebody may meddle.
#[derive(Clone)]
pub(crate) struct Wire(Arc<Line>);

struct Line {
    database: Dynoxide,
    sent: Mutex<Vec<(String, String)>>,
    meddling: Mutex<Meddling>,
}

/// What happens on the line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meddling {
    Nothing,
    /// The service refuses, and repeats the whole request in its message.
    Echoes,
    /// The same, for writes only.
    EchoesWrites,
    /// A signed attribute of every item comes back changed.
    Tampers,
}

impl Wire {
    pub(crate) fn new() -> Self {
        let database = Dynoxide::memory().unwrap();
        Self(Arc::new(Line { database, sent: Mutex::default(), meddling: Mutex::new(Meddling::Nothing) }))
    }

    pub(crate) fn client(&self) -> Client {
        dynaseal::local::client(self.clone())
    }

    pub(crate) fn meddle(&self, meddling: Meddling) {
        *self.0.meddling.lock().unwrap() = meddling;
    }

    pub(crate) fn take(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.0.sent.lock().unwrap())
    }
}

impl Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Engine for Wire {
    fn call(&self, operation: &str, body: &str) -> Reply {
        self.0.sent.lock().unwrap().push((operation.to_owned(), body.to_owned()));
        let meddling = *self.0.meddling.lock().unwrap();
        let is_write = operation.contains("Put") || operation.contains("Update") || operation.contains("Write");
        if meddling == Meddling::Echoes || meddling == Meddling::EchoesWrites && is_write {
            let message = format!("One or more parameter values were invalid: {body}");
            let body = json!({"__type": "com.amazon.coral.validate#ValidationException", "message": message});
            return Reply { status: 400, body: body.to_string() };
        }
        let mut reply = self.0.database.call(operation, body);
        if meddling == Meddling::Tampers {
            let mut answer: Value = serde_json::from_str(&reply.body).unwrap();
            tamper(&mut answer);
            reply.body = answer.to_string();
        }
        reply
    }
}

fn tamper(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.contains_key("aws_dbe_head") {
                members.insert("ward".to_owned(), json!({"S": "changed"}));
            }
            members.values_mut().for_each(tamper);
        }
        Value::Array(elements) => elements.iter_mut().for_each(tamper),
        _ => {}
    }
}

/// Keeps every span and event as text.
#[derive(Clone, Default)]
struct Traces(Arc<Mutex<Vec<String>>>);

impl Traces {
    fn keep(&self, target: &str, record: impl FnOnce(&mut Text)) {
        let mut text = Text(format!("{target}: "));
        record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }
}

impl Subscriber for Traces {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        self.keep(attributes.metadata().target(), |text| attributes.record(text));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.keep("recorded", |text| values.record(text));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.keep(event.metadata().target(), |text| event.record(text));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push_str(&format!("{field}={value:?} "));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push_str(&format!("{field}={value} "));
    }
}
