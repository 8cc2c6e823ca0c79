"""Deploys template.yaml with the real programs to an AWS emulator and plays the story there.

The emulator enforces IAM policies.
"""

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from checks import ROOT, Checks
from emulator.deployment import BUCKET, SECRET, Deployment
from emulator.package import adapt, build, functions, pack
from emulator.permissions import one_is_needed, sweep
from emulator.services import AUDIENCE, ERP_TOKEN, ErpSimulator, Issuer, MiniStack
from emulator.story import loads, play
from emulator.system import System

DATASET = ROOT / "tests/local/data"


def main() -> int:
    parser = argparse.ArgumentParser(prog=".ci/aws", description=__doc__)
    parser.add_argument(
        "--shipped",
        action="append",
        default=[],
        metavar="FUNCTION",
        help="build it as it is shipped; `all` for every function",
    )
    parser.add_argument("--endpoint", help="use an emulator that already runs there")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="FUNCTION:ACTION",
        help="expect the story to fail without this permission",
    )
    parser.add_argument(
        "--sweep",
        nargs="*",
        metavar="FUNCTION",
        help="take each permission away once, and list the unused ones",
    )
    given = parser.parse_args()
    # When it is terminated, it ends the programs that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    programs, simulator_program = build(functions() if "all" in given.shipped else given.shipped)
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
            checks.run(
                "the template is deployed",
                lambda: deploy(deployment, folder, programs, simulator, issuer),
            )
            if not checks.failed:
                system = System(deployment, simulator, issuer, DATASET)
                if given.sweep is not None:
                    checks.run("the seven files are loaded", lambda: loads(system))
                    sweep(system, given.sweep or functions(), checks)
                else:
                    play(system, checks)
                for permission in given.without:
                    checks.run(f"{permission} is needed", lambda: one_is_needed(system, permission))
        finally:
            for started in reversed(running):
                started.stop()
    return checks.close()


def deploy(
    deployment: Deployment,
    folder: Path,
    programs: dict[str, Path],
    simulator: ErpSimulator,
    issuer: Issuer,
) -> None:
    deployment.client("secretsmanager").create_secret(
        Name=SECRET, SecretString=json.dumps({"token": ERP_TOKEN})
    )
    parameters = {
        "ErpUrl": simulator.url,
        "JwtIssuer": issuer.url,
        "JwtAudience": AUDIENCE,
        "JwksUrl": f"{issuer.url}/.well-known/jwks.json",
        "ExportsBucket": BUCKET,
        # The emulator speaks plain HTTP, so a policy that demands TLS would deny every call.
        "TlsOnly": "false",
    }
    template = pack(folder, programs)
    adapt(template)
    deployment.deploy(template, parameters)


if __name__ == "__main__":
    sys.exit(main())
