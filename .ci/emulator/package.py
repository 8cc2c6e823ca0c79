"""Builds the programs and packs them with the template for a deployment."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from checks import ROOT, target, tool


def functions() -> list[str]:
    return sorted(folder.name for folder in (ROOT / "functions").iterdir())


def build(shipped: list[str]) -> tuple[dict[str, Path], Path]:
    """Builds the functions and the simulator, and returns their programs."""
    folder = target()
    if shipped:
        packages = [argument for name in shipped for argument in ("--package", name)]
        command = [tool("cargo-lambda"), "lambda", "build", "--release", "--locked", *packages]
        # cargo-lambda looks for its linker among the programs of the virtual environment.
        environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
    # `--test it` makes cargo choose the features of `cargo test`, so nothing is built twice.
    command = ["cargo", "build", "--locked", "--workspace", "--bins", "--test", "it"]
    subprocess.run(command, cwd=ROOT, check=True)
    programs = {name: folder / "debug" / name for name in functions() if name not in shipped}
    programs |= {name: folder / "lambda" / name / "bootstrap" for name in shipped}
    return programs, folder / "debug/erp-sim"


def pack(folder: Path, programs: dict[str, Path]) -> Path:
    """Fills a folder with the template and the programs, and returns the template's path."""
    for function, program in programs.items():
        target = folder / "target/lambda" / function / "bootstrap"
        target.parent.mkdir(parents=True)
        # Symbols are half the size of a debug build. A shipped program has none.
        subprocess.run(["strip", "-o", str(target), str(program)], check=True)
    shutil.copy(ROOT / "template.yaml", folder)
    return folder / "template.yaml"


def adapt(template: Path) -> None:
    """Adapts a copy of the template to MiniStack.

    MiniStack rejects alarms that calculate from several metrics, so they go. It treats a parameter
    as `MaximumConcurrency` as a text, so the parameter's default replaces it.
    """
    text = template.read_text()

    def default(name):
        return re.search(rf"(?m)^  {name}:\n    Type: Number\n    Default: (\d+)$", text)[1]

    text = re.sub(r"(?<=MaximumConcurrency: )!Ref (\w+)", lambda found: default(found[1]), text)
    resources = re.split(r"(?m)^(?=  \w+:$)", text)

    def calculates(text):
        return "    Type: AWS::CloudWatch::Alarm\n" in text and "\n      Metrics:\n" in text

    template.write_text("".join(text for text in resources if not calculates(text)))
