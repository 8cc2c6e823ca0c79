#!/usr/bin/env python3
"""Starts the local stack and holds it to what its users rely on. The standard library is all it needs.

    .ci/tour.py LOCAL [--aws AWS] [--cargo-lambda CARGO_LAMBDA] [--dataset DIR]

LOCAL is the built binary of `tests/local`. AWS is the AWS CLI; without it a plain PUT takes its place. Without
CARGO_LAMBDA the check of `cargo lambda watch` is skipped, and without --dataset the checks of a second data set are.
"""

import argparse
import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

# The helper lies in the source tree, which stays as it is.
sys.dont_write_bytecode = True

from harness import ROOT, Caller, Checks, Stack, call, environment, expect, same, wait_for

BUNDLED = ROOT / "tests/local/data"
KINDS = ["organizations", "users", "addresses", "categories", "items", "item-descriptions", "list-prices"]
NOBODY = 65534


def rows(folder: Path, kind: str) -> list[dict[str, str]]:
    found = []
    for path in sorted((folder / "incoming" / kind / "snapshot").iterdir()):
        with path.open(newline="", encoding="utf-8") as file:
            found += csv.DictReader(file)
    return found


def loads(stack: Stack, folder: Path) -> None:
    """All seven files are published, with every row of them and no reject."""
    found = Caller(stack, "operator")("GET", "/operations/loads?limit=100").json["loads"]
    by_kind = {load["kind"]: load for load in found}
    same(sorted(by_kind), sorted(KINDS), "kinds")
    for kind, load in by_kind.items():
        counts = load["counts"]
        same((load["state"], counts["rejected"]), ("published", 0), kind)
        same(counts["rows"], counts["applied"] + counts["unchanged"] + counts["rejected"], f"{kind}: sum of counts")
        same(counts["rows"], len(rows(folder, kind)), f"{kind}: rows")
        expect(f"\n{kind:18} published  rows={counts['rows']} " in "\n" + stack.out.read_text(), f"{kind}: no progress line")


def printed_tour(stack: Stack) -> None:
    """Every line of the printed tour works as printed."""
    done = subprocess.run(["bash", "-eu"], input=stack.tour(), capture_output=True, text=True, timeout=120)
    same((done.returncode, done.stderr), (0, ""), "bash")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    problems = [answer for answer in answers if "code" in answer]
    expect(len(answers) >= 10 and not problems, f"{len(answers)} answers, problems {problems}")
    order = next(answer for answer in answers if "orderId" in answer)
    same(order["state"], "confirmed", "order")
    expect(order["orderId"] in [listed.get("orderId") for listed in answers[-1]["orders"]], "GET /orders lists it")


def browse(api: Caller, currency: str) -> list[dict]:
    """Twenty active items with a list price, found through their categories."""
    found: dict[str, dict] = {}
    for category in api("GET", "/catalog/categories").json["categories"]:
        cursor = ""
        while len(found) < 20 and cursor is not None:
            page = api("GET", f"/catalog/categories/{category['categoryId']}/items?limit=50{cursor}").json
            for item in page["items"]:
                listed = any(price["currency"] == currency for price in item["listPrices"])
                if item["status"] == "active" and listed:
                    found[item["sku"]] = item
            cursor = f"&cursor={page['nextCursor']}" if page["nextCursor"] else None
    expect(len(found) >= 20, f"only {len(found)} items")
    return list(found.values())[:20]


def buy(stack: Stack, folder: Path, user: str) -> None:
    """From browsing to an order that the ERP holds exactly once."""
    api = Caller(stack, user)
    me = api("GET", "/me").json
    currency = me["organization"]["currency"]
    items = browse(api, currency)
    skus = [item["sku"] for item in items]
    asked = [{"sku": i["sku"], "quantity": i["quantityMultiple"], "unit": i["unit"]} for i in items]
    prices = api("POST", "/prices/query", {"items": asked}).json["items"]
    same([(p["sku"], p["status"]) for p in prices], [(sku, "priced") for sku in skus], "prices in order")
    stock = [{"sku": line["sku"], "quantity": line["quantity"]} for line in asked]
    stock = api("POST", "/inventory/query", {"items": stock}).json["items"]
    same([s["sku"] for s in stock], skus, "availabilities in order")
    enough = [line for line, s in zip(asked, stock) if s["status"] == "available" and (s["availableQuantity"] or 0) > 5 * line["quantity"]]
    lines = enough[:3]
    same(len(lines), 3, "items in stock")

    cart_id = api("POST", "/carts", {}, status=201).json["cartId"]
    cart = api("PUT", f"/carts/{cart_id}/lines", {"lines": lines}).json
    first = cart["lines"][0]
    cart = api("PATCH", f"/carts/{cart_id}/lines/{first['lineId']}", {"quantity": 2 * first["quantity"]}).json
    changed = cart["lines"][0]
    same((changed["quantity"], changed["availability"]["freshness"]["source"]), (2 * first["quantity"], "erp"), "live PATCH")
    address = api("GET", "/me/addresses").json["addresses"][0]["addressId"]
    with (folder / "erp/shipping.csv").open(newline="", encoding="utf-8") as file:
        method = next(csv.DictReader(file))["method"]
    api("PUT", f"/carts/{cart_id}/shipping", {"addressId": address, "method": method})
    prepared = api("POST", f"/carts/{cart_id}/preparation", {}).json

    order = {"cartId": cart_id, "preparationId": prepared["preparationId"], "acceptedTotal": prepared["totals"]["grand"]}
    headers = {"idempotency_key": f"tour-{cart_id}", "prefer": "wait=10"}
    placed = api("POST", "/orders", order, status=201, **headers)
    expect(placed.json["externalOrderId"], placed)
    same((placed.json["orderId"], placed.json["state"]), (cart_id, "confirmed"), "order")
    held_once(stack, cart_id, placed.json["externalOrderId"], prepared)
    listed = [o for o in api("GET", "/orders").json["orders"] if o.get("orderId") == cart_id]
    same([o["externalOrderId"] for o in listed], [placed.json["externalOrderId"]], "GET /orders")
    events = [event["event"] for event in api("GET", f"/orders/{cart_id}/timeline").json["events"]]
    same(events, ["captured", "sending", "confirmed"], "timeline")

    again = api("POST", "/orders", order, status=201, **headers)
    same(again.raw, placed.raw, "the same POST again")
    held_once(stack, cart_id, placed.json["externalOrderId"], prepared)
    reused = api("POST", "/orders", order | {"comment": "another"}, status=422, **headers)
    same(reused.json["code"], "idempotency_key_reused", "the same key with another body")


def held_once(stack: Stack, reference: str, number: str, prepared: dict) -> None:
    """The simulator holds one order of the reference, with the prepared lines and total."""
    orders = call("GET", f"{stack.erp}/_sim/orders").json["orders"]
    ours = [order for order in orders if order["reference"] == reference]
    same([order["externalOrderId"] for order in ours], [number], "orders in the ERP")

    def line(of: dict) -> tuple:
        return of["lineId"], of["sku"], Decimal(str(of["quantity"])), of["unitPrice"], of["lineTotal"]

    same([line(one) for one in ours[0]["lines"]], [line(one) for one in prepared["lines"]], "lines in the ERP")
    same(ours[0]["totals"]["grand"], prepared["totals"]["grand"], "total in the ERP")
    left = call("GET", f"{stack.erp}/_sim/reservations").json["reservations"]
    same([r for r in left if r["reference"] == reference], [], "the order took its reservation over")


def delta(stack: Stack, folder: Path, aws: str | None) -> None:
    """A changed items file, copied into the bucket, is visible within five seconds."""
    row = rows(folder, "items")[0]
    name = f"Changed at {time.time_ns()}"
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "items.csv")
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row.keys())
            writer.writeheader()
            writer.writerow(row | {"name": name})
        key = time.strftime("incoming/items/delta/items-%Y%m%dT%H%M%SZ.csv", time.gmtime())
        if aws:
            # As a user types it: by name, with the real CLI.
            edge = stack.aws.replace("127.0.0.1", "localhost")
            command = [aws, "--endpoint-url", edge, "s3", "cp", "--no-progress", str(path), f"s3://erp-exports/{key}"]
            done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60)
            same((done.returncode, done.stderr), (0, ""), "aws s3 cp")
        else:
            same(call("PUT", f"{stack.aws}/erp-exports/{key}", path.read_bytes()).status, 200, "PUT")
    api = Caller(stack)
    wait_for("the changed name", 5, lambda: api("GET", f"/catalog/items/{row['sku']}").json["name"] == name)


def refusals(stack: Stack, user: str, other: str) -> None:
    """What a storefront gets wrong is answered with a problem document, and nothing is written."""
    api, foreign, nobody = Caller(stack, user), Caller(stack, other), Caller(stack)
    cart = f"/carts/{api('POST', '/carts', {}, status=201).json['cartId']}"
    before = api("GET", cart).raw

    def refused(caller: Caller, status: int, code: str, method: str, path: str, body: object = None) -> dict:
        answer = caller(method, path, body, status=status)
        same((answer.headers["content-type"], answer.json["code"]), ("application/problem+json", code), path)
        expect(answer.json["requestId"] and answer.headers["x-correlation-id"], answer)
        return answer.json

    document = refused(api, 400, "malformed_json", "POST", f"{cart}/lines", b'{"sku":')
    expect("line 1" in document["detail"], document)
    document = refused(api, 400, "invalid_request", "POST", f"{cart}/lines", {"sku": "A", "quantity": 1, "colour": "red"})
    same(document["errors"][0]["code"], "unknown_field", "unknown field")
    refused(nobody, 401, "unauthenticated", "GET", cart)
    refused(foreign, 404, "not_found", "GET", cart)
    refused(foreign, 404, "not_found", "PUT", f"{cart}/lines", {"lines": []})
    many = {"lines": [{"sku": f"NONE-{n}", "quantity": 1} for n in range(501)]}
    refused(api, 400, "too_many_lines", "PUT", f"{cart}/lines", many)
    same(api("GET", cart).raw, before, "the cart")


def refuses_to_start(binary: Path, *arguments: str, user: int | None = None) -> None:
    """One line on standard error, nothing else, and exit code 2."""
    extra = {"user": user, "group": user, "extra_groups": []} if user else {}
    command = [str(binary), "--port", "0", "--aws-port", "0", "--erp-port", "0"]
    # The later of two equal flags would be refused, so those that are given take the place of the free ones.
    for name, value in zip(arguments[::2], arguments[1::2]):
        if name in command:
            command[command.index(name) + 1] = value
        else:
            command += [name, value]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/", **extra)
    same(done.returncode, 2, f"exit code, with {done.stderr!r}")
    same(done.stdout, "", "standard output")
    expect(done.stderr.startswith("local: ") and done.stderr.count("\n") == 1, f"not one line: {done.stderr!r}")


def ports_taken(binary: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for flag in ("--port", "--aws-port", "--erp-port"):
            refuses_to_start(binary, flag, port)


def unreadable_file(binary: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o755)
        folder = Path(scratch, "data")
        shutil.copytree(BUNDLED, folder)
        next((folder / "incoming/items/snapshot").iterdir()).chmod(0)
        if os.geteuid() != 0:
            refuses_to_start(binary, "--dataset", str(folder))
            return
        # Nothing is unreadable for root, so somebody else starts it.
        copied = Path(scratch, "local")
        shutil.copy(binary, copied)
        refuses_to_start(copied, "--dataset", str(folder), user=NOBODY)


def stops(binary: Path, how: signal.Signals) -> None:
    with Stack(binary) as stack:
        seconds, code = stack.stop(how)
        same(code, 0, "exit code")
        expect(seconds < 3, f"{seconds:.1f} s")


def watched(stack: Stack, tool: str, user: str) -> None:
    """Under `cargo lambda watch` an HTTP function and an SQS function answer, with .env.watch against this stack."""
    text = (ROOT / ".env.watch").read_text(encoding="utf-8")
    for usual, actual in (("127.0.0.1:9000", stack.storefront), ("127.0.0.1:4566", stack.aws), ("127.0.0.1:9100", stack.erp)):
        expect(usual in text, f".env.watch names {usual}")
        text = text.replace(usual, actual.removeprefix("http://"))
    with tempfile.TemporaryDirectory() as scratch, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        free.close()
        variables, log = Path(scratch, "env"), Path(scratch, "log")
        # The same URLs as the edge itself hands out, so a queue is found under its own.
        variables.write_text(text, encoding="utf-8")
        address = ["--invoke-address", "127.0.0.1", "--invoke-port", port]
        with log.open("wb") as out:
            command = [tool, "lambda", "watch", *address, "--env-file", str(variables)]
            watch = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, start_new_session=True)
        try:
            wait_for("cargo lambda watch", 60, lambda: b"starting Runtime server" in log.read_bytes())
            token = {"authorization": f"Bearer {stack.token(user)}"}
            # The first call waits for the compiler.
            me = call("GET", f"http://127.0.0.1:{port}/me", headers=token, seconds=600)
            same((me.status, me.json.get("userId")), (200, user), f"GET /me answered {me}")
            event = ROOT / "events/submit-worker/poison-among-others.json"
            poison = json.loads(event.read_text(encoding="utf-8"))["Records"][1]["messageId"]
            command = [tool, "lambda", "invoke", "submit-worker", *address, "--data-file", str(event)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
            wanted = {"batchItemFailures": [{"itemIdentifier": poison}]}
            same((done.returncode, json.loads(done.stdout or "null")), (0, wanted), f"invoke: {done.stderr}")
        except BaseException:
            print(log.read_text(errors="replace")[-4000:], file=sys.stderr)
            raise
        finally:
            # The session that was started here: cargo-lambda and the functions that it runs.
            os.killpg(watch.pid, signal.SIGTERM)
            watch.wait(timeout=30)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("local", type=Path)
    parser.add_argument("--aws")
    parser.add_argument("--cargo-lambda")
    parser.add_argument("--dataset", type=Path)
    given = parser.parse_args()
    binary, checks = given.local.resolve(), Checks()

    def story(folder: Path, user: str, other: str, *arguments: str) -> None:
        with Stack(binary, *arguments) as stack:
            checks.run(f"{folder.name}: the seven files are loaded", lambda: loads(stack, folder))
            checks.run(f"{folder.name}: the printed tour works", lambda: printed_tour(stack))
            checks.run(f"{folder.name}: a buyer orders, exactly once", lambda: buy(stack, folder, user))
            checks.run(f"{folder.name}: a changed item is visible in five seconds", lambda: delta(stack, folder, given.aws))
            checks.run(f"{folder.name}: mistakes are refused", lambda: refusals(stack, user, other))
            if given.cargo_lambda and not arguments:
                checks.run("cargo lambda watch", lambda: watched(stack, given.cargo_lambda, user))
            same(stack.process.poll(), None, "the stack still runs")

    checks.run("data: the stack stays up", lambda: story(BUNDLED, "ada@hillside.example", "dirk@norddach.example"))
    if given.dataset:
        dataset = given.dataset.resolve()
        user = "gustavo0@adventure-works.com"
        elsewhere = next(r["organization_id"] for r in rows(dataset, "users") if r["user_id"] == user)
        other = next(r["user_id"] for r in rows(dataset, "users") if r["organization_id"] != elsewhere)
        run = lambda: story(dataset, user, other, "--dataset", str(dataset))
        checks.run(f"{dataset.name}: the stack stays up", run)
    else:
        print("skip  the second data set: none was given")
    if not given.cargo_lambda:
        print("skip  cargo lambda watch: no cargo-lambda was given")
    checks.run("SIGINT ends it within three seconds", lambda: stops(binary, signal.SIGINT))
    checks.run("SIGTERM ends it within three seconds", lambda: stops(binary, signal.SIGTERM))
    checks.run("a taken port is refused", lambda: ports_taken(binary))
    checks.run("a missing data set is refused", lambda: refuses_to_start(binary, "--dataset", "/no/such/folder"))
    checks.run("an unreadable file is refused", lambda: unreadable_file(binary))
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
