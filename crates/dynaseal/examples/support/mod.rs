//! What the examples share and what is not their point: a table, and a server that speaks for AWS KMS.

#![allow(dead_code, reason = "each example uses a part")]

use std::collections::HashMap;
use std::error::Error;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_kms::config::Credentials;
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use dynaseal::local;

/// An embedded database with the table `people`, whose key is `id`.
pub(crate) async fn people() -> Result<aws_sdk_dynamodb::Client, Box<dyn Error>> {
    let client = local::memory()?;
    table("people", &client)?.send().await?;
    Ok(client)
}

/// A new table, whose key is `id`.
pub(crate) fn table(name: &str, client: &aws_sdk_dynamodb::Client) -> Result<CreateTableFluentBuilder, Box<dyn Error>> {
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build()?;
    let id = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build()?;
    let table = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    Ok(table.key_schema(key).attribute_definitions(id))
}

/// An embedded database with one table, whose keys are strings, and its global indexes: the name, partition key and
/// sort key of each.
pub(crate) async fn indexed_table(
    name: &str,
    partition_key: &str,
    sort_key: Option<&str>,
    indexes: &[(&str, &str, Option<&str>)],
) -> Result<aws_sdk_dynamodb::Client, Box<dyn Error>> {
    let client = local::memory()?;
    let created = local::create_indexed_table(&client, name, partition_key, sort_key, indexes).await;
    created.map_err(|error| -> Box<dyn Error> { error })?;
    Ok(client)
}

/// Strings by their names: an item, or values of an expression.
pub(crate) fn strings(named: &[(&str, &str)]) -> HashMap<String, AttributeValue> {
    named.iter().map(|(name, value)| ((*name).to_owned(), AttributeValue::S((*value).to_owned()))).collect()
}

/// An error and its causes in one line.
pub(crate) fn text(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", text(cause)),
        None => error.to_string(),
    }
}

/// A server that speaks for AWS KMS and AWS STS, and makes the keys that an example needs.
pub(crate) struct KeyServer {
    endpoint: String,
}

impl KeyServer {
    /// The server that `AWS_ENDPOINT_URL_KMS` names; without it LocalStack, started here. `None` if that can not run
    /// here: the example says so and has nothing to show.
    pub(crate) fn find(example: &str) -> Option<Self> {
        let named = std::env::var("AWS_ENDPOINT_URL_KMS").ok().filter(|endpoint| !endpoint.is_empty());
        let endpoint = named.or_else(|| dynaseal_testkit::servers::localstack().map(str::to_owned));
        if endpoint.is_none() {
            println!(
                "skipped: {example} needs a key server. LocalStack does not start here, the reason is above; or set \
                 AWS_ENDPOINT_URL_KMS to the address of one, such as http://127.0.0.1:4566"
            );
        }
        Some(Self { endpoint: endpoint? })
    }

    /// The SDK's configuration for a region of this server. For AWS itself it comes from
    /// `aws_config::load_defaults(BehaviorVersion::latest()).await`.
    pub(crate) async fn sdk_config(&self, region: &str) -> SdkConfig {
        aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(Credentials::new("test", "test", None, None, "examples"))
            .endpoint_url(&self.endpoint)
            .load()
            .await
    }

    /// The ARN of a new symmetric key.
    pub(crate) async fn symmetric_key(&self, region: &str) -> Result<String, Box<dyn Error>> {
        self.key(region, KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt, false).await
    }

    /// The ARNs of a new multi-Region key and of its replica in another region.
    pub(crate) async fn multi_region_key(
        &self,
        region: &str,
        replica: &str,
    ) -> Result<(String, String), Box<dyn Error>> {
        let arn = self.key(region, KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt, true).await?;
        let client = aws_sdk_kms::Client::new(&self.sdk_config(region).await);
        let answer = client.replicate_key().key_id(&arn).replica_region(replica).send().await?;
        let replica = answer.replica_key_metadata.and_then(|key| key.arn).ok_or("no replica")?;
        Ok((arn, replica))
    }

    /// The ARN of a new RSA key for encryption.
    pub(crate) async fn rsa_key(&self, region: &str) -> Result<String, Box<dyn Error>> {
        self.key(region, KeySpec::Rsa2048, KeyUsageType::EncryptDecrypt, false).await
    }

    /// The ARN of a new key pair on P-384 for key agreement.
    pub(crate) async fn ecdh_key(&self, region: &str) -> Result<String, Box<dyn Error>> {
        self.key(region, KeySpec::EccNistP384, KeyUsageType::KeyAgreement, false).await
    }

    async fn key(
        &self,
        region: &str,
        spec: KeySpec,
        usage: KeyUsageType,
        multi_region: bool,
    ) -> Result<String, Box<dyn Error>> {
        let client = aws_sdk_kms::Client::new(&self.sdk_config(region).await);
        let call = client.create_key().key_spec(spec).key_usage(usage).multi_region(multi_region);
        Ok(call.send().await?.key_metadata.and_then(|key| key.arn).ok_or("no key")?)
    }
}
