//! What a process consists of: a list of components, started in reading order and stopped in the
//! reverse one. Metrics are registered at the start, in the registry that a component is given; that
//! one has died, [`Vitals`](crate::runtime::Vitals) tells.

use async_trait::async_trait;

use crate::http::Routes;

/// Names and states (`ok`, or why not), asked for again and again, on any thread.
pub type States = Box<dyn Fn() -> Vec<(String, String)> + Send>;

/// See the module. What is not said of a component it has not.
#[async_trait(?Send)]
pub trait Component {
    /// What it answers over HTTP.
    fn routes(&self) -> Routes {
        Routes::default()
    }

    /// What has to be `ok` for the process to be ready.
    fn checks(&self) -> Option<States> {
        None
    }

    /// What may have to be said of it although it is `ok`.
    fn remarks(&self) -> Option<States> {
        None
    }

    /// Ends it well; what comes before it in the list is still there. The vitals are at rest by then.
    async fn stop(self: Box<Self>) {}
}

/// Routes alone.
impl Component for Routes {
    fn routes(&self) -> Routes {
        self.clone()
    }
}
