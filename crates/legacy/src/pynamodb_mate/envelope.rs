//! The text that is stored in the randomised mode.

use super::aes::NONCE;
use super::error::Error;
use super::json::Json;
use super::{Mode, base85};

/// Nonce and ciphertext.
pub(super) struct Envelope {
    pub(super) nonce: [u8; NONCE],
    pub(super) token: Vec<u8>,
}

impl Envelope {
    /// Reads what Python would: spaces, the order of the two, and others beside them do not matter. Only the length of the
    /// nonce is taken as it is written, though Python would decrypt with others.
    pub(super) fn read(stored: &[u8]) -> Result<Self, Error> {
        let malformed = |problem| Error::Malformed { mode: Mode::Randomised, problem };
        let no_json = malformed("it is no JSON object with the texts `nonce` and `token`");
        let text = std::str::from_utf8(stored).ok().filter(|text| text.is_ascii());
        let text = text.ok_or_else(|| malformed("it is not ASCII"))?;
        let Ok(Json::Object(members)) = text.parse() else {
            return Err(no_json);
        };
        let (Some(Json::Text(nonce)), Some(Json::Text(token))) = (members.get("nonce"), members.get("token")) else {
            return Err(no_json);
        };
        let nonce = base85::decode(nonce).ok_or_else(|| malformed("its nonce is no base85"))?;
        let nonce = nonce.try_into().map_err(|_| malformed("its nonce has not 8 bytes"))?;
        let token = base85::decode(token).ok_or_else(|| malformed("its token is no base85"))?;
        Ok(Self { nonce, token })
    }

    /// As Python's `json.dumps` writes it: no digit of base85 has to be escaped.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.token.len() / 4 * 5 + 40);
        out.extend_from_slice(b"{\"nonce\": \"");
        base85::encode_into(&self.nonce, &mut out);
        out.extend_from_slice(b"\", \"token\": \"");
        base85::encode_into(&self.token, &mut out);
        out.extend_from_slice(b"\"}");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(stored: impl AsRef<[u8]>) -> &'static str {
        match Envelope::read(stored.as_ref()) {
            Err(Error::Malformed { mode: Mode::Randomised, problem }) => problem,
            Err(other) => unreachable!("{other}"),
            Ok(_) => "none",
        }
    }

    #[test]
    fn each_problem_is_named() {
        let no_json = "it is no JSON object with the texts `nonce` and `token`";
        assert_eq!(problem([0x89, 0x17]), "it is not ASCII");
        assert_eq!(problem(r#"{"nonce": "0000000000", "token": "é"}"#), "it is not ASCII");
        assert_eq!(problem(""), no_json);
        assert_eq!(problem("[]"), no_json);
        assert_eq!(problem(r#"{"nonce": "0000000000"}"#), no_json);
        assert_eq!(problem(r#"{"nonce": "0000000000", "token": null}"#), no_json);
        assert_eq!(problem(r#"{"nonce": "0000000000", "token": ""} x"#), no_json);
        assert_eq!(problem(r#"{"nonce": "000000000,", "token": ""}"#), "its nonce is no base85");
        assert_eq!(problem(r#"{"nonce": "000000000", "token": ""}"#), "its nonce has not 8 bytes");
        assert_eq!(problem(r#"{"nonce": "", "token": ""}"#), "its nonce has not 8 bytes");
        assert_eq!(problem(r#"{"nonce": "0000000000", "token": "~~~~~"}"#), "its token is no base85");
    }

    #[test]
    fn other_spellings_are_read() {
        assert_eq!(problem(r#"{"nonce":"0000000000","token":"00"}"#), "none");
        assert_eq!(problem(r#" {"token" : "00", "more": [], "nonce": "\u0030000000000"} "#), "none");
        assert_eq!(problem(r#"{"token": 1, "nonce": "0000000000", "token": "00"}"#), "none");
    }
}
