//! Which refusal it is. None shows anything of what was sent (G8).

use actix_web::http::StatusCode;
use platform::http::Problem;

use crate::csv_writer::AppendError;

/// 422: an item that cannot be a row.
pub(crate) fn bad_item(index: usize, field: Option<String>, what: &str) -> Problem {
    Problem::unprocessable(format!("item {index}: {what}; nothing of the request was written"))
        .of_item(index, field)
}

/// 413: more than is allowed.
pub(crate) fn too_large(max: usize, of_what: &str) -> Problem {
    Problem::too_large(format!("at most {max} {of_what} are allowed in one request"))
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Busy | AppendError::Stopping => Self::unavailable(error.to_string()),
            // The path and the system's words are in the log, for those who may see them.
            AppendError::Failed(failure) if failure.is_disk_full => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "the disk is full, nothing was written")
            }
            AppendError::Failed(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the disk did not take the rows, nothing was written",
            ),
        }
    }
}
