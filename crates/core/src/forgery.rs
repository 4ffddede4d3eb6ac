//! Records that a legitimate writer makes up to pass for somebody else's: with a branch key of its own and a header that no
//! honest writer makes. They are sealed correctly in every other respect, so nothing but the header gives them away.

use std::sync::{Arc, Mutex};

use dynaseal_testkit::block_on;
use uuid::Uuid;

use crate::context::{self, EncryptionContext, attribute_v1};
use crate::error::{ErrorKind, ItemError};
use crate::fields::{Field, sort};
use crate::keyring::Keyring;
use crate::materials::{EncryptionMaterials, RequiredKeys, UnwrapRequest, UnwrappedKeys, WrapRequest};
use crate::path::FieldName;
use crate::primitives::rng::SystemRandom;
use crate::schema::{CryptoAction, FOOT, HEAD, TableConfig};
use crate::seal::seal;
use crate::secret::BranchKey;
use crate::suite::{AlgorithmSuite, Version};
use crate::value::{AttributeValue, Item};
use crate::{
    AttributeBranchKeyId, BoxFuture, BranchKeyMaterials, BranchKeySource, Cmm, DecryptionMaterials, DecryptionRequest,
    DefaultCmm, EncryptionRequest, HierarchicalKeyring, ItemEncryptor, MaterialsError, RawAesKeyring,
    StaticBranchKeySource,
};

const A: &str = "key-of-A";
const B: &str = "key-of-B";
const PARTITION: (&str, &str) = (context::PARTITION_NAME, "tenant");
const TABLE: (&str, &str) = (context::TABLE_NAME, "orders");
const STORED_TENANT: (&str, &str) = ("aws-crypto-attr.tenant", "B");
const STORED_LEGEND: (&str, &str) = (context::LEGEND, "S");

fn source(ids: &[&str]) -> StaticBranchKeySource {
    let key = |id: &str| {
        let byte = if id == A { 1 } else { 2 };
        BranchKeyMaterials::new(id, Uuid::from_u128(1), BranchKey::copy_from(&[byte; 32]).unwrap())
    };
    let first = StaticBranchKeySource::new(key(ids[0]));
    ids[1..].iter().fold(first, |source, id| source.with_older(key(id)))
}

/// Branch keys, and which of them were asked for.
#[derive(Debug)]
struct Watched(StaticBranchKeySource, Arc<Mutex<Vec<String>>>);

impl BranchKeySource for Watched {
    fn active<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        self.0.active(id)
    }

    fn version<'a>(
        &'a self,
        id: &'a str,
        version: Uuid,
    ) -> BoxFuture<'a, Result<Arc<BranchKeyMaterials>, MaterialsError>> {
        self.1.lock().unwrap().push(id.to_owned());
        self.0.version(id, version)
    }
}

/// Both tenants' orders, each under its own branch key, as a service has them.
struct Reader {
    encryptor: ItemEncryptor,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Reader {
    fn new(config: TableConfig) -> Self {
        let asked = Arc::default();
        let supplier = AttributeBranchKeyId::new("tenant", [("A", A), ("B", B)]);
        let source = Watched(source(&[A, B]), Arc::clone(&asked));
        let keyring = HierarchicalKeyring::with_supplier(Arc::new(supplier), Arc::new(source));
        Self { encryptor: ItemEncryptor::new(config, keyring), asked }
    }

    /// Both ways to open an item; neither may have asked for a key.
    fn refuses(&self, forged: &Item) -> String {
        let whole = block_on(self.encryptor.decrypt_item(forged.clone())).map(|opened| opened.item);
        let prepared = block_on(self.encryptor.prepare(forged.clone())).map(drop);
        let text = |error: ItemError| error.kind().to_string();
        let whole = text(whole.expect_err("the forgery opened"));
        assert_eq!(text(prepared.expect_err("the forgery was prepared")), whole);
        assert_eq!(*self.asked.lock().unwrap(), [""; 0], "a key was asked for");
        whole
    }
}

fn orders(partition_key: &str) -> crate::TableConfigBuilder {
    TableConfig::builder("orders", partition_key).encrypt(["note"]).algorithm_suite(AlgorithmSuite::HmacOnly)
}

fn order() -> Item {
    let attribute = |(name, value): (&str, &str)| (name.to_owned(), value.into());
    [("id", "order-1"), ("tenant", "A"), ("note", "pay the attacker")].map(attribute).into()
}

/// Seals `item` as a record of this version. `actions` are those of the legend; all attributes but `note` are signed where
/// nothing is said. Of `context`, the pairs that `reproduced` names are not stored.
fn forge(
    version: Version,
    actions: &[(&str, CryptoAction)],
    context: &[(&str, &str)],
    reproduced: &[&str],
    keyring: impl Keyring + 'static,
) -> Item {
    let mut item = order();
    let mut pairs = EncryptionContext::new();
    context.iter().for_each(|(key, value)| pairs.insert(key, value).unwrap());
    let request = EncryptionRequest {
        suite: AlgorithmSuite::HmacOnly,
        context: pairs,
        required_keys: reproduced.iter().copied().collect::<RequiredKeys>(),
        max_plaintext_length: 100,
        rng: &SystemRandom,
    };
    let materials = block_on(DefaultCmm::new(Arc::new(keyring)).encryption_materials(request)).unwrap();
    let of = |name: &str| {
        let usual = if name == "note" { CryptoAction::EncryptAndSign } else { CryptoAction::SignOnly };
        actions.iter().find(|(of, _)| *of == name).map_or(usual, |(_, action)| *action)
    };
    let field = |(name, value)| -> Field<'_> {
        let (name, value): (&String, &mut AttributeValue) = (name, value);
        Field { name: FieldName::new(name), action: of(name), value, shared_name: name.as_str().into() }
    };
    let mut fields: Vec<_> = item.iter_mut().map(field).collect();
    sort(&mut fields);
    let config = orders("id").build().unwrap();
    let sealed = seal(&mut fields, version, config.path_prefix(), &[9; 32], &materials).unwrap();
    item.insert(HEAD.to_owned(), AttributeValue::B(sealed.head));
    item.insert(FOOT.to_owned(), AttributeValue::B(sealed.foot));
    item
}

/// With the branch key of B alone.
fn forge_by_b(version: Version, actions: &[(&str, CryptoAction)], context: &[(&str, &str)]) -> Item {
    let is_name = |key: &&str| [context::PARTITION_NAME, context::TABLE_NAME, context::SORT_NAME].contains(key);
    let names: Vec<&str> = context.iter().map(|(key, _)| *key).filter(is_name).collect();
    forge(version, actions, context, &names, HierarchicalKeyring::new(B, Arc::new(source(&[B]))))
}

#[test]
fn a_stored_tenant_does_not_pass_for_the_signed_one() {
    let reader = Reader::new(orders("id").include_in_context(["tenant"]).build().unwrap());
    let partition = (context::PARTITION_NAME, "id");
    let forged = forge_by_b(Version::V2, &[], &[STORED_TENANT, STORED_LEGEND, partition, TABLE]);
    assert!(
        reader.refuses(&forged).starts_with("its header claims `aws-crypto-attr.tenant` in the encryption context")
    );
}

#[test]
fn a_stored_tenant_does_not_pass_for_the_partition_key_of_version_2() {
    let reader = Reader::new(orders("tenant").include_in_context(["id"]).build().unwrap());
    let forged = forge_by_b(Version::V2, &[], &[STORED_TENANT, STORED_LEGEND, PARTITION, TABLE]);
    assert!(
        reader.refuses(&forged).starts_with("its header claims `aws-crypto-attr.tenant` in the encryption context")
    );
}

#[test]
fn a_header_of_version_2_does_not_replace_the_partition_key_of_version_1() {
    let reader = Reader::new(orders("tenant").sign(["id"]).build().unwrap());
    let forged = forge_by_b(Version::V2, &[], &[STORED_TENANT, STORED_LEGEND, PARTITION, TABLE]);
    assert!(
        reader.refuses(&forged).starts_with("its header claims `aws-crypto-attr.tenant` in the encryption context")
    );
}

#[test]
fn version_1_does_not_claim_what_its_legend_cannot_say() {
    let reader = Reader::new(orders("id").include_in_context(["tenant"]).build().unwrap());
    let id = attribute_v1(&"order-1".into()).unwrap();
    let claims = [("aws-crypto-attr.id", id.as_str()), STORED_TENANT, (context::LEGEND, "SS")];
    let named = [(context::PARTITION_NAME, "id"), TABLE];
    let names = ["aws-crypto-attr.id", context::PARTITION_NAME, context::TABLE_NAME];
    let keyring = HierarchicalKeyring::new(B, Arc::new(source(&[B])));
    let forged = forge(Version::V1, &[], &[claims.as_slice(), &named].concat(), &names, keyring);
    assert!(
        reader.refuses(&forged).starts_with("its header claims `aws-crypto-attr.tenant` in the encryption context")
    );
}

#[test]
fn a_key_attribute_is_bound_as_its_version_demands() {
    // Without a claim, and with a key attribute that is not in the context: a supplier would not see whose item it is.
    for config in [orders("tenant").sign(["id"]), orders("tenant").include_in_context(["id"])] {
        let reader = Reader::new(config.build().unwrap());
        for actions in [&[][..], &[("tenant", CryptoAction::EncryptAndSign)]] {
            let forged = forge_by_b(Version::V2, actions, &[PARTITION, TABLE]);
            let text = reader.refuses(&forged);
            assert!(text.starts_with("its header does not bind the key attribute `tenant`"), "{text}");
        }
        // Version 1 has the stored value in its context. If that were ciphertext, the item would open as another.
        let forged = forge_by_b(Version::V1, &[("tenant", CryptoAction::EncryptAndSign)], &[PARTITION, TABLE]);
        let text = reader.refuses(&forged);
        assert!(text.starts_with("its header does not bind the key attribute `tenant`"), "{text}");
    }
    // So does the sort key.
    let config = TableConfig::builder("orders", "id").sort_key("tenant").encrypt(["note"]);
    let reader = Reader::new(config.algorithm_suite(AlgorithmSuite::HmacOnly).build().unwrap());
    let id = [("id", CryptoAction::SignAndIncludeInEncryptionContext)];
    let names = [(context::PARTITION_NAME, "id"), (context::SORT_NAME, "tenant"), TABLE];
    let forged = forge_by_b(Version::V2, &id, &names);
    assert!(reader.refuses(&forged).starts_with("its header does not bind the key attribute `tenant`"));
}

/// Keeps what a key service would be told, and refuses.
#[derive(Clone, Debug, Default)]
struct Told(Arc<Mutex<Vec<EncryptionContext>>>);

impl Keyring for Told {
    fn on_encrypt<'a>(&'a self, _: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        unreachable!("nothing is sealed")
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        self.0.lock().unwrap().push(request.context.clone());
        Box::pin(std::future::ready(Err(MaterialsError::NoDataKey)))
    }

    fn describe(&self) -> String {
        "told".to_owned()
    }
}

#[test]
fn a_keyring_is_told_what_the_item_says_and_nothing_else() {
    let told = Told::default();
    let config = || orders("id").include_in_context(["tenant"]).build().unwrap();
    let reader = ItemEncryptor::new(config(), told.clone());
    let writer = Reader::new(config()).encryptor;
    let honest = block_on(writer.encrypt_item(order())).unwrap().item;
    let error = block_on(reader.decrypt_item(honest)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Materials(MaterialsError::NoDataKey)), "{error:?}");
    let seen = std::mem::take(&mut *told.0.lock().unwrap());
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].get("aws-crypto-attr.tenant"), Some("A"));

    // What is not DB-ESDK's own is no better: somebody's policy may go by it.
    let partition = (context::PARTITION_NAME, "id");
    let raw = || RawAesKeyring::new("ns", "key", &[5; 32]).unwrap();
    for (claim, actions) in [
        (STORED_TENANT, [].as_slice()),
        (("department", "payroll"), &[("id", CryptoAction::SignAndIncludeInEncryptionContext)]),
    ] {
        let names = [context::PARTITION_NAME, context::TABLE_NAME];
        let forged = forge(Version::V2, actions, &[claim, partition, TABLE], &names, raw());
        let error = block_on(reader.decrypt_item(forged)).unwrap_err();
        let text = format!("{:?}", error.kind());
        assert!(text.starts_with("StoredContext") || text.contains("ForeignContext"), "{text}");
        assert_eq!(*told.0.lock().unwrap(), [], "the keyring was told {claim:?}");
    }
}

/// Adds a pair when it seals. When it opens, it knows the pair, or hands on what is stored.
#[derive(Debug)]
struct Department {
    underlying: DefaultCmm,
    knows: Option<&'static str>,
}

impl Cmm for Department {
    fn encryption_materials<'a>(
        &'a self,
        mut request: EncryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<EncryptionMaterials, MaterialsError>> {
        Box::pin(async move {
            request.context.insert("department", "payroll")?;
            self.underlying.encryption_materials(request).await
        })
    }

    fn decryption_materials<'a>(
        &'a self,
        mut request: DecryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<DecryptionMaterials, MaterialsError>> {
        Box::pin(async move {
            if let Some(value) = self.knows {
                request.reproduced_context.insert("department", value)?;
            }
            self.underlying.decryption_materials(request).await
        })
    }
}

#[test]
fn a_cmm_that_adds_a_pair_says_which_one_it_expects() {
    let with = |knows| {
        let underlying = DefaultCmm::new(Arc::new(RawAesKeyring::new("ns", "key", &[5; 32]).unwrap()));
        ItemEncryptor::with_cmm(
            orders("id").sign(["tenant"]).build().unwrap(),
            Arc::new(Department { underlying, knows }),
        )
    };
    let sealed = block_on(with(None).encrypt_item(order())).unwrap().item;
    assert_eq!(block_on(with(Some("payroll")).decrypt_item(sealed.clone())).unwrap().item, order());
    let refused = |knows| match block_on(with(knows).decrypt_item(sealed.clone())).unwrap_err().kind() {
        ErrorKind::Materials(error) => format!("{error:?}"),
        other => format!("{other:?}"),
    };
    assert_eq!(refused(None), "ForeignContext { key: \"department\" }");
    assert_eq!(refused(Some("sales")), "ContextMismatch { key: \"department\" }");
}

/// Has the header store pairs that are the item's to supply.
#[derive(Debug)]
struct Storing(DefaultCmm);

impl Cmm for Storing {
    fn encryption_materials<'a>(
        &'a self,
        mut request: EncryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<EncryptionMaterials, MaterialsError>> {
        Box::pin(async move {
            request.context.insert("aws-crypto-attr.zone", "1")?;
            self.0.encryption_materials(request).await
        })
    }

    fn decryption_materials<'a>(
        &'a self,
        request: DecryptionRequest<'a>,
    ) -> BoxFuture<'a, Result<DecryptionMaterials, MaterialsError>> {
        self.0.decryption_materials(request)
    }
}

#[test]
fn nothing_is_sealed_that_no_reader_would_open() {
    let cmm = Storing(DefaultCmm::new(Arc::new(RawAesKeyring::new("ns", "key", &[5; 32]).unwrap())));
    let encryptor = ItemEncryptor::with_cmm(orders("id").sign(["tenant"]).build().unwrap(), Arc::new(cmm));
    let error = block_on(encryptor.encrypt_item(order())).unwrap_err();
    let expected = ErrorKind::Materials(MaterialsError::Changed { what: "the required keys" });
    assert_eq!(format!("{:?}", error.kind()), format!("{expected:?}"));
}
