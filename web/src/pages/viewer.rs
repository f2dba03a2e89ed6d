//! Who looks at a page. Decided by whoever guards the listener, for each request; the pages only
//! ask what may be shown.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

/// Who a page is made for: put into a request's extensions by who knows. Without one it is
/// [`Viewer::stranger`].
#[derive(Clone, Default)]
pub struct Viewer {
    /// Whether plates are shown and actions offered.
    may_see: bool,
    /// What an action has to show so that no other site can have it sent.
    csrf_token: String,
    /// Whether the sign-in still holds; none where nobody has to sign in.
    holds: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
}

impl Viewer {
    /// Has not signed in.
    pub fn stranger() -> Self {
        Self::default()
    }

    /// Need not sign in: no token is set, and only this machine reaches the listener; or a program
    /// that shows the token.
    pub fn trusted() -> Self {
        Self { may_see: true, ..Self::default() }
    }

    /// Has signed in; `holds` says whether that is still so.
    pub fn signed_in(csrf_token: String, holds: Arc<dyn Fn() -> bool + Send + Sync>) -> Self {
        Self { may_see: true, csrf_token, holds: Some(holds) }
    }

    /// Whether plates are shown and actions offered. Asked again for each piece of news: a sign-in
    /// ends while a page is open.
    pub fn may_see(&self) -> bool {
        self.may_see && self.holds.as_ref().is_none_or(|holds| holds())
    }

    /// Whether there is a sign-in to end.
    pub(crate) fn can_sign_out(&self) -> bool {
        self.may_see() && self.holds.is_some()
    }

    /// What this viewer's forms must carry; given to [`Viewer::signed_in`].
    pub(crate) fn csrf_token(&self) -> &str {
        &self.csrf_token
    }
}

impl FromRequest for Viewer {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(request.extensions().get::<Self>().cloned().unwrap_or_default()))
    }
}
