//! Runs every example, as its reader would. Those that need a key server say so where there is none.

#![allow(clippy::duplicate_mod, reason = "each example is a program of its own, with its own copy of what they share")]
#![allow(dead_code, reason = "an example's `main` does nothing but call its `run`, as is done here")]

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;

macro_rules! examples {
    ($($name:ident $path:literal)*) => {
        $(
            #[path = $path]
            mod $name;
        )*

        mod runs {
            $(
                #[tokio::test]
                async fn $name() -> Result<(), Box<dyn std::error::Error>> {
                    super::$name::run().await
                }
            )*
        }

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

examples! {
    caching_cmm "../examples/caching_cmm.rs"
    client_supplier "../examples/client_supplier.rs"
    embedded "../examples/embedded.rs"
    encrypted_data_keys "../examples/encrypted_data_keys.rs"
    hierarchical_two_tenants "../examples/hierarchical_two_tenants.rs"
    key_store "../examples/key_store.rs"
    kms_ecdh "../examples/kms_ecdh.rs"
    kms_ecdh_discovery "../examples/kms_ecdh_discovery.rs"
    kms_keyring "../examples/kms_keyring.rs"
    kms_mrk_discovery "../examples/kms_mrk_discovery.rs"
    kms_multi_mrk "../examples/kms_multi_mrk.rs"
    kms_rsa "../examples/kms_rsa.rs"
    multi_keyring "../examples/multi_keyring.rs"
    raw_aes "../examples/raw_aes.rs"
    raw_ecdh_discovery "../examples/raw_ecdh_discovery.rs"
    raw_ecdh_ephemeral "../examples/raw_ecdh_ephemeral.rs"
    raw_ecdh_static "../examples/raw_ecdh_static.rs"
    raw_rsa "../examples/raw_rsa.rs"
    shared_cache "../examples/shared_cache.rs"
}

#[test]
fn none_is_left_out() -> Result<(), Box<dyn Error>> {
    let mut files = BTreeSet::new();
    for entry in Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").read_dir()? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            files.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    assert_eq!(files, NAMES.iter().map(ToString::to_string).collect());
    Ok(())
}
