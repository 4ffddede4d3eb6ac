//! What holds for every item.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

use dynaseal_core::{
    AlgorithmSuite, AttributeValue, CryptoAction, Inspection, Item, ItemEncryptor, RawAesKeyring, TableConfig, json,
    normal_form,
};
use dynaseal_testkit::{block_on, random::Items};
use proptest::prelude::*;

fn actions() -> impl Strategy<Value = Vec<CryptoAction>> {
    prop::collection::vec(prop::sample::select(CryptoAction::ALL.to_vec()), 12)
}

/// A configuration in which the attributes of the item have these actions, in turn.
fn encryptor(item: &Item, actions: &[CryptoAction], suite: AlgorithmSuite) -> ItemEncryptor {
    let mut builder = TableConfig::builder("täble", "pk").sort_key("sk").algorithm_suite(suite);
    for (name, action) in item.keys().filter(|name| *name != "pk" && *name != "sk").zip(actions.iter().cycle()) {
        builder = builder.action(name, *action);
        if *action == CryptoAction::DoNothing {
            builder = builder.unsigned([name]);
        }
    }
    ItemEncryptor::new(builder.build().unwrap(), RawAesKeyring::new("ns", "key", &[1; 32]).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sealed_opens_to_what_dynamodb_would_return(
        seed: u64, count in 0_usize..12, actions in actions(), suite in prop::sample::select(AlgorithmSuite::ALL.to_vec())
    ) {
        let item = Items::new(seed).item(&["pk", "sk"], count);
        let encryptor = encryptor(&item, &actions, suite);
        let sealed = block_on(encryptor.encrypt_item(item.clone())).unwrap();
        let header = sealed.header.unwrap();

        // Every attribute is as it was, or hidden.
        for (name, value) in &item {
            match encryptor.config().action(name).unwrap() {
                CryptoAction::EncryptAndSign => prop_assert!(matches!(&sealed.item[name], AttributeValue::B(bytes) if bytes.len() >= 18)),
                _ => prop_assert_eq!(&sealed.item[name], value),
            }
        }
        // The header says what was done, also to those without a key.
        let inspection = encryptor.inspect(&sealed.item).unwrap();
        for attribute in &inspection.attributes {
            prop_assert_eq!(attribute.action, encryptor.config().action(&attribute.name));
            let expected = Some(item[&attribute.name].type_name());
            prop_assert_eq!(attribute.type_name, expected);
        }
        prop_assert_eq!(inspection.algorithm_suite, suite);
        prop_assert_eq!(inspection.signed_attributes, header.attributes().len());
        prop_assert!(Inspection::new(&sealed.item, None).is_ok());

        let opened = block_on(encryptor.decrypt_item(sealed.item)).unwrap();
        prop_assert_eq!(opened.item.len(), item.len());
        for (name, value) in &item {
            prop_assert_eq!(normal_form(&opened.item[name]).unwrap(), normal_form(value).unwrap());
        }
        // Both sides saw the same header and the same context.
        let opened = opened.header.unwrap();
        prop_assert_eq!(header.encryption_context(), opened.encryption_context());
        prop_assert!(header.attributes().eq(opened.attributes()));
    }

    #[test]
    fn two_seals_of_one_item_have_nothing_in_common(seed: u64) {
        let item = Item::from([("pk".to_owned(), "a".into()), ("sk".to_owned(), "b".into()), ("v".to_owned(), seed.to_string().into())]);
        let encryptor = encryptor(&item, &[CryptoAction::EncryptAndSign], AlgorithmSuite::HmacOnly);
        let [first, second] = [(), ()].map(|()| block_on(encryptor.encrypt_item(item.clone())).unwrap().item);
        let body = |item: &Item| match &item["v"] { AttributeValue::B(bytes) => bytes[2..].to_vec(), _ => vec![] };
        prop_assert_ne!(body(&first), body(&second));
        prop_assert_ne!(&first["aws_dbe_head"], &second["aws_dbe_head"]);
        prop_assert_ne!(&first["aws_dbe_foot"], &second["aws_dbe_foot"]);
    }

    #[test]
    fn json_reads_back(seed: u64) {
        let item = Items::new(seed).item(&["pk"], 12);
        prop_assert_eq!(json::from_str(&json::to_string(&item)).unwrap(), item);
    }

    #[test]
    fn numbers_normalise_once(seed: u64) {
        let number = Items::new(seed).number();
        let normal = dynaseal_core::normalize_number(&number).unwrap();
        prop_assert_eq!(dynaseal_core::normalize_number(&normal).unwrap(), normal);
    }

    #[test]
    fn any_text_is_a_number_or_an_error(text in "[-+0-9.eE]{0,60}|\\PC{0,20}") {
        if let Ok(normal) = dynaseal_core::normalize_number(&text) {
            prop_assert!(normal.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'), "{}", normal);
        }
    }
}
