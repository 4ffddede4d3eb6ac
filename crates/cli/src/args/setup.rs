//! Arguments of `dynaseal init`, `dynaseal keygen` and `dynaseal config`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use dynaseal::kms::KmsKeyId;

use super::{DatabaseArgs, SealedTableArgs};

const INIT_HELP: &str = "With --sample, nothing is asked of DynamoDB, and the keys are named with --partition-key and --sort-key. Without it, the table says \
its keys, its indexes and by what its items expire, and some of its items are read. Values are only looked at for their types, and never written. \
Neither table.toml nor the key is overwritten.\n\n\
Every attribute becomes ENCRYPT_AND_SIGN, but for keys, also of indexes (SIGN_ONLY), what items expire by and what begins with aws:rep: (DO_NOTHING).\n\n\
Exit codes: 0 both files are written, 2 they are not.";

#[derive(Debug, clap::Args)]
#[command(after_help = INIT_HELP)]
pub(crate) struct InitArgs {
    /// The table's name in DynamoDB, which becomes the logical name as well.
    #[arg(long, value_name = "NAME")]
    pub(crate) table: String,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// A file with plain items, as they would be put; `-` is standard input.
    #[arg(long, value_name = "FILE", requires = "partition_key")]
    pub(crate) sample: Vec<PathBuf>,
    /// The partition key of the items in --sample.
    #[arg(long, value_name = "NAME", requires = "sample")]
    pub(crate) partition_key: Option<String>,
    /// The sort key of the items in --sample.
    #[arg(long, value_name = "NAME", requires = "sample")]
    pub(crate) sort_key: Option<String>,
    /// How many items of the table are looked at.
    #[arg(long, value_name = "N", default_value = "1000")]
    pub(crate) items: NonZeroUsize,
    /// The file to write.
    #[arg(short, long, value_name = "FILE", default_value = "table.toml")]
    pub(crate) output: PathBuf,
    /// The file for the new key, looked for from the folder of the other, and named in it so; that with `.key` at its end if it
    /// is not given.
    #[arg(long, value_name = "FILE", conflicts_with = "kms_key_id")]
    pub(crate) key_file: Option<PathBuf>,
    /// A key of AWS KMS that seals, instead of a new key in a file.
    #[arg(long, value_name = "ARN")]
    pub(crate) kms_key_id: Option<KmsKeyId>,
}

const KEYGEN_HELP: &str = "A key is written to a new file for its owner alone (mode 0600), and never printed; of a pair, the public key goes to FILE.pub. \
Nothing is overwritten. The lines for table.toml are printed.\n\n\
Exit codes: 0 the key is written, 2 it is not.";

#[derive(Debug, clap::Args)]
#[command(after_help = KEYGEN_HELP)]
pub(crate) struct KeygenArgs {
    /// What kind of key.
    #[arg(value_name = "KIND", value_enum)]
    pub(crate) kind: KeyKind,
    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// The namespace of the key in table.toml.
    #[arg(long, value_name = "NAME", default_value = "my-app")]
    pub(crate) namespace: String,
    /// The name of the key in table.toml; that of the file if it is not given.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyKind {
    /// 16 bytes for a raw-aes keyring.
    #[value(name = "aes-128")]
    Aes128,
    /// 24 bytes for a raw-aes keyring.
    #[value(name = "aes-192")]
    Aes192,
    /// 32 bytes for a raw-aes keyring: take this one if you have no reason for another.
    #[value(name = "aes-256")]
    Aes256,
    /// A pair for a raw-rsa keyring.
    #[value(name = "rsa-2048")]
    Rsa2048,
    /// A pair for a raw-rsa keyring.
    #[value(name = "rsa-3072")]
    Rsa3072,
    /// A pair for a raw-rsa keyring.
    #[value(name = "rsa-4096")]
    Rsa4096,
    /// A pair for a raw-ecdh keyring.
    #[value(name = "ecdh-p256")]
    EcdhP256,
    /// A pair for a raw-ecdh keyring.
    #[value(name = "ecdh-p384")]
    EcdhP384,
    /// A pair for a raw-ecdh keyring.
    #[value(name = "ecdh-p521")]
    EcdhP521,
    /// 32 bytes for the beacons of [search].
    #[value(name = "beacon")]
    Beacon,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Read table.toml and its keys, and compare it with the table.
    Check(ConfigCheckArgs),
}

const CHECK_HELP: &str = "What is looked at: the file and every key it names; the key attributes and their types; the index of each beacon; by what items expire.\n\n\
Exit codes: 0 all is well, 1 something in the table does not fit (what, and what to do, is printed), 2 the file or a key cannot be read, \
or the table cannot be asked.";

#[derive(Debug, clap::Args)]
#[command(after_help = CHECK_HELP)]
pub(crate) struct ConfigCheckArgs {
    #[command(flatten)]
    pub(crate) table: SealedTableArgs,
    /// Read the file and its keys, and do not ask the table.
    #[arg(long)]
    pub(crate) offline: bool,
    /// The outcome as a JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}
