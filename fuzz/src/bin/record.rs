//! A sealed item with any header, footer and value is refused; only the one that was sealed opens.
#![no_main]

use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use dynaseal_core::{
    AlgorithmSuite, AttributeValue, FOOT, HEAD, Inspection, Item, ItemEncryptor, RawAesKeyring, TableConfig,
};

static SEALED: LazyLock<(ItemEncryptor, Item)> = LazyLock::new(|| {
    let config = TableConfig::builder("t", "pk").encrypt(["v"]).algorithm_suite(AlgorithmSuite::HmacOnly).build();
    let keyring = RawAesKeyring::new("n", "k", &[7; 32]).expect("a good key");
    let encryptor = ItemEncryptor::new(config.expect("a good configuration"), keyring);
    let item = Item::from([("pk".to_owned(), "a".into()), ("v".to_owned(), "x".into())]);
    let sealed = ready(encryptor.encrypt_item(item)).expect("it seals");
    (encryptor, sealed.item)
});

fn ready<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("offline keyrings are ready at once"),
    }
}

// The first two bytes say which attribute is replaced and how; the rest goes over the end of what was there.
libfuzzer_sys::fuzz_target!(|input: (u8, u16, &[u8])| {
    let (encryptor, sealed) = &*SEALED;
    let (which, at, bytes) = input;
    let name = [HEAD, FOOT, "v"][usize::from(which) % 3];
    let mut item = sealed.clone();
    let Some(AttributeValue::B(stored)) = item.get_mut(name) else { unreachable!("all three are binary") };
    stored.truncate(usize::from(at));
    stored.extend_from_slice(bytes);
    let changed = item != *sealed;
    let _ = Inspection::new(&item, None);
    assert_eq!(ready(encryptor.decrypt_item(item)).is_err(), changed);
});
