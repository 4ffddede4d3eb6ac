//! What a job counts, and how fast it is: units of capacity as DynamoDB counts them, and no more of them in a second than
//! allowed.

use dynaseal_core::{AttributeValue, Item, item_size};
use dynaseal_migrate::{Counts, Keys, Migration, Options, Source, Target};

use crate::attributes::{columns, root_keys};
use crate::truth::agree;
use crate::world::*;

async fn seconds_of(job: &Migration) -> f64 {
    let begun = tokio::time::Instant::now();
    run(job).await;
    begun.elapsed().as_secs_f64()
}

/// Under a key that is sealed, with so many bytes beside it.
fn mail(number: u8, bytes: usize) -> Item {
    let text = "x".repeat(bytes);
    item([("address", AttributeValue::B(vec![number])), ("text", text.as_str().into())])
}

fn moving(world: &World, options: Options) -> Migration {
    let target = Target::attributes(columns(&root_keys(1)), Keys::new("address", None));
    Migration::new(world.client.clone(), TABLE, Source::default().plain(), target, options)
}

#[tokio::test(start_paused = true)]
async fn writes_are_no_faster_than_allowed() {
    let world = World::new();
    world.people(20);
    let options = options().write_units(1.0);
    // A unit for each item of less than 1 KB, and those of the first second at once.
    let seconds = seconds_of(&world.migration(Source::default().plain(), &table(1), options)).await;
    assert!((18.0..=22.0).contains(&seconds), "{seconds}");
}

/// Half a unit for a page of less than 4 KB.
#[tokio::test(start_paused = true)]
async fn reads_are_no_faster_than_allowed() {
    let world = World::new();
    world.people(20);
    let options = options().page_size(1).read_units(1.0);
    let seconds = seconds_of(&world.migration(Source::default().plain(), &table(1), options)).await;
    assert!((8.0..=13.0).contains(&seconds), "{seconds}");
}

/// Who is told that it reads too fast reads slower for a while; another error says nothing about that.
#[tokio::test(start_paused = true)]
async fn a_throttled_scan_goes_on_slower() {
    for (status, kind, slower) in [
        (400, "ProvisionedThroughputExceededException", true),
        (400, "ThrottlingException", true),
        (500, "InternalServerError", false),
    ] {
        let world = World::new();
        world.people(20);
        world.at_the_line(move |_, call| match call.is("Scan") && call.nth < 4 {
            true => Act::Refuse(status, kind),
            false => Act::Pass,
        });
        let options = options().page_size(1);
        let seconds = seconds_of(&world.migration(Source::default().plain(), &table(1), options)).await;
        assert_eq!(seconds > 6.0, slower, "{kind} {seconds}");
    }
}

/// A transaction takes two units for each KB of an item, and a move has two items.
#[tokio::test(start_paused = true)]
async fn moves_are_no_faster_than_allowed() {
    let world = World::keyed(&[("address", "B")]);
    (0..10).for_each(|number| world.db.put(&mail(number, 10 * 1024)));
    let seconds = seconds_of(&moving(&world, options().write_units(44.0))).await;
    assert!((8.0..=12.0).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn units_are_counted_as_dynamodb_counts_them() {
    let world = World::new();
    (0..3).for_each(|number| {
        let mut person = person(number);
        person.insert("notes".to_owned(), "x".repeat(10 * 1024).as_str().into());
        world.db.put(&person);
    });
    let job = world.sealing(&table(1));
    let plan = job.plan(&nobody()).await.unwrap();
    let done = run(&job).await;
    assert_eq!((plan.counts.write_units, done.counts.write_units), (33.0, 33.0));
    let sizes: usize = (0..3).map(|number| item_size(&open(&table(1), world.db.get(&id(number)).unwrap()))).sum();
    assert_eq!(usize::try_from(done.counts.bytes_before).unwrap(), sizes);
    let sizes: usize = world.all().values().map(item_size).sum();
    assert_eq!(usize::try_from(done.counts.bytes_after).unwrap(), sizes);
    // Eight KB a unit, as a read need not be the latest.
    assert!((4.0..=5.0).contains(&done.counts.read_units), "{}", done.counts.read_units);

    // Where the answer is lost, what would have been said is counted.
    for losses in [0, 1, 3, 4] {
        let world = World::new();
        let mut person = person(1);
        person.insert("notes".to_owned(), "x".repeat(10 * 1024).as_str().into());
        world.db.put(&person);
        world
            .at_the_line(move |_, call| if call.is("UpdateItem") && call.nth < losses { Act::Lose } else { Act::Pass });
        let report = run(&world.sealing(&table(1))).await;
        assert_eq!((sums(&report), report.counts.write_units), ([1, 0, 0, 0], 11.0), "{losses}");

        let world = World::keyed(&[("address", "B")]);
        world.db.put(&mail(1, 10 * 1024));
        world.at_the_line(
            move |_, call| if call.is("TransactWriteItems") && call.nth < losses { Act::Lose } else { Act::Pass },
        );
        let report = run(&moving(&world, options())).await;
        assert_eq!((sums(&report), report.counts.write_units), ([1, 0, 0, 0], 44.0), "{losses}");
    }
}

/// What is moved can be planned as well.
#[tokio::test]
async fn a_plan_of_moves_is_what_is_done() {
    let world = World::keyed(&[("address", "B")]);
    (0..5).for_each(|number| world.db.put(&mail(number, 3 * 1024)));
    let counts = agree(&moving(&world, options()), "moves").await;
    assert_eq!((counts.changed(), counts.refused, counts.write_units), (5, 0, 5.0 * 4.0 * 4.0));
}

#[test]
fn counts_are_added() {
    let mut one = Counts::default();
    (one.examined, one.current, one.untold, one.refused, one.too_large) = (100, 50, 20, 10, 5);
    (one.gone, one.repeated, one.bytes_before, one.bytes_after) = (7, 3, 1000, 2000);
    (one.read_units, one.write_units) = (1.5, 2.5);
    one.changed = [("plain".to_owned(), 30), ("record".to_owned(), 3)].into();
    let mut sum = one.clone();
    sum.add(&one);
    assert_eq!((sum.examined, sum.current, sum.untold, sum.refused, sum.too_large), (200, 100, 40, 20, 10));
    assert_eq!((sum.gone, sum.repeated, sum.bytes_before, sum.bytes_after), (14, 6, 2000, 4000));
    assert_eq!((sum.read_units, sum.write_units, sum.changed()), (3.0, 5.0, 66));
    sum.examined = u64::MAX;
    sum.add(&one);
    assert_eq!(sum.examined, u64::MAX);
}
