//! Pages keep their limit, and go on where they ended.

use std::collections::BTreeSet;

use dynaseal::AttributeKeys;
use dynaseal::model::{Condition, Model, Page, Start, Table};

use crate::line::Db;
use crate::{keys, root};

#[derive(Model, Clone, PartialEq)]
#[model(table = "pages")]
struct Entry {
    #[model(partition_key, seal = "deterministic")]
    who: String,
    #[model(sort_key)]
    at: u32,
    #[model(global_index(name = "by-kind", partition_key), seal = "deterministic")]
    kind: String,
    #[model(seal)]
    text: String,
    size: u32,
}

fn entry(at: u32) -> Entry {
    let kind = if at.is_multiple_of(2) { "even" } else { "odd" }.to_owned();
    Entry { who: "ada".to_owned(), at, kind, text: format!("text {at}"), size: at % 5 }
}

/// Ten entries under the older root and ten under the newer, read under both.
async fn table() -> Table<Entry> {
    let (_, client) = Db::new();
    let older = Entry::on(&client).attribute_keys(&keys()).open().unwrap();
    older.create().await.unwrap();
    let both = AttributeKeys::new(root("2027", 9)).and_reads(root("2026", 7)).unwrap();
    let newer = Entry::on(&client).attribute_keys(&both).open().unwrap();
    for at in 0..20 {
        let table = if at < 10 { &older } else { &newer };
        table.save(&mut entry(at)).await.unwrap();
    }
    newer
}

/// Goes through all pages, none of which is larger.
async fn through<F: Future<Output = Page<Entry>>>(most: usize, page: impl Fn(Option<Start>) -> F) -> (Vec<u32>, usize) {
    let (mut found, mut pages, mut start) = (Vec::new(), 0, None);
    loop {
        let page = page(start.take()).await;
        assert!(page.items.len() <= most, "{} of {most}", page.items.len());
        found.extend(page.items.iter().map(|entry| entry.at));
        pages += 1;
        start = page.next;
        if start.is_none() {
            return (found, pages);
        }
        assert!(pages < 100, "it never ends");
    }
}

fn some() -> Condition<Entry> {
    Entry::size().lt(2_u32)
}

#[tokio::test]
async fn pages_have_no_more_items_than_their_limit() {
    let table = table().await;
    let all: BTreeSet<u32> = (0..20).collect();
    let small: BTreeSet<u32> = all.iter().copied().filter(|at| at % 5 < 2).collect();
    for (limit, size) in [(1, None), (1, Some(3)), (3, Some(2)), (7, None), (7, Some(100)), (100, None)] {
        let most = size.map_or(limit, |size: u16| limit.min(usize::from(size)));
        for filtered in [false, true] {
            let mut expected = if filtered { small.clone() } else { all.clone() };
            let read = |way: &'static str| {
                let table = &table;
                move |start: Option<Start>| async move {
                    macro_rules! page {
                        ($reading:expr) => {{
                            let mut reading = $reading.limit(limit);
                            if let Some(size) = size {
                                reading = reading.page_size(size);
                            }
                            if filtered {
                                reading = reading.filter(some());
                            }
                            if let Some(start) = start {
                                reading = reading.start_at(start);
                            }
                            reading.page().await.unwrap()
                        }};
                    }
                    match way {
                        "query" => page!(table.query("ada")),
                        "descending" => page!(table.query("ada").descending()),
                        "index" => page!(table.query_index(Entry::by_kind(), "odd")),
                        "range" => page!(table.query("ada").sort_gt(4_u32).sort_lt(15_u32)),
                        "scan of an index" => page!(table.scan().index(Entry::by_kind())),
                        _ => page!(table.scan()),
                    }
                }
            };
            for way in ["query", "descending", "scan", "scan of an index", "index", "range"] {
                match way {
                    "index" => expected.retain(|at| at % 2 == 1),
                    "range" => {
                        expected = if filtered { small.clone() } else { all.clone() };
                        expected.retain(|at| *at > 4 && *at < 15);
                    }
                    _ => {}
                }
                let (found, pages) = through(most, read(way)).await;
                let what = format!("{way}, limit {limit}, page size {size:?}, filtered {filtered}");
                assert_eq!(found.len(), expected.len(), "nothing twice: {what}");
                assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected, "{what}");
                assert!(pages >= expected.len().div_ceil(most), "{what}");
            }
        }
    }
    let never = table.scan().limit(0).page().await.unwrap_err();
    assert!(never.kind().to_string().contains("never ends"), "{never:?}");
    assert!(table.query("ada").limit(0).page().await.is_err());
    assert!(table.query("ada").limit(0).items().all().await.unwrap().is_empty());
}
