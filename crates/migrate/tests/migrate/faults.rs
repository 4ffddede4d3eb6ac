//! Answers that never arrive, throttling, and errors that last.

use dynaseal_core::AttributeValue;
use dynaseal_migrate::{Keys, MigrateError, Migration, Options, Source, Target};

use crate::attributes::{columns, root_keys};
use crate::world::*;

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_counts_once() {
    let world = World::new();
    world.people(12);
    let before = world.plain();
    let mut lost = std::collections::BTreeSet::new();
    world.at_the_line(move |_, call| match call.is("UpdateItem") && lost.insert(call.id().to_owned()) {
        true => Act::Lose,
        false => Act::Pass,
    });
    let report = run(&world.sealing(&table(1))).await;
    assert_eq!(sums(&report), [12, 0, 0, 0]);
    assert_eq!((report.counts.changed["plain"], world.count("UpdateItem")), (12, 24));
    assert_eq!(world.opened(&table(1)), before);
}

/// More often than the SDK asks by itself.
#[tokio::test(start_paused = true)]
async fn lost_answers_of_all_attempts_count_once() {
    let world = World::new();
    world.people(2);
    let before = world.plain();
    world.at_the_line(|_, call| if call.is("UpdateItem") && call.nth < 9 { Act::Lose } else { Act::Pass });
    let report = run(&world.sealing(&table(1))).await;
    assert_eq!(sums(&report), [2, 0, 0, 0]);
    assert_eq!(world.opened(&table(1)), before);
}

#[tokio::test(start_paused = true)]
async fn lost_answers_on_the_way_to_plaintext_count_once() {
    let world = World::new();
    let table = table(1);
    for number in 0..6 {
        let mut person = person(number);
        // Sets come back in another order, numbers in another spelling.
        person.insert("notes".to_owned(), AttributeValue::Ss(["𝒳", "\u{e000}", "b", "a"].map(str::to_owned).to_vec()));
        person.insert("age".to_owned(), AttributeValue::Ns(["1e3", "-2", "0.50"].map(str::to_owned).to_vec()));
        world.db.put(&seal(&table, person));
    }
    let before = world.opened(&table);
    world.at_the_line(|_, call| if call.is("UpdateItem") && call.nth % 2 == 0 { Act::Lose } else { Act::Pass });
    let target = Target::danger_plaintext(Keys::new("id", None));
    let source = Source::default().records(table.clone());
    let options = options().concurrency(1);
    let report = run(&Migration::new(world.client.clone(), TABLE, source, target, options)).await;
    assert_eq!(sums(&report), [6, 0, 0, 0], "{:?}", report.refused);
    assert_eq!(world.plain(), before);
}

#[tokio::test(start_paused = true)]
async fn a_move_whose_answer_was_lost_counts_once() {
    for losses in [1, 3, 4] {
        let world = World::keyed(&[("address", "B")]);
        world.db.put(&item([("address", AttributeValue::B(vec![1])), ("text", SECRET.into())]));
        world.at_the_line(
            move |_, call| if call.is("TransactWriteItems") && call.nth < losses { Act::Lose } else { Act::Pass },
        );
        let target = Target::attributes(columns(&root_keys(1)), Keys::new("address", None));
        let migration = Migration::new(world.client.clone(), TABLE, Source::default().plain(), target, options());
        assert_eq!(sums(&run(&migration).await), [1, 0, 0, 0], "{losses}");
        assert_eq!(world.all().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_delays_and_nothing_else() {
    let world = World::new();
    world.people(40);
    let before = world.plain();
    world.at_the_line(|_, call| {
        let kind = ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"];
        match call.nth % 4 {
            0 => Act::Pass,
            of => Act::Refuse(400, kind[of - 1]),
        }
    });
    let report = run(&world.sealing(&table(1))).await;
    assert_eq!((sums(&report), report.counts.repeated), ([40, 0, 0, 0], 0));
    assert_eq!(world.opened(&table(1)), before);
}

#[tokio::test(start_paused = true)]
async fn throttling_without_end_ends_the_job() {
    let world = World::new();
    world.people(3);
    let before = world.all();
    world.at_the_line(|_, call| match call.is("UpdateItem") {
        true => Act::Refuse(400, "ProvisionedThroughputExceededException"),
        false => Act::Pass,
    });
    let error = fails(&world.sealing(&table(1))).await;
    assert!(matches!(error, MigrateError::Database { operation: "UpdateItem", .. }), "{error}");
    assert_eq!(world.all(), before);
}

#[tokio::test(start_paused = true)]
async fn passing_errors_pass() {
    let kinds = [
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
        (400, "TransactionConflictException"),
        (400, "ReplicatedWriteConflictException"),
        (502, "NoErrorOfDynamoDb"),
    ];
    for (status, kind) in kinds {
        let world = World::new();
        world.people(3);
        world.at_the_line(move |_, call| match call.is("UpdateItem") && call.nth < 12 {
            true => Act::Refuse(status, kind),
            false => Act::Pass,
        });
        assert_eq!(sums(&run(&world.sealing(&table(1))).await), [3, 0, 0, 0], "{kind}");
    }
}

#[tokio::test]
async fn an_error_that_lasts_ends_the_job_and_half_of_nothing_is_done() {
    for kind in ["AccessDeniedException", "ResourceNotFoundException", "UnrecognizedClientException"] {
        let world = World::new();
        world.people(30);
        let before = world.plain();
        world.at_the_line(move |_, call| match call.is("UpdateItem") && call.nth >= 11 {
            true => Act::Refuse(400, kind),
            false => Act::Pass,
        });
        let error = fails(&world.sealing(&table(1))).await;
        assert!(text(&error).contains(kind) && text(&error).contains(TABLE), "{error}");
        let sealed = world.all().into_values().filter(is_sealed).count();
        assert_eq!(sealed, 11);
        world.nobody_at_the_line();
        let [changed, current, refused, other] = sums(&run(&world.sealing(&table(1))).await);
        assert_eq!((changed + current, refused, other), (30, 0, 0));
        // What was on its way when the job ended may still have come to the line, after nobody stood there.
        assert!(current >= 11, "{current}");
        assert_eq!(world.opened(&table(1)), before);
    }
}

#[tokio::test]
async fn what_dynamodb_has_against_one_item_stops_no_other() {
    let world = World::new();
    world.people(10);
    world.at_the_line(|_, call| match call.is("UpdateItem") && call.id() == "p-4" {
        true => Act::Refuse(400, "ValidationException"),
        false => Act::Pass,
    });
    let report = run(&world.sealing(&table(1))).await;
    assert_eq!(sums(&report), [9, 0, 1, 0]);
    assert!(report.refused[0].key.contains("p-4"));
    assert_eq!(world.db.get(&id(4)).unwrap(), person(4));
}

/// Capacity of nothing is no reason to fall over.
#[tokio::test(start_paused = true)]
async fn no_capacity_is_very_little() {
    for units in [0.0, -1.0, f64::NAN, 1e-300] {
        let world = World::new();
        world.people(2);
        let limited = |options: Options| options.read_units(units).write_units(units);
        let migration = world.migration(Source::default().plain(), &table(1), limited(options()));
        assert_eq!(sums(&run(&migration).await), [2, 0, 0, 0]);
    }
}
