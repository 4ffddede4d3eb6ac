//! What every command takes, and the commands about the command line itself.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::{CommandFactory as _, FromArgMatches as _, ValueEnum};
use clap_complete::Shell;

use super::Args;
use crate::output::style;

/// Where items go.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct OutputArgs {
    /// Write to this file instead of standard output. It is replaced when all is done, and stays as it was if nothing could be
    /// done, or not all of it.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct HabitArgs {
    /// Say nothing on standard error but what is wrong: no progress, notes or warnings.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say on standard error what is read, where a table is, and how long it took.
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Colours; if it is not given, on terminals where NO_COLOR is not set.
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t, hide_default_value = true)]
    pub(crate) color: Color,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell. Bash, for example, takes it with `source <(dynaseal completions bash)`.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// The folder that the pages are written to. It has to be there.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// The arguments of this process. Ends it if they are wrong, or ask for help.
pub(crate) fn parse() -> Args {
    let choice = match color(std::env::args_os().skip(1)) {
        Color::Auto => clap::ColorChoice::Auto,
        Color::Always => clap::ColorChoice::Always,
        Color::Never => clap::ColorChoice::Never,
    };
    let matches = command().color(choice).get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    style::set(args.habits.color, args.habits.quiet, args.habits.verbose);
    args
}

/// The definition of all commands.
pub(crate) fn command() -> clap::Command {
    Args::command()
}

/// What is said about colours, as far as it can be told before arguments are read: help and errors about arguments have some.
fn color(arguments: impl Iterator<Item = impl AsRef<OsStr>>) -> Color {
    let mut arguments = arguments.map(|argument| argument.as_ref().to_owned()).take_while(|argument| argument != "--");
    let mut found = Color::Auto;
    while let Some(argument) = arguments.next() {
        let Some(argument) = argument.to_str() else { continue };
        let value = match argument.strip_prefix("--color") {
            Some("") => arguments.next().and_then(|value| value.into_string().ok()),
            Some(value) => value.strip_prefix('=').map(str::to_owned),
            None => None,
        };
        found = value.and_then(|value| Color::from_str(&value, false).ok()).unwrap_or(found);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_sound() {
        command().debug_assert();
    }

    #[test]
    fn colours_are_known_before_the_arguments_are() {
        let of = |text: &str| color(text.split(' '));
        assert_eq!(of("seal --color never -c x"), Color::Never);
        assert_eq!(of("--color=always seal"), Color::Always);
        assert_eq!(of("seal --color"), Color::Auto);
        assert_eq!(of("seal -- --color never"), Color::Auto);
    }
}
