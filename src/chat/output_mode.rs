//! The forms in which a client can read events.

/// The form in which a client reads events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OutputMode {
    /// Events as JSON objects.
    #[default]
    Json,
    /// Lines of text for humans.
    Text,
    /// `{"sender","content"}` only.
    Simple,
}

impl OutputMode {
    /// Parses the value of `?mode=` and `/mode`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "json" => Some(Self::Json),
            "text" => Some(Self::Text),
            "simple" => Some(Self::Simple),
            _ => None,
        }
    }
}
