//! What becomes of a request when its password has been worked on.

use super::{Errand, Waiting, busy, login};
use crate::auth::Outcome;
use crate::chat::record::AuthorKey;
use crate::chat::{Account, AccountRequest, Input, Request};
use crate::http::Status;
use crate::net::Turn;
use crate::server::api::refuse;
use crate::server::{Server, random};

impl Server {
    /// Takes in what the worker has done.
    pub(in crate::server) fn take_outcomes(&mut self, turn: &mut Turn<'_>) {
        let mut outcomes = Vec::new();
        self.accounts.passwords.answers(&mut outcomes);
        for (job, outcome) in outcomes {
            if let Some(waiting) = self.accounts.waiting.remove(&job) {
                self.worked(turn, waiting, outcome);
            }
        }
    }

    fn worked(&mut self, turn: &mut Turn<'_>, waiting: Waiting, outcome: Outcome) {
        let hash = match outcome {
            Outcome::Verified | Outcome::Wrong => {
                return self.compared(turn, &waiting, outcome == Outcome::Verified);
            }
            Outcome::Hashed(hash) => hash,
            Outcome::Failed => {
                tracing::error!("a password could not be hashed or compared");
                self.accounts.not_made(&waiting);
                return self.finish(turn, waiting.caller, refuse(busy()));
            }
        };
        let account = |name: Box<str>, admin| Account {
            author: AuthorKey(random()),
            name: name.into(),
            hash: Some(hash.clone()),
            admin,
            // There are no tokens of before.
            since: 0,
        };
        let Waiting { caller, network, errand } = waiting;
        let registry = match errand {
            Errand::Register { name, own } => AccountRequest::Add(account(name, false), own),
            Errand::Add { name, admin } => AccountRequest::Add(account(name, admin), None),
            Errand::SetPassword { name } => AccountRequest::SetHash { name, hash },
            Errand::LogIn { .. } => return,
        };
        let request = Request::AccountRequest(Box::new(registry));
        self.tell(turn, Input::Asked { caller, network, request });
    }

    /// Answers a login.
    fn compared(&mut self, turn: &mut Turn<'_>, waiting: &Waiting, right: bool) {
        let Waiting { caller, network, errand } = waiting;
        let Errand::LogIn { counted_as, author, hash } = errand else { return };
        // It may have been removed meanwhile, or have another password.
        let account = author.and_then(|author| self.chat.account(author));
        let account = account.filter(|account| right && account.hash == *hash);
        let response = match account.map(|account| account.author) {
            Some(author) => {
                self.accounts.attempts.on_success(counted_as, *network);
                self.welcome(*caller, Status(200), author, turn.now().unix_ms / 1000)
            }
            None => {
                // What was typed as a name may be a password.
                tracing::info!(%network, "a login failed");
                refuse(login::wrong())
            }
        };
        self.finish(turn, *caller, response);
    }
}
