//! What bytes are: their media type and, of a picture, its size. The name of a file says nothing.

use std::io::Cursor;

/// The media type of bytes that are not shown.
pub const BYTES: &str = "application/octet-stream";

const TEXT: &str = "text/plain";

/// The media types that browsers show without running anything.
const SHOWN: [&str; 13] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "video/mp4",
    "video/webm",
    "audio/mpeg",
    "audio/ogg",
    "audio/opus",
    "video/ogg",
    "application/pdf",
    TEXT,
];

/// Whether a browser may show this media type.
pub fn is_shown(media_type: &str) -> bool {
    SHOWN.contains(&media_type)
}

/// Returns the media type of a file that begins with `head`.
pub(super) fn media_type(head: &[u8]) -> &'static str {
    let known = infer::get(head).map(|kind| kind.mime_type());
    if let Some(shown) = SHOWN.into_iter().find(|shown| Some(*shown) == known) {
        // Opus comes in Ogg.
        return if shown == "audio/opus" { "audio/ogg" } else { shown };
    }
    if known.is_none_or(|known| known.starts_with("text/")) && is_text(head) { TEXT } else { BYTES }
}

/// Returns the width and height of a picture that begins with `head`.
pub(super) fn dimensions(media_type: &str, head: &[u8]) -> Option<(u32, u32)> {
    if !media_type.starts_with("image/") {
        return None;
    }
    let size = imagesize::reader_size(Cursor::new(head)).ok()?;
    let (width, height) = (u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?);
    (width > 0 && height > 0).then_some((width, height))
}

/// Whether this is the beginning of plain text in UTF-8. What begins with `<` is not: it may be HTML
/// or SVG.
fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character may be cut off at the end.
        Err(error) if error.error_len().is_none() => {
            let valid = head.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(valid).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{C}');
    let first = text.trim_start_matches('\u{FEFF}').trim_start().chars().next();
    first.is_some_and(|first| first != '<') && !text.contains(is_control)
}
