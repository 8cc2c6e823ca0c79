//! Dead letters, on SQS.

use app::ports::StoreError;
use app::ports::dead_letters::{DeadLetter, DeadLetterQueues, Queue, Subject};
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use aws_types::SdkConfig;
use domain::ids::{LoadId, SubmissionId};
use domain::time::Timestamp;
use wire::queue::{LoadMessage, SubmitMessage};

use crate::queue_error;

/// How long a letter is invisible to other readers.
const VISIBILITY_SECONDS: i32 = 30;
/// Most messages of one receive.
const BATCH: i32 = 10;
/// Asking with a wait looks at all servers of the queue; asking without one may miss messages.
const WAIT_SECONDS: i32 = 1;

/// The URLs of a queue and of its dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueUrls {
    /// The queue.
    pub queue: String,
    /// Its dead letters.
    pub dead_letters: String,
}

/// Reads and moves dead letters through SQS.
#[derive(Debug, Clone)]
pub struct SqsDeadLetters {
    client: Client,
    submissions: QueueUrls,
    catalog_loads: QueueUrls,
    member_loads: QueueUrls,
}

impl SqsDeadLetters {
    /// The dead letters of the given queues.
    #[must_use]
    pub fn new(
        sdk: &SdkConfig,
        submissions: QueueUrls,
        catalog_loads: QueueUrls,
        member_loads: QueueUrls,
    ) -> Self {
        Self {
            client: Client::new(sdk),
            submissions,
            catalog_loads,
            member_loads,
        }
    }

    fn urls(&self, queue: Queue) -> &QueueUrls {
        match queue {
            Queue::Submissions => &self.submissions,
            Queue::CatalogLoads => &self.catalog_loads,
            Queue::MemberLoads => &self.member_loads,
        }
    }
}

#[async_trait]
impl DeadLetterQueues for SqsDeadLetters {
    async fn take(&self, queue: Queue, limit: usize) -> Result<Vec<DeadLetter>, StoreError> {
        let mut letters: Vec<DeadLetter> = Vec::new();
        while letters.len() < limit {
            let left = i32::try_from(limit - letters.len()).unwrap_or(BATCH);
            let receive = self
                .client
                .receive_message()
                .queue_url(&self.urls(queue).dead_letters)
                .max_number_of_messages(left.min(BATCH))
                .visibility_timeout(VISIBILITY_SECONDS)
                .wait_time_seconds(WAIT_SECONDS)
                .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
            let received = receive
                .send()
                .await
                .map_err(|error| queue_error("ReceiveMessage", error))?;
            let messages = received.messages.unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            letters.extend(
                messages
                    .into_iter()
                    .filter_map(|message| letter(queue, message)),
            );
        }
        Ok(letters)
    }

    async fn leave(&self, letters: &[DeadLetter]) -> Result<(), StoreError> {
        for letter in letters {
            let change = self
                .client
                .change_message_visibility()
                .queue_url(&self.urls(letter.queue).dead_letters)
                .receipt_handle(&letter.handle)
                .visibility_timeout(0);
            change
                .send()
                .await
                .map_err(|error| queue_error("ChangeMessageVisibility", error))?;
        }
        Ok(())
    }

    async fn redrive(&self, letter: &DeadLetter) -> Result<(), StoreError> {
        let send = self
            .client
            .send_message()
            .queue_url(&self.urls(letter.queue).queue)
            .message_body(&letter.body);
        send.send()
            .await
            .map_err(|error| queue_error("SendMessage", error))?;
        self.discard(letter).await
    }

    async fn discard(&self, letter: &DeadLetter) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_message()
            .queue_url(&self.urls(letter.queue).dead_letters)
            .receipt_handle(&letter.handle);
        delete
            .send()
            .await
            .map(drop)
            .map_err(|error| queue_error("DeleteMessage", error))
    }
}

fn letter(queue: Queue, message: Message) -> Option<DeadLetter> {
    let sent = message
        .attributes
        .as_ref()
        .and_then(|known| known.get(&MessageSystemAttributeName::SentTimestamp));
    let body = message.body.unwrap_or_default();
    Some(DeadLetter {
        queue,
        message_id: message.message_id?,
        subject: subject(queue, &body),
        sent_at: sent
            .and_then(|millis| millis.parse().ok())
            .map(Timestamp::from_millis),
        handle: message.receipt_handle?,
        body,
    })
}

fn subject(queue: Queue, body: &str) -> Subject {
    let found = match queue {
        Queue::Submissions => serde_json::from_str::<SubmitMessage>(body)
            .ok()
            .and_then(|message| SubmissionId::parse(&message.submission_id).ok())
            .map(Subject::Submission),
        Queue::CatalogLoads | Queue::MemberLoads => serde_json::from_str::<LoadMessage>(body)
            .ok()
            .and_then(|message| LoadId::parse(&message.load_id).ok())
            .map(Subject::Load),
    };
    found.unwrap_or(Subject::Unreadable)
}
