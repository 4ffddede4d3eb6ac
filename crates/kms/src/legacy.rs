//! The materials providers of the older format, the DynamoDB Encryption Client, that ask AWS: upstream's
//! `AwsKmsCryptographicMaterialsProvider`, which is `DirectKmsMaterialProvider` in Java, and its `MetaStore` over a table.
//!
//! The format and the providers that ask nobody are in [`dynaseal_legacy::ddbec`].

mod direct;
mod meta_store;

pub use direct::{DirectKmsError, DirectKmsProvider};
pub use meta_store::{DynamoDbMetaStore, MetaStoreError};
