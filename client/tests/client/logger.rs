//! Records of the `log` crate.

use crate::receiver::{Receiver, attributes};
use core::fmt;
use log::kv::{Source, ToValue};
use log::{Level, LevelFilter, Log, Record};
use logd_client::Logger;

fn record<'a>(
    args: fmt::Arguments<'a>,
    level: Level,
    pairs: &'a dyn Source,
    log: impl FnOnce(&Record<'_>),
) {
    log(&Record::builder().args(args).level(level).target("shop").key_values(&pairs).build());
}

#[test]
fn the_macros_log() {
    let receiver = Receiver::new();
    let client = receiver.client();
    Logger::new(client).install(LevelFilter::Info).unwrap();
    let name = "ann";
    log::debug!("below the level");
    log::warn!(order = 17, paid = true, took = 1.5, who = name; "thank you, {name}");
    let line = line!() - 1;
    let msg = receiver.receive_event();
    assert_eq!((&*msg.txt, msg.severity, &*msg.key), ("thank you, ann", 13, "/test/client"));
    assert_eq!(
        attributes(&msg),
        [
            "order=17",
            "paid=true",
            "took=1.5",
            "who=\"ann\"",
            &format!("target={:?}", module_path!()),
            &format!("file={:?}", file!()),
            &format!("line={line}"),
        ]
    );
    log::logger().flush();
}

#[test]
fn levels_map_onto_severities() {
    let receiver = Receiver::new();
    let logger = Logger::new(receiver.client());
    for level in Level::iter() {
        record(format_args!("{level}"), level, &None::<(&str, i32)>, |r| logger.log(r));
    }
    let datagrams = receiver.receive_events(5);
    let severities = datagrams.iter().flat_map(|d| &d.cmd.batch).map(|msg| msg.severity);
    assert_eq!(severities.collect::<Vec<_>>(), [17, 13, 9, 5, 1]);
}

#[test]
fn odd_pairs_do_not_cost_the_record() {
    let receiver = Receiver::new();
    let logger = Logger::new(receiver.client());
    let none: Option<i32> = None;
    let pairs = [
        ("", 1.to_value()),
        ("null", none.to_value()),
        ("char", 'x'.to_value()),
        ("huge", u64::MAX.to_value()),
        ("wide", i128::MIN.to_value()),
    ];
    record(format_args!("text"), Level::Info, &&pairs[..], |r| logger.log(r));
    assert_eq!(
        attributes(&receiver.receive_event()),
        [
            "_=1",
            "char=\"x\"",
            "huge=\"18446744073709551615\"",
            "wide=\"-170141183460469231731687303715884105728\"",
            "target=\"shop\"",
        ]
    );
}
