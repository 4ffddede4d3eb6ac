//! Requests that never leave are sent again, pauses are told, and no more items are under way than allowed.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use dynaseal_core::{BoxFuture, Keyring, MaterialsError, RawAesKeyring, UnwrapRequest, UnwrappedKeys, WrapRequest};
use dynaseal_migrate::{Counts, MigrateError, Migration, Observer, Refused, Shard, Source, Target, Wait};

use crate::world::*;

/// Nothing gets out, so many times.
#[derive(Debug)]
struct Cut(AtomicUsize);

impl Intercept for Cut {
    fn name(&self) -> &'static str {
        "Cut"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match self.0.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)) {
            Ok(_) => Err("the network is gone".into()),
            Err(_) => Ok(()),
        }
    }
}

fn behind_a_cut(world: &World, times: usize) -> Migration {
    let config = world.client.config().to_builder().interceptor(Cut(AtomicUsize::new(times))).build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    Migration::new(client, TABLE, Source::default().plain(), Target::records(table(1)).unwrap(), options())
}

#[tokio::test(start_paused = true)]
async fn a_network_that_comes_back_is_waited_for() {
    let world = World::new();
    world.people(3);
    let before = world.plain();
    assert_eq!(sums(&run(&behind_a_cut(&world, 8)).await), [3, 0, 0, 0]);
    assert_eq!(world.opened(&table(1)), before);

    let world = World::new();
    world.people(3);
    let error = fails(&behind_a_cut(&world, usize::MAX)).await;
    assert!(matches!(error, MigrateError::Database { operation: "Scan", .. }), "{error}");
    let said = text(&error);
    assert!(said.contains("the network is gone") && !said.contains('{'), "{said}");
    assert_eq!(world.writes(), 0);
}

#[derive(Default)]
struct Pauses(Mutex<Vec<String>>);

impl Observer for Pauses {
    fn progress(&self, _: &Counts) {}

    fn refused(&self, _: &Refused) {}

    fn waits(&self, wait: &Wait) {
        self.0.lock().unwrap().push(wait.to_string());
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_told_with_its_reason() {
    let world = World::new();
    world.people(1);
    world.at_the_line(|_, call| match call.is("UpdateItem") && call.nth < 20 {
        true => Act::Refuse(400, "ThrottlingException"),
        false => Act::Pass,
    });
    let pauses = Arc::new(Pauses::default());
    let observer: Arc<dyn Observer> = pauses.clone();
    world.sealing(&table(1)).run(&observer).await.unwrap();
    let told = pauses.0.lock().unwrap();
    let first = "DynamoDB UpdateItem: ThrottlingException: said no: trying again in 1.6 s (attempt 6 of 20)";
    assert_eq!(told.first().map(String::as_str), Some(first));
}

/// Takes a while, and knows how many are at it.
#[derive(Debug)]
struct Busy {
    key: RawAesKeyring,
    now: AtomicUsize,
    most: Arc<AtomicUsize>,
    all: Arc<AtomicUsize>,
}

impl Keyring for Busy {
    fn on_encrypt<'a>(&'a self, request: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        Box::pin(async move {
            let now = self.now.fetch_add(1, Relaxed) + 1;
            self.most.fetch_max(now, Relaxed);
            self.all.fetch_add(1, Relaxed);
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.now.fetch_sub(1, Relaxed);
            self.key.on_encrypt(request).await
        })
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        self.key.on_decrypt(request)
    }

    fn describe(&self) -> String {
        self.key.describe()
    }
}

/// At least one a segment. Before, twenty-five items are looked at.
#[tokio::test(start_paused = true)]
async fn so_many_items_are_under_way_at_once() {
    for (segments, concurrency, expected) in [(1, 1, 1), (1, 5, 5), (2, 6, 6), (2, 7, 6), (4, 2, 4)] {
        let world = World::new();
        world.people(64);
        let (most, all) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let (now, key) = (AtomicUsize::new(0), aes(1));
        let target = table_of(config(), Busy { key, now, most: Arc::clone(&most), all: Arc::clone(&all) });
        let shard = Shard::whole(segments).unwrap();
        let options = options().shard(shard).concurrency(concurrency).page_size(100);
        run(&world.migration(Source::default().plain(), &target, options)).await;
        assert_eq!(most.load(Relaxed), expected, "{segments} {concurrency}");
        if segments == 1 {
            assert_eq!(all.load(Relaxed), 64 + 25);
        }
    }
}
