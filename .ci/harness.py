"""What the checks of the tour share: a started local stack, HTTP calls, and the list of what held."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A debug build on a busy machine; reached only when something hangs.
START_SECONDS = 300


class Failed(Exception):
    """A check did not hold."""


def expect(holds: object, what: object) -> None:
    if not holds:
        raise Failed(str(what))


def same(got: object, wanted: object, what: str) -> None:
    expect(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")


class Checks:
    """Runs checks by name. A failed one is reported with its place, and the others still run."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def run(self, name: str, check: Callable[[], object]) -> None:
        started = time.monotonic()
        try:
            check()
        except Exception as error:  # Whatever it is, it is a failed check.
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
    """Status, headers and JSON of an answer."""

    def __init__(self, status: int, headers: object, raw: bytes) -> None:
        self.status, self.headers, self.raw = status, headers, raw

    @property
    def json(self) -> dict:
        return json.loads(self.raw)

    def __str__(self) -> str:
        return f"{self.status} {self.raw[:600].decode(errors='replace')}"


def call(method: str, url: str, body: object = None, headers: dict | None = None, seconds: float = 60) -> Answer:
    """One HTTP call. A body that is no bytes goes out as JSON."""
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
    """Looks until there is something to see."""
    end = time.monotonic() + seconds
    while True:
        if seen := look():
            return seen
        expect(time.monotonic() < end, f"{what}: nothing within {seconds} s")
        time.sleep(0.05)


class Stack:
    """A running `local`. Its output goes to files: a pipe that nobody reads would stop it."""

    def __init__(self, binary: Path, *arguments: str, ports: tuple[int, int, int] = (0, 0, 0)) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="tour-")
        self.out, self.err = Path(self.folder.name, "out"), Path(self.folder.name, "err")
        named = zip(("--port", "--aws-port", "--erp-port"), map(str, ports))
        command = [str(binary), *(text for pair in named for text in pair), *arguments]
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    def __enter__(self) -> "Stack":
        try:
            wait_for("the line storefront=…", START_SECONDS, lambda: self._ended() or self._printed())
            expect(self.process.poll() is None, f"local ended: {self.err.read_text()}")
        except BaseException:
            self.__exit__()
            raise
        line = re.search(r"^storefront=(\S+) aws=(\S+) erp=(\S+)$", self.out.read_text(), re.MULTILINE)
        self.storefront, self.aws, self.erp = line.groups()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def _ended(self) -> bool:
        return self.process.poll() is not None

    def _printed(self) -> bool:
        # The tour follows the line and ends with the list of orders.
        return re.search(r"^storefront=", text := self.out.read_text(), re.MULTILINE) and '$S/orders -H "$A"; echo\n\n' in text

    def tour(self) -> str:
        """The lines to paste."""
        return re.split(r"^storefront=.*$", self.out.read_text(), maxsplit=1, flags=re.MULTILINE)[1]

    def token(self, user: str) -> str:
        answer = call("POST", f"{self.storefront}/local/tokens", {"userId": user})
        same(answer.status, 200, f"token of {user}")
        return answer.json["token"]

    def stop(self, how: signal.Signals) -> tuple[float, int]:
        """Sends a signal; answers the seconds until the end and the exit code."""
        started = time.monotonic()
        self.process.send_signal(how)
        code = self.process.wait(timeout=30)
        return time.monotonic() - started, code


class Caller:
    """Calls the storefront API as a user, or as nobody."""

    def __init__(self, stack: Stack, user: str | None = None) -> None:
        self.base = stack.storefront
        self.headers = {"authorization": f"Bearer {stack.token(user)}"} if user else {}

    def __call__(self, method: str, path: str, body: object = None, *, status: int = 200, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = call(method, self.base + path, body, self.headers | named)
        same(answer.status, status, f"{method} {path} answered {answer}; status")
        return answer


def environment(**more: str) -> dict[str, str]:
    """The environment for AWS tools: ours, with credentials that mean nothing."""
    dummy = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-central-1"}
    return os.environ | dummy | {"AWS_REGION": "eu-central-1"} | more
