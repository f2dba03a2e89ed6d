//! A real browser: Chromium, driven over WebDriver by Debian's chromedriver, with a new profile.
//!
//! A test mostly asks the page itself, by a line of JavaScript, and presses real keys and buttons.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};

use crate::{guard, http, ports, runtime, wait};

/// What a page may take to become so, on a machine that is busy with other tests.
pub const SOON: Duration = Duration::from_secs(30);

/// Keys, as WebDriver names them.
pub mod key {
    pub const TAB: &str = "\u{E004}";
    pub const ENTER: &str = "\u{E007}";
    pub const ESCAPE: &str = "\u{E00C}";
}

/// See the module. Ends when dropped.
pub struct Browser {
    client: Option<Client>,
    driver: Child,
    directory: PathBuf,
}

/// A command beyond those that every browser has.
#[derive(Debug)]
struct OfChromium {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for OfChromium {
    fn endpoint(
        &self,
        base: &url::Url,
        session_id: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session_id.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (ureq::http::Method, Option<String>) {
        (ureq::http::Method::POST, Some(self.body.to_string()))
    }
}

impl Browser {
    /// Starts one with a window of 1300 by 1000.
    #[expect(clippy::new_without_default, reason = "it starts a browser")]
    #[track_caller]
    pub fn new() -> Self {
        Self::with_preferences(&json!({}))
    }

    /// One that takes no cookies, from nobody.
    #[track_caller]
    pub fn without_cookies() -> Self {
        const BLOCK: u8 = 2;
        Self::with_preferences(&json!({ "profile.default_content_setting_values.cookies": BLOCK }))
    }

    #[track_caller]
    fn with_preferences(preferences: &Value) -> Self {
        let directory = guard::directory("browser");
        let port = ports::free();
        let log = std::fs::File::create(directory.join("log")).unwrap();
        let driver = guard::spawn(
            Command::new("chromedriver")
                .arg(format!("--port={port}"))
                .stdin(Stdio::null())
                .stdout(log.try_clone().unwrap())
                .stderr(log),
        );
        let url = format!("http://127.0.0.1:{port}");
        wait::until_ok("chromedriver is ready", SOON, || {
            let answer = http::request("GET", &format!("{url}/status"), &[], b"")?;
            answer.json()["value"]["ready"].as_bool().filter(|r| *r).ok_or(answer.body).map(|_| ())
        });
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--window-size=1300,1000",
            &format!("--user-data-dir={}", directory.join("profile").display()),
        ];
        let capabilities: Map<String, Value> = json!({
            "goog:chromeOptions": { "args": arguments, "prefs": preferences },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        })
        .as_object()
        .cloned()
        .unwrap();
        let client = runtime().block_on(
            ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&url),
        );
        let client = client.unwrap_or_else(|e| {
            panic!("no browser: {e}\n{}", guard::tail(&directory.join("log"), 20))
        });
        Self { client: Some(client), driver, directory }
    }

    fn client(&self) -> &Client {
        self.client.as_ref().expect("it is there until it is dropped")
    }

    /// Opens a page and waits until it is loaded.
    #[track_caller]
    pub fn open(&self, url: &str) {
        runtime().block_on(self.client().goto(url)).unwrap_or_else(|e| panic!("{url}: {e}"));
    }

    /// What an expression in the page comes to.
    #[track_caller]
    pub fn eval(&self, expression: &str) -> Value {
        let script = format!("return ({expression})");
        runtime()
            .block_on(self.client().execute(&script, Vec::new()))
            .unwrap_or_else(|e| panic!("{expression}: {e}"))
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub fn wait_for(&self, expression: &str) {
        wait::until_ok(expression, SOON, || {
            let script = format!("return ({expression})");
            let value = runtime().block_on(self.client().execute(&script, Vec::new()));
            match value {
                Ok(Value::Bool(true)) => Ok(()),
                Ok(other) => Err(format!("{other}\n{}", self.text())),
                Err(e) => Err(e.to_string()),
            }
        });
    }

    /// Waits until a text is on the page.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str) {
        self.wait_for(&format!("document.body.innerText.includes({})", json!(text)));
    }

    /// All that can be read on the page.
    pub fn text(&self) -> String {
        let text =
            runtime().block_on(self.client().execute("return document.body.innerText", vec![]));
        text.ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Clicks on what a CSS selector finds, once it is there.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        wait::until_ok(&format!("{selector} can be clicked"), SOON, || {
            runtime().block_on(async {
                let element = self.client().find(Locator::Css(selector)).await;
                element.map_err(|e| e.to_string())?.click().await.map_err(|e| e.to_string())
            })
        });
    }

    /// Types into what a CSS selector finds.
    #[track_caller]
    pub fn type_into(&self, selector: &str, text: &str) {
        wait::until_ok(&format!("{selector} can be typed into"), SOON, || {
            runtime().block_on(async {
                let element = self.client().find(Locator::Css(selector)).await;
                element.map_err(|e| e.to_string())?.send_keys(text).await.map_err(|e| e.to_string())
            })
        });
    }

    /// Moves the pointer to the middle of what a CSS selector finds.
    #[track_caller]
    pub fn point_at(&self, selector: &str) {
        let place = self.eval(&format!(
            "(() => {{ const r = document.querySelector({}).getBoundingClientRect();
               return [r.x + r.width / 2, r.y + r.height / 2]; }})()",
            json!(selector)
        ));
        self.pointer(&place[0], &place[1]);
    }

    /// Moves the pointer to the corner of the page, where nothing is.
    pub fn point_at_nothing(&self) {
        self.pointer(&json!(1), &json!(1));
    }

    fn pointer(&self, x: &Value, y: &Value) {
        let moved = json!({ "type": "mouseMoved", "x": x, "y": y });
        self.devtools("Input.dispatchMouseEvent", &moved);
    }

    /// Opens a page in one more tab, and goes there.
    #[track_caller]
    pub fn open_tab(&self, url: &str) {
        runtime().block_on(async {
            let tab = self.client().new_window(true).await.unwrap();
            self.client().switch_to_window(tab.handle).await.unwrap();
        });
        self.open(url);
    }

    /// Goes to the tab of that number, in no order that is known.
    #[track_caller]
    pub fn go_to_tab(&self, number: usize) {
        runtime().block_on(async {
            let tab = self.client().windows().await.unwrap().remove(number);
            self.client().switch_to_window(tab).await.unwrap();
        });
    }

    /// Presses keys wherever the focus is.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        runtime()
            .block_on(async { self.client().active_element().await?.send_keys(keys).await })
            .unwrap_or_else(|e| panic!("keys: {e}"));
    }

    /// A phone instead of a window.
    pub fn be_a_phone(&self, width: u32, height: u32) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": true }),
        );
    }

    /// A window whose page is that large.
    pub fn window(&self, width: u32, height: u32) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        );
    }

    /// `light` or `dark`.
    pub fn prefer(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// What is seen now, as a PNG.
    pub fn screenshot(&self) -> Vec<u8> {
        runtime().block_on(self.client().screenshot()).unwrap()
    }

    /// What the browser wrote to its console since the last time.
    pub fn console(&self) -> Vec<String> {
        let entries = self.log("browser");
        entries.iter().map(|entry| entry["message"].as_str().unwrap_or("?").to_owned()).collect()
    }

    /// What went over the network since the last time, as the browser's own events tell.
    pub fn network(&self) -> Vec<Value> {
        let entries = self.log("performance");
        let events = entries.iter().map(|entry| {
            let message = entry["message"].as_str().unwrap_or_default();
            serde_json::from_str::<Value>(message).unwrap_or_default()["message"].take()
        });
        events.filter(is_of_network).collect()
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.command("se/log", json!({ "type": kind }));
        entries.as_array().cloned().unwrap_or_default()
    }

    fn devtools(&self, command: &str, parameters: &Value) {
        self.command("goog/cdp/execute", json!({ "cmd": command, "params": parameters }));
    }

    #[track_caller]
    fn command(&self, path: &'static str, body: Value) -> Value {
        let command = OfChromium { path, body };
        runtime()
            .block_on(self.client().issue_cmd(command))
            .unwrap_or_else(|e| panic!("{path}: {e}"))
    }
}

fn is_of_network(event: &Value) -> bool {
    event["method"].as_str().is_some_and(|method| method.starts_with("Network."))
}

impl Drop for Browser {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let test = std::thread::current().name().unwrap_or("test").replace("::", "-");
            let picture =
                std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("failed-tests");
            let _ = std::fs::create_dir_all(&picture);
            let picture = picture.join(format!("{test}.png"));
            if let Ok(png) = runtime().block_on(self.client().screenshot()) {
                let _ = std::fs::write(&picture, png);
                eprintln!("--- the page: {}\n{}", picture.display(), self.text());
            }
        }
        if let Some(client) = self.client.take() {
            let _ = runtime().block_on(client.close());
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
