//! Keys in files: what is taken, and what a message says of what is not. The keys are test keys made with OpenSSL.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::path::Path;

use dynaseal_core::{
    Curve, EcdhPrivateKey, EcdhPublicKey, KeyFormatError, RsaPadding, RsaPrivateKey, RsaPublicKey, SecureRandom,
    SystemRandom,
};
use dynaseal_testkit::config::hex;

const CURVES: [(Curve, &str, usize); 3] =
    [(Curve::P256, "p256", 32), (Curve::P384, "p384", 48), (Curve::P521, "p521", 66)];

fn pem(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/keys/test-{name}.pem"))).unwrap()
}

fn labelled(label: &str) -> String {
    format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n")
}

#[test]
fn another_kind_of_pem_says_how_to_convert_it() {
    let private = |pem: String| RsaPrivateKey::from_pem(pem).unwrap_err().to_string();
    let public = |pem: String| RsaPublicKey::from_pem(pem).unwrap_err().to_string();
    let needed = |kind: &str, found: &str| format!("a PEM with `BEGIN {kind}` is needed, and this is `BEGIN {found}`");
    let to_pkcs8 = ": convert it with `openssl pkcs8 -topk8 -nocrypt`";
    for label in ["RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        assert_eq!(private(labelled(label)), needed("PRIVATE KEY", label) + to_pkcs8);
        let from_private = ": get it from that with `openssl pkey -pubout`";
        assert_eq!(public(labelled(label)), needed("PUBLIC KEY", label) + from_private);
    }
    assert_eq!(private(pem("rsa-a.pkcs1")), needed("PRIVATE KEY", "RSA PRIVATE KEY") + to_pkcs8);
    let from_certificate = ": get it from that with `openssl x509 -pubkey -noout`";
    assert_eq!(public(labelled("CERTIFICATE")), needed("PUBLIC KEY", "CERTIFICATE") + from_certificate);
    assert_eq!(private(labelled("CERTIFICATE")), needed("PRIVATE KEY", "CERTIFICATE"));
    assert_eq!(private(pem("rsa-a.pub")), needed("PRIVATE KEY", "PUBLIC KEY"));
    assert_eq!(public(labelled("OTHER")), needed("PUBLIC KEY", "OTHER"));
    // A label is cut, whoever wrote it.
    assert_eq!(public(labelled(&"X".repeat(60))), needed("PUBLIC KEY", &"X".repeat(40)));
    assert!(matches!(RsaPublicKey::from_pem("no PEM"), Err(KeyFormatError::Pem(_))));
}

#[test]
fn a_key_of_another_kind_says_what_is_needed() {
    for (curve, name, _) in CURVES {
        let text = format!("P-{}", &name[1..]);
        let public = |pem: String| EcdhPublicKey::from_pem(curve, pem).unwrap_err();
        let private = |pem: String| EcdhPrivateKey::from_pem(curve, pem).unwrap_err();
        for other in ["p256-a", "p384-a", "p521-a", "rsa-a"].into_iter().filter(|other| !other.starts_with(name)) {
            assert_eq!(public(pem(&format!("{other}.pub"))).to_string(), format!("this is no public key of {text}"));
            assert_eq!(private(pem(other)).to_string(), format!("this is no private key of {text}"));
        }
    }
    let rejected = |error: KeyFormatError| error.to_string();
    assert_eq!(
        rejected(RsaPublicKey::from_pem(pem("p256-a.pub")).unwrap_err()),
        "this is no RSA public key of 2048 to 8192 bits"
    );
    assert_eq!(
        rejected(RsaPrivateKey::from_pem(pem("p256-a")).unwrap_err()),
        "this is no RSA private key of 2048 to 8192 bits"
    );
}

#[test]
fn a_public_key_as_point_der_and_text() {
    for (curve, name, coordinate) in CURVES {
        let key = EcdhPublicKey::from_pem(curve, pem(&format!("{name}-a.pub"))).unwrap();
        let private = EcdhPrivateKey::from_pem(curve, pem(&format!("{name}-a"))).unwrap();
        assert_eq!((private.public_key(), key.curve()), (&key, curve));
        let der = key.to_der();
        let point = &der[der.len() - 2 * coordinate - 1..];
        assert_eq!(point[0], 4);
        assert_eq!(EcdhPublicKey::from_point(curve, point).unwrap(), key);
        assert_eq!(EcdhPublicKey::from_der(curve, &der).unwrap(), key);
        let (x, y) = point[1..].split_at(coordinate);
        let compressed = [&[2 + (y[coordinate - 1] & 1)], x].concat();
        assert_eq!(key.compressed(), compressed);
        let hex: String = compressed.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            (key.to_string(), format!("{key:?}")),
            (format!("{curve:?} {hex}"), format!("EcdhPublicKey({curve:?} {hex})"))
        );

        // Compressed, cut, longer, of another form, or off the curve.
        let mut off = point.to_vec();
        *off.last_mut().unwrap() ^= 2;
        let other_form = [&[6], &point[1..]].concat();
        let cases = [&compressed, &point[..point.len() - 1], &[point, &[0]].concat(), &other_form, &off, &[], &[4]];
        for wrong in cases {
            assert!(EcdhPublicKey::from_point(curve, wrong).is_err(), "{wrong:?}");
        }
        assert!(EcdhPublicKey::from_der(curve, &der[1..]).is_err());
        assert!(EcdhPublicKey::from_der(curve, &[der.clone(), vec![0]].concat()).is_err());
    }
}

/// The y of all test keys is even. Those of the generators of P-256 and P-384 (SEC 2, 2.4.2 and 2.5.1) are odd.
#[test]
fn the_sign_of_an_odd_y() {
    let generators = [
        (
            Curve::P256,
            "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        ),
        (
            Curve::P384,
            "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
            "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        ),
    ];
    for (curve, x, y) in generators {
        let key = EcdhPublicKey::from_point(curve, &hex(&format!("04{x}{y}"))).unwrap();
        assert_eq!(key.compressed(), hex(&format!("03{x}")));
    }
}

#[test]
fn names_of_curves_and_paddings() {
    for (curve, name, _) in CURVES {
        assert_eq!(name.to_uppercase().parse(), Ok(curve));
        assert_eq!(format!("P-{}", &name[1..]).parse(), Ok(curve));
    }
    assert_eq!("p256".parse::<Curve>().unwrap_err().to_string(), "unknown curve `p256`: take P256, P384 or P521");
    let paddings = [
        (RsaPadding::Pkcs1, "PKCS1"),
        (RsaPadding::OaepSha1, "OAEP_SHA1_MGF1"),
        (RsaPadding::OaepSha256, "OAEP_SHA256_MGF1"),
        (RsaPadding::OaepSha384, "OAEP_SHA384_MGF1"),
        (RsaPadding::OaepSha512, "OAEP_SHA512_MGF1"),
    ];
    for (padding, name) in paddings {
        assert_eq!((padding.to_string(), name.parse()), (name.to_owned(), Ok(padding)));
    }
    assert!("OAEP_SHA1".parse::<RsaPadding>().unwrap_err().to_string().contains("OAEP_SHA1_MGF1"));
}

#[test]
fn an_rsa_key_says_its_size_and_encrypts_with_its_padding() {
    let public = RsaPublicKey::from_pem(pem("rsa-a.pub")).unwrap();
    assert_eq!((public.bits(), format!("{public:?}")), (2048, "RsaPublicKey(2048 bits)".to_owned()));
    let private = RsaPrivateKey::from_pem(pem("rsa-a")).unwrap();
    assert_eq!(format!("{private:?}"), "RsaPrivateKey(2048 bits, redacted)");
    // The most that each padding leaves room for: OAEP takes two hashes and two bytes, PKCS #1 eleven bytes.
    let rooms = [
        (RsaPadding::Pkcs1, 11),
        (RsaPadding::OaepSha1, 42),
        (RsaPadding::OaepSha256, 66),
        (RsaPadding::OaepSha384, 98),
        (RsaPadding::OaepSha512, 130),
    ];
    for (padding, taken) in rooms {
        assert_eq!(public.encrypt(padding, &vec![1; 256 - taken]).unwrap().len(), 256);
        assert!(public.encrypt(padding, &vec![1; 256 - taken + 1]).is_err(), "{padding}");
    }
}

#[test]
fn system_randomness_fills_all_of_it() {
    let mut seen = [[0_u8; 64]; 8];
    for out in &mut seen {
        SystemRandom.fill(out).unwrap();
    }
    // Eight draws in which one byte is always zero come once in 2⁶⁴ times for each byte.
    assert!((0..64).all(|at| seen.iter().any(|out| out[at] != 0)));
    assert!((1..8).all(|index| seen[index] != seen[0]));
}
