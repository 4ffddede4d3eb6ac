//! The hierarchical keyring where its source of branch keys is not as it should be, and what it is bound to.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::error::Error;
use std::sync::{Arc, Mutex};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use aws_lc_rs::kdf::{KbkdfCtrHmacAlgorithmId, get_kbkdf_ctr_hmac_algorithm, kbkdf_ctr_hmac};
use dynaseal_core::format::Header;
use dynaseal_core::{
    AlgorithmSuite, AttributeBranchKeyId, AttributeValue, BeaconKey, BeaconKeySource, BoxFuture, BranchKey,
    BranchKeyIdSupplier, BranchKeyMaterials, BranchKeySource, ErrorKind, HEAD, HierarchicalKeyring, Item,
    ItemEncryptor, ItemError, Keyring, MaterialsError, MultiKeyring, RawAesKeyring, RecipientInfo,
    StaticBeaconKeySource, StaticBranchKeySource, TableConfig, Uuid,
};
use dynaseal_testkit::{ScriptedRandom, block_on};

fn branch_key(id: &str, version: u128, byte: u8) -> BranchKeyMaterials {
    BranchKeyMaterials::new(id, Uuid::from_u128(version), BranchKey::copy_from(&[byte; 32]).unwrap())
}

fn encryptor(keyring: impl Keyring + 'static) -> ItemEncryptor {
    let config = TableConfig::builder("table", "pk").encrypt(["v"]).algorithm_suite(AlgorithmSuite::HmacOnly);
    ItemEncryptor::new(config.build().unwrap(), keyring)
}

fn item(pk: &str) -> Item {
    [("pk".to_owned(), pk.into()), ("v".to_owned(), "secret".into())].into()
}

fn keyring(source: impl BranchKeySource + 'static) -> HierarchicalKeyring {
    HierarchicalKeyring::new("key", Arc::new(source))
}

fn materials_error<T: std::fmt::Debug>(result: Result<T, ItemError>) -> String {
    match result.unwrap_err().kind() {
        ErrorKind::Materials(error) => format!("{error:?}"),
        other => panic!("{other}"),
    }
}

/// What a key service says of each version, in the order in which it is asked.
#[derive(Debug)]
struct Answers {
    keys: StaticBranchKeySource,
    /// Versions for which the service fails, and how.
    failing: Vec<(u128, Failure)>,
    asked: Mutex<Vec<u128>>,
}

#[derive(Clone, Copy, Debug)]
enum Failure {
    Service,
    Shared,
    Missing,
}

impl Answers {
    fn new(failing: &[(u128, Failure)]) -> Arc<Self> {
        let keys = StaticBranchKeySource::new(branch_key("key", 1, 1));
        Arc::new(Self { keys, failing: failing.to_vec(), asked: Mutex::new(Vec::new()) })
    }
}

impl BranchKeySource for Answers {
    fn active<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        self.keys.active(id)
    }

    fn version<'a>(
        &'a self,
        id: &'a str,
        version: Uuid,
    ) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        self.asked.lock().unwrap().push(version.as_u128());
        let failure = self.failing.iter().find(|(failing, _)| *failing == version.as_u128());
        let service = |what: &str| MaterialsError::Service { what: what.to_owned(), source: "no answer".into() };
        let error = match failure {
            Some((_, Failure::Service)) => service("the service"),
            Some((_, Failure::Shared)) => MaterialsError::Shared(Arc::new(service("a shared call"))),
            Some((_, Failure::Missing)) => MaterialsError::NoBranchKey { branch_key_id: id.to_owned(), version: None },
            None => return self.keys.version(id, version),
        };
        Box::pin(std::future::ready(Err(error)))
    }
}

/// A record that names these versions of its branch key, one after the other, each with the bytes of the first.
fn naming(versions: &[u128]) -> Item {
    let mut sealed =
        block_on(encryptor(keyring(StaticBranchKeySource::new(branch_key("key", 1, 1)))).encrypt_item(item("a")));
    let mut sealed = sealed.as_mut().unwrap().item.clone();
    let AttributeValue::B(head) = sealed.get_mut(HEAD).unwrap() else { panic!("no header") };
    let start = head.windows(17).position(|window| window == b"aws-kms-hierarchy").unwrap() - 3;
    let data_key = head[start + 1..head.len() - 32].to_vec();
    let version_at = data_key.len() - 48 - 16;
    let copies = versions.iter().flat_map(|version| {
        let mut copy = data_key.clone();
        copy[version_at..version_at + 16].copy_from_slice(&version.to_be_bytes());
        copy
    });
    let count = u8::try_from(versions.len()).unwrap();
    *head = [&head[..start], &[count], &copies.collect::<Vec<_>>(), &[0; 32]].concat();
    sealed
}

#[test]
fn a_service_that_failed_says_more_than_a_version_that_is_missing() {
    use Failure::{Missing, Service, Shared};
    let error = |failing: &[(u128, Failure)], versions: &[u128]| {
        let source = Answers::new(failing);
        let encryptor = encryptor(HierarchicalKeyring::new("key", source.clone()));
        let error = materials_error(block_on(encryptor.decrypt_item(naming(versions))));
        (error, source.asked.lock().unwrap().clone())
    };
    let names = |error: &str, start: &str| assert!(error.starts_with(start), "{error}");
    for (failure, start) in [(Service, "Service { what: \"the service\""), (Shared, "Shared(Service")] {
        let failing = [(7, Missing), (8, failure)];
        for versions in [[7, 8], [8, 7]] {
            let (error, asked) = error(&failing, &versions);
            names(&error, start);
            assert_eq!(asked, versions);
        }
    }
    // The first of two that failed, and a version that is missing where nothing else is wrong.
    names(&error(&[(7, Service), (8, Shared)], &[7, 8]).0, "Service");
    names(&error(&[(7, Shared), (8, Service)], &[7, 8]).0, "Shared");
    names(&error(&[(7, Missing)], &[7]).0, "NoBranchKey");
    names(
        &error(&[], &[2]).0,
        "NoBranchKey { branch_key_id: \"key\", version: Some(\"00000000-0000-0000-0000-000000000002\") }",
    );
    // Each version is asked for once, whether it was there or not; none is asked for behind the one that opens.
    assert_eq!(error(&[(7, Missing)], &[7, 7, 8, 7, 8]).1, [7, 8]);
    let source = Answers::new(&[(7, Service)]);
    let encryptor = encryptor(HierarchicalKeyring::new("key", source.clone()));
    // The commitment of `naming` is none, so this stops behind the keyring.
    let error = block_on(encryptor.decrypt_item(naming(&[7, 1, 8]))).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication), "{}", error.kind());
    assert_eq!(*source.asked.lock().unwrap(), [7, 1]);
}

/// One that has no key of its own name gives another's.
#[derive(Debug)]
struct OneForAll(Arc<BranchKeyMaterials>);

impl BranchKeySource for OneForAll {
    fn active<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }

    fn version<'a>(&'a self, _: &'a str, _: Uuid) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

#[test]
fn another_id_and_another_version_are_each_refused() {
    let sealed = naming(&[1]);
    let open = |id: &str, version| {
        let source = OneForAll(Arc::new(branch_key(id, version, 1)));
        let result = block_on(encryptor(keyring(source)).decrypt_item(sealed.clone()));
        match result.unwrap_err().kind() {
            ErrorKind::Authentication => "found",
            ErrorKind::Materials(MaterialsError::OtherBranchKey { branch_key_id }) if branch_key_id == "key" => "other",
            other => panic!("{other}"),
        }
    };
    // Of `naming`, the commitment is wrong: what gets as far as that has found its key.
    assert_eq!(
        [open("key", 1), open("key", 2), open("other", 1), open("other", 2)],
        ["found", "other", "other", "other"]
    );
    let seal = |id: &str| {
        let source = OneForAll(Arc::new(branch_key(id, 5, 1)));
        block_on(encryptor(keyring(source)).encrypt_item(item("a"))).is_ok()
    };
    assert!(seal("key") && !seal("other"));
}

#[test]
fn a_branch_key_says_its_id_and_version() {
    let key = branch_key("key", 9, 1);
    assert_eq!((key.branch_key_id(), key.version()), ("key", Uuid::from_u128(9)));
    assert_eq!(
        format!("{key:?}"),
        r#"BranchKeyMaterials { branch_key_id: "key", version: 00000000-0000-0000-0000-000000000009, key: BranchKey(redacted) }"#
    );
}

#[test]
fn sources_in_memory_have_no_name_and_only_their_keys() {
    let source = StaticBranchKeySource::new(branch_key("a", 2, 1))
        .with_older(branch_key("a", 1, 2))
        .with_older(branch_key("b", 1, 3));
    assert_eq!(source.logical_key_store_name(), None);
    let version = |id: &str, version| block_on(source.version(id, Uuid::from_u128(version))).map(|key| key.version());
    assert!(block_on(source.active("a")).is_ok() && block_on(source.active("b")).is_err());
    assert_eq!(block_on(source.active("a")).unwrap().version(), Uuid::from_u128(2));
    for (id, number, there) in [("a", 2, true), ("a", 1, true), ("b", 1, true), ("b", 2, false), ("c", 1, false)] {
        assert_eq!(version(id, number).is_ok(), there, "{id} {number}");
    }

    let beacons = StaticBeaconKeySource::new("a", BeaconKey::copy_from(&[1; 32]).unwrap());
    let beacons = beacons.with("b", BeaconKey::copy_from(&[2; 32]).unwrap());
    assert_eq!(beacons.logical_key_store_name(), None);
    for (id, byte) in [("a", 1), ("b", 2)] {
        assert_eq!(block_on(beacons.beacon_key(id)).unwrap().expose_secret(), &[byte; 32]);
    }
    assert!(matches!(block_on(beacons.beacon_key("c")), Err(MaterialsError::NoBranchKey { version: None, .. })));
}

#[test]
fn keyrings_say_who_they_are() {
    let source = || Arc::new(StaticBranchKeySource::new(branch_key("key", 1, 1)));
    let supplier = AttributeBranchKeyId::new("pk", [("a", "key")]);
    let supplied = HierarchicalKeyring::with_supplier(Arc::new(supplier), source());
    let fixed = HierarchicalKeyring::new("key", source());
    assert_eq!(supplied.describe(), "branch key of the item's supplier");
    assert_eq!(fixed.describe(), "branch key key");
    let raw: Arc<dyn Keyring> = Arc::new(RawAesKeyring::new("ns", "n", &[1; 16]).unwrap());
    assert_eq!((raw.describe(), Arc::new(raw.clone()).describe()), ("raw AES ns/n".into(), "raw AES ns/n".into()));
    let multi = MultiKeyring::new(Arc::new(fixed), vec![raw, Arc::new(supplied)]);
    assert_eq!(multi.describe(), "branch key key, raw AES ns/n, branch key of the item's supplier");
}

#[test]
fn each_tenant_has_its_own_key() {
    let source = StaticBranchKeySource::new(branch_key("key-a", 1, 1)).with_older(branch_key("key-b", 2, 2));
    let supplier = AttributeBranchKeyId::new("pk", [("a", "key-a"), ("b", "key-b")]);
    let encryptor = encryptor(HierarchicalKeyring::with_supplier(Arc::new(supplier), Arc::new(source)));
    let sealed = block_on(encryptor.encrypt_item(item("a"))).unwrap();
    assert_eq!(sealed.header.unwrap().branch_key_id(), Some("key-a"));
    assert_eq!(block_on(encryptor.decrypt_item(sealed.item.clone())).unwrap().item, item("a"));
    // Under another tenant's key attribute, its key is asked for, and the record is not for it.
    let moved = sealed.item.into_iter().chain([("pk".to_owned(), "b".into())]).collect();
    assert!(materials_error(block_on(encryptor.decrypt_item(moved))).starts_with("NotARecipient"));
    let error = block_on(encryptor.encrypt_item(item("c"))).unwrap_err();
    let ErrorKind::Materials(MaterialsError::BranchKeyId(cause)) = error.kind() else { panic!("{}", error.kind()) };
    assert_eq!(cause.to_string(), "no branch key is configured for this value of `pk`");
    assert_eq!(error.kind().source().unwrap().to_string(), "no branch key can be chosen for the item");
}

/// A supplier that keeps what it was shown.
#[derive(Debug, Default)]
struct Shown(Mutex<Vec<Item>>);

impl BranchKeyIdSupplier for Shown {
    fn branch_key_id(&self, attributes: &Item) -> Result<String, Box<dyn Error + Send + Sync>> {
        self.0.lock().unwrap().push(attributes.clone());
        Ok("key".to_owned())
    }
}

#[test]
fn a_supplier_sees_the_attributes_of_the_context() {
    let number = |text: &str| AttributeValue::N(text.to_owned());
    for version_2 in [false, true] {
        let shown = Arc::new(Shown::default());
        let source = Arc::new(StaticBranchKeySource::new(branch_key("key", 1, 1)));
        let builder = TableConfig::builder("table", "pk").sort_key("sk").encrypt(["v"]);
        let builder =
            if version_2 { builder.include_in_context(["tenant", "on"]) } else { builder.sign(["tenant", "on"]) };
        let keyring = HierarchicalKeyring::with_supplier(shown.clone(), source);
        let encryptor = ItemEncryptor::new(builder.build().unwrap(), keyring);
        let mut item = item("a");
        item.extend([
            ("sk".to_owned(), number("1.50")),
            ("tenant".to_owned(), vec![1, 2].into()),
            ("on".to_owned(), true.into()),
        ]);
        let sealed = block_on(encryptor.encrypt_item(item)).unwrap().item;
        block_on(encryptor.decrypt_item(sealed)).unwrap();

        let mut expected = Item::from([("pk".to_owned(), "a".into()), ("sk".to_owned(), number("1.5"))]);
        if version_2 {
            expected.extend([("tenant".to_owned(), vec![1, 2].into()), ("on".to_owned(), true.into())]);
            let names =
                [("aws_dbe_table_name", "table"), ("aws_dbe_partition_name", "pk"), ("aws_dbe_sort_name", "sk")];
            expected.extend(names.map(|(name, text)| (name.to_owned(), text.into())));
        }
        assert_eq!(*shown.0.lock().unwrap(), [expected.clone(), expected]);
    }
}

/// What the keyring writes, made again from the words of the specification: salt ‖ nonce ‖ version ‖ key ‖ tag.
#[test]
fn the_wrapped_key_is_that_of_the_specification() {
    let random = [vec![11; 32], vec![12; 32], [[13; 16].as_slice(), &[14; 12]].concat(), vec![15; 32]];
    let random = Arc::new(ScriptedRandom::new(random));
    let keyring = keyring(StaticBranchKeySource::new(branch_key("key", 7, 9)));
    let sealed = block_on(encryptor(keyring).with_random(random.clone()).encrypt_item(item("a"))).unwrap();
    assert!(random.is_used_up());
    let header = sealed.header.unwrap();
    let context = header.encryption_context().canonical();
    let AttributeValue::B(head) = &sealed.item[HEAD] else { panic!("no header") };
    let edk = Header::parse(head).unwrap().encrypted_data_keys[0];
    assert_eq!((edk.provider_id, edk.provider_info), ("aws-kms-hierarchy", b"key".as_slice()));
    let version = Uuid::from_u128(7);

    let mut wrapping_key = [0; 32];
    let info = [b"aws-kms-hierarchy\0".as_slice(), &[13; 16], &256_u32.to_be_bytes()].concat();
    let kdf = get_kbkdf_ctr_hmac_algorithm(KbkdfCtrHmacAlgorithmId::Sha256).unwrap();
    kbkdf_ctr_hmac(kdf, &[9; 32], &info, &mut wrapping_key).unwrap();
    let aad = [b"aws-kms-hierarchykey".as_slice(), version.as_bytes(), context].concat();
    let wrapped = wrap(&wrapping_key, [14; 12], &aad, &[12; 32]);
    let mut inner = [0; 32];
    let prk = hkdf::Salt::none(hkdf::HKDF_SHA512).extract(&[12; 32]);
    prk.expand(&[b"AWS_MPL_INTERMEDIATE_KEYWRAP_ENC"], hkdf::HKDF_SHA256).unwrap().fill(&mut inner).unwrap();
    let data_key = wrap(&inner, [0; 12], context, &[11; 32]);
    let expected = [data_key.as_slice(), &[13; 16], &[14; 12], version.as_bytes(), &wrapped].concat();
    assert_eq!(edk.ciphertext, expected);
    assert_eq!(header.recipients(), [RecipientInfo::BranchKey { id: "key".into(), version: Some(version) }]);
}

fn wrap(key: &[u8; 32], nonce: [u8; 12], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
    let mut out = plain.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut out).unwrap();
    out
}
