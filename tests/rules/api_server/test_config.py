from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from initconstructs.rules.api_server.config import check_config_map, check_secret
from initconstructs.rules.api_server.target import target

MEBIBYTE = 1024 * 1024


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


def config_map(**fields: Any) -> list[tuple[str, str]]:
    manifest = {"metadata": {"name": "config"}, **fields}
    return [(problem.rule.id, problem.path) for problem in check_config_map(manifest, target("1.36"))]


def secret(kind: str | None = None, annotations: dict[str, str] | None = None, **fields: Any) -> list[tuple[str, str]]:
    manifest = {"metadata": {"name": "secret", "annotations": annotations or {}}, "type": kind, **fields}
    return [(problem.rule.id, problem.path) for problem in check_secret(manifest, target("1.36"))]


def test_plain_data_is_fine() -> None:
    assert config_map(data={"app.conf": "a=1", ".env": ""}, binaryData={"logo.png": b64("x")}) == []
    assert secret(data={"password": b64("x")}, stringData={"user": "x"}) == []
    assert config_map() == secret() == []


@pytest.mark.parametrize("key", ["", "a/b", "a b", "..", "..x", "k" * 254])
def test_keys_are_file_names(key: str) -> None:
    assert config_map(data={key: ""})[0] == ("config-key", f"data[{key}]")
    assert config_map(binaryData={key: ""})[0] == ("config-key", f"binaryData[{key}]")
    assert secret(stringData={key: ""})[0] == ("config-key", f"data[{key}]")


def test_a_key_stands_in_one_place() -> None:
    assert config_map(data={"a": ""}, binaryData={"a": ""}) == [("config-key", "data[a]")]
    assert secret(data={"a": ""}, stringData={"a": ""}) == []


@pytest.mark.parametrize("extra", [0, 1, 2])
def test_values_hold_a_mebibyte_decoded(extra: int) -> None:
    text = "x" * (MEBIBYTE - 1 + extra)
    assert (config_map(data={"a": text}) == []) is (extra < 2)
    assert (config_map(binaryData={"a": b64(text)}) == []) is (extra < 2)
    assert (secret(data={"a": b64(text)}) == []) is (extra < 2)


def test_sizes_count_bytes_and_skip_what_string_data_covers() -> None:
    assert config_map(data={"a": "é" * (MEBIBYTE // 2), "b": "x"}) == [("config-size", "[]")]
    assert secret(data={"a": b64("x" * MEBIBYTE)}, stringData={"a": "x", "b": "x" * MEBIBYTE}) == [
        ("config-size", "data")
    ]


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("dockercfg", [".dockercfg"]),
        ("dockerconfigjson", [".dockerconfigjson"]),
        ("basic-auth", ["username", "password"]),
        ("ssh-auth", ["ssh-privatekey"]),
        ("tls", ["tls.crt", "tls.key"]),
    ],
)
def test_a_typed_secret_has_the_keys_of_its_type(kind: str, keys: list[str]) -> None:
    assert secret(f"kubernetes.io/{kind}") == [("secret-type", f"data[{key}]") for key in keys]
    assert secret(f"kubernetes.io/{kind}", stringData=dict.fromkeys(keys, "{}")) == []


def test_one_half_of_basic_auth_is_enough_and_an_empty_ssh_key_is_none() -> None:
    assert secret("kubernetes.io/basic-auth", stringData={"password": ""}) == []
    assert secret("kubernetes.io/ssh-auth", stringData={"ssh-privatekey": ""}) != []


def test_a_token_names_its_account() -> None:
    kind, name = "kubernetes.io/service-account-token", "kubernetes.io/service-account.name"
    assert secret(kind) == [("secret-type", f"metadata.annotations[{name}]")]
    assert secret(kind, {name: "default"}) == []


@pytest.mark.parametrize("text", ["{}", '{"auths": {}}', "null", '{"a": "\udcff"}', " {} \n"])
def test_a_docker_config_is_an_object(text: str) -> None:
    encoded = b64encode(text.encode(errors="surrogateescape")).decode()
    assert secret("kubernetes.io/dockerconfigjson", data={".dockerconfigjson": encoded}) == []


@pytest.mark.parametrize("text", ["", "auths", "[]", "1", '{"a": NaN}', "{} x"])
def test_a_docker_config_is_nothing_else(text: str) -> None:
    found = secret("kubernetes.io/dockerconfigjson", data={".dockerconfigjson": b64(text)})
    assert found == [("secret-type", "data[.dockerconfigjson]")]


def test_no_depth_is_too_deep() -> None:
    assert secret("kubernetes.io/dockercfg", stringData={".dockercfg": '{"a":' * 5000 + "1" + "}" * 5000}) == []


def test_other_types_are_free() -> None:
    assert secret("helm.sh/release.v1", data={"release": ""}) == []
