//! Queries, scans and counts.

use std::collections::BTreeSet;

use dynaseal::AttributeKeys;
use dynaseal::model::{Model, Table};

use crate::{keys, root};

#[derive(Model, Clone, PartialEq)]
#[model(table = "orders")]
#[model(projection(index = "by-customer", keys_only))]
struct Order {
    #[model(partition_key, seal = "deterministic")]
    shop: String,
    #[model(sort_key)]
    number: i64,
    #[model(seal = "deterministic", global_index(name = "by-customer", partition_key))]
    customer: String,
    #[model(global_index(name = "by-day", partition_key), local_index(name = "by-day-in-shop", sort_key))]
    day: String,
    #[model(seal)]
    card: String,
    total: f64,
}

fn order(number: i64) -> Order {
    Order {
        shop: if number % 2 == 0 { "north" } else { "south" }.to_owned(),
        number,
        customer: format!("customer {}", number % 5),
        day: format!("2026-11-{:02}", number % 7 + 1),
        card: format!("card {number}"),
        total: f64::from(i32::try_from(number).unwrap()) / 4.0,
    }
}

async fn table(count: i64) -> Table<Order> {
    let client = dynaseal::local::memory().unwrap();
    let table = Order::on(&client).attribute_keys(&keys()).open().unwrap();
    table.create().await.unwrap();
    for number in 0..count {
        table.save(&mut order(number)).await.unwrap();
    }
    table
}

fn numbers(orders: &[Order]) -> Vec<i64> {
    orders.iter().map(|order| order.number).collect()
}

#[tokio::test]
async fn queries_have_order_limits_pages_and_conditions() {
    let table = table(60).await;
    let all = table.query("north").items().all().await.unwrap();
    assert_eq!(numbers(&all), (0..60).step_by(2).collect::<Vec<_>>());
    assert_eq!(all[3], order(6));

    let some = table.query("north").sort_between(10, 20).descending().limit(3).items().all().await.unwrap();
    assert_eq!(numbers(&some), [20, 18, 16]);
    for (found, expected) in [
        (table.query("south").sort_lt(5), vec![1, 3]),
        (table.query("south").sort_le(5), vec![1, 3, 5]),
        (table.query("south").sort_gt(55), vec![57, 59]),
        (table.query("south").sort_ge(57), vec![57, 59]),
        (table.query("south").sort_eq(7), vec![7]),
        (table.query("nowhere"), vec![]),
    ] {
        assert_eq!(numbers(&found.items().all().await.unwrap()), expected);
    }

    // Pages one by one, and the filter after the page size.
    let of = |number: i64| format!("customer {number}");
    let filter = Order::customer().eq(of(0)) | Order::customer().is_in([of(1), of(2)]);
    let filtered = table.query("north").page_size(7).filter(filter.clone()).filter(Order::total().gt(5.0));
    let expected: Vec<i64> = (0..60).step_by(2).filter(|number| number % 5 < 3 && *number > 20).collect();
    assert_eq!(numbers(&filtered.items().all().await.unwrap()), expected);
    let mut start = None;
    let mut found = Vec::new();
    let mut pages = 0;
    loop {
        let query = table.query("north").page_size(7).filter(filter.clone());
        let page = match start {
            Some(start) => query.start_at(start).page().await.unwrap(),
            None => query.page().await.unwrap(),
        };
        pages += 1;
        found.extend(page.items);
        start = page.next;
        if start.is_none() {
            break;
        }
    }
    assert_eq!(pages, 5);
    assert_eq!(numbers(&found), (0..60).step_by(2).filter(|number| number % 5 < 3).collect::<Vec<_>>());
    assert_eq!(table.query("north").filter(filter).consistent().count().await.unwrap(), 18);
}

#[tokio::test]
async fn indexes_of_sealed_and_of_readable_attributes() {
    let table = table(30).await;
    let found = table.query_index(Order::by_day(), "2026-11-03").items().all().await.unwrap();
    assert_eq!(numbers(&found).into_iter().collect::<BTreeSet<_>>(), (0..30).filter(|n| n % 7 == 2).collect());
    let found = table.query_index(Order::by_day_in_shop(), "south").sort_begins_with("2026-11-02").items().all().await;
    assert_eq!(numbers(&found.unwrap()), (0..30).filter(|n| n % 7 == 1 && n % 2 == 1).collect::<Vec<_>>());
    // An index with keys only has rows, and no whole items.
    let by_customer = || table.query_index(Order::by_customer(), "customer 3");
    assert_eq!(by_customer().count().await.unwrap(), 6);
    let rows = by_customer().columns([Order::number().attribute()]).all().await.unwrap();
    let found: BTreeSet<i64> = rows.iter().map(|row| row.get(Order::number()).unwrap()).collect();
    assert_eq!(found, (0..30).filter(|number| number % 5 == 3).collect());
    assert!(rows[0].get(Order::total()).is_err());
    let error = by_customer().items().all().await.unwrap_err();
    assert!(error.kind().to_string().starts_with("the index does not have `day`"), "{error:?}");
    assert_eq!(table.scan().limit(7).count().await.unwrap(), 7);
    let wrong = table.scan().rate_limit(0.0).items().all().await.unwrap_err();
    assert!(wrong.kind().to_string().contains("more than 0"), "{wrong:?}");
    assert_eq!(table.scan().index(Order::by_day()).items().all().await.unwrap().len(), 30);
}

#[tokio::test]
async fn scans_go_in_segments_and_give_columns() {
    let table = table(60).await;
    let found = table.scan().segments(4).page_size(3).items().all().await.unwrap();
    assert_eq!(numbers(&found).into_iter().collect::<BTreeSet<_>>(), (0..60).collect());
    assert_eq!(found.len(), 60);
    assert_eq!(table.scan().limit(11).segments(3).items().all().await.unwrap().len(), 11);
    assert_eq!(table.scan().page_size(9).count().await.unwrap(), 60);
    let customer = Order::customer().ne("customer 1");
    assert_eq!(table.scan().filter(customer.clone()).count().await.unwrap(), 48);
    assert_eq!(table.scan().filter(!customer).count().await.unwrap(), 12);

    let columns = [Order::card().attribute(), Order::total().attribute()];
    let rows = table.scan().filter(Order::number().eq(5)).columns(columns).all().await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].get(Order::card()).unwrap(), rows[0].get(Order::total()).unwrap()), ("card 5".into(), 1.25));
    assert_eq!(rows[0].get(Order::shop()).unwrap(), "south", "the key always comes");
    let missing = rows[0].get(Order::day()).unwrap_err();
    assert!(missing.key().is_some_and(|key| key.ends_with("number = 5)")), "{missing:?}");

    let mut items = table.scan().page_size(10).items();
    let mut count = 0;
    while let Some(item) = items.next().await {
        assert!(item.unwrap().card.starts_with("card "));
        count += 1;
    }
    assert_eq!(count, 60);
}

#[tokio::test]
async fn a_rate_is_kept() {
    let table = table(40).await;
    // What it takes is known from the pages themselves; the pauses between pages have to make up for it.
    let mut units = 0.0;
    let mut start = None;
    loop {
        let scan = table.scan().page_size(4);
        let page = match start {
            Some(start) => scan.start_at(start).page().await.unwrap(),
            None => scan.page().await.unwrap(),
        };
        units += page.capacity;
        start = page.next;
        if start.is_none() {
            break;
        }
    }
    assert!(units >= 4.0, "{units}");
    let begin = std::time::Instant::now();
    let found = table.scan().page_size(4).rate_limit(units * 4.0).items().all().await.unwrap();
    assert_eq!(found.len(), 40);
    // A quarter of a second, without the last page's share.
    assert!(begin.elapsed().as_secs_f64() > 0.2, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn sealed_keys_are_found_under_every_root() {
    let table = table(10).await;
    let both = AttributeKeys::new(root("2027", 9)).and_reads(root("2026", 7)).unwrap();
    let newer = Order::on(table.client()).attribute_keys(&both).open().unwrap();
    for number in 10..20 {
        newer.save(&mut order(number)).await.unwrap();
    }
    assert_eq!(numbers(&newer.query("north").items().all().await.unwrap()).len(), 10);
    assert_eq!(newer.query("south").count().await.unwrap(), 10);
    assert_eq!(newer.query("south").sort_eq(3).items().all().await.unwrap(), [order(3)]);
    assert_eq!(newer.get(("north", 4)).await.unwrap(), Some(order(4)));
    assert_eq!(newer.get(("north", 14)).await.unwrap(), Some(order(14)));
    assert_eq!(newer.scan().filter(Order::customer().eq("customer 2")).count().await.unwrap(), 4);
    assert_eq!(newer.scan().filter(Order::customer().ne("customer 2")).count().await.unwrap(), 16);
    let several = newer.get_many([("north", 4), ("north", 14), ("north", 5)]).await.unwrap();
    assert_eq!(several, [Some(order(4)), Some(order(14)), None]);
    let changed = newer.update_by_key(("north", 4)).set(Order::card(), "other").await.unwrap();
    assert_eq!((changed.card.as_str(), changed.number), ("other", 4));
    assert_eq!(newer.scan().count().await.unwrap(), 20, "no second item came of it");
    assert!(newer.delete(&order(6)).await.unwrap().is_some());
    // The older keys alone do not open what is newer.
    let error = table.scan().items().all().await.unwrap_err();
    assert!(error.kind().to_string().contains("Order") || error.kind().to_string().contains("`orders`"), "{error:?}");
}
