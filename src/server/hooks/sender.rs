//! The threads that send messages to the targets of hooks.
//!
//! All deliveries to a host go by one thread, in order: a host that does not answer holds up only
//! those that share its thread. What waits for a thread is bounded by the chat, which has a few
//! deliveries under way.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use ring::hmac;
use ureq::http::{Response, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body};

use super::address::PublicAddresses;
use super::target::Target;
use crate::chat::record::AuthorKey;
use crate::chat::{Delivered, Delivery, Limits};
use crate::clock::Clock;

/// The handle of the threads, which end when this is dropped, after the jobs they have.
#[derive(Debug)]
pub(super) struct Sender {
    lanes: Vec<mpsc::Sender<Job>>,
    outcomes: Receiver<(AuthorKey, u64, Delivered)>,
}

/// A message to send.
#[derive(Debug)]
pub(super) struct Job {
    hook: AuthorKey,
    seq: u64,
    uri: Uri,
    lane: u64,
    secret: Arc<str>,
    idempotency_key: String,
    body: Vec<u8>,
    within: Duration,
}

impl Job {
    /// Returns the job of a delivery to its target; `event` is its body.
    pub(super) fn new(
        delivery: &Delivery,
        target: Target,
        epoch: &str,
        event: &[u8],
        limits: &Limits,
    ) -> Self {
        let Delivery { hook, secret, room, seq, .. } = delivery;
        let mut lane = DefaultHasher::new();
        target.authority.hash(&mut lane);
        let room = utf8_percent_encode(room, IN_KEY);
        Self {
            hook: *hook,
            seq: *seq,
            uri: target.uri,
            lane: lane.finish(),
            secret: Arc::clone(secret),
            idempotency_key: format!("{epoch}:{room}:{seq}"),
            body: event.to_vec(),
            within: limits.hook_within,
        }
    }
}

/// What is escaped of a room's name: spaces, and what separates the parts of the key.
const IN_KEY: &AsciiSet = &CONTROLS.add(b' ').add(b':').add(b'%').add(b'"');

impl Sender {
    /// Starts the threads, which call `waker` after each job.
    pub(super) fn start(waker: &Arc<dyn Fn() + Send + Sync>) -> io::Result<Self> {
        let (out, outcomes) = mpsc::channel();
        let mut lanes = Vec::new();
        for _ in 0..LANES {
            let (lane, queue) = mpsc::channel();
            let (out, waker) = (out.clone(), Arc::clone(waker));
            let agent = agent(RootCerts::WebPki);
            let work = move || work(&agent, &queue, &out, &*waker);
            thread::Builder::new().name("hooks".into()).spawn(work)?;
            lanes.push(lane);
        }
        Ok(Self { lanes, outcomes })
    }

    /// Has a message sent.
    pub(super) fn send(&self, job: Job) {
        let lane = usize::try_from(job.lane % LANES).unwrap_or(0);
        if let Some(lane) = self.lanes.get(lane) {
            // A thread ends only when this does.
            drop(lane.send(job));
        }
    }

    /// Takes what became of the messages since the last call.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = (AuthorKey, u64, Delivered)> {
        self.outcomes.try_iter()
    }
}

const LANES: u64 = 4;

/// Returns what sends: no redirect is followed, no proxy is asked, no connection is kept, and of the
/// answer only the head is read.
fn agent(roots: RootCerts) -> Agent {
    let tls = TlsConfig::builder().root_certs(roots).build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .max_response_header_size(HEAD_BYTES_MAX)
        .max_idle_connections(0)
        .user_agent(concat!("chinwag/", env!("CARGO_PKG_VERSION")))
        .build();
    Agent::with_parts(config, DefaultConnector::default(), PublicAddresses)
}

const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Sends messages until the handle is dropped.
fn work(
    agent: &Agent,
    queue: &Receiver<Job>,
    out: &mpsc::Sender<(AuthorKey, u64, Delivered)>,
    waker: &(impl Fn() + ?Sized),
) {
    let clock = Clock::start();
    while let Ok(job) = queue.recv() {
        let outcome = send(agent, &job, clock.now().unix_ms / 1000);
        if out.send((job.hook, job.seq, outcome)).is_err() {
            break;
        }
        waker();
    }
}

fn send(agent: &Agent, job: &Job, now_unix_s: u64) -> Delivered {
    let request = agent
        .post(job.uri.clone())
        .config()
        .timeout_global(Some(job.within))
        .build()
        .header("Content-Type", "application/json")
        .header("Idempotency-Key", &job.idempotency_key)
        .header("X-Chinwag-Signature", signature(&job.secret, now_unix_s, &job.body));
    match request.send(&job.body[..]) {
        Ok(response) => outcome(&response),
        Err(error) => {
            tracing::debug!(hook = job.hook.to_hex(), seq = job.seq, %error, "not sent");
            Delivered::Failed(Duration::ZERO)
        }
    }
}

/// Returns what a response means. A redirect is a failure: the target may have moved to where nothing
/// is to be sent.
fn outcome(response: &Response<Body>) -> Delivered {
    match response.status().as_u16() {
        200..300 => Delivered::Done,
        // The same message would be refused again.
        400 | 413 | 415 | 422 => Delivered::Refused,
        _ => {
            let after = response.headers().get("Retry-After");
            let after = after.and_then(|it| it.to_str().ok()?.trim().parse().ok());
            Delivered::Failed(Duration::from_secs(after.unwrap_or(0)))
        }
    }
}

/// Signs a body: `t=UNIX_SECONDS,v1=HEX`, the HMAC-SHA256 of `UNIX_SECONDS.BODY`.
fn signature(secret: &str, unix_s: u64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{unix_s}.").as_bytes());
    context.update(body);
    let hex: String = context.sign().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={unix_s},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use ureq::tls::Certificate;

    #[test]
    fn a_signature_is_the_hmac_of_time_and_body() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
        assert_eq!(
            signature("secret", 1_700_000_000, b"{\"a\":1}"),
            "t=1700000000,v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686"
        );
    }

    fn job(url: &str, within: Duration) -> Job {
        Job {
            hook: AuthorKey([1; 16]),
            seq: 7,
            uri: url.parse().unwrap(),
            lane: 0,
            secret: "secret".into(),
            idempotency_key: "e:caf%C3%A9:7".into(),
            body: b"{}".to_vec(),
            within,
        }
    }

    const LONG: Duration = Duration::from_secs(30);

    /// Answers one request, by TLS with a certificate of its own if asked to. Returns what came of
    /// sending to it.
    fn exchange(answer: &str, roots: fn(Vec<u8>) -> RootCerts, tls: bool) -> (Delivered, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let (certificate, answer) = (made.cert.der().to_vec(), answer.to_owned());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = rustls::ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![made.cert.der().clone()], key.into())
                .unwrap();
            let mut session = rustls::ServerConnection::new(Arc::new(config)).unwrap();
            let mut secure = rustls::Stream::new(&mut session, &mut stream);
            let (mut got, mut buffer) = (Vec::new(), [0; 4096]);
            while !got.ends_with(b"\r\n\r\n{}") {
                let read =
                    if tls { secure.read(&mut buffer) } else { secure.sock.read(&mut buffer) };
                match read {
                    Ok(bytes) if bytes > 0 => got.extend_from_slice(&buffer[..bytes]),
                    _ => return String::new(),
                }
            }
            let _ = if tls {
                secure.write_all(answer.as_bytes())
            } else {
                secure.sock.write_all(answer.as_bytes())
            };
            String::from_utf8(got).unwrap()
        });
        let scheme = if tls { "https" } else { "http" };
        let agent = agent(roots(certificate));
        let outcome = send(&agent, &job(&format!("{scheme}://{address}/in?x"), LONG), 9);
        (outcome, server.join().unwrap())
    }

    const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

    #[test]
    fn a_certificate_is_checked_against_the_roots() {
        let own =
            |der: Vec<u8>| RootCerts::new_with_certs(&[Certificate::from_der(&der).to_owned()]);
        assert_eq!(exchange(OK, own, true).0, Delivered::Done);
        let (outcome, got) = exchange(OK, |_| RootCerts::WebPki, true);
        assert_eq!((outcome, &*got), (Delivered::Failed(Duration::ZERO), ""));
    }

    #[test]
    fn a_request_is_signed_and_named() {
        let (outcome, got) = exchange(OK, |_| RootCerts::WebPki, false);
        assert_eq!(outcome, Delivered::Done);
        assert!(got.starts_with("POST /in?x HTTP/1.1\r\n"), "{got}");
        let signature = signature("secret", 9, b"{}");
        for line in [
            "content-type: application/json",
            "content-length: 2",
            "idempotency-key: e:caf%c3%a9:7",
            &format!("x-chinwag-signature: {signature}"),
        ] {
            assert!(got.to_lowercase().contains(&format!("\r\n{line}\r\n")), "{line}: {got}");
        }
    }

    #[test]
    fn an_answer_says_whether_to_send_again_and_when() {
        let failed = |seconds| Delivered::Failed(Duration::from_secs(seconds));
        for (head, outcome) in [
            ("200 OK\r\nContent-Length: 99999999999", Delivered::Done),
            ("422 No", Delivered::Refused),
            ("302 Found\r\nLocation: http://127.0.0.1:1/", failed(0)),
            ("307 Found\r\nLocation: http://127.0.0.1:1/", failed(0)),
            ("500 Oh", failed(0)),
            ("429 Slow\r\nRetry-After: 17", failed(17)),
            ("503 Busy\r\nRetry-After: Sun, 29 Nov 2026 15:00:00 GMT", failed(0)),
            (&format!("200 OK\r\nX: {}", "x".repeat(HEAD_BYTES_MAX)), failed(0)),
        ] {
            let answer = format!("HTTP/1.1 {head}\r\n\r\n");
            assert_eq!(exchange(&answer, |_| RootCerts::WebPki, false).0, outcome, "{head:.40}");
        }
    }

    #[test]
    fn a_target_that_does_not_answer_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let agent = agent(RootCerts::WebPki);
        let outcome = send(&agent, &job(&url, Duration::from_millis(50)), 9);
        assert_eq!(outcome, Delivered::Failed(Duration::ZERO));
    }
}
