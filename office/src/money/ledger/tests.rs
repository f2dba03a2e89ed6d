use proptest::prelude::*;

use super::*;

fn id(text: &str) -> HolderId {
    text.parse().unwrap()
}

fn purse(balance: i64, floor: i64, group: Option<&str>) -> Purse {
    let own = Funds { balance, held: 0, floor };
    Purse { own, group: group.map(id), currency: "EUR".to_owned() }
}

fn transfer(key: &str, from: Account, to: Account, amount: i64) -> Transfer {
    Transfer {
        key: key.to_owned(),
        from,
        to,
        amount,
        currency: "EUR".to_owned(),
        what: What::Charge,
        session: None,
        by: "test".to_owned(),
        note: String::new(),
        at: Instant::UNIX_EPOCH,
    }
}

fn holder(text: &str) -> Account {
    Account::Holder(id(text))
}

fn revenue() -> Account {
    Account::Revenue("main".parse().unwrap())
}

/// Ann has 10.00 and may not owe; the firm has 5.00, its driver Bob may owe 3.00.
fn ledger() -> Ledger {
    let mut ledger = Ledger::default();
    ledger.know_purse(id("ann"), purse(1_000, 0, None));
    ledger.know_purse(id("firm"), purse(500, -100_000, None));
    ledger.know_purse(id("bob"), purse(0, -300, Some("firm")));
    ledger.know_group(id("firm"), Funds { balance: 500, held: 0, floor: 0 });
    ledger
}

#[test]
fn the_same_key_is_the_same_transfer_and_with_another_content_none() {
    let mut ledger = ledger();
    let first = transfer("k", holder("ann"), revenue(), 400);
    assert_eq!(ledger.post(first.clone(), Floor::Holds), Ok(Posted::New));
    let later = Transfer { at: Instant::from_timestamp_millis(1).unwrap(), ..first.clone() };
    assert_eq!(ledger.post(later, Floor::Holds), Ok(Posted::Again));
    let other = Transfer { amount: 401, ..first.clone() };
    assert_eq!(ledger.post(other, Floor::Holds), Err(Refusal::OtherContent("k".to_owned())));
    assert_eq!(ledger.purse(&id("ann")).unwrap().own.balance, 600);
    // Known from the database, not from this transaction.
    let mut next = self::ledger();
    next.know_transfer(first.clone());
    assert_eq!(next.post(first, Floor::Holds), Ok(Posted::Again));
    assert_eq!(next.into_written(), Written::default());
}

#[test]
fn a_hold_takes_room_and_gives_it_back_once() {
    let mut ledger = ledger();
    assert_eq!(ledger.set_aside("a", &id("ann"), 700), Ok(Posted::New));
    assert_eq!(ledger.set_aside("a", &id("ann"), 700), Ok(Posted::Again));
    assert!(matches!(ledger.set_aside("a", &id("ann"), 1), Err(Refusal::OtherContent(_))));
    let refused = ledger.set_aside("b", &id("ann"), 301).unwrap_err();
    assert!(matches!(refused, Refusal::BelowFloor { available: 300, wanted: 301, .. }));
    let taken = ledger.post(transfer("k", holder("ann"), revenue(), 301), Floor::Holds);
    assert!(taken.is_err(), "what is set aside is not there for anybody else");
    assert!(ledger.resolve("a", HoldEnd::Captured));
    assert!(!ledger.resolve("a", HoldEnd::Void), "once");
    assert_eq!(ledger.room(&id("ann")), 1_000);
    let written = ledger.into_written();
    assert_eq!(written.accounts[&id("ann")], Delta::default());
    assert_eq!(written.holds["a"].end, Some(HoldEnd::Captured));
}

#[test]
fn a_members_own_limit_and_the_groups_limit_both_hold() {
    let mut ledger = ledger();
    assert_eq!(ledger.room(&id("bob")), 300, "his own limit");
    let taken = transfer("1", holder("firm"), revenue(), 400);
    ledger.post(taken, Floor::Holds).unwrap();
    assert_eq!(ledger.room(&id("bob")), 100, "what all have together");
    let refused = ledger.post(transfer("2", holder("bob"), revenue(), 101), Floor::Holds);
    assert!(matches!(refused, Err(Refusal::BelowFloor { of, .. }) if of == id("firm")));
    ledger.post(transfer("3", holder("bob"), revenue(), 100), Floor::Holds).unwrap();
    assert_eq!(ledger.group(&id("firm")).unwrap().available(), 0);
    // Within the group nothing becomes more or less.
    ledger.post(transfer("4", holder("firm"), holder("bob"), 50), Floor::MayBreak).unwrap();
    assert_eq!(ledger.group(&id("firm")).unwrap().available(), 0);
}

#[test]
fn nothing_can_be_asked_for_that_makes_no_sense() {
    let mut ledger = ledger();
    for amount in [0, -5, AMOUNT_MAX + 1] {
        let refused = ledger.post(transfer("k", holder("ann"), revenue(), amount), Floor::MayBreak);
        assert_eq!(refused, Err(Refusal::Amount(amount)));
    }
    let itself = ledger.post(transfer("k", revenue(), revenue(), 1), Floor::Holds);
    assert_eq!(itself, Err(Refusal::Itself("revenue:main".to_owned())));
    let nobody = ledger.post(transfer("k", revenue(), holder("eve"), 1), Floor::Holds);
    assert_eq!(nobody, Err(Refusal::NoAccount(id("eve"))));
    let yen = Transfer { currency: "JPY".to_owned(), ..transfer("k", holder("ann"), revenue(), 1) };
    assert!(matches!(ledger.post(yen, Floor::Holds), Err(Refusal::OtherCurrency { .. })));
    assert_eq!(ledger.into_written(), Written::default());
}

#[test]
fn an_account_reads_back_as_it_is_written() {
    for account in
        [holder("a:b"), revenue(), Account::Due("s".into()), Account::Outside("c".into())]
    {
        assert_eq!(account.to_string().parse(), Ok(account));
    }
    assert!("money".parse::<Account>().is_err());
    assert!("bank:x".parse::<Account>().is_err());
}

#[derive(Debug, Clone)]
enum Step {
    Post(u8, usize, usize, i64, bool),
    Hold(u8, usize, i64),
    Resolve(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (any::<u8>(), 0..5_usize, 0..5_usize, -5..800_i64, any::<bool>())
            .prop_map(|(key, from, to, amount, may)| Step::Post(key % 30, from, to, amount, may)),
        (any::<u8>(), 0..3_usize, -5..500_i64).prop_map(|(id, who, amount)| Step::Hold(
            id % 20,
            who,
            amount
        )),
        any::<u8>().prop_map(|id| Step::Resolve(id % 20)),
    ];
    prop::collection::vec(step, 0..80)
}

proptest! {
    /// Whatever is asked for: the accounts are what the transfers say, what is held is what the open
    /// holds say, a group is what its members have together, nobody is below a floor that holds, and
    /// what is written is what has become otherwise.
    #[test]
    fn the_sums_are_right_after_anything(steps in steps()) {
        let names = ["ann", "firm", "bob"];
        let all = [holder("ann"), holder("firm"), holder("bob"), revenue(), Account::Outside("cash".into())];
        let begin = ledger();
        let mut ledger = begin.clone();
        let mut may_be_below = false;
        for step in steps {
            match step {
                Step::Post(key, from, to, amount, may_break) => {
                    let floor = if may_break { Floor::MayBreak } else { Floor::Holds };
                    let transfer = transfer(&key.to_string(), all[from].clone(), all[to].clone(), amount);
                    let posted = ledger.post(transfer, floor);
                    may_be_below |= may_break && posted == Ok(Posted::New);
                }
                Step::Hold(id, who, amount) => {
                    let _ = ledger.set_aside(&id.to_string(), &self::id(names[who]), amount);
                }
                Step::Resolve(id) => {
                    ledger.resolve(&id.to_string(), HoldEnd::Void);
                }
            }
            for name in names {
                let (before, now) = (begin.purse(&id(name)).unwrap(), ledger.purse(&id(name)).unwrap());
                let moved: i64 = ledger.written.transfers.iter().map(|transfer| {
                    let is = |account: &Account| i64::from(*account == holder(name));
                    transfer.amount * (is(&transfer.to) - is(&transfer.from))
                }).sum();
                prop_assert_eq!(now.own.balance, before.own.balance + moved);
                let held: i64 = ledger.holds.values()
                    .filter(|hold| hold.end.is_none() && hold.holder == id(name))
                    .map(|hold| hold.amount).sum();
                prop_assert_eq!(now.own.held, held);
                prop_assert!(may_be_below || now.own.available() >= now.own.floor);
                let delta = ledger.written.accounts.get(&id(name)).copied().unwrap_or_default();
                prop_assert_eq!(delta, Delta { balance: moved, held });
            }
            let firm = ledger.group(&id("firm")).unwrap();
            let sum = |of: fn(&Funds) -> i64| -> i64 {
                ["firm", "bob"].iter().map(|name| of(&ledger.purse(&id(name)).unwrap().own)).sum()
            };
            prop_assert_eq!(firm.balance, sum(|funds| funds.balance));
            prop_assert_eq!(firm.held, sum(|funds| funds.held));
            prop_assert!(may_be_below || firm.available() >= firm.floor);
        }
    }
}
