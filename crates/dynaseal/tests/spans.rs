//! The example of spans, in a process of its own: `tracing` remembers for each place whether anybody listens, and a test of
//! another thread, where nobody does, may be the first to come by.

#![allow(dead_code, reason = "an example's `main` does nothing but call its `run`, as is done here")]

#[path = "../examples/spans.rs"]
mod spans;

#[tokio::test]
async fn runs() -> Result<(), Box<dyn std::error::Error>> {
    spans::run().await
}
