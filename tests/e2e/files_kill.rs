//! A server that is killed while files are uploaded and sent.
//!
//! `KILL_ROUNDS` sets the number of rounds, `KILL_SEED` the first seed.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::Message;

use crate::client::{Client, PATIENCE, binary};
use crate::data::{Data, until};
use crate::files::{get, noise, send};
use crate::kill::{number, scatter};

/// What an uploader knows when the server is gone.
#[derive(Default)]
struct Told {
    session: String,
    /// The files of acknowledged messages, and the seeds of their bytes.
    sent: Vec<(String, u32)>,
    /// A file that was acknowledged, and no message with it.
    waiting: Option<(String, u32)>,
}

#[test]
fn files_that_were_acknowledged_are_whole_after_a_kill() {
    let data = Data::new();
    let arguments = ["--rate-limit", "off", "--http-query-rate-limit", "off"];
    let arguments = [&arguments[..], &["--limit", "downloads_per_second_max=1000000"]].concat();
    let mut server = data.start(&arguments);
    let (mut sent, mut waited) = (Vec::new(), 0);
    let last = number("KILL_ROUNDS").unwrap_or(4);
    for seed in number("KILL_SEED").unwrap_or(1)..=last {
        let before = sent.len();
        let uploaders: Vec<_> = (0..3)
            .map(|own| {
                let client = server.join(&format!("name=Up{seed}x{own}&history=0"));
                let address = server.address.clone();
                thread::spawn(move || upload_until_the_end(client, &address, own))
            })
            .collect();
        thread::sleep(Duration::from_micros(scatter(seed) % 300_000));
        server.kill();
        let told = uploaders.into_iter().map(|it| it.join().unwrap()).collect::<Vec<_>>();
        server = data.start(&arguments);
        let names = || fs::read_dir(data.dir().join("files")).unwrap();
        until("no half file is left", || {
            names().all(|entry| entry.unwrap().path().extension().is_none())
        });
        for Told { session, sent: new, waiting } in told {
            sent.extend(new);
            let Some((file, bytes)) = waiting else { continue };
            // Guests whose first entry was not recorded are not known any more.
            let mut client = server.join(&format!("session={session}&history=0"));
            if client.session() == session {
                let answer = send(&mut client, &file, "lobby", "", &[&file]);
                // It may have been recorded without being acknowledged.
                if answer["type"] == "ack" || answer["payload"]["code"] == "no_such_file" {
                    waited += 1;
                    sent.push((file, bytes));
                } else {
                    panic!("KILL_SEED={seed}: {answer}");
                }
            }
        }
        // What came in this round; all in the end.
        for (file, bytes) in sent.iter().skip(if seed == last { 0 } else { before }) {
            let read = get(&server, file, "", "");
            assert_eq!(read.status(), 200, "KILL_SEED={seed}: {file}");
            assert!(read.body == contents(*bytes), "KILL_SEED={seed}: {file} has other bytes");
        }
        let checked = Command::new(binary()).args(["check", "--data"]).arg(data.dir()).output();
        let checked = String::from_utf8(checked.unwrap().stderr).unwrap();
        assert!(checked.contains("sound"), "KILL_SEED={seed}: {checked}");
    }
    println!("{} files, {waited} of them sent after a kill", sent.len());
}

/// Returns the bytes of a seed: of different lengths, and some that come again.
fn contents(seed: u32) -> Vec<u8> {
    noise(usize::try_from(seed % 5).unwrap() * 60_000 + 10, seed % 40)
}

fn upload_until_the_end(mut client: Client, address: &str, own: u32) -> Told {
    let mut told = Told { session: client.session(), ..Told::default() };
    for number in 0.. {
        let seed = number * 3 + own;
        let Some(file) = upload(address, &told.session, &contents(seed)) else { break };
        told.waiting = Some((file.clone(), seed));
        let payload = json!({"content": "", "files": [file]});
        let event = json!({"type": "send_message", "id": file, "payload": payload});
        if client.socket.send(Message::text(event.to_string())).is_err() {
            break;
        }
        let answer = loop {
            let Some(event) = client.try_next() else { return told };
            if event["re"] == file.as_str() {
                break event;
            }
        };
        assert_eq!(answer["type"], "ack", "{answer}");
        told.waiting = None;
        told.sent.push((file, seed));
    }
    told
}

/// Uploads a file; `None` if the server is gone before it answers.
fn upload(address: &str, session: &str, bytes: &[u8]) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = bytes.len();
    let head = format!(
        "POST /api/rooms/lobby/files?name=n HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Authorization: Bearer {session}\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(bytes).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 201"), "{answer}");
    let file: Value = serde_json::from_str(body).ok()?;
    Some(file["file"].as_str()?.to_owned())
}
