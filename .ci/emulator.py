"""What stands around the deployed functions in an emulator run: MiniStack, the ERP simulator, an issuer of tokens."""

import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from harness import call, expect, wait_for
from tour import rows

REGION = "eu-central-1"
AUDIENCE = "storefront"
ERP_TOKEN = "emulator-erp-token"
# Ports of the functions' processes come from the kernel, so only the emulator's own has to be found.
START_SECONDS = 60


def tool(name: str) -> str:
    """A program of the virtual environment that this runs in."""
    return str(Path(sys.executable).parent / name)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Process:
    """A program that ends, with everything that it started, when the run ends."""

    def __init__(self, folder: Path, name: str, command: list[str], environment: dict[str, str]) -> None:
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )

    def alive(self) -> None:
        expect(self.process.poll() is None, f"{self.log.name}: {self.log.read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        # The session that was started here, and nothing else.
        for how, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            try:
                os.killpg(self.process.pid, how)
            except ProcessLookupError:
                return
            try:
                self.process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                continue
            # The leader is gone; what is left of its session goes with the next signal.
            time.sleep(0.2)


class MiniStack:
    """The emulator, which enforces policies."""

    def __init__(self, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        # Nothing else of our environment: a function inherits the emulator's, so a stray variable would hide a missing one.
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
            "TMPDIR": str(folder),
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            # Functions get an endpoint only if the emulator was started with one.
            "AWS_ENDPOINT_URL": self.url,
            "MINISTACK_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AUTH": "true",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
        }
        self.process = Process(folder, "ministack", [tool("ministack")], environment)
        wait_for("the emulator", START_SECONDS, self._healthy)

    def _healthy(self) -> bool:
        self.process.alive()
        try:
            return call("GET", f"{self.url}/_ministack/health", seconds=5).status == 200
        except OSError:
            return False

    def stop(self) -> None:
        self.process.stop()


class ErpSimulator:
    """The ERP."""

    def __init__(self, folder: Path, binary: Path, dataset: Path) -> None:
        command = [str(binary), "--port", "0", "--data", str(dataset), "--token", ERP_TOKEN]
        self.process = Process(folder, "erp-sim", command, dict(os.environ))
        found = wait_for("the simulator", START_SECONDS, self._address)
        self.url = str(found[1])

    def _address(self) -> re.Match | None:
        self.process.alive()
        return re.search(r"erp=(\S+)", self.process.log.read_text())

    def stop(self) -> None:
        self.process.stop()


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """Issues tokens and publishes its key, as an identity provider does."""

    def __init__(self, dataset: Path) -> None:
        self._users = {row["user_id"]: row for row in rows(dataset, "users")}
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        numbers = self._key.public_key().public_numbers()
        whole = lambda n: encoded(n.to_bytes((n.bit_length() + 7) // 8, "big"))
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "run", "n": whole(numbers.n), "e": whole(numbers.e)}
        published = json.dumps({"keys": [key]}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = self.path == "/.well-known/jwks.json"
                body = published if found else b"{}"
                self.send_response(200 if found else 404)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def token(self, user: str, **other: object) -> str:
        """A token of a user of the data set, or of the operator. `other` replaces claims."""
        known = self._users.get(user, {})
        roles = known["roles"].split(";") if known else [user]
        now = int(time.time())
        claims = {"sub": user, "org": known.get("organization_id", ""), "roles": roles, "iss": self.url, "aud": AUDIENCE}
        claims |= {"iat": now, "exp": now + 3600} | other
        header = {"alg": "RS256", "typ": "JWT", "kid": "run"}
        signed = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{encoded(signature)}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def packed(folder: Path, programs: dict[str, Path], root: Path) -> Path:
    """A folder with the template and the programs where it looks for them."""
    for function, program in programs.items():
        target = folder / "target/lambda" / function / "bootstrap"
        target.parent.mkdir(parents=True)
        # Symbols of a quick build are half of its size. A shipped one has none left.
        subprocess.run(["strip", "-o", str(target), str(program)], check=True)
    shutil.copy(root / "template.yaml", folder)
    return folder / "template.yaml"


def suited(template: Path) -> None:
    """Takes out of a copy of the template what MiniStack refuses, alarms on several metrics, and writes out the number that
    it takes for a text, a parameter as the concurrency of a queue."""
    text = template.read_text()
    default = lambda name: re.search(rf"(?m)^  {name}:\n    Type: Number\n    Default: (\d+)$", text)[1]
    text = re.sub(r"(?<=MaximumConcurrency: )!Ref (\w+)", lambda found: default(found[1]), text)
    resources = re.split(r"(?m)^(?=  \w+:$)", text)
    calculates = lambda text: "    Type: AWS::CloudWatch::Alarm\n" in text and "\n      Metrics:\n" in text
    template.write_text("".join(text for text in resources if not calculates(text)))
