//! Client-side encryption for Amazon DynamoDB, in the record format of the AWS Database Encryption SDK.
//!
//! An application hands over plain items; DynamoDB, its backups, its streams and whoever can read the table see sealed
//! ones. Records move freely between this library and AWS's clients for Java, .NET, Rust and Go.
//!
//! What is done with which attribute is a [`TableConfig`], who can open a record is a [`Keyring`], and both make an
//! [`ItemEncryptor`], which seals and opens items. An application on `aws-sdk-dynamodb` gives it to a `Sealer` and goes
//! through one of its doors: `SendSealed` or `Interceptor` (feature `sdk`).
//!
//! # Features
//!
//! None is on by default, and none changes what another part does.
//!
//! - `json`: DynamoDB JSON in and out ([`json`]).
//! - `sdk`: sealed tables behind `aws-sdk-dynamodb` ([`SendSealed`], [`Interceptor`]), its items ([`sdk`]), beacons to
//!   search them by ([`search`]), and what becomes of each operation for those who speak with DynamoDB in another way
//!   ([`ops`]).
//! - `kms`: keyrings of AWS KMS, the branch key store and its caches ([`kms`]).
//! - `model`: typed models with sealed fields ([`model`]).
//! - `legacy`: older formats, items of the DynamoDB Encryption Client and attributes of pynamodb_mate ([`legacy`]).
//! - `migrate`: bringing whole tables over, and checking them ([`migrate`]).
//! - `passphrase`: keys of sealed attributes from passphrases, by Argon2id.
//! - `local`: an embedded DynamoDB behind the SDK's client, for development and tests ([`local`]).
//!
//! # What stays visible
//!
//! Names of attributes, types and sizes of values, key attributes, everything that is only signed, and who reads and
//! writes what and when. The README says more.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub use dynaseal_core::*;

pub mod manual;
#[cfg(feature = "model")]
pub mod model;

#[cfg(feature = "sdk")]
pub use dynaseal_ops as ops;
#[cfg(feature = "sdk")]
pub use dynaseal_search as search;

#[cfg(feature = "legacy")]
pub use dynaseal_legacy as legacy;
#[cfg(feature = "migrate")]
pub use dynaseal_migrate as migrate;

#[cfg(feature = "kms")]
pub use dynaseal_kms as kms;
#[cfg(feature = "local")]
pub use dynaseal_local as local;

#[cfg(feature = "sdk")]
pub use dynaseal_client::{
    DuplicateTable, Interceptor, OperationError, Refusal, SealedPage, SealedPages, SealedPartitions, SealedStream,
    SealedTable, SealedUpdate, Sealer, SendSealed, SendSealedEntries, UnverifiedError, UpdateError, Updated,
    operation_error, value as sdk,
};

/// The README's examples, so that they are compiled and run.
#[cfg(all(doctest, feature = "kms", feature = "local"))]
#[doc = include_str!("../../../README.md")]
struct Readme;
