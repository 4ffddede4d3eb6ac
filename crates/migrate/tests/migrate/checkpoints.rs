//! Jobs that are ended at any moment go on where they were.

use std::path::Path;
use std::sync::Arc;

use dynaseal_core::AttributeValue;
use dynaseal_migrate::{
    Checkpoint, FileCheckpoint, MigrateError, Migration, Options, Shard, Source, TableCheckpoint, Target,
};

use crate::world::*;

const JOBS: &str = "jobs";

fn file(path: &Path) -> Arc<dyn Checkpoint> {
    Arc::new(FileCheckpoint::open(path).unwrap_or_else(|error| panic!("{}", text(&error))))
}

async fn in_table(world: &World, job: &str) -> Arc<dyn Checkpoint> {
    Arc::new(TableCheckpoint::open(world.client.clone(), JOBS, job).await.unwrap())
}

fn job(world: &World, checkpoint: &Arc<dyn Checkpoint>, segments: u32) -> Migration {
    let options = options().shard(Shard::whole(segments).unwrap()).concurrency(1).checkpoint(Arc::clone(checkpoint));
    world.migration(Source::default().plain(), &table(1), options)
}

/// Each run may make so many requests of an operation before it is ended, until one comes to the end.
async fn interrupted(operation: &'static str, requests: usize, segments: u32, in_file: bool) {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    world.people(24);
    let before = world.plain();
    let mut runs = 0;
    let report = loop {
        runs += 1;
        assert!(runs < 60, "it does not come to an end");
        world.nobody_at_the_line();
        // As a new process would.
        let checkpoint = match in_file {
            true => file(&folder.path().join("checkpoint")),
            false => in_table(&world, "one").await,
        };
        let mut made = 0;
        world.at_the_line(move |_, call| {
            made += usize::from(call.is(operation));
            if made > requests { Act::Refuse(400, "AccessDeniedException") } else { Act::Pass }
        });
        match job(&world, &checkpoint, segments).run(&nobody()).await {
            Ok(report) => break report,
            Err(error) => assert!(text(&error).contains("AccessDenied"), "{}", text(&error)),
        }
    };
    assert!(runs > 1);
    assert_eq!(world.opened(&table(1)), before);
    assert!(!report.was_done);
    // What was written of a page that was ended is current when the page is gone through again.
    let [changed, current, refused, gone] = sums(&report);
    assert_eq!((report.counts.examined, changed + current, refused, gone), (24, 24, 0, 0));
    assert_eq!(report.counts.repeated, 0);

    world.nobody_at_the_line();
    let (writes, all) = (world.count("UpdateItem"), world.all());
    let checkpoint = match in_file {
        true => file(&folder.path().join("checkpoint")),
        false => in_table(&world, "one").await,
    };
    let again = run(&job(&world, &checkpoint, segments)).await;
    assert!(again.was_done);
    assert_eq!(again.counts, report.counts);
    assert_eq!((world.count("UpdateItem"), world.all()), (writes, all));
}

#[tokio::test]
async fn ended_after_pages_a_job_in_a_file_goes_on() {
    for pages in [2, 4] {
        interrupted("Scan", pages, 1, true).await;
    }
    interrupted("Scan", 5, 3, true).await;
}

#[tokio::test]
async fn ended_after_writes_a_job_in_a_file_goes_on() {
    for writes in [2, 8] {
        interrupted("UpdateItem", writes, 1, true).await;
    }
    interrupted("UpdateItem", 6, 4, true).await;
}

#[tokio::test]
async fn ended_anywhere_a_job_in_a_table_goes_on() {
    interrupted("Scan", 2, 1, false).await;
    interrupted("UpdateItem", 4, 1, false).await;
    interrupted("UpdateItem", 5, 2, false).await;
    // Between an item and the note of it.
    interrupted("PutItem", 1, 1, false).await;
}

async fn each_kind(check: impl AsyncFn(&World, Arc<dyn Checkpoint>)) {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    check(&world, file(&folder.path().join("checkpoint"))).await;
    let world = World::new();
    check(&world, in_table(&world, "one").await).await;
}

fn with(checkpoint: &Arc<dyn Checkpoint>) -> Options {
    options().checkpoint(Arc::clone(checkpoint))
}

#[tokio::test]
async fn the_checkpoint_of_another_job_is_refused() {
    each_kind(async |world, checkpoint| {
        world.people(3);
        run(&job(world, &checkpoint, 1)).await;
        let writes = world.count("UpdateItem");
        let other_actions = table_of(config().sign(["another"]), aes(1));
        let other_suite = table_of(without_signature(config()), aes(1));
        let plaintext = Target::danger_plaintext(dynaseal_migrate::Keys::new("id", None));
        let others = [
            job(world, &checkpoint, 2),
            world.migration(Source::default().plain(), &other_actions, with(&checkpoint)),
            world.migration(Source::default().plain(), &other_suite, with(&checkpoint)),
            Migration::new(world.client.clone(), TABLE, Source::default().plain(), plaintext, with(&checkpoint)),
            Migration::new(
                world.client.clone(),
                "another",
                Source::default(),
                Target::records(table(1)).unwrap(),
                with(&checkpoint),
            ),
        ];
        for other in others {
            let error = fails(&other).await;
            assert!(matches!(error, MigrateError::OtherJob { .. }), "{error}");
        }
        assert_eq!(world.count("UpdateItem"), writes);
    })
    .await;
}

#[tokio::test]
async fn other_keys_than_the_job_began_with_are_refused() {
    each_kind(async |world, checkpoint| {
        world.people(3);
        world.at_the_line(|_, call| match call.is("UpdateItem") {
            true => Act::Refuse(400, "AccessDeniedException"),
            false => Act::Pass,
        });
        fails(&job(world, &checkpoint, 1)).await;
        world.nobody_at_the_line();
        let wrong = world.migration(Source::default().plain(), &table(2), with(&checkpoint));
        let before = world.count("UpdateItem");
        let error = fails(&wrong).await;
        assert!(matches!(error, MigrateError::OtherKeys { .. }), "{error}");
        assert_eq!(world.count("UpdateItem"), before);
        assert_eq!(sums(&run(&job(world, &checkpoint, 1)).await), [3, 0, 0, 0]);
    })
    .await;
}

/// To the next key, which reads the last one: a job of its own, and none that was done.
#[tokio::test]
async fn keys_that_read_what_the_job_began_with_are_others_nevertheless() {
    each_kind(async |world, checkpoint| {
        world.people(3);
        run(&job(world, &checkpoint, 1)).await;
        let next = table_of(config(), several(&[2, 1]));
        let error = fails(&world.migration(Source::default(), &next, with(&checkpoint))).await;
        assert!(matches!(error, MigrateError::OtherJob { .. } | MigrateError::OtherKeys { .. }), "{error}");
    })
    .await;
}

#[tokio::test]
async fn jobs_of_one_table_do_not_see_each_other() {
    let world = World::new();
    world.people(3);
    run(&job(&world, &in_table(&world, "one").await, 1)).await;
    let rekey = world.migration(Source::default().records(table(1)), &table(2), with(&in_table(&world, "two").await));
    assert_eq!(sums(&run(&rekey).await), [3, 0, 0, 0]);
    let (one, two) = (in_table(&world, "one").await, in_table(&world, "two").await);
    let (one, two) = (one.load("segment 0").await.unwrap(), two.load("segment 0").await.unwrap());
    assert!(one.unwrap().contains(r#""plain":3"#) && two.unwrap().contains(r#""record":3"#));
}

/// That another job is done says nothing about this one.
#[tokio::test]
async fn what_another_job_kept_is_not_believed() {
    let world = World::new();
    world.people(3);
    let (one, two) = (in_table(&world, "one").await, in_table(&world, "two").await);
    run(&job(&world, &one, 1)).await;
    let before = world.all();
    two.save("segment 0", one.load("segment 0").await.unwrap().unwrap()).await.unwrap();
    let rekey = world.migration(Source::default().records(table(1)), &table(2), with(&two));
    let error = text(&fails(&rekey).await);
    assert!(error.contains("the checksum of its part `segment 0` is not right"), "{error}");
    assert_eq!(world.all(), before);
}

#[test]
fn a_file_has_one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let first = FileCheckpoint::open(&path).unwrap();
    let error = FileCheckpoint::open(&path).unwrap_err().to_string();
    assert!(error.contains("in use by another process"), "{error}");
    drop(first);
    FileCheckpoint::open(&path).unwrap();
}

/// A job that begins anew where somebody believes it goes on would be noticed by nobody.
#[tokio::test]
async fn a_broken_file_is_an_error_and_no_new_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let world = World::new();
    world.people(20);
    run(&job(&world, &file(&path), 1)).await;
    let whole = std::fs::read_to_string(&path).unwrap();
    for length in [0, 1, whole.len() / 2, whole.len() - 2] {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = FileCheckpoint::open(&path).unwrap_err().to_string();
        assert!(error.contains("is no checkpoint: give another file"), "{error}");
        // And it is left for who wants to look at it.
        assert_eq!(std::fs::read_to_string(&path).unwrap(), whole[..length]);
    }
    std::fs::write(&path, [0xff, 0xfe, 0]).unwrap();
    assert!(FileCheckpoint::open(&path).is_err());
    let changes = [
        ("counts", "count", "segment 0"),
        ("done", "gone", "segment 0"),
        (r#"\"examined\":20"#, r#"\"examined\":21"#, "segment 0"),
        (r#"\"done\":true"#, r#"\"done\":false"#, "segment 0"),
        ("1 segments", "2 segments", "job"),
        ("sha256:", "", "job"),
        ("aws_dbe_head", "aws_dbe_foot", "probe"),
    ];
    for (good, bad, part) in changes {
        assert!(whole.contains(good), "{whole}");
        std::fs::write(&path, whole.replace(good, bad)).unwrap();
        let error = text(&fails(&job(&world, &file(&path), 1)).await);
        assert!(error.contains(&format!("the checksum of its part `{part}` is not right")), "{error}");
    }
    std::fs::write(&path, &whole).unwrap();
    assert!(run(&job(&world, &file(&path), 1)).await.was_done);
}

/// The smallest change that loses items: the key to go on from. In a table as in a file; nor is a good text of another part.
#[tokio::test]
async fn a_changed_key_in_a_checkpoint_is_not_believed() {
    each_kind(async |world, checkpoint| {
        world.people(24);
        let mut scans = 0;
        world.at_the_line(move |_, call| {
            scans += usize::from(call.is("Scan"));
            if scans > 2 { Act::Refuse(400, "AccessDeniedException") } else { Act::Pass }
        });
        job(world, &checkpoint, 1).run(&nobody()).await.unwrap_err();
        world.nobody_at_the_line();
        let saved = checkpoint.load("segment 0").await.unwrap().unwrap();
        let key = saved.split("p-").nth(1).unwrap().split('\\').next().unwrap();
        let probe = checkpoint.load("probe").await.unwrap();
        let changed = saved.replace(&format!("p-{key}"), "p-9999");
        assert_ne!(saved, changed);
        for bad in [Some(changed), probe, checkpoint.load("job").await.unwrap()].into_iter().flatten() {
            checkpoint.save("segment 0", bad).await.unwrap();
            let error = text(&fails(&job(world, &checkpoint, 1)).await);
            assert!(error.contains("the checksum of its part `segment 0` is not right"), "{error}");
        }
        checkpoint.save("segment 0", saved).await.unwrap();
        run(&job(world, &checkpoint, 1)).await;
        assert!(world.all().values().all(is_sealed));
    })
    .await;
}

/// Other people's links and devices are not followed, read or written, and what is made is its owner's alone.
#[cfg(unix)]
#[tokio::test]
async fn files_of_a_checkpoint_are_made_with_care() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let beside = |ending: &str| folder.path().join(format!("checkpoint.{ending}"));
    let victim = folder.path().join("victim");
    std::fs::write(&victim, "precious").unwrap();
    let world = World::new();
    world.people(20);

    for place in ["", "lock"] {
        let link = if place.is_empty() { path.clone() } else { beside(place) };
        symlink(&victim, &link).unwrap();
        let error = text(&FileCheckpoint::open(&path).unwrap_err());
        assert!(error.contains("is no regular file"), "{error}");
        std::fs::remove_file(&link).unwrap();
    }
    // Between two writes, somebody puts a link where the new text goes first.
    let checkpoint = file(&path);
    symlink(&victim, beside("new")).unwrap();
    run(&job(&world, &checkpoint, 1)).await;
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
    assert_eq!((mode(&path), mode(&beside("lock"))), (0o600, 0o600));
    drop(checkpoint);
    assert!(!beside("lock").exists() && !beside("new").exists());

    let device = text(&FileCheckpoint::open("/dev/full").unwrap_err());
    assert!(device.contains("is no regular file"), "{device}");
    assert!(!Path::new("/dev/full.lock").exists());
    // A thousand segments with their refused items are megabytes.
    std::fs::write(&path, format!("{{}}{}", " ".repeat(2 * 1024 * 1024))).unwrap();
    FileCheckpoint::open(&path).unwrap();
    let large = std::fs::File::create(&path).unwrap();
    large.set_len(129 * 1024 * 1024).unwrap();
    let error = text(&FileCheckpoint::open(&path).unwrap_err());
    assert!(error.contains("it has more than"), "{error}");
}

#[tokio::test]
async fn a_plan_leaves_no_trace() {
    each_kind(async |world, checkpoint| {
        world.people(3);
        let puts = world.count("PutItem");
        job(world, &checkpoint, 1).plan(&nobody()).await.unwrap();
        assert_eq!(world.count("PutItem"), puts);
        assert!(checkpoint.load("job").await.unwrap().is_none());
        assert!(checkpoint.load("segment 0").await.unwrap().is_none());
        let report = run(&job(world, &checkpoint, 1)).await;
        assert_eq!((sums(&report), report.was_done), ([3, 0, 0, 0], false));
        assert!(checkpoint.load("segment 0").await.unwrap().is_some());
    })
    .await;
}

/// An item of the table of checkpoints has no more than 400 KB either.
#[tokio::test]
async fn very_many_refused_items_do_not_fill_the_checkpoint() {
    let world = World::new();
    for number in 0..700 {
        let key = AttributeValue::S(format!("{number} {}", "long ".repeat(120)));
        world.db.put(&item([("id", key), ("unheard of", SECRET.into())]));
    }
    let checkpoint = in_table(&world, "one").await;
    let options = with(&checkpoint).page_size(300);
    let report = run(&world.migration(Source::default().plain(), &table(1), options)).await;
    assert_eq!(report.counts.refused, 700);
    // As many as fit into the bytes that a segment has for them.
    let bytes: Vec<_> = report.refused.iter().map(|refused| refused.key.len() + refused.reason.len()).collect();
    let (sum, most) = (bytes.iter().sum::<usize>(), 100 * 1024);
    assert!(sum <= most && sum + bytes.iter().max().unwrap() + 10 > most, "{sum}");
}

#[tokio::test]
async fn what_was_refused_is_still_said_later() {
    each_kind(async |world, checkpoint| {
        world.people(3);
        let mut bad = person(9);
        bad.insert("unheard of".to_owned(), SECRET.into());
        world.db.put(&bad);
        let first = run(&job(world, &checkpoint, 1)).await;
        let again = run(&job(world, &checkpoint, 1)).await;
        assert_eq!((again.was_done, &again.refused, again.refused.len()), (true, &first.refused, 1));
    })
    .await;
}

/// Short ones end by their number.
#[tokio::test]
async fn of_refused_items_a_thousand_are_remembered() {
    let world = World::keyed(&[("i", "N")]);
    for number in 0..1001 {
        world.db.put(&item([("i", AttributeValue::N(number.to_string())), ("aws_dbe_", true.into())]));
    }
    let target = Target::danger_plaintext(dynaseal_migrate::Keys::new("i", None));
    let job = Migration::new(world.client.clone(), TABLE, Source::default().plain(), target, options().page_size(600));
    let report = run(&job).await;
    assert_eq!((report.counts.refused, report.refused.len()), (1001, 1000));
}

/// A way that leads through a file leads nowhere, and another process may have a lock of the same name by now.
#[cfg(unix)]
#[test]
fn nothing_of_others_is_taken_for_a_checkpoint_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let through = FileCheckpoint::open(path.join("checkpoint"));
    assert!(through.is_err());
    std::fs::write(&path, "{}").unwrap();
    let error = text(&FileCheckpoint::open(path.join("checkpoint")).unwrap_err());
    assert!(error.contains("cannot be read"), "{error}");

    let lock = folder.path().join("checkpoint.lock");
    std::fs::create_dir(&lock).unwrap();
    let error = text(&FileCheckpoint::open(&path).unwrap_err());
    assert!(error.contains("the file of its lock is no regular file"), "{error}");
    std::fs::remove_dir(&lock).unwrap();
    let first = FileCheckpoint::open(&path).unwrap();
    std::fs::remove_file(&lock).unwrap();
    let second = FileCheckpoint::open(&path).unwrap();
    drop(first);
    assert!(lock.exists(), "the lock of the second one is gone");
    assert!(text(&FileCheckpoint::open(&path).unwrap_err()).contains("in use by another process"));
    drop(second);
    assert!(!lock.exists());
}
