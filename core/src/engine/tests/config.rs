//! Configurations that cannot work, and what the others take.

use super::*;
use crate::test;
use alloc::string::ToString;

fn error(config: Config) -> Option<String> {
    let keyring = Keyring::new([Secret::new("w", Right::Write, WRITE_SECRET)]).unwrap();
    let now = Now { unix: START, mono: MonoNanos(0) };
    Engine::new(config, keyring, now).err().map(|e| e.to_string())
}

#[test]
fn errors_name_the_setting_and_the_range() {
    assert_eq!(error(config()), None);
    let zero = Rate { bytes_per_second: 0, burst: 1 };
    for (bad, names) in [
        (Config { ttl: Duration::ZERO, ..config() }, "ttl"),
        (Config { ttl: Duration::from_secs(3601), ..config() }, "ttl"),
        (Config { replay_capacity: 0, ..config() }, "replay_capacity"),
        (Config { tail_timeout: Duration::ZERO, ..config() }, "tail_timeout"),
        (Config { udp_query_hard_limit: 0, ..config() }, "udp_query_hard_limit"),
        (Config { udp_query_step_bytes: 0, ..config() }, "udp_query_step_bytes"),
        (Config { max_datagram_len: 10, ..config() }, "max_datagram_len is 10"),
        (Config { max_datagram_len: 65_508, ..config() }, "at most 65507"),
        (Config { max_reply_len: 511, ..config() }, "at least 512"),
        (Config { max_text_len: 0, ..config() }, "max_text_len"),
        (Config { tail_queue_bytes: 1_000, ..config() }, "tail_queue_bytes"),
        (Config { reply_rate: zero, ..config() }, "reply_rate"),
        (Config { reply_rate_total: zero, ..config() }, "reply_rate_total"),
    ] {
        let said = error(bad).unwrap();
        assert!(said.contains(names), "{said}");
    }
    let mut bad = config();
    bad.store.rings[0].prefix = "prod".into();
    assert!(error(bad).unwrap().contains("prod"));
}

#[test]
fn memory_counts_every_bound() {
    let base = config();
    let memory = base.memory();
    assert!(memory > 2 * (8 << 20));
    let more = [
        Config { replay_capacity: 20_000, ..base.clone() },
        Config { senders: 100, ..base.clone() },
        Config { refused_senders: 1000, ..base.clone() },
        Config { max_tails: 100, ..base.clone() },
        Config { tail_queue_bytes: 1 << 20, ..base.clone() },
        Config { fresh_bytes: 5 << 20, ..base.clone() },
        Config { max_udp_queries: 100, ..base.clone() },
    ];
    for config in more {
        assert!(config.memory() > memory, "{config:?}");
    }
    // A configuration that no machine can hold is said to be so: the sum does not wrap around.
    for absurd in [
        Config { max_tails: usize::MAX, ..base.clone() },
        Config { senders: usize::MAX, ..base.clone() },
        Config { replay_capacity: usize::MAX, ..base.clone() },
        Config { fresh_bytes: usize::MAX, ..base.clone() },
        Config { max_udp_queries: usize::MAX, ..base },
    ] {
        assert_eq!(absurd.memory(), usize::MAX);
    }
}
