//! One span for each operation on a sealed table: names, counts, sizes and times. Never a value and never a key.

use std::time::Duration;

use dynaseal_ops::Measure;
use tracing::Span;
use tracing::field::Empty;

/// The span of an operation; the tables are asked for if somebody listens.
pub(crate) fn span(operation: &'static str, tables: impl FnOnce() -> String) -> Span {
    let span = tracing::debug_span!(
        target: "dynaseal",
        "dynaseal",
        operation,
        tables = Empty,
        sealed = Empty,
        sealed_bytes = Empty,
        sealed_us = Empty,
        opened = Empty,
        opened_bytes = Empty,
        opened_us = Empty,
        failed = Empty,
    );
    if !span.is_disabled() {
        span.record("tables", tables());
    }
    span
}

/// Writes down what it came to.
pub(crate) fn record(span: &Span, measure: &Measure, failed: bool) {
    if span.is_disabled() {
        return;
    }
    let microseconds = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    span.record("sealed", measure.sealed);
    span.record("sealed_bytes", measure.sealed_bytes);
    span.record("sealed_us", microseconds(measure.sealing));
    span.record("opened", measure.opened);
    span.record("opened_bytes", measure.opened_bytes);
    span.record("opened_us", microseconds(measure.opening));
    span.record("failed", failed);
}
