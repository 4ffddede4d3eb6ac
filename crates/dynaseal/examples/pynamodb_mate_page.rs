//! What pynamodb_mate's page on client-side encryption shows, line by line, with values that can not be read, changed or
//! moved by whoever reads the table. The manual has both side by side (`dynaseal::manual`).
//!
//!     cargo run --example pynamodb_mate_page --features model,local,passphrase -p dynaseal

use std::collections::BTreeMap;
use std::error::Error;

use dynaseal::model::{Model, Unfit};
use dynaseal::{AttributeKeys, AttributeRoot, AttributeValue, PassphraseRecipe};

#[derive(Model)]
#[model(table = "archive", region = "us-east-1", billing = "pay-per-request")]
struct Archive {
    #[model(partition_key)]
    aid: String,
    #[model(seal = "deterministic")]
    secret_message: String,
    #[model(seal)]
    secret_binary: Vec<u8>,
    #[model(seal = "deterministic")]
    secret_integer: i64,
    #[model(seal)]
    secret_float: f64,
    #[model(seal, with = "json")]
    secret_data: BTreeMap<String, u32>,
    // A type of our own with its own serialiser.
    #[model(seal, with = "self::coordinates")]
    secret_place: (f64, f64),
}

/// How `secret_place` is written: a module with these two functions.
mod coordinates {
    use super::{AttributeValue, Unfit};

    pub(super) fn to_value((latitude, longitude): &(f64, f64)) -> Result<AttributeValue, Unfit> {
        Ok(AttributeValue::S(format!("{latitude},{longitude}")))
    }

    pub(super) fn from_value(value: AttributeValue) -> Result<(f64, f64), Unfit> {
        let AttributeValue::S(text) = value else { return Err(Unfit::new("coordinates are text")) };
        let (latitude, longitude) = text.split_once(',').ok_or_else(|| Unfit::new("there is no comma"))?;
        let number = |text: &str| text.parse().map_err(|_| Unfit::new("a coordinate is not a number"));
        Ok((number(latitude)?, number(longitude)?))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let client = dynaseal::local::memory()?;

    // The passphrase is never the key: Argon2id makes the key of it, and each attribute has one derived from that. The
    // recipe is no secret and belongs into the application's configuration; `dynaseal attribute recipe` makes a new one.
    let recipe: PassphraseRecipe = "$argon2id$v=19$m=19456,t=2,p=1$ZHluYXNlYWwtZXhhbXBsZQ".parse()?;
    let keys = AttributeKeys::new(AttributeRoot::from_passphrase("2026", "my-password", &recipe)?);
    let archive = Archive::on(&client).attribute_keys(&keys).open()?;
    archive.create_if_missing().await?;

    let mut item = Archive {
        aid: "aid-001/ü".to_owned(),
        secret_message: "attack at 2PM tomorrow!".to_owned(),
        secret_binary: b"a secret image".to_vec(),
        secret_integer: 1_234_567_890,
        secret_float: 2.5,
        secret_data: BTreeMap::from([("Alice".to_owned(), 1), ("Bob".to_owned(), 2)]),
        secret_place: (48.137, 11.575),
    };
    archive.save(&mut item).await?;

    // Where to look at it in the AWS console.
    println!("{}", archive.item_console_url(&item)?.unwrap_or_default());

    // What DynamoDB has: bytes, and nothing of what they mean.
    let stored = archive.stored(&item).await?.ok_or("it was saved")?;
    for name in ["secret_message", "secret_binary", "secret_integer", "secret_float", "secret_data", "secret_place"] {
        let bytes = stored.get(name).and_then(|value| value.as_b().ok()).ok_or("it is sealed")?;
        assert!(!bytes.as_ref().windows(6).any(|part| b"attack a secret image".windows(6).any(|of| of == part)));
        println!("{name}: {} bytes", bytes.as_ref().len());
    }

    // By key.
    let mut found = archive.get("aid-001/ü").await?.ok_or("it was saved")?;
    assert_eq!(found.secret_message, "attack at 2PM tomorrow!");
    assert_eq!(found.secret_data, item.secret_data);
    assert_eq!(found.secret_place, (48.137, 11.575));

    // By a sealed attribute: equal values look equal there, which is the price of searching them.
    let attack = Archive::secret_message().eq("attack at 2PM tomorrow!");
    let attacks = archive.scan().filter(attack).items().all().await?;
    assert_eq!(attacks.len(), 1);
    // `Archive::secret_message().lt("b")` does not compile, and neither does `Archive::secret_float().eq(2.5)`.

    // One attribute alone.
    archive.update(&mut found).set(Archive::secret_message(), "hold the fire").await?;
    assert_eq!(found.secret_message, "hold the fire");

    archive.refresh(&mut item).await?;
    assert_eq!(item.secret_message, "hold the fire");

    // As a plain map.
    let map = item.to_map()?;
    let integer = map.get("secret_integer").and_then(|value| value.as_n().ok());
    assert_eq!(integer.map(String::as_str), Some("1234567890"));

    // And for logs: sealed fields do not print.
    let shown = format!("{item:?}");
    assert!(shown.contains("aid-001") && !shown.contains("fire"), "{shown}");
    println!("{shown}");
    Ok(())
}
