"""What holds of pods beyond one example for each rule: old names, what is dropped with a field, order, and minors."""

from __future__ import annotations

from typing import Any

import pytest

from initconstructs.rules import api_server

CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def found(kubernetes: str = "1.36", **spec: Any) -> list[str]:
    """The paths below spec, in the server's order."""
    problems = api_server.check(_pod(spec), kubernetes=kubernetes)
    return [problem.path.removeprefix("spec.") for problem in problems]


def _pod(spec: dict[str, Any]) -> dict[str, Any]:
    whole = {"containers": [_container()], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}}, "spec": whole}


def _container(name: str = "app", **fields: Any) -> dict[str, Any]:
    return {"name": name, "image": "nginx:1.27", **fields}


def _claim_volume(metadata: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": "v", "ephemeral": {"volumeClaimTemplate": {"metadata": metadata, "spec": CLAIM}}}]


def test_the_old_name_of_a_service_account_counts_where_the_new_one_is_absent() -> None:
    assert found(serviceAccount="My_Account") == ["serviceAccountName"]
    assert found(serviceAccount="My_Account", serviceAccountName="mine") == []


@pytest.mark.parametrize(("seconds", "fine"), [(1, True), (2, False)])
def test_a_negative_grace_period_is_one_second_in_a_pod_and_nothing_in_a_template(seconds: int, fine: bool) -> None:
    hooks = {"preStop": {"sleep": {"seconds": seconds}}}
    spec = {"terminationGracePeriodSeconds": -30, "containers": [_container(lifecycle=hooks)]}
    assert (found(**spec) == []) is fine
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": spec}
    whole = {"selector": {"matchLabels": labels}, "template": template}
    daemons = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "web"}, "spec": whole}
    assert [problem.rule.id for problem in api_server.check(daemons)] == ["hook-sleep"]


def test_a_lifecycle_goes_with_the_stop_signal_that_is_all_it_has() -> None:
    stop = {"stopSignal": "SIGTERM"}
    assert found(initContainers=[_container("init", lifecycle=stop)]) == []
    hook = {**stop, "preStop": {"exec": {"command": ["true"]}}}
    assert found(initContainers=[_container("init", lifecycle=hook)]) == ["initContainers[0].lifecycle"]


def test_a_mount_without_a_path_has_its_options_checked_too() -> None:
    mounts = [{"name": "v", "subPath": "/x"}]
    assert found(volumes=[{"name": "v"}], containers=[_container(volumeMounts=mounts)]) == [
        "containers[0].volumeMounts[0].mountPath",
        "containers[0].volumeMounts.subPath",
    ]


def test_every_source_of_a_projection_is_checked_from_1_31() -> None:
    source = {"secret": {"name": "a"}, "serviceAccountToken": {"path": "t", "expirationSeconds": 1}}
    volumes = [{"name": "v", "projected": {"sources": [source]}}]
    at = "volumes[0].projected.sources[0]"
    assert found(volumes=volumes) == [f"{at}.serviceAccountToken.expirationSeconds", at]
    assert found("1.30", volumes=volumes) == [f"{at}.serviceAccountToken"]


@pytest.mark.parametrize(
    ("metadata", "fields"),
    [
        ({"generation": 1, "uid": "u", "name": "x"}, ["name", "uID", "generation"]),
        ({"finalizers": []}, ["finalizers"]),
        ({"deletionGracePeriodSeconds": 0}, ["deletionGracePeriodSeconds"]),
        ({"generation": 0, "name": "", "labels": {"a": "b"}}, []),
    ],
)
def test_the_template_of_a_claim_has_no_other_metadata(metadata: dict[str, Any], fields: list[str]) -> None:
    at = "volumes[0].ephemeral.volumeClaimTemplate.metadata"
    assert found(volumes=_claim_volume(metadata)) == [f"{at}.{field}" for field in fields]


def test_the_source_of_a_claim_in_a_pod_keeps_its_namespace() -> None:
    reference = {"kind": "PersistentVolumeClaim", "name": "seed", "namespace": "Other"}
    claim = {"spec": {**CLAIM, "dataSourceRef": reference}}
    at = "ephemeral.volumeClaimTemplate.spec.dataSourceRef.namespace"
    assert found(volumes=[{"name": "v", "ephemeral": {"volumeClaimTemplate": claim}}]) == [f"volumes[0].{at}"]


def test_huge_pages_are_held_against_their_limit_before_they_are_counted() -> None:
    resources = {"limits": {"cpu": 1, "hugepages-2Mi": "4Mi"}, "requests": {"hugepages-2Mi": 1}}
    assert found(containers=[_container(resources=resources)]) == [
        "containers[0].resources.requests",
        "containers[0].resources.requests[hugepages-2Mi]",
    ]


def test_more_huge_pages_than_can_be_counted_are_none() -> None:
    resources = {"limits": {"cpu": 1, "hugepages-3Mi": "1e99"}}
    assert found(containers=[_container(resources=resources)]) == []


def test_a_pod_takes_its_requests_from_its_containers_and_its_huge_pages_too() -> None:
    containers = [_container(resources={"limits": {"cpu": 1, "hugepages-2Mi": "4Mi"}})]
    assert found(containers=containers, resources={"limits": {"hugepages-2Mi": "4Mi"}}) == []
    assert found(containers=containers, resources={"requests": {"cpu": 1}}) == []
    assert found(containers=containers, resources={"requests": {"cpu": 1, "hugepages-2Mi": "4Mi"}}) == [
        "resources.limits"
    ]


def test_the_name_of_a_resource_of_the_pod_is_one_of_any_resource() -> None:
    at = "resources.requests[gpu]"
    (problem,) = api_server.check(_pod({"resources": {"requests": {"gpu": 1}}}))
    assert (problem.path, problem.reason) == (f"spec.{at}", "FieldValueInvalid")
    assert found(resources={"requests": {"storage": 1}}) == ["resources.requests[storage]"]


def test_init_containers_without_a_name_are_not_the_same() -> None:
    nameless = {"image": "nginx:1.27"}
    assert found(initContainers=[nameless, nameless]) == ["initContainers[0].name", "initContainers[1].name"]


def test_the_last_volume_of_a_name_holds_the_environment_file() -> None:
    volumes = [{"name": "v", "emptyDir": {}}, {"name": "v", "secret": {"secretName": "s"}}]
    source = {"fileKeyRef": {"volumeName": "v", "path": "env", "key": "A"}}
    env = [{"name": "A", "valueFrom": source}]
    assert found(volumes=volumes, dnsPolicy="none", containers=[_container(env=env)]) == [
        "volumes[1].name",
        "dnsPolicy",
        "containers[0].env[0].valueFrom.fileKeyRef.volumeName",
    ]


def test_a_key_that_the_selector_has_already_is_found_by_its_place_in_the_list() -> None:
    selector = {"matchExpressions": [{"key": "app", "operator": "Exists"}, {"key": "app", "operator": "Exists"}]}
    term = {"topologyKey": "a", "labelSelector": selector, "matchLabelKeys": ["tier", "app"]}
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    at = "affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]"
    assert found(affinity=affinity) == [f"{at}[1]", f"{at}[1]"]
    term["labelSelector"] = {}
    term["mismatchLabelKeys"] = ["app"]
    assert found(affinity=affinity)[-1] == f"{at}.matchLabelKeys[1]"


def test_rules_of_an_init_container_without_a_policy_are_not_looked_at() -> None:
    wrong = [{"action": "Retry"}]
    assert found(initContainers=[_container("init", restartPolicyRules=wrong)]) == ["initContainers[0].restartPolicy"]
    assert found(containers=[_container(restartPolicyRules=wrong)]) == [
        "containers[0].restartPolicy",
        "containers[0].restartPolicyRules[0].action",
        "containers[0].restartPolicyRules[0].exitCodes",
    ]


def test_rules_of_a_sidecar_are_refused_as_a_whole_before_1_36() -> None:
    sidecar = _container("side", restartPolicy="Always", restartPolicyRules=[{"action": "Retry"}])
    at = "initContainers[0].restartPolicyRules"
    assert found("1.35", initContainers=[sidecar]) == [at]
    assert found("1.36", initContainers=[sidecar]) == [f"{at}[0].action", f"{at}[0].exitCodes"]


@pytest.mark.parametrize(("kubernetes", "refused"), [("1.33", True), ("1.34", False), ("1.35", False)])
def test_a_restart_policy_of_its_own_is_forgotten_by_1_34(kubernetes: str, refused: bool) -> None:
    spec = {
        "initContainers": [_container("init", restartPolicy="Never"), _container("side", restartPolicy="Always")],
        "containers": [_container(restartPolicy="OnFailure")],
    }
    paths = ["containers[0].restartPolicy", "initContainers[0].restartPolicy"]
    assert found(kubernetes, **spec) == (paths if refused else [])
    dropped = [problem.path for problem in api_server.dropped(_pod(spec), kubernetes=kubernetes)]
    assert sorted(dropped) == ([f"spec.{path}" for path in paths] if kubernetes == "1.34" else [])


def test_a_host_path_without_a_path_has_no_type_to_check() -> None:
    assert found(volumes=[{"name": "v", "hostPath": {"type": "Dir"}}]) == ["volumes[0].hostPath.path"]


def test_a_windows_user_with_a_backslash_has_a_domain() -> None:
    options = {"windowsOptions": {"runAsUserName": r"\\user"}}
    assert found(securityContext=options) == ["securityContext.windowsOptions.runAsUserName"]
    options["windowsOptions"]["runAsUserName"] = r"shop\user"
    assert found(securityContext=options) == []


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("null", []),
        ("[null]", ["toleration"]),
        ("{}", ["tolerations-annotation"]),
        ("[1]", ["tolerations-annotation"]),
    ],
)
def test_null_may_stand_in_the_annotation_with_tolerations(text: str, rules: list[str]) -> None:
    manifest = _pod({})
    manifest["metadata"]["annotations"] = {"scheduler.alpha.kubernetes.io/tolerations": text}
    assert [problem.rule.id for problem in api_server.check(manifest)] == rules


@pytest.mark.parametrize(
    ("value", "shown"), [("a>b", '"a>b"'), ("ü", '"ü"'), ("a\x00\n", r'"a\x00\n"'), ("\u200b", r'"\u200b"')]
)
def test_a_text_is_quoted_as_go_does(value: str, shown: str) -> None:
    (problem,) = api_server.check(_pod({"nodeSelector": {"a": value}}))
    assert problem.message.startswith(f"Invalid value: {shown}: a valid label must be")
