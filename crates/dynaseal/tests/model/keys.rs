//! Combinations of keys and indexes, each as a real table: made, written, read by each index, deleted.

use dynaseal::model::{Column, Decimal, Deterministic, Model, NoSort, Plain, Table, Timestamp, UnixTime};

use crate::keys;

/// Two values of a type that a key may have, the smaller first.
trait Samples: Sized {
    fn samples() -> [Self; 2];
}

macro_rules! samples {
    ($($type:ty: [$one:expr, $other:expr];)*) => {$(
        impl Samples for $type {
            fn samples() -> [Self; 2] {
                [$one, $other]
            }
        }
    )*};
}

samples! {
    String: ["a".to_owned(), "é".to_owned()];
    Vec<u8>: [vec![0], vec![255, 1]];
    i8: [-128, 127];
    u8: [0, 255];
    i16: [-300, 300];
    u16: [0, 65_535];
    i32: [-70_000, 70_000];
    u32: [0, 4_294_967_295];
    i64: [i64::MIN, i64::MAX];
    u64: [0, u64::MAX];
    i128: [-10_i128.pow(37), 10_i128.pow(37)];
    u128: [0, 10_u128.pow(37)];
    Decimal: ["-0.5".parse().unwrap(), "1e100".parse().unwrap()];
    UnixTime: [UnixTime(0), UnixTime(1_700_000_000)];
    Timestamp: [Timestamp::new(0, 1).unwrap(), Timestamp::new(1_700_000_000, 0).unwrap()];
}

async fn made<M: Model>(seals: bool) -> Table<M> {
    let client = dynaseal::local::memory().unwrap();
    let options = M::on(&client);
    let table = if seals { options.attribute_keys(&keys()) } else { options }.open().unwrap();
    table.create().await.unwrap();
    table.create_if_missing().await.unwrap();
    let described = table.describe().await.unwrap().unwrap();
    let indexes = described.global_secondary_indexes().len() + described.local_secondary_indexes().len();
    assert_eq!(indexes, M::DEFINITION.indexes.len());
    table
}

/// Tables with a partition key alone, and a global index on another attribute.
macro_rules! single {
    ($($name:ident: $partition:ty $([$($seal:tt)*])?, index $indexed:ty $([$($index_seal:tt)*])?;)*) => {$(
        #[tokio::test]
        async fn $name() {
            #[derive(Model, Clone, PartialEq)]
            #[model(table = "keys-single", no_debug)]
            struct Row {
                #[model(partition_key $(, $($seal)*)?)]
                id: $partition,
                #[model(global_index(name = "by-other", partition_key) $(, $($index_seal)*)?)]
                other: $indexed,
                payload: u8,
            }
            let seals = [$(stringify!($($seal)*),)? $(stringify!($($index_seal)*),)? ""].len() > 1;
            let table = made::<Row>(seals).await;
            for (id, other) in <$partition>::samples().into_iter().zip(<$indexed>::samples()) {
                let mut row = Row { id, other, payload: 7 };
                table.save(&mut row).await.unwrap();
                assert!(table.get(row.id.clone()).await.unwrap().unwrap() == row);
                assert!(table.query(row.id.clone()).items().all().await.unwrap() == [row.clone()]);
                assert!(table.query_index(Row::by_other(), row.other.clone()).items().all().await.unwrap() == [row.clone()]);
                assert!(table.delete_by_key(row.id.clone()).await.unwrap().unwrap() == row);
            }
            table.delete_table().await.unwrap();
        }
    )*};
}

/// Tables with a sort key, a global index with a sort key, and a local one.
macro_rules! pairs {
    ($($name:ident: $partition:ty $([$($seal:tt)*])?, $sort:ty $([$($sort_seal:tt)*])?, local $local:ty $([$($local_seal:tt)*])?;)*) => {$(
        #[tokio::test]
        async fn $name() {
            #[derive(Model, Clone, PartialEq)]
            #[model(table = "keys-pairs", no_debug)]
            struct Row {
                #[model(partition_key, global_index(name = "turned", sort_key) $(, $($seal)*)?)]
                id: $partition,
                #[model(sort_key, global_index(name = "turned", partition_key) $(, $($sort_seal)*)?)]
                sort: $sort,
                #[model(local_index(name = "by-local", sort_key) $(, $($local_seal)*)?)]
                local: $local,
                payload: u8,
            }
            let seals =
                [$(stringify!($($seal)*),)? $(stringify!($($sort_seal)*),)? $(stringify!($($local_seal)*),)? ""].len() > 1;
            let table = made::<Row>(seals).await;
            let [first, second] = <$partition>::samples();
            let mut rows = Vec::new();
            for (sort, local) in <$sort>::samples().into_iter().zip(<$local>::samples()) {
                let mut row = Row { id: first.clone(), sort, local, payload: 7 };
                table.save(&mut row).await.unwrap();
                rows.push(row);
            }
            let mut other = Row { id: second, ..rows[0].clone() };
            table.save(&mut other).await.unwrap();

            assert!(table.get((first.clone(), rows[1].sort.clone())).await.unwrap().unwrap() == rows[1]);
            assert_eq!(table.query(first.clone()).count().await.unwrap(), 2);
            assert!(table.query(first.clone()).sort_eq(rows[1].sort.clone()).items().all().await.unwrap() == [rows[1].clone()]);
            let turned = table.query_index(Row::turned(), rows[0].sort.clone()).sort_eq(other.id.clone());
            assert!(turned.items().all().await.unwrap() == [other.clone()]);
            let local = table.query_index(Row::by_local(), first.clone()).sort_eq(rows[1].local.clone());
            assert!(local.items().all().await.unwrap() == [rows[1].clone()]);
            check_order(&table, &first, &rows).await;
            table.delete_table().await.unwrap();

            #[allow(clippy::ptr_arg, reason = "any type of key")]
            async fn check_order(table: &Table<Row>, id: &$partition, rows: &[Row]) {
                let found = table.query(id.clone()).items().all().await.unwrap();
                let sealed = [$(stringify!($($sort_seal)*),)? ""].len() > 1;
                // Sealed keys have an order, and it says nothing.
                assert!(found == rows || (sealed && found.iter().rev().cloned().collect::<Vec<_>>() == rows));
            }
        }
    )*};
}

single! {
    s_s: String, index String;
    s_b: String, index Vec<u8>;
    s_n: String, index i64;
    b_s: Vec<u8>, index String;
    n8: i8, index u8;
    n16: i16, index u16;
    n32: i32, index u32;
    n64: i64, index u64;
    n128: i128, index u128;
    unsigned8: u8, index i8;
    unsigned64: u64, index Decimal;
    unsigned128: u128, index String;
    decimal: Decimal, index UnixTime;
    unix: UnixTime, index Timestamp;
    time: Timestamp, index Decimal;
    sealed_s: String [seal = "deterministic"], index i64;
    sealed_b: Vec<u8> [seal = "deterministic"], index Vec<u8>;
    sealed_n: i64 [seal = "deterministic"], index String;
    sealed_decimal: Decimal [seal = "deterministic"], index String [seal = "deterministic"];
    sealed_time: Timestamp [seal = "deterministic"], index i64 [seal = "deterministic"];
    index_sealed_s: String, index String [seal = "deterministic"];
    index_sealed_b: String, index Vec<u8> [seal = "deterministic"];
    index_sealed_n: u32, index u64 [seal = "deterministic"];
    index_sealed_decimal: String, index Decimal [seal = "deterministic"];
    both_sealed: u128 [seal = "deterministic"], index u128 [seal = "deterministic"];
}

pairs! {
    ss_s: String, String, local String;
    ss_n: String, String, local i64;
    ss_b: String, String, local Vec<u8>;
    sn_s: String, i64, local String;
    sb_n: String, Vec<u8>, local u32;
    ns_n: i64, String, local i64;
    nn_n: u64, i32, local i128;
    nb_b: u128, Vec<u8>, local Vec<u8>;
    bs_s: Vec<u8>, String, local String;
    bn_n: Vec<u8>, Decimal, local UnixTime;
    bb_b: Vec<u8>, Vec<u8>, local Vec<u8>;
    s_time: String, Timestamp, local Decimal;
    s_unix: String, UnixTime, local Timestamp;
    s_decimal: String, Decimal, local u16;
    small: i8, u8, local i16;
    sealed_partition_s: String [seal = "deterministic"], String, local String;
    sealed_partition_n: i64 [seal = "deterministic"], Timestamp, local i64;
    sealed_partition_b: Vec<u8> [seal = "deterministic"], Decimal, local Vec<u8>;
    sealed_sort_s: String, String [seal = "deterministic"], local String;
    sealed_sort_n: i64, u64 [seal = "deterministic"], local u64;
    sealed_sort_time: String, Timestamp [seal = "deterministic"], local Timestamp;
    sealed_local: String, i64, local String [seal = "deterministic"];
    sealed_key: String [seal = "deterministic"], String [seal = "deterministic"], local i64;
    sealed_key_and_local: i64 [seal = "deterministic"], i64 [seal = "deterministic"], local i64 [seal = "deterministic"];
    sealed_partition_and_local: Decimal [seal = "deterministic"], Decimal, local Decimal [seal = "deterministic"];
}

/// What the derive says of keys, as types.
#[test]
fn keys_have_types() {
    #[derive(Model)]
    #[model(table = "keys-types")]
    struct Row {
        #[model(partition_key, seal = "deterministic")]
        id: String,
        value: u8,
    }
    fn of<M: Model<Partition = Column<M, String, Deterministic>, Sort = NoSort>>() {}
    of::<Row>();
    let _: Column<Row, u8, Plain> = Row::value();
    assert!(Row::on(&dynaseal::local::memory().unwrap()).open().is_err());
}
