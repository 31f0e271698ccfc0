from __future__ import annotations

from typing import Any

import pytest

from initconstructs.rules import api_server
from initconstructs.rules.finding import Severity


def deployment(spec: dict[str, Any] | None = None, **container: Any) -> dict[str, Any]:
    labels = {"app": "web"}
    containers = [{"name": "app", "image": "nginx:1.27", **container}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers, **(spec or {})}}
    whole = {"selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": whole}


def said(manifest: dict[str, Any], **options: Any) -> list[tuple[str, str]]:
    return [(problem.rule.id, problem.path) for problem in api_server.check(manifest, **options)]


def test_what_is_right_gets_no_word() -> None:
    assert said(deployment()) == []


def test_a_decoding_error_hides_what_validation_would_say() -> None:
    wrong = deployment(image="", tty="yes")
    assert said(wrong) == [("mistyped-field", "spec.template.spec.containers[0].tty")]


def test_all_that_is_wrong_is_said_in_the_servers_order() -> None:
    wrong = deployment(spec={"dnsPolicy": "none", "initContainers": [{"name": "app", "image": ""}]}, name="")
    assert said(wrong) == [
        ("container-name", "spec.template.spec.containers[0].name"),
        ("container-image", "spec.template.spec.initContainers[0].image"),
        ("dns-policy", "spec.template.spec.dnsPolicy"),
    ]


def test_a_cause_reads_as_the_server_prints_it() -> None:
    (problem,) = api_server.check(deployment(imagePullPolicy="<always>"))
    assert problem.reason == "FieldValueNotSupported"
    assert problem.message == (
        'Unsupported value: "\\u003calways\\u003e": supported values: "Always", "IfNotPresent", "Never"'
    )


@pytest.mark.parametrize(
    ("kind", "version", "path"),
    [
        ("Deployment", "extensions/v1beta1", "kind"),
        ("deployment", "apps/v1", "kind"),
        ("Deployment", "apps/v1/x", "apiVersion"),
        ("Deployment", 1, "apiVersion"),
    ],
)
def test_a_kind_that_kubernetes_does_not_know_is_found(kind: str, version: object, path: str) -> None:
    assert said({"apiVersion": version, "kind": kind}) == [("unknown-kind", path)]


def test_a_wrong_version_names_the_right_one() -> None:
    (problem,) = api_server.check({"apiVersion": "extensions/v1beta1", "kind": "Ingress"})
    assert problem.message.endswith("did you mean networking.k8s.io/v1 Ingress?")


@pytest.mark.parametrize(
    "manifest",
    [
        {"apiVersion": "example.com/v1", "kind": "Job", "spec": 1},
        {"apiVersion": "v1", "kind": "List", "items": []},
        {"apiVersion": "apps/v1"},
        {},
    ],
)
def test_of_custom_resources_there_is_nothing_to_say(manifest: dict[str, Any]) -> None:
    assert said(manifest) == []


def test_a_built_in_kind_without_rules_is_still_decoded() -> None:
    ingress = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": {"rulez": []}}
    assert said(ingress) == [("unknown-field", "spec.rulez")]


def test_an_object_goes_where_the_request_goes() -> None:
    manifest = deployment()
    manifest["metadata"]["namespace"] = "shop"
    assert said(manifest, namespace="shop") == []
    assert said(manifest, namespace="default") == [("other-namespace", "metadata.namespace")]


def test_a_field_that_the_target_does_not_know_is_an_error() -> None:
    override = deployment(spec={"hostnameOverride": "web"})
    assert said(override, kubernetes="1.33") == [("unknown-field", "spec.template.spec.hostnameOverride")]


def test_a_field_that_the_target_forgets_is_a_warning() -> None:
    override = deployment(spec={"hostnameOverride": "Not Valid"})
    assert said(override, kubernetes="1.34") == []
    (problem,) = api_server.dropped(override, kubernetes="1.34")
    assert problem.rule.severity is Severity.WARNING
    assert problem.path == "spec.template.spec.hostnameOverride"
    assert "HostnameOverride" in problem.message
    assert api_server.dropped(override, kubernetes="1.35") == []


def test_a_forgotten_image_volume_takes_its_mounts_along() -> None:
    mounted = deployment(
        spec={"volumes": [{"name": "model", "image": {"reference": "a"}}, {"name": "tmp"}]},
        volumeMounts=[{"name": "model", "mountPath": "/model"}, {"name": "tmp", "mountPath": "/tmp"}],
    )
    assert said(mounted, kubernetes="1.34") == []
    assert [problem.path for problem in api_server.dropped(mounted, kubernetes="1.34")] == [
        "spec.template.spec.volumes[0].image"
    ]


def test_a_manifest_is_left_as_it_was() -> None:
    manifest = deployment(spec={"hostnameOverride": "web"}, args=[None], stdin=None)
    before = repr(manifest)
    api_server.check(manifest, kubernetes="1.34")
    assert repr(manifest) == before


def test_a_pod_is_judged_more_strictly_than_a_template() -> None:
    spec = {"hostNetwork": True, "containers": [{"name": "app", "image": " nginx", "ports": [{"containerPort": 0}]}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}
    assert said(pod)[-1] == ("image-white-space", "spec.containers[0].image")
    assert said(deployment(image=" nginx")) == []


def test_a_limit_of_a_pod_is_its_request_too() -> None:
    resources = {"limits": {"gpu": 1}}
    pod = {"containers": [{"name": "app", "image": "nginx", "resources": resources}]}
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": pod}
    assert {path for _, path in said(manifest)} == {
        "spec.containers[0].resources.limits[gpu]",
        "spec.containers[0].resources.requests[gpu]",
    }


def test_every_rule_has_an_identity_of_its_own() -> None:
    ids = [rule.id for rule in api_server.RULES]
    assert len(ids) == len(set(ids))
