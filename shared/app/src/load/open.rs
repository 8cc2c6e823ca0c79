//! Opens the file of a load, from its start or from a position in it.

use std::hash::{DefaultHasher, Hash, Hasher};

use domain::load::{ExportKey, FilePosition, Load, Phase};
use tabular::{
    Compression, FileError, Format, Framing, MAX_PROFILE_BYTES, Profile, RejectsFile, RowReader,
};

use super::batch::{Batch, BatchReader, file_position};
use super::error::LoadError;
use super::header::Header;
use super::records::RecordFamily;
use crate::ports::{ByteRange, ExportFile, ExportFiles};

/// How the file of a load is read: the same from its plan to its end.
pub(super) struct ReadPlan {
    /// The profile that the file is read with.
    profile: Profile,
    /// Identifies the profile.
    pub profile_mark: u64,
    pub framing: Framing,
    compression: Option<Compression>,
    /// Whether it can be read from a position in it.
    pub splittable: bool,
}

/// A file whose header was read.
pub(super) struct OpenFile {
    rows: BatchReader,
    pub header: Header,
    /// The layout of the file of rejected rows.
    pub rejects: RejectsFile,
}

impl OpenFile {
    /// The next rows of the load, at most `most`. `found` receives each row whose key is readable,
    /// rejected ones included. An empty batch is the end.
    pub async fn batch<R: RecordFamily>(
        &mut self,
        load: &Load,
        most: usize,
        found: impl FnMut(&R),
    ) -> Result<Batch<R>, LoadError> {
        self.rows
            .batch(most, load.kind, &self.header, load.sequence, found)
            .await
    }
}

/// The file of a load.
pub(super) struct LoadFile<'a> {
    versions: FileVersions<'a>,
    max_unpacked_bytes: u64,
    /// The file as it was opened to begin the load, until its content is read.
    opened: Option<ExportFile>,
    plan: Option<ReadPlan>,
}

impl<'a> LoadFile<'a> {
    /// The file of a load, perhaps opened already.
    pub fn new(
        files: &'a dyn ExportFiles,
        max_unpacked_bytes: u64,
        opened: Option<ExportFile>,
    ) -> Self {
        Self {
            versions: FileVersions(files),
            max_unpacked_bytes,
            opened,
            plan: None,
        }
    }

    /// How the file is read. Fails if the profile changed since the load was planned.
    pub async fn read_plan(&mut self, load: &Load) -> Result<&ReadPlan, LoadError> {
        let plan = match self.plan.take() {
            Some(plan) => plan,
            None => self.versions.read_plan(load).await?,
        };
        Ok(self.plan.insert(plan))
    }

    /// Opens the file at its start.
    pub async fn open<R: RecordFamily>(&mut self, load: &Load) -> Result<OpenFile, LoadError> {
        self.open_at::<R>(load, FilePosition::START, None).await
    }

    /// Opens the file for the rows from `at` on, up to the byte `to`.
    pub async fn open_at<R: RecordFamily>(
        &mut self,
        load: &Load,
        at: FilePosition,
        to: Option<u64>,
    ) -> Result<OpenFile, LoadError> {
        let (versions, max_unpacked_bytes) = (self.versions, self.max_unpacked_bytes);
        let opened = self.opened.take();
        let plan = self.read_plan(load).await?;
        // The header is at the start. Of the rest, only what is consumed is read.
        let start = match opened {
            Some(file) => file,
            None => versions.open(load, None).await?,
        };
        let reader = RowReader::new(&plan.framing, plan.compression, max_unpacked_bytes)?;
        let mut rows = BatchReader::new(start, reader.up_to(to));
        let (header, rejects) = rows
            .header::<R>(load.kind, load.mode, &plan.profile)
            .await?;
        if at != FilePosition::START {
            if plan.splittable {
                let reader = RowReader::resume_at(&plan.framing, file_position(at))?;
                rows = versions.rows_from(load, at, to, reader.up_to(to)).await?;
            } else {
                rows.skip(at.row);
            }
        }
        Ok(OpenFile {
            rows,
            header,
            rejects,
        })
    }

    /// The pieces of the whole file.
    pub async fn pieces(&mut self, load: &Load) -> Result<ExportFile, LoadError> {
        self.versions.open(load, None).await
    }
}

/// The versions of the export files.
#[derive(Clone, Copy)]
struct FileVersions<'a>(&'a dyn ExportFiles);

impl FileVersions<'_> {
    async fn read_plan(self, load: &Load) -> Result<ReadPlan, LoadError> {
        let key = export_key(load)?;
        let Some(format) = Format::of_suffix(key.suffix()) else {
            return Err(LoadError::unusable(
                "format",
                "files of this format cannot be read; drop a .csv, .ndjson or .xml file, plain or \
                 compressed as .gz or .zst",
            ));
        };
        let (profile, profile_mark) = self.profile(&key).await?;
        if load.work.phase != Phase::Plan && load.work.profile != profile_mark {
            return Err(LoadError::unusable(
                "profile_changed",
                "the profile was changed while the file was loaded; drop the file again",
            ));
        }
        let compression = Compression::of_suffix(key.suffix());
        let framing = profile.framing(format);
        Ok(ReadPlan {
            splittable: framing.is_splittable(compression),
            profile,
            profile_mark,
            framing,
            compression,
        })
    }

    /// The profile of a file: its own, else that of its kind, else the default layout. The number
    /// identifies it.
    async fn profile(self, key: &ExportKey) -> Result<(Profile, u64), LoadError> {
        for key in key.profiles() {
            match self.0.read(&key, MAX_PROFILE_BYTES).await? {
                None => {}
                Some(text) if text.len() > MAX_PROFILE_BYTES => {
                    return Err(FileError::profile(format!(
                        "{key} is larger than {MAX_PROFILE_BYTES} bytes"
                    ))
                    .into());
                }
                Some(text) => {
                    let mut hasher = DefaultHasher::new();
                    text.hash(&mut hasher);
                    return Ok((Profile::parse(&text)?, hasher.finish()));
                }
            }
        }
        Ok((Profile::default(), 0))
    }

    async fn rows_from(
        self,
        load: &Load,
        at: FilePosition,
        to: Option<u64>,
        reader: RowReader,
    ) -> Result<BatchReader, LoadError> {
        // S3 rejects an empty range.
        let at_end = at.offset >= to.unwrap_or(load.bytes);
        let range = (!at_end).then_some(ByteRange {
            start: at.offset,
            end: to,
        });
        let mut rows = BatchReader::new(self.open(load, range).await?, reader);
        if at_end {
            rows.close();
        }
        Ok(rows)
    }

    /// Opens the file, or a range of it. Fails if it was replaced since the load began.
    async fn open(self, load: &Load, range: Option<ByteRange>) -> Result<ExportFile, LoadError> {
        let file = self.0.open(&load.key, range).await?;
        file.filter(|file| file.version == load.version)
            .ok_or(LoadError::FileChanged)
    }
}

/// The key of a load's file.
pub(super) fn export_key(load: &Load) -> Result<ExportKey, LoadError> {
    ExportKey::parse(&load.key).map_err(|_| LoadError::FileChanged)
}
