#!/usr/bin/env python3
"""Takes one protection after the other out of the submission and looks whether the tests notice.

    .ci/mutants.py [--seeds N] [--singles N] [NAME...]

Works on a copy of the checkout. The copy is built once, with every change behind a variable that names it; then the
tests run once without a change, which must pass, and once with each, which must fail: the fault simulation first, and
the other tests where it sees nothing. Prints a table and fails when a change survives.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MACHINE = "shared/domain/src/submission/machine.rs"
IDEMPOTENCY = "shared/store-dynamodb/src/idempotency.rs"
SUBMISSIONS = "shared/store-dynamodb/src/submissions/mod.rs"
TRANSACTION = "shared/store-dynamodb/src/transaction.rs"
HANDOVER = "shared/app/src/submission/handover.rs"
CLIENT = "shared/erp-client/src/submission.rs"
DRAIN = "shared/app/src/submission/drain.rs"
SIMULATION = ("faults::seeds::whatever", "faults::every::every_fault_leaves")
# The other tests are without the simulation, and without what is slow and has nothing to do with submissions.
NOT_AGAIN = ("faults::seeds", "faults::every", "binaries::", "promptness", "kills::", "lookups::", "local_stack::")
# What holds the tests: the simulation is in `it`.
HOLDERS = ("app", "domain", "erp_client", "it", "store_dynamodb")


def on(name):
    return f'(std::env::var("MUTANT").as_deref() == Ok("{name}"))'


# Name, what is taken away, and the places: file, what stands there, what stands there then.
MUTANTS = [
    ("lookup", "an unknown outcome is sent again without asking", [
        (MACHINE, "None => NextStep::Ask,", f'None if {on("lookup")} => NextStep::Send,\n                None => NextStep::Ask,')]),
    ("lease", "nobody minds that somebody holds it", [
        (MACHINE, "filter(|lease| now < lease.until)", f'filter(|lease| now < lease.until && !{on("lease")})')]),
    ("time-limit", "the reference is asked for at once", [
        (MACHINE, "let settled_from = submission.last_sent_at.map(", f'let settled_from = submission.last_sent_at.filter(|_| !{on("time-limit")}).map('),
        (MACHINE, "Some(at) => NextStep::Wait(at),", f'Some(at) if !{on("time-limit")} => NextStep::Wait(at),\n                Some(_) => NextStep::Ask,'),
        (MACHINE, "filter(|lease| now < lease.until", f'filter(|lease| now < lease.until && !{on("time-limit")}')]),
    ("found-is-accepted", "a draft confirms", [
        (MACHINE, "if found.accepted =>", f'if found.accepted || {on("found-is-accepted")} =>')]),
    ("refusal-is-final", "a refused duplicate is a refused order", [
        (MACHINE, "Outcome::Rejected(refusal) if self.attempt > 1 || refusal.code == DUPLICATE =>",
         f'Outcome::Rejected(refusal) if !{on("refusal-is-final")} && (self.attempt > 1 || refusal.code == DUPLICATE) =>')]),
    ("unknown-is-failed", "what ended without an answer counts as not processed", [
        (MACHINE, "Outcome::Unavailable { reason } => {",
         f'Outcome::Unknown {{ reason }} if {on("unknown-is-failed")} => {{\n                self.reason = Some(reason.to_owned());\n'
         "                self.state = State::Waiting;\n                self.back_off(now, random);\n"
         '                "unavailable"\n            }\n            Outcome::Unavailable { reason } => {')]),
    ("fingerprint", "a key is good for any body", [
        (IDEMPOTENCY, 'if get_text(record, "fingerprint")? != key.fingerprint {',
         f'if !{on("fingerprint")} && get_text(record, "fingerprint")? != key.fingerprint {{')]),
    ("final-answer", "an answer that was given out may still change", [
        (IDEMPOTENCY, 'Begun::Done(answer) if record.contains_key("until") =>',
         f'Begun::Done(answer) if !{on("final-answer")} && record.contains_key("until") =>')]),
    ("key-owner", "whoever finishes last has the record", [
        (IDEMPOTENCY, ".condition_expression(OWNED)", f'.condition_expression(if {on("key-owner")} {{ "attribute_exists(#owner) OR #owner = :owner" }} else {{ OWNED }})')]),
    ("state", "a transition does not look where the submission stands", [
        (SUBMISSIONS, '.condition_expression("revision = :expected")',
         f'.condition_expression(if {on("state")} {{ "attribute_exists(pk) OR revision = :expected" }} else {{ "revision = :expected" }})'),
        (SUBMISSIONS, '.set_item(Some(record.into_attributes()))\n        .condition_expression("attribute_not_exists(pk)")',
         f'.set_item(Some(record.into_attributes()))\n        .condition_expression(if {on("state")} {{ "attribute_exists(pk) OR attribute_not_exists(pk)" }} else {{ "attribute_not_exists(pk)" }})')]),
    ("transaction", "the parts of a transaction are written one by one", [
        (TRANSACTION, "    for attempt in 0..TRIES {",
         f'    if {on("transaction")} && items.len() > 1 {{\n        for item in items {{\n'
         "            let unmet = Box::pin(commit(client, vec![item])).await?;\n            if !unmet.is_empty() {\n"
         "                return Ok(unmet);\n            }\n        }\n        return Ok(Vec::new());\n    }\n    for attempt in 0..TRIES {")]),
    ("release", "a rejected order keeps its goods", [
        (HANDOVER, "let done = match self.checkout.cancel(&call, submission.id.as_str()).await {",
         f'let done = {on("release")} || match self.checkout.cancel(&call, submission.id.as_str()).await {{')]),
    ("reconcile", "nobody looks for what is due", [
        (SUBMISSIONS, 'answer.items().iter().map(|record| get_parsed(record, "pk", SubmissionId::parse)).collect()',
         f'answer.items().iter().filter(|_| !{on("reconcile")}).map(|record| get_parsed(record, "pk", SubmissionId::parse)).collect()')]),
    ("drain", "what waits for the ERP waits for its own time", [
        (DRAIN, "let turn_ends = self.clock.now().plus_millis(TURN_MS);",
         f'if {on("drain")} {{\n            return;\n        }}\n        let turn_ends = self.clock.now().plus_millis(TURN_MS);')]),
    ("patience", "a refused duplicate is asked for as often as the ERP answers", [
        (MACHINE, "State::Waiting | State::Unknown) && self.refusal.is_none() {",
         f'State::Waiting | State::Unknown) && (self.refusal.is_none() || {on("patience")}) {{')]),
    ("one-key", "every send has a key of its own", [
        (CLIENT, "let call = Call { key: Some(submission.id.as_str()),",
         f'let own = format!("{{}}-{{}}", submission.id, if {on("one-key")} {{ submission.attempt }} else {{ 0 }});\n'
         f'        let call = Call {{ key: Some(if {on("one-key")} {{ &own }} else {{ submission.id.as_str() }}),')]),
]


def changed(folder):
    for name, _, places in MUTANTS:
        for file, before, after in places:
            path = folder / file
            text = path.read_text()
            if before not in text:
                sys.exit(f"{name}: {file} no longer has: {before}")
            # Every place of it: some conditions stand twice.
            path.write_text(text.replace(before, after))


def build(folder, environment):
    """The simulation, and what holds the other tests that have to do with submissions."""
    command = ["cargo", "test", "--workspace", "--lib", "--test", "it", "--no-run", "--message-format", "json"]
    built = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    messages = (json.loads(line) for line in built.stdout.splitlines() if line.startswith("{"))
    programs = {}
    for message in messages:
        name = message.get("target", {}).get("name")
        if message.get("executable") and message["profile"]["test"] and name in HOLDERS:
            # The library of `it` has no tests. Another build in the same folder would put its own in this place.
            if name != "it" or "test" in message["target"]["kind"]:
                copy = shutil.copy(message["executable"], folder / f"tests-of-{name}")
                programs[name] = (copy, pathlib.Path(message["manifest_path"]).parent)
    assert programs.keys() == set(HOLDERS), sorted(programs)
    return programs


def simulated(programs, environment):
    """How the simulation ends, and what it found."""
    program, folder = programs["it"]
    command = [program, *SIMULATION, "--test-threads", "1"]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    told = ended.stdout + ended.stderr
    found = re.search(r"runs are broken:\n(.{1,500})|panicked at [^\n]*\n(.{1,500})", told, re.DOTALL)
    told = " ".join((found.group(1) or found.group(2)).split()) if found else "it does not end as it should"
    return "" if ended.returncode == 0 else told


def tested(programs, environment):
    """The first of the other tests that fails."""
    for name, (program, folder) in sorted(programs.items()):
        command = [program] + ([word for test in NOT_AGAIN for word in ("--skip", test)] if name == "it" else [])
        ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        if ended.returncode != 0:
            failed = re.search(r"^test (\S+) \.\.\. FAILED", ended.stdout, re.MULTILINE)
            return f"{name}: {failed.group(1) if failed else 'it does not end as it should'}"
    return ""


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seeds", default="1000")
    options.add_argument("--singles", default="3", help="plays one single fault in so many")
    options.add_argument("names", nargs="*")
    options = options.parse_args()
    # The crates of others are the same ones, so they need not be built again.
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    played = {"FAULT_SEEDS": options.seeds, "FAULT_SINGLES": options.singles, "FAULT_STOP": "1"}
    environment = {**os.environ, **played, "CARGO_TARGET_DIR": target}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for file in filter(None, files.split("\0")):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes((ROOT / file).read_bytes())
        changed(folder)
        programs = build(folder, environment)
        wrong = []
        for name, what in [("", "nothing is taken away"), *((name, what) for name, what, _ in MUTANTS)]:
            if options.names and name and name not in options.names:
                continue
            began = time.monotonic()
            mutated = {**environment, "MUTANT": name}
            by, found = "simulation", simulated(programs, mutated)
            if not found:
                by, found = "tests", tested(programs, mutated)
            verdict = f"noticed by the {by}" if found else "passes"
            wrong += [name or "nothing"] if bool(found) != bool(name) else []
            print(f"{name:18} {verdict:25} {time.monotonic() - began:5.0f} s  {what}; {found[:110]}", flush=True)
    if wrong:
        sys.exit("not as it must be: " + ", ".join(wrong))


if __name__ == "__main__":
    main()
