//! The two forms of RSA keys: X.509 `SubjectPublicKeyInfo` and PKCS #8, both of DER.

/// `rsaEncryption`, with its parameters, which are null.
const RSA: [u8; 13] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// Reads one element after the other. Lengths are those of a key that is no longer than 64 KiB.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Modulus and exponent.
    pub(super) fn public_key(der: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let mut key = Self::only(der, SEQUENCE)?;
        key.is_rsa()?;
        let bits = key.last(BITS)?;
        let (unused, der) = bits.split_first()?;
        let mut key = Self::only(der, SEQUENCE).filter(|_| *unused == 0)?;
        Some((key.number()?, key.number()?)).filter(|_| key.0.is_empty())
    }

    /// Modulus, public exponent and private exponent.
    pub(super) fn private_key(der: &'a [u8]) -> Option<(&'a [u8], &'a [u8], &'a [u8])> {
        let mut key = Self::only(der, SEQUENCE)?;
        key.version()?;
        key.is_rsa()?;
        // What may follow are attributes, of which nothing is wanted. Nor are primes, which follow inside.
        let mut key = Self::only(key.next(OCTETS)?, SEQUENCE)?;
        key.version()?;
        Some((key.number()?, key.number()?, key.number()?))
    }

    fn only(der: &'a [u8], tag: u8) -> Option<Self> {
        Self(der).last(tag).map(Self)
    }

    fn last(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next(tag).filter(|_| self.0.is_empty())
    }

    fn next(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_first_chunk::<2>()?;
        let (length, rest) = match head[1] {
            short @ 0..=0x7f => (usize::from(short), rest),
            0x81 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
            0x82 => rest.split_first_chunk().map(|(length, rest)| (usize::from(u16::from_be_bytes(*length)), rest))?,
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(content).filter(|_| head[0] == tag)
    }

    fn is_rsa(&mut self) -> Option<()> {
        (self.next(SEQUENCE)? == RSA).then_some(())
    }

    fn version(&mut self) -> Option<()> {
        (self.next(INTEGER)? == [0]).then_some(())
    }

    /// A number that is not negative.
    fn number(&mut self) -> Option<&'a [u8]> {
        match self.next(INTEGER)? {
            [0, rest @ ..] => Some(rest),
            [first, ..] if *first >= 0x80 => None,
            number => Some(number),
        }
    }
}
