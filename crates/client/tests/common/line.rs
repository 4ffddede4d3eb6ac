//! A line on which every request is noted, to see that what is refused is not sent.

use aws_sdk_dynamodb::Client;
use dynaseal_client::{SealedTable, Sealer};
use dynaseal_core::PlaintextPolicy;
use serde_json::{Value, json};

use super::wire::{Log, answering};
use super::{Door, aes, doors, orders_table, people_table};

/// Tables `people` and `orders`, and a line on which every request is noted.
pub(crate) struct Line {
    pub(crate) client: Client,
    pub(crate) log: Log,
    pub(crate) sealer: Sealer,
}

impl Line {
    pub(crate) fn new() -> Self {
        Self::answering(&json!({}))
    }

    pub(crate) fn answering(answer: &Value) -> Self {
        let (client, log) = answering(200, answer);
        Self { client, log, sealer: Sealer::new(tables()).unwrap() }
    }

    pub(crate) fn doors(&self) -> [Door; 3] {
        doors(&self.client, &self.sealer)
    }
}

pub(crate) fn tables() -> [SealedTable; 2] {
    let policy = PlaintextPolicy::default();
    [people_table("people", policy, aes(1)), orders_table("orders", policy, aes(2))]
}

/// Through every door it is refused for one reason, which is returned, and nothing is sent.
macro_rules! refused {
    ($line:expr, $client:ident => $builder:expr) => {{
        let mut reasons = Vec::new();
        for door in $line.doors() {
            let $client = &door.client;
            let error = common::send!(door, $builder).expect_err(door.name);
            assert!(
                matches!(error, aws_sdk_dynamodb::error::SdkError::ConstructionFailure(_)),
                "{}: {error:?}",
                door.name
            );
            let reason = dynaseal_client::operation_error(&error).unwrap_or_else(|| panic!("{}: {error:?}", door.name));
            reasons.push(format!("{reason}: {}", reason.refusal()));
            let all = common::text(&error);
            assert!(!all.contains(common::SECRET), "{all}");
        }
        assert_eq!($line.log.count(), 0, "{reasons:?}");
        reasons.dedup();
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        reasons.remove(0)
    }};
}
pub(crate) use refused;

/// Through every door it is sent once.
macro_rules! passes {
    ($line:expr, $client:ident => $builder:expr) => {{
        for door in $line.doors() {
            let $client = &door.client;
            common::send!(door, $builder).unwrap_or_else(|error| panic!("{}: {}", door.name, common::text(&error)));
            assert_eq!($line.log.take().len(), 1, "{}", door.name);
        }
    }};
}
pub(crate) use passes;
