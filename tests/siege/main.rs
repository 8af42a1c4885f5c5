//! A siege: attackers of every kind, one after the other, while bystanders talk and measure.
//!
//! `cargo test --release --test siege` takes a minute and is what `tests/run siege` does. For more:
//!
//! ```text
//! cargo test --release --test siege -- [--seconds N] [--binary PATH] [--only NAME,…] [--tls on]
//! ```
//!
//! Each attacker opens its connections, and is silent and attacks by turns. The bystanders' 99th
//! percentile while it attacks is held against that of its silence, the server's memory against what
//! its limits allow, its descriptors against those of before; and the room is read back and compared
//! with what was acknowledged. What else the machine does delays the bystanders, too: how long a
//! thread waits for a processor is measured beside them and allowed for, and an attacker that broke a
//! bound is given two more chances.

#![expect(clippy::disallowed_methods, reason = "a siege is held in real time")]

mod attackers;
mod bystander;
mod report;
mod server;
mod storm;
mod stream;
mod wire;

use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bystander::{Bystanders, Measured, Times};
use report::Report;
use server::{Allowance, Client, Server};
use storm::{Attacker, Phase, storm};

/// How often an attacker is silent and attacks.
const ROUNDS: usize = 2;
/// How long what is left of an attack may keep the server busy.
const RECOVERY: Duration = Duration::from_secs(10);
/// What is lost by a crash would fill the screen.
const FAULTS_SHOWN: usize = 8;
/// How often an attacker may try to break no bound.
const ATTEMPTS: u32 = 3;
/// A longer siege has several passes: what it leaves behind in each would add up.
const PASS: Duration = Duration::from_secs(600);
/// What the server may hold at rest after the last pass, of what it held after the second, in
/// percent.
const GROWTH_MOST: u64 = 110;
/// From here on delays are measured well enough to be compared alone.
const LONG: Duration = Duration::from_secs(3600);

fn main() -> ExitCode {
    let options = Options::read();
    let attackers: Vec<&Attacker> = attackers::ALL
        .iter()
        .filter(|it| options.only.is_empty() || options.only.iter().any(|name| name == it.name))
        .collect();
    let passes = (options.time.as_secs() / PASS.as_secs()).max(1) as u32;
    let slot = options.time / passes / attackers.len().max(1) as u32;
    let hold = |siege: &mut Siege<'_>, attacker| {
        let faults = siege.stand(attacker, slot);
        for fault in faults.iter().take(FAULTS_SHOWN) {
            println!("    BROKEN: {fault}");
        }
        faults.is_empty()
    };
    let how = if options.tls { "through TLS" } else { "plain" };
    println!("{}, {how}: {} attackers, {slot:?} each", options.binary, attackers.len());
    let allowance = Allowance::by_default(options.tls);
    println!(
        "memory beside an idle server's: {} MB, and {} KB for each connection",
        allowance.shared >> 20,
        allowance.connection >> 10
    );
    println!("{HEADER}");
    let mut siege = Siege::new(&options);
    let mut failed = Vec::new();
    for pass in 1..=passes {
        for attacker in &attackers {
            if !(0..ATTEMPTS).any(|_| hold(&mut siege, attacker)) {
                failed.push(attacker.name);
                // What one attacker leaves behind is not to be held against the next.
                siege.restart();
            }
        }
        siege.at_rest.push(siege.server.memory());
        println!("pass {pass}: {}", siege.summary());
    }
    if siege.has_grown() {
        println!("    BROKEN: memory at rest has grown");
        failed.push("growth");
    }
    println!("{} of the attackers broke a bound: {}", failed.len(), failed.join(", "));
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

const HEADER: &str = "attacker         conns | talk p50/p99 silent > attacked | visits p99 | search \
                      | login | waits p99 | CPU | memory (allowed) | fates";

struct Options {
    binary: String,
    time: Duration,
    only: Vec<String>,
    /// Whether everybody speaks TLS.
    tls: bool,
}

impl Options {
    fn read() -> Self {
        let mut options = Self {
            binary: env!("CARGO_BIN_EXE_chinwag").to_owned(),
            time: Duration::from_secs(60),
            only: Vec::new(),
            tls: false,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let value = arguments.next().unwrap_or_default();
            match argument.as_str() {
                "--binary" => options.binary = value,
                "--seconds" => {
                    options.time = Duration::from_secs(value.parse().expect("--seconds N"));
                }
                "--tls" => options.tls = value == "on",
                "--only" => options.only = value.split(',').map(str::to_owned).collect(),
                _ => panic!("unknown argument {argument}"),
            }
        }
        options
    }
}

/// The server, those who measure it, and how far the room was read back.
struct Siege<'a> {
    options: &'a Options,
    server: Server,
    bystanders: Bystanders,
    read_back: u64,
    idle: u64,
    /// The most connections that an attacker has had: what they took, the allocator may keep.
    connections_most: usize,
    attacks: u8,
    /// Memory after each pass since the server started.
    at_rest: Vec<u64>,
    /// Of all attackers: what was measured while they were silent, and while they attacked.
    silent: Measured,
    attacked: Measured,
}

impl<'a> Siege<'a> {
    fn new(options: &'a Options) -> Self {
        let (server, bystanders) = begin(options);
        let idle = server.memory();
        Self {
            options,
            server,
            bystanders,
            read_back: 0,
            idle,
            connections_most: 0,
            attacks: 0,
            at_rest: Vec::new(),
            silent: Measured::default(),
            attacked: Measured::default(),
        }
    }

    /// Withstands one attacker, prints what was measured, and returns what was wrong.
    fn stand(&mut self, attacker: &'static Attacker, slot: Duration) -> Vec<String> {
        self.attacks = self.attacks.wrapping_add(1);
        self.bystanders.pause(RECOVERY);
        let descriptors = self.server.descriptors();
        let absent = self.goes_away();
        self.bystanders.go_on();
        self.server.forget_peak();
        let phase = Arc::new(Phase::default());
        let storming = {
            let (phase, number, target) =
                (Arc::clone(&phase), self.attacks, self.server.target.clone());
            thread::spawn(move || storm(attacker, number, &target, &phase))
        };
        let (mut silent, mut attacked) = (Measured::default(), Measured::default());
        let mut cpu = Duration::ZERO;
        for _ in 0..ROUNDS {
            phase.rest();
            // Connections are opened, and what is left of an attack is dealt with.
            thread::sleep(slot / 16);
            self.bystanders.take();
            thread::sleep(slot / 8);
            silent.add(self.bystanders.take());
            let before = self.server.cpu();
            phase.attack();
            thread::sleep(slot * 5 / 16);
            attacked.add(self.bystanders.take());
            cpu += self.server.cpu().saturating_sub(before);
        }
        phase.end();
        let fates = storming.join().expect("an attacker does not panic");
        let recovered = self.recovers(descriptors);
        attacked.add(self.bystanders.take());
        let peak = self.server.peak();
        self.connections_most = self.connections_most.max(attacker.connections);
        let allowed = self.idle + Allowance::by_default(self.options.tls).of(self.connections_most);
        let report = Report { attacker, silent, attacked, cpu, peak, allowed, fates };
        println!("{}", report.line());
        let mut faults = report.faults(self.options.time >= LONG);
        match recovered {
            Ok(()) => {
                faults.extend(absent.and_then(|session| self.comes_back(&session)).err());
                faults.extend(self.read_back());
            }
            Err(fault) => {
                faults.push(fault);
                self.restart();
            }
        }
        self.silent.add(report.silent);
        self.attacked.add(report.attacked);
        self.bystanders.go_on();
        faults
    }

    /// Waits until the server has answered all and closed what is gone.
    fn recovers(&mut self, descriptors: usize) -> Result<(), String> {
        let began = Instant::now();
        let answered = self.bystanders.pause(RECOVERY);
        if !self.server.is_alive() {
            return Err("the server has ended".to_owned());
        }
        if !answered {
            return Err(format!("bystanders still wait {RECOVERY:?} after the attack"));
        }
        let mut left = self.server.descriptors();
        while left > descriptors && began.elapsed() < RECOVERY {
            thread::sleep(Duration::from_millis(10));
            left = self.server.descriptors();
        }
        if left > descriptors {
            return Err(format!("{} descriptors are left over", left - descriptors));
        }
        Ok(())
    }

    /// Lets a guest say something and leave, and returns the key of the session.
    fn goes_away(&self) -> Result<String, String> {
        let query = format!("name=Absent{}&room={}&history=0", self.attacks, bystander::ROOM);
        let network = Ipv4Addr::new(192, 0, 4, self.attacks);
        let mut client = Client::open(&self.server.target, network, &query)?;
        let session = client.next()?["payload"]["session"].as_str().map(str::to_owned);
        client.say(r#"{"type":"send_message","id":"a","payload":"back in a minute"}"#)?;
        while client.next()?["type"] != "ack" {}
        session.ok_or_else(|| "no session".to_owned())
    }

    /// Lets the guest come back.
    fn comes_back(&self, session: &str) -> Result<(), String> {
        let network = Ipv4Addr::new(192, 0, 4, self.attacks);
        let query = format!("session={session}&history=0");
        let mut client = Client::open(&self.server.target, network, &query)?;
        match client.next()?["payload"]["session"].as_str() {
            Some(same) if same == session => Ok(()),
            _ => Err("the session of one who was away is gone".to_owned()),
        }
    }

    fn read_back(&mut self) -> Vec<String> {
        match self.bystanders.check_record(self.read_back) {
            Ok((last, missing)) => {
                self.read_back = last;
                missing.iter().map(|it| format!("lost: {it:?}")).collect()
            }
            Err(fault) => vec![format!("the room cannot be read back: {fault}")],
        }
    }

    fn restart(&mut self) {
        let (server, bystanders) = begin(self.options);
        self.server = server;
        std::mem::replace(&mut self.bystanders, bystanders).end();
        (self.read_back, self.idle) = (0, self.server.memory());
        self.connections_most = 0;
        self.at_rest.clear();
    }

    /// What bystanders of all attackers measured, and what the server holds at rest.
    fn summary(&self) -> String {
        let ms = |times: &Times, at| times.percentile(at).as_secs_f64() * 1000.0;
        let both = |times: &Times| format!("{:.1}/{:.1}", ms(times, 0.5), ms(times, 0.99));
        format!(
            "talk p50/p99 {} > {} ms, waits p99 {:.1} ms, {} MB and {} descriptors at rest",
            both(&self.silent.talk),
            both(&self.attacked.talk),
            ms(&self.attacked.waits, 0.99),
            self.server.memory() >> 20,
            self.server.descriptors(),
        )
    }

    fn has_grown(&self) -> bool {
        match (self.at_rest.get(1), self.at_rest.get(2..).and_then(<[_]>::last)) {
            (Some(second), Some(last)) => *last * 100 > *second * GROWTH_MOST,
            _ => false,
        }
    }
}

/// Starts a server with something in it, and bystanders that have begun to talk.
fn begin(options: &Options) -> (Server, Bystanders) {
    let server = Server::start(&options.binary, options.tls);
    prepare(&server).expect("a server that nobody attacks answers");
    let bystanders = Bystanders::start(server.target.clone());
    thread::sleep(Duration::from_millis(700));
    (server, bystanders)
}

fn prepare(server: &Server) -> Result<(), String> {
    let network = Ipv4Addr::new(203, 0, 113, 1);
    let mut client = Client::connect(&server.target, network)?;
    let (_, page) = client.request(&wire::get("/"))?;
    let script = page.split('"').find(|it| it.ends_with("/app.js")).unwrap_or("/");
    let script = if script.starts_with('/') { script.to_owned() } else { format!("/{script}") };
    let _ = attackers::SCRIPT.set(script);
    let account = r#"{"name":"Mallory","password":"correct horse"}"#;
    client.request(&wire::post("/api/register", account))?;
    for number in 0..4 {
        let query = format!("name=Archivist{number}&room={}&history=0", attackers::ARCHIVE);
        let network = Ipv4Addr::new(203, 0, 113, 2 + number);
        let mut client = Client::open(&server.target, network, &query)?;
        // As many as may be said at once.
        for at in 0..10 {
            let text = "long ago ".repeat(430);
            client.say(&format!(r#"{{"type":"send_message","id":"{at}","payload":"{text}"}}"#))?;
            while client.next()?["type"] != "ack" {}
        }
    }
    Ok(())
}
