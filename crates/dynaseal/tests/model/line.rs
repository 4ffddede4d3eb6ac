//! A database with somebody at the line, who sees every request, and may lose an answer, refuse, or change something first.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use dynaseal::local::{Dynoxide, Engine, Reply};
use dynaseal_expression::{Condition, ExpressionKind};
use serde_json::{Value, json};

/// What happens to a request.
pub(crate) enum Act {
    Pass,
    /// Not carried out.
    Refuse(u16, &'static str),
    /// Carried out, and the answer never arrives.
    Lose,
    /// Not carried out, and this is answered.
    Reply(Reply),
}

type Hook = Box<dyn FnMut(&Db, &str, &Value) -> Act + Send>;

pub(crate) struct Db {
    inner: Dynoxide,
    hook: Mutex<Option<Hook>>,
    sent: Mutex<Vec<(String, Value)>>,
    /// What a transaction with this token was answered.
    done: Mutex<HashMap<String, String>>,
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Db")
    }
}

#[derive(Debug)]
struct Line(Arc<Db>);

impl Db {
    /// A database in memory, and a client of it.
    pub(crate) fn new() -> (Arc<Self>, Client) {
        let db = Arc::new(Self {
            inner: Dynoxide::memory().unwrap(),
            hook: Mutex::default(),
            sent: Mutex::default(),
            done: Mutex::default(),
        });
        let client = dynaseal::local::client(Line(Arc::clone(&db)));
        (db, client)
    }

    /// From now on, this is asked of every request.
    pub(crate) fn hook(&self, hook: impl FnMut(&Self, &str, &Value) -> Act + Send + 'static) {
        *self.hook.lock().unwrap() = Some(Box::new(hook));
    }

    pub(crate) fn unhook(&self) {
        *self.hook.lock().unwrap() = None;
    }

    /// Once: what happens to the next request of this operation.
    pub(crate) fn once(&self, operation: &'static str, act: impl FnOnce(&Self, &Value) -> Act + Send + 'static) {
        let mut act = Some(act);
        self.hook(move |db, name, body| match (name == operation, &mut act) {
            (true, act @ Some(_)) => act.take().unwrap()(db, body),
            _ => Act::Pass,
        });
    }

    /// Past the line.
    pub(crate) fn call(&self, operation: &str, body: &Value) -> Value {
        let reply = self.inner.call(operation, &body.to_string());
        assert_eq!(reply.status, 200, "{operation} {body}: {}", reply.body);
        serde_json::from_str(&reply.body).unwrap()
    }

    /// What was sent since the last call.
    pub(crate) fn sent(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }

    /// How many requests of this operation were sent since the last call.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.sent().iter().filter(|(name, _)| name == operation).count()
    }
}

impl Engine for Line {
    fn call(&self, operation: &str, body: &str) -> Reply {
        let db = &self.0;
        let parsed: Value = serde_json::from_str(body).unwrap();
        db.sent.lock().unwrap().push((operation.to_owned(), parsed.clone()));
        check_texts(&parsed);
        let act = match &mut *db.hook.lock().unwrap() {
            Some(hook) => hook(db, operation, &parsed),
            None => Act::Pass,
        };
        match act {
            Act::Pass => carry_out(db, operation, body, &parsed),
            Act::Lose => {
                carry_out(db, operation, body, &parsed);
                refusal(500, "InternalServerError")
            }
            Act::Refuse(status, kind) => refusal(status, kind),
            Act::Reply(reply) => reply,
        }
    }
}

/// A transaction that is repeated with its token is not done again.
fn carry_out(db: &Db, operation: &str, body: &str, parsed: &Value) -> Reply {
    let token = parsed["ClientRequestToken"].as_str();
    let mut done = db.done.lock().unwrap();
    if let Some(body) = token.and_then(|token| done.get(token)) {
        return Reply { status: 200, body: body.clone() };
    }
    let reply = db.inner.call(operation, body);
    if let (Some(token), 200) = (token, reply.status) {
        done.insert(token.to_owned(), reply.body.clone());
    }
    reply
}

pub(crate) fn refusal(status: u16, kind: &str) -> Reply {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{kind}");
    Reply { status, body: json!({"__type": kind, "message": "said no"}).to_string() }
}

/// Every condition that is sent has those parentheses that mean something, and no other: DynamoDB refuses doubled ones.
fn check_texts(body: &Value) {
    match body {
        Value::Object(members) => {
            for (name, value) in members {
                let kind = match name.as_str() {
                    "ConditionExpression" => ExpressionKind::Condition,
                    "FilterExpression" => ExpressionKind::Filter,
                    _ => {
                        check_texts(value);
                        continue;
                    }
                };
                let text = value.as_str().unwrap();
                let read = Condition::parse(kind, text).unwrap().to_string();
                let spaceless = |text: &str| text.replace(' ', "");
                assert_eq!(spaceless(text), spaceless(&read), "parentheses that mean nothing");
            }
        }
        Value::Array(members) => members.iter().for_each(check_texts),
        _ => {}
    }
}

#[test]
#[should_panic(expected = "parentheses that mean nothing")]
fn the_line_sees_parentheses_that_mean_nothing() {
    check_texts(&json!({"Put": [{"ConditionExpression": "attribute_exists(#n0) AND ((#n1 >= :v0 AND #n1 <= :v1))"}]}));
}
