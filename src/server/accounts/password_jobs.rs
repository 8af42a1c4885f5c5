//! Finishing the requests whose password has been hashed or verified.

use super::{PasswordJob, PasswordPurpose, busy, login};
use crate::auth::Outcome;
use crate::chat::record::AuthorKey;
use crate::chat::{Account, AccountRequest, Code, Input, Refusal, Request};
use crate::http::Status;
use crate::net::Turn;
use crate::server::exchange::error_response;
use crate::server::metrics::LoginResult;
use crate::server::{Server, random};

impl Server {
    /// Takes the outcomes of the password worker.
    pub(in crate::server) fn take_password_outcomes(&mut self, turn: &mut Turn<'_>) {
        let mut outcomes = Vec::new();
        self.accounts.passwords.answers(&mut outcomes);
        for (id, outcome) in outcomes {
            if let Some(job) = self.accounts.password_jobs.remove(&id) {
                self.on_password_outcome(turn, job, outcome);
            }
        }
    }

    fn on_password_outcome(&mut self, turn: &mut Turn<'_>, job: PasswordJob, outcome: Outcome) {
        let hash = match outcome {
            Outcome::Verified | Outcome::Wrong => {
                let verified = outcome == Outcome::Verified;
                return match &job.purpose {
                    PasswordPurpose::Prove { .. } => self.finish_proof(turn, job, verified),
                    _ => self.finish_login(turn, &job, verified),
                };
            }
            Outcome::Hashed(hash) => hash,
            Outcome::Failed | Outcome::PushedOut => {
                if outcome == Outcome::Failed {
                    tracing::error!("a password could not be hashed or verified");
                }
                self.accounts.refund_attempt(&job);
                return self.finish_exchange(turn, job.caller, error_response(busy()));
            }
        };
        let account = |name: Box<str>, admin| Account {
            author: AuthorKey(random()),
            name: name.into(),
            hash: Some(hash.clone()),
            admin,
            // There are no older tokens to revoke.
            since: 0,
            registered: None,
            status: Default::default(),
        };
        let PasswordJob { caller, network, purpose } = job;
        let account_request = match purpose {
            PasswordPurpose::Register { name, own } => {
                AccountRequest::Register(account(name, false), own)
            }
            PasswordPurpose::Add { name, admin } => AccountRequest::Add(account(name, admin)),
            PasswordPurpose::SetPassword { name, kept, proved } => {
                let stored = self.chat.account_named(&name);
                // An administrator, for one, may have changed the password meanwhile.
                if proved.is_some() && stored.is_none_or(|stored| stored.hash != proved) {
                    return self.finish_exchange(turn, caller, error_response(wrong_old()));
                }
                AccountRequest::SetHash { name, hash, kept }
            }
            PasswordPurpose::LogIn { .. } | PasswordPurpose::Prove { .. } => return,
        };
        let request = Request::AccountRequest(Box::new(account_request));
        self.handle(turn, Input::Asked { caller, network, request });
    }

    /// Goes on with a change of password, if the old one was right.
    fn finish_proof(&mut self, turn: &mut Turn<'_>, job: PasswordJob, verified: bool) {
        let PasswordJob { caller, network, purpose } = job;
        let PasswordPurpose::Prove { counted_as, author, hash, login, new } = purpose else {
            return;
        };
        let account = self.chat.account(author);
        let account = account.filter(|account| verified && account.hash == hash);
        let done = match account.map(|account| Box::from(&*account.name)) {
            Some(name) => {
                self.accounts.attempts.on_success(&counted_as, network);
                self.hash_proved((caller, network), (name, hash), login, new)
            }
            None => {
                tracing::info!(%network, "login failed");
                self.counters.logins.add(LoginResult::Failure);
                Err(wrong_old())
            }
        };
        if let Err(refusal) = done {
            self.finish_exchange(turn, caller, error_response(refusal));
        }
    }

    /// Answers a login.
    fn finish_login(&mut self, turn: &mut Turn<'_>, job: &PasswordJob, verified: bool) {
        let PasswordJob { caller, network, purpose } = job;
        let PasswordPurpose::LogIn { counted_as, author, hash } = purpose else { return };
        // The account may have been removed meanwhile, or its password changed.
        let account = author.and_then(|author| self.chat.account(author));
        let account = account.filter(|account| verified && account.hash == *hash);
        let response = match account.map(|account| account.author) {
            Some(author) => {
                self.accounts.attempts.on_success(counted_as, *network);
                self.counters.logins.add(LoginResult::Success);
                if let Err(refusal) = self.check_banned(turn.now(), None, Some(author)) {
                    let response = error_response(refusal);
                    return self.finish_exchange(turn, *caller, response);
                }
                self.token_response(turn.now(), *caller, Status(200), author, None)
            }
            None => {
                // The name is not logged: users type passwords into the wrong field.
                tracing::info!(%network, "login failed");
                self.counters.logins.add(LoginResult::Failure);
                error_response(login::wrong_credentials())
            }
        };
        self.finish_exchange(turn, *caller, response);
    }
}

fn wrong_old() -> Refusal {
    Refusal::new(Code::Forbidden, "the old password is wrong")
}
