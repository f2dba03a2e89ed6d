//! Why a server cannot be used at the start, sorted by what is to be done: wait, or change something.

/// See the module. Each says what happened in words, without a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    /// Retrying may succeed.
    #[error("{0}")]
    Away(String),
    /// It will not work until somebody changes something; says what.
    #[error("{0}")]
    Refused(String),
}

/// What Redis' errors begin with where the user, the password or the permissions are not right.
const REFUSALS: &[&str] = &["NOAUTH", "WRONGPASS", "NOPERM", "DENIED"];
/// What the client says where Redis took none of what the URL names.
const REFUSED: &[&str] = &["authentication failed", "refused to switch database"];

impl Unreached {
    /// Of Redis at `shown`, a URL without its password: `code` is what its error begins with, `text` all
    /// of it.
    pub fn of_redis(shown: &str, code: Option<&str>, text: &str) -> Self {
        let folded = text.to_ascii_lowercase();
        let is_refusal = code.is_some_and(|code| REFUSALS.contains(&code))
            || REFUSALS.iter().any(|code| text.contains(code))
            || REFUSED.iter().any(|refused| folded.contains(refused));
        if is_refusal {
            return Self::Refused(format!(
                "Redis at {shown} refuses: {text}; check user, password, permissions and database in \
                 the URL (redis://user:password@host:6379/0)"
            ));
        }
        Self::Away(format!("Redis at {shown}: {text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_has_to_change_is_told_from_what_may_pass() {
        let shown = "redis://host/0";
        for (code, text, is_refusal) in [
            (Some("NOAUTH"), "NOAUTH: Authentication required.", true),
            (Some("WRONGPASS"), "WRONGPASS: invalid username-password pair", true),
            (Some("NOPERM"), "NOPERM: no permissions to run the 'eval' command", true),
            (None, "Password authentication failed - AuthenticationFailed", true),
            (Some("ERR"), "Redis server refused to switch database - ResponseError", true),
            (Some("LOADING"), "LOADING: Redis is loading the dataset in memory", false),
            (None, "Connection refused (os error 111)", false),
            (Some("OOM"), "OOM: command not allowed when used memory > 'maxmemory'", false),
        ] {
            let sorted = Unreached::of_redis(shown, code, text);
            assert_eq!(matches!(sorted, Unreached::Refused(_)), is_refusal, "{text}");
            assert!(sorted.to_string().contains(shown) && sorted.to_string().contains(text));
        }
    }
}
