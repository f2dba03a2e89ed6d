//! Lists are answered page by page.

use super::Problem;

/// Items of a page where nobody says how many.
const DEFAULT: usize = 100;

/// How many items a page has, by the `limit` that was asked for: `max` at most.
pub fn page_size(limit: Option<usize>, max: usize) -> Result<usize, Problem> {
    let limit = limit.unwrap_or(DEFAULT);
    match (1..=max).contains(&limit) {
        true => Ok(limit),
        false => Err(Problem::bad_request(format!("`limit` is 1 to {max}"))),
    }
}
