"""A purchase through the storefront API."""

import csv
from decimal import Decimal

from checks import Caller, call, expect, same
from emulator.system import System


def browse(api: Caller, currency: str) -> list[dict]:
    """Finds twenty active items with a list price through their categories."""
    found: dict[str, dict] = {}
    for category in api("GET", "/catalog/categories").json["categories"]:
        cursor = ""
        while len(found) < 20 and cursor is not None:
            page = api(
                "GET", f"/catalog/categories/{category['categoryId']}/items?limit=50{cursor}"
            ).json
            for item in page["items"]:
                listed = any(price["currency"] == currency for price in item["listPrices"])
                if item["status"] == "active" and listed:
                    found[item["sku"]] = item
            cursor = f"&cursor={page['nextCursor']}" if page["nextCursor"] else None
    expect(len(found) >= 20, f"only {len(found)} items")
    return list(found.values())[:20]


def buy(system: System, user: str) -> None:
    """Buys three items, from browsing to an order that the ERP holds exactly once."""
    api = system.caller(user)
    me = api("GET", "/me").json
    currency = me["organization"]["currency"]
    items = browse(api, currency)
    skus = [item["sku"] for item in items]
    asked = [{"sku": i["sku"], "quantity": i["quantityMultiple"], "unit": i["unit"]} for i in items]
    prices = api("POST", "/prices/query", {"items": asked}).json["items"]
    same(
        [(p["sku"], p["status"]) for p in prices],
        [(sku, "priced") for sku in skus],
        "prices in order",
    )
    stock = [{"sku": line["sku"], "quantity": line["quantity"]} for line in asked]
    stock = api("POST", "/inventory/query", {"items": stock}).json["items"]
    same([s["sku"] for s in stock], skus, "availabilities in order")
    enough = [
        line
        for line, s in zip(asked, stock)
        if s["status"] == "available" and (s["availableQuantity"] or 0) > 5 * line["quantity"]
    ]
    lines = enough[:3]
    same(len(lines), 3, "items in stock")

    cart_id = api("POST", "/carts", {}, status=201).json["cartId"]
    cart = api("PUT", f"/carts/{cart_id}/lines", {"lines": lines}).json
    first = cart["lines"][0]
    cart = api(
        "PATCH", f"/carts/{cart_id}/lines/{first['lineId']}", {"quantity": 2 * first["quantity"]}
    ).json
    changed = cart["lines"][0]
    same(
        (changed["quantity"], changed["availability"]["freshness"]["source"]),
        (2 * first["quantity"], "erp"),
        "live PATCH",
    )
    address = api("GET", "/me/addresses").json["addresses"][0]["addressId"]
    with (system.dataset / "erp/shipping.csv").open(newline="", encoding="utf-8") as file:
        method = next(csv.DictReader(file))["method"]
    api("PUT", f"/carts/{cart_id}/shipping", {"addressId": address, "method": method})
    prepared = api("POST", f"/carts/{cart_id}/preparation", {}).json

    order = {
        "cartId": cart_id,
        "preparationId": prepared["preparationId"],
        "acceptedTotal": prepared["totals"]["grand"],
    }
    headers = {"idempotency_key": f"order-{cart_id}", "prefer": "wait=10"}
    placed = api("POST", "/orders", order, status=201, **headers)
    expect(placed.json["externalOrderId"], placed)
    same((placed.json["orderId"], placed.json["state"]), (cart_id, "confirmed"), "order")
    held_once(system, cart_id, placed.json["externalOrderId"], prepared)
    listed = [o for o in api("GET", "/orders").json["orders"] if o.get("orderId") == cart_id]
    same([o["externalOrderId"] for o in listed], [placed.json["externalOrderId"]], "GET /orders")
    events = [event["event"] for event in api("GET", f"/orders/{cart_id}/timeline").json["events"]]
    same(events, ["captured", "sending", "confirmed"], "timeline")

    again = api("POST", "/orders", order, status=201, **headers)
    same(again.raw, placed.raw, "the same POST again")
    held_once(system, cart_id, placed.json["externalOrderId"], prepared)
    reused = api("POST", "/orders", order | {"comment": "another"}, status=422, **headers)
    same(reused.json["code"], "idempotency_key_reused", "the same key with another body")


def held_once(system: System, reference: str, number: str, prepared: dict) -> None:
    """Checks that the ERP holds one order of the reference, with the prepared lines and total."""
    orders = call("GET", f"{system.erp}/_sim/orders").json["orders"]
    ours = [order for order in orders if order["reference"] == reference]
    same([order["externalOrderId"] for order in ours], [number], "orders in the ERP")

    def line(of: dict) -> tuple:
        return (
            of["lineId"],
            of["sku"],
            Decimal(str(of["quantity"])),
            of["unitPrice"],
            of["lineTotal"],
        )

    same(
        [line(one) for one in ours[0]["lines"]],
        [line(one) for one in prepared["lines"]],
        "lines in the ERP",
    )
    same(ours[0]["totals"]["grand"], prepared["totals"]["grand"], "total in the ERP")
    left = call("GET", f"{system.erp}/_sim/reservations").json["reservations"]
    same(
        [r for r in left if r["reference"] == reference], [], "the order took its reservation over"
    )
