//! Recipients as headers name them (specification: the provider ids and infos of `framework/`).

use std::fmt;

use uuid::Uuid;

use super::ecdh::{EcdhParties, KMS_ECDH_PROVIDER_ID};
use super::hierarchical::{self, branch_key_version};
use super::raw::{KMS_PROVIDER_ID, KMS_RSA_PROVIDER_ID};
use super::raw_aes::split_info;
use crate::materials::EncryptedDataKeyRef;

/// A recipient as the header names it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecipientInfo {
    /// A raw AES key.
    RawAes {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// A branch key.
    BranchKey {
        /// Its id.
        id: String,
        /// Which version of it; `None` if the ciphertext is broken.
        version: Option<Uuid>,
    },
    /// A key of AWS KMS.
    Kms {
        /// Its ARN.
        arn: String,
    },
    /// An RSA key of AWS KMS.
    KmsRsa {
        /// Its ARN.
        arn: String,
    },
    /// A data key agreed between two key pairs.
    Ecdh {
        /// Whether an AWS KMS keyring sealed it: the sender's or the recipient's private key may be there.
        kms: bool,
        /// The recipient's compressed point in hexadecimal.
        recipient: String,
        /// The sender's.
        sender: String,
    },
    /// Another key: provider id and provider info as text, which for raw RSA keys are namespace and name.
    Other {
        /// The provider id.
        provider_id: String,
        /// The provider info; bytes that are no UTF-8 are replaced.
        provider_info: String,
    },
}

impl RecipientInfo {
    /// Reads provider id and info. What looks like a provider's own writing is taken apart, the rest stays as it is.
    pub fn decode(edk: &EncryptedDataKeyRef<'_>) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        match edk.provider_id {
            hierarchical::PROVIDER_ID => {
                Self::BranchKey { id: text(edk.provider_info), version: branch_key_version(edk) }
            }
            KMS_PROVIDER_ID => Self::Kms { arn: text(edk.provider_info) },
            KMS_RSA_PROVIDER_ID => Self::KmsRsa { arn: text(edk.provider_info) },
            provider_id if let Some(parties) = EcdhParties::of(edk) => Self::Ecdh {
                kms: provider_id == KMS_ECDH_PROVIDER_ID,
                recipient: hex(parties.recipient),
                sender: hex(parties.sender),
            },
            provider_id => match split_info(edk.provider_info) {
                Some((name, _)) => Self::RawAes { namespace: provider_id.to_owned(), name: text(name) },
                None => Self::Other { provider_id: provider_id.to_owned(), provider_info: text(edk.provider_info) },
            },
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for RecipientInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RawAes { namespace, name } => write!(f, "raw AES {namespace}/{name}"),
            Self::BranchKey { id, version: Some(version) } => write!(f, "branch key {id} version {version}"),
            Self::BranchKey { id, version: None } => write!(f, "branch key {id}"),
            Self::Kms { arn } => write!(f, "AWS KMS {arn}"),
            Self::KmsRsa { arn } => write!(f, "AWS KMS RSA {arn}"),
            Self::Ecdh { kms, recipient, sender } => {
                let kind = if *kms { "AWS KMS" } else { "raw" };
                write!(f, "{kind} ECDH to {recipient} from {sender}")
            }
            Self::Other { provider_id, provider_info } => write!(f, "{provider_id}/{provider_info}"),
        }
    }
}
