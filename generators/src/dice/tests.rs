use std::collections::HashSet;

use super::{Dice, Stream};

fn ids(seed: u64, stream: Stream) -> Vec<String> {
    let mut dice = Dice::new(seed, stream);
    (0..1000).map(|_| dice.observation_id().to_string()).collect()
}

#[test]
fn a_seed_gives_the_same_again_and_each_stream_its_own() {
    assert_eq!(ids(1, Stream::Entries), ids(1, Stream::Entries));
    let streams = [
        ids(1, Stream::Entries),
        ids(1, Stream::Exits),
        ids(2, Stream::Entries),
        ids(2, Stream::Exits),
        ids(3, Stream::Fleet),
    ];
    let distinct: HashSet<_> = streams.iter().flatten().collect();
    assert_eq!(distinct.len(), 5000);
}

#[test]
fn an_id_is_of_21_letters_and_digits_all_of_which_occur() {
    let ids = ids(1, Stream::Entries);
    assert!(ids.iter().all(|id| id.len() == 21));
    let used: HashSet<_> = ids.iter().flat_map(|id| id.chars()).collect();
    assert!(used.iter().all(char::is_ascii_alphanumeric));
    assert_eq!(used.len(), 62);
}

#[test]
fn a_share_of_none_never_happens_and_of_all_always() {
    let mut dice = Dice::new(1, Stream::Entries);
    assert!((0..1000).all(|_| !dice.chance(0.0) && dice.chance(1.0)));
}
