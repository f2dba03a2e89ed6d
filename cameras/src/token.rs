//! How a camera shows who it is: a token, in whichever of three ways it can send one.
//!
//! Each camera may have a token of its own: then that alone opens its address, and no other one. So
//! who opens a camera at the roadside can speak for that lane and for no other.

use std::fmt;

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use subtle::ConstantTimeEq;

/// What a camera has to show. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token that is this text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret, for who shows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request shows it: as the bearer's, as the password of basic authentication, or as
    /// `?token=`. What is shown in a URL is in no log and no answer: nothing here repeats a query.
    pub fn is_shown(&self, headers: &HeaderMap, query: &str) -> bool {
        shows_token(headers, query, &self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Whether a request shows `token`, in one of the ways that [`Token::is_shown`] takes.
pub fn shows_token(headers: &HeaderMap, query: &str, token: &str) -> bool {
    let bearer = authorization(headers, "bearer");
    let basic = authorization(headers, "basic").and_then(|shown| BASE64.decode(shown).ok());
    let password = basic.as_deref().and_then(|basic| {
        let colon = basic.iter().position(|byte| *byte == b':')?;
        basic.get(colon + 1..)
    });
    bearer.is_some_and(|shown| is(shown.as_bytes(), token))
        || password.is_some_and(|shown| is(shown, token))
        || query.split('&').any(|pair| is_in_query(pair, token))
}

/// People write the token into a URL as it is, and a `+` in it then is one; forms and careful
/// programs mean a blank by it. Some cameras put the path or the query of their own behind the URL
/// that they are given, so behind its `?token=` too.
fn is_in_query(pair: &str, token: &str) -> bool {
    if !pair.starts_with("token=") {
        return false;
    }
    let value = |pair: &str| {
        let pair = form_urlencoded::parse(pair.as_bytes()).next();
        pair.map(|(_, value)| value.into_owned().into_bytes()).unwrap_or_default()
    };
    let (in_form, as_it_is) = (value(pair), value(&pair.replace('+', "%2B")));
    let beginning = as_it_is.get(..token.len()).unwrap_or_default();
    let goes_on = matches!(as_it_is.get(token.len()), Some(b'/' | b'?'));
    is(&in_form, token) || is(&as_it_is, token) || (goes_on && is(beginning, token))
}

/// What the header of that scheme shows.
fn authorization<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (of, shown) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    of.eq_ignore_ascii_case(scheme).then(|| shown.trim())
}

/// In constant time: the answer's delay must not tell how much of a guess was right.
fn is(shown: &[u8], token: &str) -> bool {
    shown.ct_eq(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn a_token_in_a_url_is_taken_as_people_write_it_and_with_what_cameras_put_behind_it() {
        for (token, query, shown) in [
            ("a+b/c=", "token=a+b/c=", true),
            ("a+b/c=", "token=a%2Bb%2Fc%3D", true),
            ("a b", "token=a+b", true),
            ("a+b", "token=a%20b", false),
            ("secret", "x=1&token=secret&y=2", true),
            ("secret", "token=secret/NotificationInfo/TollgateInfo", true),
            ("secret", "token=secret?picture=1", true),
            ("secret", "token=secret1", false),
            ("secret", "token=secre", false),
            ("secret", "token=secre/t", false),
            ("secret", "token=", false),
            ("secret", "", false),
            ("secret", "xtoken=secret", false),
            ("secret", "token=%ff%fe", false),
        ] {
            assert_eq!(shows_token(&HeaderMap::new(), query, token), shown, "{token} {query}");
        }
    }

    #[test]
    fn it_is_the_bearers_or_a_password_and_its_own_debug_hides_it() {
        let token = Token::new("secret".to_owned());
        // camera:secret, camera:secrets
        for (shown, is_it) in [
            ("Bearer secret", true),
            ("bearer  secret", true),
            ("Basic Y2FtZXJhOnNlY3JldA==", true),
            ("Basic Y2FtZXJhOnNlY3JldHM=", false),
            ("Bearer secrets", false),
            ("Bearer", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(shown));
            assert_eq!(token.is_shown(&headers, ""), is_it, "{shown}");
        }
        assert_eq!(format!("{token:?}"), "***");
    }
}
