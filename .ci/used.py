#!/usr/bin/env python3
"""Compares what the tests used of the functions' policies with what is in the repository.

    USED_PERMISSIONS=DIR cargo test --workspace && .ci/used.py DIR [--write]

A test in `tests/it` holds the template to the same list, so a permission that is no longer used
is found here.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "tests/it/fixtures/permissions.txt"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("noted", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    functions = {folder.name for folder in (ROOT / "functions").iterdir()}
    noted = (line for file in given.noted.iterdir() for line in file.read_text().splitlines())
    # Tests of the enforcement itself try roles of no function.
    used = sorted({line for line in noted if line.split()[0] in functions})
    if given.write:
        LIST.write_text("".join(f"{line}\n" for line in used))
        return 0
    listed = LIST.read_text().splitlines()
    for line in sorted(set(listed) - set(used)):
        print(f"no test used: {line}", file=sys.stderr)
    for line in sorted(set(used) - set(listed)):
        print(f"not listed: {line}", file=sys.stderr)
    print(f"{len(used)} permissions used, {len(listed)} listed")
    return 0 if used == listed else 1


if __name__ == "__main__":
    sys.exit(main())
