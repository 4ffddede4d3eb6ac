//! The same partition of an item on both sides, where it comes from the item's key.

use std::error::Error;

use aws_db_esdk::dynamodb::operation::get_partition_number::{GetPartitionNumberInput, GetPartitionNumberOutput};
use aws_db_esdk::dynamodb::types::PartitionSelector as TheirSelector;
use aws_db_esdk::dynamodb::types::error::Error as OfficialError;
use dynaseal::search::PartitionSelector;
use dynaseal::{AttributeValue, Item};

/// The sum of the bytes of the partition key.
#[derive(Clone, Copy, Debug)]
pub struct ByKey;

fn sum(text: &str, partitions: usize) -> usize {
    text.bytes().map(usize::from).sum::<usize>() % partitions.max(1)
}

impl PartitionSelector for ByKey {
    fn partition(&self, item: &Item, partitions: u8, _: &str) -> Result<u8, Box<dyn Error + Send + Sync>> {
        match item.get("pk") {
            Some(AttributeValue::S(text)) => Ok(u8::try_from(sum(text, partitions.into()))?),
            _ => Err("no partition key".into()),
        }
    }
}

impl TheirSelector for ByKey {
    fn get_partition_number(&self, input: GetPartitionNumberInput) -> Result<GetPartitionNumberOutput, OfficialError> {
        let failed = |message: &str| OfficialError::DynamoDbEncryptionException { message: message.to_owned() };
        let partitions = input.number_of_partitions.and_then(|of| usize::try_from(of).ok()).unwrap_or(1);
        let key = input.item.as_ref().and_then(|item| item.get("pk")?.as_s().ok());
        let partition = sum(key.ok_or_else(|| failed("no partition key"))?, partitions);
        let output = GetPartitionNumberOutput::builder().partition_number(i32::try_from(partition).unwrap_or_default());
        output.build().map_err(|error| failed(&error.to_string()))
    }
}
