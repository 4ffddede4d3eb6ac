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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

    use super::*;

    /// An element with its length in the shortest form, which is that of DER.
    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let head = match length {
            0..=0x7f => vec![u8::try_from(length).unwrap()],
            0x80..=0xff => vec![0x81, u8::try_from(length).unwrap()],
            _ => [&[0x82][..], &u16::try_from(length).unwrap().to_be_bytes()].concat(),
        };
        [&[tag][..], &head, content].concat()
    }

    fn public(modulus: &[u8], exponent: &[u8], unused: u8) -> Vec<u8> {
        let key = element(SEQUENCE, &[element(INTEGER, modulus), element(INTEGER, exponent)].concat());
        let bits = element(BITS, &[&[unused][..], &key].concat());
        element(SEQUENCE, &[element(SEQUENCE, &RSA), bits].concat())
    }

    fn private(version: &[u8], modulus: &[u8], inner: &[u8]) -> Vec<u8> {
        let numbers: Vec<_> = [inner, modulus, &[3], &[5]].map(|number| element(INTEGER, number)).concat();
        let key = element(OCTETS, &element(SEQUENCE, &numbers));
        element(SEQUENCE, &[element(INTEGER, version), element(SEQUENCE, &RSA), key].concat())
    }

    #[test]
    fn lengths_of_every_form_are_read() {
        for length in [1, 2, 60, 0x7f, 0x80, 0xc0, 0xff, 0x100, 0x101, 0x1000] {
            let modulus = vec![0x55; length];
            assert_eq!(Reader::public_key(&public(&modulus, &[1, 0, 1], 0)), Some((&modulus[..], &[1, 0, 1][..])));
            let key = private(&[0], &modulus, &[0]);
            assert_eq!(Reader::private_key(&key), Some((&modulus[..], &[3][..], &[5][..])), "{length}");
            // A positive number whose first bit is set has a zero before it.
            let high = vec![0xaa; length];
            let zero_before = [&[0][..], &high].concat();
            assert_eq!(Reader::public_key(&public(&zero_before, &[3], 0)), Some((&high[..], &[3][..])));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        // Negative numbers.
        for negative in [&[0x80][..], &[0xff, 1], &[0x80; 200]] {
            assert_eq!(Reader::public_key(&public(negative, &[3], 0)), None);
            assert_eq!(Reader::public_key(&public(&[5], negative, 0)), None);
            assert_eq!(Reader::private_key(&private(&[0], negative, &[0])), None);
        }
        // Bits that are left over, another version, outside and inside.
        assert_eq!(Reader::public_key(&public(&[5], &[3], 1)), None);
        for version in [&[1][..], &[0, 0], &[]] {
            assert_eq!(Reader::private_key(&private(version, &[5], &[0])), None);
            assert_eq!(Reader::private_key(&private(&[0], &[5], version)), None);
        }
        // Another algorithm.
        let (mut key, whole) = (public(&[5], &[3], 0), public(&[5], &[3], 0));
        let at = key.windows(RSA.len()).position(|window| window == RSA).unwrap();
        for byte in at..at + RSA.len() {
            if let Some(changed) = key.get_mut(byte) {
                *changed ^= 1;
            }
            assert_eq!(Reader::public_key(&key), None, "{byte}");
            key.clone_from(&whole);
        }
        // Something behind it, and lengths that are none.
        assert_eq!(Reader::public_key(&[&whole[..], &[0]].concat()), None);
        for head in [&[0x80][..], &[0x83, 0, 0, 3], &[0x84, 0, 0, 0, 3], &[0xff], &[0x81], &[0x82, 0]] {
            assert_eq!(Reader::public_key(&[&[SEQUENCE][..], head].concat()), None);
            assert_eq!(
                Reader(&[&[INTEGER][..], head, &[1, 2, 3]].concat()).next(INTEGER).filter(|_| head.len() > 2),
                None
            );
        }
    }
}
