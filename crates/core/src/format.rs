//! The bytes of a record: one file for each part, with its reader and its writer side by side.

mod footer;
mod header;
mod record;

pub use footer::Footer;
pub use header::Header;

pub use crate::serialize::{TypeId, read_value, type_id, write_value};

pub(crate) use footer::write as write_footer;
pub(crate) use header::{commit, write_body};
pub(crate) use record::RecordHash;
