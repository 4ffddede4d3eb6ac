//! What was written: the options of a struct and of its fields, each with its place. What fits together is no matter here.

mod read;

use proc_macro2::{Ident, Span};
use syn::{Path, Type, Visibility};

use crate::names::Case;

pub(crate) use read::read;

/// Something and where it stands.
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// A struct.
pub(crate) struct Model {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) options: Options,
    pub(crate) fields: Vec<Field>,
}

/// The options of a struct.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) table: Option<At<String>>,
    pub(crate) region: Option<At<String>>,
    pub(crate) billing: Option<At<Billing>>,
    pub(crate) rename_all: Option<Case>,
    pub(crate) record: Option<Span>,
    pub(crate) no_debug: Option<Span>,
    pub(crate) projections: Vec<Projection>,
    /// Whether something of them could not be read: what is missing is no second mistake then.
    pub(crate) broken: bool,
}

pub(crate) enum Billing {
    PayPerRequest,
    Provisioned { read: Option<At<i64>>, write: Option<At<i64>> },
}

/// `projection(…)`
pub(crate) struct Projection {
    pub(crate) span: Span,
    pub(crate) index: Option<At<String>>,
    pub(crate) keys_only: Option<Span>,
    pub(crate) include: Option<At<Vec<At<String>>>>,
    pub(crate) broken: bool,
}

/// A field with its options.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) options: FieldOptions,
}

#[derive(Default)]
pub(crate) struct FieldOptions {
    pub(crate) partition_key: Option<Span>,
    pub(crate) sort_key: Option<Span>,
    pub(crate) rename: Option<At<String>>,
    pub(crate) default: Option<At<Option<Path>>>,
    pub(crate) skip: Option<Span>,
    pub(crate) with: Option<At<With>>,
    pub(crate) version: Option<Span>,
    pub(crate) ttl: Option<Span>,
    pub(crate) seal: Option<At<Seal>>,
    pub(crate) also_reads: Option<Span>,
    pub(crate) sign: Option<Span>,
    pub(crate) context: Option<Span>,
    pub(crate) plain: Option<Span>,
    pub(crate) beacon: Option<At<Beacon>>,
    pub(crate) indexes: Vec<IndexMark>,
    /// As that of the struct.
    pub(crate) broken: bool,
}

pub(crate) enum With {
    Json,
    Serde,
    Module(Path),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seal {
    Randomised,
    Deterministic,
}

/// `beacon(…)`
pub(crate) struct Beacon {
    pub(crate) length: Option<At<i64>>,
    pub(crate) broken: bool,
}

/// `global_index(…)` or `local_index(…)` on a field.
pub(crate) struct IndexMark {
    pub(crate) span: Span,
    pub(crate) local: bool,
    pub(crate) name: Option<At<String>>,
    pub(crate) partition_key: Option<Span>,
    pub(crate) sort_key: Option<Span>,
    pub(crate) broken: bool,
}
