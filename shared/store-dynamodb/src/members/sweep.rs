//! The end of a snapshot: members that its file lacks are deactivated. None is deleted, and members
//! who registered here stay active.

use app::ports::{Cursor, InFile, Stage, StoreError, Swept};
use domain::load::LoadKind;
use domain::member::{MemberStatus, Origin};
use futures::{StreamExt, TryStreamExt, stream};

use super::MembersTable;
use super::record::{ADDRESSES, ORGANIZATION, ORIGIN, USER, origin_text};
use crate::attribute::{Attributes, find_number, find_text, get_text, key, number, text};
use crate::cursor;
use crate::error::store_error;
use crate::loads::rows::{FINGERPRINT, SEQUENCE, identity, is_gone};
use crate::query::scan_page;

/// Records looked at in one step.
const PAGE: usize = 500;
/// Writes under way at once.
const IN_FLIGHT: usize = 16;
/// Whether a member may act.
const STATUS: &str = "status";

impl MembersTable {
    /// A step of a sweep, as `RowWriter` promises.
    pub(super) async fn sweep_page(
        &self,
        stage: &Stage,
        in_file: &InFile<'_>,
        from: Option<Cursor>,
    ) -> Result<Swept, StoreError> {
        let start = match &from {
            None => None,
            Some(from) => {
                let [pk, sk] = cursor::decode(from)?;
                Some(key(pk, sk))
            }
        };
        let (records, more) = scan_page(
            &self.client,
            &self.table,
            beginnings(stage.kind),
            PAGE,
            start,
        )
        .await?;
        let mut answer = Swept::default();
        let mut lacking = Vec::new();
        for record in &records {
            let (pk, sk) = (get_text(record, "pk")?, get_text(record, "sk")?);
            let Some(in_file) = in_file(identity(pk, sk)) else {
                continue;
            };
            if !is_here(record)? {
                continue;
            }
            answer.there += 1;
            let sequence: i64 = find_number(record, SEQUENCE)?.unwrap_or(i64::MIN);
            if !in_file && sequence <= stage.sequence.number() {
                answer.removed += 1;
                lacking.push(key(pk, sk));
            }
        }
        if stage.writes {
            let writes = lacking.into_iter().map(|key| self.deactivate(key, stage));
            stream::iter(writes)
                .buffer_unordered(IN_FLIGHT)
                .try_collect::<()>()
                .await?;
        }
        let next = more.map(|key| {
            Ok::<_, StoreError>(cursor::encode(&[
                get_text(&key, "pk")?,
                get_text(&key, "sk")?,
            ]))
        });
        answer.next = next.transpose()?;
        Ok(answer)
    }

    /// Takes from a member that a file brought the right to act. The condition keeps off what was
    /// written since the record was read. Without its fingerprint the member is active again as
    /// soon as a file names it.
    async fn deactivate(&self, key: Attributes, stage: &Stage) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression("SET #status = :inactive, #sequence = :sequence REMOVE #fingerprint")
            .condition_expression("#origin = :erp AND #status = :active AND #sequence <= :sequence")
            .expression_attribute_names("#status", STATUS)
            .expression_attribute_names("#sequence", SEQUENCE)
            .expression_attribute_names("#fingerprint", FINGERPRINT)
            .expression_attribute_names("#origin", ORIGIN)
            .expression_attribute_values(":inactive", text(MemberStatus::Inactive.as_str()))
            .expression_attribute_values(":active", text(MemberStatus::Active.as_str()))
            .expression_attribute_values(":erp", text(origin_text(Origin::Erp)))
            .expression_attribute_values(":sequence", number(stage.sequence.number()))
            .send()
            .await;
        match update {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(store_error("UpdateItem", error)),
        }
    }
}

/// Whether the record is a member that a file brought and that may act.
fn is_here(record: &Attributes) -> Result<bool, StoreError> {
    let active = find_text(record, STATUS)? == Some(MemberStatus::Active.as_str());
    Ok(active && !is_gone(record) && find_text(record, ORIGIN)? == Some(origin_text(Origin::Erp)))
}

/// What partition and sort keys of a kind begin with. Nothing begins like those of another table's
/// kinds.
fn beginnings(kind: LoadKind) -> (&'static str, &'static str) {
    match kind {
        LoadKind::Organizations => ("organization#", ORGANIZATION),
        LoadKind::Users => ("user#", USER),
        LoadKind::Addresses => ("organization#", ADDRESSES),
        LoadKind::Categories
        | LoadKind::Items
        | LoadKind::ItemDescriptions
        | LoadKind::ListPrices => ("\u{0}", "\u{0}"),
    }
}
