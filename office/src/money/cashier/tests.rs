//! Gates, stays and money on a real database. The same on PostgreSQL, with several processes, is in the
//! tests against real servers.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::occupancy::Spot;
use domain::place::BayType;
use domain::{ExceptionKind, HolderId, Instant, Plate};
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::money::charge::BillState;
use crate::money::holder::{Credential, CredentialKind, Holder};
use crate::money::right::Right;
use crate::money::testing::{closed, exception, here, opened, plate, rules, start};
use crate::money::till::PayFor;
use crate::money::till::gate::Verdict;
use crate::store::{Sql, Store};

/// A place with ten bays and a gate at `in` and `out`, two euros an hour.
struct Bench {
    directory: TempDir,
    vault: Vault,
    rules: Rules,
    now: Instant,
}

async fn bench(spaces: u32) -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(Sql::file(&directory.path().join("office.sqlite")).unwrap());
    store.prepare().await.unwrap();
    let (rules, changes) = rules(spaces);
    for (version, change) in (0..).zip(&changes) {
        store.commit(version, change).await.unwrap();
    }
    Bench { vault: Vault::new(store.sql().clone()), directory, rules, now: start() }
}

fn clock(now: Instant) -> SharedClock {
    Arc::new(move || now)
}

fn holder(text: &str) -> HolderId {
    text.parse().unwrap()
}

impl Bench {
    /// What another process has of the same database.
    fn another(&self) -> Vault {
        Vault::new(Sql::file(&self.directory.path().join("office.sqlite")).unwrap())
    }

    async fn ask(&self, order: Order) -> Reply {
        self.ask_all(vec![order]).await.pop().unwrap()
    }

    async fn ask_all(&self, orders: Vec<Order>) -> Vec<Reply> {
        let clock = clock(self.now);
        transaction(&self.vault, &self.rules, &clock, &orders).await.unwrap().0
    }

    async fn put(&self, id: &str, json: serde_json::Value) -> Result<(), String> {
        let described: Holder = serde_json::from_value(json).unwrap();
        described.check(&holder(id)).unwrap();
        let put = self.vault.put_holder(&holder(id), &described, "EUR", self.now).await.unwrap();
        put.map(|_| ()).map_err(|e| e.to_string())
    }

    async fn right(&self, id: &str, json: serde_json::Value) -> Result<(), String> {
        let right: Right = serde_json::from_value(json).unwrap();
        right.check().unwrap();
        let id = id.parse().unwrap();
        let put = self.vault.put_right(&id, Some(&right), "test", self.now).await.unwrap();
        put.map(|_| ()).map_err(|e| e.to_string())
    }

    /// Ann has a plate and a tag, and so much.
    async fn ann(&self, amount: i64) {
        let ann = json!({ "plates": ["ANN1"], "passes": [{ "kind": "nfc", "value": "tag" }] });
        self.put("ann", ann).await.unwrap();
        if amount > 0 {
            self.pay("k", PayFor::Holder(holder("ann")), amount).await.unwrap();
        }
    }

    async fn pay(&self, key: &str, of: PayFor, amount: i64) -> Result<Paid, Wrong> {
        let (method, currency) = ("cash".to_owned(), "EUR".to_owned());
        let (by, note) = ("desk".to_owned(), String::new());
        let pay = Pay { key: key.to_owned(), of, method, amount, currency, by, note };
        let Reply::Paid(paid) = self.ask(Order::Pay(pay)).await else { panic!() };
        paid
    }

    fn check_in(&self, id: &str, credential: Credential) -> Order {
        let (id, lane, place) = (id.parse().unwrap(), "in".parse().unwrap(), here());
        Order::CheckIn(CheckIn { id, lane, place, credential, at: self.now, has_said_when: true })
    }

    async fn comes(&self, id: &str, text: &str) -> Answer {
        let Reply::In(answer) = self.ask(self.check_in(id, Credential::plate(&plate(text)))).await
        else {
            panic!()
        };
        answer.unwrap()
    }

    async fn leaves(&self, credential: Credential) -> Leaving {
        let (id, lane, place) = ("x".parse().unwrap(), "out".parse().unwrap(), here());
        let order = Order::CheckOut(CheckOut { id, lane, place, credential, at: self.now });
        let Reply::Out(leaving) = self.ask(order).await else { panic!() };
        leaving.unwrap()
    }

    async fn told(&self, told: Vec<Effect>) {
        self.ask(Order::Settle(told)).await;
    }

    async fn account(&self, id: &str) -> (i64, i64) {
        let account = self.vault.account(&holder(id)).await.unwrap().unwrap();
        (account.own.balance, account.own.held)
    }

    async fn bill(&self, session: &str) -> Billed {
        self.vault.bills_of(session).await.unwrap().pop().unwrap()
    }

    async fn admitted(&self) -> (u32, u32) {
        let about = About { places: [here()].into(), ..About::default() };
        let batch = self.vault.open(&about).await.unwrap();
        let spot: Spot = (here(), BayType::default());
        let bay = batch.book.bays[&spot];
        (bay.admitted, bay.entered)
    }

    async fn is_right(&self) {
        assert_eq!(self.vault.audit().await.unwrap(), Vec::new());
    }

    fn later(&mut self, minutes: i64) {
        self.now += TimeDelta::minutes(minutes);
    }
}

/// The stay that a lone read of Ann's car ends.
fn lone(what: &str, id: &str) -> String {
    let id = id.parse().unwrap();
    format!("{what}:{}", domain::session_id(&plate("ANN1"), &id, &id, 0))
}

#[tokio::test]
async fn cameras_that_count_from_one_do_not_make_one_car_pay_for_another() {
    let mut bench = bench(10).await;
    bench.ann(1_000).await;
    bench.put("bob", json!({ "plates": ["BOB1"] })).await.unwrap();
    bench.pay("b", PayFor::Holder(holder("bob")), 1_000).await.unwrap();
    for (id, text) in [("a1", "ANN1"), ("a2", "BOB1")] {
        bench.comes(id, text).await;
        bench.told(vec![opened(text, "1", bench.now)]).await;
    }
    let entered = bench.now;
    bench.later(60);
    bench.told(vec![closed("BOB1", "s1", 2, "1", (entered, bench.now))]).await;
    assert_eq!((bench.account("ann").await, bench.account("bob").await), ((1_000, 500), (800, 0)));
    bench.told(vec![closed("ANN1", "s2", 2, "1", (entered, bench.now))]).await;
    assert_eq!(bench.account("ann").await, (800, 0));
    // Nor do two that no camera has read as they came in.
    for (id, text) in [("a3", "ANN1"), ("a4", "BOB1")] {
        bench.comes(id, text).await;
    }
    bench.later(60);
    for text in ["ANN1", "BOB1"] {
        bench.told(vec![exception(ExceptionKind::UnmatchedExit, text, "2", 5, bench.now)]).await;
    }
    assert_eq!((bench.account("ann").await, bench.account("bob").await), ((600, 0), (600, 0)));
    bench.is_right().await;
}

#[tokio::test]
async fn a_stay_is_let_in_and_charged_once_however_often_it_is_told() {
    let mut bench = bench(10).await;
    bench.ann(1_000).await;
    let answer = bench.comes("a1", "ANN-1").await;
    assert_eq!((answer.decision, answer.holder.as_deref()), (Verdict::Admitted, Some("ann")));
    let quote = answer.quote.clone().unwrap();
    assert_eq!((quote.first_hour, quote.day, quote.hold), (Some(200), Some(4_800), 500));
    assert_eq!(bench.comes("a1", "ANN1").await, answer, "the same id, the same answer");
    assert_eq!(bench.account("ann").await, (1_000, 500));
    let entered = bench.now + TimeDelta::seconds(5);
    bench.told(vec![opened("ANN1", "e1", entered)]).await;
    assert_eq!(bench.admitted().await, (1, 1));
    bench.later(90);
    let leaving = bench.leaves(Credential::plate(&plate("ANN1"))).await;
    assert_eq!((leaving.decision, leaving.charged, leaving.due), ("charged", Some(400), Some(0)));
    let gone = closed("ANN1", "s1", 2, "e1", (entered, bench.now));
    for _ in 0..3 {
        bench.told(vec![opened("ANN1", "e1", entered), gone.clone(), gone.clone()]).await;
        let billed = bench.bill("s1").await;
        assert_eq!((billed.state, billed.taken), (BillState::Charged, 400));
        assert_eq!(bench.account("ann").await, (600, 0));
    }
    bench.is_right().await;
}

#[tokio::test]
async fn what_is_withdrawn_is_taken_back_and_what_is_repaired_is_charged_anew() {
    let mut bench = bench(10).await;
    bench.ann(1_000).await;
    bench.comes("a1", "ANN1").await;
    let entered = bench.now;
    bench.later(60);
    let first = closed("ANN1", "s1", 2, "e1", (entered, bench.now));
    bench.told(vec![opened("ANN1", "e1", entered), first.clone()]).await;
    assert_eq!(bench.account("ann").await, (800, 0));
    let withdrawn = exception(ExceptionKind::Withdrawn, "ANN1", "s1", 3, bench.now);
    bench.told(vec![withdrawn.clone(), opened("ANN1", "e1", entered)]).await;
    assert_eq!(bench.account("ann").await, (1_000, 0));
    assert_eq!(bench.admitted().await, (1, 1), "it is inside after all");
    bench.is_right().await;
    bench.later(60);
    let second = closed("ANN1", "s2", 4, "e1", (entered, bench.now));
    bench.told(vec![second.clone()]).await;
    // Said again, from the beginning, by whoever reads the feed next.
    bench.told(vec![opened("ANN1", "e1", entered), first, withdrawn, second]).await;
    assert_eq!(bench.account("ann").await, (600, 0));
    assert_eq!(bench.bill("s1").await.state, BillState::Reversed);
    assert_eq!(bench.bill("s2").await.taken, 400);
    bench.is_right().await;
}

#[tokio::test]
async fn a_correction_that_outruns_the_withdrawal_leaves_one_bill() {
    let mut bench = bench(10).await;
    bench.ann(1_000).await;
    bench.comes("a1", "ANN1").await;
    let entered = bench.now;
    bench.later(60);
    bench.told(vec![closed("ANN1", "s1", 2, "e1", (entered, bench.now))]).await;
    bench.later(60);
    bench.told(vec![closed("ANN1", "s2", 3, "e1", (entered, bench.now))]).await;
    assert_eq!(bench.account("ann").await, (600, 0), "the first one is taken back");
    let late = exception(ExceptionKind::Withdrawn, "ANN1", "s1", 3, bench.now);
    bench.told(vec![late]).await;
    assert_eq!(bench.account("ann").await, (600, 0));
    bench.is_right().await;
}

#[tokio::test]
async fn who_was_not_let_in_owes_pays_at_the_desk_and_no_more_than_that() {
    let mut bench = bench(10).await;
    bench.ann(1_000).await;
    let entered = bench.now;
    bench.later(60);
    bench.told(vec![closed("ANN1", "s1", 2, "e1", (entered, bench.now))]).await;
    assert_eq!(bench.account("ann").await, (1_000, 0), "nobody has let it in");
    let billed = bench.bill("s1").await;
    assert_eq!(
        (billed.state, billed.owed, billed.holder),
        (BillState::Due, 200, Some(holder("ann")))
    );
    let session = || PayFor::Session("s1".to_owned());
    assert_eq!(bench.pay("1", session(), 201).await, Err(Wrong::TooMuch(200, 201)));
    assert_eq!(bench.pay("2", session(), 150).await, Ok(Paid { again: false }));
    assert_eq!(bench.pay("2", session(), 150).await, Ok(Paid { again: true }));
    assert_eq!(bench.pay("3", session(), 50).await, Ok(Paid { again: false }));
    assert_eq!(
        bench.pay("3", session(), 50).await,
        Ok(Paid { again: true }),
        "settled, and asked again"
    );
    assert_eq!(bench.bill("s1").await.state, BillState::Settled);
    bench.is_right().await;
    // The stay was another one: what was paid is Ann's.
    bench.told(vec![exception(ExceptionKind::Withdrawn, "ANN1", "s1", 3, bench.now)]).await;
    assert_eq!(bench.account("ann").await, (1_200, 0));
    bench.is_right().await;
}

#[tokio::test]
async fn what_waits_for_a_person_is_charged_or_waived_by_one() {
    let mut bench = bench(10).await;
    bench.ann(50_000).await;
    bench.comes("a1", "ANN1").await;
    let yesterday = bench.now - TimeDelta::days(1);
    bench.later(60);
    // The clock of the camera at the entry is a day behind; the reads do not lead to the admission.
    bench.told(vec![closed("ANN1", "s1", 2, "e1", (yesterday, bench.now))]).await;
    assert_eq!(bench.account("ann").await, (50_000, 500));
    assert_eq!(bench.bill("s1").await.state, BillState::Due);
    let by = || "Ada".to_owned();
    let waive = Waive { session: "s1".to_owned(), by: by(), reason: "clock".to_owned() };
    let Reply::Bill(billed) = bench.ask(Order::Waive(waive)).await else { panic!() };
    assert_eq!(billed.unwrap().state, BillState::Settled);
    let entered = bench.now - TimeDelta::minutes(60);
    bench.later(60 * 24 * 5);
    let long = closed("ANN1", "s2", 3, "e2", (entered, bench.now));
    bench.told(vec![opened("ANN1", "e2", entered), long]).await;
    assert_eq!(bench.bill("s2").await.state, BillState::Review);
    assert_eq!(bench.account("ann").await, (50_000, 0), "nothing is taken, nothing is held");
    bench.is_right().await;
    let approve = Approve { session: "s2".to_owned(), by: by() };
    let Reply::Bill(billed) = bench.ask(Order::Approve(approve.clone())).await else { panic!() };
    let billed = billed.unwrap();
    assert_eq!((billed.state, billed.taken), (BillState::Charged, billed.total));
    let Reply::Bill(again) = bench.ask(Order::Approve(approve)).await else { panic!() };
    assert_eq!(again.unwrap_err(), Wrong::DoesNotWait("charged"));
    let waive = Waive { session: "s2".to_owned(), by: by(), reason: "kind".to_owned() };
    let Reply::Bill(billed) = bench.ask(Order::Waive(waive)).await else { panic!() };
    assert_eq!(billed.unwrap().taken, 0);
    assert_eq!(bench.account("ann").await, (50_000, 0));
    bench.is_right().await;
}

#[tokio::test]
async fn who_does_not_come_gives_back_the_bay_and_the_money_and_may_come_late() {
    let mut bench = bench(1).await;
    bench.ann(1_000).await;
    bench.comes("a1", "ANN1").await;
    let lapse = || Order::Lapse(["a1".parse().unwrap()].into());
    bench.later(14);
    bench.ask(lapse()).await;
    assert_eq!(bench.admitted().await, (1, 0), "not yet");
    bench.later(2);
    let waiting = bench.vault.expected_since(bench.now - bench.rules.lapses_after).await.unwrap();
    assert_eq!(waiting, ["a1".parse().unwrap()]);
    bench.ask(lapse()).await;
    assert_eq!((bench.admitted().await, bench.account("ann").await), ((0, 0), (1_000, 0)));
    // It came in after all, and was read so: it is inside, and pays.
    let entered = bench.now - TimeDelta::minutes(10);
    bench.told(vec![opened("ANN1", "e1", entered)]).await;
    assert_eq!(bench.admitted().await, (1, 1));
    bench.later(60);
    bench.told(vec![closed("ANN1", "s1", 2, "e1", (entered, bench.now))]).await;
    assert_eq!((bench.admitted().await, bench.account("ann").await), ((0, 0), (600, 0)));
    bench.is_right().await;
}

#[tokio::test]
async fn a_pass_is_enough_and_a_read_that_comes_later_charges_the_same_stay() {
    let mut bench = bench(10).await;
    bench.ann(1_000).await;
    let tag = Credential { kind: CredentialKind::Nfc, value: "tag".to_owned() };
    let Reply::In(answer) = bench.ask(bench.check_in("a1", tag.clone())).await else { panic!() };
    assert_eq!(answer.unwrap().decision, Verdict::Admitted);
    assert_eq!(bench.admitted().await, (1, 1), "who shows a pass is in");
    let entered = bench.now;
    bench.later(59);
    for _ in 0..2 {
        let leaving = bench.leaves(tag.clone()).await;
        assert_eq!((leaving.decision, leaving.charged), ("charged", Some(200)));
        assert_eq!(bench.account("ann").await, (800, 0));
    }
    bench.is_right().await;
    // A camera has seen it all, and its reads were held up.
    bench.told(vec![closed("ANN1", "s1", 2, "e1", (entered, bench.now))]).await;
    assert_eq!(bench.account("ann").await, (800, 0), "one stay, one charge");
    assert_eq!(bench.bill("pass:a1").await.state, BillState::Reversed);
    let unknown = Credential { kind: CredentialKind::Qr, value: "nobody".to_owned() };
    let Reply::In(answer) = bench.ask(bench.check_in("a2", unknown)).await else { panic!() };
    assert_eq!(answer.unwrap().reason.as_deref(), Some("unknown_credential"));
    bench.is_right().await;
}

#[tokio::test]
async fn an_exit_without_a_read_of_the_entry_ends_the_stay_that_the_gate_began() {
    let mut bench = bench(10).await;
    bench.ann(1_000).await;
    bench.comes("a1", "ANN1").await;
    let entered = bench.now;
    bench.later(61);
    bench.told(vec![exception(ExceptionKind::UnmatchedExit, "ANN1", "x1", 1, bench.now)]).await;
    assert_eq!((bench.admitted().await, bench.account("ann").await), ((0, 0), (600, 0)));
    // The read of the entry was held up: the exception is repaired, and the stay told.
    let repaired = exception(ExceptionKind::Repaired, "ANN1", "x1", 2, bench.now);
    bench.told(vec![repaired, closed("ANN1", "s1", 2, "e1", (entered, bench.now))]).await;
    assert_eq!(bench.account("ann").await, (600, 0));
    assert_eq!(bench.bill(&lone("exit", "x1")).await.state, BillState::Reversed);
    bench.is_right().await;
}

#[tokio::test]
async fn an_exit_that_nobody_read_waits_for_a_person() {
    let mut bench = bench(10).await;
    bench.ann(1_000).await;
    bench.comes("a1", "ANN1").await;
    bench.told(vec![opened("ANN1", "e1", bench.now)]).await;
    bench.later(600);
    bench.told(vec![exception(ExceptionKind::MissedExit, "ANN1", "e1", 2, bench.now)]).await;
    assert_eq!((bench.admitted().await, bench.account("ann").await), ((0, 0), (1_000, 0)));
    let billed = bench.bill(&lone("entry", "e1")).await;
    assert_eq!(billed.state, BillState::Unpriced);
    assert!(billed.why.unwrap().starts_with("the exit was not read"));
    bench.is_right().await;
}

#[tokio::test]
async fn a_plate_belongs_to_one_holder_at_a_time_and_its_past_stays_with_whom_it_was() {
    let mut bench = bench(10).await;
    bench.ann(0).await;
    let refused = bench.put("bob", json!({ "plates": ["ANN1"] })).await.unwrap_err();
    assert!(refused.contains("`ann`'s"), "{refused}");
    let entered = bench.now;
    bench.later(60);
    let left = bench.now;
    bench.put("ann", json!({ "plates": [] })).await.unwrap();
    bench.put("bob", json!({ "plates": ["ANN1"] })).await.unwrap();
    bench.told(vec![closed("ANN1", "s1", 2, "e1", (entered, left))]).await;
    assert_eq!(
        bench.bill("s1").await.holder,
        Some(holder("ann")),
        "it was hers when it stood there"
    );
    bench.later(1);
    let times = (bench.now, bench.now + TimeDelta::minutes(5));
    bench.told(vec![closed("ANN1", "s2", 3, "e2", times)]).await;
    assert_eq!(bench.bill("s2").await.holder, Some(holder("bob")));
}

#[tokio::test]
async fn a_group_pays_together_and_who_changes_it_takes_what_he_has() {
    let bench = bench(10).await;
    bench.put("firm", json!({})).await.unwrap();
    bench.pay("k", PayFor::Holder(holder("firm")), 800).await.unwrap();
    bench
        .put("bob", json!({ "plates": ["BOB1"], "member_of": "firm", "floor": -1_000 }))
        .await
        .unwrap();
    bench
        .put("eve", json!({ "plates": ["EVE1"], "member_of": "firm", "floor": -1_000 }))
        .await
        .unwrap();
    assert_eq!(bench.comes("a1", "BOB1").await.decision, Verdict::Admitted);
    let refused = bench.comes("a2", "EVE1").await;
    assert_eq!(refused.reason.as_deref(), Some("balance_below_minimum"), "3.00 are left for 5.00");
    bench.is_right().await;
    bench.put("bob", json!({ "plates": ["BOB1"], "floor": -1_000 })).await.unwrap();
    bench.is_right().await;
    assert_eq!(
        bench.comes("a3", "EVE1").await.decision,
        Verdict::Admitted,
        "his hold went with him"
    );
    let wrong = bench.put("firm", json!({ "member_of": "bob" })).await.unwrap_err();
    assert!(wrong.contains("a group itself"), "{wrong}");
    let wrong =
        bench.put("bob", json!({ "plates": ["BOB1"], "member_of": "eve" })).await.unwrap_err();
    assert!(wrong.contains("a member itself"), "{wrong}");
    let wrong = bench.put("bob", json!({ "currency": "JPY" })).await.unwrap_err();
    assert!(wrong.contains("the account is in EUR"), "{wrong}");
}

#[tokio::test]
async fn no_more_bays_are_promised_than_there_are_and_a_promise_holds() {
    let bench = bench(2).await;
    bench.ann(1_000).await;
    let reserve = |from: i64, until: i64| {
        let at = |minutes| crate::shapes::time(bench.now + TimeDelta::minutes(minutes));
        json!({ "kind": "reservation", "holder": "ann", "plates": ["ANN1"], "places": ["p"],
            "bay_type": "standard", "from": at(from), "until": at(until) })
    };
    bench.right("r1", reserve(-10, 60)).await.unwrap();
    bench.right("r2", reserve(30, 90)).await.unwrap();
    let refused = bench.right("r3", reserve(50, 120)).await.unwrap_err();
    assert!(refused.contains("all 2 `standard` bays are reserved"), "{refused}");
    bench.right("r3", reserve(60, 120)).await.unwrap();
    // One of the two is kept for Ann now.
    bench.right("all", json!({ "kind": "allow", "plates": ["AA1", "AA2"] })).await.unwrap();
    assert_eq!(bench.comes("a1", "AA1").await.decision, Verdict::Admitted);
    assert_eq!(bench.comes("a2", "AA2").await.reason.as_deref(), Some("full"));
    assert_eq!(bench.comes("a3", "ANN1").await.decision, Verdict::Admitted);
    bench.is_right().await;
}

#[tokio::test]
async fn what_is_told_again_of_a_visit_that_is_over_touches_no_later_one() {
    let mut bench = bench(1).await;
    bench.ann(1_000).await;
    bench.comes("a1", "ANN1").await;
    let first = opened("ANN1", "e1", bench.now);
    bench.later(2);
    let gone = closed("ANN1", "s1", 2, "e1", (bench.now - TimeDelta::minutes(2), bench.now));
    bench.told(vec![first.clone(), gone.clone()]).await;
    bench.told(vec![first.clone()]).await;
    assert_eq!(bench.admitted().await, (0, 0), "it has left, whoever tells again that it came");
    bench.later(1);
    bench.comes("a2", "ANN1").await;
    bench.told(vec![first]).await;
    bench.told(vec![gone]).await;
    let lone = exception(
        ExceptionKind::UnmatchedExit,
        "ANN1",
        "x0",
        3,
        bench.now - TimeDelta::seconds(30),
    );
    bench.told(vec![lone]).await;
    assert_eq!((bench.admitted().await, bench.account("ann").await), ((1, 0), (800, 500)));
    bench.is_right().await;
}

#[tokio::test]
async fn a_stay_without_admission_that_is_told_late_takes_none_of_a_later_visit() {
    let mut bench = bench(1).await;
    bench.ann(1_000).await;
    let (entered, left) = (bench.now, bench.now + TimeDelta::minutes(3));
    bench.later(5);
    bench.comes("a1", "ANN1").await;
    let unasked = closed("ANN1", "s1", 2, "e1", (entered, left));
    bench.told(vec![unasked.clone()]).await;
    assert_eq!(
        (bench.bill("s1").await.state, bench.account("ann").await),
        (BillState::Due, (1_000, 500))
    );
    let entered = bench.now;
    bench.told(vec![opened("ANN1", "e2", entered), unasked]).await;
    bench.later(60);
    bench.told(vec![closed("ANN1", "s2", 4, "e2", (entered, bench.now))]).await;
    assert_eq!(
        (bench.bill("s2").await.state, bench.account("ann").await),
        (BillState::Charged, (800, 0))
    );
    bench.is_right().await;
}

#[tokio::test]
async fn a_gate_that_does_not_say_when_may_ask_again() {
    let mut bench = bench(10).await;
    bench.ann(1_000).await;
    let first = bench.comes("a1", "ANN1").await;
    bench.later(1);
    let Order::CheckIn(asked) = bench.check_in("a1", Credential::plate(&plate("ANN1"))) else {
        panic!()
    };
    for (has_said_when, again) in [(true, None), (false, Some(&first))] {
        let order = Order::CheckIn(CheckIn { has_said_when, ..asked.clone() });
        let Reply::In(answer) = bench.ask(order).await else { panic!() };
        assert_eq!(answer.ok().as_ref(), again);
    }
}

/// G10, on one file by four processes: what the check has seen is what is written.
#[tokio::test]
async fn sixty_four_at_once_for_ten_bays_are_ten() {
    let bench = bench(10).await;
    let plates: Vec<String> = (0..64).map(|number| format!("CAR{number}")).collect();
    bench.right("all", json!({ "kind": "allow", "plates": plates })).await.unwrap();
    let admitted = race(&bench, |number| plate(&format!("CAR{number}"))).await;
    assert_eq!(admitted, 10);
    assert_eq!(bench.admitted().await, (10, 0));
    bench.is_right().await;
}

#[tokio::test]
async fn sixty_four_at_once_for_ten_times_the_minimum_are_ten() {
    let bench = bench(100).await;
    let plates: Vec<String> = (0..64).map(|number| format!("CAR{number}")).collect();
    bench.put("firm", json!({ "plates": plates })).await.unwrap();
    bench.pay("k", PayFor::Holder(holder("firm")), 5_499).await.unwrap();
    let admitted = race(&bench, |number| plate(&format!("CAR{number}"))).await;
    assert_eq!(admitted, 10);
    assert_eq!(bench.account("firm").await, (5_499, 5_000));
    bench.is_right().await;
}

async fn race(bench: &Bench, of: impl Fn(usize) -> Plate) -> usize {
    let clock = clock(bench.now);
    let asked = (0..64).map(|number| {
        let (vault, rules, clock) = (bench.another(), bench.rules.clone(), Arc::clone(&clock));
        let order = bench.check_in(&format!("a{number}"), Credential::plate(&of(number)));
        async move { transaction(&vault, &rules, &clock, &[order]).await.unwrap().0.pop().unwrap() }
    });
    let replies = futures_util::future::join_all(asked).await;
    let is_in = |reply: &Reply| matches!(reply, Reply::In(Ok(answer)) if answer.decision == Verdict::Admitted);
    replies.iter().filter(|reply| is_in(reply)).count()
}
