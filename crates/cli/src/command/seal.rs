//! `dynaseal seal`: plain items to sealed items.

use crate::args::TableArgs;
use crate::output::Failure;

pub(crate) fn run(args: &TableArgs) -> Result<(), Failure> {
    super::transform(args, |runtime, encryptor, item| {
        runtime.block_on(encryptor.encrypt_item(item)).map(|sealed| sealed.item)
    })
}
