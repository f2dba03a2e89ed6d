//! Plays tables of what happens to a plate, and tells what is reported of it.

use super::*;

/// Plays a table of `what happens | what is reported` under the default policy, then reads both
/// streams to their end and compares what was reported on the whole with the reference.
///
/// What happens is a read (`e1 10:00`, `x1 11:00 north`) or how far the streams are settled
/// (`entries to 11:00`, `exits to 11:00`, `both to 11:00`, `end`). What is reported is a list like
/// `session e1-x1, repaired x1`, empty where the record changes and nothing is reported, `unchanged`
/// where the record stands. `session e1-x1 (repaired)` carries the flag; `e1-x1#1` was withdrawn
/// once before. A table that nowhere says `opened e1` is silent about the stays that are open.
pub(super) fn check(table: &str) -> Record {
    let mut play = Play::new(Policy::default());
    play.table(table);
    let record = play.record.clone();
    play.step("end");
    let differences = play.net.differences(&play.observations, &Watermarks::END, &play.policy);
    assert_eq!(differences, [], "{table}");
    record
}

/// One plate's record, and all that was reported of it.
pub(super) struct Play {
    pub(super) policy: Policy,
    pub(super) record: Record,
    pub(super) now: Instant,
    pub(super) observations: Vec<Observation>,
    pub(super) effects: Vec<Effect>,
    pub(super) net: Net,
}

impl Play {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            policy,
            record: Record::default(),
            now: at("30d00:00"),
            observations: Vec::new(),
            effects: Vec::new(),
            net: Net::default(),
        }
    }

    pub(super) fn table(&mut self, table: &str) {
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (step, expected) = line.split_once('|').expect(line);
            let mut reported = self.step(step.trim());
            if !table.contains("opened ") {
                reported = sorted(&without_opened(&reported));
            }
            assert_eq!(reported, sorted(expected), "after `{}` in {table}", step.trim());
        }
    }

    pub(super) fn step(&mut self, step: &str) -> String {
        let settle = |entries, exits| Watermarks { entries, exits };
        let watermarks = match *step.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["end"] => Watermarks::END,
            ["both", "to", time] => settle(Some(at(time)), Some(at(time))),
            ["entries", "to", time] => settle(Some(at(time)), None),
            ["exits", "to", time] => settle(None, Some(at(time))),
            _ => {
                let observation = read(step);
                self.observations.push(observation.clone());
                return self.command(Command::Observe {
                    observation,
                    watermarks: Watermarks::default(),
                    is_past: false,
                    now: self.now,
                });
            }
        };
        self.command(Command::Settle {
            watermarks,
            behind: crate::Behind::default(),
            now: self.now,
        })
    }

    pub(super) fn command(&mut self, command: Command) -> String {
        match decide(&plate(), &self.record, command, &self.policy) {
            Decision::Unchanged => "unchanged".to_owned(),
            Decision::Changed { record, effects } => {
                assert_eq!(record.version, self.record.version + 1);
                self.record = record;
                self.net.extend(&effects);
                let told: Vec<String> = effects.iter().map(|effect| self.told(effect)).collect();
                self.effects.extend(effects);
                sorted(&told.join(","))
            }
        }
    }

    fn told(&self, effect: &Effect) -> String {
        match effect {
            Effect::Opened(opening) => format!("opened {}", opening.observation_id),
            Effect::Summary(summary) => {
                let flag = if summary.repaired { " (repaired)" } else { "" };
                format!("session {}{flag}", self.session_name(&summary.session_id))
            }
            Effect::Exception(row) => {
                let subject = match (&row.observation_id, &row.session_id) {
                    (Some(id), _) => id.to_string(),
                    (None, Some(id)) => self.session_name(id),
                    (None, None) => panic!("an exception of nothing: {row:?}"),
                };
                let kind = row.kind.as_str().trim_end_matches("_exit");
                format!("{kind} {subject}")
            }
        }
    }

    /// `e1-x1`, or `e1-x1#1` where the pair was withdrawn once before.
    fn session_name(&self, id: &str) -> String {
        for entry in self.observations.iter().filter(|read| read.direction == Direction::Entry) {
            for exit in self.observations.iter().filter(|read| read.direction == Direction::Exit) {
                for (times, mark) in ["", "#1", "#2"].into_iter().enumerate() {
                    if session_id(&plate(), &entry.id, &exit.id, times) == id {
                        return format!("{}-{}{mark}", entry.id, exit.id);
                    }
                }
            }
        }
        panic!("a session of no two reads: {id}");
    }

    pub(super) fn exceptions(&self) -> Vec<&ExceptionRow> {
        let rows = self.effects.iter().filter_map(|effect| match effect {
            Effect::Exception(row) => Some(row),
            Effect::Summary(_) | Effect::Opened(_) => None,
        });
        rows.collect()
    }
}

fn without_opened(list: &str) -> String {
    let parts: Vec<&str> = list.split(", ").filter(|part| !part.starts_with("opened ")).collect();
    parts.join(", ")
}

/// What is told at once has an order, which tables do not show.
fn sorted(list: &str) -> String {
    let mut parts: Vec<&str> = list.split(',').map(str::trim).collect();
    parts.sort_unstable();
    parts.join(", ")
}
