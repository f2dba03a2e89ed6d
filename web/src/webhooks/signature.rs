//! The signature of Standard Webhooks 1.0.0: HMAC-SHA256 over id, time and body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::Secret;

/// The header `webhook-signature`: one signature for each secret.
pub(super) fn signatures(secrets: &[Secret], id: &str, timestamp: i64, body: &str) -> String {
    let signed = |secret: &Secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.bytes());
        let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    };
    secrets.iter().map(signed).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_that_of_the_standards_example() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let sign = |secrets: &[Secret]| {
            let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
            signatures(secrets, id, 1_614_265_330, r#"{"test": 2432232314}"#)
        };
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(sign(std::slice::from_ref(&secret)), expected);
        let other = Secret::parse(&Secret::generate().unwrap()).unwrap();
        let both = sign(&[other.clone(), secret]);
        assert_eq!(both, format!("{} {expected}", sign(&[other])), "while one is replaced");
    }
}
