//! What worked on pynamodb_mate's format and is refused here, done to a table by whoever can write it.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::legacy::pynamodb_mate::{Key, Mode, Value};
use dynaseal::model::{LegacyRead, Model, ModelError, Table};
use dynaseal::{AttributeKeys, SystemRandom};

use crate::{keys, root};

#[derive(Model, Clone, PartialEq)]
#[model(table = "accounts")]
struct Account {
    #[model(partition_key)]
    id: String,
    #[model(seal)]
    balance: String,
    #[model(seal)]
    limit: String,
    #[model(seal = "deterministic")]
    owner: String,
    #[model(seal = "deterministic")]
    heir: String,
}

/// The same table, in which two columns may still be in the older format.
#[derive(Model, Clone, PartialEq)]
#[model(table = "accounts")]
struct Moving {
    #[model(partition_key)]
    id: String,
    #[model(seal, also_reads = "pynamodb_mate")]
    balance: String,
    #[model(seal)]
    limit: String,
    #[model(seal = "deterministic", also_reads = "pynamodb_mate")]
    owner: String,
    #[model(seal = "deterministic")]
    heir: String,
}

fn account(id: &str) -> Account {
    let text = |of: &str| format!("{of} of {id}, and a little more than one block");
    Account {
        id: id.to_owned(),
        balance: text("balance"),
        limit: text("limit"),
        owner: text("owner"),
        heir: text("heir"),
    }
}

async fn table() -> Table<Account> {
    let table = Account::on(&dynaseal::local::memory().unwrap()).attribute_keys(&keys()).open().unwrap();
    table.create().await.unwrap();
    for id in ["ada", "bob"] {
        table.save(&mut account(id)).await.unwrap();
    }
    table
}

async fn bytes(table: &Table<Account>, id: &str, name: &str) -> Vec<u8> {
    table.stored(&account(id)).await.unwrap().unwrap()[name].as_b().unwrap().as_ref().to_vec()
}

async fn overwrite(table: &Table<Account>, id: &str, name: &str, bytes: Vec<u8>) {
    let mut stored = table.stored(&account(id)).await.unwrap().unwrap();
    stored.insert(name.to_owned(), AttributeValue::B(Blob::new(bytes)));
    table.client().put_item().table_name("accounts").set_item(Some(stored)).send().await.unwrap();
}

fn refused<T>(result: Result<T, ModelError>, attribute: &str) {
    let Err(error) = result else { panic!("it was taken for the truth") };
    assert_eq!(error.key(), Some("(id = \"ada\")"));
    let text = error.kind().to_string();
    assert!(text.contains(&format!("`{attribute}`")) && !text.contains("more than"), "{text}");
}

#[tokio::test]
async fn values_do_not_move_to_other_items() {
    let table = table().await;
    overwrite(&table, "ada", "balance", bytes(&table, "bob", "balance").await).await;
    refused(table.get("ada").await, "balance");
    refused(table.scan().items().all().await, "balance");
}

#[tokio::test]
async fn values_do_not_move_to_other_attributes() {
    for (from, to) in [("balance", "limit"), ("owner", "heir"), ("heir", "owner")] {
        let table = table().await;
        overwrite(&table, "ada", to, bytes(&table, "ada", from).await).await;
        refused(table.get("ada").await, to);
    }
}

#[tokio::test]
async fn values_of_one_mode_are_none_of_the_other() {
    for (from, to) in [("balance", "owner"), ("owner", "balance")] {
        let table = table().await;
        let taken = bytes(&table, "ada", from).await;
        overwrite(&table, "ada", to, taken.clone()).await;
        refused(table.get("ada").await, to);
        // And with the header of the other mode.
        let mut turned = taken;
        turned[3] = 3 - turned[3];
        overwrite(&table, "ada", to, turned).await;
        refused(table.get("ada").await, to);
    }
}

#[tokio::test]
async fn changed_cut_and_pasted_values_are_refused() {
    for name in ["balance", "owner"] {
        let table = table().await;
        let whole = bytes(&table, "ada", name).await;
        let other = bytes(&table, "bob", name).await;
        let mut changes = vec![Vec::new(), whole[..whole.len() - 1].to_vec(), [whole.as_slice(), &[0]].concat()];
        for position in (0..whole.len()).step_by(5) {
            let mut flipped = whole.clone();
            flipped[position] ^= 1;
            changes.push(flipped);
        }
        for cut in (whole.len() - 48..whole.len()).step_by(16) {
            changes.push([&whole[..cut], &other[cut..]].concat());
        }
        for change in changes {
            overwrite(&table, "ada", name, change).await;
            refused(table.get("ada").await, name);
        }
        overwrite(&table, "ada", name, whole).await;
        assert!(table.get("ada").await.unwrap().unwrap() == account("ada"));
    }
}

#[tokio::test]
async fn other_keys_open_nothing_and_ids_are_part_of_the_value() {
    let table = table().await;
    let wrong = Account::on(table.client()).attribute_keys(&AttributeKeys::new(root("2026", 8))).open().unwrap();
    refused(wrong.get("ada").await, "balance");
    // Both roots are known; the value says the one and was sealed under the other.
    let both = AttributeKeys::new(root("2026", 7)).and_reads(root("2027", 9)).unwrap();
    let both = Account::on(table.client()).attribute_keys(&both).open().unwrap();
    let mut replayed = bytes(&table, "ada", "balance").await;
    assert_eq!(&replayed[7..11], b"2026");
    replayed[7..11].copy_from_slice(b"2027");
    overwrite(&table, "ada", "balance", replayed).await;
    refused(both.get("ada").await, "balance");
}

#[tokio::test]
async fn sealed_values_do_not_come_from_other_tables() {
    #[derive(Model, Clone, PartialEq)]
    #[model(table = "other-accounts")]
    struct Other {
        #[model(partition_key)]
        id: String,
        #[model(seal)]
        balance: String,
        #[model(seal = "deterministic")]
        owner: String,
    }
    let table = table().await;
    let other = Other::on(table.client()).attribute_keys(&keys()).open().unwrap();
    other.create().await.unwrap();
    let mut item = Other { id: "ada".to_owned(), balance: "1".to_owned(), owner: "Eve".to_owned() };
    other.save(&mut item).await.unwrap();
    let stored = other.stored(&item).await.unwrap().unwrap();
    for name in ["balance", "owner"] {
        overwrite(&table, "ada", name, stored[name].as_b().unwrap().as_ref().to_vec()).await;
        refused(table.get("ada").await, name);
        table.save(&mut account("ada")).await.unwrap();
    }
}

#[tokio::test]
async fn the_older_format_is_read_only_where_the_model_says_so_and_then_reported() {
    let table = table().await;
    let older = Key::from_passphrase("my-password");
    let forged = |mode, text: &str| older.insecure_seal(mode, &Value::Text(text.to_owned()), &SystemRandom).unwrap();
    overwrite(&table, "ada", "balance", forged(Mode::Randomised, "old balance")).await;
    refused(table.get("ada").await, "balance");
    overwrite(&table, "ada", "owner", forged(Mode::Deterministic, "old owner")).await;

    let seen: Arc<Mutex<Vec<LegacyRead>>> = Arc::default();
    let hook = Arc::clone(&seen);
    let moving = Moving::on(table.client()).attribute_keys(&keys()).pynamodb_mate("my-password");
    let moving = moving.on_legacy(move |read| hook.lock().unwrap().push(read.clone())).open().unwrap();
    let found = moving.get("ada").await.unwrap().unwrap();
    assert_eq!((found.balance.as_str(), found.owner.as_str()), ("old balance", "old owner"));
    let reported: Vec<(String, &str, String)> =
        seen.lock().unwrap().drain(..).map(|read| (read.table, read.attribute, read.key)).collect();
    let of = |name| ("accounts".to_owned(), name, "(id = \"ada\")".to_owned());
    assert_eq!(reported, [of("balance"), of("owner")]);
    assert_eq!(moving.scan().filter(Moving::owner().eq("old owner")).count().await.unwrap(), 1);

    // Columns that do not say so refuse it there, too; and a damaged new value is never taken for an old one.
    overwrite(&table, "ada", "heir", forged(Mode::Deterministic, "old heir")).await;
    refused(moving.get("ada").await, "heir");
    let mut damaged = account("ada");
    table.save(&mut damaged).await.unwrap();
    let mut balance = bytes(&table, "ada", "balance").await;
    *balance.last_mut().unwrap() ^= 1;
    overwrite(&table, "ada", "balance", balance).await;
    refused(moving.get("ada").await, "balance");
    seen.lock().unwrap().clear();

    // Moved over, and then read without the older format.
    overwrite(&table, "ada", "heir", bytes(&table, "ada", "heir").await).await;
    overwrite(&table, "ada", "balance", forged(Mode::Deterministic, "in the other mode")).await;
    let done = moving.reseal().await.unwrap();
    assert_eq!((done.examined, done.moved, done.contended), (2, 1, 0));
    let found = table.get("ada").await.unwrap().unwrap();
    assert_eq!(found.balance, "in the other mode");
}

#[tokio::test]
async fn what_is_refused_by_wrong_keys_of_the_older_format_says_which_attribute() {
    let table = table().await;
    let older = Key::from_passphrase("my-password");
    let forged = older.insecure_seal(Mode::Deterministic, &Value::Text("old".to_owned()), &SystemRandom).unwrap();
    overwrite(&table, "ada", "owner", forged).await;
    let other = Moving::on(table.client()).attribute_keys(&keys()).pynamodb_mate("my-password");
    let other = other.pynamodb_mate_of("owner", "another").open().unwrap();
    refused(other.get("ada").await, "owner");
    let none = Moving::on(table.client()).attribute_keys(&keys()).open().unwrap_err();
    assert!(none.to_string().contains("`balance` also reads"), "{none}");
}
