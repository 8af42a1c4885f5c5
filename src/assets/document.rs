//! Files that the program makes when it starts.

use std::borrow::Cow;
use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use sha1::{Digest, Sha1};

use super::coding::Coding;
use super::{Variant, answer};
use crate::http::{Request, Response};

/// A file that was made at the start and does not change while the program runs.
#[derive(Debug)]
pub struct Document {
    name: &'static str,
    variants: Vec<Variant>,
}

impl Document {
    /// Makes a file of this name, uncompressed and with gzip. Its content is never freed, so that no
    /// response copies it.
    pub fn new(name: &'static str, content: Vec<u8>) -> Self {
        let gzip = gzip(&content).map(|coded| (Coding::Gzip, coded));
        let all = gzip.into_iter().chain([(Coding::Identity, content)]);
        let variants = all.map(|(coding, content)| {
            let hash = Sha1::digest(&content);
            let tag: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
            let content: &'static [u8] = content.leak();
            Variant { coding, content: Cow::Borrowed(content), tag: format!("\"{tag}\"") }
        });
        Self { name, variants: variants.collect() }
    }

    /// Answers a request for the file.
    pub fn respond(&self, request: &Request) -> Response {
        answer(request, self.name, false, self.variants.clone())
    }
}

fn gzip(content: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).ok()?;
    let mut coded = encoder.finish().ok()?;
    coded.shrink_to_fit();
    Some(coded)
}
