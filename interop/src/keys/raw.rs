//! Keys that the application holds itself.

use std::sync::Arc;

use aws_db_esdk::material_providers::conversions::create_raw_ecdh_keyring::_create_raw_ecdh_keyring_input::from_dafny;
use aws_db_esdk::material_providers::operation::create_raw_ecdh_keyring::CreateRawEcdhKeyringInput;
use aws_db_esdk::material_providers::types::{
    AesWrappingAlg, EphemeralPrivateKeyToStaticPublicKeyInput, PaddingScheme, PublicKeyDiscoveryInput,
    RawEcdhStaticConfigurations, RawPrivateKeyToStaticPublicKeyInput,
};
use aws_sdk_dynamodb::primitives::Blob;
use dynaseal::{
    AlgorithmSuite, Curve, EcdhPrivateKey, EcdhPublicKey, MultiKeyring, RawAesKeyring, RawEcdhKeyring, RawRsaKeyring,
    RsaKeys, RsaPadding, RsaPrivateKey, RsaPublicKey,
};

use super::{Both, Run};
use crate::Result;
use crate::official::providers;

const NAMESPACE: &str = "interop";

/// All kinds.
pub(super) async fn run(run: &mut Run) {
    rsa(run).await;
    ecdh(run).await;
    multi(run).await;
}

// RSA.

const RSA_PUBLIC: &str = include_str!("../../keys/test-only-rsa-2048.public.pem");
const RSA_PRIVATE: &str = include_str!("../../keys/test-only-rsa-2048.private.pem");

#[derive(Clone, Copy)]
enum Half {
    Public,
    Private,
    Both,
}

async fn rsa(run: &mut Run) {
    for padding in [
        RsaPadding::Pkcs1,
        RsaPadding::OaepSha1,
        RsaPadding::OaepSha256,
        RsaPadding::OaepSha384,
        RsaPadding::OaepSha512,
    ] {
        let kind = format!("raw RSA 2048, {padding}");
        let pair = async {
            let both = rsa_keyring(padding, Half::Both).await?;
            Ok((both.clone(), both))
        };
        run.kind(&kind, &AlgorithmSuite::ALL, pair).await;
        let halves =
            async { Ok((rsa_keyring(padding, Half::Public).await?, rsa_keyring(padding, Half::Private).await?)) };
        let kind = format!("{kind}: the public key seals, the private key opens");
        run.kind(&kind, &AlgorithmSuite::ALL, halves).await;
    }
}

async fn rsa_keyring(padding: RsaPadding, half: Half) -> Result<Both> {
    let (public, private) = (RsaPublicKey::from_pem(RSA_PUBLIC)?, RsaPrivateKey::from_pem(RSA_PRIVATE)?);
    let keys = match half {
        Half::Public => RsaKeys::Public(public),
        Half::Private => RsaKeys::Private(private),
        Half::Both => RsaKeys::Pair(public, private),
    };
    let ours = RawRsaKeyring::new(NAMESPACE, "rsa", padding, keys)?;
    let scheme = match padding {
        RsaPadding::Pkcs1 => PaddingScheme::Pkcs1,
        RsaPadding::OaepSha1 => PaddingScheme::OaepSha1Mgf1,
        RsaPadding::OaepSha256 => PaddingScheme::OaepSha256Mgf1,
        RsaPadding::OaepSha384 => PaddingScheme::OaepSha384Mgf1,
        RsaPadding::OaepSha512 => PaddingScheme::OaepSha512Mgf1,
        _ => return Err("an unknown padding".into()),
    };
    let theirs = providers()?.create_raw_rsa_keyring().key_namespace(NAMESPACE).key_name("rsa").padding_scheme(scheme);
    let theirs = match half {
        Half::Public => theirs.public_key(Blob::new(RSA_PUBLIC)),
        Half::Private => theirs.private_key(Blob::new(RSA_PRIVATE)),
        Half::Both => theirs.public_key(Blob::new(RSA_PUBLIC)).private_key(Blob::new(RSA_PRIVATE)),
    };
    Ok(Both::new(ours, theirs.send().await?))
}

// ECDH.

/// A key pair on P-256.
#[derive(Clone, Copy)]
struct Party {
    private: &'static str,
    public: &'static str,
}

const ALICE: Party = Party {
    private: include_str!("../../keys/test-only-p256-alice.private.pem"),
    public: include_str!("../../keys/test-only-p256-alice.public.pem"),
};
const BOB: Party = Party {
    private: include_str!("../../keys/test-only-p256-bob.private.pem"),
    public: include_str!("../../keys/test-only-p256-bob.public.pem"),
};

#[derive(Clone, Copy)]
enum Scheme {
    Static { sender: Party, recipient: Party },
    Ephemeral { recipient: Party },
    Discovery { recipient: Party },
}

async fn ecdh(run: &mut Run) {
    let fixed = Scheme::Static { sender: ALICE, recipient: BOB };
    let reversed = Scheme::Static { sender: BOB, recipient: ALICE };
    let ephemeral = Scheme::Ephemeral { recipient: BOB };
    let discovery = Scheme::Discovery { recipient: BOB };
    for (kind, seals, opens) in [
        ("static", fixed, fixed),
        ("static, opened with the roles reversed", fixed, reversed),
        ("static, opened by discovery", fixed, discovery),
        ("ephemeral, opened by discovery", ephemeral, discovery),
    ] {
        let keyrings = async { Ok((ecdh_keyring(seals).await?, ecdh_keyring(opens).await?)) };
        run.kind(&format!("raw ECDH P-256, {kind}"), &AlgorithmSuite::ALL, keyrings).await;
    }
    for curve in ["P-384", "P-521"] {
        run.skip(&format!("raw ECDH {curve}, all schemes"), CURVE);
    }
}

/// Why only one curve is there.
pub(super) const CURVE: &str =
    "aws-db-esdk 1.3.0 does not export its enum of curves; only its default, P-256, can be had";

async fn ecdh_keyring(scheme: Scheme) -> Result<Both> {
    let private = |party: Party| EcdhPrivateKey::from_pem(Curve::P256, party.private);
    let public = |party: Party| EcdhPublicKey::from_pem(Curve::P256, party.public);
    let ours = match scheme {
        Scheme::Static { sender, recipient } => RawEcdhKeyring::fixed(private(sender)?, public(recipient)?)?,
        Scheme::Ephemeral { recipient } => RawEcdhKeyring::ephemeral(public(recipient)?),
        Scheme::Discovery { recipient } => RawEcdhKeyring::discovery(private(recipient)?),
    };
    // They take private keys in PEM, but public keys in DER.
    let private = |party: Party| Blob::new(party.private);
    let public = |party: Party| Ok::<_, pem::PemError>(Blob::new(pem::parse(party.public)?.into_contents()));
    let scheme = match scheme {
        Scheme::Static { sender, recipient } => RawEcdhStaticConfigurations::RawPrivateKeyToStaticPublicKey(
            RawPrivateKeyToStaticPublicKeyInput::builder()
                .sender_static_private_key(private(sender))
                .recipient_public_key(public(recipient)?)
                .build()?,
        ),
        Scheme::Ephemeral { recipient } => RawEcdhStaticConfigurations::EphemeralPrivateKeyToStaticPublicKey(
            EphemeralPrivateKeyToStaticPublicKeyInput::builder().recipient_public_key(public(recipient)?).build()?,
        ),
        Scheme::Discovery { recipient } => RawEcdhStaticConfigurations::PublicKeyDiscovery(
            PublicKeyDiscoveryInput::builder().recipient_static_private_key(private(recipient)).build()?,
        ),
    };
    let theirs = providers()?.create_raw_ecdh_keyring().key_agreement_scheme(scheme);
    Ok(Both::new(ours, theirs.set_curve_spec(with_p256().curve_spec).send().await?))
}

/// The only way to a curve: the type is in a private module, but an input made from their defaults has P-256.
pub(super) fn with_p256() -> CreateRawEcdhKeyringInput {
    from_dafny(Arc::default())
}

// Several.

async fn multi(run: &mut Run) {
    let fixed = Scheme::Static { sender: ALICE, recipient: BOB };
    for (opener, index) in [("all", None), ("raw RSA", Some(0)), ("raw AES", Some(1)), ("raw ECDH", Some(2))] {
        let keyrings = async {
            let all =
                [rsa_keyring(RsaPadding::OaepSha256, Half::Both).await?, aes().await?, ecdh_keyring(fixed).await?];
            let [generator, children @ ..] = &all;
            let (ours, theirs): (Vec<_>, Vec<_>) =
                children.iter().cloned().map(|child| (child.ours, child.theirs)).unzip();
            let ours = MultiKeyring::new(Arc::clone(&generator.ours), ours);
            let theirs = providers()?.create_multi_keyring().generator(generator.theirs.clone()).child_keyrings(theirs);
            let multi = Both::new(ours, theirs.send().await?);
            let opens = index.map_or_else(|| multi.clone(), |index: usize| all[index].clone());
            Ok((multi, opens))
        };
        let kind = format!("multi of raw RSA, raw AES and raw ECDH, opened by {opener}");
        run.kind(&kind, &AlgorithmSuite::ALL, keyrings).await;
    }
}

async fn aes() -> Result<Both> {
    let key = [7; 32];
    let ours = RawAesKeyring::new(NAMESPACE, "aes", &key)?;
    let theirs = providers()?.create_raw_aes_keyring().key_namespace(NAMESPACE).key_name("aes");
    let theirs = theirs.wrapping_key(Blob::new(key)).wrapping_alg(AesWrappingAlg::AlgAes256GcmIv12Tag16);
    Ok(Both::new(ours, theirs.send().await?))
}
