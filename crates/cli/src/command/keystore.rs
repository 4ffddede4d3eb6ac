//! `dynaseal keystore`: the branch key store. What is printed are names, never keys.

use std::collections::BTreeMap;
use std::path::Path;

use dynaseal::kms::{BranchKeyInfo, GrantTokens, KeyStore, KeyStoreError, KmsConfiguration, NewKey, VersionInfo};
use serde_json::{Value, json};

use crate::args::{KeystoreCommand, StoreArgs};
use crate::aws::Aws;
use crate::output::{Failure, Output, visible, with_causes};
use crate::store::{StoreError, StoreSettings};

/// The key store said no.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    /// The error with its causes, and what to do next.
    #[error("{0} ({1})")]
    Next(String, &'static str),
    #[error(transparent)]
    KeyStore(KeyStoreError),
}

pub(crate) fn run(command: &KeystoreCommand) -> Result<(), Failure> {
    super::runtime()?.block_on(dispatch(command))
}

async fn dispatch(command: &KeystoreCommand) -> Result<(), Failure> {
    let mut output = Output::new();
    let mut print = |args: &StoreArgs, lines: &[String], json: Value| match args.json {
        true => output.json(json),
        false => lines.iter().try_for_each(|line| output.line(visible(line))),
    };
    match command {
        KeystoreCommand::CreateTable(args) => {
            let store = settings(args, None).open_or_create(Path::new(""), &mut Aws::default()).await?;
            store.create_table().await.map_err(failed)?;
            print(args, &[format!("the key store {} can be used", args.table)], json!({ "table": args.table }))
        }
        KeystoreCommand::CreateKey(args) => {
            let mut new = NewKey::new();
            if let Some(id) = &args.id {
                new = new.id(id);
            }
            for (name, value) in &args.context {
                new = new.context(name, value);
            }
            let id = with_keys(&args.store).await?.create_key(new).await.map_err(failed)?;
            print(&args.store, std::slice::from_ref(&id), json!({ "branch_key_id": id }))
        }
        KeystoreCommand::VersionKey(args) => {
            let version = with_keys(&args.store).await?.version_key(&args.id).await.map_err(failed)?.to_string();
            print(&args.store, std::slice::from_ref(&version), json!({ "branch_key_id": args.id, "version": version }))
        }
        KeystoreCommand::Show(args) => {
            let (info, versions) = without_keys(&args.store).await?.describe(&args.id).await.map_err(failed)?;
            print(&args.store, &details(&info, &versions), details_json(&info, &versions))
        }
        KeystoreCommand::List(args) => {
            let mut branch_keys = without_keys(args).await?.list().await.map_err(failed)?;
            branch_keys.sort_by(|a, b| a.branch_key_id.cmp(&b.branch_key_id));
            branch_keys.iter().try_for_each(|info| print(args, &[line(info)], info_json(info)))
        }
    }
}

/// For what asks AWS KMS.
async fn with_keys(args: &StoreArgs) -> Result<KeyStore, StoreError> {
    settings(args, kms(args)).open(Path::new(""), &mut Aws::default()).await
}

/// For what only looks at names, and needs no key of AWS KMS.
async fn without_keys(args: &StoreArgs) -> Result<KeyStore, StoreError> {
    settings(args, None).open(Path::new(""), &mut Aws::default()).await
}

fn settings(args: &StoreArgs, kms: Option<KmsConfiguration>) -> StoreSettings {
    StoreSettings {
        table_name: args.table.clone(),
        logical_name: args.logical_name.clone(),
        kms,
        grant_tokens: GrantTokens::default(),
        db: args.database.db.clone(),
        location: args.database.location(),
        kms_endpoint_url: args.kms_endpoint_url.clone(),
        kms_timeout: None,
    }
}

/// At most one of them is given.
fn kms(args: &StoreArgs) -> Option<KmsConfiguration> {
    let args = &args.kms;
    let key = args.kms_key_arn.clone().map(KmsConfiguration::Key);
    let replica = args.kms_mrk_arn.clone().map(KmsConfiguration::MultiRegionKey);
    let discovery = args.discovery.then_some(KmsConfiguration::Discovery);
    let region = args.mrk_discovery_region.clone();
    key.or(replica).or(discovery).or(region.map(|region| KmsConfiguration::MultiRegionDiscovery { region }))
}

/// An error with what to do next, where it does not say that itself.
fn failed(error: KeyStoreError) -> CommandError {
    let next = match &error {
        KeyStoreError::OnlyReads => "give it with --kms-key-arn or --kms-mrk-arn",
        KeyStoreError::IdWithoutContext { .. } => "give one with --context NAME=VALUE",
        KeyStoreError::Exists { .. } => "`dynaseal keystore version-key` makes a new version of it",
        KeyStoreError::Raced { .. } => "`dynaseal keystore show` shows it",
        KeyStoreError::NotFound { .. } => "`dynaseal keystore list` shows the branch keys that are there",
        KeyStoreError::NoTable { .. } => "`dynaseal keystore create-table` makes the table",
        KeyStoreError::OtherKmsKey { .. } => "give that key with --kms-key-arn",
        _ => return CommandError::KeyStore(error),
    };
    CommandError::Next(with_causes(&error), next)
}

fn line(info: &BranchKeyInfo) -> String {
    let BranchKeyInfo { branch_key_id, active, created, kms_arn, context, .. } = info;
    let context: String = context.iter().map(|(name, value)| format!("\t{name}={value}")).collect();
    format!("{branch_key_id}\t{active}\t{created}\t{kms_arn}{context}")
}

fn details(info: &BranchKeyInfo, versions: &[VersionInfo]) -> Vec<String> {
    let mut lines = vec![
        format!("branch key {}", info.branch_key_id),
        format!("  active   {}", info.active),
        format!("  kms key  {}", info.kms_arn),
    ];
    lines.extend(info.context.iter().map(|(name, value)| format!("  context  {name} = {value}")));
    lines.extend(versions.iter().map(|version| {
        let active = if version.version == info.active { "  active" } else { "" };
        format!("  version  {}  {}{active}", version.version, version.created)
    }));
    lines
}

fn info_json(info: &BranchKeyInfo) -> Value {
    json!({
        "branch_key_id": info.branch_key_id,
        "active": info.active.to_string(),
        "created": info.created,
        "kms_arn": info.kms_arn,
        "context": to_json(&info.context),
    })
}

fn details_json(info: &BranchKeyInfo, versions: &[VersionInfo]) -> Value {
    let version = |version: &VersionInfo| json!({ "version": version.version.to_string(), "created": version.created });
    let mut json = info_json(info);
    if let Some(fields) = json.as_object_mut() {
        fields.insert("versions".to_owned(), versions.iter().map(version).collect());
    }
    json
}

fn to_json(context: &BTreeMap<String, String>) -> Value {
    let pairs = context.iter().map(|(name, value)| (name.clone(), value.clone().into()));
    Value::Object(pairs.collect())
}
