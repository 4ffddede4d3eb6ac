//! Provider ids and infos of headers: whatever they hold, they are decoded without harm; and those of ECDH keyrings are
//! written again as the same bytes. Names of keys in PEM come from configurations, and are read here as well.

#![no_main]

use dynaseal_core::{
    Curve, EcdhParties, EcdhPublicKey, EncryptedDataKeyRef, RecipientInfo, RsaPrivateKey, RsaPublicKey,
};
use libfuzzer_sys::fuzz_target;

const PROVIDERS: [&str; 6] = ["aws-kms", "aws-kms-rsa", "aws-kms-ecdh", "raw-ecdh", "aws-kms-hierarchy", "namespace"];

fuzz_target!(|data: &[u8]| {
    let [provider, split, rest @ ..] = data else { return };
    let provider_id = PROVIDERS[usize::from(*provider) % PROVIDERS.len()];
    let (provider_info, ciphertext) = rest.split_at(usize::from(*split).min(rest.len()));
    let edk = EncryptedDataKeyRef { provider_id, provider_info, ciphertext };
    let _ = RecipientInfo::decode(&edk).to_string();
    if let Some(parties) = EcdhParties::of(&edk) {
        assert_eq!(parties.provider_info().expect("points are short"), provider_info);
    }
    let _ = (RsaPublicKey::from_pem(rest), RsaPrivateKey::from_pem(rest), RsaPublicKey::from_der(rest));
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        if let Ok(key) = EcdhPublicKey::from_der(curve, rest) {
            assert_eq!(key.to_der(), rest);
        }
    }
});
