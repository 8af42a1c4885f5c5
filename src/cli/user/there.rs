//! Accounts of a server at work, which carries the subcommand out itself.

use std::path::Path;

use serde::Deserialize;
use serde_json::json;

use super::{
    super::operator::{self, Request, encoded},
    Failure, Line, Task,
};
use crate::config::Config;

/// Asks the server to carry out the subcommand.
pub(super) fn run(config: &Config, dir: &Path, task: &Task) -> Result<Vec<Line>, Failure> {
    let body = operator::send(config, dir, &request(task))?;
    read(task, &body).ok_or_else(operator::not_understood)
}

fn request(task: &Task) -> Request {
    let (method, path, body) = match task {
        Task::Add { name, admin, password } => {
            let body = json!({ "name": name, "admin": admin, "password": **password });
            ("POST", String::new(), body.to_string())
        }
        Task::SetPassword { name, password } => {
            let body = json!({ "password": **password }).to_string();
            ("POST", format!("/{}/password", encoded(name)), body)
        }
        Task::Remove { name } => ("DELETE", format!("/{}", encoded(name)), String::new()),
        Task::List => ("GET", String::new(), String::new()),
    };
    Request { method, path: format!("/api/users{path}"), body }
}

/// The server's list of accounts.
#[derive(Deserialize)]
struct Listed {
    accounts: Vec<Line>,
}

/// Takes out of an answer what was asked for, if it is there.
fn read(task: &Task, body: &str) -> Option<Vec<Line>> {
    match task {
        Task::List => serde_json::from_str(body).map(|Listed { accounts }| accounts),
        _ => serde_json::from_str(body).map(|line| vec![line]),
    }
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_one_account_or_all() {
        let read = |task, body: &str| {
            read(task, body).map(|it| it.into_iter().map(|it| (it.name, it.admin)).collect())
        };
        let (gone, is) = (&Task::Remove { name: "Bob".into() }, Some(vec![("Bob".into(), false)]));
        let bob = r#"{"name":"Bob","admin":false,"password":true}"#;
        assert_eq!(read(gone, bob), is);
        assert_eq!(read(&Task::List, &format!("{{\"accounts\":[{bob}]}}")), is);
        assert_eq!(read(gone, ""), None);
    }
}
