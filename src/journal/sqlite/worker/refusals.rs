//! The reports that answer tasks which were not carried out.

use std::sync::Arc;

use super::super::task::{
    AUTHOR_QUERY_BYTES, REMOVAL_BYTES, Report, Task, bytes, key_values_bytes,
};
use crate::chat::record::{JournalError, JournalResponse, PutKeyValues, RequestId};

/// Returns the reports that refuse a batch.
pub(super) fn refusals(batch: &[Task]) -> Vec<Report> {
    let refusal = |task: &Task| match task {
        Task::Append(draft) => {
            let (room, bytes) = (Arc::clone(&draft.room), bytes(draft));
            let answer = JournalResponse::Rejected {
                request_id: draft.request_id,
                why: JournalError::Unavailable,
            };
            Some(Report::Appended { room, bytes, stored: None, answer })
        }
        Task::CheckReplay(draft) => {
            let answer = JournalResponse::Rejected {
                request_id: draft.request_id,
                why: JournalError::Unavailable,
            };
            Some(Report::Answered { bytes: bytes(draft), answer: Some(answer) })
        }
        Task::FindAuthor(query) => {
            let answer = JournalResponse::Rejected {
                request_id: query.request_id,
                why: JournalError::Unavailable,
            };
            Some(Report::Answered { bytes: AUTHOR_QUERY_BYTES, answer: Some(answer) })
        }
        Task::PutKeyValues(keep) => {
            let why = JournalError::Unavailable;
            Some(key_values_report(keep, |request_id| JournalResponse::Rejected {
                request_id,
                why,
            }))
        }
        Task::RemoveRoom(removal) => {
            let (request_id, why) = (removal.request_id, JournalError::Unavailable);
            let answer = Some(JournalResponse::Rejected { request_id, why });
            Some(Report::Answered { bytes: REMOVAL_BYTES, answer })
        }
        Task::CheckBlobs(_) | Task::Session(..) => Some(Report::Session),
        Task::Sweep { .. } => Some(Report::Swept { more: false, failed: true }),
        Task::Read(_) | Task::SetLimits(_) => None,
    };
    batch.iter().filter_map(refusal).collect()
}

/// Reports that key-value records were saved or refused, with an answer if they have a request id.
pub(super) fn key_values_report(
    keep: &PutKeyValues,
    answer: impl FnOnce(RequestId) -> JournalResponse,
) -> Report {
    Report::Answered {
        bytes: key_values_bytes(&keep.key_values),
        answer: keep.request_id.map(answer),
    }
}
