//! Whether a profile is there. Of one that is missing, the SDK says that there is no region, or are no credentials.

use std::env;
use std::path::{Path, PathBuf};

use super::AwsError;
use crate::files;

/// The longest file of profiles.
const MAX_FILE: usize = 4 * 1024 * 1024;

/// Fails if none of AWS's files has such a profile.
pub(super) fn check(profile: &str) -> Result<(), AwsError> {
    let places = [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")];
    let files: Vec<PathBuf> = places.iter().filter_map(|(variable, name)| file(variable, name)).collect();
    let headers: Vec<String> = files.iter().flat_map(|path| headers(path)).collect();
    // How names are quoted is the SDK's affair: what stands anywhere in a header is left to it.
    if headers.iter().any(|header| header.contains(profile)) {
        return Ok(());
    }
    let shown: Vec<_> = files.iter().map(|path| path.display().to_string()).collect();
    let mut names: Vec<_> = headers.iter().filter_map(|header| name(header)).collect();
    names.sort_unstable();
    names.dedup();
    Err(AwsError::NoProfile { profile: profile.to_owned(), files: shown.join(" and "), names })
}

fn file(variable: &str, name: &str) -> Option<PathBuf> {
    let given = env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    given.or_else(|| env::home_dir().map(|home| home.join(".aws").join(name)))
}

/// What stands in brackets at the beginning of lines. A file that cannot be read has none.
fn headers(path: &Path) -> Vec<String> {
    let text = files::read_text(path, MAX_FILE).unwrap_or_default();
    let header = |line: &str| line.trim().strip_prefix('[')?.split(']').next().map(|header| header.trim().to_owned());
    text.lines().filter_map(header).collect()
}

/// The profile of a header; none of one that is about something else.
fn name(header: &str) -> Option<String> {
    let other = ["sso-session", "services", "plugins"].iter().any(|kind| header.starts_with(kind));
    (!other).then(|| format!("`{}`", header.strip_prefix("profile").unwrap_or(header).trim()))
}
