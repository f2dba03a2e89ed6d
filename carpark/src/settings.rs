//! Every setting, once: its key in `carpark.toml`, from which the environment variable and the flag
//! follow, its default, and what it means. Help texts, `carpark config` and the check for unknown
//! keys are made of this table.

/// One setting, and what is to be known of it everywhere.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Key in `carpark.toml`; a dot opens a section.
    pub key: &'static str,
    /// Default, as text; empty: none.
    pub default: &'static str,
    /// What it means, as the help says it.
    pub help: &'static str,
    /// Heading in the help.
    pub group: &'static str,
    /// Masked wherever it is shown; may come from a file (`…_FILE`).
    pub is_secret: bool,
    /// A URL that may have a password in it: that is masked, and it may come from a file.
    pub is_url_with_password: bool,
    /// Shown by `--help`, not by `-h`.
    pub is_rare: bool,
}

impl Setting {
    /// The environment variable: `CARPARK_…`.
    pub fn env(&self) -> String {
        format!("CARPARK_{}", self.key.replace('.', "_").to_uppercase())
    }

    /// Whether a variable `…_FILE` may name a file with the value.
    pub fn may_be_file(&self) -> bool {
        self.is_secret || self.is_url_with_password
    }

    /// `--…` without the dashes. The generators' settings need no prefix: a person who types one
    /// wants a simulation.
    pub fn flag(&self) -> String {
        let simulated = ["generators.", "pings."];
        let bare = simulated.iter().find_map(|section| self.key.strip_prefix(section));
        bare.unwrap_or(self.key).replace(['.', '_'], "-")
    }
}

const fn setting(
    group: &'static str,
    key: &'static str,
    default: &'static str,
    help: &'static str,
) -> Setting {
    Setting {
        key,
        default,
        help,
        group,
        is_secret: false,
        is_url_with_password: false,
        is_rare: false,
    }
}

const fn url(key: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { is_url_with_password: true, ..setting(PLACES, key, default, help) }
}

const fn rare(
    group: &'static str,
    key: &'static str,
    default: &'static str,
    help: &'static str,
) -> Setting {
    Setting { is_rare: true, ..setting(group, key, default, help) }
}

const fn secret(key: &'static str, help: &'static str) -> Setting {
    Setting { is_secret: true, ..setting(SECURITY, key, "", help) }
}

const PLACES: &str = "Where things are";
const RULES: &str = "Rules";
const SECURITY: &str = "Tokens";
const LIMITS: &str = "Limits";
const CAMERAS: &str = "Cameras";
const TRAFFIC: &str = "Simulated traffic";
const VEHICLES: &str = "Vehicle monitor";
const PINGS: &str = "Simulated vehicles";
const LOGS: &str = "Logs";

/// All of them, in the order they are shown.
pub const SETTINGS: &[Setting] = &[
    url(
        "broker_url",
        "embedded",
        "RabbitMQ (amqp://user:password@host:5672/vhost, amqps://…; several nodes: amqp://user:password@a,b,c/vhost), or `embedded`: inside this process",
    ),
    url(
        "store_url",
        "embedded",
        "Redis or Valkey (redis://:password@host:6379/0, rediss://…), or `embedded`: a file in the data directory",
    ),
    url(
        "generator_store_url",
        "memory",
        "Where the simulated vehicles inside are kept: redis://…/1, or `memory`",
    ),
    setting(
        PLACES,
        "data_dir",
        "./data",
        "Directory of summaries.csv, exceptions.csv and the embedded store",
    ),
    setting(
        PLACES,
        "reads",
        "",
        "Publishes the messages of a file, one per line (`-`: of standard input); for `all` and `serve`",
    ),
    setting(
        PLACES,
        "web_listen",
        "127.0.0.1:40000",
        "Address of the web role, and of everything in `all` and `serve`",
    ),
    setting(PLACES, "actors_listen", "127.0.0.1:40001", "Address of the actors role"),
    setting(PLACES, "generators_listen", "127.0.0.1:40002", "Address of the generators role"),
    setting(PLACES, "vehicles_listen", "127.0.0.1:40004", "Address of the vehicles role"),
    setting(
        PLACES,
        "summary_url",
        "http://127.0.0.1:40000/save_summary",
        "Where the actors post summaries; in `all` and `serve` this process itself unless set",
    ),
    setting(
        PLACES,
        "actors_url",
        "http://127.0.0.1:40001",
        "Where the pages ask for open sessions; in `all` and `serve` this process itself unless set",
    ),
    setting(
        PLACES,
        "vehicles_url",
        "http://127.0.0.1:40004",
        "Where the pages ask for vehicles, and the actors for what is held of a plate; in `all` and `serve` this process itself unless set",
    ),
    secret("admin_token", "Bearer token for /admin and the files, and to sign in on the pages"),
    secret("sink_token", "Bearer token for posting summaries"),
    secret("camera_token", "Token for cameras that post reads: bearer, basic, or ?token="),
    secret("ping_token", "Bearer token for posting pings; no other token stands in for it"),
    setting(
        SECURITY,
        "trusted_proxies",
        "",
        "Proxies before this listener, whose X-Forwarded-For is believed: addresses or networks (10.0.0.0/8, 192.168.1.7)",
    ),
    setting(
        RULES,
        "lateness",
        "5s",
        "How long an exit waits for its entry beyond what has been read, before it counts as unmatched",
    ),
    setting(
        RULES,
        "re_read",
        "20s",
        "For how long after a read another one at the same place is the same passage: as long as a car may wait at a barrier; [places.NAME] and [lanes.NAME] may say otherwise",
    ),
    setting(RULES, "repair_window", "24h", "For how long a late read can still change a verdict"),
    setting(RULES, "max_stay", "72h", "A longer stay is reported while it lasts"),
    setting(RULES, "retention", "30d", "How long a plate with nothing open is remembered"),
    Setting {
        group: VEHICLES,
        ..url(
            "vehicles.store_url",
            "embedded",
            "Redis of the vehicle monitor, a database of its own (redis://…/2), or `embedded`: a file in the data directory",
        )
    },
    setting(
        VEHICLES,
        "vehicles.connected_within",
        "60s",
        "A vehicle that was heard within this time is connected; in `all` 20s unless set",
    ),
    setting(
        VEHICLES,
        "vehicles.tolerance",
        "10s",
        "Added to connected_within, so that a punctual vehicle does not flap; in `all` 5s unless set",
    ),
    rare(LIMITS, "prefetch", "1000", "Unacknowledged deliveries per queue"),
    rare(LIMITS, "outbox_max", "50000", "Unconfirmed reports at which consumption pauses"),
    rare(LIMITS, "residents_max", "10000", "Actors of plates at a time"),
    rare(LIMITS, "idle_after", "10s", "An actor that hears nothing for this long is passivated"),
    rare(
        LIMITS,
        "requests_per_second",
        "200",
        "Requests per second and client address; posts of summaries that show their token are not counted",
    ),
    rare(
        LIMITS,
        "connections_max",
        "4096",
        "Connections of others at a time; fewer where the system grants too few descriptors (ulimit -n)",
    ),
    rare(
        LIMITS,
        "connections_per_address",
        "256",
        "Connections at a time of one address (IPv6: of a /64), but for this machine's own and trusted_proxies; raise it where many cameras share one",
    ),
    rare(
        LIMITS,
        "start_patience",
        "60s",
        "How long an unreachable server is tried again at the start, and a data directory that vanished is waited for",
    ),
    rare(LIMITS, "post_patience", "10s", "Longest wait for the sink's answer"),
    rare(
        CAMERAS,
        "camera_wait",
        "1s",
        "How long a camera's preview waits for the final read of the vehicle; 0s: what comes first counts",
    ),
    rare(
        CAMERAS,
        "camera_answer_within",
        "5s",
        "How long a camera waits while the broker takes its read, before it is told to send it again",
    ),
    rare(
        CAMERAS,
        "camera_events_for",
        "15m",
        "How long an event is remembered, so that a later message about the vehicle makes no second read",
    ),
    rare(CAMERAS, "camera_events_max", "20000", "How many of these events are remembered"),
    rare(
        CAMERAS,
        "camera_reads_within",
        "1h",
        "A camera counts as not reading when it has sent no vehicle for this long while more than 30 passed the other cameras of the same place",
    ),
    rare(
        CAMERAS,
        "camera_heard_within",
        "10m",
        "A camera that has sent nothing for this long since it was configured needs attention",
    ),
    setting(
        LOGS,
        "log",
        "info",
        "What is logged: error, warn, info, debug, or a filter such as info,actors=debug",
    ),
    setting(LOGS, "log_format", "human", "`human` or `json`"),
    rare(LOGS, "progress_every", "5s", "How often a line of progress is printed; 0s: never"),
    rare(
        LOGS,
        "published_every",
        "60s",
        "How often simulated cameras and vehicles say in the log what they published; 0s: never; in `all` never unless set",
    ),
    rare(
        LIMITS,
        "web.index_rows",
        "1000000",
        "Newest rows of each file that are remembered to recognise duplicates",
    ),
    rare(LIMITS, "web.rotate_daily", "false", "Begin new files each UTC day"),
    rare(LIMITS, "web.body_bytes_max", "10485760", "Largest request body of the web role, bytes"),
    rare(LIMITS, "web.items_max", "10000", "Most items of one request"),
    rare(LIMITS, "web.waiting_bytes_max", "67108864", "Most bytes of rows that wait for the disk"),
    setting(PLACES, "pages.time_zone", "UTC", "Time zone of the pages, for instance Europe/Berlin"),
    setting(
        TRAFFIC,
        "generators.profile",
        "steady",
        "`steady`, or `campus`: a working day hour by hour",
    ),
    setting(TRAFFIC, "generators.rate", "5", "Vehicles that come per second (steady)"),
    setting(TRAFFIC, "generators.speed", "60", "Simulated seconds per second (campus)"),
    setting(
        TRAFFIC,
        "generators.matched_share",
        "0.8",
        "Share of the exits whose vehicle was seen entering",
    ),
    setting(TRAFFIC, "generators.seed", "", "Random seed: the same seed, the same traffic"),
    setting(
        TRAFFIC,
        "generators.ledger",
        "",
        "File that gets each confirmed message as a line: of simulated cameras, of real ones, of `reads`",
    ),
    rare(TRAFFIC, "generators.start_hour", "7", "Hour of the day at which a campus begins"),
    rare(TRAFFIC, "generators.dwell.min_seconds", "2", "Shortest stay (steady)"),
    rare(TRAFFIC, "generators.dwell.median_seconds", "4", "Half the stays are shorter (steady)"),
    rare(TRAFFIC, "generators.dwell.max_seconds", "10", "Longest stay (steady)"),
    rare(TRAFFIC, "generators.plate_format", "AAA-999", "A any letter, 9 any digit"),
    rare(TRAFFIC, "generators.place", "main", "The car park named in every read"),
    rare(TRAFFIC, "generators.lanes", "1", "Lanes each way"),
    rare(TRAFFIC, "generators.faults.duplicate_share", "0", "Share of messages sent twice"),
    rare(TRAFFIC, "generators.faults.re_read_share", "0", "Share of passages read twice"),
    rare(
        TRAFFIC,
        "generators.faults.re_read_gap_seconds_max",
        "2",
        "Longest gap between the two reads",
    ),
    rare(TRAFFIC, "generators.faults.late_share", "0", "Share of messages that leave late"),
    rare(TRAFFIC, "generators.faults.late_seconds_max", "3", "By how much at most"),
    rare(
        TRAFFIC,
        "generators.faults.misread_share",
        "0",
        "Share of exits with one character misread",
    ),
    setting(
        PINGS,
        "pings.vehicles",
        "",
        "How many vehicles to create and register; unset: those already registered (in `all` 20)",
    ),
    rare(
        PINGS,
        "pings.register",
        "first",
        "Registering them: `first` (needs the admin token), `only` (then it ends), `no` (already registered)",
    ),
    setting(PINGS, "pings.customers", "3", "How many customers the created vehicles belong to"),
    setting(
        PINGS,
        "pings.ping_every",
        "60s",
        "How often each vehicle decides whether it pings; in `all` 20s unless set",
    ),
    setting(PINGS, "pings.ping_share", "0.9", "Share of the turns in which a vehicle pings"),
    setting(PINGS, "pings.ping_seed", "", "Random seed: the same seed, the same vehicles"),
    rare(
        PINGS,
        "pings.monitor_url",
        "http://127.0.0.1:40004",
        "The vehicle monitor: registers vehicles, and takes the pings where there is no RabbitMQ",
    ),
    rare(TRAFFIC, "generators.in_flight_max", "1000", "Unconfirmed passages per generator"),
    rare(TRAFFIC, "generators.stop_seconds_max", "5", "How long a stop waits for confirmations"),
];

/// A setting of each place, lane or camera: `[cameras.NAME]` and so on. The names are the car park's
/// own, so these are set only in the file.
#[derive(Debug, Clone, Copy)]
pub struct NamedSetting {
    /// The section before the name.
    pub section: &'static str,
    /// The key in it.
    pub key: &'static str,
    /// What it means, as the help says it.
    pub help: &'static str,
}

const fn named(section: &'static str, key: &'static str, help: &'static str) -> NamedSetting {
    NamedSetting { section, key, help }
}

/// All of them, in the order they are shown.
pub const NAMED_SETTINGS: &[NamedSetting] = &[
    named("places", "time_zone", "IANA time zone, for times that name none: Europe/Berlin"),
    named("places", "re_read", "As the setting `re_read`, at this place: 90s"),
    named("lanes", "place", "The place it leads into; need not be said where there is one place"),
    named("lanes", "role", "entry, exit, or both: then the camera's direction decides"),
    named("lanes", "re_read", "As the setting `re_read`, in this lane"),
    named("cameras", "lane", "The lane it watches"),
    named("cameras", "vendor", "Who made it, or `auto`: each message tells (the default)"),
    named("cameras", "time_zone", "Zone of its clock, where it is not the place's"),
    named(
        "cameras",
        "min_confidence",
        "0 to 1: a plate read less surely is counted, not published",
    ),
    named(
        "cameras",
        "approaching",
        "In a lane of role `both`, of a camera that tells only towards and away: `entry` or `exit`",
    ),
    named("cameras", "token", "What it has to show; then `camera_token` does not open its address"),
    named("cameras", "token_file", "A file that holds its token"),
];

/// The setting of that key.
pub fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}
