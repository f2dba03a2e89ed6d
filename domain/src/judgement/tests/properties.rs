//! The rules as predicates over any run: any observations of a plate, in any order, some twice,
//! with the streams settled at any point in between.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::PlaceName;

#[derive(Debug, Clone)]
enum Step {
    Observe(Observation),
    Settle(Watermarks),
}

/// What a run consists of: the observations there are, and what happens with them.
#[derive(Debug, Clone)]
struct Run {
    observations: Vec<Observation>,
    steps: Vec<Step>,
}

/// Hours apart, so that there are stays, and seconds apart, so that there are re-reads; now and
/// then days, for stays that are too long.
fn instant() -> impl Strategy<Value = Instant> {
    let days = prop_oneof![9 => Just(0), 1 => Just(4)];
    let seconds = prop::sample::select(vec![0, 1, 10, 19, 20, 21, 35, 40, 50, 60]);
    (days, 0..4_i64, seconds).prop_map(|(days, hours, seconds)| {
        at("10:00") + TimeDelta::days(days) + TimeDelta::hours(hours) + TimeDelta::seconds(seconds)
    })
}

fn observations(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Observation>> {
    let one = (any::<bool>(), instant(), prop::bool::weighted(0.15));
    prop::collection::vec(one, count).prop_map(|all| {
        let observation = |(number, (is_exit, at, is_north)): (usize, (bool, Instant, bool))| {
            let direction = if is_exit { Direction::Exit } else { Direction::Entry };
            let letter = if is_exit { 'x' } else { 'e' };
            Observation {
                id: ObservationId::parse(&format!("{number}{letter}")).unwrap(),
                direction,
                at,
                place: PlaceName::parse(if is_north { "north" } else { "main" }).unwrap(),
                ..read("e0 10:00")
            }
        };
        all.into_iter().enumerate().map(observation).collect()
    })
}

fn watermarks() -> impl Strategy<Value = Watermarks> {
    let mark = || prop::option::weighted(0.8, instant());
    (mark(), mark()).prop_map(|(entries, exits)| Watermarks { entries, exits })
}

/// The observations in any order, up to a few of them again, and up to a few settlings anywhere.
fn runs() -> impl Strategy<Value = Run> {
    let again = prop::collection::vec(any::<Index>(), 0..4);
    let settlings = prop::collection::vec(watermarks(), 0..5);
    (observations(1..9), again, settlings)
        .prop_flat_map(|(observations, again, settlings)| {
            let twice = again.iter().map(|index| index.get(&observations).clone());
            let reads = observations.iter().cloned().chain(twice).map(Step::Observe);
            let steps: Vec<Step> = reads.chain(settlings.into_iter().map(Step::Settle)).collect();
            (Just(observations), Just(steps).prop_shuffle())
        })
        .prop_map(|(observations, steps)| Run { observations, steps })
}

fn command(step: Step, now: Instant) -> Command {
    match step {
        Step::Observe(observation) => {
            Command::Observe { observation, watermarks: Watermarks::default(), is_past: false, now }
        }
        Step::Settle(watermarks) => {
            Command::Settle { watermarks, behind: crate::Behind::default(), now }
        }
    }
}

/// What a run left behind.
struct Played {
    record: Record,
    /// What was reported at each step.
    reports: Vec<Vec<Effect>>,
}

impl Played {
    fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.reports.iter().flatten()
    }

    fn summaries(&self) -> impl Iterator<Item = &Summary> {
        self.effects().filter_map(|effect| match effect {
            Effect::Summary(summary) => Some(summary),
            Effect::Exception(_) | Effect::Opened(_) => None,
        })
    }

    fn rows(&self) -> impl Iterator<Item = &ExceptionRow> {
        self.effects().filter_map(|effect| match effect {
            Effect::Summary(_) | Effect::Opened(_) => None,
            Effect::Exception(row) => Some(row),
        })
    }
}

/// Takes the steps and then settles both streams to their end, a minute per step so that nothing
/// is forgotten. Before each step `between` may put another record in the place of the last one.
fn play(run: &Run, policy: &Policy, mut between: impl FnMut(Record) -> Record) -> Played {
    let mut played = Played { record: Record::default(), reports: Vec::new() };
    let end = Step::Settle(Watermarks::END);
    for (number, step) in (0..).zip(run.steps.iter().chain([&end])) {
        let before = between(played.record);
        let command = command(step.clone(), at("30d00:00") + TimeDelta::minutes(number));
        let (record, effects) = match decide(&plate(), &before, command, policy) {
            Decision::Unchanged => (before, Vec::new()),
            Decision::Changed { record, effects } => (record, effects),
        };
        played.record = record;
        played.reports.push(effects);
    }
    played
}

fn play_simply(run: &Run) -> Played {
    play(run, &Policy::default(), |record| record)
}

/// The run with only the earliest read of each passage in it.
fn without_re_reads(mut run: Run) -> Run {
    let record = play_simply(&run).record;
    let is_first = |observation: &Observation| {
        timeline::passages(&record.observations, None)
            .iter()
            .any(|passage| record.observations[passage.first].id == observation.id)
    };
    run.observations.retain(is_first);
    run.steps.retain(|step| match step {
        Step::Observe(observation) => is_first(observation),
        Step::Settle(_) => true,
    });
    run
}

/// The two reads of a session, by its times' and its id's word.
fn reads_of<'a>(run: &'a Run, summary: &Summary) -> Option<(&'a Observation, &'a Observation)> {
    let of_kind = |direction, at| {
        run.observations.iter().filter(move |read| read.direction == direction && read.at == at)
    };
    of_kind(Direction::Entry, summary.entry_at).find_map(|entry| {
        of_kind(Direction::Exit, summary.exit_at)
            .find(|exit| {
                (0..9).any(|times| {
                    session_id(&plate(), &entry.id, &exit.id, times) == summary.session_id
                })
            })
            .map(|exit| (entry, exit))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 500, ..Default::default() })]

    /// G9: who follows what is told of a plate, step by step, knows which stay is open.
    #[test]
    fn what_is_told_in_order_says_which_stay_is_open(run in runs()) {
        let mut record = Record::default();
        let mut open: Option<ObservationId> = None;
        let end = Step::Settle(Watermarks::END);
        for step in run.steps.iter().chain([&end]) {
            let command = command(step.clone(), at("30d00:00"));
            if let Decision::Changed { record: next, effects } =
                decide(&plate(), &record, command, &Policy::default())
            {
                record = next;
                for effect in effects {
                    match effect {
                        Effect::Opened(opening) => {
                            prop_assert_ne!(open.as_ref(), Some(&opening.observation_id));
                            open = Some(opening.observation_id);
                        }
                        Effect::Summary(summary) => {
                            open = open.filter(|id| *id != summary.origin.clone().unwrap().entry_id);
                        }
                        Effect::Exception(_) => {}
                    }
                }
            }
            prop_assert_eq!(open.as_ref(), record.open_entry().map(|known| &known.id));
        }
    }

    /// R1 to R7: whatever the order, what is reported on the whole is what the reference says.
    #[test]
    fn every_order_comes_to_what_the_reference_says(run in runs()) {
        let played = play_simply(&run);
        let mut net = Net::default();
        net.extend(played.effects());
        let differences = net.differences(&run.observations, &Watermarks::END, &Policy::default());
        prop_assert_eq!(differences, []);
    }

    /// R3: the sessions need no watermark: before any stream is settled, they are all told.
    #[test]
    fn r3_sessions_are_told_at_once(run in runs()) {
        let mut net = Net::default();
        let mut record = Record::default();
        for observation in run.observations.clone() {
            let command = Command::Observe { observation, watermarks: Watermarks::default(), is_past: false, now: at("30d00:00") };
            let Decision::Changed { record: next, effects } =
                decide(&plate(), &record, command, &Policy::default()) else { panic!() };
            record = next;
            net.extend(&effects);
        }
        let differences =
            net.differences(&run.observations, &Watermarks::default(), &Policy::default());
        prop_assert_eq!(differences, []);
        prop_assert_eq!(net.exceptions().count(), 0, "and nothing else is");
    }

    /// R1: a command that was carried out changes nothing the next time.
    #[test]
    fn r1_a_command_again_changes_nothing(run in runs()) {
        let mut record = Record::default();
        for step in run.steps {
            let command = command(step, at("30d00:00"));
            let decision = decide(&plate(), &record, command.clone(), &Policy::default());
            if let Decision::Changed { record: next, .. } = decision {
                prop_assert_eq!(next.version, record.version + 1);
                record = next;
            }
            let again = decide(&plate(), &record, command, &Policy::default());
            prop_assert_eq!(again, Decision::Unchanged);
        }
    }

    /// G4: a decision depends on nothing but its arguments, and a record on nothing but its JSON.
    #[test]
    fn deciding_is_deterministic_and_survives_the_store(run in runs(), stored in any::<u32>()) {
        let mut step = 0;
        let through_json = |record: Record| {
            step += 1;
            if stored & (1 << step) == 0 {
                return record;
            }
            let back = Record::from_json(record.to_json().as_bytes()).unwrap();
            assert_eq!(back, record);
            back
        };
        let stored = play(&run, &Policy::default(), through_json);
        let played = play_simply(&run);
        prop_assert_eq!(stored.record, played.record);
        prop_assert_eq!(stored.reports, played.reports);
    }

    /// R2: no two passages of a verdict are closer than a re-read, and each passage has one verdict.
    #[test]
    fn r2_each_read_is_in_one_passage_and_each_passage_has_one_verdict(run in runs()) {
        let record = play_simply(&run).record;
        let passages = timeline::passages(&record.observations, None);
        prop_assert_eq!(passages.iter().map(|passage| passage.end - passage.first).sum::<usize>(),
            record.observations.len());
        for passage in &passages {
            let reads = &record.observations[passage.first..passage.end];
            prop_assert_eq!(reads.iter().map(|read| read.seq).min(), Some(passage.stands));
            let verdicts = record.reported.iter().filter(|verdict| verdict.concerns(passage.stands));
            prop_assert_eq!(verdicts.count(), 1, "at the end nothing is left open");
        }
    }

    /// What is on record as reported holds, and what needs no waiting is reported.
    #[test]
    fn the_record_agrees_with_its_observations_after_each_step(run in runs()) {
        play(&run, &Policy::default(), |record| {
            let policy = Policy::default();
            let due_verdicts = timeline::verdicts(&record.observations, None, &policy);
            for verdict in &record.reported {
                assert!(due_verdicts.iter().any(|due_verdict| due_verdict.verdict == *verdict));
            }
            for due_verdict in due_verdicts.iter().filter(|due_verdict| due_verdict.due == timeline::Due::AtOnce) {
                assert!(record.reported.contains(&due_verdict.verdict));
            }
            assert!(record.observations.is_sorted_by_key(|known| (known.at, known.direction)));
            record
        });
    }

    /// R3, R9, G2: sessions run forwards, are of reads that there are, and no name is used twice.
    #[test]
    fn r9_each_session_is_reported_once_and_runs_forwards(run in runs()) {
        let played = play_simply(&run);
        let mut ids = BTreeSet::new();
        for summary in played.summaries() {
            prop_assert!(summary.exit_at >= summary.entry_at);
            prop_assert!(summary.duration() >= TimeDelta::zero());
            prop_assert!(ids.insert(&summary.session_id), "twice: {:?}", summary);
            prop_assert!(reads_of(&run, summary).is_some(), "of no reads: {:?}", summary);
        }
    }

    /// R6: an observation has one row per revision, a session is withdrawn after it was reported
    /// and once, and no two reports share a key.
    #[test]
    fn r6_of_an_observation_there_is_one_row_per_revision(run in runs()) {
        let played = play_simply(&run);
        let mut rows = BTreeSet::new();
        let mut keys = BTreeSet::new();
        for row in played.rows() {
            prop_assert!(rows.insert((&row.observation_id, &row.session_id, row.revision)));
            prop_assert_eq!(row.observation_id.is_none(), row.kind == ExceptionKind::Withdrawn);
        }
        for effect in played.effects() {
            prop_assert!(keys.insert(effect.key()), "{} twice", effect.key());
        }
        let mut sessions = BTreeSet::new();
        for effect in played.effects() {
            match effect {
                Effect::Summary(summary) => {
                    sessions.insert(&summary.session_id);
                }
                Effect::Opened(_) => {}
                Effect::Exception(row) => if row.kind == ExceptionKind::Withdrawn {
                    let id = row.session_id.as_ref().unwrap();
                    prop_assert!(sessions.remove(id), "withdrawn before it was reported");
                }
            }
        }
    }

    /// R6: a session is `repaired` where an exception of either read, or a session of one of them,
    /// had to give way; never where nothing was said of them before.
    #[test]
    fn r6_a_session_is_repaired_where_something_gave_way(run in runs()) {
        let played = play_simply(&run);
        for (number, report) in played.reports.iter().enumerate() {
            let mut before = Net::default();
            before.extend(played.reports[..number].iter().flatten());
            for effect in report {
                let Effect::Summary(summary) = effect else { continue };
                let (entry, exit) = reads_of(&run, summary).unwrap();
                let is_of_either = |id: &ObservationId| *id == entry.id || *id == exit.id;
                let gave_way = before.exceptions().any(|row| {
                    let ended = row.kind == ExceptionKind::Overstay
                        && exit.at - entry.at > Policy::default().max_stay;
                    row.observation_id.as_ref().is_some_and(is_of_either) && !ended
                }) || before.sessions().any(|session| {
                    let (one, other) = reads_of(&run, session).unwrap();
                    is_of_either(&one.id) || is_of_either(&other.id)
                });
                let was_spoken_of = played.reports[..number].iter().flatten().any(|effect| match effect {
                    Effect::Summary(session) => {
                        let (one, other) = reads_of(&run, session).unwrap();
                        is_of_either(&one.id) || is_of_either(&other.id)
                    }
                    Effect::Opened(_) => false,
                    Effect::Exception(row) => row.observation_id.as_ref().is_some_and(is_of_either),
                });
                prop_assert!(summary.repaired || !gave_way, "not repaired: {:?}", summary);
                prop_assert!(was_spoken_of || !summary.repaired, "repaired: {:?}", summary);
            }
        }
    }

    /// Two orders of arrival differ in which read of a passage stands, and in nothing else: where each
    /// passage was read once, the rows are the same to the letter.
    #[test]
    fn without_re_reads_every_order_gives_the_same_rows(run in runs()) {
        let run = without_re_reads(run);
        let rows = |run: &Run| {
            let mut net = Net::default();
            net.extend(play_simply(run).effects());
            let sessions: Vec<(Instant, Instant)> =
                net.sessions().map(|session| (session.entry_at, session.exit_at)).collect();
            let exceptions: Vec<_> =
                net.exceptions().map(|row| (row.observation_id.clone(), row.kind)).collect();
            (sessions.into_iter().collect::<BTreeSet<_>>(), exceptions)
        };
        let in_order = Run {
            steps: run.observations.iter().cloned().map(Step::Observe).collect(),
            ..run.clone()
        };
        prop_assert_eq!(rows(&run), rows(&in_order));
    }
}
