use serde_json::json;

use super::*;
use crate::picture::Act;

fn query(value: serde_json::Value) -> PlacesQuery {
    serde_json::from_value(value).unwrap()
}

fn wanted(value: serde_json::Value) -> Wanted {
    Wanted::of(&query(value)).unwrap()
}

/// Places along a road to the east, 1 km apart and more, in Quito.
fn board(count: u32) -> (Board, Picture) {
    let (board, mut picture) = (Board::default(), Picture::default());
    let place = |n: u32| {
        let bays = if n.is_multiple_of(2) { "standard" } else { "electric" };
        let place = json!({
            "name": format!("Garage {n}"), "address": format!("Calle {}", n * 11),
            "location": { "latitude": 0.0, "longitude": -78.0 + f64::from(n) * 0.01 },
            "bays": { bays: { "spaces": n % 3 } },
        });
        (format!("p{n:05}").parse().unwrap(), serde_json::from_value(place).unwrap())
    };
    let act = Act::Describe((0..count).map(place).collect());
    let (_, _, changed) = picture.act(&act, "admin", domain::Instant::UNIX_EPOCH).unwrap();
    board.show(&picture, &changed);
    (board, picture)
}

fn ids(page: &[Arc<Posted>]) -> Vec<&str> {
    page.iter().map(|posted| posted.shown.id.as_str()).collect()
}

#[test]
fn pages_follow_one_another_and_have_each_place_once() {
    let (board, _) = board(25);
    for near in [None, Some("0,-77.9,1e6")] {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = wanted(json!({ "limit": 7, "near": near, "after": after }));
            let (page, matching, next) = board.page(&page);
            assert_eq!(matching, 25);
            all.extend(page);
            let Some(next) = next else { break };
            after = Some(next);
        }
        let mut ids: Vec<&str> = ids(&all);
        assert_eq!(ids.len(), 25);
        if near.is_some() {
            assert_eq!(ids[0], "p00010", "the nearest comes first");
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 25);
    }
}

#[test]
fn what_is_asked_for_is_what_is_shown() {
    let (board, _) = board(12);
    let of = |value| board.page(&wanted(value)).0.len();
    assert_eq!(of(json!({ "near": "0,-78,1200" })), 2, "that one, and the next 1.1 km away");
    assert_eq!(of(json!({ "state": "full" })), 4, "those without a bay");
    assert_eq!(of(json!({ "state": "open" })), 8);
    assert_eq!(of(json!({ "bay_type": "electric" })), 6);
    assert_eq!(of(json!({ "q": "gARAGE 1" })), 3);
    assert_eq!(of(json!({ "q": "calle 110" })), 1);
    assert_eq!(of(json!({ "state": "", "q": "" })), 12, "empty is not asked");
}

#[test]
fn a_wrong_question_is_answered_with_the_right_one() {
    let refused = |value| Wanted::of(&query(value)).unwrap_err().detail().to_owned();
    for near in ["52.5", "52.5,13.4", "91,0,10", "0,0,-1", "0,0,inf", "a,b,c"] {
        assert!(
            refused(json!({ "near": near })).starts_with("`near` is LATITUDE,LONGITUDE,METRES")
        );
    }
    assert!(refused(json!({ "state": "free" })).contains("open, full, closed"));
    assert!(refused(json!({ "bay_type": "Wide" })).starts_with("`bay_type` \"Wide\""));
    assert!(refused(json!({ "limit": 0 })).contains("1 to 1000"));
    assert!(refused(json!({ "limit": 1001 })).contains("1 to 1000"));
    assert!(refused(json!({ "near": "0,0,9", "after": "p1" })).contains("`after`"));
}

#[test]
fn only_what_has_become_otherwise_has_changed() {
    let (board, mut picture) = board(4);
    let (all, newest) = board.changed_since(0, &Wanted::default());
    assert_eq!(all.len(), 4);
    let every: Vec<PlaceName> = picture.known().cloned().collect();
    board.show(&picture, &every);
    assert_eq!(board.changed_since(newest, &Wanted::default()).0.len(), 0, "the same again");
    let spot = ("p00002".parse().unwrap(), BayType::default());
    let act = Act::Count { spot, inside: 1, reason: String::new() };
    let (_, _, changed) = picture.act(&act, "Ada", domain::Instant::UNIX_EPOCH).unwrap();
    board.show(&picture, &changed);
    let (changed, after) = board.changed_since(newest, &Wanted::default());
    assert_eq!((ids(&changed), after > newest), (vec!["p00002"], true));
    let electric = wanted(json!({ "bay_type": "electric" }));
    assert_eq!(board.changed_since(newest, &electric).0.len(), 0);
}
