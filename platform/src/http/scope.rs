//! Who may ask for a route, and who asks. A route names its [`Scope`] where it is added; whoever
//! guards the listener judges by it and puts the [`Principal`] into the request's extensions.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{ACCEPT, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest};

/// Who may ask for a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Anybody.
    Public,
    /// Anybody; a stranger sees it without plates.
    Page,
    /// The operator: with the administrator's token, or signed in.
    Admin,
    /// The actors, who bring what is written into the files.
    Sink,
    /// Cameras, each with its own token or with that of all.
    Camera,
    /// Vehicles that report in.
    Ping,
    /// Readers of the feed, with a token of their own, and the operator.
    Feed,
    /// Gates, which ask who may come in.
    Gate,
}

impl Scope {
    /// As the OpenAPI document names what has to be shown; nothing for what is open.
    pub(super) fn security(self) -> &'static [&'static str] {
        match self {
            Self::Public | Self::Page => &[],
            Self::Admin => &["admin"],
            Self::Sink => &["sink"],
            Self::Camera => &["camera", "camera_basic"],
            Self::Ping => &["ping"],
            Self::Feed => &["feed", "admin"],
            Self::Gate => &["gate"],
        }
    }
}

/// Who asks. A handler may take one as an argument; where nobody has judged, it is a stranger.
#[derive(Clone, Default)]
pub enum Principal {
    /// Has shown nothing.
    #[default]
    Stranger,
    /// The operator: a program with the administrator's token, or anybody on this machine where no
    /// token is set.
    Operator,
    /// The operator, signed in on the pages.
    SignedIn(SignedIn),
    /// A camera.
    Camera,
    /// A vehicle.
    Vehicle,
    /// Another part of carpark.
    Service,
    /// A reader of the feed.
    Reader,
    /// A gate.
    Gate,
}

/// A sign-in, as far as the pages need it.
#[derive(Clone)]
pub struct SignedIn {
    /// What an action has to show so that no other site can have it sent.
    pub csrf_token: String,
    /// Whether it still holds.
    pub holds: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Principal {
    /// Who has shown what a scope wants.
    pub fn admitted_to(scope: Scope) -> Self {
        match scope {
            Scope::Public | Scope::Page => Self::Stranger,
            Scope::Admin => Self::Operator,
            Scope::Sink => Self::Service,
            Scope::Camera => Self::Camera,
            Scope::Ping => Self::Vehicle,
            Scope::Feed => Self::Reader,
            Scope::Gate => Self::Gate,
        }
    }

    /// Whether it is anybody who is known.
    pub fn is_known(&self) -> bool {
        match self {
            Self::Stranger => false,
            Self::SignedIn(sign_in) => (sign_in.holds)(),
            Self::Operator
            | Self::Camera
            | Self::Vehicle
            | Self::Service
            | Self::Reader
            | Self::Gate => true,
        }
    }

    /// Whether plates are shown and actions offered. Asked again for each piece of news: a sign-in
    /// ends while a page is open.
    pub fn may_see(&self) -> bool {
        matches!(self, Self::Operator | Self::SignedIn(_)) && self.is_known()
    }

    /// Whether there is a sign-in to end.
    pub fn can_sign_out(&self) -> bool {
        matches!(self, Self::SignedIn(_)) && self.is_known()
    }

    /// See [`SignedIn::csrf_token`]; empty where nobody has signed in.
    pub fn csrf_token(&self) -> &str {
        match self {
            Self::SignedIn(sign_in) => &sign_in.csrf_token,
            _ => "",
        }
    }
}

/// Whether a browser asks for a page, and not a program for data.
pub fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

impl FromRequest for Principal {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(request.extensions().get::<Self>().cloned().unwrap_or_default()))
    }
}
