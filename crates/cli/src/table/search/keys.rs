//! Whose beacon keys are taken, and from where.

use std::collections::BTreeMap;
use std::sync::Arc;

use dynaseal::search::BeaconKeys;
use dynaseal::{BeaconKey, BeaconKeySource, StaticBeaconKeySource};

use crate::keys::KeySource;
use crate::store::StoreSettings;
use crate::table::Builder;
use crate::table::fields::Fields;
use crate::table::key_store::{CACHE_FIELDS, CacheTable, KeyringStore, StoreKeys, store_settings};
use crate::table::keyring::KeyringTable;
use crate::table::problem::Problem;

#[derive(Debug)]
pub(super) enum KeysTable {
    /// One that stands in the file.
    Fixed(KeySource),
    /// That of one branch key.
    Single { branch_key_id: String, store: Store },
    /// That of the branch key which an attribute names.
    Tenant { key_field: String, store: Store },
}

/// Where the keys of branch keys are.
#[derive(Debug)]
pub(super) struct Store {
    /// `None` for the keyring's.
    own: Option<OwnStore>,
    /// The first field of the cache, if there is one.
    cache_field: Option<&'static str>,
    cache: Option<CacheTable>,
}

#[derive(Debug)]
enum OwnStore {
    /// The key of the only branch key that there is.
    Static(KeySource),
    /// Keys by branch key.
    StaticById(BTreeMap<String, KeySource>),
    DynamoDb(Box<StoreSettings>),
}

impl KeysTable {
    pub(super) fn parse(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        let key: Option<KeySource> = fields.optional("beacon_key")?;
        match (key, fields.optional("branch_key_id")?, fields.optional("key_field")?) {
            (Some(key), None, None) => {
                let out_of_place = ["key_store"].into_iter().chain(CACHE_FIELDS).find(|name| fields.has(name));
                match out_of_place {
                    Some(name) => Err(fields.wrong(name, "beacon_key stands in the file: leave this out")),
                    None => Ok(Self::Fixed(key)),
                }
            }
            (None, Some(branch_key_id), None) => Ok(Self::Single { branch_key_id, store: Store::parse(fields)? }),
            (None, None, Some(key_field)) => Ok(Self::Tenant { key_field, store: Store::parse(fields)? }),
            _ => Err(fields.contradiction(
                "give one of beacon_key, branch_key_id (all items have its beacon key) and key_field (the attribute that names the branch key of each tenant)",
            )),
        }
    }

    pub(super) async fn read(
        &self,
        place: &str,
        keyring: Option<&KeyringTable>,
        builder: &mut Builder<'_>,
    ) -> Result<BeaconKeys, Problem> {
        Ok(match self {
            Self::Fixed(key) => BeaconKeys::fixed(beacon_key(key, &format!("{place}.beacon_key"), builder)?),
            Self::Single { branch_key_id, store } => {
                BeaconKeys::single(store.source(place, Some(branch_key_id), keyring, builder).await?, branch_key_id)
            }
            Self::Tenant { key_field, store } => {
                BeaconKeys::by_tenant(store.source(place, None, keyring, builder).await?, key_field)
            }
        })
    }

    /// The key store that is not the keyring's, if it is in DynamoDB.
    pub(super) fn own_store(&self) -> Option<&StoreSettings> {
        let store = match self {
            Self::Fixed(_) => return None,
            Self::Single { store, .. } | Self::Tenant { store, .. } => store,
        };
        match &store.own {
            Some(OwnStore::DynamoDb(settings)) => Some(settings),
            _ => None,
        }
    }

    /// None at all: whoever asks for one gets an error.
    pub(super) fn none(&self) -> BeaconKeys {
        let none = Arc::new(StaticBeaconKeySource::default());
        match self {
            Self::Fixed(_) => BeaconKeys::single(none, ""),
            Self::Single { branch_key_id, .. } => BeaconKeys::single(none, branch_key_id),
            Self::Tenant { key_field, .. } => BeaconKeys::by_tenant(none, key_field),
        }
    }
}

impl Store {
    fn parse(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        let own = fields.table("key_store")?.map(OwnStore::parse).transpose()?;
        let cache_field = CACHE_FIELDS.into_iter().find(|name| fields.has(name));
        let cache = match own {
            None | Some(OwnStore::DynamoDb(_)) => CacheTable::parse(fields)?,
            Some(_) => {
                CacheTable::refuse(fields)?;
                None
            }
        };
        Ok(Self { own, cache_field, cache })
    }

    /// `wanted` is the one branch key that will be asked for, if it is only one.
    async fn source(
        &self,
        place: &str,
        wanted: Option<&str>,
        keyring: Option<&KeyringTable>,
        builder: &mut Builder<'_>,
    ) -> Result<Arc<dyn BeaconKeySource>, Problem> {
        let of_keyring = keyring.and_then(KeyringTable::key_store);
        let own_place = format!("{place}.key_store");
        match &self.own {
            Some(OwnStore::Static(key)) => {
                let id = wanted.or(of_keyring.and_then(|store| store.branch_key_id)).ok_or_else(|| {
                    Problem::at(&own_place)(
                        "nothing says whose `beacon_key` it is: give beacon_keys, a table with one for each branch key",
                    )
                })?;
                let key = beacon_key(key, &format!("{own_place}.beacon_key"), builder)?;
                Ok(Arc::new(StaticBeaconKeySource::new(id, key)))
            }
            Some(OwnStore::StaticById(keys)) => {
                if let Some(wanted) = wanted.filter(|wanted| !keys.contains_key(*wanted)) {
                    let message = format!("the branch key `{wanted}` has none");
                    return Err(Problem::at(format!("{own_place}.beacon_keys"))(message));
                }
                let mut source = StaticBeaconKeySource::default();
                for (id, key) in keys {
                    source = source.with(id, beacon_key(key, &format!("{own_place}.beacon_keys.{id}"), builder)?);
                }
                Ok(Arc::new(source))
            }
            Some(OwnStore::DynamoDb(settings)) => self.open(settings, place, &own_place, builder).await,
            None => match of_keyring {
                Some(store) => self.of_keyring(place, wanted, &store, builder).await,
                None => Err(Problem::at(place)(
                    "[search.key_store] is missing, and [keyring] has no key_store: where are the beacon keys?",
                )),
            },
        }
    }

    async fn of_keyring(
        &self,
        place: &str,
        wanted: Option<&str>,
        store: &KeyringStore<'_>,
        builder: &mut Builder<'_>,
    ) -> Result<Arc<dyn BeaconKeySource>, Problem> {
        match &store.keys {
            StoreKeys::Static { branch_key_id, beacon_key: key } => {
                if let Some(wanted) = wanted.filter(|wanted| wanted != branch_key_id) {
                    let message = format!("{} is static and has no branch key `{wanted}`", store.place);
                    return Err(Problem::at(format!("{place}.branch_key_id"))(message));
                }
                if let Some(name) = self.cache_field {
                    let message = format!("{} is static, is in memory and needs no cache", store.place);
                    return Err(Problem::at(format!("{place}.{name}"))(message));
                }
                let key_place = format!("{}.beacon_key", store.place);
                let key = key.ok_or_else(|| Problem::at(&key_place)("it is missing, and [search] needs it"))?;
                Ok(Arc::new(StaticBeaconKeySource::new(*branch_key_id, beacon_key(key, &key_place, builder)?)))
            }
            StoreKeys::DynamoDb(settings) => self.open(settings, place, &store.place, builder).await,
        }
    }

    /// A store in DynamoDB, with the cache before it.
    async fn open(
        &self,
        settings: &StoreSettings,
        place: &str,
        store_place: &str,
        builder: &mut Builder<'_>,
    ) -> Result<Arc<dyn BeaconKeySource>, Problem> {
        let store = settings.open(builder.folder, &mut builder.aws).await;
        let store = Arc::new(store.map_err(Problem::at(store_place))?);
        Ok(match &self.cache {
            Some(cache) => Arc::new(cache.before_beacon_keys(store).map_err(Problem::at(place))?),
            None => store,
        })
    }
}

impl OwnStore {
    fn parse(mut fields: Fields<'_>) -> Result<Self, Problem> {
        if fields.choice("type", &["static", "dynamodb"])? == 1 {
            return Ok(Self::DynamoDb(Box::new(store_settings(fields)?)));
        }
        fields.only(&["type", "branch_key_version", "branch_key", "older_versions", "beacon_key", "beacon_keys"])?;
        // The form of the keyring's store. Search has no use for branch keys, so that they may be missing.
        let _: Option<KeySource> = fields.optional("branch_key")?;
        let _: Option<String> = fields.optional("branch_key_version")?;
        fields.tables("older_versions")?;
        match (fields.optional("beacon_key")?, fields.optional("beacon_keys")?) {
            (Some(key), None) => Ok(Self::Static(key)),
            (None, Some(keys)) => Ok(Self::StaticById(keys)),
            _ => {
                Err(fields
                    .contradiction("give one of beacon_key and beacon_keys, a table with one for each branch key"))
            }
        }
    }
}

fn beacon_key(key: &KeySource, place: &str, builder: &Builder<'_>) -> Result<BeaconKey, Problem> {
    BeaconKey::copy_from(&builder.secret(key, place)?).map_err(Problem::at(place))
}
