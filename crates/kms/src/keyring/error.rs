//! Why a keyring of AWS KMS can not be built.

use dynaseal_core::{KeyFormatError, MaterialsError};

use crate::client::KmsError;
use crate::supplier::SupplierError;

/// Why a keyring of AWS KMS can not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KmsKeyringError {
    /// Nobody could seal or open.
    #[error("a multi-keyring of AWS KMS needs a generator or a child")]
    NoKeys,
    /// A record needs only one of the replicas, since each opens what the others sealed.
    #[error("{} are replicas of one multi-Region key: give one of them", .0.join(" and "))]
    Replicas(Vec<String>),
    /// Discovery in no region opens nothing.
    #[error("discovery needs at least one region, and no empty one")]
    NoRegion,
    /// The client speaks for another region.
    #[error("the client is of the region {client}, the keyring is for {keyring}")]
    Region {
        /// The client's region.
        client: String,
        /// The keyring's.
        keyring: String,
    },
    /// A filter that lets nothing or everything through.
    #[error("a discovery filter needs a partition and at least one account, none of them empty")]
    Filter,
    /// No client.
    #[error(transparent)]
    Supplier(#[from] SupplierError),
    /// The public key could not be fetched.
    #[error(transparent)]
    Kms(#[from] KmsError),
    /// A public key is not one of the algorithm or curve.
    #[error("the public key of {key_id} can not be used")]
    PublicKey {
        /// The key.
        key_id: String,
        /// What is wrong with it.
        #[source]
        source: KeyFormatError,
    },
    /// A key of AWS KMS has one use only.
    #[error("{key_id} is for {found}, not for {expected}")]
    Usage {
        /// The key.
        key_id: String,
        /// What it is for.
        found: String,
        /// What it would have to be for.
        expected: &'static str,
    },
    /// Both keys of an agreement have to be on one curve.
    #[error("the two public keys are on different curves")]
    Curves,
    /// AWS KMS has only two of the paddings.
    #[error("AWS KMS has OAEP_SHA1_MGF1 and OAEP_SHA256_MGF1 only")]
    Padding,
    /// The multi-keyring refused.
    #[error(transparent)]
    Materials(#[from] MaterialsError),
}
