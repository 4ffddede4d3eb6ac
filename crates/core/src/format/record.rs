//! The canonical record: what tags and signatures are over (specification: `structured-encryption/footer.md`).
//!
//! header ‖ `u64` length ‖ full encryption context ‖ for each signed field, in the order of canonical paths:
//! path ‖ `u64` length ‖ `ENCRYPTED` ‖ stored value, or path ‖ `u64` length ‖ `PLAINTEXT` ‖ type id ‖ value.

use crate::context::EncryptionContext;
use crate::primitives::hash::{SHA384, Sha384};
use crate::serialize::{TypeId, ValueError, type_id, write_value};
use crate::value::AttributeValue;

/// Pieces are gathered to this size: a record of many small fields would otherwise spend its time in calls of the hash.
const GATHERED: usize = 4096;

/// The SHA-384 of a canonical record, fed field by field: no second copy of the item is made.
pub(crate) struct RecordHash {
    hash: Sha384,
    gathered: Vec<u8>,
    /// A value that has to be written to be hashed; kept for the next.
    written: Vec<u8>,
}

impl RecordHash {
    pub(crate) fn new(header: &[u8], context: &EncryptionContext) -> Self {
        let mut record = Self { hash: Sha384::new(), gathered: Vec::with_capacity(GATHERED), written: Vec::new() };
        record.add(header);
        record.add(&length(context.serialized()));
        record.add(context.serialized());
        record
    }

    /// An encrypted field as it is stored: type id, ciphertext and tag. The length leaves the type id out.
    pub(crate) fn encrypted(&mut self, path: &[u8], stored: &[u8]) {
        let mut middle = [0; 8 + b"ENCRYPTED".len()];
        let (size, word) = middle.split_at_mut(8);
        size.copy_from_slice(&length(stored.get(2..).unwrap_or_default()));
        word.copy_from_slice(b"ENCRYPTED");
        self.add(path);
        self.add(&middle);
        self.add(stored);
    }

    /// A field that is only signed: text and bytes straight from the item, the rest through a buffer.
    pub(crate) fn plain(&mut self, path: &[u8], value: &AttributeValue) -> Result<(), ValueError> {
        match value {
            AttributeValue::S(text) => self.plain_bytes(path, type_id(value), text.as_bytes()),
            AttributeValue::B(bytes) => self.plain_bytes(path, type_id(value), bytes),
            value => {
                let mut written = std::mem::take(&mut self.written);
                written.clear();
                write_value(value, &mut written)?;
                self.plain_bytes(path, type_id(value), &written);
                self.written = written;
            }
        }
        Ok(())
    }

    fn plain_bytes(&mut self, path: &[u8], type_id: TypeId, value: &[u8]) {
        self.add(path);
        self.add(&length(value));
        self.add(b"PLAINTEXT");
        self.add(&type_id);
        self.add(value);
    }

    pub(crate) fn finish(mut self) -> [u8; SHA384] {
        self.flush();
        self.hash.finish()
    }

    fn add(&mut self, bytes: &[u8]) {
        if self.gathered.len() + bytes.len() > GATHERED {
            self.flush();
        }
        if bytes.len() > GATHERED {
            self.hash.update(bytes);
        } else {
            self.gathered.extend_from_slice(bytes);
        }
    }

    fn flush(&mut self) {
        self.hash.update(&self.gathered);
        self.gathered.clear();
    }
}

fn length(bytes: &[u8]) -> [u8; 8] {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the pieces are, the hash is that of all bytes in their order, and little of them is held meanwhile: nobody
    /// who sends a long value makes a second copy of it.
    #[test]
    fn pieces_of_every_size() {
        const SIZES: [usize; 8] = [0, 1, 2, 100, GATHERED - 1, GATHERED, GATHERED + 1, 3 * GATHERED];
        let piece = |size: usize, from: u8| -> Vec<u8> { (from..=250).cycle().take(size).collect() };
        let context = EncryptionContext::new();
        for first in SIZES {
            for second in SIZES {
                for third in SIZES {
                    let pieces = [piece(first, 0), piece(second, 1), piece(third, 2), piece(1, 3)];
                    let mut record = RecordHash::new(&[], &context);
                    for piece in &pieces {
                        record.add(piece);
                        assert!(record.gathered.len() <= GATHERED, "{first} {second} {third}");
                    }
                    let mut whole = Sha384::new();
                    // An empty context: the length of its count, and the count.
                    whole.update(&[0, 0, 0, 0, 0, 0, 0, 2, 0, 0]);
                    whole.update(&pieces.concat());
                    assert_eq!(record.finish(), whole.finish(), "{first} {second} {third}");
                }
            }
        }
    }

    #[test]
    fn many_small_pieces() {
        let mut record = RecordHash::new(b"head", &EncryptionContext::new());
        let mut whole = Sha384::new();
        whole.update(b"head\0\0\0\0\0\0\0\x02\0\0");
        for index in 0..20_000_u32 {
            let bytes = index.to_be_bytes();
            record.add(&bytes);
            whole.update(&bytes);
            assert!(record.gathered.len() <= GATHERED);
        }
        assert_eq!(record.finish(), whole.finish());
    }
}
