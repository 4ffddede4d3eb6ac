//! One searched table of an embedded database, the three clients that use it, and the branch keys that they share.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_db_esdk::dynamodb::client as database;
use aws_db_esdk::dynamodb::operation::get_branch_key_id_from_ddb_key::{
    GetBranchKeyIdFromDdbKeyInput, GetBranchKeyIdFromDdbKeyOutput,
};
use aws_db_esdk::dynamodb::types::dynamo_db_encryption_config::DynamoDbEncryptionConfig;
use aws_db_esdk::dynamodb::types::dynamo_db_key_branch_key_id_supplier::DynamoDbKeyBranchKeyIdSupplier;
use aws_db_esdk::dynamodb::types::error::Error as OfficialError;
use aws_db_esdk::material_providers::types::keyring::KeyringRef;
use aws_sdk_dynamodb::Client;
use dynaseal::kms::{CachedBeaconKeys, CachedBranchKeys};
use dynaseal::search::{BeaconKeys, Search};
use dynaseal::{
    AlgorithmSuite, AttributeValue, BranchKeyIdSupplier, CryptoAction, HierarchicalKeyring, Interceptor, Item,
    ItemEncryptor, SealedTable, Sealer, local,
};
use dynaseal_testkit::random::Items;

use super::items::{ENCRYPTED, SIGNED, UNSIGNED};
use super::setup::{Setup, Style, TENANT, Tenants};
use crate::Result;
use crate::case::{Case, RawKey};
use crate::keys::kms::Server;
use crate::keys::store::{Side as Maker, Store};
use crate::official::{self, providers};
use crate::table::doors::{Door, Side};

/// How long keys are kept.
const TTL: Duration = Duration::from_secs(6000);

/// The branch keys of all tables.
pub struct Keys {
    store: Store,
    beacons: Arc<CachedBeaconKeys>,
    branches: Arc<CachedBranchKeys>,
    /// Of two tenants.
    pub ids: [String; 2],
}

impl Keys {
    pub async fn new() -> Result<Self> {
        let store = Store::new(Server::new().symmetric().await?, Maker::Theirs).await?;
        let context = [("team", "blue")];
        let ids = [
            store.create_key(Maker::Ours, Some("tenant0"), &context).await?,
            store.create_key(Maker::Theirs, Some("tenant1"), &context).await?,
        ];
        let beacons = Arc::new(CachedBeaconKeys::new(Arc::new(store.ours.clone()), TTL)?);
        let branches = Arc::new(CachedBranchKeys::new(Arc::new(store.ours.clone()), TTL)?);
        Ok(Self { store, beacons, branches, ids })
    }

    /// Both keyrings of a table whose tenants have keys of their own.
    async fn keyrings(&self) -> Result<(HierarchicalKeyring, KeyringRef)> {
        let supplier = ByKeyPrefix(self.ids.clone());
        let client = database::Client::from_conf(DynamoDbEncryptionConfig::builder().build()?)?;
        let call = client.create_dynamo_db_encryption_branch_key_id_supplier();
        let made = call.ddb_key_branch_key_id_supplier(supplier.clone()).send().await?;
        let theirs = providers()?
            .create_aws_kms_hierarchical_keyring()
            .key_store(self.store.theirs.clone())
            .ttl_seconds(i64::try_from(TTL.as_secs())?)
            .branch_key_id_supplier(made.branch_key_id_supplier.ok_or("no supplier")?);
        let branches = Arc::clone(&self.branches);
        Ok((HierarchicalKeyring::with_supplier(Arc::new(supplier), branches), theirs.send().await?))
    }
}

/// `t0-…` is the first tenant's, `t1-…` the other's.
#[derive(Clone, Debug)]
struct ByKeyPrefix([String; 2]);

impl ByKeyPrefix {
    fn of(&self, key: &str) -> String {
        self.0[usize::from(key.starts_with("t1-"))].clone()
    }
}

impl BranchKeyIdSupplier for ByKeyPrefix {
    fn branch_key_id(&self, attributes: &Item) -> std::result::Result<String, Box<dyn Error + Send + Sync>> {
        match attributes.get("pk") {
            Some(AttributeValue::S(key)) => Ok(self.of(key)),
            _ => Err("no partition key".into()),
        }
    }
}

impl DynamoDbKeyBranchKeyIdSupplier for ByKeyPrefix {
    fn get_branch_key_id_from_ddb_key(
        &self,
        input: GetBranchKeyIdFromDdbKeyInput,
    ) -> std::result::Result<GetBranchKeyIdFromDdbKeyOutput, OfficialError> {
        let failed = |message: &str| OfficialError::DynamoDbEncryptionException { message: message.to_owned() };
        let key = input.ddb_key.as_ref().and_then(|key| key.get("pk")?.as_s().ok());
        let id = self.of(key.ok_or_else(|| failed("no partition key"))?);
        let output = GetBranchKeyIdFromDdbKeyOutput::builder().branch_key_id(id).build();
        output.map_err(|error| failed(&error.to_string()))
    }
}

/// How each side is told about a table.
pub struct Sides {
    pub ours: std::result::Result<SealedTable, String>,
    pub theirs: std::result::Result<official::Interception, String>,
}

impl Sides {
    /// A configuration that one of them does not take is no error here.
    pub async fn new(keys: &Keys, name: &str, setup: &Setup, suite: AlgorithmSuite) -> Result<Self> {
        let case = case(name, setup, suite);
        let source = Arc::clone(&keys.beacons);
        let (encryptor, keyring, beacons): (ItemEncryptor, _, _) = match setup.tenants {
            Tenants::One => {
                (case.encryptor(None), official::keyring(&case, None).await?, BeaconKeys::single(source, &keys.ids[0]))
            }
            Tenants::Stored | Tenants::Dropped => {
                let (ours, theirs) = keys.keyrings().await?;
                (case.encryptor_with(Arc::new(ours)), theirs, BeaconKeys::by_tenant(source, TENANT))
            }
        };
        let ours = SealedTable::new(name, encryptor).with_search(setup.ours(beacons));
        let search = setup.theirs(keys.store.theirs.clone(), &keys.ids[0])?;
        let theirs = official::interception(&case, name, keyring, Some(search));
        let chain = |error: &(dyn Error + 'static)| crate::keys::chain(error);
        Ok(Self { ours: ours.map_err(|error| chain(&error)), theirs: theirs.map_err(|error| chain(&*error)) })
    }
}

/// The actions of all attributes.
pub fn case(name: &str, setup: &Setup, suite: AlgorithmSuite) -> Case {
    let mut actions = vec![("pk".to_owned(), setup.signs)];
    let tenant = (setup.tenants == Tenants::Stored).then_some(TENANT);
    actions.extend(SIGNED.iter().copied().chain(tenant).map(|name| (name.to_owned(), setup.signs)));
    actions.extend(ENCRYPTED.map(|name| (name.to_owned(), CryptoAction::EncryptAndSign)));
    actions.push((UNSIGNED.to_owned(), CryptoAction::DoNothing));
    Case {
        table: format!("logical {name}"),
        partition_key: "pk".to_owned(),
        sort_key: None,
        actions,
        unsigned: vec![UNSIGNED.to_owned()],
        suite,
        keys: vec![RawKey { namespace: "search".to_owned(), name: "key".to_owned(), bytes: vec![7; 32] }],
        item: Item::new(),
    }
}

/// A table and who uses it.
pub struct Table {
    pub name: String,
    pub setup: Setup,
    pub search: Arc<Search>,
    pub sealer: Sealer,
    /// Sees what is stored.
    pub plain: Client,
    /// What their transforms are called by.
    pub transforms: aws_db_esdk::Client,
    pub doors: [Door; 3],
    /// Names of indexes with their keys, as queries name them.
    pub indexes: Vec<(String, String, Option<String>)>,
}

impl Table {
    /// Makes a table with indexes of some beacons.
    pub async fn new(
        plain: &Client,
        name: String,
        setup: Setup,
        ours: SealedTable,
        theirs: official::Interception,
        items: &mut Items,
    ) -> Result<Self> {
        let search = Arc::clone(ours.search().ok_or("no search")?);
        let mut indexes = Vec::new();
        for beacon in &setup.standard {
            // A beacon of a set is a set, and no key.
            if !beacon.is_part_only() && !beacon.is_set() && indexes.len() < 6 && items.below(3) > 0 {
                let range = (items.below(2) == 0).then(|| "yr".to_owned());
                indexes.push((beacon.name.clone(), format!("aws_dbe_b_{}", beacon.name), range));
            }
        }
        for beacon in &setup.compound {
            let stored = search.beacon(&beacon.name).and_then(|beacon| beacon.stored).ok_or("not stored")?.to_owned();
            indexes.push((beacon.name.clone(), stored.clone(), None));
            indexes.push(("st".to_owned(), "st".to_owned(), Some(stored)));
        }
        let names: Vec<String> = (0..indexes.len()).map(|place| format!("index-{place}")).collect();
        let made: Vec<(&str, &str, Option<&str>)> = names
            .iter()
            .zip(&indexes)
            .map(|(name, (_, hash, range))| (name.as_str(), hash.as_str(), range.as_deref()))
            .collect();
        let created = local::create_indexed_table(plain, &name, "pk", None, &made).await;
        created.map_err(|error| error.to_string())?;
        let asked = |(name, (hash, _, range)): (String, (String, String, Option<String>))| {
            let range = range.map(|range| range.trim_start_matches("aws_dbe_b_").to_owned());
            (name, hash, range)
        };
        let indexes = names.into_iter().zip(indexes).map(asked).collect();
        let sealer = Sealer::of_table(ours);
        let official::Interception { interceptor, transforms } = theirs;
        let theirs = plain.config().to_builder().interceptor(interceptor).build();
        let ours = plain.config().to_builder().interceptor(Interceptor::new(&sealer)).build();
        let doors = [
            Door { side: Side::Theirs, name: "aws-db-esdk", client: Client::from_conf(theirs), sealer: None },
            Door { side: Side::Ours, name: "SendSealed", client: plain.clone(), sealer: Some(sealer.clone()) },
            Door { side: Side::Ours, name: "Interceptor", client: Client::from_conf(ours), sealer: None },
        ];
        Ok(Self { name, setup, search, sealer, plain: plain.clone(), transforms, doors, indexes })
    }

    /// What is stored, by partition key.
    pub async fn stored(&self) -> Result<HashMap<String, Item>> {
        let mut stored = HashMap::new();
        let mut pages = self.plain.scan().table_name(&self.name).into_paginator().send();
        while let Some(page) = pages.next().await {
            for item in page?.items.unwrap_or_default() {
                let item = dynaseal::sdk::from_sdk(item)?;
                stored.insert(key_of(&item), item);
            }
        }
        Ok(stored)
    }
}

/// The partition key of an item.
pub fn key_of(item: &Item) -> String {
    match item.get("pk") {
        Some(AttributeValue::S(key)) => key.clone(),
        _ => String::new(),
    }
}

/// One thing made wrong; nothing where there is nothing to make wrong.
pub fn spoil(setup: &mut Setup, items: &mut Items) {
    let maximum = setup.maximum;
    let first = setup.standard.first().cloned();
    let place = items.below(setup.standard.len().max(1));
    let Some(beacon) = setup.standard.get_mut(place) else { return };
    match items.below(22) {
        0 => beacon.length = [0, 64, 200][items.below(3)],
        1 => setup.standard.extend(first),
        2 => beacon.style = Style::Shared(["nowhere", &beacon.name, "mx", "cc"][items.below(4)].to_owned()),
        3 => beacon.partitions = Some(maximum.unwrap_or(1)),
        4 => beacon.partitions = Some(0),
        5 => setup.default = Some(maximum.unwrap_or(3)),
        6 => setup.default = Some(0),
        7 => setup.maximum = Some([0, 255][items.below(2)]),
        8 => beacon.location = Some(["st", "memo", "nowhere", "aa", "cc"][items.below(5)].to_owned()),
        9 => beacon.location = Some(["", "m.", "m[", "l[x]", "l[-1]", ".m", "m..x"][items.below(7)].to_owned()),
        10 => beacon.name = ["", "aws_dbe_x", "st", "memo", "pk", "who"][items.below(6)].to_owned(),
        11 => beacon.style = Style::PartOnly,
        12 => beacon.style = Style::AsSet,
        13 => setup.fields.iter_mut().for_each(|field| field.parts.clear()),
        14 => setup.fields.iter_mut().for_each(|field| field.parts.truncate(1)),
        15 => {
            for field in &mut setup.fields {
                field.parts = vec![(["st", "memo", "m.", "aa"][items.below(4)].to_owned(), Vec::new())];
            }
        }
        16 => {
            for field in &mut setup.fields {
                field.name = ["aa", "st", "aws_dbe_f", "who", ""][items.below(5)].to_owned();
            }
        }
        of => {
            let place = items.below(setup.compound.len().max(1));
            let Some(beacon) = setup.compound.get_mut(place) else { return };
            match of {
                17 => {
                    let prefix = ["", "S", "S_", "0_", "x.y"][items.below(5)];
                    if let Some(part) = beacon.signed.first_mut() {
                        prefix.clone_into(&mut part.prefix);
                    }
                }
                18 => beacon.name = ["", "st", "aa", "pk", "memo", "aws_dbe_c"][items.below(6)].to_owned(),
                19 => {
                    let part = ["nowhere", "st", "aa", "tags"][items.below(4)].to_owned();
                    beacon.constructors =
                        [Some(vec![vec![(part, items.below(2) == 0)]]), Some(Vec::new())][items.below(2)].clone();
                }
                20 => {
                    let name = ["tags", "nowhere", "hidden", "st"][items.below(4)].to_owned();
                    beacon.encrypted.push(super::setup::Encrypted { name, prefix: "Q_".to_owned() });
                }
                _ => {
                    let name = ["aa", "memo", "nowhere", "st"][items.below(4)].to_owned();
                    let location = [None, Some("m.x".to_owned()), Some("sm.".to_owned())][items.below(3)].clone();
                    beacon.signed.push(super::setup::Signed { name, prefix: "Q_".to_owned(), location });
                }
            }
        }
    }
}
