//! `dynaseal open`: sealed items to plain items.

use crate::args::TableArgs;
use crate::output::Failure;

pub(crate) fn run(args: &TableArgs) -> Result<(), Failure> {
    super::transform(args, |runtime, encryptor, item| {
        runtime.block_on(encryptor.decrypt_item(item)).map(|opened| opened.item)
    })
}
