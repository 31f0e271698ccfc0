"""What the checks hand to the tools that they run, and what the checks of one pod share."""

from __future__ import annotations

import pytest

from initconstructs import (
    Claim,
    ConfigMapFiles,
    Container,
    DeploymentSpec,
    InlineFiles,
    Volume,
    render,
)
from initconstructs.presets import checking


def test_tools_that_ask_a_registry_say_that_they_need_the_network():
    needy = [checking.signature("a:1", key="/k"), checking.vulnerabilities("a:1")]
    local = [checking.misconfiguration("/c"), checking.policy("/c", policies="/p"), checking.device("/dev/kvm")]
    assert [each.network for each in (*needy, *local)] == [True, True, False, False, False]


@pytest.mark.parametrize(
    "stages",
    [
        [checking.signature("a:1", key="/k", pull_secret="a"), checking.vulnerabilities("b:1", pull_secret="b")],
        [checking.all_of(*(checking.secret(name, ["k"]) for name in ("a.b", "a-b", "x" * 63, "x" * 64)))],
    ],
)
def test_secrets_of_nearly_the_same_name_are_not_taken_for_each_other(stages):
    (deployment, *_) = render(DeploymentSpec("app", containers=[Container("app", image="a:1")], stages=stages))
    volumes = deployment["spec"]["template"]["spec"]["volumes"]  # type: ignore[index,call-overload]
    found = [each["secret"]["secretName"] for each in volumes if "secret" in each]
    assert len(found) == len(set(found)) == (2 if len(stages) == 2 else 4)


@pytest.mark.parametrize(
    ("source", "sub_path", "read"),
    [
        (ConfigMapFiles("policies"), None, "/policies/..data"),
        (InlineFiles({"main.rego": "package main"}), None, "/policies/..data"),
        (ConfigMapFiles("policies"), "main", "/policies"),
        (Claim("policies"), None, "/policies"),
    ],
)
def test_policies_that_the_kubelet_lays_by_links_are_read_once(source, sub_path, read):
    mount = Volume("policies", source).at("/policies", read_only=True, sub_path=sub_path)
    (word,) = (
        each for each in checking.policy("/a", policies="/policies/", mounts=[mount]).args or () if "policy" in each
    )
    assert word.rstrip("/") == f"--policy={read}"


def test_a_database_that_is_there_is_not_loaded():
    database = Volume("trivy", Claim("trivy-db")).at("/trivy")
    args = checking.vulnerabilities("a:1", database=database).args or ()
    told = {
        "--skip-db-update",
        "--skip-java-db-update",
        "--offline-scan",
        "--cache-dir=/trivy",
        "--cache-backend=memory",
    }
    assert told <= set(args)
