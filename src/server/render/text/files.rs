//! Files of messages in text: their name, size and address.

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::chat::record::{File, Files};
use crate::config::PublicUrl;

/// Returns the text of a message with its files, each as `[file photo.jpg 1.2 MB URL]`.
pub(super) fn with_content<'a>(
    content: &'a str,
    files: &Files,
    links: Option<&PublicUrl>,
) -> Cow<'a, str> {
    if files.is_empty() {
        return Cow::Borrowed(content);
    }
    let mut text = content.to_owned();
    for file in files.iter() {
        if !text.is_empty() {
            text.push(' ');
        }
        let path = path(file);
        let link = links.map_or_else(|| path.clone(), |url| url.link(&path));
        let _ = write!(text, "[file {} {} {link}]", file.name, size(file.bytes));
    }
    Cow::Owned(text)
}

/// Returns the path of a file.
fn path(file: &File) -> String {
    let name = utf8_percent_encode(&file.name, UNRESERVED).to_string();
    ["/files/", &file.id.to_hex(), "/", &name].concat()
}

/// All but the unreserved characters (RFC 3986 §2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns a number of bytes as people read it.
fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let (mut tenths, mut unit) = (bytes / 100, "kB");
    for next in units.into_iter().skip(1) {
        if tenths < 10_000 {
            break;
        }
        (tenths, unit) = (tenths / 1000, next);
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::record::FileId;

    #[test]
    fn a_file_is_a_name_a_size_and_an_address() {
        let file =
            File { name: "a b.jpg".into(), bytes: 1_234_567, ..File::unknown(FileId([0x0a; 16])) };
        let path = format!("/files/{}/a%20b.jpg", "0a".repeat(16));
        let files = Files::from([file]);
        let shown = |content, links| with_content(content, &files, links).into_owned();
        assert_eq!(shown("", None), format!("[file a b.jpg 1.2 MB {path}]"));
        assert_eq!(shown("see", None), format!("see [file a b.jpg 1.2 MB {path}]"));
        assert_eq!(with_content("see", &Files::default(), None), "see");
    }

    #[test]
    fn a_size_has_three_digits_at_most_before_the_unit() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_999, "999.9 kB"),
            (1_000_000, "1.0 MB"),
            (26_214_400, "26.2 MB"),
            (5_000_000_000, "5.0 GB"),
            (u64::MAX, "18446744.0 TB"),
        ] {
            assert_eq!(size(bytes), text, "{bytes}");
        }
    }
}
