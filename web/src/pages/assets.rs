//! What the pages are drawn with, in the binary. All are served under a name that changes with
//! their content, so that a browser may keep it for ever.

use std::fmt::Write as _;
use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::Path;
use uuid::{Uuid, uuid};

/// Names contents by their hash.
const NAMESPACE: Uuid = uuid!("9a1f2c61-4f0e-5d51-8a52-0c8b7f0e5b1d");
/// A year, and not even a question whether it has changed.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

const ASSETS: &[Asset] = &[
    Asset {
        name: "carpark.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("../../assets/carpark.css"),
    },
    Asset { name: "live.js", content_type: SCRIPT, bytes: include_bytes!("../../assets/live.js") },
    Asset {
        name: "clock.js",
        content_type: SCRIPT,
        bytes: include_bytes!("../../assets/clock.js"),
    },
    Asset {
        name: "regions.js",
        content_type: SCRIPT,
        bytes: include_bytes!("../../assets/regions.js"),
    },
    Asset {
        name: "plate.js",
        content_type: SCRIPT,
        bytes: include_bytes!("../../assets/plate.js"),
    },
    Asset { name: "hub.js", content_type: SCRIPT, bytes: include_bytes!("../../assets/hub.js") },
    Asset {
        name: "worker.js",
        content_type: SCRIPT,
        bytes: include_bytes!("../../assets/worker.js"),
    },
    Asset {
        name: "icon.svg",
        content_type: "image/svg+xml",
        bytes: include_bytes!("../../assets/icon.svg"),
    },
];

/// Paths of the assets, for a template.
#[derive(Debug, Clone)]
pub(crate) struct Paths {
    pub(crate) style: String,
    pub(crate) script: String,
    pub(crate) icon: String,
}

impl Paths {
    pub(crate) fn new() -> Self {
        let [style, script, icon] = ["carpark.css", "live.js", "icon.svg"].map(path_of);
        Self { style, script, icon }
    }
}

/// `/assets/HASH/NAME`.
fn path_of(name: &str) -> String {
    format!("/assets/{}/{name}", hash())
}

/// Of all of them: the scripts name each other without one.
fn hash() -> &'static str {
    static HASH: LazyLock<String> = LazyLock::new(|| {
        let all: Vec<u8> = ASSETS.iter().flat_map(|asset| asset.bytes).copied().collect();
        let mut hash = String::new();
        for byte in &Uuid::new_v5(&NAMESPACE, &all).as_bytes()[..8] {
            let _ = write!(hash, "{byte:02x}");
        }
        hash
    });
    &HASH
}

/// `GET /assets/{hash}/{name}`. Of another content than the one that is here nothing is known.
pub(super) async fn asset(path: Path<(String, String)>) -> HttpResponse {
    let (wanted, name) = path.into_inner();
    match ASSETS.iter().find(|asset| asset.name == name && hash() == wanted) {
        Some(asset) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, asset.content_type))
            .insert_header((CACHE_CONTROL, FOR_EVER))
            .insert_header(("x-content-type-options", "nosniff"))
            .body(asset.bytes),
        None => HttpResponse::NotFound().finish(),
    }
}
