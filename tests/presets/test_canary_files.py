"""A Secret that a preset mounts: its files are its stage's alone, and what they hold is in no line."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import get_args

import pytest

from initconstructs.model.stages import Step
from initconstructs.presets import checking, fetching
from tests.presets.test_canary import CANARY, SHA, every_parameter, manifests

IMAGE = f"a/b@sha256:{SHA}"
MOUNTED: dict[str, Callable[[str], Step]] = {
    "checking.secret secret": lambda name: checking.secret(name, ["key"], at_least=99),
    "checking.signature pull_secret": lambda name: checking.signature(IMAGE, key="/cosign.pub", pull_secret=name),
    "checking.vulnerabilities pull_secret": lambda name: checking.vulnerabilities(IMAGE, pull_secret=name),
    "checking.misconfiguration pull_secret": lambda name: checking.misconfiguration("/a", pull_secret=name),
    "checking.policy pull_secret": lambda name: checking.policy("/a", policies="/b", pull_secret=name),
    "fetching.oci pull_secret": lambda name: fetching.oci(f"127.0.0.1:9/a@sha256:{SHA}", pull_secret=name, timeout=1),
}


def test_every_parameter_that_names_a_secret_is_held_against_it():
    assert {
        each for each, kind in every_parameter() if str in (kind, *get_args(kind)) and each.endswith("secret")
    } == MOUNTED.keys()


@pytest.mark.parametrize("make", MOUNTED.values(), ids=MOUNTED)
def test_a_secret_that_is_named_comes_as_files_that_only_its_stage_reads(make):
    pod = manifests(make("canary"))[0]["spec"]["template"]["spec"]
    (volume,) = (each["name"] for each in pod["volumes"] if each.get("secret", {}).get("secretName") == "canary")
    mounts = [each for kind in ("initContainers", "containers") for one in pod[kind] for each in mounts_of(one)]
    assert [each["readOnly"] for each in mounts if each["name"] == volume] == [True]
    assert "secretKeyRef" not in json.dumps(pod)


def mounts_of(container: dict) -> list[dict]:
    return list(container.get("volumeMounts", ()))


@pytest.mark.parametrize(("name", "code"), [("checking.secret secret", 1), ("fetching.oci pull_secret", 124)])
def test_no_line_shows_what_the_files_hold(kubelet, tmp_path, name, code):
    step = MOUNTED[name]("shop")
    (path,) = (
        each["mountPath"]
        for each in mounts_of(kubelet.place(step, {})[0])
        if "program" not in each["name"] and each.get("readOnly")
    )
    auth = base64.b64encode(b"u:canary").decode()
    (tmp_path / "key").write_text(CANARY)
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"127.0.0.1:9": {"auth": auth}}}))
    finished = kubelet.run(step, mounts={path: tmp_path})
    assert finished.code == code, finished
    assert not any(each in finished.out + finished.err for each in ("canary", auth))
