#!/usr/bin/env python3
"""Starts the local stack as its users do; `just tour` runs this.

It checks what only a process shows: signals, ports in use, unreadable files, the real AWS CLI, and
`cargo lambda watch`. The Rust tests check the rest.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from checks import (
    ROOT,
    Caller,
    Checks,
    call,
    environment,
    expect,
    free_port,
    same,
    target,
    tool,
    wait_for,
)

LOCAL = target() / "debug/local"
FREE_PORTS = {"--port": "0", "--aws-port": "0", "--erp-port": "0"}
BUYER = "ada@hillside.example"
# A debug build on a busy machine; this limit is reached only if something hangs.
START_SECONDS = 300
UNPRIVILEGED = 65534


class Stack:
    """A running `local`. Its output goes to files, because a full pipe would stop it."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="tour-")
        self.out, self.err = Path(self.folder.name, "out"), Path(self.folder.name, "err")
        command = [str(LOCAL), *(text for pair in FREE_PORTS.items() for text in pair)]
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )

    def __enter__(self) -> "Stack":
        try:
            line = wait_for("the line storefront=…", START_SECONDS, self._ready)
        except BaseException:
            self.__exit__()
            raise
        self.storefront, self.aws, self.erp = line.groups()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def _ready(self) -> re.Match | None:
        expect(self.process.poll() is None, f"local ended: {self.err.read_text()}")
        return re.search(
            r"^storefront=(\S+) aws=(\S+) erp=(\S+)$", self.out.read_text(), re.MULTILINE
        )

    def token(self, user: str) -> str:
        return call("POST", f"{self.storefront}/local/tokens", {"userId": user}).json["token"]


def loads(stack: Stack) -> None:
    """The seven files are loaded without a reject, and each has its line."""
    lines = re.findall(
        r"^\S+ +published +rows=(\d+) applied=\1 rejected=0 ", stack.out.read_text(), re.MULTILINE
    )
    same(len(lines), 7, "published files")


def delta(stack: Stack) -> None:
    """A changed item, copied into the bucket with the AWS CLI, is visible within five seconds."""
    [file] = (ROOT / "tests/local/data/incoming/items/snapshot").iterdir()
    header, row, *_ = file.read_text().splitlines()
    api, sku = Caller(stack.storefront), row.split(",")[0]
    old = api("GET", f"/catalog/items/{sku}").json["name"]
    new = f"Changed at {time.time_ns()}"
    expect(old in row, f"{old!r} in {row!r}")
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write(f"{header}\n{row.replace(old, new)}\n")
        file.flush()
        key = time.strftime("incoming/items/delta/items-%Y%m%dT%H%M%SZ.csv", time.gmtime())
        # By name, as a user types it.
        edge = stack.aws.replace("127.0.0.1", "localhost")
        command = [
            tool("aws"),
            "--endpoint-url",
            edge,
            "s3",
            "cp",
            "--no-progress",
            file.name,
            f"s3://erp-exports/{key}",
        ]
        done = subprocess.run(
            command, env=environment(), capture_output=True, text=True, timeout=60
        )
    same((done.returncode, done.stderr), (0, ""), "aws s3 cp")
    wait_for("the changed name", 5, lambda: api("GET", f"/catalog/items/{sku}").json["name"] == new)


def watch(stack: Stack) -> None:
    """Under `cargo lambda watch`, an HTTP function and an SQS function answer with .env.watch."""
    variables = (ROOT / ".env.watch").read_text()
    addresses = {
        "127.0.0.1:9000": stack.storefront,
        "127.0.0.1:4566": stack.aws,
        "127.0.0.1:9100": stack.erp,
    }
    for usual, actual in addresses.items():
        expect(usual in variables, f".env.watch names {usual}")
        variables = variables.replace(usual, actual.removeprefix("http://"))
    address = ["--invoke-address", "127.0.0.1", "--invoke-port", port := str(free_port())]
    with tempfile.TemporaryDirectory() as scratch:
        file, log = Path(scratch, "env"), Path(scratch, "log")
        file.write_text(variables)
        with log.open("wb") as out:
            command = [tool("cargo-lambda"), "lambda", "watch", *address, "--env-file", str(file)]
            process = subprocess.Popen(
                command, cwd=ROOT, stdout=out, stderr=out, start_new_session=True
            )
        try:
            wait_for(
                "cargo lambda watch", 60, lambda: b"starting Runtime server" in log.read_bytes()
            )
            token = {"authorization": f"Bearer {stack.token(BUYER)}"}
            # The first call waits for the compiler.
            me = call("GET", f"http://127.0.0.1:{port}/me", headers=token, seconds=600)
            same((me.status, me.json.get("userId")), (200, BUYER), f"GET /me answered {me}")
            event = ROOT / "events/submit-worker/poison-among-others.json"
            poison = json.loads(event.read_text())["Records"][1]["messageId"]
            command = [
                tool("cargo-lambda"),
                "lambda",
                "invoke",
                "submit-worker",
                *address,
                "--data-file",
                str(event),
            ]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
            wanted = {"batchItemFailures": [{"itemIdentifier": poison}]}
            same(
                (done.returncode, json.loads(done.stdout or "null")),
                (0, wanted),
                f"invoke: {done.stderr}",
            )
        except BaseException:
            print(log.read_text(errors="replace")[-4000:], file=sys.stderr)
            raise
        finally:
            # This ends the session that was started above: cargo-lambda and the functions.
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=30)


def stops(how: signal.Signals) -> None:
    """A signal ends the stack within three seconds, with exit code 0."""
    with Stack() as stack:
        started = time.monotonic()
        stack.process.send_signal(how)
        same(stack.process.wait(timeout=30), 0, "exit code")
        expect(time.monotonic() - started < 3, f"{time.monotonic() - started:.1f} s")


def does_not_start(flag: str, value: str, program: Path = LOCAL, user: int | None = None) -> None:
    """The stack prints one line on standard error and ends with exit code 2."""
    command = [
        str(program),
        *(text for pair in (FREE_PORTS | {flag: value}).items() for text in pair),
    ]
    other = {"user": user, "group": user, "extra_groups": []} if user else {}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/", **other)
    same((done.returncode, done.stdout), (2, ""), f"exit code and output, with {done.stderr!r}")
    expect(
        done.stderr.startswith("local: ") and done.stderr.count("\n") == 1,
        f"not one line: {done.stderr!r}",
    )


def port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for flag in FREE_PORTS:
            does_not_start(flag, str(taken.getsockname()[1]))


def unreadable_file() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o755)
        folder = shutil.copytree(ROOT / "tests/local/data", Path(scratch, "data"))
        next((folder / "incoming/items/snapshot").iterdir()).chmod(0)
        if os.geteuid() != 0:
            does_not_start("--dataset", str(folder))
            return
        # The superuser can read every file, so another user starts a copy of the program.
        program = Path(shutil.copy(LOCAL, scratch))
        does_not_start("--dataset", str(folder), program, UNPRIVILEGED)


def main() -> int:
    checks = Checks()

    def while_it_runs() -> None:
        with Stack() as stack:
            checks.run("the seven files are loaded", lambda: loads(stack))
            checks.run("a changed item is visible in five seconds", lambda: delta(stack))
            checks.run("cargo lambda watch", lambda: watch(stack))
            same(stack.process.poll(), None, "the stack still runs")

    checks.run("the stack starts and keeps running", while_it_runs)
    checks.run("SIGINT ends it within three seconds", lambda: stops(signal.SIGINT))
    checks.run("SIGTERM ends it within three seconds", lambda: stops(signal.SIGTERM))
    checks.run("a port in use is reported", port_in_use)
    checks.run(
        "a missing data set is reported", lambda: does_not_start("--dataset", "/no/such/folder")
    )
    checks.run("an unreadable file is reported", unreadable_file)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
