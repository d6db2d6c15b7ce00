//! Events of other doors: encoded as a WRITE, with or without a signature of their own.

use super::*;
use crate::datagram::{Mac, Proof};
use crate::test;

const SIGNED: &[u8] = b"web\ninfo\n2023-11-14T22:13:20.100000001Z\n00";

fn write(msgs: &[Msg]) -> Vec<u8> {
    Cmd { batch: msgs.to_vec(), ..Cmd::default() }.encode_to_vec()
}

impl Pair {
    fn hand(
        &mut self,
        proof: Option<&Proof>,
        msgs: &[Msg],
    ) -> Result<Vec<Result<u64, DropReason>>, DropReason> {
        let mut outcomes = Vec::new();
        let done = self.engine.handle_write(self.now, proof, &write(msgs), &mut outcomes);
        assert!(self.engine.stats().is_balanced(), "{:?}", self.engine.stats());
        done.map(|()| outcomes)
    }

    fn prove(&self, time: UnixNanos, mac: &Mac) -> Result<Proof, DropReason> {
        let verified = self.engine.verifier().verify_detached(self.now.unix, time, SIGNED, mac);
        verified.map_err(|refused| refused.reason)
    }
}

#[test]
fn each_event_has_its_outcome_and_its_counter() {
    let mut pair = Pair::new(config());
    let dated = Msg { time_unix_nano: 5, ..msg("/prod/api", "dated") };
    let outcomes = pair.hand(None, &[dated, msg("no key", "x"), msg("/prod/api", "now")]);
    assert_eq!(outcomes, Ok(vec![Ok(1), Err(DropReason::InvalidKey), Ok(2)]));
    let stats = pair.engine.stats();
    assert_eq!((stats.events_offered, stats.events_stored), (3, 2));
    assert_eq!(stats.received_datagrams, 0);
    let snapshot = pair.engine.snapshot(&[]);
    let block = snapshot.rings[0].blocks[0].get().unwrap();
    let times: Vec<_> = block.view(&mut crate::block::Scratch::default()).times().collect();
    assert_eq!(times, [5, pair.now.unix.0]);
    assert_eq!(pair.hand(None, &[]), Err(DropReason::NoMessage));
}

#[test]
fn a_signature_counts_once() {
    let mut pair = Pair::new(config());
    let (time, mac) = (pair.now.unix, pair.writer.detached(SIGNED));
    let proof = pair.prove(time, &mac).unwrap();
    assert!(proof.rights().allow(Right::Write) && !proof.rights().allow(Right::Read));
    let events = [msg("/prod/api", "one"), msg("/prod/api", "two")];
    assert_eq!(pair.hand(Some(&proof), &events), Ok(vec![Ok(1), Ok(2)]));
    assert_eq!(pair.hand(Some(&proof), &events), Err(DropReason::Replay));
    let stats = pair.engine.stats();
    assert_eq!((stats.events_offered, stats.events_stored), (4, 2));
    assert_eq!(stats.event_drops.count(DropReason::Replay), 2);
}

#[test]
fn a_signature_is_refused_like_that_of_a_datagram() {
    let mut pair = Pair::new(config());
    let (time, mac) = (pair.now.unix, pair.writer.detached(SIGNED));
    let other = Mac(core::array::from_fn(|i| mac.0[i] ^ 1));
    assert_eq!(pair.prove(time, &other), Err(DropReason::BadMac));
    assert_eq!(pair.prove(time.saturating_add(2 * TTL), &mac), Err(DropReason::Future));
    assert!(pair.prove(time, &mac).is_ok());
    pair.pass(2 * TTL);
    assert_eq!(pair.prove(time, &mac), Err(DropReason::Stale));
}

#[test]
fn a_legacy_sum_is_no_signature_of_another_door() {
    use sha2::{Digest as _, Sha256};
    let mut secret = Secret::new("old", Right::Write, b"an old secret".to_vec());
    secret.legacy_sha256 = true;
    let keyring = Keyring::new([secret]).unwrap();
    let verifier = Verifier::new(keyring, TTL, UnixNanos::MIN);
    let sum = Mac(Sha256::digest([b"an old secret", SIGNED].concat()).into());
    let refused = verifier.verify_detached(START, START, SIGNED, &sum).unwrap_err();
    assert_eq!(refused.reason, DropReason::BadMac);
    let hmac = Signer::new(b"an old secret").detached(SIGNED);
    assert!(verifier.verify_detached(START, START, SIGNED, &hmac).is_ok());
}
