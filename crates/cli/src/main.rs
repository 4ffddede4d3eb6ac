//! The command `dynaseal`.
//!
//! Glue only: raw arguments become resolved arguments, and the library does the work.

mod args;
mod attribute;
mod aws;
mod command;
mod database;
mod files;
mod input;
mod keys;
mod new_file;
mod outage;
mod output;
mod preflight;
mod progress;
mod store;
mod table;
mod words;

use std::process::ExitCode;
use std::time::Instant;

use crate::args::{Command, KeyringCommand};
use crate::output::Failure;

/// What shells say of a command that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let begin = Instant::now();
    let outcome = match args::parse().command {
        Command::Demo(args) => command::demo::run(&args),
        Command::Init(args) => command::init::run(&args),
        Command::Keygen(args) => command::keygen::run(&args),
        Command::Config(command) => command::config::run(&command),
        Command::Seal(args) => command::seal::run(&args),
        Command::Open(args) => command::open::run(&args),
        Command::Explain(args) => command::explain::run(&args),
        Command::Beacons(command) => command::beacons::run(&command),
        Command::Inspect(args) => command::inspect::run(&args),
        Command::Attribute(command) => command::attribute::run(&command),
        Command::Get(args) => command::get::run(&args),
        Command::Put(args) => command::put::run(&args),
        Command::Update(args) => command::update::run(&args),
        Command::Delete(args) => command::delete::run(&args),
        Command::Query(args) => command::query::run(&args),
        Command::Scan(args) => command::scan::run(&args),
        Command::Migrate(args) => command::migrate::run(&args),
        Command::Verify(args) => command::verify::run(&args),
        Command::Table(command) => command::table::run(&command),
        Command::Keystore(command) => command::keystore::run(&command),
        Command::Keyring(KeyringCommand::Check(args)) => command::keyring::check(&args),
        Command::Completions(args) => command::about::completions(&args),
        Command::Man(args) => command::about::man(&args),
    };
    output::tell(|| format!("that took {:.1} s", begin.elapsed().as_secs_f32()));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Quietly, as other commands end then. But not everything came out, and 0 would say that all of it was good.
        Err(Failure::BrokenPipe) if output::any_bad() => ExitCode::from(1),
        Err(Failure::BrokenPipe) => ExitCode::from(2),
        Err(Failure::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(Failure::Items(refused)) => {
            output::note(&format!("{} refused", output::items(refused)));
            ExitCode::from(1)
        }
        Err(Failure::Requests(refused)) => {
            output::note(&format!("{refused} {} refused", if refused == 1 { "request" } else { "requests" }));
            ExitCode::from(1)
        }
        Err(Failure::Values(refused)) => {
            output::note(&format!("{refused} {} refused", if refused == 1 { "value" } else { "values" }));
            ExitCode::from(1)
        }
        Err(Failure::Missing { missing, refused }) => {
            let refused = if refused == 0 { String::new() } else { format!(", {refused} refused") };
            output::note(&format!("{} not there{refused}", output::items(missing)));
            ExitCode::from(1)
        }
        Err(Failure::Recipients(broken)) => {
            output::note(&format!(
                "{broken} {} not work",
                if broken == 1 { "recipient does" } else { "recipients do" }
            ));
            ExitCode::from(1)
        }
        Err(Failure::Unclean(count)) => {
            let are = if count == 1 { "is" } else { "are" };
            output::note(&format!("{} {are} not as they should be", output::items(count)));
            ExitCode::from(1)
        }
        Err(Failure::Findings(count)) => {
            output::note(&format!("{count} {} not fit", if count == 1 { "thing does" } else { "things do" }));
            ExitCode::from(1)
        }
        Err(Failure::Other(error)) => {
            output::complain("dynaseal", &*error);
            ExitCode::from(2)
        }
    }
}
