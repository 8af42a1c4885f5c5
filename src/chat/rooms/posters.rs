//! Recent posters over HTTP: they are in no room, and yet can be moderated.

use std::collections::VecDeque;

use crate::chat::names::Likeness;
use crate::chat::record::AuthorKey;
use crate::chat::rooms::rules::Actor;

/// The recent posters of a room over HTTP, the latest last; at the limit the oldest is forgotten.
#[derive(Debug, Default)]
pub(in crate::chat) struct Posters(VecDeque<Poster>);

#[derive(Debug)]
struct Poster {
    who: Actor,
    like: Likeness,
}

impl Posters {
    /// Adds a poster, as the latest.
    pub(in crate::chat) fn note(&mut self, who: Actor) {
        self.forget(who.author);
        if self.0.len() >= POSTERS_MAX {
            self.0.pop_front();
        }
        let like = Likeness::of(&who.name);
        self.0.push_back(Poster { who, like });
    }

    /// Finds the latest poster with a name, or else with one that looks like it.
    pub(in crate::chat) fn named(&self, name: &str) -> Option<&Actor> {
        let like = Likeness::of(name);
        let exact = self.0.iter().rev().find(|it| it.like.is_same(&like));
        let alike = || self.0.iter().rev().find(|it| it.like.is_like(&like));
        exact.or_else(alike).map(|it| &it.who)
    }

    /// Finds the poster that is an author.
    pub(in crate::chat) fn get(&self, author: AuthorKey) -> Option<&Actor> {
        self.0.iter().map(|it| &it.who).find(|who| who.author == author)
    }

    /// Forgets an author.
    pub(in crate::chat) fn forget(&mut self, author: AuthorKey) {
        self.0.retain(|it| it.who.author != author);
    }
}

/// Posters remembered in each room. A message identifies its author without that, too.
const POSTERS_MAX: usize = 16;
