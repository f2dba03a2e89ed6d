//! What is told again is done once (G11): any history of stays, told with any repetitions, leaves the same
//! accounts and bills as told once, and they are what a replay of what stands comes to.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::{Effect, ExceptionKind, HolderId};
use proptest::prelude::*;

use super::*;
use crate::money::book::{Bay, Changed, Tenure};
use crate::money::charge::BillState;
use crate::money::holder::{Credential, Holder};
use crate::money::ledger::{Account, Funds, Ledger, Purse};
use crate::money::testing::{closed, exception, here, opened, plate, rules, start};
use domain::place::BayType;

/// What becomes of a stay that was told as over.
#[derive(Debug, Clone, Copy)]
enum Later {
    Nothing,
    /// It is open again, and over later.
    Reopened,
    /// Its exit was another one.
    Corrected,
    /// The correction is told before what it corrects is withdrawn.
    Outrun,
}

#[derive(Debug, Clone, Copy)]
struct StayOf {
    car: usize,
    is_let_in: bool,
    minutes: i64,
    later: Later,
}

fn stays() -> impl Strategy<Value = Vec<StayOf>> {
    let later = prop_oneof![
        3 => Just(Later::Nothing),
        1 => Just(Later::Reopened),
        1 => Just(Later::Corrected),
        1 => Just(Later::Outrun),
    ];
    let stay = (0..3_usize, prop::bool::weighted(0.8), 1..600_i64, later);
    let stay =
        stay.prop_map(|(car, is_let_in, minutes, later)| StayOf { car, is_let_in, minutes, later });
    prop::collection::vec(stay, 1..12)
}

/// One thing after the other: a question of a gate, or what the feed tells.
#[derive(Debug, Clone)]
enum Step {
    Ask(CheckIn),
    Told(Effect),
}

/// What stands, by session: whose car, whether it was let in, minutes.
type Stands = BTreeMap<String, (usize, bool, i64)>;

/// The history, its end, and what stands at its end.
fn history(stays: &[StayOf]) -> (Vec<Step>, Instant, Stands) {
    let (mut steps, mut now, mut stands) = (Vec::new(), start(), BTreeMap::new());
    for (number, stay) in stays.iter().enumerate() {
        let text = format!("CAR{}", stay.car);
        let (entry, session) = (format!("e{number}"), format!("s{number}"));
        let entered = now;
        let credential = Credential::plate(&plate(&text));
        if stay.is_let_in {
            let (lane, place) = ("in".parse().unwrap(), here());
            let id = format!("a{number}").parse().unwrap();
            steps.push(Step::Ask(CheckIn {
                id,
                lane,
                place,
                credential,
                at: now,
                has_said_when: true,
            }));
        }
        let mut tell = |effect| steps.push(Step::Told(effect));
        tell(opened(&text, &entry, entered));
        now += TimeDelta::minutes(stay.minutes);
        let end = |now| (entered, now);
        let over =
            |session: &str, revision, now| closed(&text, session, revision, &entry, end(now));
        let gone = |now| exception(ExceptionKind::Withdrawn, &text, &session, 11, now);
        tell(over(&session, 10, now));
        let again = format!("{session}b");
        let (last, minutes) = match stay.later {
            Later::Nothing => (session.clone(), stay.minutes),
            Later::Reopened => {
                tell(gone(now));
                tell(opened(&text, &entry, entered));
                now += TimeDelta::minutes(30);
                tell(over(&again, 12, now));
                (again, stay.minutes + 30)
            }
            Later::Corrected => {
                tell(gone(now));
                now += TimeDelta::minutes(30);
                tell(over(&again, 11, now));
                (again, stay.minutes + 30)
            }
            Later::Outrun => {
                now += TimeDelta::minutes(30);
                tell(over(&again, 11, now));
                tell(gone(now));
                (again, stay.minutes + 30)
            }
        };
        stands.insert(last, (stay.car, stay.is_let_in, minutes));
        now += TimeDelta::minutes(20);
    }
    (steps, now, stands)
}

fn id(car: usize) -> HolderId {
    format!("h{car}").parse().unwrap()
}

/// Three holders with a car each; the second has little.
fn book() -> Book {
    let mut book = Book::default();
    for car in 0..3 {
        let balance = [1_000_000, 1_500, 4_000][car];
        let own = Funds { balance, held: 0, floor: 0 };
        book.ledger.know_purse(id(car), Purse { own, group: None, currency: "EUR".to_owned() });
        book.ledger.know_group(id(car), own);
        book.holders.insert(id(car), Holder::default());
        let credential = Credential::plate(&plate(&format!("CAR{car}")));
        let since = start() - TimeDelta::days(1);
        let tenure = Tenure { holder: id(car), since, until: None };
        book.tenures.insert(credential, vec![tenure]);
    }
    let bay = Bay { spaces: 10, ..Bay::default() };
    book.bays.insert((here(), BayType::default()), bay);
    book
}

/// Plays it. Behind some steps the reader begins again a few steps before: whoever has died had not kept
/// its position yet. `now` is that of the end: the same whoever is told, and when.
fn play(steps: &[Step], now: Instant, again: &[(usize, usize)]) -> Book {
    let (rules, _) = rules(10);
    let mut book = book();
    let mut go = |step: &Step, is_first: bool| match step {
        Step::Ask(asked) if is_first => {
            let mut till = Till { book: &mut book, rules: &rules, now: asked.at };
            till.check_in(asked).unwrap();
        }
        Step::Ask(_) => {}
        Step::Told(effect) => {
            Till { book: &mut book, rules: &rules, now }.settle(std::slice::from_ref(effect));
        }
    };
    for (number, step) in steps.iter().enumerate() {
        go(step, true);
        for (at, back) in again {
            if *at == number {
                steps[number.saturating_sub(*back)..=number]
                    .iter()
                    .for_each(|step| go(step, false));
            }
        }
    }
    book.changed = Changed::default();
    book
}

/// The accounts, by name: sums of all transfers.
fn sums(ledger: Ledger) -> BTreeMap<Account, i64> {
    let mut sums = BTreeMap::new();
    for transfer in ledger.into_written().transfers {
        *sums.entry(transfer.from).or_default() -= transfer.amount;
        *sums.entry(transfer.to).or_default() += transfer.amount;
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn what_is_told_again_is_done_once_and_what_stands_is_what_is_paid(
        stays in stays(), again in prop::collection::vec((0..60_usize, 0..8_usize), 0..12),
    ) {
        let (steps, now, stands) = history(&stays);
        let book = play(&steps, now, &again);
        // No bill but of what stands.
        let standing: BTreeMap<&str, &Billed> = book.bills.values()
            .filter(|billed| billed.state != BillState::Reversed)
            .map(|billed| (billed.stay.session.as_str(), billed)).collect();
        prop_assert_eq!(standing.keys().copied().collect::<Vec<_>>(), stands.keys().map(String::as_str).collect::<Vec<_>>());
        let mut total = 0;
        for (session, (car, is_let_in, minutes)) in &stands {
            let billed = standing[session.as_str()];
            let price = 200 * ((minutes + 59) / 60);
            prop_assert_eq!(billed.total, price, "{}", session);
            total += price;
            prop_assert_eq!(billed.taken + billed.owed, price);
            prop_assert_eq!(billed.holder.clone(), Some(id(*car)));
            // Who was refused at the gate and came in all the same was not let in.
            let was_let_in = billed.admission.is_some();
            prop_assert!(*is_let_in || !was_let_in);
            prop_assert!(was_let_in || billed.taken == 0);
        }
        // Nobody is inside, nothing is held, and nobody has paid beyond what was there.
        prop_assert!(book.admissions.values().all(|asked| !asked.stage.takes_bay()));
        let bay = book.bays[&(here(), BayType::default())];
        prop_assert_eq!((bay.admitted, bay.entered), (0, 0));
        for car in 0..3 {
            let own = book.ledger.purse(&id(car)).unwrap().own;
            prop_assert_eq!(own.held, 0);
            prop_assert!(own.balance >= 0);
        }
        // What the place has earned is what stands, and all accounts together are nothing.
        let once = sums(play(&steps, now, &[]).ledger);
        let sums = sums(book.ledger);
        prop_assert_eq!(sums.get(&Account::Revenue(here())).copied().unwrap_or(0), total);
        prop_assert_eq!(sums.values().sum::<i64>(), 0);
        prop_assert_eq!(sums, once);
    }
}
