"""What the objects of one synth say of one another."""

from __future__ import annotations

from pathlib import Path

import pytest

from initconstructs.manifests.yaml_in import load_yaml
from initconstructs.rules import references

WORKLOAD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: shop}
spec:
  template:
    metadata: {labels: {app: shop, tier: web}}
    spec: %s
---
"""
POD = "{containers: [{name: app, image: a:1, ports: [{name: http, containerPort: 8080}]}]}"


def found(text: str) -> list[tuple[str, str, str]]:
    manifests = [document.manifest for document in load_yaml(text)]
    synth = references.Synth(manifests)
    problems = [problem for manifest in manifests for problem in references.check(manifest, synth)]
    return [(problem.rule.id, problem.path, problem.message) for problem in problems]


def of_pod(spec: str, *others: str) -> list[tuple[str, str, str]]:
    return found(WORKLOAD % spec + "\n---\n".join(others))


def rules(findings: list[tuple[str, str, str]]) -> list[str]:
    return [rule for rule, *_ in findings]


SECRET = "{apiVersion: v1, kind: Secret, metadata: {name: shop-db, namespace: shop}, stringData: {password: x}}"


@pytest.mark.parametrize(
    ("spec", "path", "named"),
    [
        ("{serviceAccountName: shop}", "serviceAccountName", "ServiceAccount 'shop'"),
        (
            "{containers: [{envFrom: [{configMapRef: {name: c}}]}]}",
            "containers[0].envFrom[0].configMapRef.name",
            "ConfigMap 'c'",
        ),
        ("{volumes: [{name: v, secret: {secretName: s}}]}", "volumes[0].secret.secretName", "Secret 's'"),
        (
            "{volumes: [{name: v, projected: {sources: [{configMap: {name: c}}]}}]}",
            "volumes[0].projected.sources[0].configMap.name",
            "ConfigMap 'c'",
        ),
        (
            "{volumes: [{name: v, persistentVolumeClaim: {claimName: d}}]}",
            "volumes[0].persistentVolumeClaim.claimName",
            "PersistentVolumeClaim 'd'",
        ),
        (
            "{initContainers: [{env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]}]}",
            "initContainers[0].env[0].valueFrom.secretKeyRef.name",
            "Secret 's'",
        ),
    ],
)
def test_an_object_that_is_not_in_the_synth(spec: str, path: str, named: str) -> None:
    assert of_pod(spec) == [("missing-object", f"spec.template.spec.{path}", f"{named} is not in this synth")]


@pytest.mark.parametrize(
    "spec",
    [
        "{containers: [{envFrom: [{configMapRef: {name: c, optional: true}}]}]}",
        "{volumes: [{name: v, configMap: {name: kube-root-ca.crt}}]}",
        "{serviceAccountName: default}",
        "{containers: [{env: [{name: A, value: b}]}]}",
    ],
)
def test_what_is_optional_or_always_there(spec: str) -> None:
    assert of_pod(spec) == []


def test_a_misspelt_name_is_told_the_nearest() -> None:
    ((rule, _, message),) = of_pod("{containers: [{envFrom: [{secretRef: {name: shop-bd}}]}]}", SECRET)
    assert (rule, message.partition("; ")[2]) == ("missing-object", "did you mean 'shop-db'?")


def test_the_same_name_in_another_namespace_is_another_object() -> None:
    other = SECRET.replace("namespace: shop", "namespace: other")
    assert rules(of_pod("{containers: [{envFrom: [{secretRef: {name: shop-db}}]}]}", other)) == ["missing-object"]


def test_a_key_that_the_object_does_not_have() -> None:
    env = "{containers: [{env: [{name: A, valueFrom: {secretKeyRef: {name: shop-db, key: %s}}}]}]}"
    assert of_pod(env % "password", SECRET) == []
    ((rule, path, message),) = of_pod(env % "passwd", SECRET)
    assert (rule, message) == ("missing-key", "Secret 'shop-db' has no key 'passwd' (it has password)")
    assert path == "spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.key"


def test_a_file_of_a_volume_that_the_object_does_not_have() -> None:
    spec = "{volumes: [{name: v, secret: {secretName: shop-db, items: [{key: url, path: url}]}}]}"
    assert rules(of_pod(spec, SECRET)) == ["missing-key"]


def test_the_claims_of_a_stateful_set_are_its_own() -> None:
    text = """
{apiVersion: apps/v1, kind: StatefulSet, spec: {volumeClaimTemplates: [{metadata: {name: data}}],
 template: {spec: {volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]}}}}
"""
    assert found(text) == []


def service(**fields: str) -> str:
    spec = f"{{selector: {fields.get('selector', '{app: shop}')}, ports: {fields.get('ports', '[{port: 8080}]')}}}"
    namespace = fields.get("namespace", "shop")
    return f"{{apiVersion: v1, kind: Service, metadata: {{name: s, namespace: {namespace}}}, spec: {spec}}}"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, []),
        ({"selector": "{app: shopp}"}, ["service-selects-nothing"]),
        ({"selector": "{app: shop, tier: db}"}, ["service-selects-nothing"]),
        ({"selector": "{app: x}", "namespace": "elsewhere"}, []),
        ({"selector": "{}"}, []),
        ({"ports": "[{port: 80, targetPort: http}]"}, []),
        ({"ports": "[{port: 80, targetPort: 8080}]"}, []),
        ({"ports": "[{port: 80, targetPort: web}]"}, ["service-port-unserved"]),
        ({"ports": "[{port: 80}]"}, ["service-port-unserved"]),
    ],
)
def test_services_and_the_pods_they_select(spec: dict[str, str], expected: list[str]) -> None:
    assert rules(of_pod(POD, service(**spec))) == expected


def test_a_pod_that_declares_no_ports_may_serve_any() -> None:
    assert of_pod("{containers: [{name: app}]}", service()) == []
    assert rules(of_pod("{containers: [{name: app}]}", service(ports="[{port: 80, targetPort: http}]"))) == [
        "service-port-unserved"
    ]


def wait(command: str) -> str:
    return f"{{initContainers: [{{name: w, image: 'a:1', command: [sh, -c, '{command}']}}]}}"


@pytest.mark.parametrize(
    ("command", "service"),
    [
        ("until nc -z db 5432; do sleep 1; done", "'db'"),
        ("until pg_isready -h db -U x; do sleep 1; done", "'db'"),
        ("until curl -sf http://api.other.svc.cluster.local:80/ready; do sleep 1; done", "'api' in namespace 'other'"),
        ("until nslookup cache; do sleep 1; done", "'cache'"),
        ("until echo > /dev/tcp/queue/5672; do sleep 1; done", "'queue'"),
    ],
)
def test_a_wait_for_a_service_that_is_not_in_the_synth(command: str, service: str) -> None:
    messages = [message for rule, _, message in of_pod(wait(command)) if rule == "wait-outside-synth"]
    assert messages == [f"'w' waits for Service {service}, which is not in this synth"]


@pytest.mark.parametrize(
    "command",
    [
        "until nc -z s 8080; do sleep 1; done",
        "until nc -z s.shop.svc 8080; do sleep 1; done",
        "until nc -z 10.0.0.1 80; do sleep 1; done",
        "until nc -z localhost 80; do sleep 1; done",
        "until curl -sf https://example.com; do sleep 1; done",
        "until nc -z $(DB_HOST) 80; do sleep 1; done",
    ],
)
def test_a_wait_for_what_is_there_or_outside_the_cluster(command: str) -> None:
    labelled = POD[:-1] + ", " + wait(command)[1:]
    assert "wait-outside-synth" not in rules(of_pod(labelled, service()))


def job(spec: str) -> str:
    return f"{{apiVersion: batch/v1, kind: Job, metadata: {{name: migrate, namespace: shop}}, spec: {spec}}}"


@pytest.mark.parametrize(
    "container",
    [
        "{name: w, image: 'kubectl:1', args: [wait, --for=condition=complete, job/migrate]}",
        "{name: w, image: 'a:1', command: [sh, -c, 'kubectl wait --for=condition=complete job migrate']}",
        "{name: w, image: 'groundnuty/k8s-wait-for:v2', args: [job, migrate]}",
    ],
)
def test_a_wait_for_a_job_that_removes_itself(container: str) -> None:
    spec = f"{{initContainers: [{container}]}}"
    assert rules(of_pod(spec, job("{ttlSecondsAfterFinished: 60}"))) == ["wait-on-expiring-job"]
    assert of_pod(spec, job("{}")) == []


ROLE = "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: shop}}"


def binding(account: str, kind: str = "ServiceAccount") -> str:
    return (
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b, namespace: shop},"
        f" roleRef: {{kind: Role, name: r}}, subjects: [{{kind: {kind}, name: {account}}}]}}"
    )


ACCOUNT = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: shop, namespace: shop}}"


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([ROLE], ["unused-role"]),
        ([ROLE, binding("default")], ["unused-role"]),
        ([ROLE, binding("shop")], []),
        ([ROLE, binding("someone", "User")], []),
    ],
)
def test_roles_and_the_pods_that_use_them(others: list[str], expected: list[str]) -> None:
    assert rules(of_pod("{serviceAccountName: shop}", ACCOUNT, *others)) == expected


def test_every_rule_is_tested_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [rule.id for rule in references.RULES if f'"{rule.id}"' not in text] == []
