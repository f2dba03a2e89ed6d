//! The one way by which a room adds routes. A line names who may ask and the handler; path, method
//! and description are the handler's own (`#[utoipa::path(…)]`). The router and the OpenAPI document
//! both come of these lines, so that neither knows what the other does not.
//!
//! ```ignore
//! Routes::default()
//!     .add(Scope::Admin, operation!(plates::show))
//!     .page(Scope::Public, "/assets/{hash}/{name}", || web::get().to(assets::asset))
//! ```

use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{ResourceDef, ServiceRequest, ServiceResponse};
use actix_web::guard::{self, GuardContext};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{Error, HttpRequest, Resource, ResponseError, Route};
use utoipa::openapi::path::Operation as Described;
use utoipa::openapi::{OpenApi, PathItem, SecurityRequirement};

use super::{Problem, Scope};

/// A handler that its `#[utoipa::path(…)]` describes, to be given to [`Routes::add`].
#[macro_export]
macro_rules! operation {
    ($($handler:tt)+) => {{
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($handler)+))]
        struct Described;
        $crate::http::Operation::new(
            <Described as utoipa::OpenApi>::openapi(),
            || actix_web::web::to($($handler)+),
        )
    }};
}

pub use operation;

type Share = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;
type OfResource = Arc<dyn Fn(Resource) -> Resource + Send + Sync>;

/// See [`operation!`].
pub struct Operation {
    described: OpenApi,
    route: fn() -> Route,
    settings: Vec<OfResource>,
}

impl Operation {
    /// What [`operation!`] makes.
    pub fn new(described: OpenApi, route: fn() -> Route) -> Self {
        Self { described, route, settings: Vec::new() }
    }

    /// How the bodies of its path are read (`JsonConfig`, `PayloadConfig`).
    #[must_use]
    pub fn with<T: 'static>(mut self, setting: fn() -> T) -> Self {
        self.settings.push(Arc::new(move |resource| resource.app_data(setting())));
        self
    }
}

/// A method, or any, and the route that answers it.
type Answered = (Option<Method>, fn() -> Route);

/// What is answered at a path.
#[derive(Clone)]
struct At {
    patterns: Vec<String>,
    scope: Scope,
    /// Where it does not hold, the path may be another's.
    guard: Option<fn(&GuardContext<'_>) -> bool>,
    routes: Vec<Answered>,
    settings: Vec<OfResource>,
    is_described: bool,
}

/// The routes of a room. Their order counts where two answer the same path.
#[derive(Clone, Default)]
pub struct Routes {
    all: Vec<At>,
    shared: Vec<Share>,
    described: Vec<OpenApi>,
}

impl Routes {
    /// Adds a route that is described.
    #[must_use]
    pub fn add(mut self, scope: Scope, operation: Operation) -> Self {
        let Operation { mut described, route, settings } = operation;
        for (path, item) in &mut described.paths.paths {
            let at = self.at(&[path], scope);
            at.is_described = true;
            at.settings.extend(settings.iter().cloned());
            for (method, operation) in operations(item) {
                let needed = scope.security().iter();
                let needed = needed.map(|name| SecurityRequirement::new(*name, [""; 0]));
                operation.security = Some(needed.collect());
                at.routes.push((Some(method), route));
            }
        }
        self.described.push(described);
        self
    }

    /// Adds what is described nowhere: a page, what it is drawn with, what is handed on.
    #[must_use]
    pub fn page(self, scope: Scope, pattern: &'static str, route: fn() -> Route) -> Self {
        self.pages(scope, &[pattern], route)
    }

    /// The same at several paths.
    #[must_use]
    pub fn pages(mut self, scope: Scope, patterns: &[&'static str], route: fn() -> Route) -> Self {
        self.at(patterns, scope).routes.push((None, route));
        self
    }

    /// Adds a page at a path that another answers where `guard` does not hold.
    #[must_use]
    pub fn page_if(
        mut self,
        guard: fn(&GuardContext<'_>) -> bool,
        scope: Scope,
        pattern: &'static str,
        route: fn() -> Route,
    ) -> Self {
        let routes = vec![(None, route)];
        let (patterns, settings, guard) = (vec![pattern.to_owned()], Vec::new(), Some(guard));
        self.all.push(At { patterns, scope, guard, routes, settings, is_described: false });
        self
    }

    /// Adds what the handlers take as `Data`; made on each thread that serves.
    #[must_use]
    pub fn sharing<T: 'static>(mut self, share: impl Fn() -> T + Send + Sync + 'static) -> Self {
        self.shared.push(Arc::new(move |config| {
            config.app_data(share());
        }));
        self
    }

    /// Adds those of another.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.all.extend(other.all);
        self.shared.extend(other.shared);
        self.described.extend(other.described);
        self
    }

    /// The same paths for the same people, all answered by `route`: what another process answers.
    #[must_use]
    pub fn handed_on(mut self, route: fn() -> Route) -> Self {
        for at in &mut self.all {
            at.routes = vec![(None, route)];
            at.settings.clear();
        }
        self.shared.clear();
        self
    }

    /// The description of all that have one.
    pub fn described(&self) -> impl Iterator<Item = OpenApi> {
        self.described.iter().cloned()
    }

    /// Path, scope, and whether it is described, of each: for tests and for people.
    pub fn list(&self) -> impl Iterator<Item = (&str, Scope, bool)> {
        self.all.iter().flat_map(|at| {
            at.patterns.iter().map(|pattern| (pattern.as_str(), at.scope, at.is_described))
        })
    }

    /// Adds them to an application. Each request is judged by `judge`, by the scope of its route;
    /// one whose path is spelled otherwise than the route's (`/%61dmin`), as one for the
    /// administrator.
    pub fn configure<Judged>(
        &self,
        judge: impl Fn(Scope, ServiceRequest, Next<BoxBody>) -> Judged + Clone + 'static,
        config: &mut ServiceConfig,
    ) where
        Judged: Future<Output = Result<ServiceResponse<BoxBody>, Error>> + 'static,
    {
        config.app_data(super::body::query());
        self.shared.iter().for_each(|share| share(config));
        for at in &self.all {
            let (spelled, scope, judge) =
                (ResourceDef::new(at.patterns.clone()), at.scope, judge.clone());
            let judged = move |request: ServiceRequest, next: Next<BoxBody>| {
                let is_plain = spelled.is_match(request.path());
                judge(if is_plain { scope } else { Scope::Admin }, request, next)
            };
            config.service(at.resource().wrap(from_fn(judged)));
        }
    }

    /// The same, open to all: for tests of the handlers.
    pub fn open(self) -> impl FnOnce(&mut ServiceConfig) {
        move |config| self.configure(|_, request, next| next.call(request), config)
    }

    /// Where the routes of these paths are gathered.
    fn at(&mut self, patterns: &[impl AsRef<str>], scope: Scope) -> &mut At {
        let patterns: Vec<String> = patterns.iter().map(|p| p.as_ref().to_owned()).collect();
        let known = self
            .all
            .iter()
            .position(|at| at.guard.is_none() && at.patterns == patterns && at.scope == scope);
        let index = known.unwrap_or_else(|| {
            let (routes, settings) = (Vec::new(), Vec::new());
            self.all.push(At {
                patterns,
                scope,
                guard: None,
                routes,
                settings,
                is_described: false,
            });
            self.all.len() - 1
        });
        &mut self.all[index]
    }
}

impl At {
    fn resource(&self) -> Resource {
        let resource = web::resource(self.patterns.clone()).default_service(web::to(not_so));
        let resource = match self.guard {
            Some(guard) => resource.guard(guard::fn_guard(guard)),
            None => resource,
        };
        let routes = self.routes.iter().map(|(method, route)| match method {
            Some(method) => route().method(method.clone()),
            None => route(),
        });
        let resource = routes.fold(resource, Resource::route);
        self.settings.iter().fold(resource, |resource, setting| setting(resource))
    }
}

/// What a path is asked to do that it does not.
async fn not_so(request: HttpRequest) -> actix_web::HttpResponse {
    let detail = format!("{} cannot be done with {}", request.method(), request.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).error_response()
}

/// The methods of a path, each with its description.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Described)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [
        (Method::GET, get),
        (Method::PUT, put),
        (Method::POST, post),
        (Method::DELETE, delete),
        (Method::PATCH, patch),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
