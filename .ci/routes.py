#!/usr/bin/env python3
"""The routes of `cargo lambda watch`, made from template.yaml.

Without arguments it prints the table for Cargo.toml; with --check it fails when the table there says anything else.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def declared() -> dict[str, list[dict[str, str]]]:
    """Every route of the template with the function that answers it."""
    routes: dict[str, list[dict[str, str]]] = {}
    function = None
    for line in (ROOT / "template.yaml").read_text(encoding="utf-8").splitlines():
        if code := re.match(r"\s+CodeUri: target/lambda/([\w-]+)/$", line):
            function = code[1]
        elif event := re.search(r"Method: (\w+), Path: (?:'([^']+)'|([^',}\s]+))", line):
            route = {"function": function, "method": event[1]}
            routes.setdefault(event[2] or event[3], []).append(route)
    return routes


def table(routes: dict[str, list[dict[str, str]]]) -> str:
    lines = ["[workspace.metadata.lambda.watch.router]"]
    for path, targets in routes.items():
        shown = ", ".join(f'{{ function = "{t["function"]}", method = "{t["method"]}" }}' for t in targets)
        lines.append(f'"{path}" = [{shown}]')
    return "\n".join(lines)


def main() -> int:
    routes = declared()
    if "--check" not in sys.argv[1:]:
        print(table(routes))
        return 0
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    watched = manifest["workspace"]["metadata"]["lambda"]["watch"]["router"]
    wrong = sorted(path for path in routes.keys() | watched.keys() if routes.get(path) != watched.get(path))
    for path in wrong:
        print(f"routes: {path}: template.yaml has {routes.get(path)}, Cargo.toml has {watched.get(path)}", file=sys.stderr)
    print(f"routes: {sum(map(len, routes.values()))} in template.yaml, {len(wrong)} differ in Cargo.toml")
    return 1 if wrong or not routes else 0


if __name__ == "__main__":
    sys.exit(main())
