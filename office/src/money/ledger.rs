//! Money as double entry, over the part of it that one transaction has loaded and locked. Pure: it says
//! what is to be written, and [`vault`](super::vault) writes it.
//!
//! Every amount is an integer of minor units. A transfer is never changed and never taken away; what was
//! wrong is made good by another transfer. The sum over all accounts is zero at every moment, since each
//! transfer takes from one what it gives to another.

use std::collections::BTreeMap;
use std::fmt;

use domain::{HolderId, Instant, PlaceName};
use serde::{Deserialize, Serialize};

/// Largest amount of one transfer, in minor units: sums of 900,000 of them still fit.
pub const AMOUNT_MAX: i64 = 10_000_000_000_000;

/// One side of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// What a right holder has prepaid.
    Holder(HolderId),
    /// What a place has earned. It has no balance of its own in the database, since every car would
    /// wait for that row: it is summed.
    Revenue(PlaceName),
    /// What is owed for a stay: below zero until it is paid or waived.
    Due(String),
    /// Money beyond the ledger, by the method that it came by: the cash desk, a bank, a card.
    Outside(String),
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holder(id) => write!(f, "holder:{id}"),
            Self::Revenue(place) => write!(f, "revenue:{place}"),
            Self::Due(session) => write!(f, "due:{session}"),
            Self::Outside(method) => write!(f, "outside:{method}"),
        }
    }
}

impl std::str::FromStr for Account {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || format!("\"{text}\" is no account");
        let (kind, name) = text.split_once(':').ok_or_else(unknown)?;
        match kind {
            "holder" => name.parse().map(Self::Holder).map_err(|e| e.to_string()),
            "revenue" => name.parse().map(Self::Revenue).map_err(|e| e.to_string()),
            "due" => Ok(Self::Due(name.to_owned())),
            "outside" => Ok(Self::Outside(name.to_owned())),
            _ => Err(unknown()),
        }
    }
}

/// Why money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A stay is paid from the account.
    Charge,
    /// A charge, or a part of a bill that is due, is taken back.
    Reversal,
    /// Money comes in.
    Payment,
    /// Money goes back to whom it came from.
    Refund,
    /// A person lets somebody off what is due.
    Waiver,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Charge, Self::Reversal, Self::Payment, Self::Refund, Self::Waiver];

    /// As the database and the statement say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Reversal => "reversal",
            Self::Payment => "payment",
            Self::Refund => "refund",
            Self::Waiver => "waiver",
        }
    }

    /// The one of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.as_str() == text)
    }
}

/// Money that goes from one account to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Made by who asks for it: the same key is the same transfer, however often it is asked for.
    pub key: String,
    /// Who gives.
    pub from: Account,
    /// Who gets.
    pub to: Account,
    /// How much, in minor units: more than 0.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// Why.
    pub what: What,
    /// The stay that it is about, if it is about one.
    pub session: Option<String>,
    /// Who asked for it.
    pub by: String,
    /// In words, for the statement.
    pub note: String,
    /// When it was asked for. A second request for the same transfer may come at another time.
    pub at: Instant,
}

impl Transfer {
    /// Whether the other one is the same, asked for again.
    fn is_again(&self, other: &Self) -> bool {
        *self == Self { at: self.at, ..other.clone() }
    }
}

/// What a right holder has, and how far down it may go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Funds {
    /// Sum of the transfers.
    pub balance: i64,
    /// Sum of the holds that are open.
    pub held: i64,
    /// Least that may be available: 0, or below.
    pub floor: i64,
}

impl Funds {
    /// What is there and not set aside.
    pub fn available(self) -> i64 {
        self.balance - self.held
    }

    /// What may still be set aside or taken; never below zero.
    pub fn room(self) -> i64 {
        (self.available() - self.floor).max(0)
    }

    fn takes(self, amount: i64) -> bool {
        self.available() - amount >= self.floor
    }
}

/// The account of a holder, as the transaction has locked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purse {
    /// Its own.
    pub own: Funds,
    /// The group that it belongs to, if it does. What all of its members and the group itself have
    /// together must not go below the group's floor either.
    pub group: Option<HolderId>,
    /// ISO 4217: an account has one currency.
    pub currency: String,
}

/// Money set aside for a stay that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Named by the admission that it is for.
    pub id: String,
    /// Whose.
    pub holder: HolderId,
    /// How much: more than 0.
    pub amount: i64,
    /// How it ended; none: it is open.
    pub end: Option<HoldEnd>,
}

/// How a hold ends. It does once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldEnd {
    /// The stay was charged.
    Captured,
    /// The stay came to nothing.
    Void,
    /// Nobody came.
    Expired,
}

impl HoldEnd {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Captured, Self::Void, Self::Expired];

    /// As the database says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Captured => "captured",
            Self::Void => "void",
            Self::Expired => "expired",
        }
    }
}

/// Why money does not move.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing, or less, or more than anybody pays.
    #[error("an amount is from 1 to {AMOUNT_MAX} minor units, this is {0}")]
    Amount(i64),
    /// From an account to itself.
    #[error("from {0} to itself nothing can go")]
    Itself(String),
    /// The key is that of another transfer.
    #[error(
        "the key \"{0}\" is that of another transfer: the same key with the same content, or another key"
    )]
    OtherContent(String),
    /// It would go below the floor, of the account or of its group.
    #[error(
        "{available} minor units are available of {of}, and its floor is {floor}: {wanted} more would go below it"
    )]
    BelowFloor {
        /// Whose.
        of: HolderId,
        /// What is there and not set aside.
        available: i64,
        /// Least that may be.
        floor: i64,
        /// What was asked for.
        wanted: i64,
    },
    /// An account has one currency.
    #[error("the account of {of} is in {has}, this is in {given}")]
    OtherCurrency {
        /// Whose.
        of: HolderId,
        /// Of the account.
        has: String,
        /// Of the transfer.
        given: String,
    },
    /// Nobody has opened it.
    #[error("there is no holder `{0}`")]
    NoAccount(HolderId),
}

/// Whether a transfer may go below the floor of the account that it takes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floor {
    /// It may not.
    Holds,
    /// It takes back what was given: a wrong credit must be undone even if the money is gone.
    MayBreak,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// It is new.
    New,
    /// It had been done before, the same.
    Again,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    purses: BTreeMap<HolderId, Purse>,
    /// Of groups: what all have together.
    groups: BTreeMap<HolderId, Funds>,
    /// Transfers that are there already, by key: of those that this transaction is about.
    known: BTreeMap<String, Transfer>,
    holds: BTreeMap<String, Hold>,
    written: Written,
}

/// What is to be written of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// New transfers, in their order.
    pub transfers: Vec<Transfer>,
    /// By how much the balance and what is held of an account become more.
    pub accounts: BTreeMap<HolderId, Delta>,
    /// The same of groups.
    pub groups: BTreeMap<HolderId, Delta>,
    /// Holds as they are now, those that are new or ended.
    pub holds: BTreeMap<String, Hold>,
}

/// By how much something becomes more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delta {
    /// Of the balance.
    pub balance: i64,
    /// Of what is set aside.
    pub held: i64,
}

impl Ledger {
    /// Takes in an account as it stands.
    pub fn know_purse(&mut self, id: HolderId, purse: Purse) {
        self.purses.insert(id, purse);
    }

    /// Takes in what a group and its members have together.
    pub fn know_group(&mut self, id: HolderId, funds: Funds) {
        self.groups.insert(id, funds);
    }

    /// Takes in a transfer that is there.
    pub fn know_transfer(&mut self, transfer: Transfer) {
        self.known.insert(transfer.key.clone(), transfer);
    }

    /// Takes in a hold that is there.
    pub fn know_hold(&mut self, hold: Hold) {
        self.holds.insert(hold.id.clone(), hold);
    }

    /// The account of a holder.
    pub fn purse(&self, id: &HolderId) -> Option<&Purse> {
        self.purses.get(id)
    }

    /// What all of a group have together.
    pub fn group(&self, id: &HolderId) -> Option<Funds> {
        self.groups.get(id).copied()
    }

    /// A hold.
    pub fn hold(&self, id: &str) -> Option<&Hold> {
        self.holds.get(id)
    }

    /// A transfer that is there, of those that were loaded or posted.
    pub fn transfer(&self, key: &str) -> Option<&Transfer> {
        self.known.get(key)
    }

    /// What may still be taken of a holder: the least of its own room and its group's.
    pub fn room(&self, id: &HolderId) -> i64 {
        let Some(purse) = self.purses.get(id) else { return 0 };
        let group = self.group_of(id, purse).map_or(i64::MAX, |(_, funds)| funds.room());
        purse.own.room().min(group)
    }

    /// Moves money, once for each key.
    pub fn post(&mut self, transfer: Transfer, floor: Floor) -> Result<Posted, Refusal> {
        if let Some(known) = self.known.get(&transfer.key) {
            return match known.is_again(&transfer) {
                true => Ok(Posted::Again),
                false => Err(Refusal::OtherContent(transfer.key)),
            };
        }
        if !(1..=AMOUNT_MAX).contains(&transfer.amount) {
            return Err(Refusal::Amount(transfer.amount));
        }
        if transfer.from == transfer.to {
            return Err(Refusal::Itself(transfer.from.to_string()));
        }
        for account in [&transfer.from, &transfer.to] {
            let Account::Holder(id) = account else { continue };
            let purse = self.purses.get(id).ok_or_else(|| Refusal::NoAccount(id.clone()))?;
            if purse.currency != transfer.currency {
                let (has, given) = (purse.currency.clone(), transfer.currency.clone());
                return Err(Refusal::OtherCurrency { of: id.clone(), has, given });
            }
        }
        if let (Account::Holder(id), Floor::Holds) = (&transfer.from, floor) {
            self.check(id, transfer.amount)?;
        }
        let amount = transfer.amount;
        if let Account::Holder(id) = &transfer.from {
            self.add(id, Delta { balance: -amount, held: 0 });
        }
        if let Account::Holder(id) = &transfer.to {
            self.add(id, Delta { balance: amount, held: 0 });
        }
        self.written.transfers.push(transfer.clone());
        self.known.insert(transfer.key.clone(), transfer);
        Ok(Posted::New)
    }

    /// Sets money aside, once for each id.
    pub fn set_aside(
        &mut self,
        id: &str,
        holder: &HolderId,
        amount: i64,
    ) -> Result<Posted, Refusal> {
        if let Some(hold) = self.holds.get(id) {
            return match hold.holder == *holder && hold.amount == amount {
                true => Ok(Posted::Again),
                false => Err(Refusal::OtherContent(id.to_owned())),
            };
        }
        if !(1..=AMOUNT_MAX).contains(&amount) {
            return Err(Refusal::Amount(amount));
        }
        self.check(holder, amount)?;
        self.add(holder, Delta { balance: 0, held: amount });
        let hold = Hold { id: id.to_owned(), holder: holder.clone(), amount, end: None };
        self.written.holds.insert(id.to_owned(), hold.clone());
        self.holds.insert(id.to_owned(), hold);
        Ok(Posted::New)
    }

    /// Ends a hold, unless it has ended; answers whether it did so now.
    pub fn resolve(&mut self, id: &str, end: HoldEnd) -> bool {
        let Some(hold) = self.holds.get_mut(id).filter(|hold| hold.end.is_none()) else {
            return false;
        };
        hold.end = Some(end);
        let hold = hold.clone();
        self.add(&hold.holder, Delta { balance: 0, held: -hold.amount });
        self.written.holds.insert(hold.id.clone(), hold);
        true
    }

    /// Accounts that have become otherwise, as they are now: what each has, and what it and its members
    /// have together, which of a member is nothing.
    pub fn changed_accounts(&self) -> Vec<(HolderId, Funds, Funds)> {
        let ids = self.written.accounts.keys().chain(self.written.groups.keys());
        let ids: std::collections::BTreeSet<&HolderId> = ids.collect();
        let row = |id: &HolderId| {
            let own = self.purses.get(id)?.own;
            Some((id.clone(), own, self.group(id).unwrap_or_default()))
        };
        ids.into_iter().filter_map(row).collect()
    }

    /// What has become of it since it was loaded.
    pub fn into_written(self) -> Written {
        self.written
    }

    /// Its group, and what all of that have together. A group is a member of itself.
    fn group_of<'a>(&'a self, id: &'a HolderId, purse: &'a Purse) -> Option<(&'a HolderId, Funds)> {
        let group = purse.group.as_ref().unwrap_or(id);
        Some((group, *self.groups.get(group)?))
    }

    fn check(&self, id: &HolderId, wanted: i64) -> Result<(), Refusal> {
        let purse = self.purses.get(id).ok_or_else(|| Refusal::NoAccount(id.clone()))?;
        let below = |of: &HolderId, funds: Funds| Refusal::BelowFloor {
            of: of.clone(),
            available: funds.available(),
            floor: funds.floor,
            wanted,
        };
        if !purse.own.takes(wanted) {
            return Err(below(id, purse.own));
        }
        match self.group_of(id, purse) {
            Some((group, funds)) if !funds.takes(wanted) => Err(below(group, funds)),
            _ => Ok(()),
        }
    }

    fn add(&mut self, id: &HolderId, more: Delta) {
        let Some(purse) = self.purses.get_mut(id) else { return };
        let add = |funds: &mut Funds, delta: &mut Delta| {
            funds.balance += more.balance;
            funds.held += more.held;
            delta.balance += more.balance;
            delta.held += more.held;
        };
        add(&mut purse.own, self.written.accounts.entry(id.clone()).or_default());
        // What a group has itself is part of what all have together.
        let group = purse.group.clone().unwrap_or_else(|| id.clone());
        let Some(funds) = self.groups.get_mut(&group) else { return };
        add(funds, self.written.groups.entry(group).or_default());
    }
}

#[cfg(test)]
mod tests;
