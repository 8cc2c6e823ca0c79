"""The services around the deployed functions: MiniStack, the ERP simulator, a token issuer."""

import base64
import json
import os
import re
import signal
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from checks import call, expect, free_port, tool, wait_for
from emulator.dataset import rows

REGION = "eu-central-1"
AUDIENCE = "storefront"
ERP_TOKEN = "emulator-erp-token"
START_SECONDS = 60


class Process:
    """A program that is ended with the run, together with every program that it started."""

    def __init__(
        self, folder: Path, name: str, command: list[str], environment: dict[str, str]
    ) -> None:
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def alive(self) -> None:
        expect(
            self.process.poll() is None,
            f"{self.log.name}: {self.log.read_text(errors='replace')[-2000:]}",
        )

    def stop(self) -> None:
        # This ends the session that was started above, and no other process.
        for how, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            try:
                os.killpg(self.process.pid, how)
            except ProcessLookupError:
                return
            try:
                self.process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                continue
            # The leader has ended; the next signal ends the rest of its session.
            time.sleep(0.2)


class MiniStack:
    """The emulator, which enforces IAM policies."""

    def __init__(self, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        # A function inherits the emulator's environment, so a stray variable could hide a missing
        # one.
        environment = {
            name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ
        } | {
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
    """Issues tokens and publishes its key like an identity provider."""

    def __init__(self, dataset: Path) -> None:
        self._users = {row["user_id"]: row for row in rows(dataset, "users")}
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        numbers = self._key.public_key().public_numbers()

        def whole(n):
            return encoded(n.to_bytes((n.bit_length() + 7) // 8, "big"))

        key = {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": "run",
            "n": whole(numbers.n),
            "e": whole(numbers.e),
        }
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
        claims = {
            "sub": user,
            "org": known.get("organization_id", ""),
            "roles": roles,
            "iss": self.url,
            "aud": AUDIENCE,
        }
        claims |= {"iat": now, "exp": now + 3600} | other
        header = {"alg": "RS256", "typ": "JWT", "kid": "run"}
        signed = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{encoded(signature)}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
