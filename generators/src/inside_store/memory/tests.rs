use std::sync::Arc;

use crate::MemoryStore;
use crate::testing::store_contract;

#[actix::test]
async fn it_keeps_the_contract_of_the_stores() {
    store_contract::check(Arc::new(MemoryStore::new())).await;
}
