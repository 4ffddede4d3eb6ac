//! Reading of bytes that somebody else wrote: every step is bounds-checked, nothing is allocated from a length that
//! was only claimed.

/// Where bytes stopped making sense, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: {reason}")]
pub struct Malformed {
    /// Offset from the start of the header, footer or value.
    pub offset: usize,
    /// What was wrong there.
    pub reason: &'static str,
}

/// A position in a slice.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// An error at this place.
    pub(crate) fn malformed(&self, reason: &'static str) -> Malformed {
        Malformed { offset: self.at, reason }
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..length).ok_or_else(|| self.malformed("cut short"))?;
        self.at += length;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Malformed> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.first_chunk().ok_or_else(|| self.malformed("cut short"))?;
        self.at += N;
        Ok(taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| *byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().copied().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().copied().map(u32::from_be_bytes)
    }

    /// `u16` length and that many bytes.
    pub(crate) fn short_bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// `u16` length and that many bytes of UTF-8.
    pub(crate) fn short_str(&mut self) -> Result<&'a str, Malformed> {
        let start = self.clone();
        std::str::from_utf8(self.short_bytes()?).map_err(|_| start.malformed("not UTF-8"))
    }

    /// `u32` length and that many bytes.
    pub(crate) fn long_bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u32()?;
        let length = usize::try_from(length).map_err(|_| self.malformed("cut short"))?;
        self.take(length)
    }

    /// What was read since `start`.
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// Nothing may be left.
    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.remaining() == 0 { Ok(()) } else { Err(self.malformed("bytes after the end")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_at_the_end() {
        let mut cursor = Cursor::new(&[0, 2, b'a', b'b', 9]);
        assert_eq!(cursor.short_str(), Ok("ab"));
        assert_eq!(cursor.u16(), Err(Malformed { offset: 4, reason: "cut short" }));
        assert_eq!(cursor.u8(), Ok(9));
        assert!(cursor.clone().finish().is_ok());
        assert!(cursor.take(usize::MAX).is_err());
    }

    #[test]
    fn claims_beyond_the_end_are_refused() {
        assert!(Cursor::new(&[0xff, 0xff, 1]).short_bytes().is_err());
        assert!(Cursor::new(&[0xff, 0xff, 0xff, 0xff, 1]).long_bytes().is_err());
        assert!(Cursor::new(&[0, 1, 0xff]).short_str().is_err());
        assert!(Cursor::new(&[1]).finish().is_err());
    }
}
