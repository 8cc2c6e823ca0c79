#!/usr/bin/env python3
"""Deploys template.yaml with the real programs to an AWS emulator that enforces policies, and plays the story there.

    .ci/aws [--shipped FUNCTION]... [--endpoint URL] [--without FUNCTION:ACTION]... [--sweep [FUNCTION]...]

`.ci/aws` makes the virtual environment that this runs in. What passed is printed; the exit code is 0 when all did.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True

from deployment import BUCKET, SECRET, Deployment
from emulator import AUDIENCE, ERP_TOKEN, ErpSimulator, Issuer, MiniStack, packed, suited, tool
from harness import ROOT, Checks
from permissions import one_is_missed, sweep
from story import World, loads, play

DATASET = ROOT / "tests/local/data"


def built(shipped: list[str]) -> tuple[dict[str, Path], Path]:
    """Builds the functions and the simulator, and answers where their programs lie."""
    metadata = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--locked", "--format-version", "1"], cwd=ROOT, capture_output=True, check=True
    )
    target = Path(json.loads(metadata.stdout)["target_directory"])
    if shipped:
        packages = [argument for name in shipped for argument in ("--package", name)]
        command = [tool("cargo-lambda"), "lambda", "build", "--release", "--locked", *packages]
        # It finds its linker among the programs of the virtual environment.
        environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
    # With the tests named cargo chooses the features that `cargo test` chooses, so what that built is not built again.
    subprocess.run(["cargo", "build", "--locked", "--workspace", "--bins", "--test", "it"], cwd=ROOT, check=True)
    programs = {name: target / "debug" / name for name in functions() if name not in shipped}
    return programs | {name: target / "lambda" / name / "bootstrap" for name in shipped}, target / "debug/erp-sim"


def functions() -> list[str]:
    return sorted(folder.name for folder in (ROOT / "functions").iterdir())


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--shipped", action="append", default=[], metavar="FUNCTION", help="build it as for AWS, not quickly; `all` for all"
    )
    parser.add_argument("--endpoint", help="something that speaks AWS and runs already; nothing is started then but ERP and issuer")
    parser.add_argument("--without", action="append", default=[], metavar="FUNCTION:ACTION", help="expect the story to fail without it")
    parser.add_argument("--sweep", nargs="*", metavar="FUNCTION", help="take every permission away once, and list what nobody misses")
    given = parser.parse_args()
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    programs, simulator_program = built(functions() if "all" in given.shipped else given.shipped)
    checks, running = Checks(), []
    with tempfile.TemporaryDirectory(prefix="aws-") as scratch:
        folder = Path(scratch)
        try:
            if given.endpoint:
                endpoint = given.endpoint.rstrip("/")
            else:
                running.append(emulator := MiniStack(folder))
                endpoint = emulator.url
            running.append(simulator := ErpSimulator(folder, simulator_program, DATASET))
            running.append(issuer := Issuer(DATASET))
            deployment = Deployment(endpoint)
            checks.run("the template is deployed", lambda: deploy(deployment, folder, programs, simulator, issuer))
            if not checks.failed:
                world = World(deployment, simulator, issuer, DATASET)
                if given.sweep is not None:
                    checks.run("the seven files are loaded", lambda: loads(world))
                    sweep(world, given.sweep or functions(), checks)
                else:
                    play(world, checks)
                for permission in given.without:
                    checks.run(f"{permission} is missed", lambda: one_is_missed(world, permission))
        finally:
            for started in reversed(running):
                started.stop()
    return checks.close()


def deploy(deployment: Deployment, folder: Path, programs: dict[str, Path], simulator: ErpSimulator, issuer: Issuer) -> None:
    deployment.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps({"token": ERP_TOKEN}))
    parameters = {
        "ErpUrl": simulator.url,
        "JwtIssuer": issuer.url,
        "JwtAudience": AUDIENCE,
        "JwksUrl": f"{issuer.url}/.well-known/jwks.json",
        "ExportsBucket": BUCKET,
        # The emulator speaks plain HTTP, and would lock everyone out of bucket and queues.
        "TlsOnly": "false",
    }
    template = packed(folder, programs, ROOT)
    suited(template)
    deployment.deploy(template, parameters)


if __name__ == "__main__":
    sys.exit(main())
