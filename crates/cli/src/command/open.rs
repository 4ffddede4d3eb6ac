//! `dynaseal open`: sealed items to plain items, on all processors.

use dynaseal::{Item, ItemEncryptor, ItemError, OpenedItem};
use futures_util::{StreamExt as _, stream};

use crate::args::OpenArgs;
use crate::input::{self, Document, Input, InputError, Place, Read, Role};
use crate::outage::{Outages, ServiceFailure};
use crate::output::{Failure, Output, complain, outcome};
use crate::table::{self, Keys};

/// How many items wait for AWS at once, on all threads together.
const AT_ONCE: usize = 64;

/// What became of a document.
struct Opened {
    place: Place,
    line: Option<String>,
    refused: Vec<OpenError>,
}

#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Item(#[from] ItemError),
    #[error("`{role}`")]
    Image { role: Role, source: ItemError },
    #[error("Records[{index}]")]
    InBatch { index: usize, source: Box<Self> },
}

pub(crate) fn run(args: &OpenArgs) -> Result<(), Failure> {
    // Not a runtime for each thread: a connection that one of them opened serves the others, whatever they do.
    let runtime = super::all_cores()?;
    let table = runtime.block_on(table::sealed_table(&args.config, None, Keys::Keyring))?;
    let threads = super::threads(args.threads);
    let input = Input { files: &args.files, form: args.input, threads };
    let at_once = (AT_ONCE / threads).max(1);

    let mut output = Output::to(&args.output)?;
    let (mut refused, mut outages) = (0, Outages::default());
    let work = |documents| runtime.handle().block_on(open_all(table.encryptor(), documents, at_once));
    input::documents(&input, work, |Opened { place, line, refused: errors }| {
        refused += errors.len();
        for error in &errors {
            let place = place.to_string();
            complain(&place, error);
            outages.failed(&place, ServiceFailure::of(error).as_ref())?;
        }
        let Some(line) = line else { return Ok(()) };
        if errors.is_empty() {
            outages.worked();
        }
        output.line(line)
    })?;
    output.finish()?;
    outcome(refused)
}

async fn open_all(encryptor: &ItemEncryptor, mut documents: Vec<Read>, at_once: usize) -> Vec<Opened> {
    let images = documents.iter_mut().filter_map(|(_, document)| document.as_mut().ok()).flat_map(Document::images_mut);
    let items: Vec<Item> = images.map(|image| std::mem::take(&mut image.item)).collect();
    let opened: Vec<Result<OpenedItem, ItemError>> =
        stream::iter(items).map(|item| encryptor.decrypt_item(item)).buffered(at_once).collect().await;
    let mut opened = opened.into_iter();
    documents.into_iter().map(|(place, document)| open_document(place, document, &mut opened)).collect()
}

/// Puts the opened items into their places; they come in the order of those.
fn open_document(
    place: Place,
    document: Result<Document, InputError>,
    opened: &mut impl Iterator<Item = Result<OpenedItem, ItemError>>,
) -> Opened {
    let mut document = match document {
        Ok(document) => document,
        Err(error) => return Opened { place, line: None, refused: vec![error.into()] },
    };
    let is_batch = document.is_batch;
    let in_batch = |index, error| if is_batch { OpenError::InBatch { index, source: Box::new(error) } } else { error };
    let broken = std::mem::take(&mut document.refused).into_iter();
    let mut refused: Vec<OpenError> = broken.map(|(index, error)| in_batch(index, error.into())).collect();
    document.records.retain_mut(|record| {
        let mut error = None;
        for (image, opened) in record.images_mut().zip(&mut *opened) {
            match opened {
                Ok(opened) => image.item = opened.item,
                // The first one is enough.
                Err(source) if error.is_none() => error = Some(OpenError::of(image.role, source)),
                Err(_) => {}
            }
        }
        let is_open = error.is_none();
        refused.extend(error.map(|error| in_batch(record.index, error)));
        is_open
    });
    // A batch may have been empty before.
    let is_left = refused.is_empty() || !document.records.is_empty();
    Opened { place, line: is_left.then(|| document.into_line()), refused }
}

impl OpenError {
    fn of(role: Role, source: ItemError) -> Self {
        if role == Role::Item { Self::Item(source) } else { Self::Image { role, source } }
    }
}
