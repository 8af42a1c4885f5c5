//! Passwords, their hashes, and the worker.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::password::{dummy_hash, verify};
use super::*;
use crate::clock::Clock;

/// Limits with a low cost.
fn cheap() -> Limits {
    Limits { password_memory_bytes: 64 * 1024, password_passes: 1, ..Limits::default() }
}

fn given(text: &str) -> Password {
    Password::entered(text.into(), &Limits::default()).unwrap()
}

const NETWORK: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// A worker under test.
struct World {
    passwords: PasswordWorker,
    woken: Receiver<()>,
}

/// How long a test waits for the thread before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

impl World {
    fn new(limits: &Limits) -> Self {
        let (wake, woken) = channel();
        let wake = move || {
            let _ = wake.send(());
        };
        Self { passwords: PasswordWorker::start(limits, wake).unwrap(), woken }
    }

    /// Waits for so many answers; each wakes once.
    fn answers(&mut self, count: usize) -> Vec<(u64, Outcome)> {
        let mut out = Vec::new();
        for _ in 0..count {
            self.woken.recv_timeout(PATIENCE).unwrap();
            self.passwords.answers(&mut out);
        }
        out
    }

    fn one(&mut self) -> Outcome {
        self.answers(1).remove(0).1
    }
}

#[test]
fn a_password_has_a_length_and_no_other_rules() {
    let limits = Limits { password_bytes_max: 100, ..Limits::default() };
    let fault = |text: &str| Password::new(text.into(), &limits).err();
    assert_eq!(fault("1234567"), Some(PasswordFault::TooShort(8)));
    assert_eq!(fault(""), Some(PasswordFault::TooShort(8)));
    for text in [
        "12345678",
        "aaaaaaaa",
        "        ",
        "пароль12",
        "🐎🔋📎✅🐎🔋📎✅",
        "\0\u{1}\n\t\r\u{7F}xx",
    ] {
        assert_eq!(fault(text), None, "{text:?}");
    }
    assert_eq!(fault(&"x".repeat(100)), None);
    assert_eq!(fault(&"x".repeat(101)), Some(PasswordFault::TooLong(100)));
    assert_eq!(fault(&"é".repeat(51)), Some(PasswordFault::TooLong(100)));
    // Characters are counted after composition.
    assert_eq!(fault("e\u{301}".repeat(7).as_str()), Some(PasswordFault::TooShort(8)));
    // A password that was long enough once still works.
    assert!(Password::entered("1234567".into(), &limits).is_ok());
    let told = PasswordFault::TooShort(8).to_string();
    assert_eq!(told, "password must have at least 8 characters");
}

#[test]
fn a_password_typed_on_another_keyboard_is_the_same() {
    let limits = cheap();
    let hash = hash(&given("Müller \u{212B}ngström"), [1; 16], &limits).unwrap();
    for (text, same) in [
        ("Mu\u{308}ller\u{A0}A\u{30A}ngstro\u{308}m", true),
        ("Müller\u{3000}Ångström", true),
        ("müller Ångström", false),
        ("Müller Ångström ", false),
        ("MüllerÅngström", false),
    ] {
        assert_eq!(verify(&given(text), &hash), Ok(same), "{text}");
    }
    // Compatibility forms differ, as capitals do.
    let hash = super::hash(&given("ﬁsh and chips"), [1; 16], &limits).unwrap();
    assert_eq!(verify(&given("fish and chips"), &hash), Ok(false));
}

#[test]
fn a_hash_is_argon2id_with_the_cost_of_the_settings() {
    let (password, limits) = (given("correct horse"), Limits::default());
    let one = hash(&password, [1; 16], &limits).unwrap();
    assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$"), "{one}");
    assert_eq!(one.rsplit('$').next().unwrap().len(), 43);
    assert_ne!(hash(&password, [2; 16], &limits).unwrap(), one);
    assert_eq!(hash(&password, [1; 16], &limits).unwrap(), one);
    assert_eq!(verify(&password, &one), Ok(true));
    // The hash names its cost; the settings may have changed since.
    let cheap = hash(&password, [1; 16], &cheap()).unwrap();
    assert!(cheap.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{cheap}");
    assert_eq!(verify(&password, &cheap), Ok(true));
}

#[test]
fn a_hash_by_the_reference_implementation_is_verified() {
    // From the tests of the reference implementation: m=65536, t=2, p=1, "password", "somesalt".
    let hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ\
                $CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    assert_eq!(verify(&given("password"), hash), Ok(true));
    assert_eq!(verify(&given("Password"), hash), Ok(false));
}

#[test]
fn damaged_and_too_costly_hashes_fail() {
    let output = "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    for hash in [
        String::new(),
        "password".into(),
        "$argon2id$".into(),
        format!("$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ${output}"),
        format!("$argon2d$v=19$m=64,t=1,p=1$c29tZXNhbHQ${output}"),
        format!("$scrypt$v=19$m=64,t=1,p=1$c29tZXNhbHQ${output}"),
        format!("$argon2id$v=99$m=64,t=1,p=1$c29tZXNhbHQ${output}"),
        format!("$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ${output}"),
        format!("$argon2id$v=19$m=64,t=4294967295,p=1$c29tZXNhbHQ${output}"),
        format!("$argon2id$v=19$m=4096,t=1,p=300$c29tZXNhbHQ${output}"),
        format!("$argon2id$v=19$m=64,t=1,p=0$c29tZXNhbHQ${output}"),
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ".into(),
        "$argon2id$v=19$m=64,t=1,p=1".into(),
        "$2y$10$abcdefghijklmnopqrstuuJ5Jz5yT9mZ8y6u0e1Xy1bZ5J5J5J5J5".into(),
    ] {
        assert_eq!(verify(&given("password"), &hash), Err(Failed), "{hash}");
    }
}

#[test]
fn the_worker_answers_in_order_and_wakes() {
    let mut world = World::new(&cheap());
    assert!(!world.passwords.busy());
    world.passwords.hash(1, NETWORK, given("correct horse"), [1; 16]).unwrap();
    assert!(world.passwords.busy());
    let Outcome::Hashed(hash) = world.one() else { panic!("no hash") };
    let account = || Some(Arc::clone(&hash));
    world.passwords.verify(2, NETWORK, given("correct horse"), account()).unwrap();
    world.passwords.verify(3, NETWORK, given("wrong horse"), account()).unwrap();
    world.passwords.verify(4, NETWORK, given("correct horse"), None).unwrap();
    world.passwords.verify(5, NETWORK, given("correct horse"), Some("damaged".into())).unwrap();
    world.passwords.hash(6, NETWORK, given("correct horse"), [1; 16]).unwrap();
    assert_eq!(
        world.answers(5),
        [
            (2, Outcome::Verified),
            (3, Outcome::Wrong),
            (4, Outcome::Wrong),
            (5, Outcome::Failed),
            (6, Outcome::Hashed(hash)),
        ]
    );
    assert!(!world.passwords.busy());
}

#[test]
fn a_full_queue_is_busy_until_answers_are_taken() {
    let limits = Limits { password_jobs_max: 3, ..cheap() };
    let (wake, woken) = channel();
    // The thread blocks at its first answer until `go` is dropped.
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let mut passwords = PasswordWorker::start(&limits, move || {
        let _ = wake.send(());
        let _ = wait.lock().unwrap().recv();
    })
    .unwrap();
    passwords.verify(0, NETWORK, given("x"), None).unwrap();
    woken.recv_timeout(PATIENCE).unwrap();
    let mut out = Vec::new();
    passwords.answers(&mut out);
    for job in 1..=3 {
        assert_eq!(passwords.verify(job, NETWORK, given("x"), None), Ok(()));
    }
    assert_eq!(passwords.verify(4, NETWORK, given("x"), None), Err(Busy));
    assert_eq!(passwords.hash(5, NETWORK, given("x"), [0; 16]), Err(Busy));
    drop(go);
    for _ in 1..=2 {
        woken.recv_timeout(PATIENCE).unwrap();
    }
    // Answers that were not taken still count.
    assert_eq!(passwords.verify(6, NETWORK, given("x"), None), Err(Busy));
    passwords.answers(&mut out);
    woken.recv_timeout(PATIENCE).unwrap();
    passwords.answers(&mut out);
    assert_eq!(out, [0, 1, 2, 3].map(|job| (job, Outcome::Wrong)));
    assert_eq!(passwords.verify(7, NETWORK, given("x"), None), Ok(()));
}

#[test]
fn networks_take_turns_and_the_busiest_makes_room() {
    let limits = Limits { password_jobs_max: 6, ..cheap() };
    let (wake, woken) = channel();
    let mut passwords = PasswordWorker::start(&limits, move || {
        let _ = wake.send(());
    })
    .unwrap();
    let submit = |passwords: &mut PasswordWorker, job, network: u8| {
        passwords.verify(job, [192, 0, 2, network].into(), given("x"), None)
    };
    // Two go to the thread at once; four of the same network wait.
    for job in 0..6 {
        assert_eq!(submit(&mut passwords, job, 1), Ok(()));
    }
    assert_eq!(submit(&mut passwords, 6, 1), Err(Busy));
    assert_eq!(submit(&mut passwords, 7, 2), Ok(()));
    assert_eq!(submit(&mut passwords, 8, 3), Ok(()));
    let mut out = Vec::new();
    while passwords.busy() {
        passwords.answers(&mut out);
        if out.len() < 8 {
            woken.recv_timeout(PATIENCE).unwrap();
        }
    }
    let numbers = |wanted: &Outcome| {
        let wanted = out.iter().filter(|(_, outcome)| outcome == wanted);
        wanted.map(|(job, _)| *job).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&Outcome::PushedOut), [5, 4]);
    assert_eq!(numbers(&Outcome::Wrong), [0, 1, 2, 7, 8, 3]);
}

#[test]
fn the_thread_ends_when_its_handle_is_dropped() {
    let (held, gone) = channel::<()>();
    let mut passwords = PasswordWorker::start(&cheap(), move || {
        // The thread keeps this as long as it lives.
        let _ = &held;
    })
    .unwrap();
    for job in 0..64 {
        passwords.verify(job, NETWORK, given("x"), None).unwrap();
    }
    drop(passwords);
    assert_eq!(gone.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn the_dummy_hash_costs_as_much_as_a_new_one() {
    for limits in [Limits::default(), cheap()] {
        let own = hash(&given("correct horse"), [1; 16], &limits).unwrap();
        let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        let lengths = |hash: &str| hash.split('$').map(str::len).collect::<Vec<_>>();
        let nobodys = dummy_hash(&limits);
        assert_eq!((cost(&nobodys), lengths(&nobodys)), (cost(&own), lengths(&own)));
        assert_eq!(verify(&given("correct horse"), &nobodys), Ok(false));
    }
}

#[test]
fn the_duration_does_not_tell_whether_an_account_exists() {
    let limits = Limits::default();
    let mut world = World::new(&limits);
    let account = hash(&given("correct horse"), [1; 16], &limits).unwrap();
    let clock = Clock::start();
    let mut median = |hash: Option<&Arc<str>>| {
        let mut times: Vec<Duration> = (0..7)
            .map(|job| {
                let start = clock.now().at;
                world.passwords.verify(job, NETWORK, given("wrong horse"), hash.cloned()).unwrap();
                assert_eq!(world.one(), Outcome::Wrong);
                clock.now().at.since(start)
            })
            .collect();
        times.sort();
        times[3].as_secs_f64()
    };
    let ratio = median(Some(&account)) / median(None);
    assert!((0.2..5.0).contains(&ratio), "{ratio}");
}

#[test]
fn a_cost_below_the_recommendation_does_not_suffice() {
    let enough = |mib: usize, password_passes: u32| {
        let password_memory_bytes = mib * 1024 * 1024;
        Limits { password_memory_bytes, password_passes, ..Limits::default() }
            .password_cost_suffices()
    };
    for (mib, passes) in [(46, 1), (19, 2), (12, 3), (9, 4), (7, 5), (1024, 16)] {
        assert!(enough(mib, passes), "{mib} {passes}");
    }
    for (mib, passes) in [(19, 1), (17, 2), (6, 6), (8, 4), (1025, 1), (64, 17), (64, 0), (0, 2)] {
        assert!(!enough(mib, passes), "{mib} {passes}");
    }
}
