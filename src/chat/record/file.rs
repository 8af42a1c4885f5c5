//! Files that messages carry.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{RequestId, RoomKey};

/// The id of a file: random, so that only who is told of it can ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct FileId(pub [u8; 16]);

/// The SHA-256 of a file's bytes, which are stored once for all files that have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct BlobHash(pub [u8; 32]);

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its id.
    #[serde(rename = "file")]
    pub id: FileId,
    /// Its bytes.
    pub blob: BlobHash,
    /// Its name, safe to show and to save under.
    pub name: Arc<str>,
    /// Its media type.
    #[serde(rename = "type")]
    pub media_type: Arc<str>,
    /// The number of its bytes.
    pub bytes: u64,
    /// Width and height of a picture, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<(u32, u32)>,
}

/// The files of a message, in their order.
pub type Files = Arc<[File]>;

impl File {
    /// Returns a file of which only the id is known.
    pub fn unknown(id: FileId) -> Self {
        let (name, media_type) = (Arc::from(""), Arc::from(""));
        Self { id, blob: BlobHash([0; 32]), name, media_type, bytes: 0, size: None }
    }
}

/// Returns the bytes that the description of files takes, roughly.
pub fn files_bytes(files: &Files) -> usize {
    let bytes = |file: &File| file.name.len().saturating_add(FILE_BYTES);
    files.iter().map(bytes).fold(0, usize::saturating_add)
}

/// What a file's description takes beside its name, in memory and on the wire.
const FILE_BYTES: usize = 160;

/// A request for the file with an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileQuery {
    /// Comes back with the answer.
    pub request_id: RequestId,
    /// The id.
    pub file: FileId,
}

/// A file, and the message that carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// The room of the message.
    pub room: RoomKey,
    /// Unix milliseconds at which the message disappears.
    pub expires: Option<u64>,
    /// The file.
    pub file: File,
}

macro_rules! hexadecimal {
    ($type:ident, $digits:literal) => {
        impl $type {
            /// Encodes it in hexadecimal digits.
            pub fn to_hex(self) -> String {
                self.0.iter().map(|byte| format!("{byte:02x}")).collect()
            }

            /// Decodes what `to_hex` returns.
            pub fn from_hex(text: &str) -> Option<Self> {
                let digits = text.as_bytes();
                let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                if digits.len() != $digits || !digits.iter().all(is_digit) {
                    return None;
                }
                let mut bytes = [0; $digits / 2];
                for (byte, digits) in bytes.iter_mut().zip(digits.chunks(2)) {
                    *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
                }
                Some(Self(bytes))
            }
        }

        impl From<$type> for String {
            fn from(it: $type) -> Self {
                it.to_hex()
            }
        }

        impl TryFrom<String> for $type {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::from_hex(&text).ok_or(concat!("not of ", $digits, " hexadecimal digits"))
            }
        }
    };
}

hexadecimal!(FileId, 32);
hexadecimal!(BlobHash, 64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_in_one_way() {
        let id = FileId([0x0a; 16]);
        assert_eq!(FileId::from_hex(&id.to_hex()), Some(id));
        let text = "0a".repeat(16);
        for wrong in ["", "0a", &text[1..], &text.to_uppercase(), &format!("{text}0a")] {
            assert_eq!(FileId::from_hex(wrong), None, "{wrong}");
        }
        assert_eq!(FileId::from_hex(&format!("+{}", &text[1..])), None);
        assert_eq!(BlobHash::from_hex(&text.repeat(2)), Some(BlobHash([0x0a; 32])));
    }
}
