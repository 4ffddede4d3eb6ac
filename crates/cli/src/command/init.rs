//! `dynaseal init`: a table.toml after a table that is there, or after a sample of its items.

mod sample;
mod write;

use std::path::{Path, PathBuf};

use dynaseal::sdk::from_sdk;

use self::sample::Sample;
use self::write::Writer;
use super::keygen::symmetric;
use super::table::time_to_live;
use crate::args::InitArgs;
use crate::database::{CallError, Database};
use crate::input;
use crate::new_file::{self, NewFileError, Readers};
use crate::output::{Failure, Output, note, visible};
use crate::preflight;

/// Nothing to begin with.
#[derive(Debug, thiserror::Error)]
enum InitError {
    #[error(
        "the table {table}{place} does not say its keys, and without them there is no table.toml: allow dynamodb:DescribeTable, or give a file with items to --sample"
    )]
    NoDescription {
        table: String,
        place: String,
        #[source]
        source: CallError,
    },
    #[error("there are no items in the sample: give some, as they would be put")]
    EmptySample,
    #[error(
        "{count} of the {all} items are sealed already, and there are no others: use the table.toml that sealed them (`dynaseal inspect` shows what an item was sealed for)"
    )]
    Sealed { count: usize, all: usize },
    #[error(
        "{refused} of the sample cannot be read: mend or take out what is named above, so that no attribute is missed"
    )]
    Refused { refused: String },
    #[error("the key attribute `{name}` is not in {without} of the {all} items of the sample")]
    NoKey { name: String, without: usize, all: usize },
    #[error("{} is no UTF-8, and table.toml could not name it: give another name with --key-file", .0.display())]
    NoText(PathBuf),
}

pub(crate) fn run(args: &InitArgs) -> Result<(), Failure> {
    // What is there is not overwritten, and that is said before a table is asked.
    if args.output.symlink_metadata().is_ok() {
        return Err(NewFileError::Exists { path: args.output.clone(), option: "--output" }.into());
    }
    let sample = match args.sample.as_slice() {
        [] => super::runtime()?.block_on(of_table(args))?,
        files => of_files(args, files)?,
    };
    let (count, sealed) = (sample.items(), sample.sealed);
    if sealed > 0 && sealed == count {
        return Err(InitError::Sealed { count: sealed, all: count }.into());
    }
    if sealed > 0 {
        note(&format!("warning: {sealed} of {count} items are sealed already, and were not looked at"));
    }
    if let Some(format) = sample.older {
        note(&format!(
            "warning: there are items of {format}: they need [legacy] in table.toml, with the keys and actions of that client"
        ));
    }
    let key_file = key_file(args)?;
    let text = Writer { args, sample: &sample, key_file: key_file.as_deref() }.text();
    write(args, &text, key_file.as_deref())?;
    let mut output = Output::new();
    for line in write::next(args, &sample, key_file.as_deref()) {
        output.line(visible(&line))?;
    }
    Ok(())
}

/// The key's name in table.toml; none if AWS KMS has it.
fn key_file(args: &InitArgs) -> Result<Option<String>, Failure> {
    if args.kms_key_id.is_some() {
        return Ok(None);
    }
    let path = match (&args.key_file, args.output.file_stem()) {
        (Some(path), _) => path.clone(),
        (None, Some(stem)) => Path::new(stem).with_extension("key"),
        (None, None) => PathBuf::from("table.key"),
    };
    let text = path.to_str().ok_or_else(|| InitError::NoText(path.clone()))?;
    Ok(Some(text.to_owned()))
}

/// Writes both files, or neither.
fn write(args: &InitArgs, text: &str, key_file: Option<&str>) -> Result<(), Failure> {
    let folder = args.output.parent().unwrap_or(Path::new(""));
    let key_path = key_file.map(|file| folder.join(file));
    if let Some(path) = &key_path {
        if path.symlink_metadata().is_ok() {
            return Err(NewFileError::Exists { path: path.clone(), option: "--key-file" }.into());
        }
        symmetric::<32>(path)?;
    }
    new_file::create(&args.output, text.as_bytes(), Readers::All, "--output").map_err(|error| {
        // The key was made a moment ago, and nobody has used it.
        if let Some(path) = &key_path {
            let _ = std::fs::remove_file(path);
        }
        error.into()
    })
}

fn of_files(args: &InitArgs, files: &[PathBuf]) -> Result<Sample, Failure> {
    let partition_key = args.partition_key.clone().unwrap_or_default();
    let mut sample = Sample::new(partition_key, args.sort_key.clone());
    let mut refused = 0;
    input::read(files, |place, item| {
        match item {
            Ok(item) => sample.add(&item),
            Err(error) => {
                refused += 1;
                crate::output::complain(place, &error);
            }
        }
        Ok(())
    })?;
    if refused > 0 {
        return Err(InitError::Refused { refused: crate::output::items(refused) }.into());
    }
    if sample.items() == 0 {
        return Err(InitError::EmptySample.into());
    }
    let all = sample.items();
    if let Some((name, without)) = sample.missing_key() {
        return Err(InitError::NoKey { name: name.to_owned(), without, all }.into());
    }
    Ok(sample)
}

/// Asks the table for its keys and indexes, by what items expire, and for some items.
async fn of_table(args: &InitArgs) -> Result<Sample, Failure> {
    let database = Database::open_as_stored(&args.table, &args.database).await?;
    let found = preflight::describe(&database).await?.map_err(|source| {
        let (table, place) = (args.table.clone(), database.place());
        InitError::NoDescription { table, place, source }
    })?;
    let mut sample = Sample::of_table(&found);
    match time_to_live(&database).await {
        Ok(ttl) => sample.ttl = ttl,
        Err(error) => note(&format!("warning: by what items expire is not known, and not in table.toml: {error}")),
    }
    let scan = database.client.scan().table_name(&args.table);
    let mut pages = scan.limit(i32::try_from(args.items.get()).unwrap_or(i32::MAX)).into_paginator().send();
    while sample.items() < args.items.get()
        && let Some(page) = pages.next().await
    {
        let page = page.map_err(|error| database.failed("Scan", &error))?;
        let left = args.items.get() - sample.items();
        for item in page.items.unwrap_or_default().into_iter().take(left) {
            sample.add(&from_sdk(item).map_err(|error| CallError::of_item(&error))?);
        }
    }
    Ok(sample)
}
