//! `dynaseal attribute`: single values that carry their own protection.

use std::path::PathBuf;

use dynaseal::{CryptoError, ParsedAttribute, PassphraseRecipe, SystemRandom};
use serde_json::{Value, json};

use crate::args::AttributeCommand;
use crate::attribute::{Attribute, ValueError, stored};
use crate::input;
use crate::output::{Failure, Output, complain, sorted};

pub(crate) fn run(command: &AttributeCommand) -> Result<(), Failure> {
    match command {
        AttributeCommand::Seal(args) => {
            let attribute = Attribute::to_seal(args)?;
            // Between values of JSON there may be air.
            transform(&args.values.files, |line| match line {
                "" => Ok(None),
                line => attribute.seal(line).map(Some),
            })
        }
        AttributeCommand::Open(args) => {
            let attribute = Attribute::to_open(args)?;
            transform(&args.values.files, |line| attribute.open(line).map(Some))
        }
        AttributeCommand::Inspect(args) => {
            transform(&args.files, |line| inspect(line).map(|inspection| Some(sorted(inspection).to_string())))
        }
        AttributeCommand::Recipe => recipe(),
    }
}

/// Turns lines into lines, or into nothing; those that are refused are complained about and counted.
fn transform(
    files: &[PathBuf],
    mut run: impl FnMut(&str) -> Result<Option<String>, ValueError>,
) -> Result<(), Failure> {
    let mut output = Output::new();
    let mut refused = 0;
    input::read_lines(files, |place, line| {
        let result = line.map_err(ValueError::from).and_then(&mut run);
        match result {
            Ok(Some(line)) => output.line(line),
            Ok(None) => Ok(()),
            Err(error) => {
                refused += 1;
                complain(place, &error);
                Ok(())
            }
        }
    })?;
    if refused == 0 { Ok(()) } else { Err(Failure::Values(refused)) }
}

fn inspect(line: &str) -> Result<Value, ValueError> {
    let stored = stored(line)?;
    let parsed = ParsedAttribute::parse(&stored)?;
    Ok(json!({
        // The only one that is parsed.
        "version": 1,
        "suite": parsed.suite().to_string(),
        "type": parsed.type_name(),
        "key_id": parsed.key_id(),
        "bytes": { "stored": stored.len(), "value": parsed.plaintext_length() },
    }))
}

fn recipe() -> Result<(), Failure> {
    let recipe: Result<_, CryptoError> = PassphraseRecipe::generate(&SystemRandom);
    Output::new().line(recipe?)
}
