"""AWS on this machine: moto's server, and the two places where a pod's credentials come from."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto import settings
from moto.core.responses import ActionAuthenticatorMixin
from moto.server import ThreadedMotoServer

from initconstructs import SecretKey
from initconstructs.presets.fetching import AwsKeys
from tests.presets.fetching_clouds import Reply, Request, answer

REGION = "eu-central-1"
KEYS = AwsKeys(key_id=SecretKey("aws", "id"), secret=SecretKey("aws", "secret"))
MAY_READ = [
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "ssm:GetParametersByPath",
    "s3:GetObject",
    "s3:ListBucket",
]


@dataclass
class Aws:
    """The server; `reader` are the keys of a user that may read, `stranger` of one that may do nothing."""

    url: str
    reader: dict[str, str]
    stranger: dict[str, str]

    def client(self, service: str) -> Any:
        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id="any", aws_secret_access_key="any"
        )

    def checks_signatures(self) -> None:
        """From now on it holds each request against the key's signature and rights."""
        settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
        ActionAuthenticatorMixin.request_count = 0


@contextmanager
def aws() -> Iterator[Aws]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    made = Aws("http://{}:{}".format(*server.get_host_and_port()), {}, {})
    made.reader, made.stranger = keys(made, "reader", MAY_READ), keys(made, "stranger", ["s3:PutObject"])
    unchecked = settings.INITIAL_NO_AUTH_ACTION_COUNT
    yield made
    settings.INITIAL_NO_AUTH_ACTION_COUNT = unchecked
    urllib.request.urlopen(f"{made.url}/moto-api/reset", b"").close()  # what it holds is the whole process's
    server.stop()


def keys(server: Aws, name: str, actions: list[str]) -> dict[str, str]:
    iam = server.client("iam")
    iam.create_user(UserName=name)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}


def pod_identity(asked: Request, given: dict[str, str]) -> Reply:
    """The agent of EKS Pod Identity."""
    if asked.path != "/v1/credentials" or asked.headers["Authorization"] != "service-account-token":
        return answer({"message": "no"}, 403)
    return answer(as_credentials(given))


def instance(asked: Request, given: dict[str, str]) -> Reply:
    """The instance metadata service, version 2."""
    if (asked.method, asked.path) == ("PUT", "/latest/api/token"):
        return Reply(body=b"session") if asked.headers["X-aws-ec2-metadata-token-ttl-seconds"] else Reply(400)
    if asked.headers["X-aws-ec2-metadata-token"] != "session":
        return Reply(401)
    place = "/latest/meta-data/iam/security-credentials/"
    return answer(as_credentials(given)) if asked.path == f"{place}node-role" else Reply(body=b"node-role")


def as_credentials(given: dict[str, str]) -> dict[str, str]:
    return {"AccessKeyId": given["AWS_ACCESS_KEY_ID"], "SecretAccessKey": given["AWS_SECRET_ACCESS_KEY"], "Token": ""}


def sts(asked: Request, given: dict[str, str]) -> Reply:
    """AssumeRoleWithWebIdentity, of a role that trusts one token."""
    form = asked.form
    wanted = {"Action": "AssumeRoleWithWebIdentity", "RoleArn": "arn:aws:iam::1:role/shop", "Version": "2011-06-15"}
    if not wanted.items() <= form.items() or form["WebIdentityToken"] != "service-account-token":
        return Reply(400, b"<E><Error><Code>InvalidIdentityToken</Code><Message>not trusted</Message></Error></E>")
    parts = "".join(f"<{name}>{text}</{name}>" for name, text in as_credentials(given).items())
    return Reply(body=f"<R><Credentials>{parts}</Credentials></R>".encode())
