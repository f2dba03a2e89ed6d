//! What a Redis has to be set to so that it can be trusted with what it is given, read out of its
//! own answer to `INFO`. Only text in and words out: asking is the store's.

/// How a Redis (or Valkey) is set, as far as it says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedisSettings {
    /// `maxmemory_policy`; `None`: it does not say.
    policy: Option<String>,
    /// `maxmemory` in bytes; 0: no limit.
    limit: u64,
    /// Whether it keeps a log of all changes (`appendonly`); `None`: it does not say.
    has_log: Option<bool>,
    /// `appendfsync`, of `CONFIG GET`, which many servers forbid.
    sync: Option<String>,
}

impl RedisSettings {
    /// Out of the answer to `INFO`, with `appendfsync` where `CONFIG GET` told it.
    pub fn from_info(info: &str, sync: Option<String>) -> Self {
        let field = |name: &str| {
            let lines = info.lines().filter_map(|line| line.trim_end().split_once(':'));
            lines.filter(|(known, _)| *known == name).map(|(_, value)| value.to_owned()).next()
        };
        Self {
            policy: field("maxmemory_policy"),
            limit: field("maxmemory").and_then(|text| text.parse().ok()).unwrap_or(0),
            has_log: field("aof_enabled").map(|text| text == "1"),
            sync,
        }
    }

    /// Why it must not be used: it throws away what it was given as soon as its memory is full.
    pub fn refusal(&self) -> Option<String> {
        let policy = self.policy.as_deref().filter(|policy| *policy != NO_EVICTION)?;
        (self.limit > 0).then(|| {
            format!(
                "Redis throws keys away when its memory is full (maxmemory-policy is {policy}): \
                 open stays would be lost; set it to {NO_EVICTION}, or use another Redis"
            )
        })
    }

    /// What people should know although it can be used.
    pub fn remark(&self) -> Option<String> {
        let mut remarks = Vec::new();
        match &self.policy {
            None => remarks.push(
                "Redis does not say its maxmemory-policy: make sure that it is noeviction"
                    .to_owned(),
            ),
            Some(policy) if policy != NO_EVICTION && self.limit == 0 => remarks.push(format!(
                "maxmemory-policy is {policy}: once Redis is given a maxmemory it throws keys away; \
                 set it to {NO_EVICTION}"
            )),
            Some(_) => {}
        }
        match (self.has_log, self.sync.as_deref()) {
            (Some(false), _) => remarks.push(
                "Redis keeps no log of its changes (appendonly is off): when it ends, what came \
                 since its last snapshot is lost; set appendonly yes"
                    .to_owned(),
            ),
            (Some(true), Some("no")) => remarks.push(
                "Redis leaves it to the system when its log reaches the disk (appendfsync is no): \
                 a power cut may lose half a minute; set appendfsync always or everysec"
                    .to_owned(),
            ),
            (Some(true), _) => {}
            (None, _) => remarks.push(
                "Redis does not say whether it keeps a log: make sure that appendonly is on"
                    .to_owned(),
            ),
        }
        (!remarks.is_empty()).then(|| remarks.join("; "))
    }

    /// Whether it never throws keys away; for a metric.
    pub fn keeps_keys(&self) -> bool {
        self.refusal().is_none() && self.policy.is_some()
    }

    /// Whether what it was given is there again after it was killed; for a metric.
    pub fn keeps_log(&self) -> bool {
        self.has_log == Some(true)
    }
}

/// The one policy that throws nothing away.
const NO_EVICTION: &str = "noeviction";

#[cfg(test)]
mod tests {
    use super::*;

    fn info(policy: &str, limit: u64, log: u8) -> String {
        format!(
            "# Memory\r\nused_memory:900000\r\nmaxmemory:{limit}\r\nmaxmemory_human:1M\r\n\
             maxmemory_policy:{policy}\r\n# Persistence\r\naof_enabled:{log}\r\n"
        )
    }

    #[test]
    fn a_redis_that_throws_keys_away_is_refused_and_one_without_a_log_is_remarked_on() {
        let read = |policy, limit, log| RedisSettings::from_info(&info(policy, limit, log), None);
        let good = read("noeviction", 1 << 20, 1);
        assert_eq!((good.refusal(), good.remark()), (None, None));
        assert!(good.keeps_keys() && good.keeps_log());
        for policy in ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-ttl"] {
            let bad = read(policy, 1 << 20, 1);
            assert!(bad.refusal().unwrap().contains(policy));
            assert!(!bad.keeps_keys());
            // Without a limit nothing is thrown away yet.
            let later = read(policy, 0, 1);
            assert_eq!(later.refusal(), None);
            assert!(later.remark().unwrap().contains(policy));
        }
        let no_log = read("noeviction", 0, 0);
        assert!(no_log.remark().unwrap().contains("appendonly"));
        assert!(no_log.keeps_keys() && !no_log.keeps_log());
        let lazy = RedisSettings::from_info(&info("noeviction", 0, 1), Some("no".to_owned()));
        assert!(lazy.remark().unwrap().contains("appendfsync"));
    }

    #[test]
    fn what_it_does_not_say_is_not_taken_for_good() {
        let silent = RedisSettings::from_info("# Server\r\nredis_version:7\r\n", None);
        assert_eq!(silent.refusal(), None);
        let remark = silent.remark().unwrap();
        assert!(remark.contains("maxmemory-policy") && remark.contains("appendonly"), "{remark}");
        assert!(!silent.keeps_keys() && !silent.keeps_log());
    }
}
