//! The store's contract, on real Redis: the same checks that the embedded store passes.

use std::sync::Arc;

use actors::store::{RedisOptions, RedisStore, contract};
use tests::servers::Redis;

#[test]
fn redis_keeps_the_contract_of_the_store() {
    let redis = Redis::start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = RedisStore::new(RedisOptions::new(redis.url(0))).unwrap();
        contract::check(Arc::new(store), true).await;
    });
}

#[test]
fn the_script_is_loaded_again_after_redis_forgot_it() {
    let redis = Redis::start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Arc::new(RedisStore::new(RedisOptions::new(redis.url(0))).unwrap());
        contract::check(store.clone(), true).await;
        let _: String = redis.command(0, &["FLUSHALL"]);
        let _: String = redis.command(0, &["SCRIPT", "FLUSH"]);
        contract::check(store, true).await;
    });
}
