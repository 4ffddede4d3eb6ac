//! `dynaseal open`: sealed items to plain items.

use crate::args::TableArgs;
use crate::output::Failure;
use crate::table::{self, Keys};

pub(crate) fn run(args: &TableArgs) -> Result<(), Failure> {
    let runtime = super::runtime()?;
    let table = runtime.block_on(table::sealed_table(&args.config, None, Keys::Keyring))?;
    super::transform(&args.files, |item| {
        runtime.block_on(table.encryptor().decrypt_item(item)).map(|opened| opened.item)
    })
}
