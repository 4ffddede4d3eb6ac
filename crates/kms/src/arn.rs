//! Names of AWS KMS keys: ARNs, aliases and raw ids (specification: `framework/aws-kms/aws-kms-key-arn.md`).

use std::fmt;
use std::str::FromStr;

/// The longest name that AWS KMS takes.
const LONGEST: usize = 2048;

/// A name of a key that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no {expected}: {reason}")]
pub struct KeyNameError {
    name: String,
    expected: &'static str,
    reason: &'static str,
}

/// What an ARN names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KmsResource {
    /// A key, by its id.
    Key(String),
    /// An alias, without `alias/`.
    Alias(String),
}

impl KmsResource {
    /// Whether it is a multi-Region key: one key material under one id in several regions.
    pub fn is_multi_region(&self) -> bool {
        matches!(self, Self::Key(id) if id.starts_with("mrk-"))
    }
}

impl fmt::Display for KmsResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "key/{id}"),
            Self::Alias(name) => write!(f, "alias/{name}"),
        }
    }
}

/// An ARN of a key or an alias: `arn:aws:kms:eu-west-1:111122223333:key/1234abcd-…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KmsArn {
    partition: String,
    region: String,
    account: String,
    resource: KmsResource,
}

impl KmsArn {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The account's number.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The key or alias.
    pub fn resource(&self) -> &KmsResource {
        &self.resource
    }

    /// Whether it is a key, not an alias.
    pub fn is_key(&self) -> bool {
        matches!(self.resource, KmsResource::Key(_))
    }

    /// Whether it is a multi-Region key.
    pub fn is_multi_region(&self) -> bool {
        self.resource.is_multi_region()
    }

    /// The replica of a multi-Region key in another region; other keys stay as they are, for they are in one region only.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        let mut arn = self.clone();
        if self.is_multi_region() {
            region.clone_into(&mut arn.region);
        }
        arn
    }

    /// Whether a key of this ARN opens what that ARN sealed: they are the same, or replicas of one multi-Region key
    /// (specification: `aws-kms-mrk-match-for-decrypt.md`).
    pub fn matches(&self, other: &Self) -> bool {
        self == other || (self.is_multi_region() && self.in_region(&other.region) == *other)
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut parts = text.split(':');
        let mut part = || parts.next().ok_or("it has fewer than six parts");
        let (scheme, partition, service) = (part()?, part()?, part()?);
        let (region, account, resource) = (part()?, part()?, part()?);
        if parts.next().is_some() {
            return Err("it has more than six parts");
        }
        if scheme != "arn" || service != "kms" {
            return Err("it does not begin like arn:aws:kms:");
        }
        if [partition, region, account].contains(&"") {
            return Err("partition, region or account is empty");
        }
        let resource = match resource.split_once('/') {
            Some((_, "")) => return Err("the name of the key is empty"),
            Some(("key", id)) => KmsResource::Key(id.to_owned()),
            Some(("alias", name)) => KmsResource::Alias(name.to_owned()),
            _ => return Err("it ends neither in key/… nor in alias/…"),
        };
        let [partition, region, account] = [partition, region, account].map(str::to_owned);
        Ok(Self { partition, region, account, resource })
    }
}

impl FromStr for KmsArn {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, KeyNameError> {
        check(text).and_then(|()| Self::parse(text)).map_err(|reason| name_error(text, "ARN of an AWS KMS key", reason))
    }
}

impl fmt::Display for KmsArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, region, account, resource } = self;
        write!(f, "arn:{partition}:kms:{region}:{account}:{resource}")
    }
}

/// The ARN of a key, which is what opens records.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KmsKeyArn(KmsArn);

impl KmsKeyArn {
    /// The ARN.
    pub fn arn(&self) -> &KmsArn {
        &self.0
    }
}

impl FromStr for KmsKeyArn {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, KeyNameError> {
        let arn: KmsArn = text.parse()?;
        match arn.is_key() {
            true => Ok(Self(arn)),
            false => Err(name_error(text, "ARN of a key", "it names an alias, which can come to mean another key")),
        }
    }
}

impl fmt::Display for KmsKeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Any name that AWS KMS takes for a key. Only the ARN of a key opens records; the others can only seal, since an alias
/// can come to mean another key and an id says nothing about region and account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KmsKeyId {
    /// An ARN, of a key or an alias.
    Arn(KmsArn),
    /// A key id or `alias/…`, of the client's account and region.
    Local(KmsResource),
}

impl KmsKeyId {
    /// The ARN, if it is that of a key.
    pub fn key_arn(&self) -> Option<&KmsArn> {
        match self {
            Self::Arn(arn) if arn.is_key() => Some(arn),
            _ => None,
        }
    }

    /// The region, which only an ARN says.
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Arn(arn) => Some(arn.region()),
            Self::Local(_) => None,
        }
    }

    /// The id of a multi-Region key.
    pub(crate) fn multi_region_id(&self) -> Option<&str> {
        let resource = match self {
            Self::Arn(arn) => arn.resource(),
            Self::Local(resource) => resource,
        };
        match resource {
            KmsResource::Key(id) if resource.is_multi_region() => Some(id),
            _ => None,
        }
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        match text.split_once('/') {
            _ if text.starts_with("arn:") => KmsArn::parse(text).map(Self::Arn),
            Some(("alias", name)) if !name.is_empty() => Ok(Self::Local(KmsResource::Alias(name.to_owned()))),
            Some(_) => Err("give a key id, alias/… or an ARN"),
            None => Ok(Self::Local(KmsResource::Key(text.to_owned()))),
        }
    }
}

impl From<KmsKeyArn> for KmsKeyId {
    fn from(KmsKeyArn(arn): KmsKeyArn) -> Self {
        Self::Arn(arn)
    }
}

impl FromStr for KmsKeyId {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, KeyNameError> {
        check(text)
            .and_then(|()| Self::parse(text))
            .map_err(|reason| name_error(text, "name of an AWS KMS key", reason))
    }
}

impl fmt::Display for KmsKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arn(arn) => arn.fmt(f),
            Self::Local(KmsResource::Key(id)) => f.write_str(id),
            Self::Local(alias) => alias.fmt(f),
        }
    }
}

fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.len() > LONGEST {
        return Err("it has more than 2048 characters");
    }
    match text.is_ascii() && !text.contains(|c: char| c.is_ascii_control()) {
        true => Ok(()),
        false => Err("it has other characters than printable ASCII"),
    }
}

fn name_error(name: &str, expected: &'static str, reason: &'static str) -> KeyNameError {
    let name = name.chars().take(128).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    KeyNameError { name, expected, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const MRK: &str = "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd";
    const ALIAS: &str = "arn:aws:kms:us-east-1:111122223333:alias/a/b";

    #[test]
    fn what_is_read_is_written_again() {
        for text in [KEY, MRK, ALIAS, "arn:x:kms:y:z:key/a/b", "alias/x", "alias/a/b", "mrk-1", "1234abcd"] {
            assert_eq!(text.parse::<KmsKeyId>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_arn_is_refused() {
        for text in [
            "",
            "arn",
            "arn:aws:kms:us-east-1:1",
            "arn:aws:kms:us-east-1:1:key",
            "arn:aws:kms:us-east-1:1:key/",
            "arn:aws:kms:us-east-1:1:alias/",
            "arn:aws:kms:us-east-1:1:key:1",
            "arn:aws:kms:us-east-1:1:key/1:2",
            "arn:aws:kms::1:key/1",
            "arn::kms:us-east-1:1:key/1",
            "arn:aws:kms:us-east-1::key/1",
            "arn:aws:s3:us-east-1:1:key/1",
            "brn:aws:kms:us-east-1:1:key/1",
            "arn:aws:kms:us-east-1:1:secret/1",
            "arn:aws:kms:us-east-1:1:key/é",
            "arn:aws:kms:us-east-1:1:key/\n",
        ] {
            assert!(text.parse::<KmsArn>().is_err(), "{text}");
        }
        assert!(format!("{MRK}{}", "x".repeat(2048 - MRK.len())).parse::<KmsArn>().is_ok());
        assert!(format!("{MRK}{}", "x".repeat(2049 - MRK.len())).parse::<KmsArn>().is_err());
        for text in ["key/1", "alias/", "arn:", "secret/1", ""] {
            assert!(text.parse::<KmsKeyId>().is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_read_is_written_again(text in "(arn:)?[a-z:/*-]{0,30}(kms:)?[a-z0-9:/-]{0,30}|\\PC{0,40}") {
            if let Ok(id) = text.parse::<KmsKeyId>() {
                assert_eq!(id.to_string(), text);
            }
            if let Ok(arn) = text.parse::<KmsArn>() {
                assert_eq!(arn.to_string(), text);
            }
        }
    }

    #[test]
    fn only_keys_open() {
        assert!(KEY.parse::<KmsKeyArn>().is_ok());
        assert!(ALIAS.parse::<KmsKeyArn>().unwrap_err().to_string().contains("names an alias"));
        for text in [ALIAS, "alias/x", "1234abcd"] {
            assert!(text.parse::<KmsKeyId>().unwrap().key_arn().is_none());
        }
    }

    #[test]
    fn replicas_match_and_nothing_else() {
        let arn = |text: &str| text.parse::<KmsArn>().unwrap();
        let west = MRK.replace("us-east-1", "us-west-2");
        assert!(arn(MRK).matches(&arn(&west)) && arn(MRK).matches(&arn(MRK)));
        assert_eq!(arn(MRK).in_region("us-west-2"), arn(&west));
        assert!(!arn(KEY).matches(&arn(&KEY.replace("us-east-1", "us-west-2"))));
        assert_eq!(arn(KEY).in_region("us-west-2"), arn(KEY));
        for other in [
            MRK.replace("mrk-1234abcd", "mrk-1234abce"),
            MRK.replace("arn:aws", "arn:aws-cn"),
            MRK.replace("111122223333", "1"),
            MRK.replace("key/mrk", "alias/mrk"),
        ] {
            assert!(!arn(MRK).matches(&arn(&other)), "{other}");
        }
        let id = |text: &str| text.parse::<KmsKeyId>().unwrap();
        assert_eq!(id("mrk-1").multi_region_id(), Some("mrk-1"));
        assert_eq!(id("alias/mrk-1").multi_region_id(), None);
    }
}
