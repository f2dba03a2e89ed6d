//! The wiring: the monitor, the passages, the routes. [`Cameras::stop`] undoes it.

use std::sync::Arc;

use actix::{Actor as _, Addr};
use actix_web::web::Data;
use async_trait::async_trait;
use domain::SharedClock;
use platform::component::{Component, States};
use platform::http::Routes;
use platform::messaging::Publisher;
use platform::runtime::Vitals;
use prometheus::Registry;
use tokio::sync::Semaphore;

use crate::camera::Camera;
use crate::metrics::Metrics;
use crate::monitor::status::CameraStatus;
use crate::monitor::{Keep, Monitor, Overview};
use crate::options::Options;
use crate::passages::{Passages, Stop};
use crate::routes::{self, Bounds, State};

/// The running cameras' side. Dropped without [`Cameras::stop`], it goes on until its actix system
/// ends.
pub struct Cameras {
    state: Arc<State>,
    passages: Addr<Passages>,
    publisher: Option<Arc<dyn Publisher>>,
}

/// Asks the monitor how the cameras do; given out by [`Cameras::watch`], cheap to clone.
#[derive(Clone)]
pub struct Watch(Addr<Monitor>);

impl Watch {
    /// All cameras, by name; none once the process ends.
    pub async fn cameras(&self) -> Vec<CameraStatus> {
        self.0.send(Overview).await.unwrap_or_default()
    }
}

/// Starts the actors on the current arbiter. Without a publisher reads are answered 503 with what to
/// do; everything else is as it should be.
pub fn start(
    options: Options,
    cameras: Vec<Camera>,
    publisher: Option<Arc<dyn Publisher>>,
    clock: SharedClock,
    registry: &Registry,
    vitals: &Vitals,
) -> Result<Cameras, prometheus::Error> {
    let metrics = Metrics::register(registry)?;
    let cameras: Vec<Arc<Camera>> = cameras.into_iter().map(Arc::new).collect();
    let monitor = Monitor::new(
        &cameras,
        &options,
        Arc::clone(&clock),
        metrics.clone(),
        vitals.of("monitor of the cameras"),
    )
    .start();
    let vital = vitals.of("actor of the cameras' passages");
    let receiving = Bounds::new(&options);
    let passages =
        Passages::new(options, publisher.clone(), monitor.clone(), metrics.clone(), vital).start();
    let state = State {
        cameras: cameras.into_iter().map(|camera| (camera.name.to_string(), camera)).collect(),
        passages: passages.clone(),
        monitor,
        metrics,
        clock,
        receiving,
        large: Semaphore::new(1),
    };
    Ok(Cameras { state: Arc::new(state), passages, publisher })
}

impl Cameras {
    /// A look at the cameras, from any thread and for as long as one likes.
    pub fn watch(&self) -> Watch {
        Watch(self.state.monitor.clone())
    }
}

#[async_trait(?Send)]
impl Component for Cameras {
    /// `POST /cameras/{camera}`, `GET /admin/cameras`.
    fn routes(&self) -> Routes {
        let state = Arc::clone(&self.state);
        routes::routes().sharing(move || Data::from(Arc::clone(&state)))
    }

    /// Without a publisher nobody posts, or it was said at the start.
    fn checks(&self) -> Option<States> {
        let publisher = self.publisher.clone()?;
        Some(Box::new(move || {
            let state = if publisher.is_ready() { "ok" } else { "cannot publish reads" };
            vec![("cameras".to_owned(), state.to_owned())]
        }))
    }

    /// Takes nothing new, publishes what waits, and answers all who wait. The broker must still be
    /// there.
    async fn stop(self: Box<Self>) {
        if self.passages.send(Stop).await.is_err() {
            tracing::warn!("the actor of the passages was not running any more");
        }
        // What is lost with a monitor that is gone is how the cameras did, no read.
        let _gone = self.state.monitor.send(Keep).await;
    }
}
