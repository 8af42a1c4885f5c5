//! The thread that works on passwords.
//!
//! One thread, so that logins never take more than one core and one password's memory, whatever
//! comes in. Its queue is bounded; who comes when it is full is told so at once.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use super::limit::Limits;
use super::password::{self, Password};

/// Hashes and compares passwords on a thread of its own, which ends when this is dropped: at once,
/// or after the password it is at.
pub struct Passwords {
    jobs: Sender<Job>,
    answers: Receiver<(u64, Outcome)>,
    /// Jobs taken in and not yet answered; neither channel ever holds more.
    waiting: usize,
    jobs_max: usize,
}

/// Says how a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This is the hash.
    Hashed(Arc<str>),
    /// It is the account's password.
    Verified,
    /// It is not, or there is no such account.
    Wrong,
    /// The machine has no memory for it, or what was kept is no hash.
    Failed,
}

/// Says that too many passwords wait already; nothing was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// Is a password and what to do with it.
struct Job {
    number: u64,
    password: Password,
    task: Task,
}

enum Task {
    Hash([u8; 16]),
    Verify(Option<Arc<str>>),
}

impl Passwords {
    /// Starts the thread. `waker` is called from it whenever there is an answer.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(limits: &Limits, waker: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let (out, answers) = mpsc::channel();
        let (jobs_max, limits) = (limits.password_jobs_max, limits.clone());
        let work = move || work(&queue, &out, &waker, &limits);
        thread::Builder::new().name("passwords".into()).spawn(work)?;
        Ok(Self { jobs, answers, waiting: 0, jobs_max })
    }

    /// Has a new password hashed. The salt is 16 random bytes.
    pub fn hash(&mut self, job: u64, password: Password, salt: [u8; 16]) -> Result<(), Busy> {
        self.submit(Job { number: job, password, task: Task::Hash(salt) })
    }

    /// Has a password compared with the hash of an account. `None` says that there is no such
    /// account: the same work is done, so that the time it takes tells nothing (save for hashes that
    /// were made when the settings said another cost).
    pub fn verify(
        &mut self,
        job: u64,
        password: Password,
        hash: Option<Arc<str>>,
    ) -> Result<(), Busy> {
        self.submit(Job { number: job, password, task: Task::Verify(hash) })
    }

    fn submit(&mut self, job: Job) -> Result<(), Busy> {
        if self.waiting >= self.jobs_max {
            return Err(Busy);
        }
        self.jobs.send(job).map_err(|_| Busy)?;
        self.waiting = self.waiting.saturating_add(1);
        Ok(())
    }

    /// Appends what has been done since to `out`, in the order in which it was asked for.
    pub fn answers(&mut self, out: &mut Vec<(u64, Outcome)>) {
        for answer in self.answers.try_iter() {
            self.waiting = self.waiting.saturating_sub(1);
            out.push(answer);
        }
    }

    /// Says whether anything waits for its answer.
    pub fn busy(&self) -> bool {
        self.waiting > 0
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

/// Works until nobody asks, or nobody listens, any more.
fn work(
    queue: &Receiver<Job>,
    out: &Sender<(u64, Outcome)>,
    waker: &(impl Fn() + ?Sized),
    limits: &Limits,
) {
    let nobodys = password::nobodys_hash(limits);
    while let Ok(job) = queue.recv() {
        let outcome = carry_out(&job, &nobodys, limits);
        if out.send((job.number, outcome)).is_err() {
            break;
        }
        waker();
    }
}

fn carry_out(job: &Job, nobodys: &Arc<str>, limits: &Limits) -> Outcome {
    match &job.task {
        Task::Hash(salt) => {
            password::hash(&job.password, *salt, limits).map_or(Outcome::Failed, Outcome::Hashed)
        }
        Task::Verify(hash) => {
            match password::verify(&job.password, hash.as_ref().unwrap_or(nobodys)) {
                // Whoever might find nobody's password would still be nobody.
                Ok(true) if hash.is_some() => Outcome::Verified,
                Ok(_) => Outcome::Wrong,
                Err(password::Failed) => Outcome::Failed,
            }
        }
    }
}
