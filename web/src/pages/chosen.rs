//! The car park that a viewer has chosen to look at: said in the address (`?place=`), and remembered in a cookie
//! for where nothing is said. The switch in the head of a page is a form that asks for the page once more.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use domain::PlaceName;

use crate::recent::Recent;

/// Of the cookie, and of the word in the address.
const NAME: &str = "place";
/// How long it is remembered.
const LASTS_SECONDS: u64 = 365 * 86_400;
/// So many places are offered; of more, the name is written.
const OFFERED: usize = 100;

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Chosen {
    place: Option<PlaceName>,
    /// Whether the address says so, and the cookie does not.
    is_new: bool,
}

/// The switch, as the head of a page shows it.
#[derive(Debug)]
pub(super) struct Switch {
    /// Where the form leads.
    pub(super) path: &'static str,
    /// What else the address says.
    pub(super) also: Vec<(&'static str, String)>,
    pub(super) chosen: String,
    pub(super) places: Vec<(String, String)>,
    /// There are more than are offered.
    pub(super) is_written: bool,
}

impl Chosen {
    /// That place, or all.
    pub(super) fn of(place: Option<&PlaceName>) -> Self {
        Self { place: place.cloned(), is_new: false }
    }

    /// That one, or all.
    pub(super) fn place(&self) -> Option<&PlaceName> {
        self.place.as_ref()
    }

    /// A path with this choice in it.
    pub(super) fn path(&self, path: &str) -> String {
        match &self.place {
            Some(place) => {
                let query = url::form_urlencoded::Serializer::new(String::new())
                    .append_pair(NAME, place.as_str())
                    .finish();
                format!("{path}?{query}")
            }
            None => path.to_owned(),
        }
    }

    /// What an address ends with that says other things, too: `&place=…`, or nothing.
    pub(super) fn and(&self) -> String {
        self.path("").replacen('?', "&", 1)
    }

    /// Has the browser remember what the address has said.
    pub(super) fn remember(&self, mut answer: HttpResponse) -> HttpResponse {
        if self.is_new {
            let name = self.place.as_ref().map_or("", PlaceName::as_str);
            let value: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
            let lasts = if name.is_empty() { 0 } else { LASTS_SECONDS };
            // No secret: it need not be for TLS alone. No script reads it.
            let cookie = format!("{NAME}={value}; Path=/; Max-Age={lasts}; SameSite=Lax; HttpOnly");
            if let Ok(cookie) = HeaderValue::try_from(cookie) {
                answer.headers_mut().append(SET_COOKIE, cookie);
            }
        }
        answer
    }

    /// The switch of a page; none where there is nothing to choose from.
    pub(super) fn switch(
        &self,
        recent: &Recent,
        path: &'static str,
        also: Vec<(&'static str, String)>,
    ) -> Option<Switch> {
        let (places, count) = recent.places(OFFERED);
        if count < 2 && self.place.is_none() {
            return None;
        }
        let title = |(name, title): (PlaceName, Option<String>)| {
            (name.to_string(), title.unwrap_or_else(|| name.to_string()))
        };
        let mut places: Vec<(String, String)> = places.into_iter().map(title).collect();
        let chosen = self.place.as_ref().map(ToString::to_string).unwrap_or_default();
        if let Some(place) = &self.place
            && !places.iter().any(|(name, _)| *name == chosen)
        {
            places.push(title((place.clone(), recent.title(place))));
        }
        places.sort_by(|(_, one), (_, other)| one.cmp(other));
        Some(Switch { path, also, chosen, places, is_written: count > OFFERED })
    }
}

impl FromRequest for Chosen {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
        let said = pairs.filter(|(name, _)| name == NAME).map(|(_, value)| value).next();
        let remembered = remembered(request.headers());
        ready(Ok(match said {
            Some(said) => {
                let place = PlaceName::parse(said.trim()).ok();
                Self { is_new: place != remembered, place }
            }
            None => Self { place: remembered, is_new: false },
        }))
    }
}

/// What the cookie says.
fn remembered(headers: &HeaderMap) -> Option<PlaceName> {
    let cookies = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
    let ours = |cookie: &str| cookie.trim().starts_with(&format!("{NAME}="));
    let cookie = cookies.flat_map(|all| all.split(';')).find(|cookie| ours(cookie))?;
    let (_, value) = url::form_urlencoded::parse(cookie.trim().as_bytes()).next()?;
    PlaceName::parse(&value).ok()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{COOKIE, SET_COOKIE};
    use actix_web::test::TestRequest;

    use super::*;

    fn chosen(path: &str, cookie: &str) -> (Option<String>, Option<String>) {
        let request = TestRequest::with_uri(path).insert_header((COOKIE, cookie)).to_http_request();
        let chosen = Chosen::extract(&request).into_inner().unwrap();
        let answer = chosen.remember(HttpResponse::Ok().finish());
        let cookie =
            answer.headers().get(SET_COOKIE).map(|value| value.to_str().unwrap().to_owned());
        (chosen.place().map(ToString::to_string), cookie)
    }

    #[test]
    fn the_address_wins_and_is_remembered_and_else_the_cookie_holds() {
        assert_eq!(chosen("/", ""), (None, None));
        assert_eq!(chosen("/", "a=b; place=north"), (Some("north".to_owned()), None));
        let (place, cookie) = chosen("/?place=P%26R+S%C3%BCd%3B", "place=north");
        assert_eq!(place.as_deref(), Some("P&R Süd;"));
        let cookie = cookie.unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("Path=/"), "{cookie}");
        let value = cookie.split(';').next().unwrap();
        assert_eq!(chosen("/x?kind=y", value), (place, None), "as it was");
        let (place, cookie) = chosen("/?place=", "place=north");
        assert_eq!(place, None, "all of them");
        assert!(cookie.unwrap().contains("Max-Age=0"));
        assert_eq!(chosen("/?place=a%0Ab", ""), (None, None), "no name");
    }

    #[test]
    fn the_choice_goes_along_in_addresses() {
        let chosen = Chosen { place: PlaceName::parse("P & R").ok(), is_new: false };
        assert_eq!(chosen.path("/events"), "/events?place=P+%26+R");
        assert_eq!(chosen.and(), "&place=P+%26+R");
        assert_eq!(
            (Chosen::default().path("/events"), Chosen::default().and()),
            ("/events".to_owned(), String::new())
        );
    }
}
