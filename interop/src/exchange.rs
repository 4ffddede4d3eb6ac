//! Each side opens what the other sealed, over random items.

use dynaseal::{AlgorithmSuite, Item, Version, json};
use dynaseal_testkit::random::Items;
use dynaseal_testkit::vectors::same;
use serde_json::json;

use crate::Result;
use crate::case::Case;
use crate::official::Official;

/// `count` random cases in each direction.
pub async fn run(count: u64, seed: u64) -> Result<()> {
    let mut items = Items::new(seed);
    let mut counts = std::collections::BTreeMap::<String, u64>::new();
    let mut unusual = 0;
    for index in 0..count {
        let case = Case::random(&mut items);
        let name = format!("case {index} of seed {seed}");
        let reader = Some(items.below(case.keys.len()));
        // What one side refuses, the other has to refuse as well.
        let ours = case.encryptor(None).encrypt_item(case.item.clone()).await;
        let theirs = match Official::new(&case, None).await {
            Ok(official) => official.seal(case.item.clone()).await,
            Err(error) => Err(error),
        };
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                let opened = Official::new(&case, reader)
                    .await?
                    .open(ours.item)
                    .await
                    .map_err(|error| format!("{name}: they refuse ours: {error}"))?;
                check(&name, "they open ours", &case, &opened)?;
                let opened = case.encryptor(reader).decrypt_item(theirs).await;
                let opened = opened.map_err(|error| format!("{name}: we refuse theirs: {error}: {}", error.kind()))?;
                check(&name, "we open theirs", &case, &opened.item)?;
                let version = ours.header.as_ref().map_or(Version::V1, |header| header.version());
                *counts
                    .entry(format!("{version:?} {} with {} recipients", case.suite, case.keys.len()))
                    .or_default() += 1;
            }
            (Err(_), Err(_)) => unusual += 1,
            (Ok(_), Err(error)) => return Err(format!("{name}: only they refuse: {error}").into()),
            (Err(error), Ok(_)) => return Err(format!("{name}: only we refuse: {error}: {}", error.kind()).into()),
        }
    }
    for (kind, count) in &counts {
        println!("{count:>6}  {kind}");
    }
    println!("{} records opened each way, {unusual} refused by both, seed {seed}", counts.values().sum::<u64>());
    Ok(())
}

/// Whether an item came back as it was.
pub fn check(name: &str, what: &str, case: &Case, opened: &Item) -> Result<()> {
    if same(opened, &case.item) {
        return Ok(());
    }
    Err(format!("{name}: {what}, but differently:\n{}\n{}", json::to_string(&case.item), json::to_string(opened))
        .into())
}

/// A few records of every version and suite, for tests that run everywhere.
pub async fn write(file: &str) -> Result<()> {
    let mut items = Items::new(20_261_121);
    let mut records = Vec::new();
    for (version, suite) in
        [Version::V1, Version::V2].into_iter().flat_map(|version| AlgorithmSuite::ALL.map(|suite| (version, suite)))
    {
        let mut found = 0;
        while found < 4 {
            let case = Case::random(&mut items);
            let fits = case.suite == suite
                && case.config().version() == version
                && case.item.len() > 5
                && case.item.len() < 12;
            if !fits || (found == 0) != (case.keys.len() > 1) {
                continue;
            }
            let sealed = Official::new(&case, None).await?.seal(case.item.clone()).await?;
            let opened = Official::new(&case, None).await?.open(sealed.clone()).await?;
            let value = |item: &Item| serde_json::from_str::<serde_json::Value>(&json::to_string(item));
            let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let keys = case.keys.iter().map(
                |key| json!({ "raw_aes": { "namespace": key.namespace, "name": key.name, "hex": hex(&key.bytes) } }),
            );
            records.push(json!({
                "id": format!("{version:?}-{suite}-{found}"),
                "config": {
                    "table": case.table, "pk": case.partition_key, "sk": case.sort_key, "unsigned": case.unsigned,
                    "actions": case.actions.iter().map(|(name, action)| (name.clone(), action.name())).collect::<std::collections::BTreeMap<_, _>>(),
                    "suite": if suite.is_signed() { "ecdsa" } else { "hmac" },
                },
                "opens": keys.collect::<Vec<_>>(),
                "sealed": value(&sealed)?,
                "opened": value(&opened)?,
            }));
            found += 1;
        }
    }
    let text = json!({ "about": "Written by AWS's crate aws-db-esdk 1.3.0 through the program in interop/. All keys are test keys.", "records": records });
    std::fs::write(file, format!("{}\n", serde_json::to_string_pretty(&text)?))?;
    println!("{} records in {file}", records.len());
    Ok(())
}
