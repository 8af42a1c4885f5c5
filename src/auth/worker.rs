//! The thread that hashes and verifies passwords.
//!
//! One thread, so that logins never take more than one core and one hash's memory. Its queue is
//! bounded; a job that does not fit is refused at once.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SendError, Sender};
use std::thread;

use super::limit::Limits;
use super::password::{self, Password};

/// The handle of the thread, which ends when this is dropped, after the jobs it has.
///
/// Networks take turns: whoever sends many logins waits behind its own. When the queue is full, the
/// newest job of the network that has most waiting makes room for one of a network that has fewer.
pub struct PasswordWorker {
    jobs: Sender<Job>,
    answers: Receiver<(u64, Outcome)>,
    /// Jobs that wait, by network; none of the lists is empty.
    waiting: HashMap<IpAddr, VecDeque<Job>>,
    /// The networks in that map, the next one first.
    turns: VecDeque<IpAddr>,
    /// Jobs that were pushed out of the queue.
    pushed_out: Vec<u64>,
    /// Jobs that the thread has and has not answered yet.
    under_way: usize,
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
    /// The queue was full, and the job's network had most jobs in it.
    PushedOut,
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
        Ok(Self {
            jobs,
            answers,
            waiting: HashMap::new(),
            turns: VecDeque::new(),
            pushed_out: Vec::new(),
            under_way: 0,
            jobs_max,
        })
    }

    /// Queues the hashing of a new password for a network. `salt` must be random.
    pub fn hash(
        &mut self,
        job: u64,
        network: IpAddr,
        password: Password,
        salt: [u8; 16],
    ) -> Result<(), Busy> {
        self.submit(network, Job { number: job, password, task: Task::Hash(salt) })
    }

    /// Queues the comparison of a password with an account's hash for a network. `None` if there is
    /// no such account: the same work is done, so that its duration does not tell (except for hashes
    /// that were made with other cost settings).
    pub fn verify(
        &mut self,
        job: u64,
        network: IpAddr,
        password: Password,
        hash: Option<Arc<str>>,
    ) -> Result<(), Busy> {
        self.submit(network, Job { number: job, password, task: Task::Verify(hash) })
    }

    fn submit(&mut self, network: IpAddr, job: Job) -> Result<(), Busy> {
        let queued: usize = self.waiting.values().map(VecDeque::len).sum();
        if queued.saturating_add(self.under_way) >= self.jobs_max {
            let own = self.waiting.get(&network).map_or(0, VecDeque::len);
            let most = self.waiting.iter().max_by_key(|(_, jobs)| jobs.len());
            let (&most, _) =
                most.filter(|(_, jobs)| jobs.len() > own.saturating_add(1)).ok_or(Busy)?;
            // More than one is left, so the network keeps its turn.
            let newest = self.waiting.get_mut(&most).and_then(VecDeque::pop_back);
            self.pushed_out.extend(newest.map(|job| job.number));
        }
        let jobs = self.waiting.entry(network).or_default();
        if jobs.is_empty() {
            self.turns.push_back(network);
        }
        jobs.push_back(job);
        self.hand_over();
        Ok(())
    }

    /// Hands jobs to the thread: one to work on, and one for when it is done.
    fn hand_over(&mut self) {
        while self.under_way < 2
            && let Some(network) = self.turns.pop_front()
        {
            let Some(jobs) = self.waiting.get_mut(&network) else { continue };
            let job = jobs.pop_front();
            if jobs.is_empty() {
                self.waiting.remove(&network);
            } else {
                self.turns.push_back(network);
            }
            match job.map(|job| self.jobs.send(job)) {
                Some(Ok(())) => self.under_way = self.under_way.saturating_add(1),
                // The thread is gone.
                Some(Err(SendError(job))) => self.pushed_out.push(job.number),
                None => {}
            }
        }
    }

    /// Appends the results since the last call to `out`.
    pub fn answers(&mut self, out: &mut Vec<(u64, Outcome)>) {
        out.extend(self.pushed_out.drain(..).map(|job| (job, Outcome::PushedOut)));
        for answer in self.answers.try_iter() {
            self.under_way = self.under_way.saturating_sub(1);
            out.push(answer);
        }
        self.hand_over();
    }

    /// Whether any job is not answered yet.
    pub fn busy(&self) -> bool {
        self.under_way > 0 || !self.turns.is_empty() || !self.pushed_out.is_empty()
    }
}

impl fmt::Debug for PasswordWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordWorker").field("under_way", &self.under_way).finish_non_exhaustive()
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
