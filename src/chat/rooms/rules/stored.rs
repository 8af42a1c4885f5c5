//! What holds in a room, as facts beside its record.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Ban, Rules, Touched};
use crate::chat::names::likeness;
use crate::chat::record::{AuthorKey, Fact, Shelf};

/// The room as a fact.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct RoomFact {
    owner: Option<String>,
    private: bool,
    locked: bool,
    slow: u64,
}

impl Rules {
    /// Writes what has changed as facts.
    pub(in crate::chat) fn facts(&self, room: &str, touched: &BTreeSet<Touched>) -> Vec<Fact> {
        touched.iter().map(|touched| self.fact(room, touched)).collect()
    }

    fn fact(&self, room: &str, touched: &Touched) -> Fact {
        let (shelf, key, value) = match touched {
            Touched::Room => {
                let fact = RoomFact {
                    owner: self.owner.map(AuthorKey::to_hex),
                    private: self.private,
                    locked: self.locked,
                    slow: self.slow,
                };
                (Shelf::Rooms, room.to_owned(), serde_json::to_string(&fact).ok())
            }
            Touched::Standing(author) => {
                let standing = self.standings.get(author);
                let value = standing.and_then(|standing| serde_json::to_string(standing).ok());
                (Shelf::Standings, format!("{room}/{}", author.to_hex()), value)
            }
            Touched::Ban(name) => {
                let ban = self.bans.get(name);
                let value = ban.and_then(|ban| serde_json::to_string(ban).ok());
                (Shelf::Bans, format!("{room}/{name}"), value)
            }
        };
        Fact { shelf, key: key.into(), value: value.map(Into::into) }
    }

    /// Takes in a fact of before the start; `key` is what follows the room's.
    pub(in crate::chat) fn restore(&mut self, shelf: Shelf, key: &str, value: &str) {
        match shelf {
            Shelf::Rooms => {
                let Ok(fact) = serde_json::from_str::<RoomFact>(value) else { return };
                self.owner = fact.owner.as_deref().and_then(AuthorKey::from_hex);
                (self.private, self.locked, self.slow) = (fact.private, fact.locked, fact.slow);
            }
            Shelf::Standings => {
                if let (Some(author), Ok(standing)) =
                    (AuthorKey::from_hex(key), serde_json::from_str(value))
                {
                    self.standings.insert(author, standing);
                }
            }
            Shelf::Bans => {
                if let Ok(ban) = serde_json::from_str::<Ban>(value) {
                    let like = likeness(&ban.name);
                    self.bans.insert(key.into(), Ban { like, ..ban });
                }
            }
            _ => {}
        }
    }
}
