//! `dynaseal keygen`: new keys, in files for their owner alone.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use dynaseal::{CryptoError, Curve, EcdhPrivateKey, RsaKeySize, RsaPrivateKey, SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use crate::args::{KeyKind, KeygenArgs};
use crate::new_file::{self, NewFileError, Readers, toml_text};
use crate::output::{Failure, Output, note};

/// A name that table.toml could not hold.
#[derive(Debug, thiserror::Error)]
#[error("{} is no UTF-8, and table.toml could not name it: give another name with --output", .0.display())]
struct NoText(PathBuf);

pub(crate) fn run(args: &KeygenArgs) -> Result<(), Failure> {
    let path = &args.output;
    let file = path.to_str().ok_or_else(|| NoText(path.clone()))?;
    let named = args.name.clone().or_else(|| Some(path.file_stem()?.to_str()?.to_owned()));
    let of = Names { file, namespace: &args.namespace, name: &named.unwrap_or_else(|| "key-1".to_owned()) };
    let lines = match args.kind {
        KeyKind::Aes128 => symmetric::<16>(path).map(|()| of.aes()),
        KeyKind::Aes192 => symmetric::<24>(path).map(|()| of.aes()),
        KeyKind::Aes256 => symmetric::<32>(path).map(|()| of.aes()),
        KeyKind::Beacon => symmetric::<32>(path).map(|()| of.beacon()),
        KeyKind::Rsa2048 => rsa(path, RsaKeySize::Bits2048).map(|()| of.rsa()),
        KeyKind::Rsa3072 => rsa(path, RsaKeySize::Bits3072).map(|()| of.rsa()),
        KeyKind::Rsa4096 => rsa(path, RsaKeySize::Bits4096).map(|()| of.rsa()),
        KeyKind::EcdhP256 => ecdh(path, Curve::P256).map(|()| of.ecdh("P256")),
        KeyKind::EcdhP384 => ecdh(path, Curve::P384).map(|()| of.ecdh("P384")),
        KeyKind::EcdhP521 => ecdh(path, Curve::P521).map(|()| of.ecdh("P521")),
    }?;
    note(&format!(
        "{file} is written, for its owner alone: keep a copy elsewhere, for what is sealed with a lost key never opens again"
    ));
    Output::new().line(lines)
}

/// Writes a new key of so many random bytes.
pub(super) fn symmetric<const N: usize>(path: &Path) -> Result<(), Failure> {
    let mut key = Zeroizing::new([0; N]);
    SystemRandom.fill(&mut *key)?;
    Ok(new_file::create(path, &*key, Readers::Owner, OPTION)?)
}

const OPTION: &str = "--output";

fn rsa(path: &Path, size: RsaKeySize) -> Result<(), Failure> {
    let pem = || -> Result<_, CryptoError> {
        let key = RsaPrivateKey::generate(size)?;
        Ok((key.to_pem()?, key.public_key().to_pem()?))
    };
    pair(path, pem)
}

fn ecdh(path: &Path, curve: Curve) -> Result<(), Failure> {
    let pem = || -> Result<_, CryptoError> {
        let key = EcdhPrivateKey::generate(curve)?;
        Ok((key.to_pem()?, key.public_key().to_pem()?))
    };
    pair(path, pem)
}

/// Writes both halves, or neither.
fn pair(path: &Path, make: impl FnOnce() -> Result<(Zeroizing<String>, String), CryptoError>) -> Result<(), Failure> {
    let public_path =
        PathBuf::from([path.as_os_str().to_owned(), OsString::from(".pub")].into_iter().collect::<OsString>());
    // A key takes a while to make; a name that is taken is told before.
    if public_path.symlink_metadata().is_ok() {
        return Err(NewFileError::Exists { path: public_path, option: OPTION }.into());
    }
    if path.symlink_metadata().is_ok() {
        return Err(NewFileError::Exists { path: path.to_owned(), option: OPTION }.into());
    }
    let (private, public) = make()?;
    new_file::create(path, private.as_bytes(), Readers::Owner, OPTION)?;
    new_file::create(&public_path, public.as_bytes(), Readers::All, OPTION).map_err(|error| {
        // Somebody was faster with the other name; nobody uses yet what was made a moment ago.
        let _ = std::fs::remove_file(path);
        error.into()
    })
}

/// The lines for table.toml.
struct Names<'a> {
    file: &'a str,
    namespace: &'a str,
    name: &'a str,
}

impl Names<'_> {
    fn aes(&self) -> String {
        let key = toml_text(self.file);
        format!("[keyring]\ntype = \"raw-aes\"\n{}key = {{ file = {key} }}", self.named())
    }

    fn beacon(&self) -> String {
        format!("[search]\nbeacon_key = {{ file = {} }}", toml_text(self.file))
    }

    fn rsa(&self) -> String {
        let (private, public) = (toml_text(self.file), toml_text(&format!("{}.pub", self.file)));
        format!(
            "[keyring]\ntype = \"raw-rsa\"\n{}padding = \"OAEP_SHA256_MGF1\"\npublic_key = {{ file = {public} }}\n\
             # Only where items are opened:\nprivate_key = {{ file = {private} }}",
            self.named()
        )
    }

    fn ecdh(&self, curve: &str) -> String {
        let (private, public) = (toml_text(self.file), toml_text(&format!("{}.pub", self.file)));
        let start = |scheme| format!("[keyring]\ntype = \"raw-ecdh\"\nscheme = \"{scheme}\"\ncurve = \"{curve}\"");
        format!(
            "# Where items are sealed:\n{}\nrecipient_public_key = {{ file = {public} }}\n\n\
             # Where items are opened, in another table.toml:\n{}\nrecipient_private_key = {{ file = {private} }}",
            start("ephemeral"),
            start("discovery"),
        )
    }

    fn named(&self) -> String {
        format!("namespace = {}\nname = {}\n", toml_text(self.namespace), toml_text(self.name))
    }
}
