//! Both doors on every kind of runtime, with a key that takes its time: nothing waits for itself, and nothing that was left
//! midway has an effect on what comes after.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod common;

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::endpoint::{Endpoint, EndpointFuture, Params, ResolveEndpoint};
use aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsFluentBuilder;
use aws_sdk_dynamodb::types::{Put, PutRequest, TransactWriteItem, WriteRequest};
use common::keyrings::Slow;
use common::{Database, Door, World, in_order, n, person, person_key, plain, s, send, small_person, with_interceptors};
use dynaseal_client::{SealedPages, SendSealed};
use futures_util::future::join_all;
use tokio::runtime::{Builder, Runtime};

const SLOW: Duration = Duration::from_millis(200);

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn two_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Runs it on a thread of its own, and fails if it does not end: a deadlock must not stop all tests.
fn ends<F: Future<Output = ()>>(runtime: fn() -> Runtime, test: impl FnOnce() -> F + Send + 'static) {
    let (sender, done) = mpsc::channel();
    let running = thread::spawn(move || {
        runtime().block_on(test());
        sender.send(()).unwrap();
    });
    if done.recv_timeout(Duration::from_secs(60)) == Err(mpsc::RecvTimeoutError::Timeout) {
        panic!("it did not end");
    }
    running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

async fn slow_world(time: Duration) -> (World, Slow) {
    let keyring = Slow::new(1, time);
    (World::with_keyring(&Database::embedded(), keyring.clone()).await, keyring)
}

async fn put_and_get(world: &World, door: &Door, nr: i64) {
    send!(door, door.client.put_item().table_name(&world.people).set_item(Some(small_person(nr)))).unwrap();
    let get = door.client.get_item().table_name(&world.people).set_key(Some(person_key("ada", nr)));
    assert_eq!(send!(door, get).unwrap().item.unwrap(), small_person(nr));
}

#[test]
fn a_slow_key_on_a_current_thread_runtime() {
    ends(current_thread, async || {
        let (world, keyring) = slow_world(SLOW).await;
        for (nr, door) in (1..).zip(world.doors()) {
            put_and_get(&world, &door, nr).await;
        }
        let door = &world.doors()[1];
        assert_eq!(send!(door, door.client.scan().table_name(&world.people)).unwrap().count, 3);
        assert_eq!((keyring.wrapped(), keyring.unwrapped()), (3, 6));
    });
}

#[test]
fn a_slow_key_in_a_local_set() {
    ends(current_thread, async || {
        let local = tokio::task::LocalSet::new();
        local
            .run_until(async {
                let (world, _) = slow_world(SLOW).await;
                for (nr, door) in (1..).zip(world.doors()) {
                    let world = world.clone();
                    tokio::task::spawn_local(async move { put_and_get(&world, &door, nr).await }).await.unwrap();
                }
            })
            .await;
    });
}

#[test]
fn both_doors_at_once_on_a_current_thread_runtime_with_a_slow_key() {
    ends(current_thread, async || {
        let (world, _) = slow_world(SLOW).await;
        let mut tasks = Vec::new();
        for round in 0..4 {
            for (place, door) in (1..).zip(world.doors()) {
                let world = world.clone();
                tasks.push(tokio::spawn(async move { put_and_get(&world, &door, 10 * round + place).await }));
            }
        }
        join_all(tasks).await.into_iter().for_each(Result::unwrap);
        world.assert_sealed(12, 0).await;
    });
}

/// All in one task, so that one poll may begin several operations.
#[test]
fn both_doors_at_once_in_one_task() {
    ends(current_thread, async || {
        let (world, _) = slow_world(Duration::from_millis(20)).await;
        let doors = world.doors();
        let world = &world;
        let all = (0..30).map(|nr| {
            let door = &doors[usize::try_from(nr).unwrap() % 3];
            async move { put_and_get(world, door, nr).await }
        });
        join_all(all).await;
        world.assert_sealed(30, 0).await;
    });
}

#[test]
fn a_thousand_calls_at_once_on_two_workers() {
    ends(two_workers, async || {
        let (world, keyring) = slow_world(Duration::from_millis(20)).await;
        let doors = world.doors();
        let tasks: Vec<_> = (0..1000)
            .map(|nr| {
                let (world, door) = (world.clone(), doors[usize::try_from(nr).unwrap() % 3].clone());
                let put = door.client.put_item().table_name(&world.people).set_item(Some(small_person(nr)));
                tokio::spawn(async move { send!(door, put).map(drop) })
            })
            .collect();
        for sent in join_all(tasks).await {
            sent.unwrap().unwrap();
        }
        world.assert_sealed(1000, 0).await;
        assert_eq!((keyring.wrapped(), keyring.unwrapped()), (1000, 0));
    });
}

/// The interceptor alone, where every call holds its thread.
#[test]
fn a_thousand_intercepted_calls_at_once_on_two_workers() {
    ends(two_workers, async || {
        let (world, _) = slow_world(Duration::from_millis(50)).await;
        let [_, door, _] = world.doors();
        let tasks: Vec<_> = (0..1000)
            .map(|nr| {
                let (world, door) = (world.clone(), door.clone());
                tokio::spawn(async move { put_and_get(&world, &door, nr).await })
            })
            .collect();
        join_all(tasks).await.into_iter().for_each(Result::unwrap);
        world.assert_sealed(1000, 0).await;
    });
}

/// While one task waits for its key, another of the same worker moves on.
#[test]
fn an_intercepted_call_that_waits_does_not_hold_up_other_tasks_of_two_workers() {
    ends(two_workers, async || {
        let (world, _) = slow_world(Duration::from_millis(1500)).await;
        let since = Instant::now();
        let [_, door, _] = world.doors();
        let waiting: Vec<_> = (0..4)
            .map(|nr| {
                let put = door.client.put_item().table_name(&world.people).set_item(Some(person("ada", nr)));
                tokio::spawn(put.send())
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(50)).await;
        tokio::spawn(async { tokio::time::sleep(Duration::from_millis(1)).await }).await.unwrap();
        assert!(waiting.iter().all(|task| !task.is_finished()), "the key took {:?} only", since.elapsed());
        for task in waiting {
            task.await.unwrap().unwrap();
        }
        world.assert_sealed(4, 0).await;
    });
}

/// Outside of any task, as in `block_on`.
#[test]
fn a_slow_key_in_block_on_of_two_workers() {
    ends(two_workers, async || {
        let (world, _) = slow_world(SLOW).await;
        for (nr, door) in (1..).zip(world.doors()) {
            put_and_get(&world, &door, nr).await;
        }
    });
}

/// Polls once, and lets go. Whether that was midway.
fn poll_and_drop(future: impl Future) -> bool {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    future.as_mut().poll(&mut context).is_pending()
}

#[tokio::test]
async fn a_call_that_was_dropped_midway_leaves_nothing_behind() {
    for time in [SLOW, Duration::ZERO] {
        let (world, _) = slow_world(time).await;
        let [builders, _, both] = world.doors();
        for client in [&builders.client, &both.client] {
            let put = |id: &str| client.put_item().table_name(&world.people).set_item(Some(person(id, 1)));
            // With a slow key it waits for that; with a quick one it is on its way to the database.
            let is_midway = poll_and_drop(put("dropped").send_sealed(&world.sealer));
            assert!(is_midway || time.is_zero());
            poll_and_drop(client.scan().table_name(&world.people).send_sealed_each(&world.sealer));
            let mut pages = client.scan().table_name(&world.people).sealed_pages(&world.sealer);
            poll_and_drop(pages.next());
            // A mark that was left behind would let this one through unsealed.
            let put = both.client.put_item().table_name(&world.people).set_item(Some(person("next", 1)));
            put.send().await.unwrap();
            common::assert_sealed(&world.raw_person("next", 1).await.unwrap());
            let get = both.client.get_item().table_name(&world.people).set_key(Some(person_key("next", 1)));
            assert_eq!(in_order(get.send().await.unwrap().item.unwrap()), person("next", 1));
        }
    }
}

#[tokio::test]
async fn a_call_that_ran_into_a_time_limit_leaves_nothing_behind() {
    let (world, _) = slow_world(SLOW).await;
    for door in world.doors() {
        let limit = Duration::from_millis(20);
        let put =
            async { send!(door, door.client.put_item().table_name(&world.people).set_item(Some(person("late", 1)))) };
        // The interceptor holds the thread, so that no limit of this runtime fires meanwhile; then it was in time.
        let in_time = tokio::time::timeout(limit, put).await;
        assert!(in_time.is_err() || !door.by_builder, "{}", door.name);
        let [_, next, _] = world.doors();
        next.client.put_item().table_name(&world.people).set_item(Some(person("next", 1))).send().await.unwrap();
        common::assert_sealed(&world.raw_person("next", 1).await.unwrap());
    }
    world.raw(&world.people).await.iter().for_each(common::assert_sealed);
}

/// An operation on another table right after, on the same thread, on a client without interceptor in between.
#[tokio::test]
async fn a_mark_does_not_go_over_to_another_operation() {
    let world = World::new(&Database::embedded()).await;
    let [builders, intercepted, _] = world.doors();
    // Nobody takes the mark here, for this client has no interceptor.
    let put = builders.client.put_item().table_name(&world.people).set_item(Some(person("ada", 1)));
    let mut marked = Box::pin(put.send_sealed(&world.sealer));
    let mut context = Context::from_waker(Waker::noop());
    let begun = marked.as_mut().poll(&mut context);
    let put = intercepted.client.put_item().table_name(&world.people).set_item(Some(person("bob", 1)));
    put.send().await.unwrap();
    match begun {
        Poll::Ready(sent) => sent.unwrap(),
        Poll::Pending => marked.await.unwrap(),
    };
    world.assert_sealed(2, 0).await;
}

/// Finds the endpoint with an operation of its own, in the middle of another: from a sealed table, say.
#[derive(Debug)]
struct EndpointFromTable {
    client: Client,
    table: String,
    how: How,
}

/// How items are put: one by one, or in a request whose items are a map or a list.
#[derive(Clone, Copy, Debug)]
enum How {
    Alone,
    Batch,
    Transaction,
}

fn batch(client: &Client, table: &str, id: &str) -> BatchWriteItemFluentBuilder {
    let put = PutRequest::builder().set_item(Some(person(id, 1))).build().unwrap();
    client.batch_write_item().request_items(table, vec![WriteRequest::builder().put_request(put).build()])
}

fn transaction(client: &Client, table: &str, id: &str) -> TransactWriteItemsFluentBuilder {
    let put = Put::builder().table_name(table).set_item(Some(person(id, 1))).build().unwrap();
    client.transact_write_items().transact_items(TransactWriteItem::builder().put(put).build())
}

impl ResolveEndpoint for EndpointFromTable {
    fn resolve_endpoint<'a>(&'a self, _: &'a Params) -> EndpointFuture<'a> {
        EndpointFuture::new(async {
            let (client, table) = (&self.client, &self.table);
            match self.how {
                How::Alone => {
                    let put = client.put_item().table_name(table).set_item(Some(person("nested", 1)));
                    drop(put.send().await.unwrap());
                }
                How::Batch => drop(batch(client, table, "nested").send().await.unwrap()),
                How::Transaction => drop(transaction(client, table, "nested").send().await.unwrap()),
            }
            Ok(Endpoint::builder().url("http://dynamodb.local.invalid").build())
        })
    }
}

/// Both begin in one poll. The mark belongs to the outer one, also where that has no interceptor to take it.
#[tokio::test]
async fn an_operation_inside_of_another_is_sealed_too() {
    let world = World::new(&Database::embedded()).await;
    let inner = with_interceptors(&world.db.client, &[&world.sealer]);
    for how in [How::Alone, How::Batch, How::Transaction] {
        let endpoint = EndpointFromTable { client: inner.clone(), table: world.people.clone(), how };
        let outer = Client::from_conf(world.db.client.config().to_builder().endpoint_resolver(endpoint).build());
        for client in [with_interceptors(&outer, &[&world.sealer]), outer] {
            let table = &world.people;
            match how {
                How::Alone => {
                    let put = client.put_item().table_name(table).set_item(Some(person("ada", 1)));
                    drop(put.send_sealed(&world.sealer).await.unwrap());
                }
                How::Batch => drop(batch(&client, table, "ada").send_sealed(&world.sealer).await.unwrap()),
                How::Transaction => drop(transaction(&client, table, "ada").send_sealed(&world.sealer).await.unwrap()),
            }
            world.assert_sealed(2, 0).await;
            for id in ["ada", "nested"] {
                let delete = world.db.client.delete_item().table_name(&world.people).set_key(Some(person_key(id, 1)));
                delete.send().await.unwrap();
            }
        }
    }
}

/// Sends from many threads at once with one sealer, each with a runtime of its own.
#[test]
fn many_runtimes_share_a_sealer() {
    let world = current_thread().block_on(World::new(&Database::embedded()));
    thread::scope(|scope| {
        for thread in 0..8 {
            let world = &world;
            scope.spawn(move || {
                current_thread().block_on(async {
                    for (place, door) in (0..).zip(world.doors()) {
                        put_and_get(world, &door, 10 * thread + place).await;
                        let update = door.client.update_item().table_name(&world.plain).key("id", s("counter"));
                        let update =
                            update.update_expression("ADD seen :one").expression_attribute_values(":one", n(1));
                        send!(door, update).unwrap();
                    }
                });
            });
        }
    });
    current_thread().block_on(async {
        world.assert_sealed(24, 0).await;
        let counter = world.raw_plain("counter").await.unwrap();
        assert_eq!(counter["seen"], n(24), "instead of {:?}", plain("counter"));
    });
}
