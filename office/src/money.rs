//! People, rights and money: who is let in, what it costs, and who has paid.
//!
//! Reading order: `holder` and `right` (what people describe), `ledger`, `admission` and `charge` (the
//! decisions, pure), `book` (what one transaction knows), `till` (what is asked, done in a book), `vault`
//! (SQL), `cashier` (the actor that makes one transaction of what comes together).

mod admission;
mod book;
mod cashier;
mod charge;
mod holder;
mod ledger;
mod right;
#[cfg(test)]
mod testing;
mod till;
mod vault;

pub use admission::Reason;
pub use cashier::{Ask, Cashier, Counted, Order, Reply, Stop};
pub use charge::{BillState, Billed};
pub use holder::{Credential, CredentialKind, Holder};
pub use ledger::{Account, Refusal};
pub use right::{Right, RightKind};
pub use till::{
    Answer, Approve, CheckIn, CheckOut, GateError, Leaving, Pay, PayFor, Rules, Waive, Wrong,
};
pub use vault::{Described, HeldOfPlate, Line, Listed, Vault};
