"""The story that a deployed stack must play.

Files are loaded, a buyer orders, members register, the operator looks, strangers are refused.
"""

import json
import time
import uuid
from collections.abc import Callable

from checks import Checks, call, expect, same, wait_for
from emulator.dataset import KINDS, rows
from emulator.deployment import BUCKET
from emulator.purchase import buy
from emulator.system import System

BUYER, ADMINISTRATOR, OPERATOR = "ada@hillside.example", "ada@hillside.example", "operator"
# Programs start cold on a busy machine; this limit is reached only if something hangs.
SECONDS = 90


def load(system: System, kind: str) -> None:
    """Puts one file into the bucket and waits until every row of it is published."""
    [path] = (system.dataset / "incoming" / kind / "snapshot").iterdir()
    api = system.caller(OPERATOR)
    before = {load["loadId"] for load in api("GET", "/operations/loads?limit=100").json["loads"]}
    # A file that is older than the last one of its kind changes nothing.
    key = time.strftime(f"incoming/{kind}/snapshot/{kind}-%Y%m%dT%H%M%SZ.csv", time.gmtime())
    system.deployment.client("s3").upload_file(str(path), BUCKET, key)

    def ended() -> dict | None:
        found = api("GET", "/operations/loads?limit=100").json["loads"]
        ours = [load for load in found if load["loadId"] not in before and load["kind"] == kind]
        return next((load for load in ours if load["state"] != "running"), None)

    done = wait_for(f"the load of {kind}", SECONDS, ended)
    same((done["state"], done["counts"]["rejected"]), ("published", 0), kind)
    same(done["counts"]["rows"], len(rows(system.dataset, kind)), f"{kind}: rows")


def loads(system: System) -> None:
    for kind in KINDS:
        load(system, kind)


def rejects(system: System) -> None:
    """A wrong row is rejected with its reason."""
    row = rows(system.dataset, "items")[0]
    lines = [",".join(row), ",".join(f'"{value}"' for value in row.values())]
    lines.append(
        lines[1]
        .replace(f'"{row["sku"]}"', '"WRONG-1"', 1)
        .replace(f'"{row["quantity_multiple"]}"', '"many"')
    )
    key = time.strftime("incoming/items/delta/items-%Y%m%dT%H%M%SZ.csv", time.gmtime())
    s3 = system.deployment.client("s3")
    s3.put_object(Bucket=BUCKET, Key=key, Body="\n".join(lines).encode())
    listed = wait_for(
        "rejects",
        SECONDS,
        lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix="rejects/items/").get("Contents"),
    )
    reasons = next(found["Key"] for found in listed if found["Key"].endswith("reasons.csv"))
    expect(b"WRONG-1" in s3.get_object(Bucket=BUCKET, Key=reasons)["Body"].read(), "the reason")


def purchase(system: System) -> None:
    buy(system, BUYER)
    nothing_waits(system)


def carts(system: System) -> None:
    """Uses the cart routes that the purchase does not.

    Reorder, current cart, add and remove a line, release a preparation, discard.
    """
    api = system.caller(BUYER)
    orders = [order for order in api("GET", "/orders").json["orders"] if order.get("orderId")]
    order = api("GET", f"/orders/{orders[0]['orderId']}").json
    cart = api("POST", f"/orders/{order['orderId']}/reorder", {}, status=201).json
    cart_id = cart.get("cart", cart)["cartId"]
    same(api("GET", "/carts/current").json["cartId"], cart_id, "the current cart")
    line = api("GET", f"/carts/{cart_id}").json["lines"][0]
    added = api(
        "POST",
        f"/carts/{cart_id}/lines",
        {"sku": line["sku"], "quantity": line["quantity"], "unit": line["unit"]},
    ).json
    api("DELETE", f"/carts/{cart_id}/lines/{added['lines'][-1]['lineId']}")
    address = api("GET", "/me/addresses").json["addresses"][0]["addressId"]
    api("PUT", f"/carts/{cart_id}/shipping", {"addressId": address, "method": "STANDARD"})
    if api("GET", f"/carts/{cart_id}").json["lines"]:
        api("POST", f"/carts/{cart_id}/preparation", {})
        api("DELETE", f"/carts/{cart_id}/preparation", status=204)
    api("DELETE", f"/carts/{cart_id}", status=204)


def quote(system: System) -> None:
    """A quote reaches the ERP."""
    api = system.caller(BUYER)
    items = api("POST", "/catalog/items/query", {"skus": ["GLS-CLR"]}).json["items"]
    cart = api("POST", "/carts", {}, status=201).json["cartId"]
    api("POST", f"/carts/{cart}/lines", {"sku": items[0]["sku"], "quantity": 1})
    made = api(
        "POST",
        "/quotes",
        {"cartId": cart},
        status=201,
        idempotency_key=f"quote-{cart}",
        prefer="wait=10",
    ).json
    same(made["state"], "confirmed", "quote")
    listed = [listed.get("quoteId") for listed in api("GET", "/quotes").json["quotes"]]
    expect(made["quoteId"] in listed, f"GET /quotes lists {listed}")
    api("GET", f"/quotes/{made['quoteId']}/timeline")


def approval(system: System) -> None:
    """An order over the organization's limit waits for an approver."""
    admin = system.caller(ADMINISTRATOR)
    rules = {
        "purchaseOrderNumberRequired": False,
        "approvalAbove": {"amount": "0.01", "currency": "USD"},
    }
    admin("PUT", "/me/organization", rules)
    try:
        approved(system)
    finally:
        admin("PUT", "/me/organization", rules | {"approvalAbove": None})


def approved(system: System) -> None:
    buyer, approver = system.caller("ben@hillside.example"), system.caller("cleo@hillside.example")
    cart = buyer("POST", "/carts", {}, status=201).json["cartId"]
    buyer("POST", f"/carts/{cart}/lines", {"sku": "GLS-CLR", "quantity": 1})
    buyer("PUT", f"/carts/{cart}/shipping", {"addressId": "A-102", "method": "STANDARD"})
    prepared = buyer("POST", f"/carts/{cart}/preparation", {}).json
    order = {
        "cartId": cart,
        "preparationId": prepared["preparationId"],
        "acceptedTotal": prepared["totals"]["grand"],
    }
    waiting = buyer("POST", "/orders", order, status=202, idempotency_key=f"approval-{cart}").json
    same(waiting["state"], "awaiting_approval", "order")
    approver("POST", f"/orders/{cart}/approval", {"decision": "approve"})
    wait_for(
        "the approved order",
        SECONDS,
        lambda: buyer("GET", f"/orders/{cart}").json["state"] == "confirmed",
    )


def registration(system: System) -> None:
    """The operator approves an organization, and the ERP gets it. An administrator adds a user."""
    email = f"anna-{uuid.uuid4().hex[:8]}@newcomer.example"
    address = {
        "name": "Works",
        "line1": "1 First Street",
        "city": "Austin",
        "region": "TX",
        "postalCode": "78701",
        "country": "US",
    }
    body = {
        "name": "Newcomer Works",
        "taxId": uuid.uuid4().hex[:12],
        "currency": "USD",
        "address": address,
    }
    body["administrator"] = {"email": email, "givenName": "Anna", "familyName": "New"}
    made = system.caller()("POST", "/organizations", body, status=202, idempotency_key=email).json
    again = system.caller()("POST", "/organizations", body, status=202, idempotency_key=email).json
    same(again, made, "the same application again")
    operator = system.caller(OPERATOR)
    waiting = operator("GET", "/registrations?status=pending").json["registrations"]
    expect(
        made["registrationId"] in [one["registrationId"] for one in waiting],
        "the registration waits for the operator",
    )
    operator("POST", f"/registrations/{made['registrationId']}/decision", {"decision": "approve"})

    def known():
        return [
            m["organizationId"]
            for m in call("GET", f"{system.erp}/_sim/members").json["organizations"]
        ]

    wait_for("the ERP knows the organization", SECONDS, lambda: made["organizationId"] in known())

    colleague = {
        "organizationId": "ORG-100",
        "email": f"c-{email}",
        "givenName": "Cole",
        "familyName": "Ague",
        "roles": ["buyer"],
    }
    admin = system.caller(ADMINISTRATOR)
    admin("POST", "/users", colleague, status=201, idempotency_key=f"c-{email}")
    me = admin("GET", "/me").json
    admin("PUT", "/me", {name: me[name] for name in ("givenName", "familyName", "language")})
    address_id = admin("POST", "/me/addresses", {"kind": "shipping", **address}, status=201).json[
        "addressId"
    ]
    admin("PUT", f"/me/addresses/{address_id}", {"kind": "shipping", **address, "city": "Dallas"})
    admin("DELETE", f"/me/addresses/{address_id}", status=204)


def operations(system: System) -> None:
    """Uses the operator's routes."""
    operator = system.caller(OPERATOR)
    same(operator("GET", "/operations/dead-letters").json["deadLetters"], [], "dead letters")
    operator("GET", "/operations/submissions")
    [newest] = operator("GET", "/operations/loads?limit=1").json["loads"]
    operator("GET", f"/operations/loads/{newest['loadId']}")
    operator("POST", "/operations/caches/invalidate", {"skus": ["GLS-CLR"]}, status=204)


def strangers(system: System) -> None:
    """A caller without a valid token reads nothing, and no caller reads what others own."""

    def call_as(token, path):
        return call(
            "GET",
            system.storefront + path,
            headers={"authorization": f"Bearer {token}"} if token else {},
        )

    for token in (
        None,
        "not.a.token",
        system.issuer.token(BUYER, aud="another"),
        system.issuer.token(BUYER, exp=1),
    ):
        same(call_as(token, "/me").status, 401, f"GET /me with {token}")
    same(
        call_as(system.issuer.token(BUYER), "/operations/loads").status,
        403,
        "a buyer among operators",
    )
    cart = system.caller(BUYER)("POST", "/carts", {}, status=201).json["cartId"]
    same(
        call_as(system.issuer.token("dirk@norddach.example"), f"/carts/{cart}").status,
        404,
        "another's cart",
    )
    same(call_as(None, "/no/such/route").status, 404, "no route")


def nothing_waits(system: System) -> None:
    same(
        system.deployment.dead_letters(),
        {name: 0 for name in system.deployment.dead_letters()},
        "dead letters",
    )


def schedule(system: System) -> None:
    """The schedule runs `reconcile`, and its role allows all that it calls."""
    name = system.deployment.resources["ReconcileFunction"]

    def called():
        return any(
            "REPORT" in line
            for function, line in system.deployment.log_lines()
            if function == "ReconcileFunction"
        )

    wait_for("reconcile", 100, called)
    answer = system.deployment.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    expect("FunctionError" not in answer, answer["Payload"].read())


def quiet(system: System, since: float = 0) -> None:
    """No function failed, and no call of one was denied."""
    bad = []
    for function, line in system.deployment.log_lines(since):
        try:
            level = json.loads(line).get("level")
        except (ValueError, AttributeError):
            level = (
                "ERROR"
                if any(word in line for word in ("Task timed out", "Runtime.ExitError", "panicked"))
                else None
            )
        if level == "ERROR" or "AccessDenied" in line:
            bad.append((function, line[:400]))
    same(bad, [], "errors in the logs")


STORY: list[tuple[str, Callable[[System], None]]] = [
    ("the seven files are loaded", loads),
    ("a wrong row is rejected with its reason", rejects),
    ("a buyer orders, exactly once", purchase),
    ("carts and a reorder", carts),
    ("a quote", quote),
    ("an order waits for approval", approval),
    ("members register", registration),
    ("the operator's routes", operations),
    ("strangers are refused", strangers),
    ("the schedule", schedule),
    ("no dead letter", nothing_waits),
    ("no error in any log", quiet),
]


def play(system: System, checks: Checks) -> None:
    for name, check in STORY:
        checks.run(name, lambda: check(system))
