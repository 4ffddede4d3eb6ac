//! Streams of pages, queries of all partitions, and updates of sealed attributes.

use std::num::NonZeroU32;

use aws_sdk_dynamodb::types::AttributeValue;
use dynaseal::{SealedPages, SealedPartitions, SealedUpdate, Sealer, SendSealed};

use crate::sdk::{TABLE, World};
use crate::secret::{NUMBER, TEXT, item, n, s, shown_in};
use crate::watch::{Meddling, Watch};

pub(crate) async fn pages_and_updates(watch: &Watch) {
    let world = World::new().await;
    for id in ["a", "b", "c"] {
        let put = world.client.put_item().table_name(TABLE).set_item(Some(item(id)));
        put.send_sealed(&world.sealer).await.unwrap();
    }
    pages(watch, &world, &world.sealer, true).await;
    pages(watch, &world, &world.wrong, false).await;
    world.wire.meddle(Meddling::Tampers);
    pages(watch, &world, &world.sealer, false).await;
    world.wire.meddle(Meddling::Echoes);
    pages(watch, &world, &world.sealer, false).await;
    world.wire.meddle(Meddling::Nothing);
    updates(watch, &world).await;
}

async fn pages(watch: &Watch, world: &World, sealer: &Sealer, opens: bool) {
    let scan = || {
        let scan = world.client.scan().table_name(TABLE).limit(1).filter_expression("#t = :t");
        scan.expression_attribute_names("#t", "text").expression_attribute_values(":t", s(TEXT))
    };
    let query = || {
        let query = world.client.query().table_name(TABLE).index_name("by-text").limit(1);
        let query = query.key_condition_expression("#t = :t").expression_attribute_names("#t", "text");
        query.expression_attribute_values(":t", s(TEXT))
    };
    macro_rules! look {
        ($stream:expr) => {{
            let mut stream = $stream;
            watch.debug(&stream);
            let mut found = 0;
            while let Some(next) = stream.next().await {
                match next {
                    Ok(next) => found += usize::from(shown_in(&format!("{next:?}")).is_some()),
                    Err(error) => watch.error(&error),
                }
            }
            assert_eq!(found > 0, opens);
        }};
    }
    look!(scan().sealed_pages(sealer));
    look!(scan().sealed_items(sealer));
    look!(query().sealed_pages(sealer));
    look!(query().sealed_items(sealer));
    look!(query().sealed_partitions(sealer));
    watch.text("the number of queries", &format!("{:?}", query().sealed_queries(sealer)));
    // Page by page, each item for itself: the page's own `Debug` has counts alone.
    macro_rules! look_each {
        ($pages:expr) => {{
            let mut pages = $pages;
            while let Some(page) = pages.next().await {
                match page {
                    Ok(page) => {
                        watch.debug(&page);
                        for item in page.items {
                            match item {
                                Ok(item) => assert!(opens && shown_in(&format!("{item:?}")).is_some()),
                                Err(error) => watch.error(&error),
                            }
                        }
                    }
                    Err(error) => watch.error(&error),
                }
            }
        }};
    }
    look_each!(scan().sealed_pages_each(sealer));
    look_each!(query().sealed_pages_each(sealer));
    match query().send_sealed_each(sealer).await {
        Ok(page) => watch.debug(&page),
        Err(error) => watch.error(&error),
    }
    watch.sent(&world.wire);
}

async fn updates(watch: &Watch, world: &World) {
    let update = |text: &str| {
        let update = world.sealer.update_sealed(&world.client, TABLE).key("id", s("a")).update_expression(text);
        let update = match text.contains("#k") {
            true => update.expression_attribute_names("#k", TEXT),
            false => update,
        };
        let values = [(":c", s(TEXT)), (":n", n(NUMBER)), (":l", AttributeValue::L(vec![s(TEXT)]))];
        let used = values.into_iter().filter(|(name, _)| text.contains(name));
        used.fold(update, |update, (name, value)| update.expression_attribute_values(name, value))
    };
    let works = [
        update("SET map.#k = :c, list = list_append(list, :l)"),
        update("SET text = :c")
            .condition_expression("contains(texts, :c) AND map.#k = :c")
            .expression_attribute_names("#k", TEXT),
        update("SET text = map.#k ADD number :n"),
        world
            .sealer
            .update_sealed(&world.client, TABLE)
            .key("id", s("new"))
            .update_expression("SET text = :c")
            .expression_attribute_values(":c", s(TEXT)),
    ];
    for update in works {
        watch.debug(&update);
        let updated = update.send().await.unwrap_or_else(|error| panic!("{}", watch.causes(&error)));
        assert!(shown_in(&format!("{:?}", updated.after)).is_some());
        watch.debug(&updated);
        watch.sent(&world.wire);
    }
    let attempts = NonZeroU32::new(1).unwrap();
    let refused = |update: SealedUpdate| async {
        let shown = format!("{update:?}");
        match update.max_attempts(attempts).send().await {
            Ok(_) => watch.wrong(&format!("it works: {shown}")),
            Err(error) => watch.error(&error),
        }
        watch.sent(&world.wire);
    };
    for text in [
        "SET seen = text",
        "SET ward = map.#k",
        "SET seen = if_not_exists(map.#k, :c)",
        "SET text = map.#k.#k",
        "SET map.#k.#k = :c",
        "SET text = text + :n",
        "SET number = number + :c",
        "ADD map.#k :n",
        "SET number = list_append(list, map.#k), map.#k = :c",
        "SET id = :c",
        "SET unknown = :c",
        "SET aws_dbe_head = :c",
        "SET text = :c, texts.aws_dbe_x = map.#k",
        "SET text = ",
        "SET text = 7391046288",
        "SET text = :c REMOVE text, map.#k",
    ] {
        refused(update(text)).await;
    }
    refused(update("SET text = :c").condition_expression("text <> :c")).await;
    refused(
        update("SET text = :c")
            .condition_expression("contains(map.#k, :c) AND text <> :c")
            .expression_attribute_names("#k", TEXT),
    )
    .await;
    refused(update("SET text = :c").expression_attribute_values(":unused", s(TEXT))).await;
    refused(update("SET text = :c").expression_attribute_names("#unused", TEXT)).await;
    refused(update("SET text = :c").key("text", s(TEXT))).await;
    let error = update("SET text = :c").send_with(|item| {
        item.insert("unknown".to_owned(), s(TEXT));
        Ok::<_, std::io::Error>(())
    });
    watch.error(&error.await.expect_err("it has no action"));
    let wrong = world.wrong.update_sealed(&world.client, TABLE).key("id", s("a")).update_expression("REMOVE text");
    refused(wrong).await;
    for meddling in [Meddling::Echoes, Meddling::EchoesWrites, Meddling::Tampers] {
        world.wire.meddle(meddling);
        refused(update("SET text = :c, map.#k = :c")).await;
    }
    world.wire.meddle(Meddling::EchoesWrites);
    let put = world.sealer.update_sealed(&world.client, TABLE).key("id", s("newer")).update_expression("SET text = :c");
    refused(put.expression_attribute_values(":c", s(TEXT))).await;
    world.wire.meddle(Meddling::Nothing);
    let stored = world.client.scan().table_name(TABLE).send().await.unwrap();
    watch.text("what is stored", &format!("{stored:?}"));
}
