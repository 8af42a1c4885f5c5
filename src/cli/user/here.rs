//! Accounts of a record that no server has: the chat decides, as it would in the server.

use std::{sync::mpsc, time::Duration};

use zeroize::Zeroizing;

use super::{Failure, Line, Task};
use crate::{
    auth::{self, Password},
    chat::record::AuthorKey,
    chat::{Account, AccountRequest, Chat, ClientId, Effect, Input, Request, ServerEvent},
    clock::Clock,
    config::Config,
    journal::{Journal, OpenError},
    server::random,
};

/// Does what is to be done; gives nothing if a server has the record.
pub(super) fn run(config: &Config, task: &Task) -> Result<Option<Vec<Line>>, Failure> {
    let clock = Clock::start();
    let (waker, woken) = mpsc::channel();
    let wake = move || {
        // A reactor that has ended needs no waking.
        _ = waker.send(());
    };
    let opened =
        Journal::open(config.engine(), config.journal.clone(), random(), clock.now(), wake);
    let (mut journal, opening) = match opened {
        Err(OpenError::Locked { .. }) => return Ok(None),
        opened => opened.map_err(failure)?,
    };
    let mut chat = Chat::new(config.chat.clone(), opening);
    let request = Request::AccountRequest(Box::new(registry(config, task)?));
    let (caller, network) = (ClientId(0), [127, 0, 0, 1].into());
    let mut inputs = vec![Input::Asked { caller, network, request }];
    let event = loop {
        let mut effects = Vec::new();
        for input in inputs.drain(..) {
            chat.handle(clock.now(), input, &mut effects);
        }
        let mut answer = None;
        for effect in effects {
            match effect {
                Effect::Journal(request) => journal.submit(clock.now(), request),
                Effect::Respond { event, .. } => answer = Some(event),
                // There are no clients.
                _ => {}
            }
        }
        if let Some(event) = answer {
            break event;
        }
        let mut answers = Vec::new();
        journal.responses(clock.now(), &mut answers);
        if answers.is_empty() && woken.recv_timeout(PATIENCE).is_err() {
            return Err(Failure::Run("the record does not answer".to_owned()));
        }
        inputs.extend(answers.into_iter().map(Input::Answered));
    };
    // Requests without an answer are written as well.
    journal.responses(clock.now(), &mut Vec::new());
    if !journal.close(PATIENCE) {
        return Err(Failure::Run("the record could not be closed in time".to_owned()));
    }
    match event {
        ServerEvent::Account(account) => Ok(Some(vec![line(*account)])),
        ServerEvent::Accounts(accounts) => Ok(Some(accounts.into_iter().map(line).collect())),
        ServerEvent::Error(refusal) => Err(Failure::Run(refusal.message.into_owned())),
        other => Err(Failure::Run(format!("unexpected: {other:?}"))),
    }
}

const PATIENCE: Duration = Duration::from_secs(60);

fn registry(config: &Config, task: &Task) -> Result<AccountRequest, Failure> {
    Ok(match task {
        Task::Add { name, admin, password } => {
            let (author, name) = (AuthorKey(random()), name.as_str().into());
            let hash = Some(hash(config, password)?);
            AccountRequest::Add(Account {
                author,
                name,
                hash,
                admin: *admin,
                since: 0,
                registered: None,
                status: Default::default(),
            })
        }
        Task::SetPassword { name, password } => {
            let hash = hash(config, password)?;
            AccountRequest::SetHash { name: name.as_str().into(), hash, kept: None }
        }
        Task::Remove { name } => AccountRequest::Remove { name: name.as_str().into() },
        Task::List => AccountRequest::List,
    })
}

fn hash(config: &Config, password: &Zeroizing<String>) -> Result<std::sync::Arc<str>, Failure> {
    let limits = &config.accounts;
    let password = Password::new(String::clone(password), limits).map_err(failure)?;
    auth::hash(&password, random(), limits).map_err(failure)
}

fn line(account: Account) -> Line {
    Line { name: account.name.as_ref().to_owned(), admin: account.admin }
}

fn failure(error: impl ToString) -> Failure {
    Failure::Run(error.to_string())
}
