//! `chinwag health`: which server it asks, and what it makes of the answer.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{PATIENCE, Server, binary};
use crate::data::Data;

/// Runs the command; gives its exit code and what it wrote to stdout and stderr.
fn health(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = Command::new(binary())
        .arg("health")
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// Runs the command without the address file that the directory of the test could have.
fn health_of(address: &str) -> (Option<i32>, String, String) {
    health(&["--data", "none", "--listen", address], &[])
}

fn alive(address: &str) -> (Option<i32>, String, String) {
    (Some(0), format!("{address}: alive\n"), String::new())
}

#[test]
fn the_server_is_found_as_it_finds_its_own_address() {
    let data = Data::new();
    let server = Server::start(&[]);
    let address = server.address.as_str();
    assert_eq!(health_of(address), alive(address));
    let environment = [("CHINWAG_LISTEN", address), ("CHINWAG_DATA", "none")];
    assert_eq!(health(&[], &environment), alive(address));
    let file = data.outer().join("chinwag.toml");
    fs::write(&file, format!("listen = [\"{address}\"]\ndata = \"none\"\n")).unwrap();
    assert_eq!(health(&["--config", file.to_str().unwrap()], &[]), alive(address));
}

#[test]
fn a_server_on_every_address_is_asked_at_loopback() {
    let server = Server::start(&[]);
    let port = server.address.rsplit_once(':').unwrap().1;
    assert_eq!(health_of(&format!("0.0.0.0:{port}")), alive(&server.address));
}

#[test]
fn the_address_that_a_server_left_in_its_directory_comes_first() {
    let data = Data::new();
    let server = data.start(&[]);
    let dir = data.dir();
    let arguments = ["--data", dir.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    assert_eq!(health(&arguments, &[]), alive(&server.address));
    drop(server);
    let (code, stdout, stderr) = health(&arguments, &[]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert_eq!(stderr, "no server runs on this data directory, and --listen names no port\n");
}

#[test]
fn a_server_that_wants_proxy_headers_is_asked_too() {
    let server = Server::start(&["--trusted-proxy", "loopback", "--proxy-protocol", "on"]);
    assert_eq!(health_of(&server.address), alive(&server.address));
}

#[test]
fn a_server_with_names_of_its_own_is_asked_too() {
    let server = Server::start(&["--allow-host", "chat.example"]);
    assert_eq!(health_of(&server.address), alive(&server.address));
}

/// Serves one connection after the other in a thread that ends with the tests.
fn serve(talk: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || listener.incoming().flatten().for_each(talk));
    address
}

/// Returns the one line that the command fails with.
fn fails(address: &str) -> String {
    let begun = Instant::now();
    let (code, stdout, stderr) = health_of(address);
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(begun.elapsed() < PATIENCE);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr.strip_prefix(address).unwrap_or(&stderr).trim().to_owned()
}

#[test]
fn what_does_not_answer_is_not_healthy() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    assert_eq!(fails(&nobody), ": Connection refused (os error 111)");
    assert!(fails(&serve(drop)).starts_with(": "));
}

#[test]
fn an_answer_that_is_not_that_of_a_server_alive_is_not_healthy() {
    for (answer, why) in [
        ("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", ": answers 503"),
        ("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", ": answers 302"),
        ("SSH-2.0-OpenSSH_9.2\r\n", ": answers in a way that is not understood"),
    ] {
        let address = serve(move |mut stream| {
            let mut head = [0; 1024];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(answer.as_bytes());
        });
        assert_eq!(fails(&address), why);
    }
}

#[test]
fn what_never_ends_its_answer_is_given_up() {
    let silent = serve(|stream| {
        thread::spawn(move || {
            thread::sleep(2 * PATIENCE);
            drop(stream);
        });
    });
    let drips = serve(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(b".").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    let floods = serve(|mut stream| while stream.write_all(&[b'.'; 4096]).is_ok() {});
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(fails(&silent), ": timed out"));
        scope.spawn(|| assert_eq!(fails(&drips), ": timed out"));
        scope.spawn(|| assert_eq!(fails(&floods), ": answers in a way that is not understood"));
    });
}

#[test]
fn a_configuration_that_does_not_hold_is_not_healthy_either() {
    let (code, stdout, stderr) = health(&["--listen", "8080", "--lag-max", "x"], &[]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains("--listen 8080") && stderr.contains("--lag-max x"), "{stderr}");
}
