//! What a scan collects besides its counts: the identities of the records, and the rejected rows
//! with their reasons. Each checkpoint spills it to objects, so that a worker needs little memory,
//! and the end of the load assembles the objects.

use domain::ids::LoadId;
use domain::load::{Chunk, ExportKey, Load, RejectReason};
use futures::StreamExt;
use tabular::RejectsFile;

use super::batch::Batch;
use super::error::LoadError;
use super::lease::ScanLease;
use super::open::export_key;
use crate::ports::{ExportFiles, FileWriter, FilesError};

const REASONS_HEADER: &[u8] = b"row,line,key,field,code,message\n";
/// Most identities, and bytes of rejected rows, that are collected before a checkpoint spills them.
const MAX_IDENTITIES: usize = 100_000;
const MAX_BYTES: usize = 1024 * 1024;

/// What a scan collected since the last checkpoint.
#[derive(Default)]
pub(super) struct PassBuffer {
    /// The identities of the records of the rows.
    pub identities: Vec<u64>,
    rejects: Vec<u8>,
    reasons: Vec<u8>,
}

impl PassBuffer {
    /// Whether it is time to spill it.
    pub fn is_full(&self) -> bool {
        self.identities.len() >= MAX_IDENTITIES
            || self.rejects.len() + self.reasons.len() >= MAX_BYTES
    }

    /// Adds the rejected rows of a batch, and counts them in its chunk.
    pub fn add_rejects<R>(
        &mut self,
        batch: &mut Batch<R>,
        layout: &RejectsFile,
        chunk: &mut Chunk,
    ) {
        for rejected in batch.rejected() {
            chunk.counts.rejected += 1;
            layout.row(rejected.raw, &mut self.rejects);
            let numbers = [rejected.row.to_string(), rejected.line.to_string()];
            let [row, line] = &numbers;
            for problem in rejected.problems {
                let fields = [
                    row,
                    line,
                    rejected.key,
                    &problem.field,
                    problem.code,
                    &problem.message,
                ];
                write_line(&mut self.reasons, fields.into_iter().map(str::as_bytes));
                if chunk.first_reasons.len() < Load::FIRST_REASONS {
                    chunk.first_reasons.push(RejectReason {
                        row: rejected.row,
                        line: rejected.line,
                        key: rejected.key.to_owned(),
                        field: problem.field.clone(),
                        code: problem.code.into(),
                        message: problem.message.clone(),
                    });
                }
            }
        }
    }
}

/// The objects of a running load.
pub(super) struct WorkObjects<'a> {
    files: &'a dyn ExportFiles,
    key: ExportKey,
    load: LoadId,
}

impl<'a> WorkObjects<'a> {
    /// The objects of a load.
    pub fn of(files: &'a dyn ExportFiles, load: &Load) -> Result<Self, LoadError> {
        Ok(Self {
            files,
            key: export_key(load)?,
            load: load.id.clone(),
        })
    }

    fn object(&self, chunk: u32, part: u32, what: &str) -> String {
        format!("{}/{chunk:05}/{part:05}.{what}", self.key.work(&self.load))
    }

    /// Makes a checkpoint: spills what was collected, then saves the chunk.
    pub async fn checkpoint(
        &self,
        lease: &mut dyn ScanLease,
        chunk: &mut Chunk,
        buffer: &mut PassBuffer,
    ) -> Result<(), LoadError> {
        self.flush(buffer, chunk).await?;
        lease.save_chunk(chunk).await
    }

    /// Makes the last checkpoint of a chunk: all its rows are processed.
    pub async fn last_checkpoint(
        &self,
        lease: &mut dyn ScanLease,
        chunk: &mut Chunk,
        buffer: &mut PassBuffer,
    ) -> Result<(), LoadError> {
        chunk.done = true;
        self.checkpoint(lease, chunk, buffer).await
    }

    /// Spills what was collected of a chunk. The names follow from the objects of the last
    /// checkpoint, so that a worker that resumes there overwrites the same objects.
    async fn flush(&self, buffer: &mut PassBuffer, chunk: &mut Chunk) -> Result<(), FilesError> {
        if !buffer.identities.is_empty() {
            buffer.identities.sort_unstable();
            buffer.identities.dedup();
            let bytes: Vec<u8> = buffer
                .identities
                .iter()
                .flat_map(|identity| identity.to_le_bytes())
                .collect();
            self.write(
                &self.object(chunk.number, chunk.identity_parts, "identities"),
                &bytes,
            )
            .await?;
            buffer.identities.clear();
            chunk.identity_parts += 1;
        }
        if !buffer.reasons.is_empty() {
            self.write(
                &self.object(chunk.number, chunk.reject_parts, "rejects"),
                &buffer.rejects,
            )
            .await?;
            self.write(
                &self.object(chunk.number, chunk.reject_parts, "reasons"),
                &buffer.reasons,
            )
            .await?;
            buffer.rejects.clear();
            buffer.reasons.clear();
            chunk.reject_parts += 1;
        }
        Ok(())
    }

    async fn write(&self, key: &str, bytes: &[u8]) -> Result<(), FilesError> {
        let mut writer = self.files.create(key).await?;
        writer.write(bytes).await?;
        writer.finish().await
    }

    /// The identities of the records of a chunk, part by part. One may occur several times.
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

    /// Assembles the rejected rows of all chunks, and their reasons, in the order of the file.
    /// Without rejected rows there are no files. `unspilled` is what was not spilled.
    pub async fn assemble_rejects(
        &self,
        layout: &RejectsFile,
        chunks: &[Chunk],
        unspilled: Option<&PassBuffer>,
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
                .create(&self.key.rejects(&self.load, name))
                .await?;
            writer.write(prologue).await?;
            for chunk in chunks {
                for part in 0..chunk.reject_parts {
                    self.copy(&self.object(chunk.number, part, what), writer.as_mut())
                        .await?;
                }
            }
            if let Some(unspilled) = unspilled {
                writer
                    .write(if what == "rejects" {
                        &unspilled.rejects
                    } else {
                        &unspilled.reasons
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

    /// Removes the objects of chunks.
    pub async fn remove(
        &self,
        chunks: impl Iterator<Item = &Chunk> + Send,
    ) -> Result<(), FilesError> {
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

/// The objects of a checkpoint exist, unless they were removed from outside.
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
