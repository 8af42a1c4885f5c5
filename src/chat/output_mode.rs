//! The forms in which a client can read events.

/// How a client wants to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OutputMode {
    /// Events as JSON objects.
    #[default]
    Json,
    /// Lines for people.
    Text,
    /// `{"sender","content"}` only.
    Simple,
}

impl OutputMode {
    /// Reads the word of `?mode=` and `/mode`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "json" => Some(Self::Json),
            "text" => Some(Self::Text),
            "simple" => Some(Self::Simple),
            _ => None,
        }
    }
}
