"""Packages and deploys `template.yaml`, and adds what the emulator leaves out."""

import json
import re
import subprocess
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from checks import environment, expect, tool
from emulator.services import REGION

STACK = "storefront"
BUCKET = "emulator-erp-exports"
SECRET = "erp"


class Deployment:
    """A deployed stack and its resources, by logical name."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.environment = environment(
            AWS_ENDPOINT_URL=endpoint,
            AWS_PAGER="",
            AWS_EC2_METADATA_DISABLED="true",
            AWS_REGION=REGION,
            AWS_DEFAULT_REGION=REGION,
        )
        self._clients: dict = {}
        self.resources: dict[str, str] = {}
        self.api = ""

    def client(self, service: str):
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.endpoint,
                region_name=REGION,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"max_attempts": 1}, read_timeout=120),
            )
        return self._clients[service]

    def deploy(self, template: Path, parameters: dict[str, str]) -> None:
        """Packages and deploys with the AWS CLI, as an operator does."""
        artifacts = "emulator-artifacts"
        self.client("s3").create_bucket(
            Bucket=artifacts, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        packaged = template.parent / "packaged.yaml"
        self._aws(
            "package",
            "--template-file",
            str(template),
            "--s3-bucket",
            artifacts,
            "--output-template-file",
            str(packaged),
        )
        self._aws(
            "deploy", "--template-file", str(packaged), "--stack-name", STACK,
            "--no-fail-on-empty-changeset",
            # CloudFormation reads templates over 50 kB from a bucket.
            "--s3-bucket", artifacts,
            "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND",
            "--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items()),
        )  # fmt: skip
        pages = (
            self.client("cloudformation")
            .get_paginator("list_stack_resources")
            .paginate(StackName=STACK)
        )
        found = [resource for page in pages for resource in page["StackResourceSummaries"]]
        self.resources = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found
        }
        self._finish()

    def _aws(self, *arguments: str) -> None:
        command = [tool("aws"), "cloudformation", *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=600
        )
        if done.returncode == 0:
            return
        reasons: list = []
        try:
            events = self.client("cloudformation").describe_stack_events(StackName=STACK)[
                "StackEvents"
            ]
            reasons = [
                (e["LogicalResourceId"], e.get("ResourceStatusReason"))
                for e in events
                if "FAILED" in e["ResourceStatus"]
            ]
        except ClientError:
            pass  # The stack does not exist yet.
        expect(False, f"aws cloudformation {arguments[0]}: {done.stdout}{done.stderr} {reasons}")

    # MiniStack drops the routes of an HTTP API, times to live and reserved concurrency. They are
    # added from the transformed template. What already exists is not changed, so a complete
    # implementation of AWS sees no difference.

    def _finish(self) -> None:
        body = self.client("cloudformation").get_template(
            StackName=STACK, TemplateStage="Processed"
        )["TemplateBody"]
        template = body if isinstance(body, dict) else json.loads(body)
        for name, resource in template["Resources"].items():
            properties = resource.get("Properties", {})
            match resource["Type"]:
                case "AWS::ApiGatewayV2::Api":
                    self._routes(self.resources[name], properties["Body"])
                case "AWS::DynamoDB::Table" if limit := properties.get("TimeToLiveSpecification"):
                    self._time_to_live(self.resources[name], limit)
                case "AWS::Lambda::Function" if (
                    limit := properties.get("ReservedConcurrentExecutions")
                ) is not None:
                    self.client("lambda").put_function_concurrency(
                        FunctionName=self.resources[name],
                        ReservedConcurrentExecutions=int(self._value(limit)),
                    )

    def _value(self, node):
        """`node` with its references resolved."""
        if isinstance(node, list):
            return [self._value(item) for item in node]
        if isinstance(node, dict) and "Ref" in node:
            stack = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
            given = {p["ParameterKey"]: p["ParameterValue"] for p in stack.get("Parameters", [])}
            return given.get(node["Ref"], self.resources.get(node["Ref"]))
        return node

    def _time_to_live(self, table: str, wanted: dict) -> None:
        dynamodb = self.client("dynamodb")
        if (
            dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"][
                "TimeToLiveStatus"
            ]
            == "DISABLED"
        ):
            dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=wanted)

    def _routes(self, api: str, body: dict) -> None:
        gateway = self.client("apigatewayv2")
        self.api = f"{self.endpoint}/_aws/execute-api/{api}/$default"
        if gateway.get_routes(ApiId=api)["Items"]:
            return
        if cors := body.get("x-amazon-apigateway-cors"):
            gateway.update_api(
                ApiId=api,
                CorsConfiguration={k[0].upper() + k[1:]: self._value(v) for k, v in cors.items()},
            )
        authorizers, integrations = {}, {}
        for name, scheme in body.get("components", {}).get("securitySchemes", {}).items():
            declared = scheme["x-amazon-apigateway-authorizer"]
            jwt = {"Issuer": self._value(declared["jwtConfiguration"]["issuer"])}
            jwt["Audience"] = self._value(declared["jwtConfiguration"]["audience"])
            authorizers[name] = gateway.create_authorizer(
                ApiId=api,
                Name=name,
                AuthorizerType="JWT",
                IdentitySource=[declared["identitySource"]],
                JwtConfiguration=jwt,
            )["AuthorizerId"]
        for path, operations in body["paths"].items():
            for verb, operation in operations.items():
                uri = json.dumps(operation["x-amazon-apigateway-integration"]["uri"])
                function = re.search(r"\$\{(\w+)\.Arn\}", uri)[1]
                if function not in integrations:
                    configuration = self.client("lambda").get_function_configuration(
                        FunctionName=self.resources[function]
                    )
                    integrations[function] = gateway.create_integration(
                        ApiId=api,
                        IntegrationType="AWS_PROXY",
                        IntegrationUri=configuration["FunctionArn"],
                        PayloadFormatVersion="2.0",
                    )["IntegrationId"]
                scheme = next(
                    (s for need in operation.get("security", []) for s in need if s in authorizers),
                    None,
                )
                closed = (
                    {"AuthorizationType": "JWT", "AuthorizerId": authorizers[scheme]}
                    if scheme
                    else {}
                )
                gateway.create_route(
                    ApiId=api,
                    RouteKey=f"{verb.upper()} {path}",
                    Target=f"integrations/{integrations[function]}",
                    **closed,
                )

    # --- Policies ----------------------------------------------------------------------------

    def role(self, function: str) -> str:
        """The role of a function, such as `submit-worker`."""
        pascal = "".join(word.capitalize() for word in function.split("-"))
        return self.resources[f"{pascal}FunctionRole"]

    def policies(self, function: str) -> dict[str, dict]:
        """The inline policies of a function by name."""
        iam, role = self.client("iam"), self.role(function)
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        documents = {
            name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for name in names
        }
        return {name: d if isinstance(d, dict) else json.loads(d) for name, d in documents.items()}

    def put_policies(self, function: str, policies: dict[str, dict]) -> None:
        for name, document in policies.items():
            self.client("iam").put_role_policy(
                RoleName=self.role(function), PolicyName=name, PolicyDocument=json.dumps(document)
            )
        self.renew(function)

    def renew(self, function: str) -> None:
        """Ends the instances of a function.

        The cache of a warm one could hide a call that is now denied.
        """
        pascal = "".join(word.capitalize() for word in function.split("-"))
        name = self.resources[f"{pascal}Function"]
        lambda_ = self.client("lambda")
        variables = lambda_.get_function_configuration(FunctionName=name)["Environment"]
        lambda_.update_function_configuration(FunctionName=name, Environment=variables)

    # --- What happened -----------------------------------------------------------------------

    def dead_letters(self) -> dict[str, int]:
        """The number of messages in each dead-letter queue."""
        sqs = self.client("sqs")
        found = {}
        for name, url in self.resources.items():
            if name.endswith("DeadLetters"):
                attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
                    "Attributes"
                ]
                found[name] = sum(
                    int(attributes[a])
                    for a in attributes
                    if a.startswith("ApproximateNumberOfMessages")
                )
        return found

    def log_lines(self, since: float = 0) -> list[tuple[str, str]]:
        """Every line logged since a time in seconds, with the logical name of its function."""
        logs, found = self.client("logs"), []
        for name, physical in self.resources.items():
            if not name.endswith("Function"):
                continue
            try:
                pages = logs.get_paginator("filter_log_events").paginate(
                    logGroupName=f"/aws/lambda/{physical}", startTime=int(since * 1000)
                )
                found += [(name, event["message"]) for page in pages for event in page["events"]]
            except logs.exceptions.ResourceNotFoundException:
                continue
        return found
