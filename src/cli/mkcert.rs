//! `chinwag mkcert`: makes a self-signed certificate, for tests and for networks of one's own.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    process::ExitCode,
    time::Duration,
};

use clap::{Arg, ArgAction, ArgMatches, Command};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};

use super::Failure;
use crate::{clock::Clock, config::Host};

/// Describes the command.
pub(super) fn command() -> Command {
    Command::new("mkcert")
        .about("Make a self-signed certificate: cert.pem and key.pem in this directory")
        .arg(
            Arg::new(NAMES)
                .value_name("NAME")
                .help("Host name or address that it is for")
                .action(ArgAction::Append)
                .required(true),
        )
}

/// Writes a certificate for the names in the arguments, and its key.
pub(super) fn run(arguments: &ArgMatches) -> Result<ExitCode, Failure> {
    let names: Vec<String> = arguments.get_many(NAMES).into_iter().flatten().cloned().collect();
    let (certificate, key) = make(&names).map_err(Failure::Run)?;
    write(KEY_FILE, 0o600, &key)?;
    write(CERT_FILE, 0o644, &certificate).inspect_err(|_| {
        // A key alone is of no use. If it cannot be removed, the message says what went wrong.
        _ = fs::remove_file(KEY_FILE);
    })?;
    let line = format!(
        "{CERT_FILE} and {KEY_FILE}, for {DAYS} days; use them with\n\
         chinwag --tls-cert {CERT_FILE} --tls-key {KEY_FILE}\n"
    );
    // The files are there whether or not anybody reads this.
    _ = io::stdout().write_all(line.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// Returns a certificate for these names and its key, in PEM.
fn make(names: &[String]) -> Result<(String, String), String> {
    if let Some(name) = names.iter().find(|name| !is_name(name)) {
        return Err(format!(
            "{name}: not a name; use one such as chat.example or *.chat.example, or an address"
        ));
    }
    let failed = |error: rcgen::Error| format!("cannot make a certificate: {error}");
    let mut params = CertificateParams::new(names).map_err(failed)?;
    let common = names.first().cloned().unwrap_or_default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Clocks differ.
    let from = Duration::from_millis(Clock::start().now().unix_ms).saturating_sub(DAY);
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + from;
    params.not_after = params.not_before + DAY * DAYS;
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// Whether a certificate can be for this name: an address, or a host name, the first label of which
/// may be a star.
fn is_name(name: &str) -> bool {
    let host = name.strip_prefix("*.").unwrap_or(name);
    name.parse::<std::net::IpAddr>().is_ok()
        || Host::parse(host).is_some_and(|it| it.is_portless() && it.name() == host)
}

/// Writes a new file; never over another.
fn write(name: &str, mode: u32, text: &str) -> Result<(), Failure> {
    let open = || -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).mode(mode).open(name)
    };
    let written = open().and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::Run(format!("{name} is there already; remove it first, or use it"))
        }
        _ => Failure::Run(format!("{name}: {error}")),
    })
}

const NAMES: &str = "name";
const CERT_FILE: &str = "cert.pem";
const KEY_FILE: &str = "key.pem";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest that Apple's systems accept.
const DAYS: u32 = 825;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tls::Certificate;

    #[test]
    fn a_certificate_is_for_names_and_addresses() {
        let names = ["chat.example", "*.chat.example", "192.0.2.7", "2001:db8::7", "localhost"];
        let (certificate, key) = make(&names.map(str::to_owned)).expect("a certificate");
        let certificate = Certificate::from_pem(certificate.as_bytes(), key.as_bytes());
        let validity = certificate.expect("a usable certificate").validity();
        let now_unix_s = Clock::start().now().unix_ms / 1000;
        assert!(validity.from_unix_s < now_unix_s);
        assert!(validity.until_unix_s - validity.from_unix_s == DAY.as_secs() * u64::from(DAYS));
        for name in ["", "*", "a b", "chat.example:8080", "https://chat.example", "*.*.a", "Ü.test"]
        {
            assert!(make(&[name.to_owned()]).is_err(), "{name}");
        }
    }
}
