//! Which refusal an error of the broker or the store is.

use service::Problem;

use crate::broker::BrokerError;
use crate::store::StoreError;

impl From<BrokerError> for Problem {
    fn from(error: BrokerError) -> Self {
        Self::unavailable(error.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::unavailable(error.to_string())
    }
}
