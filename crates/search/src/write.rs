//! Beacons of an item that is written (specification: `dynamodb-encryption-client/ddb-support.md`, AddSignedBeacons,
//! GetEncryptedBeacons, HandleBeaconKeyFieldName).

use std::fmt;

use dynaseal_core::{AttributeValue, Item, ParsedHeader};

use crate::error::BeaconError;
use crate::keys::Owner;
use crate::search::Search;
use crate::standard::Maker;

/// Encrypted beacons of an item, on their way.
pub struct PendingBeacons(Pending);

/// Without what they are made from.
impl fmt::Debug for PendingBeacons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingBeacons").finish_non_exhaustive()
    }
}

enum Pending {
    Made(Item),
    /// Whose key it is shows only when the item is sealed.
    Waiting {
        /// The attributes that beacons are made from, in the clear.
        sources: Item,
        partition: u8,
        /// Whose the item says it is.
        tenant: Option<AttributeValue>,
    },
}

impl Search {
    /// Before an item is sealed: adds its signed beacons, takes out the attribute that only names the tenant, and makes the
    /// encrypted beacons as far as that can be done yet.
    ///
    /// # Errors
    /// If a beacon can not be made, or the item has a signed beacon with another value. The item is as it was then.
    pub async fn before_sealing(&self, item: &mut Item) -> Result<PendingBeacons, BeaconError> {
        let partition = self.choose_partition(item)?;
        let signed = self.signed_values(item)?;
        let pending = match self.keys.owner() {
            Owner::Table { branch_key_id } => {
                Pending::Made(self.encrypted_values(item, branch_key_id, partition).await?)
            }
            Owner::Tenant { key_field } => {
                let tenant = item.get(key_field).cloned();
                let source = |name: &String| Some((name.clone(), item.get(name)?.clone()));
                let signed = self.compound.iter().flat_map(|beacon| beacon.signed_sources());
                let names = self.sources.iter().cloned().chain(signed.map(str::to_owned));
                Pending::Waiting { sources: names.filter_map(|name| source(&name)).collect(), partition, tenant }
            }
        };
        item.extend(signed);
        if let Some(name) = &self.dropped {
            item.remove(name);
        }
        Ok(PendingBeacons(pending))
    }

    /// The encrypted beacons of an item that was sealed, as attributes to add to it. `header` is what sealing gave.
    ///
    /// # Errors
    /// If it is a tenant's and not sealed for one tenant alone, a beacon can not be made, or there is no key.
    pub async fn after_sealing(&self, pending: PendingBeacons, header: &ParsedHeader) -> Result<Item, BeaconError> {
        match pending.0 {
            Pending::Made(beacons) => Ok(beacons),
            Pending::Waiting { sources, partition, tenant } => {
                let branch_key_id = header.branch_key_id().ok_or(BeaconError::NoTenant)?;
                if tenant.is_some_and(|tenant| tenant != AttributeValue::S(branch_key_id.to_owned())) {
                    return Err(BeaconError::OtherTenant { branch_key_id: branch_key_id.to_owned() });
                }
                self.encrypted_values(&sources, branch_key_id, partition).await
            }
        }
    }

    /// All that search adds to a plain item: signed and encrypted beacons. In the partition that the selector chooses, or
    /// in this one. `branch_key_id` says whose item it is where each tenant has a key of its own.
    ///
    /// # Errors
    /// If a beacon can not be made, or there is no key.
    pub async fn beacons_of(
        &self,
        item: &Item,
        partition: Option<u8>,
        branch_key_id: Option<&str>,
    ) -> Result<Item, BeaconError> {
        let partition = match partition {
            Some(partition) => self.check_partition(partition)?,
            None => self.choose_partition(item)?,
        };
        let branch_key_id = match (self.keys.owner(), branch_key_id) {
            (Owner::Table { branch_key_id }, _) => branch_key_id,
            (Owner::Tenant { .. }, Some(branch_key_id)) => branch_key_id,
            (Owner::Tenant { key_field }, None) => match item.get(key_field) {
                Some(AttributeValue::S(text)) => text,
                _ => return Err(BeaconError::NoTenant),
            },
        };
        let mut beacons = self.signed_values(item)?;
        beacons.extend(self.encrypted_values(item, branch_key_id, partition).await?);
        Ok(beacons)
    }

    fn choose_partition(&self, item: &Item) -> Result<u8, BeaconError> {
        if self.maximum == 1 {
            return Ok(0);
        }
        let chosen = self.selector.partition(item, self.maximum, self.table.logical_table_name());
        self.check_partition(chosen.map_err(BeaconError::Selector)?)
    }

    fn check_partition(&self, partition: u8) -> Result<u8, BeaconError> {
        match partition < self.maximum {
            true => Ok(partition),
            false => Err(BeaconError::Partition { partition, partitions: self.maximum }),
        }
    }

    fn signed_values(&self, item: &Item) -> Result<Item, BeaconError> {
        let mut values = Item::new();
        for beacon in self.compound.iter().filter(|beacon| beacon.is_signed()) {
            let made = beacon.of_item(item, self.ingredients(), None)?.map(AttributeValue::S);
            // Also one that can not be made: it would be found under what the item no longer says.
            if item.get(&beacon.stored).is_some_and(|given| Some(given) != made.as_ref()) {
                return Err(BeaconError::Mismatch { beacon: beacon.name.clone() });
            }
            values.extend(made.map(|value| (beacon.stored.clone(), value)));
        }
        Ok(values)
    }

    async fn encrypted_values(&self, item: &Item, branch_key_id: &str, partition: u8) -> Result<Item, BeaconError> {
        let keys = self.keys.of(branch_key_id).await.map_err(|source| {
            let branch_key_id = branch_key_id.to_owned();
            BeaconError::Keys { branch_key_id, source }
        })?;
        let maker = Maker { keys: &keys, partition };
        let mut values = Item::new();
        let mut scratch = Vec::new();
        for beacon in self.standard.iter().filter(|beacon| !beacon.part_only) {
            if let Some(value) = beacon.of_item(item, &self.fields, maker, &mut scratch)? {
                values.insert(beacon.stored.clone(), value);
            }
        }
        for beacon in self.compound.iter().filter(|beacon| !beacon.is_signed()) {
            if let Some(text) = beacon.of_item(item, self.ingredients(), Some(maker))? {
                values.insert(beacon.stored.clone(), AttributeValue::S(text));
            }
        }
        Ok(values)
    }
}
