//! Clients by region and by role. No call leaves the process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it fails")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_kms::config::{BehaviorVersion, Config, Credentials, Region, SharedCredentialsProvider};
use dynaseal_core::{BoxFuture, EncryptionContext};
use dynaseal_kms::{
    AssumeRole, ClientSupplier, GenerateDataKey, GrantTokens, KmsErrorKind, RegionalClients, RoleClients,
};

fn base() -> Config {
    let credentials = Credentials::new("test", "test", None, None, "tests");
    let config = Config::builder().behavior_version(BehaviorVersion::latest()).region(Region::from_static("eu-west-1"));
    config.credentials_provider(credentials).build()
}

#[derive(Debug, Default)]
struct Sts(Mutex<Vec<String>>);

impl AssumeRole for Sts {
    fn credentials<'a>(
        &'a self,
        role_arn: &'a str,
        region: &'a str,
    ) -> BoxFuture<'a, Result<SharedCredentialsProvider, Box<dyn std::error::Error + Send + Sync>>> {
        self.0.lock().unwrap().push(format!("{role_arn} in {region}"));
        let answer = match role_arn {
            "denied" => Err("no".into()),
            _ => Ok(SharedCredentialsProvider::new(Credentials::new(role_arn, "test", None, None, "tests"))),
        };
        Box::pin(std::future::ready(answer))
    }
}

#[tokio::test]
async fn one_client_for_each_region() {
    let clients = RegionalClients::new(base());
    let west = clients.client(Some("us-west-2")).await.unwrap();
    assert_eq!(west.region(), Some("us-west-2"));
    assert!(Arc::ptr_eq(&west, &clients.client(Some("us-west-2")).await.unwrap()));
    // Keys whose name says no region are in that of the configuration.
    assert_eq!(clients.client(None).await.unwrap().region(), Some("eu-west-1"));
}

/// A server that takes connections and never answers.
#[tokio::test]
async fn calls_of_their_clients_end_in_the_time_that_is_said() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let base = base().to_builder().endpoint_url(url).build();
    let time = Duration::from_millis(300);
    let by_role = RoleClients::new(base.clone(), [("eu-west-1", "role")], Arc::new(Sts::default()));
    let suppliers: [Box<dyn ClientSupplier>; 2] =
        [Box::new(RegionalClients::new(base).with_timeout(time)), Box::new(by_role.with_timeout(time))];
    for supplier in suppliers {
        let client = supplier.client(Some("eu-west-1")).await.unwrap();
        let (context, start) = (EncryptionContext::new(), Instant::now());
        let call = GenerateDataKey { key_id: "key", context: &context, grant_tokens: &GrantTokens::default() };
        let error = client.generate_data_key(call).await.unwrap_err();
        assert_eq!((error.kind, &*error.message), (KmsErrorKind::TimedOut, "0.3 s"));
        assert!(start.elapsed() < Duration::from_secs(20), "not the usual time");
    }
}

#[tokio::test]
async fn one_role_for_each_region_and_no_other_region() {
    let sts = Arc::new(Sts::default());
    let roles = [("us-east-1", "role-east"), ("us-west-2", "role-west"), ("eu-west-1", "denied")];
    let clients = RoleClients::new(base(), roles, sts.clone());
    for _ in 0..3 {
        assert_eq!(clients.client(Some("us-west-2")).await.unwrap().region(), Some("us-west-2"));
    }
    assert_eq!(*sts.0.lock().unwrap(), ["role-west in us-west-2"]);
    let error = clients.client(Some("eu-central-1")).await.unwrap_err();
    assert_eq!(error.to_string(), "no AWS KMS client for eu-central-1: no role is configured for it");
    assert!(clients.client(None).await.unwrap_err().to_string().contains("the default region"));
    let error = clients.client(Some("eu-west-1")).await.unwrap_err();
    assert!(error.to_string().contains("the role denied could not be assumed"), "{error}");
}
