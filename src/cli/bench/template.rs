//! The text of a message with places for markers.

use super::marker::{self, Marker};

/// Where the marker goes.
pub(super) const MARKER: &str = "{marker}";
/// What is filled up until the text has its size.
const PAD: &str = "{pad}";

/// A text that is the same for all messages of a sender but for the marker.
#[derive(Debug, Default)]
pub(super) struct Template {
    text: Vec<u8>,
    /// Where the markers begin.
    markers: Vec<usize>,
}

impl Template {
    /// Fills in what a text says of a client: `{i}`, its number, and `{room}`, that of its room.
    pub(super) fn fill(text: &str, client: usize, room: usize) -> String {
        text.replace("{i}", &client.to_string()).replace("{room}", &room.to_string())
    }

    /// Makes a template of a text in which everything else is filled in. A `{pad}` in it is made so
    /// long that all of it has this many bytes, if that is possible.
    pub(super) fn new(text: &str, bytes: usize) -> Self {
        let blank = "0".repeat(marker::BYTES);
        let length = text.replace(MARKER, &blank).replace(PAD, "").len();
        let text = text.replace(PAD, &"x".repeat(bytes.saturating_sub(length)));
        let (mut bytes, mut markers) = (Vec::new(), Vec::new());
        let mut parts = text.split(MARKER);
        bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
        for part in parts {
            markers.push(bytes.len());
            bytes.extend_from_slice(blank.as_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        Self { text: bytes, markers }
    }

    /// Returns the text with this marker.
    pub(super) fn with(&mut self, marker: &Marker) -> &[u8] {
        let marker = marker.text();
        for at in &self.markers {
            self.text[*at..*at + marker::BYTES].copy_from_slice(&marker);
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_its_size_and_the_marker_wherever_it_is_wanted() {
        let marker = Marker { run: 1, sender: 2, number: 3, sent_us: 4 };
        let shown = String::from_utf8(marker.text().to_vec()).unwrap();
        let filled = Template::fill("{i} in {room}: {marker}", 12, 3);
        assert_eq!(filled, "12 in 3: {marker}");
        let mut template = Template::new("[{marker}] {marker} {pad}!", 80);
        let text = String::from_utf8(template.with(&marker).to_vec()).unwrap();
        assert_eq!(text, format!("[{shown}] {shown} {}!", "x".repeat(80 - 2 * 34 - 5)));
        let short = Template::new("{marker}{pad}", 5).with(&marker).len();
        assert_eq!(short, marker::BYTES);
    }
}
