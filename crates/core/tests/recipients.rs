//! Recipients: what headers say of them, how messages name them, and what travels between a CMM and its keyrings.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::error::Error;
use std::sync::{Arc, Mutex};

use dynaseal_core::{
    AlgorithmSuite, AttributeValue, BoxFuture, Cmm, CryptoError, DecryptionMaterials, DecryptionRequest, DefaultCmm,
    EncryptedDataKeyRef, EncryptionContext, EncryptionMaterials, EncryptionRequest, ErrorKind, FOOT, HEAD, Inspection,
    Item, ItemEncryptor, Keyring, MaterialsError, MultiKeyring, RawAesKeyring, RawKeyringError, RawRsaKeyring,
    RecipientInfo, RequiredContextCmm, RequiredKeys, RsaKeys, RsaPadding, RsaPrivateKey, RsaPublicKey, SigningKey,
    SystemRandom, TableConfig, UnwrapRequest, UnwrappedKeys, Uuid, WrapRequest,
};
use dynaseal_testkit::block_on;

const SUITE: AlgorithmSuite = AlgorithmSuite::HmacOnly;

fn item() -> Item {
    [("pk".to_owned(), "a".into()), ("v".to_owned(), "secret".into())].into()
}

fn config(suite: AlgorithmSuite) -> TableConfig {
    TableConfig::builder("table", "pk").encrypt(["v"]).algorithm_suite(suite).build().unwrap()
}

fn raw(name: &str) -> RawAesKeyring {
    RawAesKeyring::new("ns", name, &[5; 24]).unwrap()
}

fn edk<'a>(provider_id: &'a str, provider_info: &'a [u8], ciphertext: &'a [u8]) -> EncryptedDataKeyRef<'a> {
    EncryptedDataKeyRef { provider_id, provider_info, ciphertext }
}

#[test]
fn every_kind_of_recipient_by_name() {
    let raw_info = [b"key-1".as_slice(), &[0, 0, 0, 128, 0, 0, 0, 12], &[9; 12]].concat();
    let points = [[&[2_u8][..], &[0xab; 32]].concat(), [&[3_u8][..], &[0x0c; 32]].concat()];
    let ecdh_info = [&[1_u8, 0, 0, 0, 33][..], &points[0], &[0, 0, 0, 33], &points[1]].concat();
    let version = Uuid::from_u128(7);
    let hierarchy = [&[0_u8; 48][..], &[0; 28], version.as_bytes(), &[0; 48]].concat();
    let longer = [hierarchy.as_slice(), &[0]].concat();
    let (to, from) = (format!("02{}", "ab".repeat(32)), format!("03{}", "0c".repeat(32)));
    let other = |id: &str, info: &str| RecipientInfo::Other { provider_id: id.into(), provider_info: info.into() };
    let cases = [
        (
            edk("ns", &raw_info, b""),
            RecipientInfo::RawAes { namespace: "ns".into(), name: "key-1".into() },
            "raw AES ns/key-1".to_owned(),
        ),
        (
            edk("aws-kms-hierarchy", b"tenant", &hierarchy),
            RecipientInfo::BranchKey { id: "tenant".into(), version: Some(version) },
            "branch key tenant version 00000000-0000-0000-0000-000000000007".to_owned(),
        ),
        // One byte less, and one more: there is no version in it.
        (
            edk("aws-kms-hierarchy", b"tenant", &hierarchy[1..]),
            RecipientInfo::BranchKey { id: "tenant".into(), version: None },
            "branch key tenant".to_owned(),
        ),
        (
            edk("aws-kms-hierarchy", b"tenant", &longer),
            RecipientInfo::BranchKey { id: "tenant".into(), version: None },
            "branch key tenant".to_owned(),
        ),
        (edk("aws-kms", b"arn:a", b""), RecipientInfo::Kms { arn: "arn:a".into() }, "AWS KMS arn:a".to_owned()),
        (
            edk("aws-kms-rsa", b"arn:b", b""),
            RecipientInfo::KmsRsa { arn: "arn:b".into() },
            "AWS KMS RSA arn:b".to_owned(),
        ),
        (
            edk("raw-ecdh", &ecdh_info, b""),
            RecipientInfo::Ecdh { kms: false, recipient: to.clone(), sender: from.clone() },
            format!("raw ECDH to {to} from {from}"),
        ),
        (
            edk("aws-kms-ecdh", &ecdh_info, b""),
            RecipientInfo::Ecdh { kms: true, recipient: to.clone(), sender: from.clone() },
            format!("AWS KMS ECDH to {to} from {from}"),
        ),
        (edk("ns", b"rsa-key", b""), other("ns", "rsa-key"), "ns/rsa-key".to_owned()),
        (edk("raw-ecdh", b"no points", b""), other("raw-ecdh", "no points"), "raw-ecdh/no points".to_owned()),
        (edk("ns", b"\xff", b""), other("ns", "\u{fffd}"), "ns/\u{fffd}".to_owned()),
    ];
    for (edk, expected, text) in cases {
        let info = RecipientInfo::decode(&edk);
        assert_eq!(info.to_string(), text);
        assert_eq!(info, expected);
    }
}

#[test]
fn a_message_names_eight_recipients_and_counts_the_others() {
    let message = |recipients: usize| {
        let others = (1..recipients).map(|index| -> Arc<dyn Keyring> { Arc::new(raw(&format!("r{index}"))) });
        let multi = MultiKeyring::new(Arc::new(raw("r0")), others.collect());
        let sealed = block_on(ItemEncryptor::new(config(SUITE), multi).encrypt_item(item())).unwrap().item;
        let error = block_on(ItemEncryptor::new(config(SUITE), raw("mine")).decrypt_item(sealed)).unwrap_err();
        match error.kind() {
            ErrorKind::Materials(MaterialsError::NotARecipient { keyring, recipients }) => {
                assert_eq!(keyring, "raw AES ns/mine");
                recipients.clone()
            }
            other => panic!("{other}"),
        }
    };
    let names = |count: usize| (0..count).map(|index| format!("raw AES ns/r{index}")).collect::<Vec<_>>().join(", ");
    assert_eq!(message(1), names(1));
    assert_eq!(message(8), names(8));
    assert_eq!(message(9), format!("{}, and 1 more", names(8)));
    assert_eq!(message(20), format!("{}, and 12 more", names(8)));
}

#[test]
fn a_long_name_of_a_recipient_is_cut_and_cleaned() {
    let message = |name: &str| {
        let sealed = block_on(ItemEncryptor::new(config(SUITE), raw(name)).encrypt_item(item())).unwrap().item;
        let error = block_on(ItemEncryptor::new(config(SUITE), raw("mine")).decrypt_item(sealed)).unwrap_err();
        match error.kind() {
            ErrorKind::Materials(MaterialsError::NotARecipient { recipients, .. }) => recipients.clone(),
            other => panic!("{other}"),
        }
    };
    let before = "raw AES ns/";
    assert_eq!(message(&"é".repeat(117)), format!("{before}{}", "é".repeat(117)));
    assert_eq!(message(&"é".repeat(118)), format!("{before}{}", "é".repeat(117)));
    assert_eq!(message("a\u{1b}[0m\nb"), format!("{before}a\u{fffd}[0m\u{fffd}b"));
}

#[test]
fn an_inspection_without_a_key() {
    let sealed = block_on(ItemEncryptor::new(config(SUITE), raw("r")).encrypt_item(item())).unwrap().item;
    let inspection = Inspection::new(&sealed, Some(&config(SUITE))).unwrap();
    assert_eq!(inspection.recipients, [RecipientInfo::RawAes { namespace: "ns".into(), name: "r".into() }]);
    let [AttributeValue::B(head), AttributeValue::B(foot)] = [&sealed[HEAD], &sealed[FOOT]] else { panic!("both") };
    assert_eq!((inspection.sizes.head, inspection.sizes.foot), (head.len(), foot.len()));
    assert_eq!(inspection.sizes.overhead, 12 + head.len() + 12 + foot.len() + 18);
    assert_eq!(inspection.sizes.item, dynaseal_core::item_size(&sealed));
    assert_eq!(inspection.sizes.item - inspection.sizes.overhead, dynaseal_core::item_size(&item()));
}

/// Keeps what it saw, and seals and opens as a raw AES key does.
#[derive(Debug)]
struct Looking(RawAesKeyring, Mutex<Vec<(AlgorithmSuite, EncryptionContext, bool)>>);

impl Keyring for Looking {
    fn on_encrypt<'a>(&'a self, request: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        let seen = (request.suite(), request.context().clone(), request.has_data_key());
        self.1.lock().unwrap().push(seen);
        self.0.on_encrypt(request)
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        self.1.lock().unwrap().push((request.suite, request.context.clone(), false));
        self.0.on_decrypt(request)
    }

    fn describe(&self) -> String {
        self.0.describe()
    }
}

#[test]
fn a_keyring_sees_suite_and_context() {
    for suite in AlgorithmSuite::ALL {
        let (first, second) =
            (Arc::new(Looking(raw("a"), Mutex::default())), Arc::new(Looking(raw("b"), Mutex::default())));
        let multi = MultiKeyring::new(first.clone(), vec![second.clone()]);
        let encryptor = ItemEncryptor::new(config(suite), multi);
        let sealed = block_on(encryptor.encrypt_item(item())).unwrap();
        block_on(encryptor.decrypt_item(sealed.item)).unwrap();
        let context = sealed.header.unwrap().encryption_context().clone();
        assert_eq!(context.get("aws-crypto-table-name"), Some("table"));
        assert_eq!(context.get("aws-crypto-public-key").is_some(), suite == AlgorithmSuite::EcdsaP384);
        let seen = |keyring: &Looking| keyring.1.lock().unwrap().clone();
        assert_eq!(seen(&first), [(suite, context.clone(), false), (suite, context.clone(), false)]);
        // The second finds the data key there, and is not asked where the first opens.
        assert_eq!(seen(&second), [(suite, context, true)]);
    }
}

#[test]
fn materials_say_what_they_are_for() {
    let mut context = EncryptionContext::new();
    context.insert("tenant", "t").unwrap();
    for suite in AlgorithmSuite::ALL {
        let key = (suite == AlgorithmSuite::EcdsaP384).then(|| SigningKey::generate().unwrap());
        let materials =
            EncryptionMaterials::new(suite, context.clone(), ["tenant"].into_iter().collect(), key).unwrap();
        assert_eq!((materials.suite(), materials.context().get("tenant")), (suite, Some("t")));
    }
    let mut materials = EncryptionMaterials::new(SUITE, context.clone(), RequiredKeys::default(), None).unwrap();
    let mut request = materials.wrap_request(&SystemRandom);
    assert!(!request.has_data_key());
    let first = request.new_recipient().unwrap();
    assert!(request.has_data_key());
    let second = request.new_recipient().unwrap();
    assert_ne!(first.intermediate_key().expose_secret(), second.intermediate_key().expose_secret());
    assert_ne!(first.intermediate_key().expose_secret(), &[0; 32]);
}

#[test]
fn materials_to_open_with_have_the_full_context() {
    let cmm: Arc<dyn Cmm> = Arc::new(DefaultCmm::new(Arc::new(raw("a"))));
    let sealed = block_on(ItemEncryptor::with_cmm(config(SUITE), cmm.clone()).encrypt_item(item())).unwrap();
    let parsed = sealed.header.unwrap();
    let header = parsed.header();
    let request = DecryptionRequest {
        suite: SUITE,
        encrypted_data_keys: &header.encrypted_data_keys,
        stored_context: header.context,
        reproduced_context: parsed.encryption_context().clone(),
    };
    let materials = block_on(cmm.decryption_materials(request)).unwrap();
    assert_eq!(materials.context(), parsed.encryption_context());
    assert_eq!(materials.context().len(), 3);
}

#[test]
fn debug_of_a_raw_key_says_its_length_and_name() {
    for (length, text) in [(16, "AES-128"), (24, "AES-192"), (32, "AES-256")] {
        let keyring = RawAesKeyring::new("ns", "key", &vec![0xa5; length]).unwrap();
        assert_eq!(format!("{keyring:?}"), format!("RawAesKeyring({text} ns/key, redacted)"));
    }
}

/// Namespace and name together say which key it is: where one of them differs, the message says that nobody is meant.
#[test]
fn a_recipient_is_known_by_both_of_its_names() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys");
    let pem = |name: &str| std::fs::read_to_string(folder.join(format!("test-rsa-{name}.pem"))).unwrap();
    let rsa = |namespace: &str, name: &str| -> Arc<dyn Keyring> {
        let keys =
            RsaKeys::Pair(RsaPublicKey::from_pem(pem("a.pub")).unwrap(), RsaPrivateKey::from_pem(pem("a")).unwrap());
        Arc::new(RawRsaKeyring::new(namespace, name, RsaPadding::OaepSha256, keys).unwrap())
    };
    let aes = |namespace: &str, name: &str| -> Arc<dyn Keyring> {
        Arc::new(RawAesKeyring::new(namespace, name, &[5; 32]).unwrap())
    };
    let known_by_both = |keyring: &dyn Fn(&str, &str) -> Arc<dyn Keyring>| {
        let sealed =
            block_on(ItemEncryptor::new(config(SUITE), keyring("ns", "key")).encrypt_item(item())).unwrap().item;
        let open = |namespace: &str, name: &str| {
            let encryptor = ItemEncryptor::new(config(SUITE), keyring(namespace, name));
            match block_on(encryptor.decrypt_item(sealed.clone())) {
                Ok(opened) => opened.item == item(),
                Err(error) => match error.kind() {
                    ErrorKind::Materials(MaterialsError::NotARecipient { .. }) => false,
                    other => panic!("{namespace} {name}: {other}"),
                },
            }
        };
        assert!(open("ns", "key"));
        for (namespace, name) in
            [("ns", "other"), ("other", "key"), ("ns", "ke"), ("n", "skey"), ("", ""), ("key", "ns")]
        {
            assert!(!open(namespace, name), "{namespace} {name}");
        }
    };
    known_by_both(&rsa);
    known_by_both(&aes);
}

/// Both sides of every length that a header has room for.
#[test]
fn parts_of_a_recipient_have_65535_bytes_at_most() {
    let add = |provider_id: usize, provider_info: usize, wrapped: usize| {
        let mut materials =
            EncryptionMaterials::new(SUITE, EncryptionContext::new(), RequiredKeys::default(), None).unwrap();
        let mut request = materials.wrap_request(&SystemRandom);
        let recipient = request.new_recipient().unwrap();
        let result =
            request.add_recipient(recipient, &"p".repeat(provider_id), vec![0; provider_info], &vec![1; wrapped]);
        result.map_err(|error| match error {
            MaterialsError::RecipientTooLong { length, .. } => length,
            MaterialsError::NothingWrapped { .. } => 0,
            other => panic!("{other}"),
        })
    };
    // In front of what is wrapped stand the 48 bytes of the data key.
    assert_eq!(add(65_535, 65_535, 65_535 - 48), Ok(()));
    assert_eq!(add(65_536, 1, 1), Err(65_536));
    assert_eq!(add(1, 65_536, 1), Err(65_536));
    assert_eq!(add(1, 1, 65_536 - 48), Err(65_536));
    assert_eq!(add(1, 1, 0), Err(0));
    assert_eq!(add(0, 0, 1), Ok(()));
}

#[test]
fn names_of_raw_keys_have_limits() {
    let why = |namespace: usize, name: usize| {
        let keyring = RawAesKeyring::new("n".repeat(namespace), "k".repeat(name), &[1; 16]);
        keyring.map(|_| ()).map_err(|error| match error {
            RawKeyringError::TooLong { what, length, limit } => (what, length, limit),
            other => panic!("{other}"),
        })
    };
    // Behind the name stand eight bytes of lengths and the nonce.
    assert_eq!(why(65_535, 65_515), Ok(()));
    assert_eq!(why(65_536, 1), Err(("the key namespace", 65_536, 65_535)));
    assert_eq!(why(1, 65_516), Err(("the key name", 65_516, 65_515)));
}

#[test]
fn required_keys_are_a_set() {
    let keys: RequiredKeys = ["a", "b"].into_iter().collect();
    assert!(keys.contains("a") && keys.contains("b") && !keys.contains("c"));
    assert!(!RequiredKeys::default().contains("a"));
    let all = keys.union(["b", "c"].into_iter());
    assert_eq!(all.iter().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(keys.iter().collect::<Vec<_>>(), ["a", "b"]);
}

/// A CMM that forgets what has to be left out of the header, or what has to be in the context.
#[derive(Debug)]
struct Forgetful(DefaultCmm, bool);

impl Cmm for Forgetful {
    fn encryption_materials<'a>(
        &'a self,
        mut request: EncryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<EncryptionMaterials, MaterialsError>> {
        let others: Vec<String> =
            request.required_keys.iter().filter(|key| *key != "purpose").map(str::to_owned).collect();
        request.required_keys = others.into_iter().collect();
        if self.1 {
            let mut context = EncryptionContext::new();
            for (key, value) in request.context.iter().filter(|(key, _)| *key != "purpose") {
                context.insert(key, value).unwrap();
            }
            request.context = context;
        }
        self.0.encryption_materials(request)
    }

    fn decryption_materials<'a>(
        &'a self,
        mut request: DecryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<DecryptionMaterials, MaterialsError>> {
        let mut context = EncryptionContext::new();
        for (key, value) in request.reproduced_context.iter().filter(|(key, _)| !self.1 || *key != "purpose") {
            context.insert(key, value).unwrap();
        }
        request.reproduced_context = context;
        self.0.decryption_materials(request)
    }
}

#[test]
fn a_cmm_under_one_that_requires_keys_is_not_believed() {
    let request = |keys: &[&str]| {
        let mut context = EncryptionContext::new();
        keys.iter().for_each(|key| context.insert(key, "x").unwrap());
        context
    };
    let cmm = |loses_context| {
        let cmm = Forgetful(DefaultCmm::new(Arc::new(raw("a"))), loses_context);
        RequiredContextCmm::new(Arc::new(cmm), ["purpose"])
    };
    let seal = |cmm: &dyn Cmm, keys: &[&str]| {
        let (context, required_keys) = (request(keys), RequiredKeys::default());
        let request =
            EncryptionRequest { suite: SUITE, context, required_keys, max_plaintext_length: 0, rng: &SystemRandom };
        block_on(cmm.encryption_materials(request)).map(|_| ()).map_err(|error| format!("{error:?}"))
    };
    let missing = "RequiredKeyMissing { key: \"purpose\" }".to_owned();
    assert_eq!(seal(&cmm(false), &["tenant"]), Err(missing.clone()));
    assert_eq!(seal(&cmm(true), &["purpose", "tenant"]), Err(missing));
    assert_eq!(seal(&cmm(false), &["purpose", "tenant"]), Err("Changed { what: \"the required keys\" }".to_owned()));
    let honest = RequiredContextCmm::new(Arc::new(DefaultCmm::new(Arc::new(raw("a")))), ["purpose"]);
    assert_eq!(seal(&honest, &["purpose", "tenant"]), Ok(()));
}

#[test]
fn errors_have_their_causes() {
    let service = |what: &str| MaterialsError::Service { what: what.to_owned(), source: Box::new(CryptoError) };
    let shared = MaterialsError::Shared(Arc::new(MaterialsError::Shared(Arc::new(service("KMS")))));
    assert!(matches!(shared.root(), MaterialsError::Service { what, .. } if what == "KMS"));
    assert!(matches!(service("KMS").root(), MaterialsError::Service { .. }));
    assert_eq!(shared.to_string(), "KMS failed");
    assert_eq!(service("KMS").source().unwrap().to_string(), "the cryptographic library refused the operation");
    let all = MaterialsError::NoChild(vec![service("one"), MaterialsError::NoDataKey]);
    assert_eq!(
        all.to_string(),
        "no keyring of the multi-keyring opens the data key: one failed: the cryptographic library refused the operation; \
         the keyring gave no data key"
    );
}
