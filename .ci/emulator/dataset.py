"""The data set that is loaded into the deployed stack."""

import csv
from pathlib import Path

KINDS = [
    "organizations",
    "users",
    "addresses",
    "categories",
    "items",
    "item-descriptions",
    "list-prices",
]


def rows(folder: Path, kind: str) -> list[dict[str, str]]:
    found = []
    for path in sorted((folder / "incoming" / kind / "snapshot").iterdir()):
        with path.open(newline="", encoding="utf-8") as file:
            found += csv.DictReader(file)
    return found
