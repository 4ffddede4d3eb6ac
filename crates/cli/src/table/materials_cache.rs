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
        let mut limits = CachingLimits::new(capacity, Duration::from_secs(max_age.get()));
        for (name, limit) in [
            ("max_messages", CachingLimits::max_messages as fn(CachingLimits, u64) -> CachingLimits),
            ("max_bytes", CachingLimits::max_bytes),
        ] {
            let value: Option<NonZeroU64> = fields.optional(name)?;
            limits = value.map(NonZeroU64::get).into_iter().fold(limits, limit);
        }
        Ok(Self { limits })
    }

    /// With this cache before it.
    pub(super) fn before(&self, cmm: Arc<dyn Cmm>) -> Arc<dyn Cmm> {
        Arc::new(CachingCmm::new(cmm, self.limits, Arc::new(SystemClock::default())))
    }
}
