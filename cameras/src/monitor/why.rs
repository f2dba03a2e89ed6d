//! Why a camera is said to do as it does: one short sentence with the numbers behind the word.
//!
//! Never: a point in time, which whoever shows it says in his own zone; anything that a camera sent.

use super::state::{CameraState, Facts};

/// Characters of a refusal that are shown; the whole of it stands in `last_refusal`.
const REASON_CHARS_MAX: usize = 120;
/// Longest remark in brackets that a shortened text keeps.
const REMARK_CHARS_MAX: usize = 24;

/// The sentence. `refusal` is the last message's that was not understood.
pub(super) fn why(state: CameraState, facts: &Facts, name: &str, refusal: Option<&str>) -> String {
    match state {
        CameraState::ReadsNothing => format!(
            "no vehicle for {}; {} passed the cameras of its place lately",
            span(facts.read_age),
            facts.passed_at_place
        ),
        CameraState::Silent => {
            let age = facts.heartbeat_age.unwrap_or(facts.read_age).min(facts.read_age);
            format!("neither heartbeat nor read for {}", span(age))
        }
        CameraState::Refused => {
            let age = facts.refusal_age.unwrap_or_default();
            let reason = short(refusal.unwrap_or("it was not understood"));
            format!("a message was refused {} ago: {reason}", span(age))
        }
        CameraState::ClockWrong => clock(facts),
        CameraState::ReadsBadly => format!(
            "of its last {} vehicles {} were not read, {} with low confidence",
            facts.share_of,
            percent(facts.unread_share),
            percent(facts.low_confidence_share)
        ),
        CameraState::Reading => format!("its last vehicle was {} ago", span(facts.read_age)),
        CameraState::Quiet if facts.has_read => {
            format!("its last vehicle was {} ago; none seems missing", span(facts.read_age))
        }
        CameraState::Quiet => "it is there and has reported no vehicle yet".to_owned(),
        CameraState::NeverHeard => format!(
            "it has sent nothing for {}; it must POST to /cameras/{name}",
            span(facts.watched_for)
        ),
    }
}

fn clock(facts: &Facts) -> String {
    if let Some(by) = facts.ahead_now() {
        return format!("a read timed {} ahead of carpark's clock was refused", span(by));
    }
    let offset = facts.clock_offset.unwrap_or_default();
    match offset < 0.0 {
        true => {
            format!("its reads come {} before they were made: its clock is ahead", span(-offset))
        }
        false => format!(
            "its reads come {} after they were made: its clock is behind, or they are old",
            span(offset)
        ),
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Two units at most: `45 s`, `3 min 20 s`, `2 h 5 min`, `8 d 2 h`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "ages, never below zero, and a cast stops at the largest"
)]
fn span(seconds: f64) -> String {
    const UNITS: [(u64, &str); 5] =
        [(365 * 86_400, "y"), (86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let mut left = seconds.max(0.0).round() as u64;
    let first = UNITS.iter().position(|(size, _)| left >= *size).unwrap_or(UNITS.len() - 1);
    let mut parts = Vec::new();
    for (size, unit) in &UNITS[first..UNITS.len().min(first + 2)] {
        if left / size > 0 || parts.is_empty() {
            parts.push(format!("{} {unit}", left / size));
        }
        left %= size;
    }
    parts.join(" ")
}

/// Without its longer remarks, and not longer than fits a line or two.
pub(super) fn short(reason: &str) -> String {
    let mut kept = String::new();
    let mut rest = reason;
    while let Some((before, after)) = rest.split_once('(') {
        let Some((remark, behind)) = after.split_once(')') else { break };
        kept.push_str(before);
        if remark.chars().count() <= REMARK_CHARS_MAX {
            kept.extend(["(", remark, ")"]);
        } else {
            kept.truncate(kept.trim_end().len());
        }
        rest = behind;
    }
    kept.push_str(rest);
    match kept.char_indices().nth(REASON_CHARS_MAX) {
        None => kept,
        Some((end, _)) => {
            let end = kept[..end].rfind(' ').unwrap_or(end);
            format!("{} …", kept[..end].trim_end_matches([',', ';', ':']))
        }
    }
}

#[cfg(test)]
mod tests;
