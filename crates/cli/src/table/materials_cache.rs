//! `[materials_cache]`: materials that are used more than once. Without it, each item has materials of its own.

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use dynaseal::kms::SystemClock;
use dynaseal::{CachingCmm, CachingLimits, Cmm};

use super::fields::Fields;
use super::problem::Problem;

/// The limits of a caching CMM.
#[derive(Debug)]
pub(super) struct MaterialsCacheTable {
    limits: CachingLimits,
}

const FIELDS: [&str; 4] = ["capacity", "max_age_seconds", "max_messages", "max_bytes"];

impl MaterialsCacheTable {
    pub(super) fn parse(mut fields: Fields<'_>) -> Result<Self, Problem> {
        fields.only(&FIELDS)?;
        let (capacity, max_age): (NonZeroUsize, NonZeroU64) =
            (fields.required("capacity")?, fields.required("max_age_seconds")?);
        let (messages, bytes): (Option<NonZeroU64>, Option<NonZeroU64>) =
            (fields.optional("max_messages")?, fields.optional("max_bytes")?);
        let limits = CachingLimits::new(capacity, Duration::from_secs(max_age.get()));
        let limits = messages.map(NonZeroU64::get).into_iter().fold(limits, CachingLimits::max_messages);
        let limits = bytes.map(NonZeroU64::get).into_iter().fold(limits, CachingLimits::max_bytes);
        Ok(Self { limits })
    }

    /// With this cache before it.
    pub(super) fn before(&self, cmm: Arc<dyn Cmm>) -> Arc<dyn Cmm> {
        Arc::new(CachingCmm::new(cmm, self.limits, Arc::new(SystemClock::default())))
    }
}
