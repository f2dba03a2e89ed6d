//! Where in a file something is that is told by names: `product "day": line "evening": step`.

/// The line, counted from 1, of the place. Each name is looked for behind the one before, so that a
/// line `day` of the second product is not that of the first; what is not in the file (a field that is
/// missing) is told at what it belongs to.
pub fn line_of(text: &str, place: &str) -> Option<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let mut at = None;
    for part in place.split(": ") {
        let part = part.split(" (").next().unwrap_or(part);
        let found = match part.split_once('"').and_then(|(_, rest)| rest.split_once('"')) {
            Some((name, _)) => {
                let start = at.unwrap_or(0);
                let quoted = format!("\"{name}\"");
                let has = |line: &&str| line.contains("name") && line.contains(&quoted);
                lines.iter().skip(start).position(has).map(|found| start + found)
            }
            None => field(&lines, at, part),
        };
        at = found.or(at);
    }
    at.map(|line| line + 1)
}

/// A field behind a line, before the next name; `rules.grace` from the start of the file.
fn field(lines: &[&str], at: Option<usize>, path: &str) -> Option<usize> {
    let word = |line: &str, word: &str| {
        line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word)
    };
    let (mut found, mut from) = (None, at.unwrap_or(0));
    for name in path.split(['.', ' ']).filter(|name| !name.is_empty()) {
        let rest = lines.iter().enumerate().skip(from);
        // Behind a name (of a line, a cap), the next name begins something else.
        let own = |line: &&str| at.is_none() || !word(line, "name");
        let mut near = rest.enumerate().take_while(|(n, (_, line))| *n == 0 || own(line));
        if let Some((_, (line, _))) = near.find(|(_, (_, line))| word(line, name)) {
            (found, from) = (Some(line), line);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = "id = \"x\"\n[rules]\nrounding = 1\n\n[[product]]\nname = \"a\"\n[[product.line]]\nname = \"day\"\nprice = { kind = \"flat\" }\n[[product]]\nname = \"b\"\n[[product.line]]\nname = \"day\"\nprice = { kind = \"flat\" }\nminimum = { amount = \"1\" }\n";

    #[test]
    fn a_place_is_found_by_its_names() {
        for (place, line) in [
            ("rules.rounding", 3),
            ("rules.grace", 2),
            ("product \"a\"", 6),
            ("product \"a\": line \"day\": price", 9),
            ("product \"b\": line \"day\"", 13),
            ("product \"b\": line \"day\": price", 14),
            ("product \"b\": line \"day\": each", 13),
            ("product \"b\": otherwise (nothing covers Monday)", 11),
        ] {
            assert_eq!(line_of(TOML, place), Some(line), "{place}");
        }
        assert_eq!(line_of(TOML, "taxes"), None);
    }
}
