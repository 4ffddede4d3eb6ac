//! `type = "hierarchical"`: branch keys, the store they come from, and the cache before it.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use dynaseal::kms::{BranchKeyCache, CacheError, CachedBeaconKeys, CachedBranchKeys, KmsConfiguration, StormTracking};
use dynaseal::{
    AttributeBranchKeyId, BeaconKey, BeaconKeySource, BranchKey, BranchKeyMaterials, BranchKeySource,
    HierarchicalKeyring, Keyring, StaticBranchKeySource, Uuid,
};

use super::Builder;
use super::fields::Fields;
use super::kms::{grant_tokens, location};
use super::problem::Problem;
use crate::keys::KeySource;
use crate::store::StoreSettings;

/// A hierarchical keyring.
#[derive(Debug)]
pub(super) struct HierarchicalTable {
    place: String,
    store: StoreTable,
}

#[derive(Debug)]
enum StoreTable {
    Static {
        branch_key_id: String,
        version: Uuid,
        branch_key: KeySource,
        /// Versions that only open.
        older: Vec<OlderVersion>,
        /// Used by search; read here so that a wrong one is found now.
        beacon_key: Option<KeySource>,
    },
    DynamoDb {
        branch_keys: BranchKeys,
        settings: Box<StoreSettings>,
        cache: Option<CacheTable>,
    },
}

/// A version of the branch key that only opens.
#[derive(Debug)]
struct OlderVersion {
    place: String,
    version: Uuid,
    branch_key: KeySource,
}

#[derive(Debug)]
enum BranchKeys {
    One(String),
    ByAttribute { attribute: String, values: BTreeMap<String, String> },
}

/// A cache before a key store.
#[derive(Debug)]
pub(super) struct CacheTable {
    ttl: Duration,
    capacity: NonZeroUsize,
    storm: Option<StormTracking>,
}

/// The fields of a cache, which stand beside its key store.
pub(super) const CACHE_FIELDS: [&str; 7] = [
    "ttl_seconds",
    "cache",
    "cache_capacity",
    "grace_period_seconds",
    "grace_interval_seconds",
    "fan_out",
    "in_flight_ttl_seconds",
];

/// Those of them that only a cache takes which tracks storms.
const STORM_FIELDS: [&str; 4] = ["grace_period_seconds", "grace_interval_seconds", "fan_out", "in_flight_ttl_seconds"];

/// The fields of the keyring's own table.
const FIELDS: [&str; 4] = ["type", "branch_key_id", "branch_key_ids", "key_store"];

impl HierarchicalTable {
    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, Problem> {
        fields.only(&[FIELDS.as_slice(), &CACHE_FIELDS].concat())?;
        let branch_keys = match (fields.optional("branch_key_id")?, fields.table("branch_key_ids")?) {
            (Some(id), None) => BranchKeys::One(id),
            (None, Some(ids)) => BranchKeys::parse(ids)?,
            _ => return Err(fields.contradiction("give one of branch_key_id and [branch_key_ids]")),
        };
        let store = fields.table("key_store")?;
        let mut store =
            store.ok_or_else(|| fields.contradiction("[key_store] is missing: where are the branch keys?"))?;
        let store = match (store.choice("type", &["static", "dynamodb"])?, branch_keys) {
            (0, BranchKeys::One(branch_key_id)) => {
                store.only(&["type", "branch_key_version", "branch_key", "older_versions", "beacon_key"])?;
                let version = version(&mut store)?;
                let older = older_versions(&mut store, version)?;
                let (branch_key, beacon_key) = (store.required("branch_key")?, store.optional("beacon_key")?);
                CacheTable::refuse(&mut fields)?;
                StoreTable::Static { branch_key_id, version, branch_key, older, beacon_key }
            }
            (0, BranchKeys::ByAttribute { .. }) => {
                let message = "a static key store holds one branch key: name it with branch_key_id";
                return Err(fields.wrong("branch_key_ids", message));
            }
            (_, branch_keys) => {
                let settings = Box::new(store_settings(store)?);
                StoreTable::DynamoDb { branch_keys, settings, cache: CacheTable::parse(&mut fields)? }
            }
        };
        Ok(Self { place: fields.place().to_owned(), store })
    }

    pub(super) async fn build(&self, builder: &mut Builder<'_>) -> Result<Arc<dyn Keyring>, Problem> {
        let store_place = format!("{}.key_store", self.place);
        match &self.store {
            StoreTable::Static { branch_key_id, version, branch_key, older, beacon_key } => {
                if let Some(key) = beacon_key {
                    let place = format!("{store_place}.beacon_key");
                    BeaconKey::copy_from(&builder.secret(key, &place)?).map_err(Problem::at(place))?;
                }
                let materials = |version, source, place: &str| -> Result<BranchKeyMaterials, Problem> {
                    let place = format!("{place}.branch_key");
                    let key = BranchKey::copy_from(&builder.secret(source, &place)?).map_err(Problem::at(place))?;
                    Ok(BranchKeyMaterials::new(branch_key_id, version, key))
                };
                let mut source = StaticBranchKeySource::new(materials(*version, branch_key, &store_place)?);
                for OlderVersion { place, version, branch_key } in older {
                    source = source.with_older(materials(*version, branch_key, place)?);
                }
                Ok(Arc::new(HierarchicalKeyring::new(branch_key_id, Arc::new(source))))
            }
            StoreTable::DynamoDb { branch_keys, settings, cache } => {
                let store = settings.open(builder.folder, &mut builder.aws).await;
                let store = Arc::new(store.map_err(Problem::at(store_place))?);
                let source = match cache {
                    Some(cache) => cache.before(store).map_err(Problem::at(&self.place))?,
                    None => store,
                };
                Ok(Arc::new(match branch_keys {
                    BranchKeys::One(id) => HierarchicalKeyring::new(id, source),
                    BranchKeys::ByAttribute { attribute, values } => {
                        let supplier = AttributeBranchKeyId::new(attribute, values);
                        HierarchicalKeyring::with_supplier(Arc::new(supplier), source)
                    }
                }))
            }
        }
    }

    /// The store, for those who want other keys out of it.
    pub(super) fn key_store(&self) -> KeyringStore<'_> {
        let place = format!("{}.key_store", self.place);
        match &self.store {
            StoreTable::Static { branch_key_id, beacon_key, .. } => KeyringStore {
                place,
                branch_key_id: Some(branch_key_id),
                keys: StoreKeys::Static { branch_key_id, beacon_key: beacon_key.as_ref() },
            },
            StoreTable::DynamoDb { branch_keys, settings, .. } => KeyringStore {
                place,
                branch_key_id: match branch_keys {
                    BranchKeys::One(id) => Some(id),
                    BranchKeys::ByAttribute { .. } => None,
                },
                keys: StoreKeys::DynamoDb(settings),
            },
        }
    }

    /// The attribute that chooses the branch key, and the branch key of each of its values; `None` if there is one for
    /// all items.
    pub(super) fn choices(&self) -> Option<(&str, &BTreeMap<String, String>)> {
        match &self.store {
            StoreTable::DynamoDb { branch_keys: BranchKeys::ByAttribute { attribute, values }, .. } => {
                Some((attribute, values))
            }
            _ => None,
        }
    }
}

/// The key store of a hierarchical keyring.
#[derive(Debug)]
pub(super) struct KeyringStore<'t> {
    /// The way to it in the file.
    pub(super) place: String,
    /// The branch key that seals, if it is only one.
    pub(super) branch_key_id: Option<&'t str>,
    pub(super) keys: StoreKeys<'t>,
}

#[derive(Debug)]
pub(super) enum StoreKeys<'t> {
    Static { branch_key_id: &'t str, beacon_key: Option<&'t KeySource> },
    DynamoDb(&'t StoreSettings),
}

impl BranchKeys {
    fn parse(mut fields: Fields<'_>) -> Result<Self, Problem> {
        fields.only(&["attribute", "values"])?;
        let attribute = fields.required("attribute")?;
        let values: BTreeMap<String, String> = fields.required("values")?;
        if values.is_empty() {
            return Err(fields.wrong("values", "it is empty: no item would have a branch key"));
        }
        Ok(Self::ByAttribute { attribute, values })
    }
}

/// The version of the branch key in this table.
fn version(fields: &mut Fields<'_>) -> Result<Uuid, Problem> {
    let text: String = fields.required("branch_key_version")?;
    text.parse().map_err(|_| fields.wrong("branch_key_version", "this is no UUID"))
}

fn older_versions(store: &mut Fields<'_>, active: Uuid) -> Result<Vec<OlderVersion>, Problem> {
    let mut versions: Vec<OlderVersion> = Vec::new();
    for mut fields in store.tables("older_versions")? {
        fields.only(&["branch_key_version", "branch_key"])?;
        let version = version(&mut fields)?;
        if version == active || versions.iter().any(|older| older.version == version) {
            return Err(fields.wrong("branch_key_version", "there is a branch key of this version already"));
        }
        let branch_key = fields.required("branch_key")?;
        versions.push(OlderVersion { place: fields.place().to_owned(), version, branch_key });
    }
    Ok(versions)
}

const STORE_FIELDS: [&str; 14] = [
    "type",
    "table_name",
    "logical_name",
    "kms_key_arn",
    "kms_mrk_arn",
    "discovery",
    "mrk_discovery_region",
    "db",
    "region",
    "endpoint_url",
    "kms_endpoint_url",
    "kms_timeout_seconds",
    "profile",
    "grant_tokens",
];

/// A key store in DynamoDB.
pub(super) fn store_settings(mut fields: Fields<'_>) -> Result<StoreSettings, Problem> {
    fields.only(&STORE_FIELDS)?;
    let mut kms = Vec::new();
    kms.extend(fields.parsed_if_any("kms_key_arn")?.map(KmsConfiguration::Key));
    kms.extend(fields.parsed_if_any("kms_mrk_arn")?.map(KmsConfiguration::MultiRegionKey));
    kms.extend(fields.optional("discovery")?.filter(|is_on| *is_on).map(|_: bool| KmsConfiguration::Discovery));
    let region: Option<String> = fields.optional("mrk_discovery_region")?;
    kms.extend(region.map(|region| KmsConfiguration::MultiRegionDiscovery { region }));
    if kms.len() != 1 {
        let message = "give one of kms_key_arn, kms_mrk_arn, discovery = true and mrk_discovery_region";
        return Err(fields.contradiction(message));
    }
    let (db, location) = (fields.optional("db")?, location(&mut fields)?);
    if db.is_some() && location.endpoint_url.is_some() {
        return Err(fields.contradiction("db is instead of DynamoDB, so endpoint_url makes no sense beside it"));
    }
    Ok(StoreSettings {
        table_name: fields.required("table_name")?,
        logical_name: fields.optional("logical_name")?,
        kms: kms.pop(),
        grant_tokens: grant_tokens(&mut fields)?,
        db,
        location,
        kms_endpoint_url: fields.parsed_if_any("kms_endpoint_url")?,
        kms_timeout: fields.seconds_if_any("kms_timeout_seconds")?,
    })
}

impl CacheTable {
    /// None is possible: the branch keys are in memory anyway.
    pub(super) fn refuse(fields: &mut Fields<'_>) -> Result<(), Problem> {
        without(fields, &CACHE_FIELDS, "a static key store is in memory and needs no cache")
    }

    pub(super) fn parse(fields: &mut Fields<'_>) -> Result<Option<Self>, Problem> {
        let kind: Option<String> = fields.optional("cache")?;
        let storm = match kind.as_deref() {
            Some("none") => {
                without(fields, &CACHE_FIELDS, "it makes no sense with cache = \"none\"")?;
                return Ok(None);
            }
            None | Some("storm-tracking") => Some(storm(fields)?),
            Some("local") => {
                without(fields, &STORM_FIELDS, "only cache = \"storm-tracking\" takes it")?;
                None
            }
            Some(other) => {
                let message = format!("unknown cache `{other}`: take storm-tracking, local or none");
                return Err(fields.wrong("cache", message));
            }
        };
        let ttl = Duration::from_secs(fields.optional("ttl_seconds")?.unwrap_or(600));
        let grace = storm.map(|storm| storm.grace_period).unwrap_or_default();
        if ttl <= grace {
            let message = match grace.is_zero() {
                true => "0 seconds are no cache: set cache = \"none\" for that".to_owned(),
                false => format!(
                    "the cache needs more than {} seconds, its grace period: set grace_period_seconds or cache = \"local\" for \
                     less, \"none\" for no cache",
                    grace.as_secs()
                ),
            };
            return Err(fields.wrong("ttl_seconds", message));
        }
        let capacity: Option<NonZeroUsize> = fields.optional("cache_capacity")?;
        let capacity = capacity.or(NonZeroUsize::new(1000)).unwrap_or(NonZeroUsize::MIN);
        Ok(Some(Self { ttl, capacity, storm }))
    }

    /// A cache of this keyring's own.
    fn before(&self, source: Arc<dyn BranchKeySource>) -> Result<Arc<dyn BranchKeySource>, CacheError> {
        Ok(Arc::new(CachedBranchKeys::shared(source, self.ttl, self.cache(), "")?))
    }

    /// A cache of this search's own.
    pub(super) fn before_beacon_keys(&self, source: Arc<dyn BeaconKeySource>) -> Result<CachedBeaconKeys, CacheError> {
        CachedBeaconKeys::shared(source, self.ttl, self.cache(), "")
    }

    fn cache(&self) -> Arc<BranchKeyCache> {
        match self.storm {
            Some(storm) => BranchKeyCache::storm_tracking(self.capacity, storm),
            None => BranchKeyCache::local(self.capacity),
        }
    }
}

/// Fails if the table has one of these fields.
fn without(fields: &Fields<'_>, names: &[&'static str], message: &'static str) -> Result<(), Problem> {
    match names.iter().find(|name| fields.has(name)) {
        Some(name) => Err(fields.wrong(name, message)),
        None => Ok(()),
    }
}

fn storm(fields: &mut Fields<'_>) -> Result<StormTracking, Problem> {
    let mut storm = StormTracking::default();
    // None of it is possible: an expired key is then fetched by whoever wants it next.
    let grace: Option<u64> = fields.optional("grace_period_seconds")?;
    storm = grace.map(Duration::from_secs).into_iter().fold(storm, StormTracking::grace_period);
    let interval = fields.seconds_if_any("grace_interval_seconds")?;
    storm = interval.into_iter().fold(storm, StormTracking::grace_interval);
    let fan_out: Option<NonZeroUsize> = fields.optional("fan_out")?;
    storm = fan_out.map(NonZeroUsize::get).into_iter().fold(storm, StormTracking::fan_out);
    let in_flight = fields.seconds_if_any("in_flight_ttl_seconds")?;
    Ok(in_flight.into_iter().fold(storm, StormTracking::in_flight_ttl))
}
