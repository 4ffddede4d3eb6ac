//! What ten beacons cost when an item is put, on both sides.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal::{AlgorithmSuite, CryptoAction, Item, SealedTable, sdk};

use super::items::{ENCRYPTED, text};
use super::setup::{Setup, Standard, Style, Tenants};
use super::tables::{Keys, Sides};
use crate::Result;
use crate::bench::median;
use crate::official;

/// How long the sides take turns.
const TIME: Duration = Duration::from_secs(10);
const BEACONS: usize = 10;

/// Prints the table.
pub async fn run() -> Result<()> {
    let keys = Keys::new().await?;
    println!("| sealing 10 × 64 B for PutItem | dynaseal | aws-db-esdk 1.3.0 | ratio |");
    println!("|---|--:|--:|--:|");
    let suite = AlgorithmSuite::HmacOnly;
    let sides = Sides::new(&keys, "speed", &setup(BEACONS), suite).await?;
    let (ours, theirs) = (sides.ours?, sides.theirs?);
    let case = super::tables::case("speed", &setup(BEACONS), suite);
    let plain = case.encryptor(None);
    let plain_theirs = official::interception(&case, "speed", official::keyring(&case, None).await?, None)?;
    let mut item: Item =
        ENCRYPTED.iter().take(BEACONS).map(|name| ((*name).to_owned(), text(&"x".repeat(64)))).collect();
    item.insert("pk".to_owned(), text("t0-1"));
    let sdk_item = sdk::to_sdk(item.clone());

    let mut times = [const { Vec::new() }; 4];
    let begin = Instant::now();
    while begin.elapsed() < TIME {
        let start = Instant::now();
        plain.encrypt_item(item.clone()).await?;
        times[0].push(start.elapsed());
        let start = Instant::now();
        transform(&plain_theirs.transforms, &sdk_item).await?;
        times[1].push(start.elapsed());
        let start = Instant::now();
        seal(&ours, item.clone()).await?;
        times[2].push(start.elapsed());
        let start = Instant::now();
        transform(&theirs.transforms, &sdk_item).await?;
        times[3].push(start.elapsed());
    }
    let rounds = times[0].len();
    let [ours, theirs, ours_with, theirs_with] = times.map(|times| median(times).as_secs_f64() * 1e6);
    let rows = [
        ("without beacons", ours, theirs),
        ("with 10 standard beacons", ours_with, theirs_with),
        ("the beacons alone, by difference", ours_with - ours, theirs_with - theirs),
    ];
    for (what, ours, theirs) in rows {
        println!("| {what} | {ours:.1} µs | {theirs:.1} µs | {:.1} |", theirs / ours);
    }
    eprintln!("{rounds} rounds");
    Ok(())
}

/// Strings of 64 bytes, each with a beacon of 16 bits.
fn setup(beacons: usize) -> Setup {
    let standard = |name: &&str| Standard {
        name: (*name).to_owned(),
        length: 16,
        location: None,
        style: Style::Plain,
        partitions: None,
    };
    Setup {
        standard: ENCRYPTED.iter().take(beacons).map(standard).collect(),
        compound: Vec::new(),
        fields: Vec::new(),
        signed_parts: Vec::new(),
        encrypted_parts: Vec::new(),
        maximum: None,
        default: None,
        by_key: false,
        tenants: Tenants::One,
        signs: CryptoAction::SignOnly,
    }
}

/// As a door seals an item.
async fn seal(table: &SealedTable, mut item: Item) -> std::result::Result<Item, Box<dyn std::error::Error>> {
    let search = table.search().ok_or("no search")?;
    let pending = search.before_sealing(&mut item).await?;
    let sealed = table.encryptor().encrypt_item(item).await?;
    let mut item = sealed.item;
    item.extend(search.after_sealing(pending, &sealed.header.ok_or("no header")?).await?);
    Ok(item)
}

async fn transform(client: &aws_db_esdk::Client, item: &HashMap<String, SdkValue>) -> Result<()> {
    let input = PutItemInput::builder().table_name("speed").set_item(Some(item.clone())).build()?;
    client.put_item_input_transform().sdk_input(input).send().await?;
    Ok(())
}
