//! Dead letters, as far as operators have a hand in them.

use std::sync::Arc;

use app::dead_letters::{Action, DeadLetters, Explained, Redrive};
use app::ports::dead_letters::Subject;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use lambda_kit::{Json, Operator, Problem};
use wire::storefront::operations as body;

pub(crate) fn router(letter_box: DeadLetters) -> Router {
    Router::new()
        .route("/operations/dead-letters", get(list))
        .route("/operations/dead-letters/redrive", post(redrive))
        .with_state(Arc::new(letter_box))
}

async fn list(
    State(letter_box): State<Arc<DeadLetters>>,
    Operator(operator): Operator,
) -> Result<Json<body::DeadLetters>, Problem> {
    let explained = letter_box.list(&operator).await?;
    Ok(Json(body::DeadLetters {
        dead_letters: explained.iter().map(|letter| shown(letter, None)).collect(),
    }))
}

async fn redrive(
    State(letter_box): State<Arc<DeadLetters>>,
    Operator(operator): Operator,
    Json(asked): Json<body::Redrive>,
) -> Result<Json<body::DeadLetters>, Problem> {
    let redrive = Redrive {
        message_ids: asked.message_ids,
        discard: asked.discard,
        dry_run: asked.dry_run,
    };
    let moved = letter_box.redrive(&operator, &redrive).await?;
    Ok(Json(body::DeadLetters {
        dead_letters: moved
            .iter()
            .map(|moved| shown(&moved.explained, Some(moved.done)))
            .collect(),
    }))
}

fn shown(explained: &Explained, done: Option<Option<Action>>) -> body::DeadLetter {
    let letter = &explained.letter;
    let (submission_id, load_id) = match &letter.subject {
        Subject::Submission(id) => (Some(id.to_string()), None),
        Subject::Load(id) => (None, Some(id.to_string())),
        Subject::Unreadable => (None, None),
    };
    body::DeadLetter {
        queue: letter.queue.as_str().to_owned(),
        message_id: letter.message_id.clone(),
        reason: explained.reason.clone(),
        submission_id,
        load_id,
        state: explained.state.map(str::to_owned),
        organization_id: explained.owner.as_ref().map(ToString::to_string),
        sent_at: letter.sent_at.map(Into::into),
        next_action: explained.next.as_str().to_owned(),
        done: done.map(|done| done.map(|action| action.as_str().to_owned())),
    }
}
