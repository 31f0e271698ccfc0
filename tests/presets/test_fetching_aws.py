"""Secrets and parameters of AWS, against moto's server and its check of signatures, by each way of being someone."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from initconstructs import ConfigMapFiles, ModelError, SecretKey, Volume
from initconstructs.presets import fetching
from tests.presets.conftest import Kubelet, QuietHandler
from tests.presets.fetching_aws import KEYS, REGION, Aws, aws, instance, pod_identity, sts
from tests.presets.fetching_clouds import Reply, Request, answer, canary_free, cloud, files, kubelet_reads, small_disk

PASSWORD = "canary-'7f3a'-Ω"
TEXT = "canary $(HOME) `id` # 9d1c"


@pytest.fixture(scope="module")
def server() -> Iterator[Aws]:
    with aws() as made:
        secrets = made.client("secretsmanager")
        secrets.create_secret(
            Name="shop/db", SecretString=json.dumps({"password": PASSWORD, "port": 5432, "text": TEXT})
        )
        secrets.create_secret(Name="shop/key", SecretBinary=b"\x00\xff\n")
        for number in range(23):
            name, value = f"/shop/{'deep/' if number % 2 else ''}p{number}", f"canary-{number}"
            made.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString" if number % 3 else "String")
        made.checks_signatures()
        yield made


def secrets(server: Aws, **given):
    return fetching.aws_secrets(endpoint=server.url, region=REGION, keys=KEYS, **given)


def test_secrets_become_files_of_memory_that_only_one_user_reads(server, kubelet):
    stage = secrets(server, files={"db.json": "shop/db", "tls/key": "shop/key", "password": "shop/db#password"})
    done = kubelet.run(stage, **server.reader)
    assert done.code == 0, done.out
    found = files(kubelet.root / "secrets")
    assert found["tls/key"] == b"\x00\xff\n"
    assert found["password"].decode() == PASSWORD
    assert json.loads(found["db.json"])["port"] == 5432
    assert {path.stat().st_mode & 0o777 for path in (kubelet.root / "secrets").rglob("*") if path.is_file()} == {0o400}
    assert "mode 0400, user " in done.last
    canary_free(stage, done, PASSWORD, server.reader["AWS_SECRET_ACCESS_KEY"])


def test_secrets_become_variables_as_the_kubelet_reads_them(server, kubelet):
    stage = secrets(server, environment={"TEXT": "shop/db#text", "PORT": "shop/db#port"})
    done = kubelet.run(stage, **server.reader)
    assert done.code == 0, done.out
    written = (kubelet.root / "environment" / "variables").read_text()
    assert kubelet_reads(written) == {"TEXT": TEXT, "PORT": "5432"}
    canary_free(stage, done, TEXT)


def test_a_value_that_the_kubelet_would_mangle_is_refused_and_nothing_is_written(server, kubelet):
    stage = secrets(server, files={"port": "shop/db#port"}, environment={"PASSWORD": "shop/db#password"})
    done = kubelet.run(stage, **server.reader)
    assert (done.code, files(kubelet.root / "secrets"), files(kubelet.root / "environment")) == (1, {}, {})
    assert "'PASSWORD': its value has a single quote" in done.last
    canary_free(stage, done, PASSWORD)


def test_a_binary_value_is_no_variable(server, kubelet):
    done = kubelet.run(secrets(server, environment={"KEY": "shop/key"}), **server.reader)
    assert done.code == 1
    assert "not UTF-8" in done.last


def test_the_second_run_writes_what_has_changed(server, kubelet):
    stage = secrets(server, files={"a": "shop/db", "b": "shop/key"})
    kubelet.run(stage, **server.reader)
    home = kubelet.root / "secrets"
    (home / "a").chmod(0o600)
    before = (home / "b").stat()
    done = kubelet.run(stage, **server.reader)
    assert "1 of 2 files new" in done.last
    assert (home / "a").stat().st_mode & 0o777 == 0o400
    assert (home / "b").stat().st_ino == before.st_ino


def test_a_full_disk(kubelet, servers):
    """Neither secret is there when only one fits, and the last bytes of the other do not."""
    home = kubelet.root / "secrets"
    wrap = small_disk(servers, home)
    with cloud(lambda asked: answer({"SecretString": "c" * (1000 if b"small" in asked.body else 65_000)})) as place:
        stage = fetching.aws_secrets(endpoint=place.url, region=REGION, keys=KEYS, files={"a": "small", "b": "large"})
        done = kubelet.start(stage, wrap=wrap, AWS_ACCESS_KEY_ID="id", AWS_SECRET_ACCESS_KEY="key-canary").finish()
    *_, told, left = done.out.splitlines()
    assert (done.code, left) == (1, "left:")
    assert told.endswith(f"no space left on device: {home}/b")


def test_who_may_read(server, servers):
    """In a directory as the kubelet makes it for fsGroup 2000."""
    if os.getuid():
        servers.lack("only root can start programs as somebody else")
    (setpriv,) = servers.need("setpriv")
    pod, home = Kubelet(servers.directory("pod")), servers.directory("pod/secrets")
    os.chown(home, 0, 2000)
    home.chmod(0o2777)

    def reads(user: int, mode: str) -> bool:
        fetcher = [setpriv, "--reuid=65532", "--regid=65532", "--groups=2000"]
        stage = secrets(server, files={"a": "shop/key"}, mode=mode)
        done = pod.start(stage, wrap=fetcher, python="/usr/bin/python3", **server.reader).finish()
        assert f"mode {mode}, user 65532 and group 2000" in done.last
        reader = [setpriv, f"--reuid={user}", f"--regid={user}", "--groups=2000", "cat", str(home / "a")]
        return subprocess.run(reader, capture_output=True, check=False).returncode == 0

    assert [reads(65532, "0400"), reads(1000, "0400"), reads(1000, "0440")] == [True, False, True]


def test_a_missing_secret_is_named_and_none_is_written(server, kubelet):
    done = kubelet.run(secrets(server, files={"a": "shop/db", "b": "shop/nothing"}), **server.reader)
    assert (done.code, files(kubelet.root / "secrets")) == (1, {})
    assert "secret shop/nothing: " in done.last
    assert "ResourceNotFoundException" in done.last


def test_a_missing_key_is_named(server, kubelet):
    done = kubelet.run(secrets(server, files={"a": "shop/db#nothing"}), **server.reader)
    assert (done.code, "'nothing'" in done.last) == (1, True)


def test_who_may_not_read_is_told_so(server, kubelet):
    done = kubelet.run(secrets(server, files={"a": "shop/db"}), **server.stranger)
    assert (done.code, files(kubelet.root / "secrets")) == (1, {})
    assert "status 403" in done.last


def test_a_wrong_key_is_refused_by_its_signature(server, kubelet):
    done = kubelet.run(secrets(server, files={"a": "shop/db"}), **{**server.reader, "AWS_SECRET_ACCESS_KEY": "wrong"})
    assert done.code == 1
    assert "status 403" in done.last


def test_all_parameters_below_a_path(server, kubelet):
    stage = fetching.aws_parameters("/shop/", endpoint=server.url, region=REGION, keys=KEYS)
    done = kubelet.run(stage, **server.reader)
    assert done.code == 0, done.out
    found = files(kubelet.root / "secrets")
    assert (len(found), found["p2"], found["deep/p3"]) == (23, b"canary-2", b"canary-3")
    canary_free(stage, done, "canary")


def test_parameters_by_name(server, kubelet):
    stage = fetching.aws_parameters(
        files={"x": "/shop/p4"}, environment={"Y": "/shop/deep/p5"}, endpoint=server.url, region=REGION, keys=KEYS
    )
    assert kubelet.run(stage, **server.reader).code == 0
    assert files(kubelet.root / "secrets") == {"x": b"canary-4"}
    assert kubelet_reads((kubelet.root / "environment" / "variables").read_text()) == {"Y": "canary-5"}


def test_no_parameter_below_a_path(server, kubelet):
    stage = fetching.aws_parameters("/other", endpoint=server.url, region=REGION, keys=KEYS)
    done = kubelet.run(stage, **server.reader)
    assert (done.code, "no parameter below /other" in done.last) == (1, True)


def fetched_as(kubelet, server: Aws, **env: str):
    """A run with what the cluster adds to each container, and no keys."""
    stage = fetching.aws_secrets(endpoint=server.url, files={"a": "shop/key"})
    return kubelet.run(stage, AWS_REGION=REGION, **env)


@pytest.fixture
def token(tmp_path: Path) -> str:
    (tmp_path / "token").write_text("service-account-token\n")
    return str(tmp_path / "token")


def test_as_the_role_of_the_service_account(server, kubelet, token):
    with cloud(lambda asked: sts(asked, server.reader)) as place:
        env = {"AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ENDPOINT_URL_STS": place.url}
        done = fetched_as(kubelet, server, AWS_ROLE_ARN="arn:aws:iam::1:role/shop", **env)
        assert done.code == 0, done.out
        refused = fetched_as(kubelet, server, AWS_ROLE_ARN="arn:aws:iam::1:role/other", **env)
    assert "InvalidIdentityToken: not trusted" in refused.last
    assert "service-account-token" not in done.out + refused.out


def test_as_the_pod_identity(server, kubelet, token):
    with cloud(lambda asked: pod_identity(asked, server.reader)) as place:
        env = {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token}
        done = fetched_as(kubelet, server, AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{place.url}/v1/credentials", **env)
    assert done.code == 0, done.out


def test_asks_the_node_and_no_proxy(server, kubelet, token):
    with (
        cloud(lambda asked: pod_identity(asked, server.reader)) as agent,
        cloud(lambda asked: instance(asked, server.reader)) as metadata,
        cloud(lambda _: Reply(403)) as proxy,
    ):
        env = {"HTTP_PROXY": proxy.url, "NO_PROXY": urlsplit(server.url).netloc}
        pod = {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token}
        pod["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"{agent.url}/v1/credentials"
        assert fetched_as(kubelet, server, **env, **pod).code == 0
        assert fetched_as(kubelet, server, **env, AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url).code == 0
        assert proxy.requests == []


def test_the_login_may_be_behind_the_authority_that_is_given_and_behind_the_usual_ones(server, kubelet, token, https):
    class Handler(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802 -- as the base class calls it
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found = sts(Request("POST", self.path, {}, self.headers, body), server.reader)
            self.send_response(found.status)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

    ca = Volume("ca", ConfigMapFiles("ca")).at("/ca")
    stage = fetching.aws_secrets(endpoint=server.url, files={"a": "shop/key"}, ca_file="/ca/ca.crt", mounts=[ca])
    with https.serve(Handler) as port:
        env = {"AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ENDPOINT_URL_STS": f"https://127.0.0.1:{port}"}
        env |= {"AWS_ROLE_ARN": "arn:aws:iam::1:role/shop", "AWS_REGION": REGION}
        done = kubelet.run(stage, mounts={"/ca": https.certificate}, **env)
    assert done.code == 0, done.out


def test_a_pods_token_goes_to_no_other_machine(server, kubelet, token):
    env = {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token}
    done = fetched_as(kubelet, server, AWS_CONTAINER_CREDENTIALS_FULL_URI="http://192.0.2.1/v1/credentials", **env)
    assert (done.code, "neither HTTPS nor an address of this node" in done.last) == (1, True)


def test_as_the_node(server, kubelet):
    with cloud(lambda asked: instance(asked, server.reader)) as place:
        done = fetched_as(kubelet, server, AWS_EC2_METADATA_SERVICE_ENDPOINT=place.url)
    assert done.code == 0, done.out


def test_as_nobody(server, kubelet):
    with cloud(lambda asked: Reply(404)) as place:
        done = fetched_as(kubelet, server, AWS_EC2_METADATA_SERVICE_ENDPOINT=place.url)
    assert done.code == 1
    assert "no AWS credentials: neither keys nor IRSA nor Pod Identity, nor a role of the node" in done.last


def test_no_region(kubelet):
    done = kubelet.run(fetching.aws_secrets(files={"a": "b"}))
    assert (done.code, "AWS_REGION" in done.last) == (1, True)


def test_what_is_throttled_is_tried_again(kubelet):
    replies = [answer({"__type": "ThrottlingException", "message": "Rate exceeded"}, 400), Reply(503), Reply(429)]

    def behave(asked: Request) -> Reply:
        return replies.pop(0) if replies else answer({"SecretString": "canary"})

    with cloud(behave) as place:
        stage = fetching.aws_secrets(endpoint=place.url, region=REGION, keys=KEYS, files={"a": "b"})
        done = kubelet.run(stage, AWS_ACCESS_KEY_ID="id", AWS_SECRET_ACCESS_KEY="key-canary")
        assert len(place.requests) == 4
    assert done.code == 0, done.out
    assert "Rate exceeded" in done.out
    canary_free(stage, done, "canary")


@pytest.mark.parametrize(
    "name", ["rds!db-3c1b6e05", "arn:aws:secretsmanager:eu-west-1:1:secret:rds!db-3c1b6e05-Ab1cD2"]
)
def test_a_secret_that_another_service_manages_has_a_name_too(name):
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/service-linked-secrets.html"""
    stage = fetching.aws_secrets(files={"db.json": name})
    assert json.loads(stage.args[1])["files"] == {"db.json": name}


def test_keys_come_from_a_secret_and_nowhere_else():
    with pytest.raises(ModelError, match="SecretKey"):
        fetching.AwsKeys(key_id="AKIA", secret=SecretKey("aws", "secret"))  # type: ignore[arg-type]
