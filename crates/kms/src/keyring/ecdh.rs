//! Data keys agreed with a key pair in AWS KMS (specification: `framework/aws-kms/aws-kms-ecdh-keyring.md`).

use std::sync::Arc;

use dynaseal_core::{
    BoxFuture, Curve, EcdhParties, EcdhPublicKey, EncryptedDataKeyRef, KMS_ECDH_PROVIDER_ID, Keyring, MaterialsError,
    SharedSecret, UnwrapRequest, UnwrappedKeys, WrapRequest, not_opened,
};

use super::{Failures, KmsKeyringError, MAX_CALLS, fetch_public_key, is_hopeless, service};
use crate::arn::KmsKeyArn;
use crate::client::{DeriveSharedSecret, GrantTokens, Kms, KmsError};

/// Wraps with a secret that AWS KMS agrees on with a key pair of its own: one `DeriveSharedSecret` to seal a record, one
/// to open it.
#[derive(Debug)]
pub struct KmsEcdhKeyring {
    client: Arc<dyn Kms>,
    key: KmsKeyArn,
    own: EcdhPublicKey,
    /// The recipient of what this keyring seals; without one it only opens.
    other: Option<EcdhPublicKey>,
    grant_tokens: GrantTokens,
}

impl KmsEcdhKeyring {
    /// The sender's private key is in AWS KMS, the recipient's public key is known. Opens what either side sealed.
    ///
    /// The sender's public key is fetched now, unless it is given; then it is not compared with the key, and with a wrong
    /// one the recipient could not open what this seals.
    ///
    /// # Errors
    /// If the call fails, the key is none for key agreement, or the two keys are on different curves.
    pub async fn fixed(
        client: Arc<dyn Kms>,
        sender: KmsKeyArn,
        sender_public_key: Option<EcdhPublicKey>,
        recipient: EcdhPublicKey,
        grant_tokens: GrantTokens,
    ) -> Result<Self, KmsKeyringError> {
        let own = match sender_public_key {
            Some(key) => key,
            None => public_key(&*client, &sender, recipient.curve(), &grant_tokens).await?,
        };
        match own.curve() == recipient.curve() {
            true => Ok(Self { client, key: sender, own, other: Some(recipient), grant_tokens }),
            false => Err(KmsKeyringError::Curves),
        }
    }

    /// The recipient's private key is in AWS KMS: opens whatever was sealed for it, whoever the sender is. Only opens.
    ///
    /// The public key is fetched now. Whoever has read one record knows it and can make others: what opens so says
    /// nothing about who wrote it.
    ///
    /// # Errors
    /// If the call fails, or the key is none for key agreement on this curve.
    pub async fn discovery(
        client: Arc<dyn Kms>,
        recipient: KmsKeyArn,
        curve: Curve,
        grant_tokens: GrantTokens,
    ) -> Result<Self, KmsKeyringError> {
        let own = public_key(&*client, &recipient, curve, &grant_tokens).await?;
        Ok(Self { client, key: recipient, own, other: None, grant_tokens })
    }

    async fn agree(&self, other: &EcdhPublicKey) -> Result<SharedSecret, KmsError> {
        let (key_id, public_key) = (self.key.to_string(), other.to_der());
        let call = DeriveSharedSecret { key_id: &key_id, public_key: &public_key, grant_tokens: &self.grant_tokens };
        let answer = self.client.derive_shared_secret(call).await?;
        match answer.key_id == key_id {
            true => Ok(answer.secret),
            false => Err(KmsError::bad_answer("DeriveSharedSecret", &key_id, "another key answered")),
        }
    }

    async fn wrap(&self, request: &mut WrapRequest<'_>) -> Result<(), MaterialsError> {
        let only_opens =
            || MaterialsError::OnlyOpens { keyring: self.describe(), reason: "discovery opens what others sealed" };
        let recipient = self.other.as_ref().ok_or_else(only_opens)?;
        let secret = self.agree(recipient).await.map_err(|error| service(self, error))?;
        let parties = EcdhParties::new(&self.own, recipient).ok_or_else(only_opens)?;
        parties.wrap(request, KMS_ECDH_PROVIDER_ID, &secret)
    }

    async fn unwrap(&self, request: &UnwrapRequest<'_>) -> Result<UnwrappedKeys, MaterialsError> {
        let is_mine =
            |edk: &EncryptedDataKeyRef<'_>| EcdhParties::of(edk).is_some_and(|parties| self.is_mine(&parties));
        let mut failures = Failures::default();
        // Records mostly have one recipient of this keyring, and static pairs always have one and the same secret.
        let mut agreed: Option<(EcdhPublicKey, SharedSecret)> = None;
        for edk in request.encrypted_data_keys.iter().filter(|edk| is_mine(edk)).take(MAX_CALLS) {
            let Some((parties, other)) =
                EcdhParties::of(edk).and_then(|parties| Some((parties, self.other(&parties)?)))
            else {
                continue;
            };
            if agreed.as_ref().is_none_or(|(with, _)| *with != other) {
                match self.agree(&other).await {
                    Ok(secret) => agreed = Some((other, secret)),
                    Err(error) => {
                        let kind = error.kind;
                        failures.add(service(self, error), Some(kind));
                        if is_hopeless(kind) {
                            break;
                        }
                        continue;
                    }
                }
            }
            let keys = agreed.as_ref().map(|(_, secret)| parties.unwrap(edk, request.context, secret));
            if let Some(Ok(keys)) = keys {
                return Ok(keys);
            }
        }
        Err(failures.worst.map_or_else(|| not_opened(self, request, is_mine), |(_, error)| error))
    }

    fn is_mine(&self, parties: &EcdhParties<'_>) -> bool {
        match &self.other {
            Some(other) => {
                let own = EcdhParties::new(&self.own, other);
                own.is_some_and(|own| own == *parties || own == parties.reversed())
            }
            None => self.own.compressed() == parties.recipient,
        }
    }

    /// The public key to agree with.
    fn other(&self, parties: &EcdhParties<'_>) -> Option<EcdhPublicKey> {
        match &self.other {
            Some(other) => Some(other.clone()),
            None => decompress(parties.curve, parties.sender),
        }
    }
}

async fn public_key(
    client: &dyn Kms,
    key: &KmsKeyArn,
    curve: Curve,
    grant_tokens: &GrantTokens,
) -> Result<EcdhPublicKey, KmsKeyringError> {
    let der = fetch_public_key(client, key, "KEY_AGREEMENT", grant_tokens).await?;
    EcdhPublicKey::from_der(curve, &der)
        .map_err(|source| KmsKeyringError::PublicKey { key_id: key.to_string(), source })
}

/// A compressed point of a header with both its coordinates, which is what AWS KMS wants.
fn decompress(curve: Curve, point: &[u8]) -> Option<EcdhPublicKey> {
    use p256::elliptic_curve::sec1::ToSec1Point;
    let point = match curve {
        Curve::P256 => p256::PublicKey::from_sec1_bytes(point).ok()?.to_sec1_point(false).as_bytes().to_vec(),
        Curve::P384 => p384::PublicKey::from_sec1_bytes(point).ok()?.to_sec1_point(false).as_bytes().to_vec(),
        Curve::P521 => p521::PublicKey::from_sec1_bytes(point).ok()?.to_sec1_point(false).as_bytes().to_vec(),
        _ => return None,
    };
    EcdhPublicKey::from_point(curve, &point).ok()
}

impl Keyring for KmsEcdhKeyring {
    fn on_encrypt<'a>(&'a self, request: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        Box::pin(self.wrap(request))
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        Box::pin(self.unwrap(request))
    }

    fn describe(&self) -> String {
        match &self.other {
            Some(other) => format!("AWS KMS ECDH from {} to {other}", self.key),
            None => format!("AWS KMS ECDH to {}", self.key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_headers_get_their_second_coordinate() {
        for (curve, openssl) in [(Curve::P256, P256), (Curve::P384, P384), (Curve::P521, P521)] {
            let key = EcdhPublicKey::from_pem(curve, openssl).unwrap();
            assert_eq!(decompress(curve, key.compressed()), Some(key));
        }
        assert!(decompress(Curve::P256, &[0]).is_none());
        assert!(decompress(Curve::P256, &[2; 32]).is_none());
    }

    // Made with OpenSSL.
    const P256: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2mZmXmzv4qfFc1PmfavS92ReINbH\n\
        tld6ZwBxhlO3b9S5xkT+5VtU1BX6CY9EVaSUU7wnCxZNtOlJPsT2jfnHaQ==\n\
        -----END PUBLIC KEY-----";
    const P384: &str = "-----BEGIN PUBLIC KEY-----\n\
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEMHAnCVpucDhlYPA2BbgijaCce4aEgkod\n\
        HjnvHE1QmU/lktyWxh+Mms+6IJSHYt/+qMPWZW+GsUFtgAOeFYnkoYdG91IkfC4Z\n\
        TWRFO10oDRlmAX9f9LDhts9upSykMUUx\n\
        -----END PUBLIC KEY-----";
    const P521: &str = "-----BEGIN PUBLIC KEY-----\n\
        MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAcD+oHXPleMXOpxzpRAtPmUCGeBTW\n\
        qcLvj6l7rkXrceoeZ7ug1oS1zpWqn+Y2ANzE0/OxSqqTQm4mJGUtwojFpZcBD9wd\n\
        0CE7hCwlZiUeoYlCXvP3alh12+Ni9Yhqbf/cvhuCaU7EftLjYlXlFr6MHHzOHfwx\n\
        oV52k1TIQIthLlcwq3w=\n\
        -----END PUBLIC KEY-----";
}
