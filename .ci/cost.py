#!/usr/bin/env python3
"""Prints what a month costs, as a table, from unit prices, counted calls and measured times.

Prices: AWS's public list for eu-central-1, in USD without tax and free tier, as known on
2026-11-22. They could not be checked then, so check them before you rely on them. OPERATIONS.md
holds the table and says how the calls were counted and the times measured.
"""

from pathlib import Path

TEMPLATE = (Path(__file__).resolve().parent.parent / "template.yaml").read_text(encoding="utf-8")
MILLION = 1e6

# USD each.
GB_SECOND = 0.0000166667
INVOCATION = 0.20 / MILLION
API_REQUEST = 1.20 / MILLION
READ_UNIT = 0.1525 / MILLION  # 4 kB, eventually consistent: half a unit
WRITE_UNIT = 0.7625 / MILLION  # 1 kB; in a transaction twice
TABLE_GB = 0.306
QUEUE_REQUEST = 0.40 / MILLION
LOG_GB = 0.63
TRACE = 5.00 / MILLION
METRIC, ALARM, DASHBOARD, SECRET = 0.30, 0.10, 3.00, 0.40

# A month.
QUERIES, ORDERS, MINUTES = 1_000_000, 10_000, 43_200
# The share of queries that find nothing fresh in the cache and ask the ERP for all 20 items.
MISSES = 0.1
# Milliseconds: a call to DynamoDB within the region, and the assumed times of the ERP.
TABLE_CALL, ERP_LOOKUP, ERP_SUBMISSION = 5, 150, 1_000
# Milliseconds of a core. `prices` was measured with a query of 20 cached items; a step of an order
# is assumed to need twice that.
CORE = {"prices": 1.0, "order": 2.0}
# The memory size that comes with one core.
CORE_MEGABYTES = 1769


def own(work: str, megabytes: int) -> float:
    """The milliseconds that a program takes with its share of a core."""
    return CORE[work] * CORE_MEGABYTES / megabytes


def lambda_cost(calls: float, milliseconds: float, megabytes: int) -> float:
    return calls * (INVOCATION + milliseconds / 1000 * megabytes / 1024 * GB_SECOND)


def queries() -> list[tuple[str, str, float]]:
    # An instance caches members and items for 30 seconds. At this rate the cache hardly helps, so
    # each query is assumed to read all: member 1, items and their pointer 10.5, list prices 10.5,
    # cached prices 10.5.
    reads, writes = 32.5, MISSES * (20 * 2 + 20)
    hit = own("prices", 256) + 4 * TABLE_CALL
    miss = hit + 2 * TABLE_CALL + ERP_LOOKUP
    mean = (1 - MISSES) * hit + MISSES * miss
    return [
        ("HTTP API", "1 M requests", QUERIES * API_REQUEST),
        ("Lambda", f"1 M × {mean:.0f} ms × 256 MB", lambda_cost(QUERIES, mean, 256)),
        (
            "DynamoDB",
            f"{reads} read units and {writes:.0f} write units a query",
            QUERIES * (reads * READ_UNIT + writes * WRITE_UNIT),
        ),
        ("logs", "1 kB a query", QUERIES * 1e3 / 1e9 * LOG_GB),
        ("X-Ray", "every query traced, as at most one a second is", QUERIES * TRACE),
    ]


def orders() -> list[tuple[str, str, float]]:
    # A purchase of ten lines: cart, lines, three changes, shipping, preparation, order, and four
    # reads make 12 requests.
    requests, reads, writes = 12, 100, 150
    # Six of these call the ERP, and the order waits for the outcome.
    request = own("order", 512) + 4 * TABLE_CALL + ERP_LOOKUP / 2
    worker = own("order", 256) + 3 * TABLE_CALL + ERP_SUBMISSION
    compute = lambda_cost(ORDERS * requests, request, 512) + lambda_cost(
        ORDERS, ERP_SUBMISSION, 256
    )
    compute += lambda_cost(ORDERS, worker, 256)
    return [
        ("HTTP API", f"{requests} requests an order", ORDERS * requests * API_REQUEST),
        ("Lambda", f"{requests} × {request:.0f} ms × 512 MB, waiting and worker 1 s each", compute),
        (
            "DynamoDB",
            f"{reads} read units and {writes} write units an order",
            ORDERS * (reads * READ_UNIT + writes * WRITE_UNIT),
        ),
        ("SQS", "3 requests an order", ORDERS * 3 * QUEUE_REQUEST),
        ("logs", "15 kB an order", ORDERS * 15e3 / 1e9 * LOG_GB),
        ("X-Ray", "13 traces an order", ORDERS * 13 * TRACE),
    ]


def always() -> list[tuple[str, str, float]]:
    alarms = TEMPLATE.count("Type: AWS::CloudWatch::Alarm")
    dashboards = TEMPLATE.count("Type: AWS::CloudWatch::Dashboard")
    # Three queues have five pollers each, which poll three times a minute.
    polls = 3 * 5 * 3 * MINUTES
    return [
        (
            "reconciler",
            "each minute 50 ms, 9 queries of half a read unit",
            lambda_cost(MINUTES, 50, 256) + MINUTES * 9 * 0.5 * READ_UNIT,
        ),
        ("SQS", f"{polls / MILLION:.1f} M polls", polls * QUEUE_REQUEST),
        (
            "alarms, metrics",
            f"{alarms} alarms, 9 metrics, {dashboards} dashboards",
            alarms * ALARM + 9 * METRIC + dashboards * DASHBOARD,
        ),
        ("tables, secret", "2 GB and their backups, 1 secret", 2 * TABLE_GB * 1.8 + SECRET),
    ]


def main() -> None:
    total = 0.0
    print("| what | of what | USD a month |\n| --- | --- | ---: |")
    for name, lines in (
        ("1 million price queries", queries()),
        ("10 000 orders", orders()),
        ("fixed", always()),
    ):
        sum_ = sum(cost for *_, cost in lines)
        total += sum_
        for what, reckoned, cost in lines:
            print(f"| {name}: {what} | {reckoned} | {cost:.2f} |")
        print(f"| **{name}** | | **{sum_:.2f}** |")
    print(f"| **in all** | | **{total:.2f}** |")


if __name__ == "__main__":
    main()
