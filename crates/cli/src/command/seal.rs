//! `dynaseal seal`: plain items to sealed items, as a put would write them.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use dynaseal::OperationError;
use dynaseal::ops::operation::PutItem;
use dynaseal::ops::{Expressions, Measure};

use crate::args::TableArgs;
use crate::output::Failure;
use crate::table::{self, Keys};

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

pub(crate) fn run(args: &TableArgs) -> Result<(), Failure> {
    let runtime = super::runtime()?;
    let table = Arc::new(runtime.block_on(table::sealed_table(&args.config, None, Keys::All))?);
    let mut measure = Measure::default();
    super::transform(&args.files, |item| {
        let put = PutItem { item, expressions: Expressions::default() };
        let sealed = runtime.block_on(put.seal(&table, &mut measure));
        sealed.map(|(put, _)| put.item).map_err(NotSealed)
    })
}
