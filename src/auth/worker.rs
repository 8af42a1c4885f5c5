//! The thread that hashes and verifies passwords.
//!
//! One thread, so that logins never take more than one core and one hash's memory. Its queue is
//! bounded; a job that does not fit is refused at once.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use super::limit::Limits;
use super::password::{self, Password};

/// The handle of the thread, which ends when this is dropped, after its current job.
pub struct PasswordWorker {
    jobs: Sender<Job>,
    answers: Receiver<(u64, Outcome)>,
    /// Jobs submitted and not yet answered; neither channel ever holds more.
    waiting: usize,
    jobs_max: usize,
}

/// The result of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The hash of a new password.
    Hashed(Arc<str>),
    /// The password is the account's.
    Verified,
    /// The password is wrong, or there is no such account.
    Wrong,
    /// Out of memory, or the stored hash is damaged.
    Failed,
}

/// The queue is full; the job was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// A password and what to do with it.
struct Job {
    number: u64,
    password: Password,
    task: Task,
}

enum Task {
    Hash([u8; 16]),
    Verify(Option<Arc<str>>),
}

impl PasswordWorker {
    /// Starts the thread, which calls `waker` after each job.
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

    /// Queues the hashing of a new password. `salt` must be random.
    pub fn hash(&mut self, job: u64, password: Password, salt: [u8; 16]) -> Result<(), Busy> {
        self.submit(Job { number: job, password, task: Task::Hash(salt) })
    }

    /// Queues the comparison of a password with an account's hash. `None` if there is no such
    /// account: the same work is done, so that its duration does not tell (except for hashes that
    /// were made with other cost settings).
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

    /// Appends the results since the last call to `out`, in the order of the jobs.
    pub fn answers(&mut self, out: &mut Vec<(u64, Outcome)>) {
        for answer in self.answers.try_iter() {
            self.waiting = self.waiting.saturating_sub(1);
            out.push(answer);
        }
    }

    /// Whether any job is not answered yet.
    pub fn busy(&self) -> bool {
        self.waiting > 0
    }
}

impl fmt::Debug for PasswordWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordWorker").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

/// Runs jobs until the handle is dropped.
fn work(
    queue: &Receiver<Job>,
    out: &Sender<(u64, Outcome)>,
    waker: &(impl Fn() + ?Sized),
    limits: &Limits,
) {
    let dummy = password::dummy_hash(limits);
    while let Ok(job) = queue.recv() {
        let outcome = carry_out(&job, &dummy, limits);
        if out.send((job.number, outcome)).is_err() {
            break;
        }
        waker();
    }
}

fn carry_out(job: &Job, dummy: &Arc<str>, limits: &Limits) -> Outcome {
    match &job.task {
        Task::Hash(salt) => {
            password::hash(&job.password, *salt, limits).map_or(Outcome::Failed, Outcome::Hashed)
        }
        Task::Verify(hash) => {
            match password::verify(&job.password, hash.as_ref().unwrap_or(dummy)) {
                // Even a password that matches the dummy hash has no account.
                Ok(true) if hash.is_some() => Outcome::Verified,
                Ok(_) => Outcome::Wrong,
                Err(password::Failed) => Outcome::Failed,
            }
        }
    }
}
