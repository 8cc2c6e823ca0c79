//! The sweep of a snapshot: removes the records that its file lacks.

use app::ports::{Cursor, InFile, StoreError, SweepPage, WriteTarget};
use domain::load::LoadKind;

use super::CatalogTable;
use super::record::{CATEGORIES, ITEM, PRICES, TEXTS};
use super::version::{RowVersions, sweep_row};
use super::write::Changes;
use crate::attribute::{Attributes, get_text, key};
use crate::cursor;
use crate::loads::rows::identity;
use crate::query::{Asked, query_page, scan_page};

/// Records that are read in one step. They hold two versions each, so a step stays small.
const PAGE: usize = 500;

impl CatalogTable {
    /// A step of a sweep, as `RowWriter` promises.
    pub(super) async fn sweep_page(
        &self,
        target: &WriteTarget,
        in_file: &InFile<'_>,
        from: Option<Cursor>,
    ) -> Result<SweepPage, StoreError> {
        let Some(generation) = target.generation() else {
            let reason = "a sweep of the catalog needs a pending version".to_owned();
            return Err(StoreError::Refused {
                operation: "sweep",
                reason,
            });
        };
        let start = match &from {
            None => None,
            Some(from) => {
                let [pk, sk] = cursor::decode(from)?;
                Some(key(pk, sk))
            }
        };
        let (records, more) = self.records(target.kind, start).await?;
        let mut answer = SweepPage::default();
        let mut changes = Changes::default();
        for record in &records {
            let place = (
                get_text(record, "pk")?.to_owned(),
                get_text(record, "sk")?.to_owned(),
            );
            let Some(in_file) = in_file(identity(&place.0, &place.1)) else {
                continue;
            };
            let step = sweep_row(
                &RowVersions::read(Some(record))?,
                in_file,
                generation,
                target,
            );
            answer.existing += u64::from(step.existing);
            answer.removed += u64::from(step.removed);
            if let Some(versions) = step.versions {
                changes.add(&place, Some(record), versions)?;
            }
        }
        if target.writes() {
            self.write(changes).await?;
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

    /// Whether the first page is the last, and holds no record of the kind.
    pub(super) async fn has_none(&self, kind: LoadKind) -> Result<bool, StoreError> {
        let (records, more) = self.records(kind, None).await?;
        Ok(records.is_empty() && more.is_none())
    }

    /// Records of a kind, and where the next ones begin.
    async fn records(
        &self,
        kind: LoadKind,
        start: Option<Attributes>,
    ) -> Result<(Vec<Attributes>, Option<Attributes>), StoreError> {
        let (client, table) = (&self.client, self.table.as_str());
        match kind {
            LoadKind::Categories => {
                query_page(client, table, Asked::all(CATEGORIES).current(), PAGE, start).await
            }
            kind => scan_page(client, table, ("item#", sort_key(kind)), PAGE, start).await,
        }
    }
}

/// What the sort keys of a kind begin with. No kind's beginning is one of another's.
fn sort_key(kind: LoadKind) -> &'static str {
    match kind {
        LoadKind::Items => ITEM,
        LoadKind::ItemDescriptions => TEXTS,
        LoadKind::ListPrices => PRICES,
        // These are not in the table, or not under items: nothing begins like this.
        LoadKind::Categories | LoadKind::Organizations | LoadKind::Users | LoadKind::Addresses => {
            "\u{0}"
        }
    }
}
