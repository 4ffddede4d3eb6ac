//! Key services that are down. Of one item more nobody learns anything new, and each is a wait of seconds.

use std::error::Error;
use std::sync::Arc;

use dynaseal::MaterialsError;
use dynaseal::kms::{KmsError, KmsErrorKind};

/// How many equal failures in a row are enough.
const ENOUGH: usize = 3;

/// A key service failed again and again.
#[derive(Debug, thiserror::Error)]
#[error(
    "{place}: the key service failed {ENOUGH} times in a row with the same error, so what stands behind was not tried"
)]
pub(crate) struct Outage {
    place: String,
}

/// Counts what went wrong with key services.
#[derive(Debug, Default)]
pub(crate) struct Outages {
    last: Option<String>,
    count: usize,
    has_worked: bool,
}

/// A failure of a key service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceFailure {
    /// Equal for equal failures.
    what: String,
    /// Whether it may be about the key of one item alone.
    of_key: bool,
}

impl Outages {
    /// An item came through.
    pub(crate) fn worked(&mut self) {
        *self = Self { has_worked: true, ..Self::default() };
    }

    /// An item did not.
    ///
    /// # Errors
    /// If that happens again and again, and always because of the same service.
    pub(crate) fn failed(&mut self, place: &str, failure: Option<&ServiceFailure>) -> Result<(), Outage> {
        // Where one item opens, the keys of others may still be forbidden.
        let Some(failure) = failure.filter(|failure| !failure.of_key || !self.has_worked) else {
            (self.last, self.count) = (None, 0);
            return Ok(());
        };
        if self.last.as_deref() != Some(&failure.what) {
            (self.last, self.count) = (Some(failure.what.clone()), 0);
        }
        self.count += 1;
        if self.count < ENOUGH { Ok(()) } else { Err(Outage { place: place.to_owned() }) }
    }
}

impl ServiceFailure {
    /// Finds it among an error and its causes.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            let materials = error.downcast_ref::<MaterialsError>();
            let materials = materials.or_else(|| error.downcast_ref::<Box<MaterialsError>>().map(|error| &**error));
            let materials = materials.or_else(|| error.downcast_ref::<Arc<MaterialsError>>().map(|error| &**error));
            match materials {
                Some(MaterialsError::Service { what, source } | MaterialsError::Denied { what, source }) => {
                    return Self::of_service(what, &**source);
                }
                Some(MaterialsError::Shared(error)) => return Self::of(&**error),
                // Each of them has to be down: what another one says is of the item.
                Some(MaterialsError::NoChild(children)) => {
                    let failures: Option<Vec<Self>> = children.iter().map(|child| Self::of(child)).collect();
                    return failures?.into_iter().next();
                }
                _ => cause = error.source(),
            }
        }
        None
    }

    fn of_service(what: &str, source: &(dyn Error + 'static)) -> Option<Self> {
        let mut cause = Some(source);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<KmsError>() {
                let of_key = match error.kind {
                    KmsErrorKind::WrongCiphertext => return None,
                    KmsErrorKind::TimedOut | KmsErrorKind::Unreachable | KmsErrorKind::Throttled => false,
                    _ => true,
                };
                let what = format!("{} {} {:?}", error.operation, error.key_id, error.kind);
                return Some(Self { what, of_key });
            }
            cause = error.source();
        }
        Some(Self { what: format!("{what}: {source}"), of_key: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_failures_in_a_row_are_an_outage() {
        let down = |what: &str| ServiceFailure { what: what.to_owned(), of_key: false };
        let forbidden = ServiceFailure { what: "key".to_owned(), of_key: true };
        let mut outages = Outages::default();
        let mut fails = |failure: Option<&ServiceFailure>| outages.failed("here", failure).is_err();
        assert_eq!([fails(Some(&down("a"))), fails(Some(&down("a"))), fails(Some(&down("b")))], [false; 3]);
        assert_eq!([fails(Some(&down("b"))), fails(None), fails(Some(&down("b")))], [false; 3]);
        assert_eq!([fails(Some(&down("b"))), fails(Some(&down("b")))], [false, true]);
        let mut outages = Outages::default();
        assert_eq!([1, 2, 3].map(|_| outages.failed("here", Some(&forbidden)).is_err()), [false, false, true]);
        outages.worked();
        assert_eq!([1, 2, 3].map(|_| outages.failed("here", Some(&forbidden)).is_err()), [false; 3]);
        assert_eq!([1, 2, 3].map(|_| outages.failed("here", Some(&down("a"))).is_err()), [false, false, true]);
    }

    #[test]
    fn failures_are_found_behind_keyrings_of_keyrings() {
        let kms = |kind| MaterialsError::Service {
            what: "AWS KMS".to_owned(),
            source: Box::new(KmsError {
                operation: "Decrypt",
                key_id: "k".to_owned(),
                kind,
                message: "request 1".to_owned(),
            }),
        };
        let of = |error: MaterialsError| ServiceFailure::of(&error).map(|failure| failure.of_key);
        assert_eq!(of(kms(KmsErrorKind::Unreachable)), Some(false));
        assert_eq!(of(kms(KmsErrorKind::Denied)), Some(true));
        assert_eq!(of(kms(KmsErrorKind::WrongCiphertext)), None);
        assert_eq!(of(MaterialsError::NoDataKey), None);
        let child = MaterialsError::Child { index: 0, source: Box::new(kms(KmsErrorKind::TimedOut)) };
        assert_eq!(of(child), Some(false));
        let both = vec![kms(KmsErrorKind::Unreachable), kms(KmsErrorKind::Unreachable)];
        assert_eq!(of(MaterialsError::NoChild(both)), Some(false));
        let one = vec![kms(KmsErrorKind::Unreachable), MaterialsError::NoDataKey];
        assert_eq!(of(MaterialsError::NoChild(one)), None);
    }
}
