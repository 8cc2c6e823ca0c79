"""What a deployed stack is held to: files are loaded, a buyer orders, members register, and nobody else gets in."""

import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from deployment import BUCKET, Deployment
from emulator import ErpSimulator, Issuer
from harness import Caller, Checks, Failed, call, expect, same, wait_for
from tour import KINDS, buy, rows

BUYER, ADMINISTRATOR, OPERATOR = "ada@hillside.example", "ada@hillside.example", "operator"
# Cold programs on a busy machine; reached only when something hangs.
SECONDS = 90


class World:
    """A deployed stack, its ERP and its issuer, as the checks of the tour want them."""

    def __init__(self, deployment: Deployment, simulator: ErpSimulator, issuer: Issuer, dataset: Path) -> None:
        self.deployment, self.issuer, self.dataset = deployment, issuer, dataset
        self.storefront, self.erp = deployment.api, simulator.url

    def token(self, user: str) -> str:
        return self.issuer.token(user)

    def caller(self, user: str | None = None) -> Caller:
        return Caller(self, user)


def load(world: World, kind: str) -> None:
    """One file is dropped into the bucket and published with every row."""
    [path] = (world.dataset / "incoming" / kind / "snapshot").iterdir()
    api = world.caller(OPERATOR)
    before = {load["loadId"] for load in api("GET", "/operations/loads?limit=100").json["loads"]}
    # A file that is older than one that was loaded changes nothing.
    key = time.strftime(f"incoming/{kind}/snapshot/{kind}-%Y%m%dT%H%M%SZ.csv", time.gmtime())
    world.deployment.client("s3").upload_file(str(path), BUCKET, key)

    def ended() -> dict | None:
        found = api("GET", "/operations/loads?limit=100").json["loads"]
        ours = [load for load in found if load["loadId"] not in before and load["kind"] == kind]
        return next((load for load in ours if load["state"] != "running"), None)

    done = wait_for(f"the load of {kind}", SECONDS, ended)
    same((done["state"], done["counts"]["rejected"]), ("published", 0), kind)
    same(done["counts"]["rows"], len(rows(world.dataset, kind)), f"{kind}: rows")


def loads(world: World) -> None:
    for kind in KINDS:
        load(world, kind)


def rejects(world: World) -> None:
    """A row that is wrong is refused with its reason, and the file's other rows take effect."""
    row = rows(world.dataset, "items")[0]
    lines = [",".join(row), ",".join(f'"{value}"' for value in row.values())]
    lines.append(lines[1].replace(f'"{row["sku"]}"', '"WRONG-1"', 1).replace(f'"{row["quantity_multiple"]}"', '"many"'))
    key = time.strftime("incoming/items/delta/items-%Y%m%dT%H%M%SZ.csv", time.gmtime())
    s3 = world.deployment.client("s3")
    s3.put_object(Bucket=BUCKET, Key=key, Body="\n".join(lines).encode())
    listed = wait_for("rejects", SECONDS, lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix="rejects/items/").get("Contents"))
    reasons = next(found["Key"] for found in listed if found["Key"].endswith("reasons.csv"))
    expect(b"WRONG-1" in s3.get_object(Bucket=BUCKET, Key=reasons)["Body"].read(), "the reason")


def purchase(world: World) -> None:
    buy(world, world.dataset, BUYER)
    nothing_waits(world)


def cart_and_back(world: World) -> None:
    """What the purchase leaves out of carts: the current one, a line added and removed, release, reorder, discard."""
    api = world.caller(BUYER)
    orders = [order for order in api("GET", "/orders").json["orders"] if order.get("orderId")]
    order = api("GET", f"/orders/{orders[0]['orderId']}").json
    cart = api("POST", f"/orders/{order['orderId']}/reorder", {}, status=201).json
    cart_id = cart.get("cart", cart)["cartId"]
    same(api("GET", "/carts/current").json["cartId"], cart_id, "the current cart")
    line = api("GET", f"/carts/{cart_id}").json["lines"][0]
    added = api("POST", f"/carts/{cart_id}/lines", {"sku": line["sku"], "quantity": line["quantity"], "unit": line["unit"]}).json
    api("DELETE", f"/carts/{cart_id}/lines/{added['lines'][-1]['lineId']}")
    address = api("GET", "/me/addresses").json["addresses"][0]["addressId"]
    api("PUT", f"/carts/{cart_id}/shipping", {"addressId": address, "method": "STANDARD"})
    if api("GET", f"/carts/{cart_id}").json["lines"]:
        api("POST", f"/carts/{cart_id}/preparation", {})
        api("DELETE", f"/carts/{cart_id}/preparation", status=204)
    api("DELETE", f"/carts/{cart_id}", status=204)


def quote(world: World) -> None:
    """A quote reaches the ERP."""
    api = world.caller(BUYER)
    items = api("POST", "/catalog/items/query", {"skus": ["GLS-CLR"]}).json["items"]
    cart = api("POST", "/carts", {}, status=201).json["cartId"]
    api("POST", f"/carts/{cart}/lines", {"sku": items[0]["sku"], "quantity": 1})
    made = api("POST", "/quotes", {"cartId": cart}, status=201, idempotency_key=f"quote-{cart}", prefer="wait=10").json
    same(made["state"], "confirmed", "quote")
    listed = [listed.get("quoteId") for listed in api("GET", "/quotes").json["quotes"]]
    expect(made["quoteId"] in listed, f"GET /quotes lists {listed}")
    api("GET", f"/quotes/{made['quoteId']}/timeline")


def approval(world: World) -> None:
    """An order over the organization's limit waits for an approver."""
    admin = world.caller(ADMINISTRATOR)
    rules = {"purchaseOrderNumberRequired": False, "approvalAbove": {"amount": "0.01", "currency": "USD"}}
    admin("PUT", "/me/organization", rules)
    try:
        approved(world)
    finally:
        admin("PUT", "/me/organization", rules | {"approvalAbove": None})


def approved(world: World) -> None:
    buyer, approver = world.caller("ben@hillside.example"), world.caller("cleo@hillside.example")
    cart = buyer("POST", "/carts", {}, status=201).json["cartId"]
    buyer("POST", f"/carts/{cart}/lines", {"sku": "GLS-CLR", "quantity": 1})
    buyer("PUT", f"/carts/{cart}/shipping", {"addressId": "A-102", "method": "STANDARD"})
    prepared = buyer("POST", f"/carts/{cart}/preparation", {}).json
    order = {"cartId": cart, "preparationId": prepared["preparationId"], "acceptedTotal": prepared["totals"]["grand"]}
    waiting = buyer("POST", "/orders", order, status=202, idempotency_key=f"approval-{cart}").json
    same(waiting["state"], "awaiting_approval", "order")
    approver("POST", f"/orders/{cart}/approval", {"decision": "approve"})
    wait_for("the approved order", SECONDS, lambda: buyer("GET", f"/orders/{cart}").json["state"] == "confirmed")


def registration(world: World) -> None:
    """A newcomer applies, the operator approves, the ERP is told. A user of theirs is made by an administrator."""
    email = f"anna-{uuid.uuid4().hex[:8]}@newcomer.example"
    address = {"name": "Works", "line1": "1 First Street", "city": "Austin", "region": "TX", "postalCode": "78701", "country": "US"}
    body = {"name": "Newcomer Works", "taxId": uuid.uuid4().hex[:12], "currency": "USD", "address": address}
    body["administrator"] = {"email": email, "givenName": "Anna", "familyName": "New"}
    made = world.caller()("POST", "/organizations", body, status=202, idempotency_key=email).json
    again = world.caller()("POST", "/organizations", body, status=202, idempotency_key=email).json
    same(again, made, "the same application again")
    operator = world.caller(OPERATOR)
    waiting = operator("GET", "/registrations?status=pending").json["registrations"]
    expect(made["registrationId"] in [one["registrationId"] for one in waiting], "it waits for the operator")
    operator("POST", f"/registrations/{made['registrationId']}/decision", {"decision": "approve"})
    known = lambda: [m["organizationId"] for m in call("GET", f"{world.erp}/_sim/members").json["organizations"]]
    wait_for("the ERP knows the organization", SECONDS, lambda: made["organizationId"] in known())

    colleague = {"organizationId": "ORG-100", "email": f"c-{email}", "givenName": "Cole", "familyName": "Ague", "roles": ["buyer"]}
    admin = world.caller(ADMINISTRATOR)
    admin("POST", "/users", colleague, status=201, idempotency_key=f"c-{email}")
    me = admin("GET", "/me").json
    admin("PUT", "/me", {name: me[name] for name in ("givenName", "familyName", "language")})
    address_id = admin("POST", "/me/addresses", {"kind": "shipping", **address}, status=201).json["addressId"]
    admin("PUT", f"/me/addresses/{address_id}", {"kind": "shipping", **address, "city": "Dallas"})
    admin("DELETE", f"/me/addresses/{address_id}", status=204)


def operations(world: World) -> None:
    """What an operator sees and does."""
    operator = world.caller(OPERATOR)
    same(operator("GET", "/operations/dead-letters").json["deadLetters"], [], "dead letters")
    operator("GET", "/operations/submissions")
    [newest] = operator("GET", "/operations/loads?limit=1").json["loads"]
    operator("GET", f"/operations/loads/{newest['loadId']}")
    operator("POST", "/operations/caches/invalidate", {"skus": ["GLS-CLR"]}, status=204)


def strangers(world: World) -> None:
    """Without a good token nothing is read, and what is another's is not there."""
    call_as = lambda token, path: call("GET", world.storefront + path, headers={"authorization": f"Bearer {token}"} if token else {})
    for token in (None, "not.a.token", world.issuer.token(BUYER, aud="another"), world.issuer.token(BUYER, exp=1)):
        same(call_as(token, "/me").status, 401, f"GET /me with {token}")
    same(call_as(world.token(BUYER), "/operations/loads").status, 403, "a buyer among operators")
    cart = world.caller(BUYER)("POST", "/carts", {}, status=201).json["cartId"]
    same(call_as(world.token("dirk@norddach.example"), f"/carts/{cart}").status, 404, "another's cart")
    same(call_as(None, "/no/such/route").status, 404, "no route")


def nothing_waits(world: World) -> None:
    same(world.deployment.dead_letters(), {name: 0 for name in world.deployment.dead_letters()}, "dead letters")


def every_minute(world: World) -> None:
    """The schedule runs `reconcile`, which may do what it has to."""
    name = world.deployment.resources["ReconcileFunction"]
    called = lambda: any("REPORT" in line for function, line in world.deployment.log_lines() if function == "ReconcileFunction")
    wait_for("reconcile", 100, called)
    answer = world.deployment.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    expect("FunctionError" not in answer, answer["Payload"].read())


def quiet(world: World, since: float = 0) -> None:
    """No function was refused anything or failed."""
    bad = []
    for function, line in world.deployment.log_lines(since):
        try:
            level = json.loads(line).get("level")
        except (ValueError, AttributeError):
            level = "ERROR" if any(word in line for word in ("Task timed out", "Runtime.ExitError", "panicked")) else None
        if level == "ERROR" or "AccessDenied" in line:
            bad.append((function, line[:400]))
    same(bad, [], "errors in the logs")


STORY: list[tuple[str, Callable[[World], None]]] = [
    ("the seven files are loaded", loads),
    ("a wrong row is refused with its reason", rejects),
    ("a buyer orders, exactly once", purchase),
    ("carts and a reorder", cart_and_back),
    ("a quote", quote),
    ("an order waits for approval", approval),
    ("members register", registration),
    ("the operator's routes", operations),
    ("strangers are refused", strangers),
    ("the schedule", every_minute),
    ("no dead letter", nothing_waits),
    ("no error in any log", quiet),
]


def play(world: World, checks: Checks) -> None:
    for name, check in STORY:
        checks.run(name, lambda: check(world))
