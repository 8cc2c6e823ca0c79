"""Takes permissions away from a deployed stack, one at a time, and looks whether the story notices."""

import copy
import time
from collections.abc import Callable, Iterator

import story
from deployment import Deployment
from harness import Checks, Failed, expect
from story import World

# Which parts of the story a function has a part in. The others serve requests and work behind them.
LOADS = {"catalog-load": [story.loads, story.rejects], "member-load": [story.loads]}
BEHIND = {"reconcile": [story.every_minute]}
REQUESTS = [story.purchase, story.cart_and_back, story.quote, story.approval, story.registration, story.operations]
# What a part that is stopped by a refusal is waited for.
PATIENCE = 8


class Permission:
    """One action of one statement of a function's role."""

    def __init__(self, function: str, policy: str, statement: int, action: str, resource: str) -> None:
        self.function, self.policy, self.statement, self.action, self.resource = function, policy, statement, action, resource

    def __str__(self) -> str:
        return f"{self.function}:{self.action} on {self.resource}"


def listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def permissions(deployment: Deployment, function: str) -> Iterator[Permission]:
    for policy, document in deployment.policies(function).items():
        for number, statement in enumerate(listed(document["Statement"])):
            resource = ", ".join(sorted({logical(deployment, name) for name in listed(statement["Resource"])}))
            for action in listed(statement["Action"]):
                yield Permission(function, policy, number, action, resource)


def logical(deployment: Deployment, arn: str) -> str:
    """The name in the template of what an ARN stands for; of objects their folder."""
    if ":s3:" in arn:
        return (arn.split("/") + ["bucket"])[1] if "/" in arn else "bucket"
    name, _, index = arn.split(":")[-1].removeprefix("table/").partition("/")
    found = next((key for key, physical in deployment.resources.items() if physical.rsplit("/", 1)[-1] == name), name)
    return f"{found}/{index}" if index else found


def without(policies: dict[str, dict], permission: Permission) -> dict[str, dict]:
    """The policy that held a permission, now without it."""
    document = copy.deepcopy(policies[permission.policy])
    statement = listed(document["Statement"])[permission.statement]
    left = [action for action in listed(statement["Action"]) if action != permission.action]
    # A statement cannot be without actions; this one allows nothing that exists.
    statement["Action"] = left or [permission.action.split(":")[0] + ":ListTagsOfResource"]
    return {permission.policy: document}


def noticed(world: World, permission: Permission) -> str | None:
    """What goes wrong without a permission, if something does."""
    deployment = world.deployment
    whole = deployment.policies(permission.function)
    parts: list[Callable[[World], None]] = (LOADS | BEHIND).get(permission.function, REQUESTS)
    since, patience = time.time(), story.SECONDS
    deployment.put_policies(permission.function, without(whole, permission))
    story.SECONDS = PATIENCE
    try:
        for part in parts:
            try:
                part(world)
            except (Failed, OSError, LookupError, ValueError) as error:
                return f"{part.__name__}: {' '.join(str(error).split())[:300]}"
        try:
            story.quiet(world, since)
        except Failed as error:
            return f"the log: {str(error)[-200:]}"
        return None
    finally:
        story.SECONDS = patience
        deployment.put_policies(permission.function, {permission.policy: whole[permission.policy]})
        if permission.function in LOADS:
            forget_loads(deployment)


def forget_loads(deployment: Deployment) -> None:
    """Loads that a refusal stopped would hold up the next ones for minutes."""
    time.sleep(4)
    table = deployment.resources["LoadsTable"]
    dynamodb = deployment.client("dynamodb")
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            dynamodb.delete_item(TableName=table, Key={name: item[name] for name in ("pk", "sk")})
    for name, url in deployment.resources.items():
        if name.endswith("LoadQueue"):
            deployment.client("sqs").purge_queue(QueueUrl=url)


def one_is_missed(world: World, given: str) -> None:
    """Without one permission, given as `function:action`, the story fails."""
    function, action = given.split(":", 1)
    found = [permission for permission in permissions(world.deployment, function) if permission.action == action]
    expect(found, f"no permission {given}")
    for permission in found:
        reason = noticed(world, permission)
        expect(reason, f"{permission} is not missed")
        print(f"      without {permission}: {reason}")


def sweep(world: World, functions: list[str], checks: Checks) -> None:
    """Every permission of every function is taken away once. Those that nobody misses are listed; that is no failure."""
    unmissed = []
    for function in sorted(functions, key=lambda name: name in LOADS):
        for permission in list(permissions(world.deployment, function)):
            reason = noticed(world, permission)
            print(f"{'missed ' if reason else 'UNUSED '} {permission}  {reason or ''}", flush=True)
            if not reason:
                unmissed.append(str(permission))
    print(f"{len(unmissed)} permissions that the story does not need:", *unmissed, sep="\n  ")
    checks.run("with all permissions back", lambda: story.purchase(world))
