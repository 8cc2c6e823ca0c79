//! Loads as records and back.

use app::ports::StoreError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::LoadId;
use domain::load::{
    Counts, Effect, ExportKey, FinishProgress, Load, LoadFailure, LoadState, Phase, Reference,
    RejectReason, Sequence, Split, Unresolved, Warning, Work,
};

use crate::attribute::{
    Attributes, Record, corrupt, find_instant, find_map, find_number, find_text, get_instant,
    get_list, get_number, get_parsed, get_text, instant, number, text,
};

pub(super) fn write(load: &Load, key: Attributes) -> Record {
    Record::from(key)
        .with("kind", text(load.kind.as_str()))
        .with("mode", text(load.mode.as_str()))
        .with("key", text(&load.key))
        .with("version", text(&load.version))
        .with("sequence", number(load.sequence.number()))
        .with("state", text(load.state.as_str()))
        .with("applied", number(load.counts.applied))
        .with("unchanged", number(load.counts.unchanged))
        .with("rejected", number(load.counts.rejected))
        .with("bytes", number(load.bytes))
        .with("bytesRead", number(load.bytes_read))
        .with(
            "firstReasons",
            AttributeValue::L(load.first_reasons.iter().map(write_reason).collect()),
        )
        .with(
            "warnings",
            AttributeValue::L(
                load.warnings
                    .iter()
                    .map(|w| remark(&w.code, &w.message))
                    .collect(),
            ),
        )
        .with(
            "heldFor",
            AttributeValue::L(
                load.held_for
                    .iter()
                    .map(|w| remark(&w.code, &w.message))
                    .collect(),
            ),
        )
        .with("released", AttributeValue::Bool(load.released))
        .with("removed", number(load.removed))
        .with_some(
            "failure",
            load.failure
                .as_ref()
                .map(|failure| remark(&failure.code, &failure.message)),
        )
        .with("startedAt", instant(load.started_at))
        .with("updatedAt", instant(load.updated_at))
        .with_some("finishedAt", load.finished_at.map(instant))
        .with("work", write_work(&load.work))
}

pub(super) fn read(record: &Attributes) -> Result<Load, StoreError> {
    // The key holds kind and mode too; read from it, they always agree with it.
    let key = get_parsed(record, "key", ExportKey::parse)?;
    let failure = find_map(record, "failure")?.map(|map| {
        Ok(LoadFailure {
            code: get_text(map, "code")?.to_owned().into(),
            message: get_text(map, "message")?.to_owned(),
        })
    });
    Ok(Load {
        id: get_parsed(record, "sk", LoadId::parse)?,
        kind: key.kind(),
        mode: key.mode(),
        key: key.as_str().to_owned(),
        version: find_text(record, "version")?.unwrap_or_default().to_owned(),
        sequence: Sequence::new(get_number(record, "sequence")?),
        state: get_parsed(record, "state", |text| LoadState::parse(text).ok_or(()))?,
        counts: Counts {
            applied: get_number(record, "applied")?,
            unchanged: get_number(record, "unchanged")?,
            rejected: get_number(record, "rejected")?,
        },
        bytes: get_number(record, "bytes")?,
        bytes_read: get_number(record, "bytesRead")?,
        first_reasons: get_list(record, "firstReasons")?
            .iter()
            .map(read_reason)
            .collect::<Result<_, _>>()?,
        warnings: get_list(record, "warnings")?
            .iter()
            .map(read_warning)
            .collect::<Result<_, _>>()?,
        held_for: get_list(record, "heldFor")?
            .iter()
            .map(read_warning)
            .collect::<Result<_, _>>()?,
        released: matches!(record.get("released"), Some(AttributeValue::Bool(true))),
        removed: find_number(record, "removed")?.unwrap_or_default(),
        failure: failure.transpose()?,
        work: find_map(record, "work")?
            .map(read_work)
            .transpose()?
            .unwrap_or_default(),
        started_at: get_instant(record, "startedAt")?,
        updated_at: get_instant(record, "updatedAt")?,
        finished_at: find_instant(record, "finishedAt")?,
    })
}

/// References to missing records, by record, and `*` for further ones.
pub(super) fn write_unresolved(unresolved: &Unresolved) -> AttributeValue {
    let missing = unresolved
        .missing
        .iter()
        .map(|(reference, times)| (reference.to_string(), number(times)));
    let more = (unresolved.more > 0).then(|| ("*".to_owned(), number(unresolved.more)));
    AttributeValue::M(missing.chain(more).collect())
}

pub(super) fn read_unresolved(record: &Attributes) -> Result<Unresolved, StoreError> {
    let mut unresolved = Unresolved::default();
    let Some(map) = find_map(record, "unresolved")? else {
        return Ok(unresolved);
    };
    for name in map.keys() {
        let times = get_number(map, name)?;
        match Reference::parse(name) {
            Some(reference) => _ = unresolved.missing.insert(reference, times),
            None => unresolved.more = times,
        }
    }
    Ok(unresolved)
}

fn write_work(work: &Work) -> AttributeValue {
    let finish = &work.finish;
    let chunks = match work.split {
        Split::Unplanned => 0,
        Split::Single { .. } => 1,
        Split::Parallel(chunks) => chunks,
    };
    let map = Record::empty()
        .with("phase", text(work.phase.as_str()))
        .with("chunks", number(chunks))
        .with(
            "outdated",
            AttributeValue::Bool(work.effect == Effect::Nothing),
        )
        .with(
            "first",
            AttributeValue::Bool(work.effect == Effect::AddsOnly),
        )
        .with("profile", number(work.profile))
        .with_some("declared", work.declared_rows.map(number))
        .with(
            "kept",
            AttributeValue::Bool(work.split == Split::Single { saved: true }),
        )
        .with("unresolved", write_unresolved(&work.unresolved))
        .with("round", number(finish.round))
        .with(
            "repeated",
            AttributeValue::Bool(finish.duplicates_reapplied),
        )
        .with_some("cursor", finish.cursor.as_ref().map(text))
        .with("there", number(finish.existing))
        .with("removed", number(finish.removed));
    AttributeValue::M(map.into_attributes())
}

fn read_work(map: &Attributes) -> Result<Work, StoreError> {
    let flag = |name: &str| matches!(map.get(name), Some(AttributeValue::Bool(true)));
    Ok(Work {
        phase: get_parsed(map, "phase", |text| Phase::parse(text).ok_or(()))?,
        split: match get_number(map, "chunks")? {
            0 => Split::Unplanned,
            1 => Split::Single {
                saved: flag("kept"),
            },
            chunks => Split::Parallel(chunks),
        },
        effect: match (flag("outdated"), flag("first")) {
            (true, _) => Effect::Nothing,
            (false, true) => Effect::AddsOnly,
            (false, false) => Effect::Full,
        },
        profile: find_number(map, "profile")?.unwrap_or_default(),
        declared_rows: find_number(map, "declared")?,
        unresolved: read_unresolved(map)?,
        finish: FinishProgress {
            round: get_number(map, "round")?,
            duplicates_reapplied: flag("repeated"),
            cursor: find_text(map, "cursor")?.map(str::to_owned),
            existing: get_number(map, "there")?,
            removed: get_number(map, "removed")?,
        },
    })
}

fn read_warning(value: &AttributeValue) -> Result<Warning, StoreError> {
    let map = value.as_m().map_err(|_| corrupt("warnings"))?;
    Ok(Warning {
        code: get_text(map, "code")?.to_owned().into(),
        message: get_text(map, "message")?.to_owned(),
    })
}

fn remark(code: &str, message: &str) -> AttributeValue {
    AttributeValue::M(
        Record::empty()
            .with("code", text(code))
            .with("message", text(message))
            .into_attributes(),
    )
}

pub(super) fn write_reason(reason: &RejectReason) -> AttributeValue {
    let map = Record::empty()
        .with("row", number(reason.row))
        .with("line", number(reason.line))
        .with("key", text(&reason.key))
        .with("field", text(reason.field.as_ref()))
        .with("code", text(reason.code.as_ref()))
        .with("message", text(reason.message.as_ref()));
    AttributeValue::M(map.into_attributes())
}

pub(super) fn read_reason(value: &AttributeValue) -> Result<RejectReason, StoreError> {
    let map = value.as_m().map_err(|_| corrupt("firstReasons"))?;
    Ok(RejectReason {
        row: get_number(map, "row")?,
        line: get_number(map, "line")?,
        key: get_text(map, "key")?.to_owned(),
        field: get_text(map, "field")?.to_owned().into(),
        code: get_text(map, "code")?.to_owned().into(),
        message: get_text(map, "message")?.to_owned().into(),
    })
}
