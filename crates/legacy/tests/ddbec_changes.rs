//! Changes to sealed items and to keys are noticed with every kind of key, also where the two libraries write differently.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod ddbec;

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, Pkcs1PublicEncryptingKey, PrivateDecryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ddbec::ready;
use dynaseal_core::{AttributeValue, Item, LegacyEncryptor as _, LegacyErrorClass};
use dynaseal_legacy::ddbec::{
    Action, AesKey, DecryptionMaterials, DerivedKeys, EncryptionMaterials, Encryptor, EncryptorBuilder, HmacKey,
    ItemContext, KeyError, Library, MATERIAL_DESCRIPTION, Mac, MaterialDescription, RsaSignature, SIGNATURE,
    SignatureAlgorithm, SigningKey, StaticProvider, UnwrappingKey, VerificationKey, WrappedProvider,
    WrappedProviderBuilder, WrappingKey, names,
};

const MACS: [Mac; 4] = [Mac::HmacSha224, Mac::HmacSha256, Mac::HmacSha384, Mac::HmacSha512];
const SIGNATURES: [RsaSignature; 3] = [RsaSignature::Sha256, RsaSignature::Sha384, RsaSignature::Sha512];

/// A private key and its public key, in DER.
fn rsa() -> (Vec<u8>, Vec<u8>) {
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    (private.as_ref().to_vec(), public.as_ref().to_vec())
}

fn hmac(mac: Mac, byte: u8) -> HmacKey {
    HmacKey::new(mac, &[byte; 32]).unwrap()
}

fn aes() -> AesKey {
    AesKey::new(&[1; 32]).unwrap()
}

fn builder() -> EncryptorBuilder {
    let actions = [("signed", Action::SignOnly), ("free", Action::DoNothing)];
    Encryptor::builder("table", "pk").actions(actions)
}

fn with(signing: impl Into<SigningKey>, verification: impl Into<VerificationKey>) -> Encryptor {
    let sealing = EncryptionMaterials {
        encryption_key: Some(aes()),
        signing_key: signing.into(),
        description: MaterialDescription::default(),
    };
    let opening = DecryptionMaterials { decryption_key: Some(aes()), verification_key: verification.into() };
    let provider = StaticProvider::new(Some(sealing), Some(opening));
    builder().build(Arc::new(provider)).unwrap()
}

/// Names that Java has in another order than Python: by UTF-16 units and by characters.
fn item() -> Item {
    ["pk", "signed", "free", "a", "\u{ffff}", "😀"]
        .map(|name| (name.to_owned(), format!("value of {name}").into()))
        .into()
}

fn class(encryptor: &Encryptor, item: &Item) -> Option<LegacyErrorClass> {
    ready(encryptor.decrypt_item(item.clone())).err().map(|error| error.class())
}

#[test]
fn no_attribute_can_be_changed_under_any_kind_of_signature() {
    let ((private, public), (other_private, other_public)) = (rsa(), rsa());
    let mut kinds: Vec<(Encryptor, Encryptor)> = Vec::new();
    for mac in MACS {
        kinds.push((with(hmac(mac, 2), hmac(mac, 2)), with(hmac(mac, 3), hmac(mac, 3))));
    }
    for algorithm in SIGNATURES {
        let pair = |private: &[u8], public: &[u8]| {
            with(SigningKey::rsa(algorithm, private).unwrap(), VerificationKey::rsa(algorithm, public).unwrap())
        };
        kinds.push((pair(&private, &public), pair(&other_private, &other_public)));
    }
    for (encryptor, stranger) in &kinds {
        let sealed = ready(encryptor.encrypt_item(item())).unwrap();
        assert_eq!(ready(encryptor.decrypt_item(sealed.clone())).unwrap(), item());
        // Sealed with another key of the same kind.
        let of_stranger = ready(stranger.encrypt_item(item())).unwrap();
        assert_eq!(class(encryptor, &of_stranger), Some(LegacyErrorClass::Authentication));
        let AttributeValue::B(signature) = sealed[SIGNATURE].clone() else { panic!("no signature") };
        let flipped = |bit: usize| {
            let mut changed = signature.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            changed
        };
        let others = [vec![], signature[1..].to_vec(), [&signature[..], &[0]].concat(), vec![0; signature.len()]];
        let flips = (0..signature.len() * 8).step_by(37).map(flipped);
        for wrong in others.into_iter().chain(flips) {
            let mut changed = sealed.clone();
            changed.insert(SIGNATURE.to_owned(), AttributeValue::B(wrong));
            assert_eq!(class(encryptor, &changed), Some(LegacyErrorClass::Authentication));
        }
        for name in ["pk", "signed", "a", "\u{ffff}", "😀"] {
            let mut changed = sealed.clone();
            changed.insert(name.to_owned(), "another value".into());
            assert_eq!(class(encryptor, &changed), Some(LegacyErrorClass::Authentication), "{name}");
            changed.remove(name);
            assert_eq!(class(encryptor, &changed), Some(LegacyErrorClass::Authentication), "without {name}");
        }
    }
    // Nor does one kind of signature stand in for another.
    for (index, (one, _)) in kinds.iter().enumerate() {
        let sealed = ready(one.encrypt_item(item())).unwrap();
        for (other, _) in kinds.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| other) {
            assert!(class(other, &sealed).is_some());
            let mut silent = sealed.clone();
            silent.insert(MATERIAL_DESCRIPTION.to_owned(), AttributeValue::B(vec![0; 4]));
            assert_eq!(class(other, &silent), Some(LegacyErrorClass::Authentication));
        }
    }
}

/// Where nothing is done with most attributes, the few others are sealed all the same.
#[test]
fn an_action_for_one_attribute_holds_whatever_the_others_have() {
    let key = hmac(Mac::HmacSha256, 2);
    for (action, encrypted) in [(Action::EncryptAndSign, true), (Action::SignOnly, false)] {
        let builder = Encryptor::builder("table", "pk").default_action(Action::DoNothing).actions([("a", action)]);
        let provider = StaticProvider::symmetric(Some(aes()), key.clone());
        let encryptor = builder.build(Arc::new(provider)).unwrap();
        let sealed = ready(encryptor.encrypt_item(item())).unwrap();
        assert!(sealed.contains_key(SIGNATURE) && encryptor.is_legacy(&sealed));
        assert_eq!(matches!(sealed["a"], AttributeValue::B(_)), encrypted, "{action}");
        for name in ["signed", "free", "😀"] {
            assert_eq!(sealed[name], item()[name]);
        }
        assert_eq!((encryptor.is_signed("a"), encryptor.is_signed("free")), (true, false));
        // As upstream has it: keys too are only signed where something is to be done with them.
        assert!(!encryptor.is_signed("pk"));
        let mut changed = sealed.clone();
        changed.insert("a".to_owned(), item()["signed"].clone());
        assert_eq!(class(&encryptor, &changed), Some(LegacyErrorClass::Authentication));
        changed = sealed;
        changed.insert("free".to_owned(), "another value".into());
        assert_eq!(class(&encryptor, &changed), None);
    }
}

#[test]
fn what_is_signed_is_the_item_without_what_says_so() {
    let encryptor = with(hmac(Mac::HmacSha256, 2), hmac(Mac::HmacSha256, 2));
    let sealed = ready(encryptor.encrypt_item(item())).unwrap();
    for (name, signed) in [("a", true), ("signed", true), ("pk", true), ("unknown", true), ("free", false)] {
        assert_eq!(encryptor.is_signed(name), signed, "{name}");
    }
    let text = |item: &Item, library| encryptor.string_to_sign(item, library).unwrap();
    let mut without = sealed.clone();
    for library in [Library::Java, Library::Python] {
        for name in [SIGNATURE, MATERIAL_DESCRIPTION, "free"] {
            without.remove(name);
            assert_eq!(text(&without, library), text(&sealed, library), "without {name}");
        }
        // SHA-256 of the table, and of name, action and value of each attribute.
        assert_eq!(text(&sealed, library).len(), 32 * (1 + 3 * 5));
        without = sealed.clone();
    }
    assert_ne!(text(&sealed, Library::Java), text(&sealed, Library::Python));
}

/// The longest that fits into an item is read.
#[test]
fn a_material_description_is_no_longer_than_an_item() {
    let of_length = |length: usize| {
        let value = vec![b'x'; length - 4 - 4 - 1 - 4];
        let length = u32::try_from(value.len()).unwrap().to_be_bytes();
        [&[0; 4][..], &[0, 0, 0, 1], b"n", &length, &value].concat()
    };
    for length in [100, 400 * 1024 - 1, 400 * 1024] {
        let bytes = of_length(length);
        let read = MaterialDescription::from_bytes(&bytes).unwrap();
        assert!(!read.is_empty() && read.iter().map(|(name, _)| name).eq(["n"]));
        assert_eq!(read.to_bytes(), bytes);
    }
    for length in [400 * 1024 + 1, 500 * 1024] {
        let error = MaterialDescription::from_bytes(&of_length(length)).unwrap_err();
        assert!(error.to_string().contains("longer than an item"), "{error}");
    }
    assert!(MaterialDescription::from_bytes(&[0; 4]).unwrap().is_empty());
    let pairs = [("b", "2"), ("a", "1")];
    let description: MaterialDescription = pairs.into_iter().collect();
    assert_eq!(description.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[test]
fn keys_in_pem_are_those_in_der() {
    let (private, public) = rsa();
    for algorithm in SIGNATURES {
        let from_pem = with(
            SigningKey::rsa_pem(algorithm, &pem("PRIVATE KEY", &private)).unwrap(),
            VerificationKey::rsa_pem(algorithm, &pem("PUBLIC KEY", &public)).unwrap(),
        );
        let from_der =
            with(SigningKey::rsa(algorithm, &private).unwrap(), VerificationKey::rsa(algorithm, &public).unwrap());
        let sealed = ready(from_pem.encrypt_item(item())).unwrap();
        assert_eq!(ready(from_der.decrypt_item(sealed)).unwrap(), item());
        let sealed = ready(from_der.encrypt_item(item())).unwrap();
        assert_eq!(ready(from_pem.decrypt_item(sealed)).unwrap(), item());
    }
    assert!(WrappingKey::rsa_pem(&pem("PUBLIC KEY", &public)).is_ok());
    assert!(UnwrappingKey::rsa_pem(&pem("PRIVATE KEY", &private)).is_ok());

    let is_wrong = |result: Result<(), KeyError>, label| assert_eq!(result, Err(KeyError::Pem(label)));
    for (label, der) in [("PUBLIC KEY", &private), ("RSA PRIVATE KEY", &private), ("PRIVATE  KEY", &private)] {
        let text = pem(label, der);
        is_wrong(SigningKey::rsa_pem(RsaSignature::Sha256, &text).map(drop), "PRIVATE KEY");
        is_wrong(UnwrappingKey::rsa_pem(&text).map(drop), "PRIVATE KEY");
    }
    for (label, der) in [("PRIVATE KEY", &public), ("CERTIFICATE", &public), ("RSA PUBLIC KEY", &public)] {
        let text = pem(label, der);
        is_wrong(VerificationKey::rsa_pem(RsaSignature::Sha256, &text).map(drop), "PUBLIC KEY");
        is_wrong(WrappingKey::rsa_pem(&text).map(drop), "PUBLIC KEY");
    }
    for text in ["", "no PEM", &pem("PUBLIC KEY", &public)[1..]] {
        is_wrong(WrappingKey::rsa_pem(text).map(drop), "PUBLIC KEY");
    }
    // The right label around the other half of the key.
    assert!(matches!(WrappingKey::rsa_pem(&pem("PUBLIC KEY", &private)), Err(KeyError::Rsa(_))));
    assert!(matches!(UnwrappingKey::rsa_pem(&pem("PRIVATE KEY", &public)), Err(KeyError::Rsa(_))));
}

#[test]
fn debug_of_keys_says_what_they_are_and_no_byte_of_them() {
    let (private, public) = rsa();
    let key = hmac(Mac::HmacSha384, 0xab);
    assert_eq!(format!("{key:?}"), "HmacKey(HmacSha384, redacted)");
    assert_eq!(key.algorithm(), Mac::HmacSha384);
    assert_eq!(format!("{:?}", SigningKey::from(key.clone())), "SigningKey(HmacSHA384, redacted)");
    assert_eq!(format!("{:?}", VerificationKey::from(key)), "VerificationKey(HmacSHA384, redacted)");
    for (algorithm, name) in SIGNATURES.into_iter().zip(["SHA256withRSA", "SHA384withRSA", "SHA512withRSA"]) {
        let (signing, verification) =
            (SigningKey::rsa(algorithm, &private).unwrap(), VerificationKey::rsa(algorithm, &public).unwrap());
        assert_eq!(
            format!("{signing:?} {verification:?}"),
            format!("SigningKey({name}, redacted) VerificationKey({name}, redacted)")
        );
        assert_eq!(
            (signing.algorithm(), verification.algorithm()),
            (SignatureAlgorithm::Rsa(algorithm), signing.algorithm())
        );
        assert_eq!(SignatureAlgorithm::Rsa(algorithm).to_string().parse(), Ok(SignatureAlgorithm::Rsa(algorithm)));
    }
    assert_eq!(format!("{:?}", AesKey::new(&[0xab; 24]).unwrap()), "AesKey(192 bits, redacted)");
    let (wrapping, unwrapping) = (WrappingKey::rsa(&public).unwrap(), UnwrappingKey::rsa(&private).unwrap());
    assert_eq!(format!("{wrapping:?}"), "WrappingKey(RSA, 2048 bits)");
    assert_eq!(format!("{unwrapping:?}"), "UnwrappingKey(RSA, 2048 bits, redacted)");
    let (wrapping, unwrapping) = (WrappingKey::from(aes()), UnwrappingKey::from(aes()));
    assert_eq!(format!("{wrapping:?} {unwrapping:?}"), "WrappingKey(AES, redacted) UnwrappingKey(AES, redacted)");
    let (item, description) = (item(), MaterialDescription::default());
    let shown = format!("{:?}", ItemContext::new("table", "pk", None, &item, &description));
    assert!(shown.contains("\"signed\"") && shown.contains("table") && !shown.contains("value of"), "{shown}");
}

/// Lengths and algorithms that there are, and the nearest that there are not.
#[test]
fn keys_are_derived_for_what_there_is() {
    let of = |content: &str, signature: &str| DerivedKeys::new(&[7; 32], content, signature);
    for (content, bits) in [("AES", 256), ("AES/128", 128), ("AES/192", 192), ("AES/256", 256)] {
        let keys = of(content, "HmacSHA256/256").unwrap();
        assert_eq!(format!("{:?}", keys.encryption_key), format!("AesKey({bits} bits, redacted)"), "{content}");
    }
    for (signature, mac) in [
        ("HmacSHA256", Mac::HmacSha256),
        ("HmacSHA224/128", Mac::HmacSha224),
        ("HmacSHA384/1024", Mac::HmacSha384),
        ("HmacSHA512/136", Mac::HmacSha512),
    ] {
        assert_eq!(of("AES/256", signature).unwrap().signing_key.algorithm(), mac, "{signature}");
    }
    for content in [
        "",
        "AES/",
        "AES/0",
        "AES/64",
        "AES/129",
        "AES/512",
        "AES/+256",
        "AES/-256",
        "AES/256/1",
        "aes/256",
        "DES/128",
        "/256",
    ] {
        assert!(of(content, "HmacSHA256/256").is_err(), "{content}");
    }
    for signature in [
        "",
        "HmacSHA256/",
        "HmacSHA256/0",
        "HmacSHA256/120",
        "HmacSHA256/127",
        "HmacSHA256/129",
        "HmacSHA256/1032",
        "HmacSHA256/+256",
        "HmacSHA1/256",
        "HmacMD5/256",
        "SHA256withRSA/256",
        "SHA256withRSA",
        "hmacsha256/256",
    ] {
        assert!(of("AES/256", signature).is_err(), "{signature}");
    }
}

/// By the definition of HKDF (RFC 5869), with HMAC alone: the two keys of one secret.
#[test]
fn derived_keys_are_those_of_hkdf() {
    use aws_lc_rs::hmac;

    let secret: Vec<u8> = (0..32).collect();
    let tag =
        |key: &[u8], message: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec();
    let extracted = tag(&[0; 32], &secret);
    let expanded = |info: &[u8], length: usize| {
        let mut out: Vec<u8> = Vec::new();
        let mut last = Vec::new();
        for number in 1.. {
            last = tag(&extracted, &[&last[..], info, &[number]].concat());
            out.extend(&last);
            if out.len() >= length {
                break;
            }
        }
        out.truncate(length);
        out
    };
    for (content, signature, mac, bits) in [
        ("AES/128", "HmacSHA224/1024", Mac::HmacSha224, 1024),
        ("AES/192", "HmacSHA256/128", Mac::HmacSha256, 128),
        ("AES/256", "HmacSHA384/264", Mac::HmacSha384, 264),
    ] {
        let derived = DerivedKeys::new(&secret, content, signature).unwrap();
        let length = content[4..].parse::<usize>().unwrap() / 8;
        let encryption = AesKey::new(&expanded(b"Encryption", length)).unwrap();
        let signing = HmacKey::new(mac, &expanded(b"Signing", bits / 8)).unwrap();
        let encryptor =
            |aes: AesKey, hmac: HmacKey| builder().build(Arc::new(StaticProvider::symmetric(Some(aes), hmac))).unwrap();
        let (ours, expected) = (encryptor(derived.encryption_key, derived.signing_key), encryptor(encryption, signing));
        let sealed = ready(ours.encrypt_item(item())).unwrap();
        assert_eq!(ready(expected.decrypt_item(sealed)).unwrap(), item(), "{content} {signature}");
    }
}

/// What upstream takes if the item does not say how its key is wrapped: AES key wrap, and PKCS #1 v1.5 where it is accepted.
#[test]
fn a_key_that_is_wrapped_in_a_way_that_is_not_said() {
    let opens = |sealed: &Item, provider: WrappedProviderBuilder, description: &[(&str, &str)]| {
        let mut sealed = sealed.clone();
        let AttributeValue::B(bytes) = &sealed[MATERIAL_DESCRIPTION] else { panic!("no description") };
        let mut said = MaterialDescription::from_bytes(bytes).unwrap();
        let kept = said.iter().filter(|(name, _)| *name != names::WRAPPING_ALGORITHM);
        said = kept.chain(description.iter().copied()).collect();
        sealed.insert(MATERIAL_DESCRIPTION.to_owned(), AttributeValue::B(said.to_bytes()));
        let encryptor = builder().build(Arc::new(provider.build().unwrap())).unwrap();
        ready(encryptor.decrypt_item(sealed)).map_err(|error| (error.class(), error.to_string()))
    };
    let signing = hmac(Mac::HmacSha256, 2);
    let with_aes = || {
        let keys = WrappedProvider::builder().wrapping_key(aes()).unwrapping_key(aes());
        keys.signing_key(signing.clone()).verification_key(signing.clone())
    };
    let sealer = builder().build(Arc::new(with_aes().build().unwrap())).unwrap();
    let sealed = ready(sealer.encrypt_item(item())).unwrap();
    assert_eq!(opens(&sealed, with_aes(), &[]), Ok(item()));
    assert_eq!(opens(&sealed, with_aes(), &[(names::WRAPPING_ALGORITHM, "AES")]), Ok(item()));

    // Nobody signs the description, so that anybody can put a key there that they wrapped.
    let library = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = library.as_der().unwrap();
    let with_rsa = || {
        let key = UnwrappingKey::rsa(private.as_ref()).unwrap();
        WrappedProvider::builder().unwrapping_key(key).verification_key(signing.clone())
    };
    let sealed = ready(with(signing.clone(), signing.clone()).encrypt_item(item())).unwrap();
    let mut wrapped = vec![0; 256];
    Pkcs1PublicEncryptingKey::new(library.public_key()).unwrap().encrypt(&[1; 32], &mut wrapped).unwrap();
    let wrapped = STANDARD.encode(wrapped);
    for said in [&[][..], &[(names::WRAPPING_ALGORITHM, "RSA")], &[(names::WRAPPING_ALGORITHM, "RSA/ECB/PKCS1Padding")]]
    {
        let said = [said, &[(names::WRAPPED_KEY, &*wrapped), (names::CONTENT_ALGORITHM, "AES/256")]].concat();
        assert_eq!(opens(&sealed, with_rsa().accept_pkcs1_v1_5(), &said), Ok(item()), "{said:?}");
        let (class, text) = opens(&sealed, with_rsa(), &said).unwrap_err();
        assert!(class == LegacyErrorClass::Malformed && text.contains("amzn-ddb-wrap-alg"), "{text}");
    }
    for other in ["RSA/ECB/NoPadding", "rsa", "AES", "AESWrap", "RSA/ECB/PKCS1Padding "] {
        let said = [
            (names::WRAPPING_ALGORITHM, other),
            (names::WRAPPED_KEY, &*wrapped),
            (names::CONTENT_ALGORITHM, "AES/256"),
        ];
        assert!(opens(&sealed, with_rsa().accept_pkcs1_v1_5(), &said).is_err(), "{other}");
    }
}

/// What is to be said of how keys are wrapped has to be what this key can do.
#[test]
fn a_description_asks_for_what_the_wrapping_key_can_do() {
    let public = rsa().1;
    let of = |key: WrappingKey, algorithm: &str| {
        let said = [(names::WRAPPING_ALGORITHM, algorithm)].into_iter().collect();
        WrappedProvider::builder()
            .wrapping_key(key)
            .signing_key(hmac(Mac::HmacSha256, 2))
            .description(said)
            .build()
            .is_ok()
    };
    let hashes = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];
    let paddings = hashes.map(|hash| format!("RSA/ECB/OAEPWith{hash}AndMGF1Padding"));
    for (algorithm, with_aes, with_rsa) in [("AESWrap", true, false), ("AES", false, false), ("RSA", false, false)]
        .into_iter()
        .chain(paddings.iter().map(|padding| (padding.as_str(), false, true)))
        .chain([("RSA/ECB/PKCS1Padding", false, false), ("", false, false)])
    {
        assert_eq!(of(WrappingKey::from(aes()), algorithm), with_aes, "{algorithm}");
        assert_eq!(of(WrappingKey::rsa(&public).unwrap(), algorithm), with_rsa, "{algorithm}");
    }
}
