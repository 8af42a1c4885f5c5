//! Certificates that are read anew when their files change, or when that is asked for.
//!
//! Files are read on a thread of their own: a disk may hang.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::Config;
use crate::net::tls::Certificates;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(5);

/// The thread that reads certificates.
#[derive(Debug)]
pub(super) struct CertificateReader {
    requests: Sender<()>,
    read: Receiver<Certificates>,
}

impl CertificateReader {
    /// Starts the thread. It ends with this value.
    pub(super) fn start(config: &Config, wake: impl Fn() + Send + 'static) -> Self {
        let (requests, asked) = channel();
        let (sender, read) = channel();
        let config = config.clone();
        thread::spawn(move || {
            let mut last = stamps(&config);
            loop {
                let asked = match asked.recv_timeout(EVERY) {
                    Ok(()) => true,
                    Err(RecvTimeoutError::Timeout) => false,
                    Err(RecvTimeoutError::Disconnected) => return,
                };
                let current = stamps(&config);
                if !asked && current == last {
                    continue;
                }
                last = current;
                if let Some(certificates) = reread(&config) {
                    // Nobody takes them from a server that ends.
                    let _ = sender.send(certificates);
                    wake();
                }
            }
        });
        Self { requests, read }
    }

    /// Has the files read now, changed or not.
    pub(super) fn reload(&self) {
        // The thread ends only with this value.
        let _ = self.requests.send(());
    }

    /// Returns the certificates that were read last, if any were since the last call.
    pub(super) fn take(&self) -> Option<Certificates> {
        self.read.try_iter().last()
    }
}

/// Reads the certificates; if they cannot be used, logs why.
fn reread(config: &Config) -> Option<Certificates> {
    match config.certificates() {
        Ok(certificates) => {
            let certificates = certificates?;
            tracing::info!("certificates reloaded");
            warn_of_validity(&certificates, config);
            Some(certificates)
        }
        Err(why) => {
            tracing::error!("certificates not reloaded, the old ones stay in use: {why}");
            None
        }
    }
}

/// Logs which certificates are not valid now.
pub(super) fn warn_of_validity(certificates: &Certificates, config: &Config) {
    let now_unix_s = Clock::start().now().unix_ms / 1000;
    for (certificate, file) in certificates.iter().zip(&config.tls_cert) {
        let (validity, file) = (certificate.validity(), file.display());
        if validity.until_unix_s < now_unix_s {
            tracing::warn!(%file, "the certificate has expired");
        } else if validity.from_unix_s > now_unix_s {
            tracing::warn!(%file, "the certificate is not valid yet");
        }
    }
}

/// What changes with a file: device, inode, size, and time in nanoseconds; `None` without a file.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

fn stamps(config: &Config) -> Vec<Stamp> {
    let stamp = |path: &PathBuf| {
        let file = fs::metadata(path).ok()?;
        Some((file.dev(), file.ino(), file.len(), file.mtime(), file.mtime_nsec()))
    };
    config.tls_cert.iter().chain(&config.tls_key).map(stamp).collect()
}
