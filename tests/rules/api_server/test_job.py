from __future__ import annotations

from typing import Any

import pytest

from initconstructs.rules.api_server.job import check_cron_job, check_job
from initconstructs.rules.api_server.target import target

Found = list[tuple[str, str]]


def job_spec(template: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    pod = {"containers": [{"name": "app", "image": "nginx:1.27"}], "restartPolicy": "Never"}
    return {"template": {"spec": pod, **(template or {})}, **spec}


def job(name: str = "load", template: dict[str, Any] | None = None, **spec: Any) -> Found:
    manifest = {"metadata": {"name": name}, "spec": job_spec(template, **spec)}
    return [(problem.rule.id, problem.path) for problem in check_job(manifest, target("1.36"))]


def cron_job(name: str = "load", job: dict[str, Any] | None = None, kubernetes: str = "1.36", **spec: Any) -> Found:
    whole = {"schedule": "@daily", "jobTemplate": {"spec": job_spec(**(job or {}))}, **spec}
    manifest = {"metadata": {"name": name}, "spec": whole}
    return [(problem.rule.id, problem.path) for problem in check_cron_job(manifest, target(kubernetes))]


def labelled(**labels: str) -> dict[str, Any]:
    return {"metadata": {"labels": labels}}


def restarting(policy: str | None) -> dict[str, Any]:
    pod = {"containers": [{"name": "app", "image": "nginx:1.27"}], "restartPolicy": policy}
    return {"spec": {field: value for field, value in pod.items() if value is not None}}


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"parallelism": 0},
        {"completionMode": "Indexed", "completions": 3, "backoffLimitPerIndex": 1, "maxFailedIndexes": 3},
        {"manualSelector": True, "selector": {"matchLabels": {"app": "load"}}, "template": labelled(app="load")},
        {"managedBy": "kueue.x-k8s.io/multikueue"},
    ],
)
def test_a_job_that_can_run_is_fine(spec: dict[str, Any]) -> None:
    assert job(**spec) == []


@pytest.mark.parametrize("field", ["parallelism", "completions", "backoffLimit", "ttlSecondsAfterFinished"])
def test_counts_are_not_negative(field: str) -> None:
    assert job(**{field: -1}) == [("not-negative", f"spec.{field}")]


@pytest.mark.parametrize("policy", ["Always", None])
def test_a_job_says_how_it_restarts(policy: str | None) -> None:
    assert job(template=restarting(policy)) == [("job-restart-policy", "spec.template.spec.restartPolicy")]
    assert job(template=restarting("OnFailure")) == []


def test_an_unknown_restart_policy_is_unknown_to_the_job_too() -> None:
    assert job(template=restarting("Sometimes"))[-1] == ("job-restart-policy", "spec.template.spec.restartPolicy")


def test_a_failure_policy_needs_pods_that_are_not_restarted() -> None:
    policy = {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]}
    assert job(podFailurePolicy=policy) == []
    found = job(template=restarting("OnFailure"), podFailurePolicy=policy)
    assert found == [("job-restart-policy", "spec.template.spec.restartPolicy")]


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"completionMode": "Ordered"}, "completionMode"),
        ({"completionMode": "Indexed", "parallelism": 2}, "completions"),
        ({"completionMode": "Indexed", "completions": 9, "parallelism": 100_001}, "parallelism"),
        ({"backoffLimitPerIndex": 1}, "backoffLimitPerIndex"),
        (
            {"completionMode": "Indexed", "completions": 5, "backoffLimitPerIndex": 1, "maxFailedIndexes": 6},
            "maxFailedIndexes",
        ),
        ({"completionMode": "Indexed", "completions": 100_001, "backoffLimitPerIndex": 1}, "maxFailedIndexes"),
    ],
)
def test_what_is_counted_by_index_needs_an_indexed_job(spec: dict[str, Any], path: str) -> None:
    assert job(**spec) == [("job-completion-mode", f"spec.{path}")]


def test_very_many_indexes_have_a_lower_ceiling() -> None:
    spec = {"completions": 200_000, "backoffLimitPerIndex": 1, "parallelism": 10_001, "maxFailedIndexes": 10_001}
    assert [path for _, path in job(completionMode="Indexed", **spec)] == ["spec.parallelism", "spec.maxFailedIndexes"]
    assert job(completionMode="Indexed", **spec | {"parallelism": 1, "maxFailedIndexes": 100_001}) == [
        ("job-completion-mode", "spec.maxFailedIndexes"),
        ("job-completion-mode", "spec.maxFailedIndexes"),
    ]


def test_failed_indexes_are_counted_against_a_limit() -> None:
    assert job(maxFailedIndexes=1)[0] == ("job-failed-indexes", "spec.backoffLimitPerIndex")


@pytest.mark.parametrize("name", ["", "kueue", "kueue/", f"a.io/{'x' * 60}"])
def test_a_manager_is_a_path_of_a_domain(name: str) -> None:
    assert job(managedBy=name) == [("job-managed-by", "spec.managedBy")]


def test_policies_are_checked_where_they_stand() -> None:
    assert ("job-failure-policy", "spec.podFailurePolicy.rules[0]") in job(
        podFailurePolicy={"rules": [{"action": "Ignore"}]}
    )
    assert job(successPolicy={}, completionMode="Indexed", completions=1) == [
        ("job-success-policy", "spec.successPolicy.rules")
    ]
    assert job(podReplacementPolicy="Always") == [("job-replacement-policy", "spec.podReplacementPolicy")]


def test_a_job_without_labels_has_those_of_its_pods() -> None:
    manifest = {
        "metadata": {"name": "j" * 64},
        "spec": {"template": {"metadata": {"labels": {"app": "a"}}, "spec": {"restartPolicy": "Never"}}},
    }
    labels = ["metadata.labels"] * 2
    paths = [problem.path for problem in check_job(manifest, target("1.36"))]
    assert paths[:4] == [*labels, *["spec.template.labels"] * 2]
    manifest["metadata"]["labels"] = {"app": "a"}
    assert [problem.path for problem in check_job(manifest, target("1.36"))] == paths[2:]


def test_success_is_counted_in_indexed_jobs_only_and_after_failure() -> None:
    found = job(successPolicy={}, podFailurePolicy={"rules": [{"action": "Retry", "onPodConditions": [{"type": "A"}]}]})
    assert found == [
        ("job-failure-policy", "spec.podFailurePolicy.rules[0].action"),
        ("job-success-policy", "spec.successPolicy"),
    ]


def test_a_generated_selector_is_left_alone() -> None:
    assert job(selector={"matchLabels": {"app": "load"}}, template=labelled(app="load")) == [
        ("job-generated-selector", "spec.selector")
    ]
    assert job(template=labelled(**{"job-name": "other"})) == [
        ("job-generated-selector", "spec.template.metadata.labels[job-name]")
    ]
    assert job(template=labelled(**{"batch.kubernetes.io/job-name": "load"})) == []


def test_a_manual_selector_selects_the_template() -> None:
    found = job(manualSelector=True, selector={"matchLabels": {"app": "x"}}, template=labelled(app="load"))
    assert found == [("job-selector", "spec.template.metadata.labels")]
    assert job(manualSelector=True)[0] == ("job-selector", "spec.selector")


def test_the_name_of_a_job_becomes_a_label() -> None:
    assert [path for _, path in job("j" * 64)] == ["spec.template.labels", "spec.template.labels"]


def test_the_name_of_an_indexed_job_becomes_a_host_name() -> None:
    assert job("load.db") == []
    assert job("load.db", completionMode="Indexed", completions=1) == [("job-indexed-name", "metadata.name")]
    assert job("j" * 62, completionMode="Indexed", completions=1) == [("job-indexed-name", "metadata.name")]


def test_a_plain_cron_job_is_fine() -> None:
    assert cron_job("c" * 52, timeZone="Europe/Berlin", concurrencyPolicy="Forbid") == []


@pytest.mark.parametrize(
    ("spec", "rule", "path"),
    [
        ({"schedule": ""}, "cron-schedule", "spec.schedule"),
        ({"schedule": "* * * * 7"}, "cron-schedule", "spec.schedule"),
        ({"schedule": "TZ=UTC @daily"}, "cron-schedule", "spec.schedule"),
        ({"timeZone": "europe/berlin"}, "cron-time-zone", "spec.timeZone"),
        ({"concurrencyPolicy": "forbid"}, "cron-concurrency", "spec.concurrencyPolicy"),
        ({"startingDeadlineSeconds": -1}, "not-negative", "spec.startingDeadlineSeconds"),
        ({"failedJobsHistoryLimit": -1}, "not-negative", "spec.failedJobsHistoryLimit"),
        ({"name": "c" * 53}, "cron-job-name", "metadata.name"),
        ({"job": {"selector": {}}}, "cron-job-template-selector", "spec.jobTemplate.spec.selector"),
        ({"job": {"manualSelector": True}}, "cron-job-template-selector", "spec.jobTemplate.spec.manualSelector"),
        ({"job": {"backoffLimit": -1}}, "not-negative", "spec.jobTemplate.spec.backoffLimit"),
    ],
)
def test_a_cron_job_that_can_not_run_is_refused(spec: dict[str, Any], rule: str, path: str) -> None:
    assert cron_job(**spec) == [(rule, path)]


def test_the_template_of_a_cron_job_gets_its_default_status_from_1_34() -> None:
    policy = {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]}
    assert cron_job(job={"podFailurePolicy": policy}) == []
    (found,) = cron_job(job={"podFailurePolicy": policy}, kubernetes="1.33")
    assert found[1].endswith("onPodConditions[0].status")


@pytest.mark.parametrize("manifest", [{}, {"spec": {}}, {"spec": {"jobTemplate": {}, "template": {}}}])
def test_what_is_missing_is_no_reason_to_crash(manifest: dict[str, Any]) -> None:
    for check in (check_job, check_cron_job):
        assert next(check(manifest, target("1.36"))).path == "metadata.name"
