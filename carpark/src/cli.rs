//! The command line, made of the roles and of the table of settings.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Arg, ArgAction, ArgMatches, Command};
use platform::settings::Setting;

use crate::camera;
use crate::config::{NAMED_SETTINGS, SETTINGS};
use crate::rates;
use crate::verify;

/// What the process is to do: one for each sub-command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything, with simulated traffic.
    All,
    /// Everything but simulated traffic.
    Serve,
    /// Consumers, registry, sessions, summary client.
    Actors,
    /// The summary service.
    Web,
    /// The vehicle monitor.
    Vehicles,
    /// Places, and how full they are.
    Office,
    /// Brings a file of vehicles to a running vehicle monitor, then ends.
    VehiclesImport,
    /// Simulated vehicles that report in.
    PingGenerator,
    /// Simulated entry cameras.
    EntryGenerator,
    /// Simulated exit cameras.
    ExitGenerator,
    /// Simulated entry and exit cameras.
    Generators,
    /// Declares the RabbitMQ topology, then ends.
    Configure,
    /// Prints the effective configuration.
    Config,
    /// Compares the files with a ledger of what was published.
    Verify,
    /// Asks a running role whether it is well.
    Health,
    /// Shows what a camera's message becomes, or posts it.
    Camera,
    /// What a table of prices says, costs and lacks.
    Rates,
    /// Prints a new secret for a webhook.
    WebhookSecret,
}

/// Sub-command, role, one line about it.
const ROLES: &[(&str, Role, &str)] = &[
    ("all", Role::All, "Every role in one process, with simulated traffic (the default)"),
    (
        "serve",
        Role::Serve,
        "Every role in one process, without simulated traffic: what a car park installs",
    ),
    (
        "actors",
        Role::Actors,
        "Consumers, registry, sessions, summary client: as many copies as the load asks for",
    ),
    ("web", Role::Web, "The summary service: writes summaries.csv and exceptions.csv"),
    (
        "vehicles",
        Role::Vehicles,
        "The vehicle monitor: which vehicles are connected; `vehicles import FILE` registers many",
    ),
    ("office", Role::Office, "Places: how many vehicles are in each, and whether there is room"),
    ("ping-generator", Role::PingGenerator, "Simulated vehicles that report in once a minute"),
    ("entry-generator", Role::EntryGenerator, "Simulated entry cameras"),
    ("exit-generator", Role::ExitGenerator, "Simulated exit cameras"),
    ("generators", Role::Generators, "Simulated entry and exit cameras"),
    ("configure", Role::Configure, "Declares the queues in RabbitMQ, then ends"),
    ("config", Role::Config, "Prints the effective configuration and where each value comes from"),
    (
        "verify",
        Role::Verify,
        "Compares the files with a ledger of what was published: lost, doubled, wrong, torn",
    ),
    ("health", Role::Health, "Asks a running role whether it is ready; ends with 0 if it is"),
    (
        "camera",
        Role::Camera,
        "Shows what a camera's message becomes, or posts it as the camera would",
    ),
    ("rates", Role::Rates, "Checks a table of prices, explains it, prices a stay"),
    ("webhooks", Role::WebhookSecret, "`webhooks secret` prints a new secret for a webhook"),
];

/// The generators' setting of where a ledger is written; of an audit, where it is read.
const LEDGER: &str = "generators.ledger";

const AFTER_HELP: &str = "\
Every setting is a flag, an environment variable (CARPARK_ and the name in capitals; secrets and URLs
of servers also as …_FILE) and a key of carpark.toml, in this order of precedence. `carpark config` shows what holds.

Without any of them `carpark` runs by itself: embedded broker and store, simulated traffic, rows in
./data/summaries.csv, everything else at http://127.0.0.1:40000.";

/// With the settings that are no flags.
fn after_long_help() -> String {
    let mut text = format!(
        "{AFTER_HELP}\n\nPlaces, lanes, cameras and webhooks have names of their own, and are set only in carpark.toml:"
    );
    let mut section = "";
    for named in NAMED_SETTINGS {
        if named.section != section {
            section = named.section;
            let _written = write!(text, "\n\n  [{section}.NAME]");
        }
        let _written = write!(text, "\n  {:<16}{}", named.key, named.help);
    }
    text
}

/// The command line's grammar.
pub fn command() -> Command {
    let styles = Styles::styled()
        .header(AnsiColor::Green.on_default().bold())
        .literal(AnsiColor::Cyan.on_default().bold());
    let mut command = Command::new("carpark")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Turns what number-plate cameras see into parking sessions, exactly one correct row per stay, even when things fail.")
        .after_help(AFTER_HELP)
        .after_long_help(after_long_help())
        .styles(styles)
        .arg(
            Arg::new("config_file")
                .long("config")
                .value_name("FILE")
                .help("Configuration file (default: carpark.toml, if it exists) [env: CARPARK_CONFIG]")
                .global(true),
        );
    for setting in SETTINGS.iter() {
        command = command.arg(flag(setting));
    }
    for (name, role, about) in ROLES {
        let sub = Command::new(*name).about(*about);
        command = command.subcommand(match role {
            Role::Verify => verify_arguments(sub),
            Role::Camera => camera_commands(sub),
            Role::Rates => without_settings(rates::commands(sub)),
            Role::WebhookSecret => without_settings(sub.subcommand_required(true).subcommand(
                Command::new("secret").about(
                    "Prints a new secret, for `secret` of [webhooks.NAME] and for the receiver",
                ),
            )),
            Role::Vehicles => sub.subcommand(import_command()),
            Role::Health => sub.arg(
                Arg::new("health_url")
                    .value_name("URL")
                    .help(format!("What to ask [default: {HEALTH_URL}]")),
            ),
            _ => sub,
        });
    }
    command
}

/// Hides the program's settings in the help of a command, and of its own, that needs none.
fn without_settings(mut command: Command) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, without_settings);
    }
    // Of the same id as the global one, which then is not handed down.
    let hidden = SETTINGS.iter().map(|setting| flag(setting).global(false).hide(true));
    command.args(hidden).arg(Arg::new("config_file").long("config").value_name("FILE").hide(true))
}

/// Of the web role, and of everything in `all` and `serve`.
const HEALTH_URL: &str = "http://127.0.0.1:40000/readyz";

const VERIFY_AFTER_HELP: &str = "\
Judges every stay anew, from the ledger alone, and holds the files of the data directory against it.
Run it when the queues are empty. Ends with 0 where nothing was found, with 1 where something was.

  carpark serve --ledger day.jsonl             writes each confirmed read of a camera as a line
  carpark generators --ledger day.jsonl        the same of simulated cameras
  carpark verify --ledger day.jsonl            reads ./data
  carpark verify --office                      reads the database of CARPARK_OFFICE_URL";

fn import_command() -> Command {
    Command::new("import")
        .about("Brings a file of vehicles and their owners to a running monitor; ends with 1 if rows were refused")
        .arg(
            Arg::new("import_file")
                .value_name("FILE")
                .required(true)
                .help("CSV with vehicle_id,plate,customer_id,customer_name,customer_address, or a JSON array"),
        )
        .arg(
            Arg::new("import_url")
                .long("url")
                .value_name("URL")
                .help("The monitor [default: this machine's, at port 40004 or, of `serve` and `all`, 40000]"),
        )
}

fn verify_arguments(command: Command) -> Command {
    let file = |name: &'static str, long: &'static str, help: &'static str| {
        Arg::new(name).long(long).value_name("FILE").help(help)
    };
    command
        .arg(
            file(LEDGER, "ledger", "Published messages, one per line; may be repeated")
                .action(ArgAction::Append),
        )
        .arg(file(
            "dead_letters",
            "dead-letters",
            "What GET /admin/dead-letters answered (embedded: found automatically)",
        ))
        .arg(
            Arg::new("office").long("office").action(ArgAction::SetTrue).help(
                "Audit the office's database instead: balances, holds, bills, bays, and the feed's money",
            ),
        )
        .arg(
            Arg::new("as_of")
                .long("as-of")
                .value_name("TIME")
                .help("Judge what was due by then, RFC 3339 [default: a minute ago]"),
        )
        .after_help(VERIFY_AFTER_HELP)
}

fn camera_commands(command: Command) -> Command {
    let file = || {
        let help = "The message, as the camera sends it; - is standard input";
        Arg::new("message").value_name("FILE").required(true).help(help)
    };
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let content_type = || option("content-type", "TYPE", "What the camera says it is");
    command
        .subcommand_required(true)
        .subcommand(
            Command::new("test")
                .about("Shows what a message would become; plates are shown")
                .arg(file())
                .arg(option("vendor", "VENDOR", "Who made the camera [default: the message tells]"))
                .arg(option("camera", "NAME", "A camera of carpark.toml to treat as the sender"))
                .arg(content_type()),
        )
        .subcommand(
            Command::new("send")
                .about("Posts a message, with the camera token where one is set")
                .arg(file())
                .arg(
                    option("to", "URL", "For instance http://127.0.0.1:40000/cameras/NAME")
                        .required(true),
                )
                .arg(content_type()),
        )
}

fn flag(setting: &'static Setting) -> Arg {
    let default = match setting.default {
        "" => String::new(),
        default => format!(" [default: {default}]"),
    };
    let value_name = if setting.is_secret { "TOKEN" } else { "VALUE" };
    Arg::new(setting.key)
        .long(setting.flag())
        .value_name(value_name)
        .help(format!("{}{default}", setting.help))
        .help_heading(setting.group)
        .hide_short_help(setting.is_rare)
        .allow_hyphen_values(true)
        .global(true)
}

/// What the command line asks for.
#[derive(Debug)]
pub struct Asked {
    /// What to run.
    pub role: Role,
    /// The configuration file it names.
    pub file: Option<PathBuf>,
    matches: ArgMatches,
}

impl Asked {
    /// Reads the command line; prints help or what is wrong with it, and ends, where that is due.
    pub fn parse() -> Self {
        let matches = command().get_matches();
        let role = match matches.subcommand_name() {
            None => Role::All,
            Some(name) => ROLES
                .iter()
                .find(|(known, _, _)| *known == name)
                .map_or(Role::All, |(_, role, _)| *role),
        };
        let has_import = |matches: &ArgMatches| matches.subcommand_name() == Some("import");
        let role = match matches.subcommand() {
            Some((_, of_role)) if role == Role::Vehicles && has_import(of_role) => {
                Role::VehiclesImport
            }
            _ => role,
        };
        let file = matches.get_one::<String>("config_file").map(PathBuf::from);
        Self { role, file, matches }
    }

    /// What it says of a setting.
    pub fn flag(&self, setting: &Setting) -> Option<String> {
        if self.role == Role::Verify && setting.key == LEDGER {
            return None;
        }
        self.of_role().get_one::<String>(setting.key).cloned()
    }

    /// What it says of an audit.
    pub fn verify(&self) -> Result<verify::Request, String> {
        let matches = self.of_role();
        let as_of = match matches.get_one::<String>("as_of") {
            None => None,
            Some(text) => Some(domain::wire::parse_time(text).ok_or_else(|| {
                format!("--as-of {text}: not a time; write for instance 2026-11-20T18:00:00Z")
            })?),
        };
        Ok(verify::Request {
            ledgers: matches
                .get_many::<String>(LEDGER)
                .into_iter()
                .flatten()
                .map(PathBuf::from)
                .collect(),
            dead_letters: matches.get_one::<String>("dead_letters").map(PathBuf::from),
            as_of,
            office: matches.get_flag("office"),
        })
    }

    /// What it says of a camera's message.
    pub fn camera(&self) -> Option<camera::Request> {
        let (command, matches) = self.matches.subcommand()?.1.subcommand()?;
        let text = |name: &str| matches.get_one::<String>(name).cloned();
        let (file, content_type) = (text("message")?.into(), text("content-type"));
        Some(match command {
            "send" => camera::Request::Send { file, url: text("to")?, content_type },
            _ => camera::Request::Test {
                file,
                vendor: text("vendor"),
                camera: text("camera"),
                content_type,
            },
        })
    }

    /// What it says of tables of prices.
    pub fn rates(&self) -> Option<rates::Request> {
        rates::request(self.matches.subcommand()?.1)
    }

    /// Whom to ask for its health.
    pub fn health_url(&self) -> &str {
        self.of_role().get_one::<String>("health_url").map_or(HEALTH_URL, String::as_str)
    }

    /// Which file to bring to which monitor.
    pub fn import(&self) -> (PathBuf, Option<&str>) {
        let matches = self.of_role();
        let file = matches.get_one::<String>("import_file").map(PathBuf::from).unwrap_or_default();
        (file, matches.get_one::<String>("import_url").map(String::as_str))
    }

    fn of_role(&self) -> &ArgMatches {
        let mut matches = &self.matches;
        while let Some((_, of_command)) = matches.subcommand() {
            matches = of_command;
        }
        matches
    }
}
