//! The actor that writes the money half.
//!
//! Owns: all writing to admissions, accounts, bills.
//! Hears: [`Ask`], from gates, people and the feed.
//! Tells: the asker, once what it answers is durable.
//! Never: answers before that; keeps anything in memory between two transactions.
//!
//! Requests that arrive while one transaction is under way are the next one, together: one lock and one
//! sync for all of them, however many cars want the same car park. Any number of processes may do the
//! same to one database: the rows are locked, and what the check has seen is what is written.

use std::collections::BTreeSet;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, ResponseFuture,
    WrapFuture,
};
use domain::{AdmissionId, Effect, SharedClock};
use platform::runtime::{Backoff, Vital};
use prometheus::{Histogram, IntCounter, IntCounterVec};
use tokio::sync::{Notify, oneshot};

use super::charge::{BillState, Billed};
use super::till::{
    Answer, Approve, CheckIn, CheckOut, GateError, Leaving, Paid, Pay, Rules, Till, Waive, Wrong,
    settled_about,
};
use super::vault::{About, Vault};
use crate::store::SqlError;

/// Requests of one transaction.
const AT_ONCE: usize = 500;
/// It is noticed within that time if it is dead.
const LIVES_EVERY: Duration = Duration::from_secs(1);
/// Attempts at a transaction that the database has undone for another one.
const ATTEMPTS: usize = 10;

/// What is asked.
#[derive(Debug, Clone)]
pub enum Order {
    /// In.
    CheckIn(CheckIn),
    /// Out.
    CheckOut(CheckOut),
    /// What the feed tells of stays.
    Settle(Vec<Effect>),
    /// Money comes in, or goes back.
    Pay(Pay),
    /// Nobody pays.
    Waive(Waive),
    /// It is charged after all.
    Approve(Approve),
    /// They have not come.
    Lapse(BTreeSet<AdmissionId>),
}

/// What is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    /// To a gate, in.
    In(Result<Answer, GateError>),
    /// To a gate, out.
    Out(Result<Leaving, GateError>),
    /// It is done.
    Done,
    /// To who pays.
    Paid(Result<Paid, Wrong>),
    /// To who looks after bills.
    Bill(Box<Result<Billed, Wrong>>),
    /// So many have not come.
    Lapsed(usize),
}

/// Asks for something. The answer is durable.
pub struct Ask(pub Order);

impl Message for Ask {
    type Result = Result<Reply, SqlError>;
}

/// Does no more.
pub struct Stop;

impl Message for Stop {
    type Result = ();
}

struct Waiting {
    order: Order,
    reply: oneshot::Sender<Result<Reply, SqlError>>,
}

/// See the module.
pub struct Cashier {
    vault: Vault,
    rules: Rc<Rules>,
    clock: SharedClock,
    waiting: Vec<Waiting>,
    is_busy: bool,
    vital: Vital,
    counted: Counted,
}

/// Whom it tells beside who has asked.
#[derive(Clone)]
pub struct Counted {
    /// Woken where there is something to be told in the feed.
    pub untold: Arc<Notify>,
    /// How long a transaction took.
    pub transactions: Histogram,
    /// How many requests it was.
    pub orders: IntCounter,
    /// By what was answered.
    pub gates: IntCounterVec,
    /// By what became of them.
    pub bills: IntCounterVec,
    /// By what has failed.
    pub failures: IntCounterVec,
}

impl Cashier {
    /// In this database, by these rules.
    pub fn new(
        vault: Vault,
        rules: Rules,
        clock: SharedClock,
        vital: Vital,
        counted: Counted,
    ) -> Self {
        let (rules, waiting) = (Rc::new(rules), Vec::new());
        Self { vault, rules, clock, waiting, is_busy: false, vital, counted }
    }

    /// Does what waits, if nothing is under way.
    fn go_on(&mut self, ctx: &mut Context<Self>) {
        self.vital.may_die_here();
        if self.is_busy || self.waiting.is_empty() {
            return;
        }
        self.is_busy = true;
        let rest = self.waiting.split_off(self.waiting.len().min(AT_ONCE));
        let batch = mem::replace(&mut self.waiting, rest);
        let (vault, rules, clock) =
            (self.vault.clone(), Rc::clone(&self.rules), self.clock.clone());
        let counted = self.counted.clone();
        let done = async move { work(&vault, &rules, &clock, &counted, batch).await };
        ctx.spawn(done.into_actor(self).map(|(), cashier, ctx| {
            cashier.is_busy = false;
            cashier.go_on(ctx);
        }));
    }
}

/// Does a batch and answers everybody in it.
async fn work(
    vault: &Vault,
    rules: &Rules,
    clock: &SharedClock,
    counted: &Counted,
    batch: Vec<Waiting>,
) {
    let (orders, replies): (Vec<Order>, Vec<_>) =
        batch.into_iter().map(|waiting| (waiting.order, waiting.reply)).unzip();
    let timer = counted.transactions.start_timer();
    let done = transaction(vault, rules, clock, &orders).await;
    timer.observe_duration();
    if orders.len() > 1 && done.as_ref().is_err_and(|error| error.is_refused || error.is_undone) {
        // One of them is against a rule of the database: the others are done without it.
        for (order, reply) in orders.into_iter().zip(replies) {
            let alone = vec![Waiting { order, reply }];
            Box::pin(work(vault, rules, clock, counted, alone)).await;
        }
        return;
    }
    match done {
        Ok((answers, written)) => {
            counted.orders.inc_by(answers.len() as u64);
            if written.has_facts {
                counted.untold.notify_one();
            }
            for state in written.bills {
                counted.bills.with_label_values(&[state.as_str()]).inc();
            }
            for (reply, answer) in replies.into_iter().zip(answers) {
                if let Reply::In(Ok(answer)) = &answer {
                    let said = answer.reason.as_deref().unwrap_or("admitted");
                    counted.gates.with_label_values(&[said]).inc();
                }
                let _gone = reply.send(Ok(answer));
            }
        }
        Err(error) => {
            counted.failures.with_label_values(&["database"]).inc();
            tracing::error!(%error, "a transaction of the money half has failed");
            for reply in replies {
                let _gone = reply.send(Err(error.clone()));
            }
        }
    }
}

/// What a transaction has written, as far as somebody counts it.
struct Written {
    has_facts: bool,
    bills: Vec<BillState>,
}

async fn transaction(
    vault: &Vault,
    rules: &Rules,
    clock: &SharedClock,
    orders: &[Order],
) -> Result<(Vec<Reply>, Written), SqlError> {
    let mut about = About::default();
    for order in orders {
        order.about(&mut about);
    }
    let mut backoff = Backoff::default();
    let mut attempts = 0;
    loop {
        attempts += 1;
        let done = once(vault, rules, clock, orders, &about).await;
        match done {
            // Two that wanted the same, or a deadlock: the database has undone this one, and it is done
            // again on top of what the other did.
            Err(error) if error.is_undone && attempts < ATTEMPTS => backoff.wait().await,
            done => return done,
        }
    }
}

async fn once(
    vault: &Vault,
    rules: &Rules,
    clock: &SharedClock,
    orders: &[Order],
    about: &About,
) -> Result<(Vec<Reply>, Written), SqlError> {
    let mut batch = vault.open(about).await?;
    let mut till = Till { book: &mut batch.book, rules, now: clock.now() };
    let replies = orders.iter().map(|order| order.done(&mut till)).collect();
    let changed = &batch.book.changed;
    let of_bill = |key| batch.book.bills.get(key).map(|bill| bill.state);
    let bills = changed.bills.iter().filter_map(of_bill).collect();
    let written = Written { has_facts: !changed.facts.is_empty(), bills };
    batch.commit(vault.sql(), clock.now()).await?;
    Ok((replies, written))
}

impl Order {
    fn about(&self, about: &mut About) {
        match self {
            Self::CheckIn(asked) => asked.about(about),
            Self::CheckOut(asked) => asked.about(about),
            Self::Settle(told) => about.join(settled_about(told)),
            Self::Pay(pay) => pay.about(about),
            Self::Waive(Waive { session, .. }) | Self::Approve(Approve { session, .. }) => {
                about.sessions.insert(session.clone());
            }
            Self::Lapse(ids) => about.admissions.extend(ids.iter().cloned()),
        }
    }

    fn done(&self, till: &mut Till<'_>) -> Reply {
        match self {
            Self::CheckIn(asked) => Reply::In(till.check_in(asked)),
            Self::CheckOut(asked) => Reply::Out(till.check_out(asked)),
            Self::Settle(told) => {
                till.settle(told);
                Reply::Done
            }
            Self::Pay(pay) => Reply::Paid(till.pay(pay)),
            Self::Waive(waive) => Reply::Bill(Box::new(till.waive(waive))),
            Self::Approve(approve) => Reply::Bill(Box::new(till.approve(approve))),
            Self::Lapse(ids) => Reply::Lapsed(till.lapse(ids)),
        }
    }
}

impl Actor for Cashier {
    type Context = Context<Self>;

    /// Looks again and again that it lives: nobody may ask for hours.
    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(LIVES_EVERY, Self::go_on);
    }
}

impl Handler<Ask> for Cashier {
    type Result = ResponseFuture<Result<Reply, SqlError>>;

    fn handle(&mut self, Ask(order): Ask, ctx: &mut Self::Context) -> Self::Result {
        let (reply, answer) = oneshot::channel();
        self.waiting.push(Waiting { order, reply });
        self.go_on(ctx);
        Box::pin(async {
            answer.await.unwrap_or_else(|_| Err(SqlError::new("the office is stopping")))
        })
    }
}

impl Handler<Stop> for Cashier {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

#[cfg(test)]
mod tests;
