//! Metrics, made and registered in one step.

use prometheus::core::Collector;
use prometheus::{
    Error, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGauge, IntGaugeVec, Opts, Registry, Result,
};

/// Makes metrics in a registry. Every method takes the metric's name and its help text; an error
/// says which name it is about, for instance because the registry has one of that name already.
#[derive(Debug, Clone, Copy)]
pub struct Register<'a>(pub &'a Registry);

impl Register<'_> {
    /// A number that only grows.
    pub fn counter(&self, name: &str, help: &str) -> Result<IntCounter> {
        self.add(name, IntCounter::new(name, help))
    }

    /// Numbers that only grow, one for each value of the labels.
    pub fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec> {
        self.add(name, IntCounterVec::new(Opts::new(name, help), labels))
    }

    /// A count that goes up and down.
    pub fn gauge(&self, name: &str, help: &str) -> Result<IntGauge> {
        self.add(name, IntGauge::new(name, help))
    }

    /// Counts that go up and down, one for each value of the labels.
    pub fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec> {
        self.add(name, IntGaugeVec::new(Opts::new(name, help), labels))
    }

    /// A quantity that goes up and down: seconds, a share.
    pub fn level(&self, name: &str, help: &str) -> Result<Gauge> {
        self.add(name, Gauge::new(name, help))
    }

    /// Quantities that go up and down, one for each value of the labels.
    pub fn levels(&self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec> {
        self.add(name, GaugeVec::new(Opts::new(name, help), labels))
    }

    /// How quantities are spread; `buckets` are their upper ends.
    pub fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram> {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.add(name, Histogram::with_opts(options))
    }

    /// How quantities are spread, for each value of the labels; `buckets` are their upper ends.
    pub fn histograms(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
        labels: &[&str],
    ) -> Result<HistogramVec> {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.add(name, HistogramVec::new(options, labels))
    }

    /// Registers what was made with options of its own.
    pub fn add<M: Collector + Clone + 'static>(&self, name: &str, made: Result<M>) -> Result<M> {
        let about = |error: Error| Error::Msg(format!("{name}: {error}"));
        let metric = made.map_err(about)?;
        self.0.register(Box::new(metric.clone())).map_err(about)?;
        Ok(metric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_there_already_is_in_the_error() {
        let registry = Registry::new();
        let first = Register(&registry).counter("cars_total", "Cars.").unwrap();
        let error = Register(&registry).counter("cars_total", "Cars.").unwrap_err();
        assert!(error.to_string().contains("cars_total: "), "{error}");
        first.inc();
        let families = registry.gather();
        assert_eq!((families.len(), families[0].help()), (1, "Cars."));
    }

    #[test]
    fn a_name_that_is_none_is_in_the_error() {
        let error = Register(&Registry::new()).gauge("two words", "Cars.").unwrap_err();
        assert!(error.to_string().contains("two words: "), "{error}");
    }
}
