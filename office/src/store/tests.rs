use domain::occupancy::Verified;
use domain::place::BayType;
use tempfile::TempDir;

use super::*;
use crate::tables::testing::hourly;

async fn store() -> (Store, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(Sql::file(&directory.path().join("office ?#%.sqlite")).unwrap());
    store.prepare().await.unwrap();
    (store, directory)
}

fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn count(open: u32, verified: Option<u32>) -> Count {
    let at = Instant::from_timestamp_micros(1_700_000_000_000_001).unwrap();
    let verified =
        verified.map(|inside| Verified { inside, derived: 2, movements: 3, movements_then: 9, at });
    Count { open, correction: -1, entries: 7, exits: 4, verified, as_of: Some(at) }
}

fn stay(entry: &str) -> Stay {
    Stay { entry: name(entry), place: name("north"), bay_type: BayType::default() }
}

fn city(version: u32, amount: &str) -> Put {
    let table = rates::RateTable { version, ..hourly("city", amount) };
    Put { table, by: "Ada".to_owned(), at: Instant::UNIX_EPOCH, version: 1 }
}

fn plate(number: usize) -> Plate {
    Plate::parse(&format!("P{number}")).unwrap()
}

#[tokio::test]
async fn what_was_kept_is_there_after_another_start() {
    let (store, directory) = store().await;
    let spot = (name("north"), BayType::default());
    let place: Place = serde_json::from_str(r#"{"name":"Ñorth \"1\""}"#).unwrap();
    let at = Instant::from_timestamp_secs(1_700_000_000).unwrap();
    let described = Described { place, version: 1, at };
    let change = Change {
        position: Some(42),
        places: vec![(name("north"), Some(described.clone()))],
        tables: vec![city(1, "2.00"), city(2, "3.00")],
        counts: vec![(spot.clone(), count(3, Some(5)))],
        stays: vec![(plate(1), Some(stay("e1"))), (plate(2), None)],
        told: vec![(name("north"), "{}".to_owned(), 1)],
        facts: vec!["one".to_owned(), "two".to_owned()],
    };
    assert_eq!(store.commit(0, &change).await.unwrap(), Committed::Done(1));
    store.close().await;
    let store = Store::new(Sql::file(&directory.path().join("office ?#%.sqlite")).unwrap());
    store.prepare().await.unwrap();
    let news = store.since(0).await.unwrap();
    assert_eq!((news.version, news.position), (1, 42));
    assert_eq!(news.places, [(name("north"), Some(described))]);
    assert_eq!(news.tables, [city(1, "2.00"), city(2, "3.00")]);
    assert_eq!(news.counts, [(spot, count(3, Some(5)))]);
    assert_eq!(store.stays().await.unwrap(), [(plate(1), stay("e1"))]);
    assert_eq!(news.told, [(name("north"), "{}".to_owned(), 1)]);
    assert_eq!(store.facts(10).await.unwrap(), [(1, "one".to_owned()), (2, "two".to_owned())]);
    store.forget_facts(1).await.unwrap();
    assert_eq!(store.facts(10).await.unwrap(), [(2, "two".to_owned())]);
    let later = store.since(1).await.unwrap();
    assert!(later.counts.is_empty() && later.tables.is_empty(), "nothing is news since then");
}

#[tokio::test]
async fn of_two_that_saw_the_same_one_changes_it_and_the_other_changes_nothing() {
    let (store, _directory) = store().await;
    let fact = |text: &str| Change { facts: vec![text.to_owned()], ..Change::default() };
    assert_eq!(store.commit(0, &fact("mine")).await.unwrap(), Committed::Done(1));
    assert_eq!(store.commit(0, &fact("yours")).await.unwrap(), Committed::Conflict);
    assert_eq!(store.facts(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_change_of_any_size_is_one() {
    let (store, _directory) = store().await;
    let stays = |stay: &dyn Fn(usize) -> Option<Stay>| Change {
        stays: (0..1_000).map(|number| (plate(number), stay(number))).collect(),
        ..Change::default()
    };
    let all = stays(&|number| Some(stay(&format!("e{number}"))));
    store.commit(0, &all).await.unwrap();
    assert_eq!(store.stays().await.unwrap().len(), 1_000);
    let some = stays(&|number| number.is_multiple_of(10).then(|| stay("again")));
    store.commit(1, &some).await.unwrap();
    let left = store.stays().await.unwrap();
    assert!(left.len() == 100 && left.iter().all(|(_, stay)| stay.entry.as_str() == "again"));
}

#[tokio::test]
async fn one_reads_the_feed_until_it_says_so_no_more() {
    let (store, _directory) = store().await;
    let second = |n: i64| Instant::from_timestamp_secs(n).unwrap();
    assert!(store.hold("a", second(1), second(10)).await.unwrap());
    assert!(!store.hold("b", second(5), second(15)).await.unwrap());
    assert!(store.hold("a", second(9), second(19)).await.unwrap(), "it goes on");
    assert!(store.hold("b", second(20), second(30)).await.unwrap(), "the other is silent");
    store.let_go("a").await.unwrap();
    assert!(!store.hold("a", second(21), second(31)).await.unwrap(), "what is another's stays");
    store.let_go("b").await.unwrap();
    assert!(store.hold("a", second(21), second(31)).await.unwrap());
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_and_says_so() {
    let (store, _directory) = store().await;
    let add = "INSERT INTO migrations (number, text) VALUES (99, 'later')";
    sqlx::query(add).execute(store.sql.pool()).await.unwrap();
    let refused = store.prepare().await.unwrap_err();
    assert!(!refused.is_passing && refused.to_string().contains("newer carpark"), "{refused}");
}

#[tokio::test]
async fn a_version_of_a_rate_table_is_never_changed_taken_away_or_left_out() {
    let (store, _directory) = store().await;
    let put = |put: Put| Change { tables: vec![put], ..Change::default() };
    store.commit(0, &put(city(1, "2.00"))).await.unwrap();
    let refused = store.commit(1, &put(city(1, "9.00"))).await.unwrap_err().to_string();
    assert!(refused.contains("UNIQUE"), "{refused}");
    let refused = store.commit(1, &put(city(3, "9.00"))).await.unwrap_err().to_string();
    assert!(refused.contains("FOREIGN KEY"), "number 2 would be left out: {refused}");
    for statement in ["UPDATE rate_tables SET text = '{}'", "DELETE FROM rate_tables"] {
        let refused = sqlx::query(statement).execute(store.sql.pool()).await.unwrap_err();
        assert!(refused.to_string().contains("rows of rate_tables are only added"), "{refused}");
    }
    assert_eq!(store.since(0).await.unwrap().tables, [city(1, "2.00")]);
}

#[tokio::test]
async fn what_was_told_is_news_to_other_processes() {
    let (store, _directory) = store().await;
    let told = |state: &str, number| Change {
        told: vec![(name("north"), state.to_owned(), number)],
        ..Change::default()
    };
    store.commit(0, &told("one", 1)).await.unwrap();
    store.commit(1, &told("two", 2)).await.unwrap();
    let news = store.since(1).await.unwrap().told;
    assert_eq!(news, [(name("north"), "two".to_owned(), 2)]);
    assert!(store.since(2).await.unwrap().told.is_empty());
}
