//! The rate limit of logins.

use std::net::IpAddr;
use std::time::Duration;

use super::*;
use crate::clock::Moment;

fn limits() -> Limits {
    Limits { login_network_burst: 1000, ..Limits::default() }
}

fn at(seconds: u64) -> Moment {
    Moment::from_millis(seconds * 1000)
}

fn network(n: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, n])
}

fn wait(seconds: u64) -> Result<(), Duration> {
    Err(Duration::from_secs(seconds))
}

#[test]
fn an_account_may_be_tried_five_times_and_then_twice_a_minute() {
    let mut attempts = Attempts::new(&limits());
    for _ in 0..5 {
        assert_eq!(attempts.check(at(100), "alice", network(1)), Ok(()));
    }
    assert_eq!(attempts.check(at(100), "alice", network(1)), wait(30));
    // A refusal costs nothing.
    assert_eq!(attempts.check(at(110), "alice", network(1)), wait(20));
    assert_eq!(attempts.check(at(129), "alice", network(1)), wait(1));
    assert_eq!(attempts.check(at(130), "alice", network(1)), Ok(()));
    assert_eq!(attempts.check(at(130), "alice", network(1)), wait(30));
    // A full bucket allows five again, and no more.
    for _ in 0..5 {
        assert_eq!(attempts.check(at(1000), "alice", network(1)), Ok(()));
    }
    assert_eq!(attempts.check(at(1000), "alice", network(1)), wait(30));
}

#[test]
fn failures_from_one_network_do_not_lock_an_owner_out_of_another() {
    let mut attempts = Attempts::new(&limits());
    for _ in 0..100 {
        let _ = attempts.check(at(1), "alice", network(1));
    }
    assert_eq!(attempts.check(at(1), "alice", network(1)), wait(30));
    assert_eq!(attempts.check(at(1), "alice", network(2)), Ok(()));
    assert_eq!(attempts.check(at(1), "bob", network(1)), Ok(()));
}

#[test]
fn a_network_may_try_twenty_accounts_and_then_one_in_three_seconds() {
    let mut attempts = Attempts::new(&Limits::default());
    for n in 0..20 {
        assert_eq!(attempts.check(at(1), &format!("user{n}"), network(1)), Ok(()));
    }
    assert_eq!(attempts.check(at(1), "another", network(1)), wait(3));
    assert_eq!(attempts.check_network(at(1), network(1)), wait(3));
    assert_eq!(attempts.check_network(at(4), network(1)), Ok(()));
    assert_eq!(attempts.check(at(4), "another", network(1)), wait(3));
    assert_eq!(attempts.check(at(4), "another", network(2)), Ok(()));
}

#[test]
fn an_attempt_refused_for_its_account_costs_its_network_nothing() {
    let limits = Limits { login_burst: 1, login_network_burst: 3, ..Limits::default() };
    let mut attempts = Attempts::new(&limits);
    assert_eq!(attempts.check(at(1), "alice", network(1)), Ok(()));
    for _ in 0..10 {
        assert_eq!(attempts.check(at(1), "alice", network(1)), wait(30));
    }
    assert_eq!(attempts.check(at(1), "bob", network(1)), Ok(()));
    assert_eq!(attempts.check(at(1), "carol", network(1)), Ok(()));
    assert_eq!(attempts.check(at(1), "dave", network(1)), wait(3));
}

#[test]
fn a_success_clears_the_failures_of_its_account_but_not_those_of_its_network() {
    let limits = Limits { login_network_burst: 7, ..Limits::default() };
    let mut attempts = Attempts::new(&limits);
    for _ in 0..5 {
        assert_eq!(attempts.check(at(1), "alice", network(1)), Ok(()));
    }
    attempts.on_success("alice", network(1));
    // Four failures of the network still count, and a tenth for the success.
    for _ in 0..2 {
        assert_eq!(attempts.check(at(1), "alice", network(1)), Ok(()));
    }
    let short = Err(Duration::from_millis(300));
    assert_eq!(attempts.check(at(1), "alice", network(1)), short);
}

#[test]
fn a_network_may_log_in_two_hundred_times_and_then_ten_times_in_three_seconds() {
    let mut attempts = Attempts::new(&Limits::default());
    let mut log_in = |now: Moment, network: IpAddr| {
        let checked = attempts.check(now, "bob", network);
        if checked.is_ok() {
            attempts.on_success("bob", network);
        }
        checked
    };
    // An attempt under way needs its whole price.
    for _ in 0..191 {
        assert_eq!(log_in(at(1), network(2)), Ok(()));
    }
    assert_eq!(log_in(at(1), network(2)), Err(Duration::from_millis(300)));
    assert_eq!(log_in(at(1), network(3)), Ok(()), "another network is not refused");
    for _ in 0..10 {
        assert_eq!(log_in(at(4), network(2)), Ok(()));
    }
    assert_eq!(log_in(at(4), network(2)), Err(Duration::from_millis(300)));
    // Whoever is refused for that is not refused for the account's failures.
    assert_eq!(log_in(at(5), network(2)), Ok(()));
}

#[test]
fn successes_do_not_refill_the_bucket_of_a_guesser() {
    let limits = Limits { login_network_burst: 10, ..Limits::default() };
    let mut attempts = Attempts::new(&limits);
    let mut guesses = 0;
    for n in 0..100 {
        if attempts.check(at(1), "eve", network(1)).is_ok() {
            attempts.on_success("eve", network(1));
        }
        guesses += u32::from(attempts.check(at(1), &format!("user{n}"), network(1)).is_ok());
    }
    assert_eq!(guesses, 9);
}

#[test]
fn an_attempt_that_was_not_made_is_put_back() {
    let mut attempts = Attempts::new(&Limits { login_burst: 2, ..Limits::default() });
    for _ in 0..100 {
        assert_eq!(attempts.check(at(1), "alice", network(1)), Ok(()));
        attempts.put_back("alice", network(1));
    }
    assert_eq!(attempts.check(at(1), "alice", network(1)), Ok(()));
    assert_eq!(attempts.check(at(1), "alice", network(1)), Ok(()));
    assert_eq!(attempts.check(at(1), "alice", network(1)), wait(30));
}

#[test]
fn a_full_table_refuses_new_keys_and_forgets_none() {
    let limits = Limits { login_records_max: 3, ..limits() };
    let mut attempts = Attempts::new(&limits);
    for _ in 0..5 {
        assert_eq!(attempts.check(at(1), "alice", network(1)), Ok(()));
    }
    for n in 2..4 {
        assert_eq!(attempts.check(at(1), "alice", network(n)), Ok(()));
    }
    // New networks wait, however many there are.
    for n in 4..200 {
        assert_eq!(attempts.check(at(2), "alice", network(n)), wait(3), "{n}");
    }
    // Known ones continue, with their failures.
    assert_eq!(attempts.check(at(2), "alice", network(2)), Ok(()));
    assert_eq!(attempts.check(at(2), "alice", network(1)), wait(29));
    // The networks' buckets are full long before that of the account with five failures.
    assert_eq!(attempts.check(at(100), "alice", network(9)), Ok(()));
    assert_eq!(attempts.check(at(100), "alice", network(1)), Ok(()));
    assert_eq!(attempts.check(at(100), "bob", network(1)), Ok(()));
    assert_eq!(attempts.check(at(100), "carol", network(1)), wait(30));
}

#[test]
fn the_largest_times_do_not_overflow() {
    let mut attempts = Attempts::new(&limits());
    for _ in 0..10 {
        let _ = attempts.check(Moment::NEVER, "alice", network(1));
        attempts.on_success("alice", network(1));
        attempts.put_back("alice", network(1));
    }
    let forever = Limits { login_every: Duration::MAX, ..limits() };
    let mut attempts = Attempts::new(&forever);
    assert_eq!(attempts.check(at(1), "alice", network(1)), Ok(()));
}
