//! What a role has to be allowed: IAM policies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::shape::Shape;
use crate::args::{CreateTableArgs, Role};
use crate::table::{KeyGrant, Permissions};

/// There is nothing to administer.
#[derive(Debug, thiserror::Error)]
pub(super) enum PolicyError {
    #[error(
        "{0} has no branch key store, so that there are no branch keys to make: keys of AWS KMS are made and changed with AWS's own tools"
    )]
    NoStore(String),
    #[error(
        "the branch key store of {0} says no key that wraps new branch keys, only where to find those of old ones: give it kms_key_arn or kms_mrk_arn for this"
    )]
    NoKey(String),
}

/// Reads and writes of items, through the library and through the command.
const APPLICATION: [&str; 10] = [
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
];

/// `migrate` and `verify`.
const MIGRATION: [&str; 4] = ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"];

/// Branch keys that are read.
const STORE: [&str; 1] = ["dynamodb:GetItem"];

/// Older materials that are read, and made if there are none.
const MATERIALS: [&str; 3] = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"];

/// Branch keys that are made, listed and shown.
const STORE_ADMINISTRATION: [&str; 6] = [
    "dynamodb:CreateTable",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
];

/// Branch keys that are wrapped. A new version is made of the active one, which AWS KMS wraps again.
const WRAPPING: [&str; 4] =
    ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"];

/// The policy of a role for a table, as a document to attach to it.
pub(super) fn policy(shape: &Shape, permissions: &Permissions, args: &CreateTableArgs) -> Result<Value, PolicyError> {
    let (account, region) = (args.account.as_deref(), args.table.database.region.as_deref());
    let table = |name: &str, of: Option<&str>| arn(of.or(region), account, name);
    let mut statements = Vec::new();
    if args.role == Role::KeyAdministration {
        let file = || args.table.config.display().to_string();
        if permissions.stores.is_empty() {
            return Err(PolicyError::NoStore(file()));
        }
        let wraps: BTreeSet<&String> = permissions.stores.iter().filter_map(|store| store.wraps.as_ref()).collect();
        let wraps: Vec<String> = wraps.into_iter().cloned().collect();
        if wraps.is_empty() {
            return Err(PolicyError::NoKey(file()));
        }
        let stores: Vec<String> = store_tables(permissions, table);
        push(&mut statements, "BranchKeyStore", &STORE_ADMINISTRATION, &stores);
        push(&mut statements, "WrappingKeys", &WRAPPING, &wraps);
        return Ok(document(&statements));
    }
    let own = table(&shape.name, None);
    match args.role {
        Role::Migration => push(&mut statements, "Table", &MIGRATION, &[own]),
        _ => {
            push(&mut statements, "Table", &APPLICATION, std::slice::from_ref(&own));
            if !shape.indexes.is_empty() {
                push(&mut statements, "Indexes", &["dynamodb:Query", "dynamodb:Scan"], &[own + "/index/*"]);
            }
        }
    }
    push(&mut statements, "BranchKeyStore", &STORE, &store_tables(permissions, table));
    let materials: Vec<String> =
        permissions.materials.iter().map(|(name, region)| table(name, region.as_deref())).collect();
    push(&mut statements, "OlderMaterials", &MATERIALS, &materials);
    let grants = permissions.keys.iter().chain(permissions.stores.iter().map(|store| &store.decrypt));
    statements.extend(keys(grants));
    Ok(document(&statements))
}

fn store_tables(permissions: &Permissions, table: impl Fn(&str, Option<&str>) -> String) -> Vec<String> {
    let stores = permissions.stores.iter();
    let tables: BTreeSet<String> =
        stores.filter_map(|store| Some(table(store.table.as_deref()?, store.region.as_deref()))).collect();
    tables.into_iter().collect()
}

/// Grants with the same actions make one statement; one for each alias.
fn keys<'g>(grants: impl Iterator<Item = &'g KeyGrant>) -> Vec<Value> {
    let mut by_actions: BTreeMap<(Vec<&str>, Option<&str>), BTreeSet<&str>> = BTreeMap::new();
    for grant in grants {
        let actions = grant.actions.iter().copied().collect();
        by_actions.entry((actions, grant.alias.as_deref())).or_default().insert(&grant.resource);
    }
    let several = by_actions.len() > 1;
    let mut statements = Vec::with_capacity(by_actions.len());
    for (number, ((actions, alias), resources)) in by_actions.into_iter().enumerate() {
        let sid = if several { format!("Keys{}", number + 1) } else { "Keys".to_owned() };
        let mut statement = json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources });
        if let (Some(alias), Some(statement)) = (alias, statement.as_object_mut()) {
            let condition = json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": alias } });
            statement.insert("Condition".to_owned(), condition);
        }
        statements.push(statement);
    }
    statements
}

fn push(statements: &mut Vec<Value>, sid: &str, actions: &[&str], resources: &[String]) {
    if !resources.is_empty() {
        statements.push(json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources }));
    }
}

fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn arn(region: Option<&str>, account: Option<&str>, table: &str) -> String {
    format!("arn:aws:dynamodb:{}:{}:table/{table}", region.unwrap_or("*"), account.unwrap_or("*"))
}
