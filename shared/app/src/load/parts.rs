//! What a pass gathers besides its counts: which records the rows are about, and the rows that were
//! refused, with the reasons. It is laid down in objects at each checkpoint, so that no worker has
//! to keep all of it, and put together in the end.

use domain::ids::LoadId;
use domain::load::{Chunk, ExportKey, Load, Reason};
use futures::StreamExt;
use tabular::RejectsFile;

use super::rows::Batch;
use crate::ports::{ExportFiles, FileWriter, FilesError};

const REASONS_HEADER: &[u8] = b"row,line,key,field,code,message\n";
/// Most identities and bytes of refused rows that are gathered before a checkpoint lays them down.
const MOST_IDENTITIES: usize = 100_000;
const MOST_BYTES: usize = 1024 * 1024;

/// What was gathered since the last checkpoint.
#[derive(Default)]
pub(super) struct Gathered {
    /// What rows are about, by identity.
    pub identities: Vec<u64>,
    rejects: Vec<u8>,
    reasons: Vec<u8>,
}

impl Gathered {
    /// Whether it is time to lay it down.
    pub fn is_full(&self) -> bool {
        self.identities.len() >= MOST_IDENTITIES
            || self.rejects.len() + self.reasons.len() >= MOST_BYTES
    }

    /// Takes over the refused rows of a batch that was worked off.
    pub fn take<R>(&mut self, batch: &mut Batch<R>, layout: &RejectsFile, chunk: &mut Chunk) {
        for refused in batch.refused() {
            chunk.counts.rejected += 1;
            layout.row(refused.raw, &mut self.rejects);
            let numbers = [refused.row.to_string(), refused.line.to_string()];
            let [row, line] = &numbers;
            for problem in refused.problems {
                let fields = [
                    row,
                    line,
                    refused.key,
                    &problem.field,
                    problem.code,
                    &problem.message,
                ];
                write_line(&mut self.reasons, fields.into_iter().map(str::as_bytes));
                if chunk.first_reasons.len() < Load::FIRST_REASONS {
                    chunk.first_reasons.push(Reason {
                        row: refused.row,
                        line: refused.line,
                        key: refused.key.to_owned(),
                        field: problem.field.clone(),
                        code: problem.code.into(),
                        message: problem.message.clone(),
                    });
                }
            }
        }
    }
}

/// The objects of one load.
pub(super) struct Parts<'a> {
    pub files: &'a dyn ExportFiles,
    pub key: &'a ExportKey,
    pub load: &'a LoadId,
}

impl Parts<'_> {
    fn object(&self, chunk: u32, part: u32, what: &str) -> String {
        format!("{}/{chunk:05}/{part:05}.{what}", self.key.work(self.load))
    }

    /// Lays down what was gathered of a chunk. The names follow from what the chunk had before, so
    /// that whoever does it again after the same checkpoint writes the same objects.
    pub async fn lay_down(
        &self,
        gathered: &mut Gathered,
        chunk: &mut Chunk,
    ) -> Result<(), FilesError> {
        if !gathered.identities.is_empty() {
            gathered.identities.sort_unstable();
            gathered.identities.dedup();
            let bytes: Vec<u8> = gathered
                .identities
                .iter()
                .flat_map(|identity| identity.to_le_bytes())
                .collect();
            self.write(
                &self.object(chunk.number, chunk.identity_parts, "identities"),
                &bytes,
            )
            .await?;
            gathered.identities.clear();
            chunk.identity_parts += 1;
        }
        if !gathered.reasons.is_empty() {
            self.write(
                &self.object(chunk.number, chunk.reject_parts, "rejects"),
                &gathered.rejects,
            )
            .await?;
            self.write(
                &self.object(chunk.number, chunk.reject_parts, "reasons"),
                &gathered.reasons,
            )
            .await?;
            gathered.rejects.clear();
            gathered.reasons.clear();
            chunk.reject_parts += 1;
        }
        Ok(())
    }

    async fn write(&self, key: &str, bytes: &[u8]) -> Result<(), FilesError> {
        let mut writer = self.files.create(key).await?;
        writer.write(bytes).await?;
        writer.finish().await
    }

    /// The identities of the rows of a chunk, part by part. A record that several of its rows are
    /// about may occur repeatedly.
    pub async fn identities(
        &self,
        chunk: &Chunk,
        mut each: impl FnMut(u64),
    ) -> Result<(), FilesError> {
        for part in 0..chunk.identity_parts {
            let mut rest = Vec::new();
            self.read(&self.object(chunk.number, part, "identities"), |piece| {
                rest.extend_from_slice(piece);
                let whole = rest.len() - rest.len() % 8;
                for bytes in rest.get(..whole).unwrap_or_default().as_chunks::<8>().0 {
                    each(u64::from_le_bytes(*bytes));
                }
                rest.drain(..whole);
            })
            .await?;
        }
        Ok(())
    }

    /// Puts the refused rows of all chunks together, and their reasons, in the order of the file.
    /// Without refused rows there are no files. `tail` is what was not laid down.
    pub async fn put_together(
        &self,
        layout: &RejectsFile,
        chunks: &[Chunk],
        tail: Option<&Gathered>,
    ) -> Result<(), FilesError> {
        if chunks.iter().all(|chunk| chunk.counts.rejected == 0) {
            return Ok(());
        }
        let sheets = [
            (
                "rejects",
                layout.name,
                layout.prologue.as_slice(),
                layout.epilogue.as_slice(),
            ),
            ("reasons", "reasons.csv", REASONS_HEADER, &[]),
        ];
        for (what, name, prologue, epilogue) in sheets {
            let mut writer = self
                .files
                .create(&self.key.rejects(self.load, name))
                .await?;
            writer.write(prologue).await?;
            for chunk in chunks {
                for part in 0..chunk.reject_parts {
                    self.copy(&self.object(chunk.number, part, what), writer.as_mut())
                        .await?;
                }
            }
            if let Some(tail) = tail {
                writer
                    .write(if what == "rejects" {
                        &tail.rejects
                    } else {
                        &tail.reasons
                    })
                    .await?;
            }
            writer.write(epilogue).await?;
            writer.finish().await?;
        }
        Ok(())
    }

    async fn copy(&self, key: &str, writer: &mut dyn FileWriter) -> Result<(), FilesError> {
        let mut file = self.files.open(key, None).await?.ok_or_else(missing)?;
        while let Some(piece) = file.chunks.next().await {
            writer.write(&piece?).await?;
        }
        Ok(())
    }

    async fn read(&self, key: &str, mut each: impl FnMut(&[u8])) -> Result<(), FilesError> {
        let mut file = self.files.open(key, None).await?.ok_or_else(missing)?;
        while let Some(piece) = file.chunks.next().await {
            each(&piece?);
        }
        Ok(())
    }

    /// Removes all objects.
    pub async fn remove(&self, chunks: &[Chunk]) -> Result<(), FilesError> {
        let mut keys = Vec::new();
        for chunk in chunks {
            keys.extend(
                (0..chunk.identity_parts).map(|part| self.object(chunk.number, part, "identities")),
            );
            for what in ["rejects", "reasons"] {
                keys.extend(
                    (0..chunk.reject_parts).map(|part| self.object(chunk.number, part, what)),
                );
            }
        }
        self.files.remove(&keys).await
    }
}

/// What a checkpoint says is there is there, unless somebody removed it.
fn missing() -> FilesError {
    FilesError::Refused {
        operation: "GetObject",
        reason: "an object of a running load is gone".to_owned(),
    }
}

/// Appends fields as a line of comma-separated values, quoted where needed.
fn write_line<'a>(line: &mut Vec<u8>, fields: impl Iterator<Item = &'a [u8]>) {
    for (index, field) in fields.enumerate() {
        if index > 0 {
            line.push(b',');
        }
        if field
            .iter()
            .any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'))
        {
            line.push(b'"');
            for byte in field {
                if *byte == b'"' {
                    line.push(b'"');
                }
                line.push(*byte);
            }
            line.push(b'"');
        } else {
            line.extend_from_slice(field);
        }
    }
    line.push(b'\n');
}
