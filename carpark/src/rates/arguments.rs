//! The grammar of `carpark rates`, and what a command line asks for.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::Request;
use super::stays::Asked;
use super::tried::Trial;

const AFTER_HELP: &str = "\
No server and no configuration file is needed. Ends with 0 where all is well, with 1 where a table has
faults, with 2 where it was asked wrongly, with 3 where the table is without fault and has no price for
this stay. docs/rates.md teaches the format.";

const ENTRY_HELP: &str = "When the car came in: 2026-03-02T08:00 by the clock of the table's time zone, or with an offset: 2026-03-02T08:00+01:00";

const SEGMENT_HELP: &str = "What changes while the car is in, as at=TIME and zone=PLACE, bay=TYPE, right=NAME or factor=DECIMAL, with commas between: at=2026-03-02T10:00,zone=inner. What is not named stays as it was; right= alone ends all rights. May be repeated, in the order of time";

fn option(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help)
}

fn file(help: &'static str) -> Arg {
    Arg::new("table").value_name("FILE").required(true).help(help)
}

fn repeated(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    option(name, value, help).action(ArgAction::Append)
}

fn of_a_stay(command: Command) -> Command {
    command
        .arg(option("bay", "TYPE", "The type of the bay").default_value(""))
        .arg(option("zone", "PLACE", "The place, where places are nested").default_value(""))
        .arg(repeated(
            "right",
            "NAME",
            "A right of the driver or a merchant's validation; may be repeated",
        ))
        .arg(
            option("factor", "DECIMAL", "The factor by occupancy that was announced at the entry")
                .allow_hyphen_values(true),
        )
}

fn language() -> Arg {
    option("language", "LANGUAGE", "Of the words")
        .value_parser(PossibleValuesParser::new(["en", "de"]))
        .default_value("en")
}

/// Its sub-commands.
pub fn commands(command: Command) -> Command {
    let table = || file("The table, TOML or JSON; - is standard input");
    command
        .subcommand_required(true)
        .after_help(AFTER_HELP)
        .subcommand(
            Command::new("lint")
                .about("Finds what is wrong in a table, and what it leaves open")
                .arg(table().action(ArgAction::Append).num_args(1..)),
        )
        .subcommand(
            Command::new("explain")
                .about("Says a table in plain words")
                .arg(table())
                .arg(language()),
        )
        .subcommand(
            of_a_stay(Command::new("price").about("What a stay costs, and why"))
                .arg(
                    file("The table, or its versions, of which the one of the entry is charged")
                        .action(ArgAction::Append)
                        .num_args(1..),
                )
                .arg(option("entry", "TIME", ENTRY_HELP).required_unless_present("no-entry"))
                .arg(
                    option("exit", "TIME", "When it left, written as --entry is")
                        .required_unless_present("no-entry"),
                )
                .arg(repeated("segment", "CHANGE", SEGMENT_HELP).conflicts_with("no-entry"))
                .arg(option("paid-at", "TIME", "When it was paid, if that was before the exit"))
                .arg(
                    Arg::new("no-entry")
                        .long("no-entry")
                        .action(ArgAction::SetTrue)
                        .conflicts_with_all(["entry", "exit"])
                        .help("Nobody knows the entry: a lost ticket"),
                )
                .arg(language().conflicts_with("json"))
                .arg(
                    Arg::new("json")
                        .long("json")
                        .action(ArgAction::SetTrue)
                        .help("The bill as JSON; amounts are integers of the minor unit"),
                ),
        )
        .subcommand(
            of_a_stay(
                Command::new("try")
                    .about("A table of prices by how long, and by the hour of entry"),
            )
            .arg(table())
            .arg(option(
                "date",
                "DATE",
                "The day of the entries [default: the first Monday that the table is valid on]",
            ))
            .arg(option(
                "svg",
                "OUT",
                "Writes a picture of it, an hour of entry a column",
            )),
        )
        .subcommand(Command::new("schema").about("The JSON Schema of a table's file"))
        .subcommand(
            Command::new("import")
                .about("Makes a table of an APDS RateTable; what is lost is said")
                .arg(file("The RateTable, JSON; - is standard input"))
                .arg(
                    option(
                        "time-zone",
                        "ZONE",
                        "The place's time zone, which APDS does not have: Europe/Berlin",
                    )
                    .required(true),
                ),
        )
        .subcommand(
            Command::new("export")
                .about("Makes an APDS RateTable of a table; what is lost is said")
                .arg(table()),
        )
}

/// What the command line asks for.
pub fn request(matches: &ArgMatches) -> Option<Request> {
    let (command, matches) = matches.subcommand()?;
    // An id that a command does not have is not asked of it: that would be a panic.
    let has = |name: &str| matches.try_contains_id(name).unwrap_or(false);
    let text = |name: &str| has(name).then(|| matches.get_one::<String>(name).cloned()).flatten();
    let many = |name: &str| -> Vec<String> {
        let values = has(name).then(|| matches.get_many::<String>(name)).flatten();
        values.into_iter().flatten().cloned().collect()
    };
    let is_set = |name: &str| has(name) && matches.get_flag(name);
    let files: Vec<PathBuf> = many("table").into_iter().map(PathBuf::from).collect();
    let file = files.first().cloned().unwrap_or_default();
    let language = match text("language").as_deref() {
        Some("de") => ::rates::Language::German,
        _ => ::rates::Language::English,
    };
    let stay = || Asked {
        entry: text("entry"),
        exit: text("exit"),
        paid_at: text("paid-at"),
        bay: text("bay").unwrap_or_default(),
        zone: text("zone").unwrap_or_default(),
        rights: many("right"),
        factor: text("factor"),
        segments: many("segment"),
    };
    Some(match command {
        "lint" => Request::Lint { files },
        "explain" => Request::Explain { file, language },
        "price" => Request::Price { files, stay: stay(), json: is_set("json"), language },
        "try" => Request::Try {
            file,
            trial: Trial { date: text("date"), stay: stay() },
            svg: text("svg").map(PathBuf::from),
        },
        "schema" => Request::Schema,
        "import" => Request::Import { file, time_zone: text("time-zone")? },
        "export" => Request::Export { file },
        _ => return None,
    })
}
