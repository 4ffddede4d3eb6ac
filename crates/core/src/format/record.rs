//! The canonical record: what tags and signatures are over (specification: `structured-encryption/footer.md`).
//!
//! header ‖ `u64` length ‖ full encryption context ‖ for each signed field, in the order of canonical paths:
//! path ‖ `u64` length ‖ `ENCRYPTED` ‖ stored value, or path ‖ `u64` length ‖ `PLAINTEXT` ‖ type id ‖ value.

use crate::context::EncryptionContext;
use crate::primitives::hash::{SHA384, Sha384};
use crate::serialize::TypeId;

/// The SHA-384 of a canonical record, fed field by field: no second copy of the item is made.
pub(crate) struct RecordHash(Sha384);

impl RecordHash {
    pub(crate) fn new(header: &[u8], context: &EncryptionContext) -> Self {
        let mut hash = Sha384::new();
        hash.update(header);
        hash.update(&length(context.serialized()));
        hash.update(context.serialized());
        Self(hash)
    }

    /// An encrypted field as it is stored: type id, ciphertext and tag. The length leaves the type id out.
    ///
    /// `path` is a buffer that holds the canonical path; what is hashed with it is appended there.
    pub(crate) fn encrypted(&mut self, path: &mut Vec<u8>, stored: &[u8]) {
        path.extend_from_slice(&length(stored.get(2..).unwrap_or_default()));
        path.extend_from_slice(b"ENCRYPTED");
        self.0.update(path);
        self.0.update(stored);
    }

    /// A field that is only signed.
    pub(crate) fn plain(&mut self, path: &mut Vec<u8>, type_id: TypeId, value: &[u8]) {
        path.extend_from_slice(&length(value));
        path.extend_from_slice(b"PLAINTEXT");
        path.extend_from_slice(&type_id);
        self.0.update(path);
        self.0.update(value);
    }

    pub(crate) fn finish(self) -> [u8; SHA384] {
        self.0.finish()
    }
}

fn length(bytes: &[u8]) -> [u8; 8] {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes()
}
