//! The address of a server, for logs and errors.

/// The URL with its password masked.
pub fn masked(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut url) if url.password().is_some() => {
            let _ = url.set_password(Some("***"));
            url.to_string()
        }
        Ok(url) => url.to_string(),
        Err(_) => "(not a URL)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("amqp://user:secret@host:5672/v", "amqp://user:***@host:5672/v"),
            ("redis://:secret@host/0", "redis://:***@host/0"),
            ("redis://host:6379/0", "redis://host:6379/0"),
            ("secret", "(not a URL)"),
        ] {
            assert_eq!(masked(url), shown);
        }
    }
}
