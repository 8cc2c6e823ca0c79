"""What the checks of a running system share: assertions, HTTP calls, and the report."""

import json
import os
import socket
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def target() -> Path:
    """The folder into which cargo builds."""
    command = ["cargo", "metadata", "--no-deps", "--locked", "--format-version", "1"]
    metadata = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return Path(json.loads(metadata.stdout)["target_directory"])


def tool(name: str) -> str:
    """A program of the virtual environment that runs this."""
    return str(Path(sys.executable).parent / name)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Failed(Exception):
    """A check did not hold."""


def expect(holds: object, what: object) -> None:
    if not holds:
        raise Failed(str(what))


def same(got: object, wanted: object, what: str) -> None:
    expect(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")


class Checks:
    """Runs checks by name. The report names each one that fails, and the others still run."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def run(self, name: str, check: Callable[[], object]) -> None:
        started = time.monotonic()
        try:
            check()
        except Exception as error:  # Any error is a failed check.
            self.failed += 1
            print(f"FAIL  {name}: {error}", flush=True)
            if not isinstance(error, Failed):
                traceback.print_exc()
        else:
            self.passed += 1
            print(f"ok    {name} ({time.monotonic() - started:.1f} s)", flush=True)

    def close(self) -> int:
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.passed else 0


class Answer:
    """Status, headers and body of a response."""

    def __init__(self, status: int, headers: object, raw: bytes) -> None:
        self.status, self.headers, self.raw = status, headers, raw

    @property
    def json(self) -> dict:
        return json.loads(self.raw)

    def __str__(self) -> str:
        return f"{self.status} {self.raw[:600].decode(errors='replace')}"


def call(
    method: str, url: str, body: object = None, headers: dict | None = None, seconds: float = 60
) -> Answer:
    """Makes one HTTP call. A body that is not `bytes` is sent as JSON."""
    headers = dict(headers or {})
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    if body is not None:
        headers.setdefault("content-type", "application/json")
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=seconds) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def wait_for(what: str, seconds: float, look: Callable[[], object]) -> object:
    """Calls `look` until it returns something, and returns that."""
    end = time.monotonic() + seconds
    while True:
        if seen := look():
            return seen
        expect(time.monotonic() < end, f"{what}: nothing within {seconds} s")
        time.sleep(0.05)


class Caller:
    """Calls the storefront API as a user, or without a token."""

    def __init__(self, storefront: str, token: str | None = None) -> None:
        self.base = storefront
        self.headers = {"authorization": f"Bearer {token}"} if token else {}

    def __call__(
        self, method: str, path: str, body: object = None, *, status: int = 200, **headers: str
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = call(method, self.base + path, body, self.headers | named)
        same(answer.status, status, f"{method} {path} answered {answer}; status")
        return answer


def environment(**more: str) -> dict[str, str]:
    """The environment for AWS tools: ours, with dummy credentials."""
    dummy = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    return os.environ | dummy | {"AWS_REGION": "eu-central-1"} | more
