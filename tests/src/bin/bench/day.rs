//! The day that fills the queues: 100,000 entries and as many exits, 80 % of them with an entry.

use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE, format_time};
use tests::Site;
use tests::truth::{Message, Order, Truth, Workload};

/// Messages of a day.
pub const MESSAGES: usize = 200_000;

/// What happened, and the messages that say so.
pub struct Day {
    pub truth: Truth,
    pub messages: Vec<Message>,
}

impl Day {
    /// A day of `messages` messages.
    pub fn of(messages: usize) -> Self {
        let stays = messages * 2 / 5;
        let alone = messages / 2 - stays;
        let workload =
            Workload { lone_exits: alone, still_inside: alone, ..Workload::of_stays(7, stays) };
        let truth = Truth::of(workload);
        let messages = truth.messages(Order::AsItHappened);
        Self { truth, messages }
    }

    /// The same day, each message made longer by a field that nobody reads.
    pub fn padded(mut self, bytes: usize) -> Self {
        for message in &mut self.messages {
            let missing = bytes.saturating_sub(message.body.len() + 12);
            let inner = message.body.trim_end_matches('}');
            message.body = format!(r#"{inner},"padding":"{}"}}"#, "x".repeat(missing));
        }
        self
    }

    /// Publishes all of it.
    pub fn fill(&self, site: &Site) {
        let client = site.client();
        client.publish_all(self.messages.iter().map(|message| (message.queue, &message.body)));
        // One car more, a while later: all exits before it have waited long enough for an entry.
        let at = format_time(self.truth.end() + chrono::TimeDelta::minutes(1));
        let last = format!(r#"{{"id":"last","vehicle_plate":"LAST1","entry_date_time":"{at}"}}"#);
        client.publish(ENTRY_QUEUE, [last]);
        assert_eq!(self.messages.iter().filter(|m| m.queue == EXIT_QUEUE).count() * 2, self.len());
    }

    /// How many messages.
    pub fn len(&self) -> usize {
        self.messages.len()
    }
}
