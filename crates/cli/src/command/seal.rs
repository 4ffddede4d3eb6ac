//! `dynaseal seal`: plain items to sealed items, as a put would write them, on all processors.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use dynaseal::ops::operation::PutItem;
use dynaseal::ops::{Expressions, Measure};
use dynaseal::{Item, OperationError, SealedTable, json};
use futures_util::{StreamExt as _, stream};

use crate::args::SealArgs;
use crate::input::{self, Form, Input, InputError, Place, Placed};
use crate::outage::{Outages, ServiceFailure};
use crate::output::{Failure, Output, complain, outcome};
use crate::table::{self, Keys};

/// How many items wait for AWS at once, on all threads together.
const AT_ONCE: usize = 64;

/// What is wrong with an item, without the name of the put that was not asked for.
#[derive(Debug)]
struct NotSealed(OperationError);

impl fmt::Display for NotSealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.refusal().fmt(f)
    }
}

impl Error for NotSealed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.refusal().source()
    }
}

/// What became of an item.
struct Sealed {
    place: Place,
    line: Result<String, SealError>,
}

#[derive(Debug, thiserror::Error)]
enum SealError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Item(#[from] NotSealed),
}

pub(crate) fn run(args: &SealArgs) -> Result<(), Failure> {
    // Not a runtime for each thread: a connection that one of them opened serves the others, whatever they do.
    let runtime = super::all_cores()?;
    let table = Arc::new(runtime.block_on(table::sealed_table(&args.table.config, None, Keys::All))?);
    let threads = super::threads(args.threads);
    let input = Input { files: &args.table.files, form: Form::Items, threads };
    let at_once = (AT_ONCE / threads).max(1);

    let mut output = Output::to(&args.output)?;
    let (mut refused, mut outages) = (0, Outages::default());
    let work = |items| runtime.handle().block_on(seal_all(&table, items, at_once));
    input::items(&input, work, |Sealed { place, line }| match line {
        Ok(line) => {
            outages.worked();
            output.line(line)
        }
        Err(error) => {
            refused += 1;
            let place = place.to_string();
            complain(&place, &error);
            Ok(outages.failed(&place, ServiceFailure::of(&error).as_ref())?)
        }
    })?;
    output.finish()?;
    outcome(refused)
}

async fn seal_all(table: &Arc<SealedTable>, items: Vec<Placed<Item>>, at_once: usize) -> Vec<Sealed> {
    let sealed = stream::iter(items).map(async |(place, item)| {
        let sealed = match item {
            Ok(item) => seal(table, item).await.map_err(SealError::from),
            Err(error) => Err(error.into()),
        };
        Sealed { place, line: sealed.map(|item| json::to_string(&item)) }
    });
    sealed.buffered(at_once).collect().await
}

async fn seal(table: &Arc<SealedTable>, item: Item) -> Result<Item, NotSealed> {
    let put = PutItem { item, expressions: Expressions::default() };
    let sealed = put.seal(table, &mut Measure::default()).await;
    sealed.map(|(put, _)| put.item).map_err(NotSealed)
}
