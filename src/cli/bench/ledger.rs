//! What was sent, and what each client has received of it.
//!
//! Each sender numbers its messages from 0. For each client and each sender of its room there is the
//! number that is due next; so one comparison shows that a delivery is the right one. What is skipped
//! is missing until it comes: then it was out of order, otherwise it is lost.
//!
//! A client that cannot receive just now, because its connection was cut or it does not read, is
//! absent: nobody waits for it, and the latencies of what it gets later are left out. It has to get
//! everything all the same.

use std::collections::{BTreeSet, HashSet, VecDeque};

use hdrhistogram::Histogram;

use super::marker::Marker;
use super::shape::Shape;
use super::times::histogram;

/// What is wrong with what was received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    /// Messages that a client did not get.
    pub(super) lost: u64,
    /// Messages that a client got more than once.
    pub(super) repeated: u64,
    /// Messages that a client got after later ones.
    pub(super) reordered: u64,
    /// Messages of another room, of another run, or that were never sent.
    pub(super) foreign: u64,
}

impl Faults {
    pub(super) fn is_any(&self) -> bool {
        *self != Self::default()
    }
}

/// What a delivery was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// The message that was due, or a later one.
    Due,
    /// One that had been skipped.
    Late,
    /// One that the client has.
    Repeated,
    Foreign,
    /// The client's own, which it need not get; it may when it comes back.
    Own,
}

#[derive(Clone, Copy, Debug)]
struct UnderWay {
    sent_us: u64,
    /// Clients that are there and do not have it.
    remaining: u32,
}

/// The books.
#[derive(Debug)]
pub(super) struct Ledger {
    shape: Shape,
    /// By client and sender: the number that is due.
    due: Vec<u32>,
    /// By client: since when it is there, [`ABSENT`] if it is not.
    present_since_us: Vec<u64>,
    /// By room: the clients that are there.
    present: Vec<u32>,
    /// By sender.
    sent: Vec<u32>,
    /// By sender: its messages that not all who are there have, the oldest first; the last of them is
    /// the one sent last.
    under_way: Vec<VecDeque<UnderWay>>,
    /// Client, sender and number of what was skipped.
    missing: HashSet<(u32, u32, u32)>,
    /// Sender and number of what nobody has to get.
    void: BTreeSet<(u32, u32)>,
    /// Deliveries that are to come.
    owed: i64,
    /// Whether it is unknown how many are to come.
    doubted: bool,
    /// By sender: its messages that are complete, since that was last asked.
    complete: Vec<u32>,
    /// Senders with such messages.
    ready: Vec<u32>,
    faults: Faults,
    /// Messages sent from here on are measured, until the second.
    window_us: (u64, u64),
    /// Messages of the window.
    pub(super) messages: u64,
    /// Deliveries in the window.
    pub(super) deliveries: u64,
    /// Deliveries of all.
    pub(super) received: u64,
    /// From sending to each delivery.
    pub(super) latency: Histogram<u64>,
    /// From sending to the last delivery.
    pub(super) last: Histogram<u64>,
    /// From sending to the acknowledgement.
    pub(super) ack: Histogram<u64>,
}

/// A client that is not there.
const ABSENT: u64 = u64::MAX;
/// Any number is right: the client has missed some.
const ANY: u32 = u32::MAX;
/// What is skipped beyond that is lost.
const MISSING_MAX: usize = 4_000_000;

impl Ledger {
    pub(super) fn new(shape: Shape) -> Self {
        Self {
            shape,
            due: vec![0; shape.clients * shape.width()],
            present_since_us: vec![ABSENT; shape.clients],
            present: vec![0; shape.rooms],
            sent: vec![0; shape.senders],
            under_way: vec![VecDeque::new(); shape.senders],
            missing: HashSet::new(),
            void: BTreeSet::new(),
            owed: 0,
            doubted: false,
            complete: vec![0; shape.senders],
            ready: Vec::new(),
            faults: Faults::default(),
            window_us: (u64::MAX, u64::MAX),
            messages: 0,
            deliveries: 0,
            received: 0,
            latency: histogram(),
            last: histogram(),
            ack: histogram(),
        }
    }

    /// Measures what is sent from now on until [`Ledger::end`].
    pub(super) fn begin(&mut self, now_us: u64) {
        self.window_us = (now_us, u64::MAX);
    }

    pub(super) fn end(&mut self, now_us: u64) {
        self.window_us.1 = now_us;
    }

    fn measures(&self, at_us: u64) -> bool {
        (self.window_us.0..self.window_us.1).contains(&at_us)
    }

    /// Enters a message, and returns its marker.
    pub(super) fn send(&mut self, sender: usize, sent_us: u64) -> Marker {
        let number = self.sent[sender];
        self.sent[sender] += 1;
        let mut remaining = self.present[self.shape.room(sender)];
        if !self.shape.echo && self.present_since_us[sender] != ABSENT {
            remaining -= 1;
        }
        self.owed += i64::from(self.shape.audience(sender));
        self.messages += u64::from(self.measures(sent_us));
        self.under_way[sender].push_back(UnderWay { sent_us, remaining });
        self.settle(sender);
        Marker { run: self.shape.run, sender: sender as u32, number, sent_us }
    }

    /// Enters a delivery. What is sent `again` because it was missed may be there already.
    pub(super) fn deliver(
        &mut self,
        client: usize,
        marker: &Marker,
        now_us: u64,
        again: bool,
    ) -> Delivery {
        let Shape { run, senders, .. } = self.shape;
        let sender = marker.sender as usize;
        let own = marker.run == run
            && sender < senders
            && self.shape.room(sender) == self.shape.room(client)
            && marker.number < self.sent[sender];
        if !own {
            self.faults.foreign += 1;
            return Delivery::Foreign;
        }
        if !self.shape.echo && sender == client {
            return Delivery::Own;
        }
        let due = &mut self.due[client * self.shape.width() + sender / self.shape.rooms];
        let mut delivery = Delivery::Due;
        if marker.number == *due || *due == ANY {
            *due = marker.number + 1;
        } else if marker.number > *due {
            let skipped = *due..marker.number;
            *due = marker.number + 1;
            let room = MISSING_MAX.saturating_sub(self.missing.len());
            let skipped = skipped.map(|number| (client as u32, marker.sender, number));
            self.missing.extend(skipped.clone().take(room));
            self.faults.lost += skipped.skip(room).count() as u64;
        } else if self.missing.remove(&(client as u32, marker.sender, marker.number)) {
            delivery = Delivery::Late;
            self.faults.reordered += u64::from(!again);
        } else {
            self.faults.repeated += u64::from(!again);
            return Delivery::Repeated;
        }
        self.owed -= 1;
        self.received += 1;
        self.deliveries += u64::from(self.measures(now_us));
        if marker.sent_us >= self.present_since_us[client] {
            if self.measures(marker.sent_us) {
                self.latency.saturating_record(now_us.saturating_sub(marker.sent_us));
            }
            self.has(sender, marker.number, now_us);
        }
        delivery
    }

    /// Enters that a client got a message after a later one of another sender.
    pub(super) fn is_reordered(&mut self) {
        self.faults.reordered += 1;
    }

    /// Enters that a client got a message that is none of ours.
    pub(super) fn is_foreign(&mut self) {
        self.faults.foreign += 1;
    }

    /// Enters the acknowledgement of a message.
    pub(super) fn acknowledge(&mut self, marker: &Marker, now_us: u64) {
        if self.measures(marker.sent_us) {
            self.ack.saturating_record(now_us.saturating_sub(marker.sent_us));
        }
    }

    /// Has one client fewer to wait for.
    fn has(&mut self, sender: usize, number: u32, now_us: u64) {
        let under_way = &mut self.under_way[sender];
        let first = self.sent[sender] as usize - under_way.len();
        let index = (number as usize).checked_sub(first);
        let message = index.and_then(|index| under_way.get_mut(index));
        let Some(message) = message.filter(|message| message.remaining > 0) else { return };
        message.remaining -= 1;
        if message.remaining > 0 {
            return;
        }
        let sent_us = message.sent_us;
        if self.measures(sent_us) {
            self.last.saturating_record(now_us.saturating_sub(sent_us));
        }
        self.settle(sender);
    }

    /// Takes the messages off that are complete.
    fn settle(&mut self, sender: usize) {
        let under_way = &mut self.under_way[sender];
        while under_way.front().is_some_and(|message| message.remaining == 0) {
            under_way.pop_front();
            self.complete[sender] += 1;
            if self.complete[sender] == 1 {
                self.ready.push(sender as u32);
            }
        }
    }

    /// Returns the senders of complete messages, and of how many.
    pub(super) fn take_complete(&mut self) -> Vec<(usize, u32)> {
        let ready = std::mem::take(&mut self.ready);
        let complete = ready.into_iter().map(|sender| sender as usize);
        complete.map(|sender| (sender, std::mem::take(&mut self.complete[sender]))).collect()
    }

    /// Waits no more for what was sent before this.
    pub(super) fn expire(&mut self, before_us: u64) {
        for sender in 0..self.shape.senders {
            for message in &mut self.under_way[sender] {
                if message.sent_us >= before_us {
                    break;
                }
                message.remaining = 0;
            }
            self.settle(sender);
        }
    }

    /// Enters that a message was not taken, so nobody has to get it.
    pub(super) fn refuse(&mut self, sender: usize, number: u32) {
        if sender >= self.shape.senders
            || number >= self.sent[sender]
            || !self.void.insert((sender as u32, number))
        {
            return;
        }
        self.owed -= i64::from(self.shape.audience(sender));
        let under_way = &mut self.under_way[sender];
        let first = self.sent[sender] as usize - under_way.len();
        if let Some(index) = (number as usize).checked_sub(first) {
            under_way[index].remaining = 0;
            self.settle(sender);
        }
    }

    /// Enters that it is unknown which of a sender's messages have been taken.
    pub(super) fn doubt(&mut self, sender: usize) {
        self.doubted = true;
        let sent = self.sent[sender];
        let under_way = self.under_way[sender].len() as u32;
        for number in sent - under_way..sent {
            self.refuse(sender, number);
        }
    }

    /// Enters that a client is there from now on; `missed` says that it did not get what was sent
    /// meanwhile and never will.
    pub(super) fn enter(&mut self, client: usize, now_us: u64, missed: bool) {
        if self.present_since_us[client] == ABSENT {
            self.present_since_us[client] = now_us;
            self.present[self.shape.room(client)] += 1;
        }
        if missed {
            self.doubted = true;
            let width = self.shape.width();
            self.due[client * width..][..width].fill(ANY);
        }
    }

    /// Enters that a client is not there: nobody waits for it any more.
    pub(super) fn leave(&mut self, client: usize, now_us: u64) {
        let since_us = std::mem::replace(&mut self.present_since_us[client], ABSENT);
        if since_us == ABSENT {
            return;
        }
        self.present[self.shape.room(client)] -= 1;
        for sender in self.shape.senders_to(client) {
            let due = self.due[client * self.shape.width() + sender / self.shape.rooms];
            let under_way = &self.under_way[sender];
            let first = self.sent[sender] - under_way.len() as u32;
            let waits = |(number, message): (u32, &UnderWay)| {
                let lacks = due != ANY && number >= due
                    || self.missing.contains(&(client as u32, sender as u32, number));
                (lacks && message.sent_us >= since_us && message.remaining > 0).then_some(number)
            };
            let waiting: Vec<u32> = (first..).zip(under_way).filter_map(waits).collect();
            for number in waiting {
                self.has(sender, number, now_us);
            }
        }
    }

    /// Whether everything has come that is to come.
    pub(super) fn is_settled(&self) -> bool {
        !self.doubted && self.owed <= 0
    }

    /// Returns what was wrong; what has not come now is lost.
    pub(super) fn faults(&self) -> Faults {
        let is_void = |sender: u32, number| self.void.contains(&(sender, number));
        let missing = self.missing.iter().filter(|(_, sender, number)| !is_void(*sender, *number));
        let mut faults = self.faults;
        faults.lost += missing.count() as u64;
        for client in 0..self.shape.clients {
            for sender in self.shape.senders_to(client) {
                let due = self.due[client * self.shape.width() + sender / self.shape.rooms];
                let (sent, name) = (self.sent[sender], sender as u32);
                if due < sent {
                    let void = self.void.range((name, due)..(name, sent)).count();
                    faults.lost += u64::from(sent - due) - void as u64;
                }
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Shape = Shape { run: 7, clients: 4, senders: 4, rooms: 2, echo: true };

    fn ledger(shape: Shape) -> Ledger {
        let mut ledger = Ledger::new(shape);
        (0..shape.clients).for_each(|client| ledger.enter(client, 0, false));
        ledger.begin(0);
        ledger
    }

    fn faults(lost: u64, repeated: u64, reordered: u64, foreign: u64) -> Faults {
        Faults { lost, repeated, reordered, foreign }
    }

    #[test]
    fn a_message_is_complete_when_all_in_the_room_have_it() {
        let mut ledger = ledger(ALL);
        let marker = ledger.send(0, 10);
        assert_eq!(ledger.deliver(0, &marker, 20, false), Delivery::Due);
        assert!(ledger.take_complete().is_empty() && !ledger.is_settled());
        assert_eq!(ledger.faults(), faults(1, 0, 0, 0));
        assert_eq!(ledger.deliver(2, &marker, 40, false), Delivery::Due);
        assert_eq!(ledger.take_complete(), [(0, 1)]);
        assert!(ledger.is_settled() && ledger.take_complete().is_empty());
        assert_eq!(ledger.faults(), Faults::default());
        assert_eq!((ledger.latency.min(), ledger.last.max()), (10, 30));
        assert_eq!((ledger.messages, ledger.deliveries, ledger.received), (1, 2, 2));
    }

    #[test]
    fn without_echo_nobody_waits_for_the_sender() {
        let mut ledger = ledger(Shape { echo: false, ..ALL });
        let marker = ledger.send(0, 10);
        assert_eq!(ledger.deliver(2, &marker, 40, false), Delivery::Due);
        assert_eq!(ledger.take_complete(), [(0, 1)]);
        assert_eq!((ledger.faults(), ledger.is_settled()), (Faults::default(), true));
        assert_eq!(ledger.deliver(0, &marker, 50, false), Delivery::Own);
        assert_eq!(ledger.faults(), Faults::default());
    }

    #[test]
    fn what_is_lost_repeated_late_or_foreign_is_counted_once() {
        let mut ledger = ledger(ALL);
        let sent = [10, 20, 30, 40].map(|at| ledger.send(0, at));
        let mut get = |client, index: usize| ledger.deliver(client, &sent[index], 50, false);
        for (index, delivery) in [
            (0, Delivery::Due),
            (2, Delivery::Due),
            (1, Delivery::Late),
            (2, Delivery::Repeated),
            (1, Delivery::Repeated),
        ] {
            assert_eq!(get(0, index), delivery);
        }
        (0..4).for_each(|index| _ = get(2, index));
        assert_eq!(get(1, 0), Delivery::Foreign, "of another room");
        for marker in [
            Marker { run: 8, ..sent[0] },
            Marker { sender: 9, ..sent[0] },
            Marker { number: 4, ..sent[0] },
        ] {
            assert_eq!(ledger.deliver(0, &marker, 50, false), Delivery::Foreign);
        }
        assert_eq!(ledger.faults(), faults(1, 2, 1, 4));
    }

    #[test]
    fn nobody_waits_for_an_absent_client_which_has_to_get_everything_later() {
        let mut ledger = ledger(ALL);
        let first = ledger.send(0, 10);
        ledger.deliver(0, &first, 11, false);
        ledger.leave(2, 12);
        assert_eq!(ledger.take_complete(), [(0, 1)]);
        let second = ledger.send(0, 20);
        ledger.deliver(0, &second, 21, false);
        assert_eq!(ledger.take_complete(), [(0, 1)]);
        ledger.enter(2, 30, false);
        let third = ledger.send(0, 40);
        ledger.deliver(0, &third, 41, false);
        for marker in [first, second, third] {
            assert!(ledger.take_complete().is_empty() && !ledger.is_settled());
            ledger.deliver(2, &marker, 50, false);
        }
        assert_eq!(ledger.take_complete(), [(0, 1)]);
        assert_eq!((ledger.faults(), ledger.is_settled()), (Faults::default(), true));
        // What came late because the client was away says nothing of the server.
        assert_eq!((ledger.latency.len(), ledger.latency.max()), (4, 10));
    }

    #[test]
    fn what_is_refused_or_missed_is_not_lost() {
        let mut ledger = ledger(ALL);
        let refused = ledger.send(0, 10);
        let taken = ledger.send(0, 20);
        ledger.refuse(0, refused.number);
        ledger.refuse(0, refused.number);
        assert_eq!(ledger.take_complete(), [(0, 1)]);
        ledger.deliver(0, &taken, 30, false);
        ledger.deliver(2, &taken, 30, false);
        assert_eq!((ledger.faults(), ledger.is_settled()), (Faults::default(), true));
        ledger.leave(2, 40);
        let missed = ledger.send(0, 50);
        ledger.deliver(0, &missed, 51, false);
        ledger.enter(2, 60, true);
        let next = ledger.send(0, 70);
        ledger.deliver(0, &next, 71, false);
        assert_eq!(ledger.deliver(2, &next, 71, false), Delivery::Due);
        assert_eq!(ledger.faults(), Faults::default());
    }

    #[test]
    fn what_is_sent_again_on_request_is_no_fault() {
        let mut ledger = ledger(ALL);
        let sent = [10, 20, 30].map(|at| ledger.send(0, at));
        ledger.deliver(0, &sent[0], 40, false);
        ledger.deliver(0, &sent[2], 40, false);
        for (index, delivery) in
            [(0, Delivery::Repeated), (1, Delivery::Late), (2, Delivery::Repeated)]
        {
            assert_eq!(ledger.deliver(0, &sent[index], 50, true), delivery);
        }
        (0..3).for_each(|index| _ = ledger.deliver(2, &sent[index], 50, true));
        assert_eq!(ledger.faults(), Faults::default());
    }

    #[test]
    fn a_closed_loop_goes_on_without_what_is_too_late() {
        let mut ledger = ledger(ALL);
        let late = ledger.send(0, 10);
        ledger.send(0, 5000);
        ledger.expire(1000);
        assert_eq!(ledger.take_complete(), [(0, 1)]);
        assert_eq!(ledger.deliver(0, &late, 6000, false), Delivery::Due);
        assert_eq!((ledger.latency.len(), ledger.last.len()), (1, 0));
    }
}
