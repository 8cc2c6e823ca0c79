//! Opens files, as a whole or from a place inside them.

use std::hash::{DefaultHasher, Hash, Hasher};

use domain::load::{ExportKey, Load, Phase, Place};
use tabular::{Compression, FileError, Format, MAX_PROFILE_BYTES, Profile, RejectsFile, RowReader};

use super::hands::Hands;
use super::header::Header;
use super::kinds::Rows;
use super::rows::{BatchReader, position};
use super::run::{LoadError, Loader};
use crate::ports::{ByteRange, ExportFile};

/// A file whose header was read.
pub(super) struct Opened {
    /// The rows from the place that was asked for.
    pub rows: BatchReader,
    /// The header.
    pub header: Header,
    /// What the file of refused rows is like.
    pub layout: RejectsFile,
}

/// How the file of a load is read.
#[derive(Clone)]
pub(super) struct Form {
    pub format: Format,
    pub profile: Profile,
    pub compression: Option<Compression>,
    /// Whether it can be read from its middle.
    pub splittable: bool,
}

impl<R: Rows> Loader<R> {
    /// How the file of a load is read: the same from its plan to its end.
    pub(super) async fn form(&self, hands: &mut Hands) -> Result<Form, LoadError> {
        if let Some(form) = &hands.form {
            return Ok(form.clone());
        }
        let key = export_key(&hands.load)?;
        let Some(format) = Format::of_suffix(key.suffix()) else {
            return Err(LoadError::failed(
                "format",
                "files of this format cannot be read; drop a .csv, .ndjson or .xml file, plain or packed as .gz or .zst",
            ));
        };
        let (profile, mark) = self.profile(&key).await?;
        let work = &mut hands.load.work;
        if work.phase == Phase::Plan {
            work.profile = mark;
        } else if work.profile != mark {
            let message = "the profile was changed while the file was loaded; drop the file again";
            return Err(LoadError::failed("profile_changed", message));
        }
        let compression = Compression::of_suffix(key.suffix());
        let splittable = profile.framing(format).is_splittable(compression);
        let form = Form {
            format,
            profile,
            compression,
            splittable,
        };
        hands.form = Some(form.clone());
        Ok(form)
    }

    /// The profile of a file: its own, else that of its kind, else our own layout. The number tells
    /// it from others.
    async fn profile(&self, key: &ExportKey) -> Result<(Profile, u64), LoadError> {
        for key in key.profiles() {
            match self.files.read(&key, MAX_PROFILE_BYTES).await? {
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

    /// Opens a file for the rows from `at` on, up to the byte `to`. `file` is the whole file, if it
    /// is open already.
    pub(super) async fn opened(
        &self,
        hands: &mut Hands,
        (at, to): (Place, Option<u64>),
        file: Option<ExportFile>,
    ) -> Result<Opened, LoadError> {
        let form = self.form(hands).await?;
        let load = &hands.load;
        let framing = form.profile.framing(form.format);
        let file = match file {
            Some(file) => file,
            // The header stands at the front. Nothing of what is not asked for is read.
            None => self.version(load, None).await?,
        };
        let reader = RowReader::new(&framing, form.compression, self.max_unpacked_bytes)?;
        let mut rows = BatchReader::new(file, reader.up_to(to));
        let (header, layout) = rows
            .header::<R>(load.kind, load.mode, &form.profile)
            .await?;
        if at == Place::START {
            return Ok(Opened {
                rows,
                header,
                layout,
            });
        }
        if !form.splittable {
            rows.skip(at.row);
            return Ok(Opened {
                rows,
                header,
                layout,
            });
        }
        // What a range has nothing of is refused by S3.
        let at_end = at.offset >= to.unwrap_or(load.bytes);
        let file = self
            .version(load, (!at_end).then_some((at.offset, to)))
            .await?;
        let reader = RowReader::resume_at(&framing, position(at))?;
        let mut rows = BatchReader::new(file, reader.up_to(to));
        if at_end {
            rows.close();
        }
        Ok(Opened {
            rows,
            header,
            layout,
        })
    }

    /// Opens the file, or some bytes of it, as long as it is the one that was there when the load
    /// began.
    pub(super) async fn version(
        &self,
        load: &Load,
        bytes: Option<ByteRange>,
    ) -> Result<ExportFile, LoadError> {
        let file = self.files.open(&load.key, bytes).await?;
        file.filter(|file| file.version == load.version)
            .ok_or(LoadError::FileChanged)
    }
}

/// The key of a load's file.
pub(super) fn export_key(load: &Load) -> Result<ExportKey, LoadError> {
    ExportKey::parse(&load.key).map_err(|_| LoadError::FileChanged)
}
