//! Models: two tables of one name in one transaction, and models on clients whose interceptors know the table.

use std::future::Future;

use aws_sdk_dynamodb::Client;
use dynaseal::model::{Model, ModelError, Table, Transaction};
use dynaseal::search::BeaconKeys;
use dynaseal::{
    AttributeKeys, AttributeRoot, BeaconKey, ItemEncryptor, LegacyPolicy, PlaintextPolicy, SealedTable, Sealer,
    SendSealed as _, TableConfig,
};

use super::{REFUSED, SdkItem, TABLE, causes, database, keyring, older, shape, stored, text, with_interceptors};

/// Models with the same fields, each protected in another way.
trait Note: Model {
    fn new(id: &str, note: &str) -> Self;

    /// What an operation on the item `a` comes to: its note, as the model sees it.
    fn run(operation: &str, table: &Table<Self>) -> impl Future<Output = Result<String, ModelError>>;

    fn delete<'a>(transaction: Transaction<'a>, table: &Table<Self>, id: &str) -> Transaction<'a>;
}

const OPERATIONS: [&str; 12] = [
    "stored",
    "save",
    "batch",
    "transaction",
    "get",
    "get many",
    "transact get",
    "query",
    "scan",
    "update",
    "delete",
    "refresh",
];

macro_rules! note {
    ($name:ident, [$($model:tt)*], [$($note:tt)*]) => {
        #[derive(Model)]
        #[model(table = "people" $($model)*)]
        struct $name {
            #[model(partition_key)]
            id: String,
            $($note)*
            note: String,
        }

        impl Note for $name {
            fn new(id: &str, note: &str) -> Self {
                Self { id: id.to_owned(), note: note.to_owned() }
            }

            async fn run(operation: &str, table: &Table<Self>) -> Result<String, ModelError> {
                let mut own = Self::new("a", NOTE);
                let found = match operation {
                    "save" => table.save(&mut own).await.map(|()| own)?,
                    "batch" => table.batch().save(&own).send().await.map(|()| own)?,
                    "transaction" => {
                        Transaction::new().save(table, &mut own).send().await?;
                        own
                    }
                    "get" => table.get("a").await?.expect("the item"),
                    "get many" => table.get_many(["a"]).await?.remove(0).expect("the item"),
                    "transact get" => table.transact_get(["a"]).await?.remove(0).expect("the item"),
                    "query" => only(table.query("a").items().all().await?),
                    "scan" => only(table.scan().items().all().await?),
                    "update" => table.update(&mut own).set(Self::note(), NOTE).await.map(|_| own)?,
                    "delete" => table.delete(&own).await?.expect("the item"),
                    "stored" => {
                        let stored = table.stored(&own).await?.expect("the item");
                        // Nobody opened it on the way.
                        assert_eq!(stored.get("note").is_some_and(|note| note == &text(NOTE)), stored["note"].is_s());
                        own
                    }
                    "refresh" => {
                        own.note = String::new();
                        table.refresh(&mut own).await.map(|()| own)?
                    }
                    other => panic!("{other}"),
                };
                Ok(found.note)
            }

            fn delete<'a>(transaction: Transaction<'a>, table: &Table<Self>, id: &str) -> Transaction<'a> {
                transaction.delete(table, &Self::new(id, ""))
            }
        }
    };
}

const NOTE: &str = "HIV positive";

fn only<T>(mut items: Vec<T>) -> T {
    assert_eq!(items.len(), 1, "items are lost without a word");
    items.remove(0)
}

note!(Readable, [, record], [#[model(sign)]]);
note!(Sealed, [, record], [#[model(seal)]]);
note!(Searched, [, record], [#[model(seal, beacon(length = 24))]]);
note!(Attribute, [], [#[model(seal)]]);
note!(Plain, [], []);

/// How a model's table is opened on a client, and how its items lie in the table.
struct Handle<M> {
    open: fn(&Client) -> Table<M>,
    shape: &'static str,
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Handle<M> {}

const USUAL: Handle<Sealed> =
    Handle { open: |client| Sealed::on(client).keyring(keyring(1)).open().unwrap(), shape: "record by key-1, sealed" };
const READABLE: Handle<Readable> = Handle {
    open: |client| Readable::on(client).keyring(keyring(1)).open().unwrap(),
    shape: "record by key-1, readable",
};
const OTHER_KEY: Handle<Sealed> =
    Handle { open: |client| Sealed::on(client).keyring(keyring(2)).open().unwrap(), shape: "record by key-2, sealed" };
const PLAINTEXT_POLICY: Handle<Sealed> = Handle {
    open: |client| {
        let policy = PlaintextPolicy::ForcePlaintextWriteAllowPlaintextRead;
        Sealed::on(client).keyring(keyring(1)).plaintext_policy(policy).open().unwrap()
    },
    shape: "no record, readable",
};
const OLDER_FORMAT: Handle<Sealed> = Handle {
    open: |client| {
        let policy = LegacyPolicy::ForceLegacyEncryptAllowLegacyDecrypt;
        Sealed::on(client).keyring(keyring(1)).legacy(policy, older()).open().unwrap()
    },
    shape: "older format, sealed",
};
const SEARCHED: Handle<Searched> = Handle {
    open: |client| {
        let beacons = BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32]).unwrap());
        Searched::on(client).keyring(keyring(1)).beacon_keys(beacons).open().unwrap()
    },
    shape: "record by key-1, sealed, beacon",
};
const ATTRIBUTE: Handle<Attribute> = Handle {
    open: |client| {
        let keys = AttributeKeys::new(AttributeRoot::from_bytes("2026", &[7; 32]).unwrap());
        Attribute::on(client).attribute_keys(&keys).open().unwrap()
    },
    shape: "no record, sealed",
};
const PLAIN: Handle<Plain> = Handle { open: |client| Plain::on(client).open().unwrap(), shape: "no record, readable" };

/// Both in one transaction: each item lies there as its own table says, and opens there.
async fn together<A: Note, B: Note>(a: Handle<A>, b: Handle<B>) {
    let plain = database().await;
    let (client, sent) = with_interceptors(&plain, &[]);
    let (one, two) = ((a.open)(&client), (b.open)(&client));
    let case = format!("{} and {}", a.shape, b.shape);

    let (mut first, mut second) = (A::new("first", NOTE), B::new("second", NOTE));
    let saving = Transaction::new().save(&one, &mut first).save(&two, &mut second).send().await;
    saving.unwrap_or_else(|error| panic!("{case}: {}", causes(&error)));
    assert_eq!(sent.take(), 1);
    let lies = async |id: &str| stored(&plain, id).await.map(|item| shape(&item));
    assert_eq!(lies("first").await.as_deref(), Some(a.shape), "{case}");
    assert_eq!(lies("second").await.as_deref(), Some(b.shape), "{case}");

    // Each opens for whom it was sealed. Two of one model with a key each do not open each other's.
    let mut a_item = A::new("a", NOTE);
    let mut b_item = B::new("b", NOTE);
    Transaction::new().save(&two, &mut b_item).save(&one, &mut a_item).send().await.unwrap();
    assert_eq!(A::run("get", &one).await.unwrap(), NOTE, "{case}");
    assert_eq!(A::run("refresh", &one).await.unwrap(), NOTE, "{case}");

    // A deletion beside a save, of each other's kinds.
    let mut third = B::new("third", NOTE);
    let transaction = A::delete(Transaction::new(), &one, "first").save(&two, &mut third);
    transaction.send().await.unwrap();
    assert_eq!(lies("first").await, None, "{case}");
    assert_eq!(lies("third").await.as_deref(), Some(b.shape), "{case}");
}

#[tokio::test(flavor = "multi_thread")]
async fn items_of_a_transaction_are_sealed_by_the_table_that_they_were_given_to() {
    macro_rules! pairs {
        ($($other:expr),*) => {$(
            together(USUAL, $other).await;
            together($other, USUAL).await;
        )*};
    }
    pairs!(READABLE, OTHER_KEY, PLAINTEXT_POLICY, OLDER_FORMAT, SEARCHED, ATTRIBUTE, PLAIN, USUAL);
    together(READABLE, SEARCHED).await;
    together(OTHER_KEY, ATTRIBUTE).await;
    together(ATTRIBUTE, ATTRIBUTE).await;
    together(PLAIN, ATTRIBUTE).await;
}

fn sealer_of(key: u8, sign: bool) -> Sealer {
    let config = TableConfig::builder(TABLE, "id");
    let config = if sign { config.sign(["note"]) } else { config.encrypt(["note"]) };
    Sealer::of_table(SealedTable::new(TABLE, ItemEncryptor::new(config.build().unwrap(), keyring(key))))
}

/// A model that seals, on a client whose interceptor knows the table: refused in every operation, and nothing is sent.
async fn under<M: Note>(handle: Handle<M>, interceptor: &Sealer) {
    for operation in OPERATIONS {
        let plain = database().await;
        M::run("save", &(handle.open)(&plain)).await.unwrap();
        let before = stored(&plain, "a").await.unwrap();
        let (client, sent) = with_interceptors(&plain, &[interceptor]);
        let error = M::run(operation, &(handle.open)(&client)).await;
        let error = error.expect_err(&format!("{operation} of {}", handle.shape));
        assert!(causes(&error).contains(REFUSED), "{operation} of {}: {}", handle.shape, causes(&error));
        assert_eq!(sent.take(), 0, "{operation} of {}", handle.shape);
        assert_eq!(stored(&plain, "a").await.unwrap(), before, "{operation} of {}", handle.shape);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_seals_is_refused_under_an_interceptor_of_its_table() {
    for interceptor in [sealer_of(1, false), sealer_of(2, false), sealer_of(1, true)] {
        under(USUAL, &interceptor).await;
        under(READABLE, &interceptor).await;
        under(PLAINTEXT_POLICY, &interceptor).await;
        under(OLDER_FORMAT, &interceptor).await;
        under(SEARCHED, &interceptor).await;
        under(ATTRIBUTE, &interceptor).await;
    }
}

/// The interceptor of the model's own sealer is no other one; and a model that seals nothing leaves it to the interceptor.
#[tokio::test(flavor = "multi_thread")]
async fn a_model_goes_with_an_interceptor_of_its_own_sealer() {
    for operation in OPERATIONS {
        let plain = database().await;
        let own = (USUAL.open)(&plain);
        Sealed::run("save", &own).await.unwrap();
        // The same table on a client that has its interceptor: the model seals, the interceptor knows that.
        let (client, _) = with_interceptors(&plain, &[own.sealer()]);
        let get = client.get_item().table_name(TABLE).key("id", text("a"));
        assert_eq!(get.send_sealed(own.sealer()).await.unwrap().item.unwrap()["note"], text(NOTE));

        let sealer = sealer_of(1, false);
        let (client, _) = with_interceptors(&plain, &[&sealer]);
        let table = (PLAIN.open)(&client);
        // What is stored is not to be opened on the way.
        if operation == "stored" {
            let error = Plain::run(operation, &table).await.unwrap_err();
            assert!(causes(&error).contains(REFUSED), "{}", causes(&error));
            continue;
        }
        // A plain update of what is signed is refused, whoever asks for it.
        if operation == "update" {
            let error = Plain::run(operation, &table).await.unwrap_err();
            assert!(causes(&error).contains("is signed, and a plain UpdateItem would break"), "{}", causes(&error));
            continue;
        }
        let seen = Plain::run(operation, &table).await;
        assert_eq!(seen.unwrap_or_else(|error| panic!("{operation}: {}", causes(&error))), NOTE);
        let lies: Option<SdkItem> = stored(&plain, "a").await;
        let expected = (operation != "delete").then(|| USUAL.shape.to_owned());
        assert_eq!(lies.map(|item| shape(&item)), expected, "{operation}");
    }
}

/// Two tables with one logical name, as for tests and production, in one transaction.
#[tokio::test(flavor = "multi_thread")]
async fn two_physical_tables_of_one_logical_name() {
    let client = database().await;
    dynaseal::local::create_table(&client, "people-copy", "id", None).await.unwrap();
    let original = (USUAL.open)(&client);
    let copy = Sealed::on(&client).keyring(keyring(2)).table_name("people-copy").open().unwrap();
    let (mut one, mut two) = (Sealed::new("a", NOTE), Sealed::new("a", "of the copy"));
    Transaction::new().save(&original, &mut one).save(&copy, &mut two).send().await.unwrap();
    assert_eq!(shape(&stored(&client, "a").await.unwrap()), "record by key-1, sealed");
    let get = client.get_item().table_name("people-copy").key("id", text("a"));
    assert_eq!(shape(&get.send().await.unwrap().item.unwrap()), "record by key-2, sealed");
    assert_eq!(Sealed::run("get", &original).await.unwrap(), NOTE);
    assert_eq!(Sealed::run("get", &copy).await.unwrap(), "of the copy");
}

/// A transaction is one request to one account: tables of another client are not written there.
#[tokio::test(flavor = "multi_thread")]
async fn tables_of_two_clients_are_refused() {
    let (here, there) = (database().await, database().await);
    let (one, two) = ((USUAL.open)(&here), (OTHER_KEY.open)(&there));
    let (mut first, mut second) = (Sealed::new("a", NOTE), Sealed::new("b", NOTE));
    let error = Transaction::new().save(&one, &mut first).save(&two, &mut second).send().await.unwrap_err();
    assert!(causes(&error).contains("opened with another client"), "{}", causes(&error));
    for client in [&here, &there] {
        assert_eq!((stored(client, "a").await, stored(client, "b").await), (None, None));
    }
}
