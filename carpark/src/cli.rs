//! The command line, made of the roles and of the table of settings.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Arg, ArgMatches, Command};

use crate::settings::{SETTINGS, Setting};

/// What to run.
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
    /// Simulated entry cameras.
    EntryGenerator,
    /// Simulated exit cameras.
    ExitGenerator,
    /// Both.
    Generators,
    /// Declares the RabbitMQ topology, then ends.
    Configure,
    /// Prints the effective configuration.
    Config,
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
    ("entry-generator", Role::EntryGenerator, "Simulated entry cameras"),
    ("exit-generator", Role::ExitGenerator, "Simulated exit cameras"),
    ("generators", Role::Generators, "Simulated entry and exit cameras"),
    ("configure", Role::Configure, "Declares the queues in RabbitMQ, then ends"),
    ("config", Role::Config, "Prints the effective configuration and where each value comes from"),
];

const AFTER_HELP: &str = "\
Every setting is a flag, an environment variable (CARPARK_ and the name in capitals; secrets also as
…_FILE) and a key of carpark.toml, in this order of precedence. `carpark config` shows what holds.

Without any of them `carpark` runs by itself: embedded broker and store, simulated traffic, rows in
./data/summaries.csv, everything else at http://127.0.0.1:40000.";

/// The command line's grammar.
pub fn command() -> Command {
    let styles = Styles::styled()
        .header(AnsiColor::Green.on_default().bold())
        .literal(AnsiColor::Cyan.on_default().bold());
    let mut command = Command::new("carpark")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Turns what number-plate cameras see into parking sessions, one right row per stay, whatever fails.")
        .after_help(AFTER_HELP)
        .styles(styles)
        .arg(
            Arg::new("config_file")
                .long("config")
                .value_name("FILE")
                .help("Configuration file (default: carpark.toml, where there is one) [env: CARPARK_CONFIG]")
                .global(true),
        );
    for setting in SETTINGS {
        command = command.arg(flag(setting));
    }
    for (name, _, about) in ROLES {
        command = command.subcommand(Command::new(*name).about(*about));
    }
    command
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
        let file = matches.get_one::<String>("config_file").map(PathBuf::from);
        Self { role, file, matches }
    }

    /// What it says of a setting.
    pub fn flag(&self, setting: &Setting) -> Option<String> {
        let of = match self.matches.subcommand() {
            Some((_, matches)) => matches,
            None => &self.matches,
        };
        of.get_one::<String>(setting.key).cloned()
    }
}
