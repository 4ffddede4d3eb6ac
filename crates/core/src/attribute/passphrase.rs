//! Root keys from passphrases: Argon2id (RFC 9106), and the recipe that is kept beside the application's configuration.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;

use super::keys::{AttributeKeyError, AttributeRoot};
use crate::primitives::CryptoError;
use crate::primitives::argon2id::{self, Costs};
use crate::primitives::rng::SecureRandom;

const PREFIX: &str = "$argon2id$v=19$";
/// Of memory in KiB. The least is OWASP's for two passes, the most is 1 GiB.
const MEMORY: (u32, u32) = (19_456, 1_048_576);
const PASSES: (u32, u32) = (2, 64);
const LANES: (u32, u32) = (1, 16);
/// Of the salt in bytes.
const SALT: (usize, usize) = (16, 64);

/// How a root key comes from a passphrase: the costs of Argon2id, and a salt.
///
/// It is not secret, and without it the passphrase opens nothing: keep it with the application's configuration. As text
/// it has the form that password hashes have, without the hash: `$argon2id$v=19$m=65536,t=3,p=1$` and the salt in Base64.
///
/// ```
/// use dynaseal_core::{AttributeRoot, PassphraseRecipe, SystemRandom};
///
/// // Once:
/// let text = PassphraseRecipe::generate(&SystemRandom)?.to_string();
/// // At every start:
/// let recipe: PassphraseRecipe = text.parse()?;
/// let root = AttributeRoot::from_passphrase("2026-11", "correct horse battery staple", &recipe)?;
/// # assert_eq!(root.id(), "2026-11");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassphraseRecipe {
    costs: Costs,
    salt: Vec<u8>,
}

/// A text that is no recipe, or none that would do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PassphraseRecipeError {
    /// Not written as a recipe.
    #[error("not a recipe of the form `$argon2id$v=19$m=65536,t=3,p=1$salt`: {0}")]
    Syntax(&'static str),
    /// A cost that protects too little, or that no machine should be asked to pay.
    #[error("{parameter}={found} of the recipe: it must be {least} to {most}")]
    Cost {
        /// `m`, in KiB, `t` or `p`.
        parameter: &'static str,
        /// The least that is taken.
        least: u32,
        /// The most that is taken.
        most: u32,
        /// What the text says.
        found: u32,
    },
    /// A salt that is too short or too long.
    #[error("the salt of the recipe has {0} bytes: it must have 16 to 64")]
    Salt(usize),
}

impl PassphraseRecipe {
    /// A recipe with a new salt of 16 bytes, 64 MiB of memory and three passes, which RFC 9106 recommends where memory is
    /// scarce, and one lane.
    ///
    /// # Errors
    /// If the source of randomness fails.
    pub fn generate(random: &dyn SecureRandom) -> Result<Self, CryptoError> {
        let mut salt = vec![0; SALT.0];
        random.fill(&mut salt)?;
        Ok(Self { costs: Costs { memory_kib: 65_536, passes: 3, lanes: 1 }, salt })
    }
}

impl AttributeRoot {
    /// From a passphrase with Argon2id. The same passphrase and recipe give the same key, under every id.
    ///
    /// With the recipe that [`PassphraseRecipe::generate`] gives this takes about a fifth of a second on one core and 64
    /// MiB, which are wiped: do it once at the start, and not on a thread that serves others. The bytes of the passphrase
    /// count as they are: `é` typed in two ways is two passphrases.
    ///
    /// # Errors
    /// If the id is bad as in [`from_bytes`](Self::from_bytes), the passphrase is empty, or there is not enough memory.
    pub fn from_passphrase(
        id: impl Into<String>,
        passphrase: &str,
        recipe: &PassphraseRecipe,
    ) -> Result<Self, AttributeKeyError> {
        if passphrase.is_empty() {
            return Err(AttributeKeyError::EmptyPassphrase);
        }
        let memory = AttributeKeyError::Memory { kib: recipe.costs.memory_kib };
        Self::fill_with(id.into(), |out| {
            // The recipe has been checked, so that memory is all that can be missing.
            argon2id::derive(passphrase.as_bytes(), &recipe.salt, recipe.costs, out).map_err(|_| memory)
        })
    }
}

impl fmt::Display for PassphraseRecipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { costs: Costs { memory_kib, passes, lanes }, salt } = self;
        write!(f, "{PREFIX}m={memory_kib},t={passes},p={lanes}${}", BASE64.encode(salt))
    }
}

impl FromStr for PassphraseRecipe {
    type Err = PassphraseRecipeError;

    /// Takes only the one spelling that `Display` gives.
    fn from_str(text: &str) -> Result<Self, PassphraseRecipeError> {
        use PassphraseRecipeError::{Salt, Syntax};
        let rest = text.strip_prefix(PREFIX).ok_or(Syntax("it must begin with `$argon2id$v=19$`"))?;
        let (costs, salt) = rest.split_once('$').ok_or(Syntax("the salt is missing"))?;
        let mut costs = costs.split(',');
        let memory_kib = cost("m", costs.next(), MEMORY)?;
        let passes = cost("t", costs.next(), PASSES)?;
        let lanes = cost("p", costs.next(), LANES)?;
        if costs.next().is_some() {
            return Err(Syntax("there are more costs than m, t and p"));
        }
        let salt =
            BASE64.decode(salt).map_err(|_| Syntax("the salt must be Base64 without padding, and the last part"))?;
        if salt.len() < SALT.0 || salt.len() > SALT.1 {
            return Err(Salt(salt.len()));
        }
        Ok(Self { costs: Costs { memory_kib, passes, lanes }, salt })
    }
}

fn cost(parameter: &'static str, text: Option<&str>, (least, most): (u32, u32)) -> Result<u32, PassphraseRecipeError> {
    let digits = text.and_then(|text| text.strip_prefix(parameter)?.strip_prefix('='));
    // The number as it is written back: no sign, no zeros before it.
    let found = digits.and_then(|digits| digits.parse::<u32>().ok().filter(|found| found.to_string() == digits));
    let found = found.ok_or(PassphraseRecipeError::Syntax("the costs must be `m=…,t=…,p=…` with plain numbers"))?;
    if found < least || found > most {
        return Err(PassphraseRecipeError::Cost { parameter, least, most, found });
    }
    Ok(found)
}
