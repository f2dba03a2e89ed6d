//! No body, however broken, makes an adapter panic, and what it reads is in bounds.

use proptest::prelude::*;

use crate::fuzzing;
use crate::testing::payloads;

/// What may be put in a value's place.
const VALUES: &[&str] = &[
    "null",
    "true",
    "0",
    "-1",
    "1e308",
    "1e999",
    "9223372036854775807",
    "18446744073709551616",
    "\"\"",
    "\"é\u{0}\"",
    "\"0000-00-00T00:00:00Z\"",
    "[]",
    "{}",
    "[[[[]]]]",
    "{\"a\":{\"a\":1}}",
    "[null,null]",
    "\"1e400\"",
    "\"NaN\"",
    "<a/>",
    "&#0;",
    "=",
    "[0]",
    "\u{feff}",
    "--x\r\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_payload_cut_short_is_an_error_or_a_message(
        index in 0..payloads().len(), cut in any::<prop::sample::Index>(),
    ) {
        let (head, tail) = payloads()[index].text.as_bytes().split_at(cut.index(payloads()[index].text.len()));
        fuzzing::any_vendor_reads(head);
        fuzzing::any_vendor_reads(tail);
    }

    #[test]
    fn a_payload_with_other_values_is_an_error_or_a_message(
        index in 0..payloads().len(),
        swaps in prop::collection::vec((any::<prop::sample::Index>(), 0..VALUES.len()), 1..6),
    ) {
        let mut body = payloads()[index].text.clone();
        for (token, value) in swaps {
            let tokens = values(&body);
            if !tokens.is_empty() {
                body.replace_range(tokens[token.index(tokens.len())].clone(), VALUES[value]);
            }
        }
        fuzzing::any_vendor_reads(body.as_bytes());
    }

    #[test]
    fn a_payload_with_other_bytes_is_an_error_or_a_message(
        index in 0..payloads().len(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut body = payloads()[index].text.as_bytes().to_vec();
        for (at, byte) in flips {
            let at = at.index(body.len());
            body[at] = byte;
        }
        fuzzing::any_vendor_reads(&body);
    }

    #[test]
    fn a_payload_within_itself_is_an_error_or_a_message(
        outer in 0..payloads().len(), inner in 0..payloads().len(), token in any::<prop::sample::Index>(),
    ) {
        let mut body = payloads()[outer].text.clone();
        let tokens = values(&body);
        body.replace_range(tokens[token.index(tokens.len())].clone(), &payloads()[inner].text);
        fuzzing::any_vendor_reads(body.as_bytes());
    }

    #[test]
    fn any_bytes_are_an_error_or_a_message(body in prop::collection::vec(any::<u8>(), 0..400)) {
        fuzzing::any_vendor_reads(&body);
    }
}

/// Where the values of a JSON, XML or `name=value` text stand, roughly.
fn values(text: &str) -> Vec<std::ops::Range<usize>> {
    let is_edge = |c: char| c.is_whitespace() || "{}[],:<>=".contains(c);
    let mut ranges = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices() {
        match (is_edge(character), start) {
            (true, Some(from)) => {
                ranges.push(from..at);
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    ranges
}
