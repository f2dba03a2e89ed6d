//! The smallest HTTP client that a test needs: a method, a URL, headers, a body; a status and a
//! text back. One connection per request, as `curl` does.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The `Content-Type`, empty where none was given.
    pub content_type: String,
    /// `Retry-After`, where it is said.
    pub retry_after: Option<String>,
    /// All headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|e| panic!("no JSON ({e}): {} {:?}", self.status, self.body))
    }

    /// What a header says; nothing where it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Itself, if it is a 2xx.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "status {}: {}", self.status, self.body);
        self
    }
}

/// Sends a request; an error where nobody answers within 10 s. An answer of any status is one.
pub fn request(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(10)))
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .build()
        .into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let sent = if body.is_empty() && matches!(method, "GET" | "DELETE") {
        agent.run(request.body(()).map_err(|e| e.to_string())?)
    } else {
        agent.run(request.body(body).map_err(|e| e.to_string())?)
    };
    let mut response = sent.map_err(|e| e.to_string())?;
    let header = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let headers: BTreeMap<String, String> = response.headers().iter().map(header).collect();
    let status = response.status().as_u16();
    let body = response
        .body_mut()
        .with_config()
        .limit(256 * 1024 * 1024)
        .read_to_vec()
        .map_err(|e| e.to_string())?;
    Ok(Answer {
        status,
        content_type: headers.get("content-type").cloned().unwrap_or_default(),
        retry_after: headers.get("retry-after").cloned(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// `GET`.
#[track_caller]
pub fn get(url: &str) -> Answer {
    request("GET", url, &[], b"").unwrap_or_else(|e| panic!("GET {url}: {e}"))
}

/// `GET` with a bearer token.
#[track_caller]
pub fn get_as(token: &str, url: &str) -> Answer {
    let headers = [("authorization", format!("Bearer {token}"))];
    request("GET", url, &[(headers[0].0, &headers[0].1)], b"")
        .unwrap_or_else(|e| panic!("GET {url}: {e}"))
}

/// `POST` of JSON.
#[track_caller]
pub fn post_json(url: &str, body: &Value) -> Answer {
    request("POST", url, &[("content-type", "application/json")], body.to_string().as_bytes())
        .unwrap_or_else(|e| panic!("POST {url}: {e}"))
}
