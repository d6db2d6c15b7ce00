//! Events and spans of the `tracing` crate.

use crate::receiver::{PATIENCE, Receiver, attributes};
use logd_client::{Client, Layer};
use std::sync::mpsc::channel;
use std::{io, thread};
use tracing::field::Empty;
use tracing::subscriber::{set_global_default, with_default};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

/// What the layer adds itself, which depends on the line.
fn own(name: &str) -> bool {
    ["target", "file", "line"].contains(&name)
}

/// The other attributes of the only event that `log` causes.
fn logged(log: impl FnOnce()) -> (String, Vec<String>) {
    let receiver = Receiver::new();
    with_default(registry().with(Layer::new(receiver.client())), log);
    let mut msg = receiver.receive_event();
    msg.attributes.retain(|a| !own(&a.name));
    (msg.txt.clone(), attributes(&msg))
}

#[test]
fn fields_keep_their_types() {
    let (text, fields) = logged(|| {
        tracing::warn!(
            status = 503,
            took = 1.5,
            cached = false,
            url = "/login",
            debug = ?Some(1),
            display = %2,
            huge = u64::MAX,
            raw = &b"\x00\xff"[..],
            error = &io::Error::other("broken") as &dyn core::error::Error,
            "hello {}", "world"
        );
    });
    assert_eq!(text, "hello world");
    assert_eq!(
        fields,
        [
            "status=503",
            "took=1.5",
            "cached=false",
            "url=\"/login\"",
            "debug=\"Some(1)\"",
            "display=\"2\"",
            "huge=\"18446744073709551615\"",
            "raw=[0, 255]",
            "error=\"broken\"",
        ]
    );
}

#[test]
fn where_it_comes_from() {
    let receiver = Receiver::new();
    with_default(registry().with(Layer::new(receiver.client())), || {
        tracing::info!(target: "shop", message = "hello");
        tracing::error!(a = 1);
    });
    let line = line!() - 3;
    let datagrams = receiver.receive_events(2);
    let msgs: Vec<_> = datagrams.iter().flat_map(|d| &d.cmd.batch).collect();
    assert_eq!((&*msgs[0].txt, msgs[0].severity), ("hello", 9));
    assert_eq!(
        attributes(msgs[0]),
        [
            "target=\"shop\"",
            &format!("module={:?}", module_path!()),
            &format!("file={:?}", file!()),
            &format!("line={line}"),
        ]
    );
    assert_eq!((&*msgs[1].txt, msgs[1].severity), ("", 17));
    assert_eq!(
        attributes(msgs[1])[..2],
        ["a=1", &format!("target={:?}", module_path!())],
        "no module where it is the target"
    );
}

#[test]
fn spans_give_their_names_and_fields() {
    let (_, fields) = logged(|| {
        let outer = tracing::info_span!("request", id = 17, user = Empty).entered();
        let _inner = tracing::info_span!("query", table = "orders").entered();
        outer.record("user", "ann");
        tracing::info!(rows = 3, "done");
    });
    assert_eq!(
        fields,
        ["rows=3", "span=\"request:query\"", "table=\"orders\"", "id=17", "user=\"ann\""]
    );
}

#[test]
fn a_field_recorded_again_is_replaced() {
    let (_, fields) = logged(|| {
        let span =
            tracing::info_span!("loop", first = "kept", step = Empty, last = Empty).entered();
        for step in 0..100 {
            span.record("step", step);
            span.record("last", step == 99);
        }
        tracing::info!("done");
    });
    assert_eq!(fields, ["span=\"loop\"", "first=\"kept\"", "step=99", "last=true"]);
}

#[test]
fn a_debug_may_log_in_its_span() {
    #[derive(Clone, Copy)]
    struct Chatty;
    impl core::fmt::Debug for Chatty {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            tracing::info!("inner");
            f.write_str("outer")
        }
    }
    let receiver = Receiver::new();
    with_default(registry().with(Layer::new(receiver.client())), || {
        let span = tracing::info_span!("span", a = Empty).entered();
        span.record("a", tracing::field::debug(Chatty));
        tracing::info!(b = ?Chatty, "text");
    });
    // Not the third, of the event's own field: `tracing` hides events that are caused by handling one.
    let datagrams = receiver.receive_events(2);
    let [first, last] = &datagrams.iter().flat_map(|d| &d.cmd.batch).collect::<Vec<_>>()[..] else {
        panic!("two events")
    };
    assert_eq!((&*first.txt, &*last.txt), ("inner", "text"));
    assert!(attributes(last).contains(&"b=\"outer\"".to_owned()));
    assert!(attributes(last).contains(&"a=\"outer\"".to_owned()));
}

#[test]
fn its_own_problems_do_not_come_back() {
    let receiver = Receiver::new();
    let (report, reports) = channel();
    let client: Client = receiver
        .builder()
        .on_problem(move |problem| {
            tracing::error!("logging: {problem}");
            report.send(()).unwrap();
        })
        .build()
        .unwrap();
    set_global_default(registry().with(Layer::new(client.clone()))).unwrap();
    // Refused, which is reported, on the client's thread.
    tracing::info!(a = "x".repeat(70_000));
    reports.recv_timeout(PATIENCE).unwrap();
    // From another thread it does come.
    thread::spawn(|| tracing::info!("mine")).join().unwrap();
    assert_eq!(receiver.receive_event().txt, "mine");
    client.flush(PATIENCE).unwrap();
    assert_eq!(client.stats().logged, 2);
}
