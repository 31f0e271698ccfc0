"""One check over a whole synth: places, choices, and what authors acknowledge."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from initconstructs import rules
from initconstructs.manifests.yaml_in import load_yaml
from initconstructs.rules import Finding

TEXT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  namespace: shop
  annotations: {}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      initContainers:
        - name: wait
          image: busybox
          command: [sh, -c, "until nc -z db 5432; do sleep 1; done"]
      containers: [{name: app, image: "a:1"}]
"""


def check(text: str = TEXT, **options: object) -> list[Finding]:
    return rules.check(load_yaml(text, file="shop.yaml"), **options)  # type: ignore[arg-type]


def test_a_finding_says_everything_that_a_report_needs() -> None:
    (finding,) = check(select=["unbounded-wait"])
    assert (finding.rule, finding.family, finding.severity) == ("unbounded-wait", "startup", "warning")
    assert (finding.file, finding.document, finding.line, finding.column) == ("shop.yaml", 0, 16, 11)
    assert (finding.object.kind, finding.object.namespace, finding.object.name) == ("Deployment", "shop", "shop")
    assert finding.path == "spec.template.spec.initContainers[0].command"
    assert finding.fix.startswith("Give the wait")


def test_plain_manifests_are_checked_as_well_without_a_place() -> None:
    (finding,) = rules.check([document.manifest for document in load_yaml(TEXT)], select=["unbounded-wait"])
    assert (finding.file, finding.line) == (None, None)


def test_rules_and_families_are_chosen_by_name() -> None:
    assert {finding.family for finding in check(select=["startup"])} == {"startup"}
    assert "unbounded-wait" not in {finding.rule for finding in check(ignore=["unbounded-wait"])}
    assert check(select=["mutable-image"], ignore=["startup"]) == []


@pytest.mark.parametrize(("name", "hint"), [("unbound-wait", "unbounded-wait"), ("start-up", "startup")])
def test_an_unknown_name_is_told_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean '{hint}'"):
        check(select=[name])
    with pytest.raises(ValueError, match="'startup' is one text; write a list of names"):
        check(ignore="startup")
    with pytest.raises(KeyError, match="there is no rule 'unbound-wait'; did you mean 'unbounded-wait'"):
        rules.rule("unbound-wait")


def test_an_acknowledged_warning_stays_with_its_reason() -> None:
    text = TEXT.replace("{}", '{initconstructs.dev/acknowledge.unbounded-wait: "alert 42 watches it"}', 1)
    assert [finding.acknowledged for finding in check(text, select=["unbounded-wait"])] == ["alert 42 watches it"]
    assert [finding.acknowledged for finding in check(text, select=["mutable-image"])] == [None]


def test_what_the_api_server_refuses_can_not_be_acknowledged() -> None:
    text = TEXT.replace("{}", "{initconstructs.dev/acknowledge.duplicate-key: no}", 1) + "kind: Deployment\n"
    (finding,) = check(text, select=["duplicate-key"])
    assert (finding.severity, finding.acknowledged, finding.path, finding.line) == ("error", None, "kind", 18)


def test_the_profile_is_given_or_that_of_the_namespace() -> None:
    namespace = """
---
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}}
"""
    assert check(select=["pod-security"]) == []
    assert check(profile="baseline", select=["pod-security"]) == []
    given_profile = check(profile="restricted", select=["pod-security"])
    assert "may-run-as-root" in {finding.rule for finding in given_profile}
    assert check(TEXT + namespace, select=["pod-security"]) == given_profile


def test_the_package_is_light_until_something_is_checked() -> None:
    code = "import sys, initconstructs.rules; print([m for m in sys.modules if 'startup' in m or m == 'yaml'])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


KINDS = ["Pod", "Deployment", "Service", "Role", "RoleBinding", "Job", "Namespace", "Secret", "List", "", None, 3]
FIELDS = """apiVersion metadata name namespace labels annotations spec template containers initContainers volumes env
    command args image restartPolicy securityContext ports selector volumeMounts resources requests cpu subjects
    roleRef data items valueFrom secretKeyRef envFrom probes readinessProbe lifecycle""".split()  # noqa: SIM905
odd = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(FIELDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=25,
)


UNHASHABLE = {
    "volumes": [{"name": [], "persistentVolumeClaim": {"claimName": "c"}}],
    "initContainers": [
        {"restartPolicy": "Always", "volumeMounts": [{"name": "v"}], "securityContext": {"procMount": {}}},
        {"name": {}, "volumeMounts": [{"name": [], "readOnly": True}], "command": ["sh", "-c", ["x"]]},
    ],
}


@example([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": [], "labels": {"a": []}}, "spec": UNHASHABLE}])
@example([{"apiVersion": "v1", "kind": "Service", "spec": {"selector": {"a": []}, "ports": [{"targetPort": []}]}}])
@given(
    st.lists(
        st.fixed_dictionaries({"kind": st.sampled_from(KINDS)}, optional={"spec": odd, "metadata": odd}), max_size=3
    )
)
def test_any_json_gets_a_verdict(manifests: list[dict[str, object]]) -> None:
    families = ["pod-security", "references", "startup"]
    for finding in rules.check(manifests, profile="restricted", select=families):
        assert finding.message
