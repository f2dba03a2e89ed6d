use super::*;
use crate::table::Table;

fn fingerprint(n: u32) -> Fingerprint {
    let id = format!("session-{n}");
    Table::Summaries.fingerprint(&["P", "e", "x", "0", &id, "main", "false"]).unwrap()
}

fn filled(rows_max: usize, numbers: impl IntoIterator<Item = u32>) -> Index {
    let mut index = Index::new(rows_max);
    for n in numbers {
        index.insert(fingerprint(n));
    }
    index
}

#[test]
fn the_newest_rows_are_known_and_the_oldest_forgotten_first() {
    for rows_max in [1, 2, 7, 100] {
        let index = filled(rows_max, 0..300);
        assert_eq!(index.len(), rows_max);
        for n in 0..300 {
            let is_in_window = n as usize >= 300 - rows_max;
            assert_eq!(index.contains(fingerprint(n)), is_in_window, "{n} of window {rows_max}");
        }
    }
}

#[test]
fn a_row_that_is_known_takes_no_second_place() {
    let index = filled(3, [1, 2, 1, 1, 1, 3]);
    assert_eq!(index.len(), 3);
    assert!([1, 2, 3].into_iter().all(|n| index.contains(fingerprint(n))));
}

#[test]
fn a_row_costs_at_most_thirty_bytes() {
    let rows = 100_000;
    let index = filled(rows, 0..u32::try_from(rows).unwrap());
    // A position and a control byte per bucket; a table is at most 7/8 full.
    let buckets = (index.positions.capacity() * 8 / 7).next_power_of_two();
    let bytes = index.ring.capacity() * size_of::<Fingerprint>() + buckets * 5;
    assert!(bytes / rows <= 30, "{} bytes per row", bytes / rows);
}
