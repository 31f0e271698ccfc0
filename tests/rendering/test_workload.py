"""A whole workload: raw fields last, stable selectors, images by policy, what comes out beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs import (
    Affinity,
    Container,
    CronJobSpec,
    DaemonSetSpec,
    DeploymentSpec,
    Image,
    ImagePolicy,
    InlineFiles,
    JobSpec,
    ModelError,
    PodSpec,
    PolicyRule,
    Settings,
    Stage,
    StatefulSetSpec,
    TopologySpread,
    Volume,
    render,
    selector_labels,
)
from initconstructs.model.raw import merged
from initconstructs.model.workload import SelectingSpec, WorkloadSpec

Manifest = dict[str, Any]

APP = Container("app", image="shop:1")
READS = Stage("read", image="kubectl:1", permissions=[PolicyRule(verbs=["get"], resources=["pods"])])
WRITES = Stage(
    "write",
    image="kubectl:1",
    permissions=[
        PolicyRule(verbs=["get"], resources=["pods"]),
        PolicyRule(verbs=["patch"], resources=["jobs"], api_groups=["batch"], resource_names=["load"]),
    ],
)
WAIT = Stage("wait", image="busybox:1.36")
SELECTING: list[type[SelectingSpec]] = [DeploymentSpec, StatefulSetSpec, DaemonSetSpec]


def rendered(
    kind: type[WorkloadSpec] = DeploymentSpec, settings: Settings | None = None, **keywords: Any
) -> list[Manifest]:
    given: Manifest = {"containers": [APP], "namespace": "shop"} | keywords
    return cast("list[Manifest]", render(kind("shop", **given), settings=settings))


def pod_of(settings: Settings | None = None, **keywords: Any) -> Manifest:
    return cast(Manifest, rendered(settings=settings, **keywords)[0]["spec"]["template"]["spec"])


# Raw fields, merged last.

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
KEYS = st.sampled_from("abc")
VALUES = st.recursive(LEAVES, lambda each: st.lists(each, max_size=2) | st.dictionaries(KEYS, each, max_size=3))
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=3)


def merge_patch(target: object, patch: object) -> object:
    """MergePatch as section 2 of RFC 7386 writes it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return result


@given(base=OBJECTS, patch=OBJECTS)
def test_raw_fields_are_a_json_merge_patch(base: Manifest, patch: Manifest) -> None:
    before = json.dumps([base, patch])
    assert merged(base, patch) == merge_patch(base, patch)
    assert json.dumps([base, patch]) == before


def test_raw_fields_go_over_ours_and_null_removes_them() -> None:
    app = Container("app", image="shop:1", command=["serve"], raw={"image": "raw:1", "command": None, "tty": True})
    [manifest] = rendered(
        containers=[app],
        replicas=3,
        labels={"a": "b"},
        pod_raw={"securityContext": {"seccompProfile": None}},
        raw={"spec": {"replicas": None, "paused": True}, "metadata": {"labels": {"c": "d"}}},
    )
    pod = manifest["spec"]["template"]["spec"]
    [found] = pod["containers"]
    assert (found["image"], found["tty"], "command" in found) == ("raw:1", True, False)
    assert pod["securityContext"] == {"runAsNonRoot": True}
    assert (manifest["spec"]["paused"], "replicas" in manifest["spec"]) == (True, False)
    assert manifest["metadata"]["labels"] == {"a": "b", "c": "d"}


def test_raw_fields_are_a_copy() -> None:
    raw: Manifest = {"resizePolicy": [{"resourceName": "cpu"}]}
    app = Container("app", image="shop:1", raw=raw)
    raw["resizePolicy"].append({"resourceName": "memory"})
    assert pod_of(containers=[app])["containers"][0]["resizePolicy"] == [{"resourceName": "cpu"}]


# Selectors hold what never changes.


@pytest.mark.parametrize("kind", SELECTING)
@given(
    change=st.fixed_dictionaries(
        {},
        optional={
            "labels": st.dictionaries(st.sampled_from(["version", "team"]), st.sampled_from("abc")),
            "pod_labels": st.dictionaries(st.sampled_from(["version", "team"]), st.sampled_from("abc")),
            "stages": st.just([WAIT]),
            "containers": st.sampled_from("234").map(lambda tag: [Container("app", image=f"shop:{tag}")]),
            "revision_history_limit": st.integers(min_value=0, max_value=9),
        },
    )
)
def test_a_selector_stays_whatever_changes(kind: type[SelectingSpec], change: Mapping[str, Any]) -> None:
    [manifest] = rendered(kind, **change)
    selector = manifest["spec"]["selector"]["matchLabels"]
    assert selector == rendered(kind)[0]["spec"]["selector"]["matchLabels"] == {"app.kubernetes.io/name": "shop"}
    assert selector.items() <= manifest["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize("kind", SELECTING)
def test_a_selector_of_the_authors_own(kind: type[SelectingSpec]) -> None:
    [manifest] = rendered(kind, selector={"app": "shop"})
    assert manifest["spec"]["selector"] == {"matchLabels": {"app": "shop"}}
    assert manifest["spec"]["template"]["metadata"]["labels"] == {"app": "shop"}


def test_a_pod_label_that_contradicts_the_selector_is_refused() -> None:
    with pytest.raises(ModelError, match=r'pod_labels\[.*name.*\] is .other.: must be "shop", as in the selector'):
        rendered(pod_labels={"app.kubernetes.io/name": "other"})


@pytest.mark.parametrize("name", ["a" * 80, f"{'a' * 62}.b"], ids=["long", "cut at a dot"])
def test_a_long_name_makes_a_label_that_is_legal(name: str) -> None:
    [value] = selector_labels(DeploymentSpec(name, containers=[APP])).values()
    assert name.startswith(value)
    assert len(value) <= 63
    assert value[-1].isalnum()


@pytest.mark.parametrize(
    ("kind", "more"), [(JobSpec, {}), (CronJobSpec, {"schedule": "@daily"})], ids=["Job", "CronJob"]
)
def test_jobs_have_no_selector_and_their_pods_a_name(kind: type[WorkloadSpec], more: Manifest) -> None:
    spec = rendered(kind, **more)[0]["spec"]
    job = spec["jobTemplate"]["spec"] if kind is CronJobSpec else spec
    assert "selector" not in job
    assert job["template"]["metadata"]["labels"] == {"app.kubernetes.io/name": "shop"}


def test_the_labels_of_a_pod_are_its_own() -> None:
    assert "labels" not in rendered(PodSpec)[0]["metadata"]
    pod = PodSpec("shop", containers=[APP], labels={"a": "b"}, pod_labels={"c": "d"})
    assert selector_labels(pod) == {"a": "b", "c": "d"}


@pytest.mark.parametrize(
    "keywords",
    [{"affinity": Affinity.apart("zone")}, {"topology_spread": [TopologySpread("zone")]}],
    ids=["affinity", "spread"],
)
def test_a_pod_without_labels_keeps_away_from_none(keywords: Manifest) -> None:
    with pytest.raises(ModelError, match=r'^Pod "shop"\.labels are none'):
        rendered(PodSpec, **keywords)
    assert rendered(PodSpec, labels={"a": "b"}, **keywords)


# Images come from where the policy says.

DIGEST = f"sha256:{'0' * 64}"
POLICY = ImagePolicy(
    mirrors={"docker.io/": "mirror/hub/", "docker.io/acme/": "mirror/acme/", "ghcr.io/": "mirror/ghcr/"},
    digests={"busybox:1.36": DIGEST},
)


@pytest.mark.parametrize(
    ("image", "pulled"),
    [
        ("busybox:1.36", f"mirror/hub/library/busybox:1.36@{DIGEST}"),
        ("redis:7", "mirror/hub/library/redis:7"),
        ("bitnami/redis:7", "mirror/hub/bitnami/redis:7"),
        ("docker.io/acme/shop:1", "mirror/acme/shop:1"),
        ("acme/shop:1", "mirror/acme/shop:1"),
        ("ghcr.io/acme/shop:1", "mirror/ghcr/acme/shop:1"),
        ("quay.io/acme/shop:1", "quay.io/acme/shop:1"),
        ("localhost/shop:1", "localhost/shop:1"),
        ("registry:5000/shop", "registry:5000/shop"),
    ],
    ids=["digest", "library", "hub", "longest prefix", "implied registry", "other", "no mirror", "localhost", "port"],
)
def test_an_image_is_pulled_by_policy(image: str, pulled: str) -> None:
    pod = pod_of(Settings(images=POLICY), stages=[Stage("wait", image=image)])
    assert pod["initContainers"][0]["image"] == pulled


def test_a_digest_is_pinned_without_a_mirror() -> None:
    assert ImagePolicy(digests={"shop:1": DIGEST}).pull("shop:1") == f"shop:1@{DIGEST}"


def test_an_image_volume_is_pulled_by_policy_too() -> None:
    models = Volume("models", Image("ghcr.io/acme/models:1", pull_policy="Always"))
    [found] = pod_of(Settings(images=POLICY), volumes=[models])["volumes"]
    assert found == {"name": "models", "image": {"reference": "mirror/ghcr/acme/models:1", "pullPolicy": "Always"}}


def test_pull_secrets_of_the_policy_are_added() -> None:
    pod = pod_of(Settings(images=ImagePolicy(pull_secrets=["hub", "mirror"])), image_pull_secrets=["hub"])
    assert pod["imagePullSecrets"] == [{"name": "hub"}, {"name": "mirror"}]


# What comes out beside the workload.


def test_permissions_become_a_role_for_exactly_that() -> None:
    manifests = rendered(stages=[READS, WAIT, WRITES])
    by_kind = {each["kind"]: each for each in manifests}
    assert list(by_kind) == ["Deployment", "ServiceAccount", "Role", "RoleBinding"]
    assert by_kind["Role"]["rules"] == [
        {"verbs": ["get"], "resources": ["pods"], "apiGroups": [""]},
        {"verbs": ["patch"], "resources": ["jobs"], "apiGroups": ["batch"], "resourceNames": ["load"]},
    ]
    assert by_kind["RoleBinding"]["roleRef"]["name"] == by_kind["Role"]["metadata"]["name"] == "shop"
    assert by_kind["RoleBinding"]["subjects"] == [{"kind": "ServiceAccount", "name": "shop", "namespace": "shop"}]
    assert {each["metadata"]["namespace"] for each in manifests} == {"shop"}


def test_rights_in_another_namespace_are_given_there_to_the_same_account() -> None:
    rule = PolicyRule(verbs=["get"], resources=["pods"], namespace="data")
    found = rendered(stages=[READS, Stage("look", image="kubectl:1", permissions=[rule])])
    places = [(each["kind"], each["metadata"]["namespace"], each["metadata"]["name"]) for each in found[1:]]
    own = [("ServiceAccount", "shop", "shop"), ("Role", "shop", "shop"), ("RoleBinding", "shop", "shop")]
    assert places == [*own, ("Role", "data", "shop-shop"), ("RoleBinding", "data", "shop-shop")]
    *_, role, binding = found
    assert role["rules"] == [{"verbs": ["get"], "resources": ["pods"], "apiGroups": [""]}]
    assert binding["roleRef"]["name"] == "shop-shop"
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "shop", "namespace": "shop"}]


def test_the_token_is_mounted_only_where_it_is_needed() -> None:
    pod = pod_of(stages=[READS, WAIT])
    asks, waits = pod["initContainers"]
    assert [each["mountPath"] for each in asks["volumeMounts"]] == ["/var/run/secrets/kubernetes.io/serviceaccount"]
    assert "volumeMounts" not in waits
    assert "volumeMounts" not in pod["containers"][0]
    assert pod["automountServiceAccountToken"] is False


def test_a_service_account_of_the_authors_own_is_bound_and_left_alone() -> None:
    manifests = rendered(stages=[READS], service_account="mine")
    assert [each["kind"] for each in manifests] == ["Deployment", "Role", "RoleBinding"]
    assert manifests[2]["subjects"][0]["name"] == "mine"
    assert "automountServiceAccountToken" not in manifests[0]["spec"]["template"]["spec"]


def test_without_permissions_there_is_no_access() -> None:
    assert [each["kind"] for each in rendered(stages=[WAIT])] == ["Deployment"]


def test_permissions_need_a_namespace() -> None:
    with pytest.raises(ModelError, match=r'RoleBinding must name the namespace.*namespace="shop" say'):
        rendered(stages=[READS], namespace=None)


def config_map(files: Mapping[str, str]) -> Manifest:
    mounted = Volume("scripts", InlineFiles(files, default_mode=0o555)).at("/scripts")
    manifests = rendered(containers=[Container("app", image="shop:1", mounts=[mounted])])
    [volume] = manifests[0]["spec"]["template"]["spec"]["volumes"]
    assert volume["configMap"] == {"name": manifests[1]["metadata"]["name"], "defaultMode": 0o555}
    return manifests[1]


FILES = st.dictionaries(st.sampled_from(["a", "b", "ab"]), st.text(max_size=3), min_size=1)


@given(one=FILES, other=FILES)
def test_inline_files_get_a_config_map_whose_name_changes_with_them(one: dict[str, str], other: dict[str, str]) -> None:
    first, second = config_map(one), config_map(other)
    assert first["data"] == one
    assert (first["metadata"]["name"] == second["metadata"]["name"]) == (one == other)


def test_what_a_stage_brings_is_named_after_it_unless_it_has_a_name() -> None:
    bare = {"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "b"}}
    named = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "own", "namespace": "other"}}
    brings = Stage("seed", image="a:1", objects=[bare, named])
    _, first, second = rendered(stages=[brings])
    assert first == bare | {"metadata": {"name": "shop-seed", "namespace": "shop"}}
    assert second == named


def test_two_stages_may_bring_the_same_but_not_two_under_one_name() -> None:
    def brings(name: str, value: str) -> Stage:
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "house"}, "stringData": {"a": value}}
        return Stage(name, image="a:1", objects=[secret])

    assert len(rendered(stages=[brings("one", "b"), brings("two", "b")])) == 2
    with pytest.raises(ModelError, match='Secret "house" comes out twice'):
        rendered(stages=[brings("one", "b"), brings("two", "c")])


# Same input, same bytes.

PROGRAM = """
from initconstructs import *
from initconstructs.manifests.yaml_out import dump_yaml
rule = PolicyRule(verbs=["get"], resources=["pods"])
steps = [
    Stage(name, image="a:1", before=["last"], env={"B": "1", "A": "2"}, permissions=[rule])
    for name in ["c", "a", "b"]
] + [Stage("last", image="a:1", produces=[Directory("/x")])]
files = Volume("files", InlineFiles({"b": "1", "a": "2"}))
app = Container("app", image="b:1", mounts=[steps[-1].output.at("/x"), files.at("/f")])
labels = {"z": "1", "a": "2"}
spec = StatefulSetSpec("shop", namespace="shop", stages=steps, containers=[app], labels=labels, pod_labels=labels)
print(dump_yaml(render(spec)), end="")
"""


def test_the_same_input_gives_the_same_bytes_in_every_process() -> None:
    def run(seed: str) -> bytes:
        env = {"PYTHONHASHSEED": seed}
        return subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, check=True).stdout

    first = run("1")
    assert first.startswith(b"apiVersion: apps/v1\nkind: StatefulSet\n")
    assert first == run("2")


def test_rendering_changes_nothing_that_was_given() -> None:
    spec = DeploymentSpec("shop", containers=[APP], stages=[WAIT], pod_raw={"hostUsers": False})
    first = render(spec)
    cast(Any, first[0])["spec"]["template"]["spec"]["containers"].clear()
    assert render(spec) == render(replace(spec)) != first


# Settings.


def test_settings_below_go_over_those_above() -> None:
    above = Settings(kubernetes="1.35", profile="baseline", images=POLICY)
    assert Settings(profile="none").over(above) == Settings(kubernetes="1.35", profile="none", images=POLICY)
    assert Settings().over(above) == above


def test_settings_have_defaults() -> None:
    assert (Settings().minor, Settings().ceiling, Settings().pull("shop:1")) == (36, "restricted", "shop:1")
