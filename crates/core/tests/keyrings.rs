//! Keyrings and CMMs: ours in every combination, and other people's that do not keep their word.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::sync::Arc;

use dynaseal_core::{
    AlgorithmSuite, AttributeValue, BoxFuture, BranchKey, BranchKeyMaterials, BranchKeySource, CachingCmm,
    CachingLimits, Clock, Cmm, DecryptionMaterials, DecryptionRequest, DefaultCmm, EncryptionContext,
    EncryptionMaterials, EncryptionRequest, ErrorKind, HEAD, HierarchicalKeyring, Item, ItemEncryptor, Keyring,
    MaterialsError, MultiKeyring, PlaintextPolicy, RawAesKeyring, RecipientInfo, RequiredContextCmm, RequiredKeys,
    StaticBranchKeySource, TableConfig, TableConfigBuilder, Uuid,
};
use dynaseal_testkit::block_on;

fn builder() -> TableConfigBuilder {
    TableConfig::builder("table", "pk").encrypt(["v"]).algorithm_suite(AlgorithmSuite::HmacOnly)
}

fn item() -> Item {
    [("pk".to_owned(), "a".into()), ("v".to_owned(), "secret".into())].into()
}

fn encryptor(keyring: impl Keyring + 'static) -> ItemEncryptor {
    ItemEncryptor::new(builder().build().unwrap(), keyring)
}

fn raw(name: &str) -> RawAesKeyring {
    RawAesKeyring::new("ns", name, &[5; 24]).unwrap()
}

fn branch_key(id: &str, version: u128, byte: u8) -> BranchKeyMaterials {
    BranchKeyMaterials::new(id, Uuid::from_u128(version), BranchKey::copy_from(&[byte; 32]).unwrap())
}

fn hierarchical(id: &str, source: impl BranchKeySource + 'static) -> HierarchicalKeyring {
    HierarchicalKeyring::new(id, Arc::new(source))
}

fn seal(encryptor: &ItemEncryptor) -> Item {
    block_on(encryptor.encrypt_item(item())).unwrap().item
}

fn opens(encryptor: &ItemEncryptor, sealed: &Item) -> bool {
    block_on(encryptor.decrypt_item(sealed.clone())).is_ok_and(|opened| opened.item == item())
}

/// What the materials error of an operation is called, without its content.
fn refused<T: std::fmt::Debug>(result: Result<T, dynaseal_core::ItemError>) -> String {
    let error = result.unwrap_err();
    match error.kind() {
        ErrorKind::Materials(error) => format!("{error:?}"),
        other => panic!("{other}"),
    }
}

#[test]
fn branch_keys_seal_with_the_active_version_and_open_with_the_named_one() {
    let first = encryptor(hierarchical("key", StaticBranchKeySource::new(branch_key("key", 1, 1))));
    let rotated = StaticBranchKeySource::new(branch_key("key", 2, 2)).with_older(branch_key("key", 1, 1));
    let rotated = encryptor(hierarchical("key", rotated));
    let (old, new) = (seal(&first), seal(&rotated));
    assert!(opens(&first, &old) && opens(&rotated, &old) && opens(&rotated, &new));
    let inspection = first.inspect(&old).unwrap();
    assert_eq!(
        inspection.recipients,
        [RecipientInfo::BranchKey { id: "key".into(), version: Some(Uuid::from_u128(1)) }]
    );

    let refused = |encryptor: &ItemEncryptor, sealed: &Item| refused(block_on(encryptor.decrypt_item(sealed.clone())));
    assert!(refused(&first, &new).starts_with("NoBranchKey { branch_key_id: \"key\", version: Some("));
    let other_bytes = encryptor(hierarchical("key", StaticBranchKeySource::new(branch_key("key", 1, 9))));
    assert!(refused(&other_bytes, &old).starts_with("Unwrap"));
    let other_id = encryptor(hierarchical("key2", StaticBranchKeySource::new(branch_key("key2", 1, 1))));
    assert!(refused(&other_id, &old).starts_with("NotARecipient"));
}

#[test]
fn a_multi_keyring_seals_for_all_and_any_opens() {
    let store = || StaticBranchKeySource::new(branch_key("key", 1, 1));
    let multi = MultiKeyring::new(Arc::new(hierarchical("key", store())), vec![Arc::new(raw("a")), Arc::new(raw("b"))]);
    let sealed = seal(&encryptor(multi));
    for alone in [encryptor(raw("a")), encryptor(raw("b")), encryptor(hierarchical("key", store()))] {
        assert!(opens(&alone, &sealed));
    }
    // Children alone open, but can not make a data key.
    let children = MultiKeyring::without_generator(vec![Arc::new(raw("x")), Arc::new(raw("b"))]).unwrap();
    let children = encryptor(children);
    assert!(opens(&children, &sealed));
    assert!(refused(block_on(children.encrypt_item(item()))).starts_with("OnlyOpens"));
    assert!(MultiKeyring::without_generator(vec![]).is_err());
    // A child that is a multi-keyring with a generator would make a second data key.
    let inner = MultiKeyring::new(Arc::new(raw("c")), vec![]);
    let nested = encryptor(MultiKeyring::new(Arc::new(raw("a")), vec![Arc::new(inner)]));
    assert!(refused(block_on(nested.encrypt_item(item()))).contains("DataKeyAlready"));
    // Every failure is told.
    let none = encryptor(MultiKeyring::new(Arc::new(raw("x")), vec![Arc::new(raw("y"))]));
    let error = block_on(none.decrypt_item(sealed)).unwrap_err();
    let text = std::error::Error::source(error.kind()).unwrap().to_string();
    assert!(
        text.contains("raw AES ns/x") && text.contains("raw AES ns/y") && text.contains("branch key key"),
        "{text}"
    );
}

#[test]
fn required_context_is_authenticated_and_not_stored() {
    let with = |keys: &[&str]| {
        let cmm = DefaultCmm::new(Arc::new(raw("a")));
        let required = RequiredContextCmm::new(Arc::new(cmm), keys.iter().copied());
        let config =
            builder().include_in_context(["tenant"]).algorithm_suite(AlgorithmSuite::EcdsaP384).build().unwrap();
        ItemEncryptor::with_cmm(config, Arc::new(required))
    };
    let item = Item::from([("pk".to_owned(), "a".into()), ("tenant".to_owned(), "t".into())]);
    let good = with(&["aws-crypto-attr.tenant", "aws-crypto-table-name"]);
    let sealed = block_on(good.encrypt_item(item.clone())).unwrap();
    let stored: Vec<_> =
        sealed.header.as_ref().unwrap().stored_context().iter().map(|(key, _)| key.to_owned()).collect();
    assert_eq!(stored, ["aws-crypto-public-key"]);
    assert_eq!(block_on(good.decrypt_item(sealed.item.clone())).unwrap().item, item);

    let missing = with(&["purpose"]);
    let text = "RequiredKeyMissing { key: \"purpose\" }";
    assert_eq!(refused(block_on(missing.encrypt_item(item))), text);
    assert_eq!(refused(block_on(missing.decrypt_item(sealed.item))), text);
}

/// What a CMM of somebody else's does to what it is asked.
#[derive(Clone, Copy, Debug)]
enum Lie {
    Suite,
    LosesContext,
    StoresContext,
    LosesContextOnOpening,
}

#[derive(Debug)]
struct LyingCmm(Lie, DefaultCmm);

impl Cmm for LyingCmm {
    fn encryption_materials<'a>(
        &'a self,
        mut request: EncryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<EncryptionMaterials, MaterialsError>> {
        match self.0 {
            Lie::Suite => request.suite = AlgorithmSuite::EcdsaP384,
            Lie::LosesContext => {
                (request.context, request.required_keys) = (EncryptionContext::new(), RequiredKeys::default());
            }
            Lie::StoresContext => request.required_keys = RequiredKeys::default(),
            Lie::LosesContextOnOpening => {}
        }
        self.1.encryption_materials(request)
    }

    fn decryption_materials<'a>(
        &'a self,
        mut request: DecryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<DecryptionMaterials, MaterialsError>> {
        if let Lie::LosesContextOnOpening = self.0 {
            request.reproduced_context = EncryptionContext::new();
        }
        self.1.decryption_materials(request)
    }
}

/// Unwraps whatever the context is, so that only the encryptor's own check is left.
#[derive(Debug)]
struct Yes(RawAesKeyring, EncryptionContext);

impl Keyring for Yes {
    fn on_encrypt<'a>(
        &'a self,
        request: &'a mut dynaseal_core::WrapRequest<'_>,
    ) -> BoxFuture<'a, Result<(), MaterialsError>> {
        self.0.on_encrypt(request)
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a dynaseal_core::UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<dynaseal_core::UnwrappedKeys, MaterialsError>> {
        Box::pin(async move {
            let request = dynaseal_core::UnwrapRequest { context: &self.1, ..*request };
            self.0.on_decrypt(&request).await
        })
    }

    fn describe(&self) -> String {
        "yes".to_owned()
    }
}

#[test]
fn a_cmm_that_gives_something_else_than_it_was_asked_for_is_refused() {
    let honest = encryptor(raw("a"));
    let sealed = block_on(honest.encrypt_item(item())).unwrap();
    let context = sealed.header.unwrap().encryption_context().clone();
    let lying = |lie| {
        let cmm = DefaultCmm::new(Arc::new(Yes(raw("a"), context.clone())));
        ItemEncryptor::with_cmm(builder().build().unwrap(), Arc::new(LyingCmm(lie, cmm)))
    };
    for (lie, what) in [
        (Lie::Suite, "the algorithm suite"),
        (Lie::LosesContext, "the encryption context"),
        (Lie::StoresContext, "the required keys"),
    ] {
        let text = refused(block_on(lying(lie).encrypt_item(item())));
        assert_eq!(text, format!("Changed {{ what: \"{what}\" }}"));
    }
    let text = refused(block_on(lying(Lie::LosesContextOnOpening).decrypt_item(sealed.item)));
    assert_eq!(text, "Changed { what: \"the encryption context\" }");
}

/// A key store that answers with another key than it was asked for.
#[derive(Debug)]
struct MixedUp;

impl BranchKeySource for MixedUp {
    fn active<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        Box::pin(std::future::ready(Ok(Arc::new(branch_key("other", 1, 1)))))
    }

    fn version<'a>(&'a self, id: &'a str, _: Uuid) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        Box::pin(std::future::ready(Ok(Arc::new(branch_key(id, 99, 1)))))
    }
}

#[test]
fn a_key_store_that_mixes_up_its_keys_is_refused() {
    let text = "OtherBranchKey { branch_key_id: \"key\" }";
    let mixed_up = encryptor(hierarchical("key", MixedUp));
    assert_eq!(refused(block_on(mixed_up.encrypt_item(item()))), text);
    let sealed = seal(&encryptor(hierarchical("key", StaticBranchKeySource::new(branch_key("key", 1, 1)))));
    assert_eq!(refused(block_on(mixed_up.decrypt_item(sealed))), text);
}

/// Counts how often it is asked.
#[derive(Debug)]
struct Counting(StaticBranchKeySource, std::sync::atomic::AtomicUsize);

impl BranchKeySource for Counting {
    fn active<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        self.0.active(id)
    }

    fn version<'a>(
        &'a self,
        id: &'a str,
        version: Uuid,
    ) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.0.version(id, version)
    }
}

#[test]
fn a_header_does_not_make_us_ask_for_any_number_of_branch_keys() {
    let asked_for = |versions: &dyn Fn(usize) -> u8| {
        let source = StaticBranchKeySource::new(branch_key("key", 1, 1));
        let source = Arc::new(Counting(source, 0.into()));
        let encryptor = encryptor(HierarchicalKeyring::new("key", source.clone()));
        let mut sealed = seal(&encryptor);
        let AttributeValue::B(head) = sealed.get_mut(HEAD).unwrap() else { panic!("no header") };
        // The one data key, 255 times, with other versions. Behind its two-byte lengths stand provider, id and 140 bytes.
        let start = head.windows(17).position(|window| window == b"aws-kms-hierarchy").unwrap() - 3;
        let data_key = head[start + 1..head.len() - 32].to_vec();
        let version_at = data_key.len() - 48 - 16;
        let copies = (0..255).flat_map(|index| {
            let mut copy = data_key.clone();
            copy[version_at] = versions(index);
            copy
        });
        *head = [&head[..start], &[255], &copies.collect::<Vec<_>>(), &[0; 32]].concat();
        assert!(block_on(encryptor.decrypt_item(sealed)).is_err());
        source.1.load(std::sync::atomic::Ordering::Relaxed)
    };
    assert_eq!(asked_for(&|_| 7), 1);
    assert_eq!(asked_for(&|index| u8::try_from(1 + index % 255).unwrap()), 16);
}

#[test]
fn a_header_of_very_many_pairs_is_refused_in_one_pass() {
    let encryptor = encryptor(raw("a"));
    let mut sealed = seal(&encryptor);
    // 58,000 pairs fit into an item; searching for each of them would take minutes.
    let mut head = vec![1, 0];
    head.extend([0; 32]);
    head.extend(b"\0\x02ss");
    let names = (b'!'..=b'`').flat_map(|a| (b'!'..=b'~').flat_map(move |b| (b'!'..=b'~').map(move |c| [a, b, c])));
    let names: Vec<_> = names.take(58_000).collect();
    head.extend(u16::try_from(names.len()).unwrap().to_be_bytes());
    for name in names {
        head.extend(b"\0\x03");
        head.extend(name);
        head.extend(b"\0\0");
    }
    head.extend(b"\x01\0\x01p\0\0\0\0");
    head.extend([0; 32]);
    sealed.insert(HEAD.to_owned(), AttributeValue::B(head));
    assert_eq!(refused(block_on(encryptor.decrypt_item(sealed))), "ForeignContext { key: \"!!!\" }");
}

#[test]
fn messages_do_not_grow_with_what_a_header_says() {
    let long = "\u{1b}\n".repeat(30_000);
    let multi = (0..20).map(|index| -> Arc<dyn Keyring> {
        Arc::new(RawAesKeyring::new(&*long, format!("{index}"), &[1; 32]).unwrap())
    });
    let multi = MultiKeyring::new(Arc::new(raw("z")), multi.take(5).collect());
    let sealed = seal(&encryptor(multi));
    let error = block_on(encryptor(raw("a")).decrypt_item(sealed)).unwrap_err();
    let text = std::error::Error::source(error.kind()).unwrap().to_string();
    assert!(text.len() < 3000 && !text.contains(char::is_control), "{}", text.len());
}

#[test]
fn plaintext_policies() {
    let with = |policy| ItemEncryptor::new(builder().plaintext_policy(policy).build().unwrap(), raw("a"));
    let force = with(PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead);
    let allow = with(PlaintextPolicy::ForbidPlaintextWriteAllowPlaintextRead);
    let forbid = with(PlaintextPolicy::ForbidPlaintextWriteForbidPlaintextRead);
    let plain = block_on(force.encrypt_item(item())).unwrap();
    assert!(plain.header.is_none() && plain.item == item());
    let sealed = seal(&allow);
    assert!(sealed.contains_key(HEAD) && seal(&forbid).contains_key(HEAD));
    for encryptor in [&force, &allow] {
        assert!(opens(encryptor, &sealed) && opens(encryptor, &plain.item));
    }
    assert!(opens(&forbid, &sealed));
    let error = block_on(forbid.decrypt_item(plain.item)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotSealed { .. }));
    // Nothing goes through without its key, nor without what a later sealing will need.
    let error = block_on(force.encrypt_item(Item::new())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::KeyMissing { .. }));
    let config = builder().include_in_context(["tenant"]);
    let config = config.plaintext_policy(PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead).build().unwrap();
    let error = block_on(ItemEncryptor::new(config, raw("a")).encrypt_item(item())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ContextAttributeMissing { .. }));
}

#[test]
fn keys_of_sealed_maps_are_not_in_errors() {
    let nested = |inner| AttributeValue::M([("s3cret".to_owned(), AttributeValue::L(vec![inner]))].into());
    let mut item = item();
    item.insert("v".to_owned(), nested(AttributeValue::N("x".into())));
    let error = block_on(encryptor(raw("a")).encrypt_item(item)).unwrap_err();
    let text = std::error::Error::source(error.kind()).unwrap().to_string();
    assert_eq!(text, "at .…[0]: not a decimal number");
    assert!(!format!("{error:?}").contains("s3cret"));
}

#[test]
fn debug_of_what_holds_items_shows_names() {
    let encryptor = encryptor(raw("a"));
    let sealed = block_on(encryptor.encrypt_item(item())).unwrap();
    let prepared = block_on(encryptor.prepare(sealed.item.clone())).unwrap();
    let key = dynaseal_core::ItemKey::new(encryptor.config(), &sealed.item);
    assert_eq!(format!("{key:?}"), "ItemKey(pk = \"a\")");
    assert_eq!(format!("{prepared:?}"), r#"PreparedItem { item: {"pk", "v"}, found: "record" }"#);
    let start = r#"SealedItem { item: {"aws_dbe_foot", "aws_dbe_head", "pk", "v"}, header: Some(ParsedHeader {"#;
    let text = format!("{sealed:?}");
    assert!(text.starts_with(start), "{text}");
    let opened = encryptor.open_prepared(prepared).unwrap();
    let text = format!("{opened:?}");
    assert!(text.starts_with(r#"OpenedItem { item: {"pk", "v"}, header: Some(ParsedHeader {"#), "{text}");
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(dynaseal_core::names_only(&opened.item).into_iter().collect::<Vec<_>>(), ["pk", "v"]);
}

#[test]
fn debug_of_what_holds_keys_shows_none() {
    let key = || BranchKey::copy_from(&[0xa5; 32]).unwrap();
    let branch_key = || BranchKeyMaterials::new("id", Uuid::from_u128(1), key());
    let store = StaticBranchKeySource::new(branch_key()).with_older(branch_key());
    let hierarchical = HierarchicalKeyring::new("id", Arc::new(store));
    let raw = RawAesKeyring::new("ns", "key", &[0xa5; 32]).unwrap();
    let multi = MultiKeyring::new(Arc::new(raw), vec![Arc::new(hierarchical)]);
    let cmm = RequiredContextCmm::new(Arc::new(DefaultCmm::new(Arc::new(multi))), ["aws-crypto-table-name"]);
    let config = TableConfig::builder("table", "pk").build().unwrap();
    let text = format!("{:?}", ItemEncryptor::with_cmm(config, Arc::new(cmm)));
    assert_eq!(text.matches("redacted").count(), 3, "{text}");
    for shown in ["165, 165", "a5a5", "A5A5", "\\xa5"] {
        assert!(!text.contains(shown), "{text}");
    }
}

/// Nothing expires.
#[derive(Debug)]
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

/// A multi-keyring is content with one recipient that opens; its members say which of them do.
#[test]
fn each_member_of_a_multi_keyring_opens_alone() {
    use std::num::NonZeroUsize;
    let key = |name: &str, byte: u8| -> Arc<dyn Keyring> {
        Arc::new(RawAesKeyring::new("tests", name, &[byte; 32]).unwrap())
    };
    let nested = |byte| -> Arc<dyn Keyring> {
        let inner = MultiKeyring::without_generator(vec![key("inner", 2), key("deep", byte)]).unwrap();
        Arc::new(MultiKeyring::new(key("outer", 1), vec![Arc::new(inner)]))
    };
    let config = || TableConfig::builder("people", "id").encrypt(["name"]).build().unwrap();
    let item = || Item::from([("id".to_owned(), "a".into()), ("name".to_owned(), "Ada".into())]);
    let sealed = block_on(ItemEncryptor::with_cmm(config(), Arc::new(DefaultCmm::new(nested(3)))).encrypt_item(item()));
    let sealed = sealed.unwrap().item;

    type Over = fn(Arc<dyn Cmm>) -> Arc<dyn Cmm>;
    let through: [Over; 3] = [
        |cmm| cmm,
        |cmm| Arc::new(RequiredContextCmm::new(cmm, Vec::<&str>::new())),
        // What a cache has of one keyring must not answer for another.
        |cmm| {
            let limits = CachingLimits::new(NonZeroUsize::MIN, std::time::Duration::from_secs(60));
            Arc::new(CachingCmm::new(cmm, limits, Arc::new(Stopped)))
        },
    ];
    for over in through {
        let opened = |keyring: Arc<dyn Keyring>| {
            let whole = ItemEncryptor::with_cmm(config(), over(Arc::new(DefaultCmm::new(keyring))));
            assert!(block_on(whole.decrypt_item(sealed.clone())).is_ok());
            let alone = |member: ItemEncryptor| block_on(member.decrypt_item(sealed.clone())).is_ok();
            whole.members().into_iter().map(alone).collect::<Vec<_>>()
        };
        assert_eq!(opened(nested(3)), [true, true, true]);
        assert_eq!(opened(nested(4)), [true, true, false]);
        assert_eq!(opened(key("outer", 1)), [true; 0]);
    }
}
