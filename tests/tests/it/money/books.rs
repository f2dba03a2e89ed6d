//! Whether the books are right, in SQL of its own: what the office keeps beside what it sums, reckoned
//! again from the transfers, the admissions and the bills.

use tests::servers::Postgres;

/// Money that went to an account, less what it gave.
macro_rules! of_account {
    ($account:literal) => {
        concat!(
            "(SELECT COALESCE(SUM(CASE WHEN t.credit = ",
            $account,
            " THEN t.amount ELSE -t.amount END), 0) FROM transfers t WHERE ",
            $account,
            " IN (t.debit, t.credit))"
        )
    };
}

/// Each answers what breaks it.
const RULES: [(&str, &str); 10] = [
    (
        "all accounts together have nothing, those of holders as they are kept",
        "SELECT currency, SUM(amount) FROM ( \
         SELECT currency, -amount AS amount FROM transfers WHERE debit NOT LIKE 'holder:%' UNION ALL \
         SELECT currency, amount FROM transfers WHERE credit NOT LIKE 'holder:%' UNION ALL \
         SELECT h.currency, a.balance FROM accounts a JOIN holders h ON h.id = a.holder) AS sides \
         GROUP BY currency HAVING SUM(amount) <> 0",
    ),
    (
        "a balance is the sum of its transfers",
        concat!(
            "SELECT holder, balance FROM accounts a WHERE balance <> ",
            of_account!("'holder:' || a.holder")
        ),
    ),
    (
        "what is held is the sum of the open holds",
        "SELECT holder, held FROM accounts a WHERE held <> (SELECT COALESCE(SUM(amount), 0) FROM holds h \
         WHERE h.holder = a.holder AND h.ended IS NULL)",
    ),
    (
        "a hold ends with its stay",
        "SELECT h.id, a.state FROM holds h JOIN admissions a ON a.id = h.id \
         WHERE (h.ended IS NULL) <> (a.state IN ('expected', 'inside'))",
    ),
    (
        "nothing goes below its floor",
        "SELECT holder, balance - held FROM accounts a JOIN holders h ON h.id = a.holder \
         WHERE balance - held < floor",
    ),
    (
        "as many bays are given away as vehicles were let in and have not left, and no more than there are",
        "SELECT place, bay_type, admitted, entered, spaces FROM bays b WHERE admitted > spaces OR \
         admitted <> (SELECT COUNT(*) FROM admissions a WHERE a.place = b.place AND \
         a.bay_type = b.bay_type AND state IN ('expected', 'inside')) OR \
         entered <> (SELECT COUNT(*) FROM admissions a WHERE a.place = b.place AND \
         a.bay_type = b.bay_type AND state = 'inside')",
    ),
    (
        "of a stay one bill stands, and of an admission",
        "SELECT name, COUNT(*) FROM (SELECT session AS name, state FROM bills UNION ALL \
         SELECT admission, state FROM bills WHERE admission IS NOT NULL) AS names \
         WHERE state <> 'reversed' GROUP BY name HAVING COUNT(*) > 1",
    ),
    (
        "a bill is charged whole",
        "SELECT session, revision, total, taken, owed, paid FROM bills \
         WHERE state IN ('charged', 'due', 'settled') AND (taken + owed <> total OR paid > owed)",
    ),
    (
        "a stay owes what its bill says, and nothing where none stands",
        concat!(
            "SELECT session FROM (SELECT DISTINCT session FROM bills) AS s WHERE -",
            of_account!("'due:' || s.session"),
            " <> (SELECT COALESCE(SUM(owed - paid), 0) FROM bills b WHERE b.session = s.session AND \
             b.state <> 'reversed')"
        ),
    ),
    (
        "a place has earned what its bills say",
        concat!(
            "SELECT place FROM (SELECT DISTINCT place FROM bills) AS p WHERE ",
            of_account!("'revenue:' || p.place"),
            " <> (SELECT COALESCE(SUM(taken + owed), 0) FROM bills b WHERE b.place = p.place AND \
             b.state <> 'reversed')"
        ),
    ),
];

/// Wants all of it to be so; for books in which no bill was waived.
#[track_caller]
pub fn are_right(database: &Postgres) {
    for (rule, statement) in RULES {
        assert_eq!(database.query(statement), Ok(String::new()), "{rule}");
    }
}

/// The number that a statement answers.
#[track_caller]
pub fn number(database: &Postgres, statement: &str) -> i64 {
    let answer = database.query(statement).unwrap();
    answer.parse().unwrap_or_else(|e| panic!("{statement}: {answer:?}: {e}"))
}
