//! Whether the tokens that are set protect anything: looked at before the listener opens.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use anyhow::bail;

use crate::config::Tokens;

/// Fewest characters of a token where strangers reach it.
const LENGTH_MIN: usize = 16;
/// Fewest different characters in one.
const DIFFERENT_MIN: usize = 5;
/// Stands in examples of the documentation, and of many others.
const EXAMPLES: &[&str] = &["change-me", "changeme", "change_me"];

/// Refuses tokens that cannot be shown, and on an address that other machines reach also those that
/// can be guessed. Answers what is wrong with those that it lets pass, in words.
pub fn check(address: SocketAddr, key: &str, tokens: &Tokens) -> anyhow::Result<Vec<String>> {
    let all = tokens.named();
    if let Some((name, _)) = all.iter().find(|(_, token)| !can_be_shown(token)) {
        bail!(
            "{name} cannot be shown in a header: it begins or ends with a blank, or has a character \
             that is no letter, digit or sign of ASCII. {REMEDY}"
        );
    }
    let faults = faults(&all);
    if address.ip().is_loopback() || faults.is_empty() {
        return Ok(faults);
    }
    bail!(
        "`{key}` = \"{address}\" can be reached from other machines, and {}. {REMEDY}",
        faults.join("; ")
    )
}

const REMEDY: &str = "Make a separate token for each, for instance with `openssl rand -hex 24`";

fn can_be_shown(token: &str) -> bool {
    let is_plain = token.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    is_plain && token.trim() == token && !token.is_empty()
}

/// What makes tokens easy to guess.
fn faults(all: &[(String, &str)]) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, (name, token)) in all.iter().enumerate() {
        let folded = token.to_ascii_lowercase();
        if EXAMPLES.iter().any(|example| folded.contains(example)) {
            faults.push(format!("{name} is copied from an example"));
        } else if token.len() < LENGTH_MIN {
            faults.push(format!("{name} is shorter than {LENGTH_MIN} characters"));
        } else if token.bytes().collect::<BTreeSet<_>>().len() < DIFFERENT_MIN {
            faults.push(format!("{name} has hardly any different characters"));
        }
        if token.contains(' ') {
            faults.push(format!("{name} has a blank in it"));
        }
        if let Some((other, _)) = all[..at].iter().find(|(_, earlier)| earlier == token) {
            faults.push(format!("{name} is the same as {other}"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [&str; 3] =
        ["3f9c1b7a5d2e8f40", "another-token-of-mine", "0123456789abcdef0123456789abcdef"];

    fn tokens(admin: &str, sink: &str, camera: &str) -> Tokens {
        let token = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Tokens {
            admin: token(admin),
            sink: token(sink),
            camera: token(camera),
            own_cameras: Vec::new(),
            ping: None,
            feed: None,
            gate: None,
        }
    }

    fn judged(address: &str, tokens: &Tokens) -> Result<usize, String> {
        let judged = check(address.parse().unwrap(), "web_listen", tokens);
        judged.map(|faults| faults.len()).map_err(|e| e.to_string())
    }

    #[test]
    fn where_strangers_come_a_token_is_long_and_no_others() {
        let [a, b, c] = GOOD;
        for address in ["0.0.0.0:40000", "[::]:40000", "192.0.2.1:40000"] {
            assert_eq!(judged(address, &tokens(a, b, c)), Ok(0));
            assert_eq!(judged(address, &tokens("abcdeabcdeabcdea", b, c)), Ok(0), "just enough");
            for (weak, why) in [
                ("a", "shorter than 16"),
                ("123456789abcdef", "shorter than 16"),
                ("change-me", "example"),
                ("CHANGE-ME-of-the-docs", "example"),
                ("of-the-docs-Changeme", "example"),
                ("of-the-docs-change_me", "example"),
                ("aaaaaaaaaaaaaaaaaaaa", "hardly any"),
                ("abcdabcdabcdabcdabcd", "hardly any"),
                ("a token with blanks in it", "blank"),
                (a, "the same as CARPARK_ADMIN_TOKEN"),
            ] {
                let said = judged(address, &tokens(a, weak, c)).unwrap_err();
                for part in [why, "CARPARK_SINK_TOKEN", address, "openssl rand"] {
                    assert!(said.contains(part), "{weak}: {said}");
                }
                assert!(weak == a || !said.contains(&format!("\"{weak}\"")), "{said}");
            }
        }
    }

    #[test]
    fn on_this_machine_it_is_only_said() {
        for address in ["127.0.0.1:40000", "[::1]:40000"] {
            assert_eq!(judged(address, &tokens("a", "a", "change-me")), Ok(4));
            assert_eq!(judged(address, &Tokens::default()), Ok(0));
        }
    }

    #[test]
    fn one_that_nobody_can_show_is_refused_everywhere() {
        for wrong in
            [" ", " padded-token-of-mine", "tab\tinside-of-a-token", "schlüssel-der-garage"]
        {
            let said = judged("127.0.0.1:1", &tokens("", "", wrong)).unwrap_err();
            assert!(said.contains("CARPARK_CAMERA_TOKEN") && said.contains("openssl"), "{said}");
        }
        let empty = Tokens { own_cameras: vec![String::new()], ..Tokens::default() };
        let said = judged("127.0.0.1:1", &empty).unwrap_err();
        assert!(said.contains("a camera's own token"), "{said}");
    }
}
