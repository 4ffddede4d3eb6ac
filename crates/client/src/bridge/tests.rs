//! Every body of a test runs in every surrounding that a hook may find, each under a time limit: what is wrong here
//! shows as standing still.

use std::error::Error as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::LocalRuntime;
use tokio::task::{LocalSet, block_in_place, coop};

use super::*;

const SHORT: Duration = Duration::from_millis(200);

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn workers(count: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(count).enable_all().build().unwrap()
}

fn on_worker(runtime: &Runtime, body: impl FnOnce() + Send + 'static) {
    runtime.block_on(runtime.spawn(async { body() })).unwrap();
}

/// Fails when `body` does, or when it has not ended after 20 s.
fn in_time(name: &str, body: impl FnOnce() + Send + 'static) {
    let (sender, ended) = mpsc::channel();
    let runner = thread::spawn(move || {
        body();
        let _ = sender.send(());
    });
    match ended.recv_timeout(Duration::from_secs(20)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{name}: stands still"),
        _ => assert!(runner.join().is_ok(), "{name}: panicked"),
    }
}

type Surrounding = (&'static str, fn(fn()));

const SURROUNDINGS: [Surrounding; 17] = [
    ("no runtime", |body| body()),
    ("current-thread, block_on", |body| current_thread().block_on(async { body() })),
    ("current-thread, task", |body| on_worker(&current_thread(), body)),
    ("current-thread, LocalSet, run_until", |body| {
        current_thread().block_on(LocalSet::new().run_until(async { body() }));
    }),
    ("current-thread, LocalSet, spawn_local", |body| LocalSet::new().block_on(&current_thread(), local_task(body))),
    ("local runtime", |body| {
        let runtime = LocalRuntime::new().unwrap();
        runtime.block_on(async move { tokio::task::spawn_local(async move { body() }).await.unwrap() });
    }),
    ("multi-thread, block_on", |body| workers(2).block_on(async { body() })),
    ("multi-thread, only worker", |body| on_worker(&workers(1), body)),
    ("multi-thread, one of two workers", |body| on_worker(&workers(2), body)),
    ("multi-thread, LocalSet, run_until", |body| workers(2).block_on(LocalSet::new().run_until(async { body() }))),
    ("multi-thread, LocalSet, spawn_local", |body| LocalSet::new().block_on(&workers(2), local_task(body))),
    ("multi-thread, spawn_blocking", |body| {
        let runtime = workers(1);
        runtime.block_on(runtime.spawn_blocking(body)).unwrap();
    }),
    ("worker, block_in_place", |body| on_worker(&workers(1), move || block_in_place(body))),
    ("worker, block_in_place, LocalSet", |body| {
        on_worker(&workers(1), move || {
            block_in_place(|| Handle::current().block_on(LocalSet::new().run_until(local_task(body))));
        });
    }),
    ("worker, block_in_place, current-thread", |body| {
        on_worker(&workers(1), move || block_in_place(|| current_thread().block_on(async { body() })));
    }),
    ("current-thread with the handle of a multi-thread runtime", |body| {
        let other = workers(1);
        current_thread().block_on(async {
            let _entered = other.enter();
            body();
        });
    }),
    ("worker with the handle of a current-thread runtime", |body| {
        on_worker(&workers(1), move || {
            let other = current_thread();
            let entered = other.enter();
            body();
            drop(entered);
            other.shutdown_background();
        });
    }),
];

async fn local_task(body: fn()) {
    tokio::task::spawn_local(async move { body() }).await.unwrap();
}

fn everywhere(body: fn()) {
    thread::scope(|scope| {
        for (name, surrounding) in SURROUNDINGS {
            scope.spawn(move || in_time(name, move || surrounding(body)));
        }
    });
}

#[test]
fn what_is_ready_is_polled_once() {
    everywhere(|| {
        // Neither `Send` nor `'static`.
        let polls = Rc::new(Cell::new(0));
        let ready = poll_fn(|_| {
            polls.set(polls.get() + 1);
            Poll::Ready(polls.get())
        });
        assert_eq!(wait(ready).unwrap(), 1);
        assert_eq!(polls.get(), 1);
    });
}

#[test]
fn timers_of_the_future_fire() {
    everywhere(|| {
        let begin = Instant::now();
        wait(async { tokio::time::sleep(SHORT).await }).unwrap();
        assert!(begin.elapsed() >= SHORT);
    });
}

/// Sends back what comes, one connection for each thread.
fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            thread::spawn(move || {
                let mut bytes = [0; 5];
                while connection.read_exact(&mut bytes).is_ok() {
                    thread::sleep(Duration::from_millis(1));
                    connection.write_all(&bytes).unwrap();
                }
            });
        }
    });
    address
}

async fn round_trips(address: SocketAddr, count: u32) {
    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    for _ in 0..count {
        connection.write_all(b"hello").await.unwrap();
        let mut bytes = [0; 5];
        connection.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"hello");
    }
}

#[test]
fn sockets_of_the_future_work() {
    everywhere(|| wait(round_trips(echo_server(), 10)).unwrap());
}

#[test]
fn tasks_that_the_future_spawns_run() {
    everywhere(|| {
        let address = echo_server();
        wait(async move { tokio::spawn(round_trips(address, 10)).await.unwrap() }).unwrap();
    });
}

/// Uses up the cooperative budget of the task this is called from, where there is one.
fn exhaust_budget() {
    for _ in 0..200 {
        let _ = pin!(coop::consume_budget()).poll(&mut Context::from_waker(Waker::noop()));
    }
}

#[test]
fn a_task_without_budget_can_wait() {
    everywhere(|| {
        let address = echo_server();
        exhaust_budget();
        let had_budget = coop::has_budget_remaining();
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        thread::spawn(move || (0..300).for_each(|n| sender.blocking_send(n).unwrap()));
        let received = wait(async {
            let mut received = 0;
            while receiver.recv().await.is_some() {
                received += 1;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            round_trips(address, 150).await;
            received
        });
        assert_eq!(received.unwrap(), 300);
        assert_eq!(coop::has_budget_remaining(), had_budget, "the budget is the task's own");
    });
}

#[test]
fn the_budget_is_exhausted_in_these_tests() {
    current_thread().block_on(async {
        assert!(coop::has_budget_remaining());
        exhaust_budget();
        assert!(!coop::has_budget_remaining());
    });
}

#[test]
fn yielding_goes_on() {
    everywhere(|| {
        wait(async {
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
            tokio::task::yield_now().await;
        })
        .unwrap();
    });
}

#[test]
fn waits_inside_of_waits() {
    everywhere(|| {
        let third = wait(async {
            // In the first poll, and in one after the first.
            let first = wait(async { tokio::time::sleep(SHORT).await }).map(|()| 1).unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
            let second = wait(async { wait(tokio::task::yield_now()).map(|()| 1).unwrap() }).unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
            first + second + 1
        });
        assert_eq!(third.unwrap(), 3);
    });
}

#[test]
fn waits_in_tasks_of_the_helper() {
    everywhere(|| {
        wait(async {
            let tasks: Vec<_> = (0..20)
                .map(|_| tokio::spawn(async { wait(async { tokio::time::sleep(SHORT).await }).unwrap() }))
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        })
        .unwrap();
    });
}

/// What the module says never ends; a time limit of the future itself ends it.
#[test]
fn what_only_the_blocked_runtime_can_do_runs_into_the_limit_of_the_future() {
    in_time("limit", || {
        current_thread().block_on(async {
            let sleep_of_caller = tokio::time::sleep(Duration::ZERO);
            assert!(wait(async { tokio::time::timeout(SHORT, sleep_of_caller).await }).unwrap().is_err());
            let task_of_caller = tokio::spawn(async {});
            assert!(wait(async { tokio::time::timeout(SHORT, task_of_caller).await }).unwrap().is_err());
        });
        on_worker(&workers(1), || {
            let sleep_of_caller = tokio::time::sleep(SHORT);
            let task_of_caller = tokio::spawn(async {});
            wait(async {
                sleep_of_caller.await;
                task_of_caller.await.unwrap();
            })
            .unwrap();
        });
    });
}

#[test]
fn there_is_one_helper_and_it_is_not_the_caller() {
    let outer = current_thread();
    let helper_id = || wait(async { Handle::current().id() }).unwrap();
    let first = helper_id();
    let (second, after) = outer.block_on(async { (helper_id(), Handle::current().id()) });
    assert_eq!(first, second);
    assert_eq!(after, outer.handle().id(), "the caller's handle is current again");
    assert_ne!(first, after);
}

#[test]
fn a_wake_before_the_pause_counts() {
    everywhere(|| {
        // By the future itself, by another thread during the poll, and by another thread around the pause.
        for delay in [None, Some(0), Some(20), Some(2_000)] {
            for _ in 0..50 {
                let woken = Arc::new(AtomicUsize::new(0));
                let mut polls = 0;
                let future = poll_fn(|cx| {
                    polls += 1;
                    // The first "pending" is followed by a poll of its own accord; the second one really waits.
                    if polls <= 2 {
                        let (waker, woken) = (cx.waker().clone(), Arc::clone(&woken));
                        let wake = move || {
                            woken.fetch_add(1, Ordering::SeqCst);
                            waker.wake();
                        };
                        match delay {
                            None => wake(),
                            Some(0) => thread::spawn(wake).join().unwrap(),
                            Some(micros) => {
                                thread::spawn(move || {
                                    thread::sleep(Duration::from_micros(micros));
                                    wake();
                                });
                            }
                        }
                    }
                    if woken.load(Ordering::SeqCst) >= 2 { Poll::Ready(()) } else { Poll::Pending }
                });
                wait(future).unwrap();
            }
        }
    });
}

#[test]
fn tokens_of_park_stay_with_their_owner() {
    in_time("token", || {
        thread::current().unpark();
        wait(async { tokio::time::sleep(SHORT).await }).unwrap();
        let begin = Instant::now();
        thread::park_timeout(Duration::from_secs(10));
        assert!(begin.elapsed() < Duration::from_secs(5));
    });
}

#[test]
fn panics_of_the_future_go_on() {
    everywhere(|| {
        for pauses in [Duration::ZERO, Duration::from_millis(20)] {
            let future = async {
                if !pauses.is_zero() {
                    tokio::time::sleep(pauses).await;
                }
                // Not through the panic hook: the output of this test stays short.
                resume_unwind(Box::new("of the future"))
            };
            let panic = catch_unwind(AssertUnwindSafe(|| wait::<_>(future).map(|never: ()| never))).unwrap_err();
            assert_eq!(panic.downcast_ref(), Some(&"of the future"));
            assert!(!POLLING.get());
            wait(async { tokio::time::sleep(pauses).await }).unwrap();
        }
    });
}

thread_local! {
    static REPORTED: Cell<u32> = const { Cell::new(0) };
}

/// Counts the panics of each thread, also those that are caught.
fn count_panics() {
    static HOOK: OnceLock<()> = OnceLock::new();
    HOOK.get_or_init(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            REPORTED.set(REPORTED.get() + 1);
            before(info);
        }));
    });
}

#[test]
fn nothing_panics_on_the_way() {
    count_panics();
    everywhere(|| {
        wait(async {
            wait(tokio::task::yield_now()).unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
            wait(async { tokio::time::sleep(Duration::from_millis(10)).await }).unwrap();
        })
        .unwrap();
        assert_eq!(REPORTED.get(), 0);
    });
}

#[test]
fn where_tokio_refuses_to_hand_over_the_thread_blocks() {
    count_panics();
    in_time("refused", || {
        let other = workers(1);
        let entered = other.handle().clone();
        on_worker(&current_thread(), move || {
            let _entered = entered.enter();
            for _ in 0..3 {
                wait(async { tokio::time::sleep(Duration::from_millis(10)).await }).unwrap();
            }
            assert_eq!(REPORTED.get(), 1);
        });
    });
}

#[test]
fn workers_go_on_while_a_thousand_calls_wait() {
    in_time("a thousand calls", || {
        let runtime = workers(2);
        let begin = Instant::now();
        let ticks = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&ticks);
        let ticker = runtime.spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(5)).await;
                seen.fetch_add(1, Ordering::Relaxed);
            }
        });
        let waiting: Vec<_> = (0..1_000)
            .map(|_| runtime.spawn(async { wait(async { tokio::time::sleep(SHORT).await }).unwrap() }))
            .collect();
        runtime.block_on(async {
            for task in waiting {
                task.await.unwrap();
            }
        });
        ticker.abort();
        let (elapsed, ticks) = (begin.elapsed(), ticks.load(Ordering::Relaxed));
        println!("1,000 waits of 200 ms on 2 workers: {elapsed:?}, {ticks} ticks of 5 ms");
        // One after the other it would be 100 s on two workers.
        assert!(elapsed < Duration::from_secs(15), "{elapsed:?}");
        assert!(ticks >= 10, "{ticks}");
    });
}

#[test]
fn the_only_worker_goes_on() {
    in_time("only worker", || {
        on_worker(&workers(1), || {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            drop(tokio::spawn(async { sender.send(7) }));
            assert_eq!(wait(receiver).unwrap().unwrap(), 7);
        });
    });
}

#[test]
fn the_cost_of_a_ready_call() {
    // The quickest of a hundred batches too: other tests run at the same time.
    fn measure(name: &str) {
        let batches = (0..100).map(|_| {
            let begin = Instant::now();
            for n in 0..10_000_u32 {
                assert_eq!(wait(async { std::hint::black_box(n) }).unwrap(), n);
            }
            begin.elapsed().as_nanos() / 10_000
        });
        let batches: Vec<_> = batches.collect();
        let mean = batches.iter().sum::<u128>() / 100;
        println!("{name}: {mean} ns for each ready call, {} ns in the quickest batch", batches.iter().min().unwrap());
    }
    measure("no runtime");
    current_thread().block_on(async { measure("current-thread") });
    on_worker(&workers(2), || measure("multi-thread worker"));
}

#[test]
fn the_error_says_what_to_do_and_keeps_the_cause() {
    let error = BridgeError(io::Error::other("no more threads"));
    assert_eq!(
        error.to_string(),
        "the thread `dynaseal-bridge` could not be started, nothing was sealed or opened; look at the limits of this \
         process for threads and open files, then try again"
    );
    assert_eq!(error.source().unwrap().to_string(), "no more threads");
}
