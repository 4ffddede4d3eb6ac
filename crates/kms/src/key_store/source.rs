//! The key store as keyrings and searches see it: without a cache, and with their errors.

use std::sync::Arc;

use dynaseal_core::{BeaconKey, BeaconKeySource, BoxFuture, BranchKeyMaterials, BranchKeySource, MaterialsError};
use uuid::Uuid;

use super::{KeyStore, KeyStoreError};
use crate::client::KmsErrorKind;

impl BranchKeySource for KeyStore {
    fn logical_key_store_name(&self) -> Option<&str> {
        Some(&self.options.logical_name)
    }

    fn active<'a>(&'a self, branch_key_id: &'a str) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        Box::pin(async move {
            let key = self.active_branch_key(branch_key_id).await;
            key.map(Arc::new).map_err(|error| self.materials_error(branch_key_id, None, error))
        })
    }

    fn version<'a>(
        &'a self,
        branch_key_id: &'a str,
        version: Uuid,
    ) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        Box::pin(async move {
            let key = self.branch_key_version(branch_key_id, version).await;
            key.map(Arc::new).map_err(|error| self.materials_error(branch_key_id, Some(version), error))
        })
    }
}

/// Each call asks the table and AWS KMS, and gives another `Arc`.
impl BeaconKeySource for KeyStore {
    fn beacon_key<'a>(&'a self, branch_key_id: &'a str) -> BoxFuture<'a, Result<Arc<BeaconKey>, MaterialsError>> {
        Box::pin(async move {
            // The store's own method, not this one.
            let materials = KeyStore::beacon_key(self, branch_key_id).await;
            materials
                .map(|materials| Arc::new(materials.key))
                .map_err(|error| self.materials_error(branch_key_id, None, error))
        })
    }

    fn logical_key_store_name(&self) -> Option<&str> {
        Some(&self.options.logical_name)
    }
}

impl KeyStore {
    fn materials_error(&self, id: &str, version: Option<Uuid>, error: KeyStoreError) -> MaterialsError {
        match error {
            KeyStoreError::NotFound { .. } => {
                let (branch_key_id, version) = (id.to_owned(), version.map(|version| version.to_string()));
                MaterialsError::NoBranchKey { branch_key_id, version }
            }
            error => {
                let what = format!("the branch key store {}", self.options.table_name);
                let is_denied =
                    matches!(&error, KeyStoreError::Kms { source, .. } if source.kind == KmsErrorKind::Denied);
                let source = Box::new(error);
                if is_denied {
                    MaterialsError::Denied { what, source }
                } else {
                    MaterialsError::Service { what, source }
                }
            }
        }
    }
}
