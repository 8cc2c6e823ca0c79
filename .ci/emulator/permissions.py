"""Takes permissions away from a deployed stack, one at a time, and plays the story."""

import copy
import time
from collections.abc import Callable, Iterator

from checks import Checks, Failed, expect
from emulator import story
from emulator.deployment import Deployment
from emulator.system import System

# The parts of the story that use a function. The other functions serve requests.
LOADS = {"catalog-load": [story.loads, story.rejects], "member-load": [story.loads]}
BEHIND = {"reconcile": [story.schedule]}
REQUESTS = [
    story.purchase,
    story.carts,
    story.quote,
    story.approval,
    story.registration,
    story.operations,
]
# The seconds after which a part of the story that a denied call stops counts as failed.
PATIENCE = 8


class Permission:
    """One action of one statement of a function's role."""

    def __init__(
        self, function: str, policy: str, statement: int, action: str, resource: str
    ) -> None:
        self.function, self.policy, self.statement, self.action, self.resource = (
            function,
            policy,
            statement,
            action,
            resource,
        )

    def __str__(self) -> str:
        return f"{self.function}:{self.action} on {self.resource}"


def listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def permissions(deployment: Deployment, function: str) -> Iterator[Permission]:
    for policy, document in deployment.policies(function).items():
        for number, statement in enumerate(listed(document["Statement"])):
            resource = ", ".join(
                sorted({logical(deployment, name) for name in listed(statement["Resource"])})
            )
            for action in listed(statement["Action"]):
                yield Permission(function, policy, number, action, resource)


def logical(deployment: Deployment, arn: str) -> str:
    """The name in the template of the resource that an ARN names; for objects, their folder."""
    if ":s3:" in arn:
        return (arn.split("/") + ["bucket"])[1] if "/" in arn else "bucket"
    name, _, index = arn.split(":")[-1].removeprefix("table/").partition("/")
    found = next(
        (
            key
            for key, physical in deployment.resources.items()
            if physical.rsplit("/", 1)[-1] == name
        ),
        name,
    )
    return f"{found}/{index}" if index else found


def without(policies: dict[str, dict], permission: Permission) -> dict[str, dict]:
    """The policy that holds a permission, without it."""
    document = copy.deepcopy(policies[permission.policy])
    statement = listed(document["Statement"])[permission.statement]
    left = [action for action in listed(statement["Action"]) if action != permission.action]
    # A statement needs an action; this one allows nothing that the functions call.
    statement["Action"] = left or [permission.action.split(":")[0] + ":ListTagsOfResource"]
    return {permission.policy: document}


def failure_without(system: System, permission: Permission) -> str | None:
    """Takes a permission away and returns what fails then, or `None` if nothing does."""
    deployment = system.deployment
    whole = deployment.policies(permission.function)
    parts: list[Callable[[System], None]] = (LOADS | BEHIND).get(permission.function, REQUESTS)
    since, patience = time.time(), story.SECONDS
    deployment.put_policies(permission.function, without(whole, permission))
    story.SECONDS = PATIENCE
    try:
        for part in parts:
            try:
                part(system)
            except (Failed, OSError, LookupError, ValueError) as error:
                return f"{part.__name__}: {' '.join(str(error).split())[:300]}"
        try:
            story.quiet(system, since)
        except Failed as error:
            return f"the log: {str(error)[-200:]}"
        return None
    finally:
        story.SECONDS = patience
        deployment.put_policies(permission.function, {permission.policy: whole[permission.policy]})
        if permission.function in LOADS:
            forget_loads(deployment)


def forget_loads(deployment: Deployment) -> None:
    """Deletes loads that a denied call stopped: they would delay the next ones for minutes."""
    time.sleep(4)
    table = deployment.resources["LoadsTable"]
    dynamodb = deployment.client("dynamodb")
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            dynamodb.delete_item(TableName=table, Key={name: item[name] for name in ("pk", "sk")})
    for name, url in deployment.resources.items():
        if name.endswith("LoadQueue"):
            deployment.client("sqs").purge_queue(QueueUrl=url)


def one_is_needed(system: System, given: str) -> None:
    """Checks that the story fails without one permission, given as `function:action`."""
    function, action = given.split(":", 1)
    found = [
        permission
        for permission in permissions(system.deployment, function)
        if permission.action == action
    ]
    expect(found, f"no permission {given}")
    for permission in found:
        reason = failure_without(system, permission)
        expect(reason, f"{permission} is not needed")
        print(f"      without {permission}: {reason}")


def sweep(system: System, functions: list[str], checks: Checks) -> None:
    """Takes each permission of each function away once, and lists the unused ones."""
    unused = []
    for function in sorted(functions, key=lambda name: name in LOADS):
        for permission in list(permissions(system.deployment, function)):
            reason = failure_without(system, permission)
            print(f"{'needed ' if reason else 'UNUSED '} {permission}  {reason or ''}", flush=True)
            if not reason:
                unused.append(str(permission))
    print(f"{len(unused)} permissions that the story does not need:", *unused, sep="\n  ")
    checks.run("with all permissions back", lambda: story.purchase(system))
