"""Job and CronJob.

Sources: kubernetes/pkg/apis/batch/validation/validation.go, batch/v1/defaults.go, pkg/registry/batch/job/strategy.go.
"""

from __future__ import annotations

from initconstructs.rules.api_server import pod
from initconstructs.rules.api_server.bounds import not_negative
from initconstructs.rules.api_server.cause import invalid, not_supported, required, too_long
from initconstructs.rules.api_server.check import Causes, Node, Problems, rule
from initconstructs.rules.api_server.cron import schedule_error, time_zone_errors
from initconstructs.rules.api_server.formats import dns_label, dns_subdomain, domain_prefixed_path, size
from initconstructs.rules.api_server.job_policies import (
    pod_failure_policy,
    pod_replacement_policy,
    success_policy,
)
from initconstructs.rules.api_server.object_meta import given_name, object_meta
from initconstructs.rules.api_server.selector import label_selector, matches
from initconstructs.rules.api_server.target import Target

_NONE: Node = {}
_SOFT_LIMIT = 100_000  # completions, and the ceiling of parallelism and maxFailedIndexes of an indexed Job
_HIGH_LIMIT = 10_000  # parallelism and maxFailedIndexes beyond that many completions
_NOT_NEGATIVE = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
# What the server writes in place of the uid that it makes up for the Job.
_UID = "the-uid-of-the-Job"


@rule("job-failed-indexes", fix="Give backoffLimitPerIndex beside maxFailedIndexes.")
def job_failed_indexes(path: str) -> Causes:
    """Counting failed indexes needs a limit for each index.

    What: maxFailedIndexes stands only beside backoffLimitPerIndex.
    Why: without a limit of its own an index never fails for good.
    Example: `maxFailedIndexes: 3` alone is refused.
    Fix: add `backoffLimitPerIndex: 1`.
    Source: validateJobSpec in kubernetes/pkg/apis/batch/validation/validation.go.
    """
    yield required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")


@rule("job-managed-by", fix="Name the controller as a domain-prefixed path of at most 63 bytes, such as acme.io/jobs.")
def job_managed_by(name: str, path: str) -> Causes:
    """A Job's managedBy names a controller.

    What: managedBy is a domain-prefixed path of at most 63 bytes; before 1.32 it is dropped.
    Why: no controller would take a Job whose manager it can't recognise.
    Example: `managedBy: kueue` is refused, `managedBy: kueue.x-k8s.io/multikueue` is fine.
    Fix: prefix it with the controller's domain.
    Source: validateJobSpec in kubernetes/pkg/apis/batch/validation/validation.go.
    """
    if not name:
        yield required(path)
        return
    for part, complaint in domain_prefixed_path(name):
        yield invalid(path, part, complaint)
    if size(name) > 63:
        yield too_long(path, 63)


@rule(
    "job-completion-mode",
    fix="Use completionMode: Indexed with completions for per-index fields, and keep to its ceiling of 100000.",
)
def job_completion_mode(spec: Node, path: str) -> Causes:
    """A Job is counted as a whole or by index.

    What: completionMode is NonIndexed, the default, or Indexed. An indexed Job has completions, and parallelism and
    maxFailedIndexes of at most 100000 (10000 with a limit per index and more than 100000 completions). Only an indexed
    Job has backoffLimitPerIndex or maxFailedIndexes.
    Why: the controller keeps one record for each index.
    Example: `completionMode: Indexed` with parallelism alone is refused, because completions stays unset.
    Fix: write completions.
    Source: validateJobSpec in kubernetes/pkg/apis/batch/validation/validation.go.
    """
    mode = spec.get("completionMode", "NonIndexed")
    if mode == "Indexed":
        yield from _indexed(spec, path)
    elif mode == "NonIndexed":
        for field in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if field in spec:
                yield invalid(f"{path}.{field}", spec[field], "requires indexed completion mode")
    else:
        yield not_supported(f"{path}.completionMode", mode, ["NonIndexed", "Indexed"])


def _indexed(spec: Node, path: str) -> Causes:
    completions, parallelism, failed = completions_of(spec), spec.get("parallelism", 1), spec.get("maxFailedIndexes")
    if completions is None:
        yield required(f"{path}.completions", "when completion mode is Indexed")
    if parallelism > _SOFT_LIMIT:
        detail = "must be less than or equal to 100000 when completion mode is Indexed"
        yield invalid(f"{path}.parallelism", parallelism, detail)
    if completions is not None and failed is not None and failed > completions:
        yield invalid(f"{path}.maxFailedIndexes", failed, "must be less than or equal to completions")
    if failed is not None and failed > _SOFT_LIMIT:
        yield invalid(f"{path}.maxFailedIndexes", failed, "must be less than or equal to 100000")
    if (completions or 0) > _SOFT_LIMIT and "backoffLimitPerIndex" in spec:
        yield from _many_indexes(spec, path)


def _many_indexes(spec: Node, path: str) -> Causes:
    if "maxFailedIndexes" not in spec:
        yield required(f"{path}.maxFailedIndexes", "must be specified when completions is above 100000")
    detail = (
        "must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index"
    )
    for field in ("parallelism", "maxFailedIndexes"):
        if spec.get(field, 0) > _HIGH_LIMIT:
            yield invalid(f"{path}.{field}", spec[field], detail)


@rule("job-restart-policy", fix="Write restartPolicy: Never or OnFailure; with podFailurePolicy, Never.")
def job_restart_policy(spec: Node, path: str, has_failure_policy: bool) -> Causes:
    """The pods of a Job end.

    What: the template's restartPolicy is Never or OnFailure, and Never beside podFailurePolicy. It has to be written,
    for the default is Always.
    Why: a pod that restarts for ever never completes, and one that restarts in place hides its failures.
    Example: a Job without restartPolicy is refused.
    Fix: `restartPolicy: Never` keeps failed pods and their logs; `OnFailure` restarts in place.
    Source: validateJobSpec in kubernetes/pkg/apis/batch/validation/validation.go.
    """
    policy = spec.get("restartPolicy") or "Always"
    if policy == "Always":
        yield required(path, 'valid values: "OnFailure", "Never"')
    elif policy not in {"OnFailure", "Never"}:
        yield not_supported(path, policy, ["OnFailure", "Never"])
    elif has_failure_policy and policy != "Never":
        yield invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')


@rule("job-selector", fix="Leave selector and the generated labels out, or set manualSelector and write both to match.")
def job_selector(selector: Node | None, labels: Node) -> Causes:
    """A Job's selector selects the pods that its template makes.

    What: the server makes selector and labels from the Job's uid. A selector of the author's own needs
    manualSelector: true and has to match the template's labels.
    Why: two Jobs with the same selector would count each other's pods.
    Example: `manualSelector: true` without selector is refused.
    Fix: remove both.
    Source: ValidateJobSpec in kubernetes/pkg/apis/batch/validation/validation.go.
    """
    if selector is None:
        yield required("spec.selector")
    if not matches(selector, labels):
        yield invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")


@rule("job-generated-selector", fix="Leave selector and the job-name and controller-uid labels to the server.")
def job_generated_selector(selector: Node, labels: Node, expected: Node, readable: bool) -> Causes:
    """A generated selector stays as generated.

    What: unless manualSelector is true, the template's labels `job-name`, `controller-uid` and their
    `batch.kubernetes.io/` forms have the Job's name and uid, and the selector asks for nothing but these.
    Why: the uid makes sure that no two Jobs share a pod.
    Example: `matchLabels: {app: web}` without `manualSelector: true` is refused.
    Fix: remove the selector.
    Source: validateGeneratedSelector in kubernetes/pkg/apis/batch/validation/validation.go.
    """
    for key, value in expected.items():
        if labels[key] != value:
            yield invalid(f"spec.template.metadata.labels[{key}]", labels, f"must be '{value}'")
    if readable and not matches(selector, expected):
        yield invalid("spec.selector", selector, "`selector` not auto-generated")


@rule("job-indexed-name", fix="Shorten the Job's name, and write it without dots.")
def job_indexed_name(name: str, completions: int) -> Causes:
    """An indexed Job's name leaves room for the index.

    What: `<name>-<completions - 1>` is a DNS label of at most 63 characters.
    Why: it becomes the host name of the last pod.
    Example: an indexed Job `load.db` is refused.
    Fix: `load-db`.
    Source: ValidateJob in kubernetes/pkg/apis/batch/validation/validation.go.
    """
    host = f"{name}-{completions - 1}"
    if dns_label(host):
        yield invalid("metadata.name", name, f"will not able to create pod with invalid DNS label: {host}")


@rule("cron-job-name", fix="Shorten the CronJob's name to 52 characters.")
def cron_job_name(name: str) -> Causes:
    """A CronJob's name leaves room for a time stamp.

    What: the name has at most 52 characters.
    Why: the controller appends 11 more to name a Job, whose name may have 63.
    Example: a name of 53 letters is refused.
    Fix: shorten it.
    Source: ValidateCronJobCreate in kubernetes/pkg/apis/batch/validation/validation.go.
    """
    if size(name) > 52:
        yield invalid("metadata.name", name, "must be no more than 52 characters")


@rule("cron-schedule", fix="Write five cron fields (minute hour day month weekday) or a word such as @daily.")
def cron_schedule(schedule: str) -> Causes:
    """A CronJob has a schedule that its controller can read.

    What: five fields of numbers, names, ranges and steps, or @yearly, @monthly, @weekly, @daily, @hourly or
    `@every <duration>`. Sunday is 0, not 7; no TZ.
    Why: the controller would never start a Job otherwise.
    Example: `0 0 * * 7` and `*/5 * * *` are refused.
    Fix: `0 0 * * 0`, `*/5 * * * *`; the time zone goes into spec.timeZone.
    Source: ParseStandard of github.com/robfig/cron/v3; validateScheduleFormat in batch/validation/validation.go.
    """
    path = "spec.schedule"
    if not schedule:
        yield required(path)
        return
    error = schedule_error(schedule)
    if error:
        yield invalid(path, schedule, error)
    if "TZ" in schedule:
        yield invalid(path, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")


@rule("cron-time-zone", fix="Write a name of the IANA database, such as Europe/Berlin or Etc/UTC.")
def cron_time_zone(name: str) -> Causes:
    """A CronJob's time zone exists.

    What: timeZone is a name of the IANA database in its exact case; it is neither empty nor Local.
    Why: the controller can't tell the time otherwise.
    Example: `timeZone: europe/berlin` is refused.
    Fix: `timeZone: Europe/Berlin`.
    Source: validateTimeZone in kubernetes/pkg/apis/batch/validation/validation.go.
    """
    for complaint in time_zone_errors(name):
        yield invalid("spec.timeZone", name, complaint)


@rule("cron-concurrency", fix="Use Allow, Forbid or Replace, capitalised.")
def cron_concurrency(policy: str) -> Causes:
    """A CronJob knows what to do when the last run still runs.

    What: concurrencyPolicy is Allow, the default, Forbid or Replace.
    Why: the controller knows no other way.
    Example: `concurrencyPolicy: forbid` is refused.
    Fix: write it capitalised.
    Source: validateConcurrencyPolicy in kubernetes/pkg/apis/batch/validation/validation.go.
    """
    if policy not in {"Allow", "Forbid", "Replace"}:
        yield not_supported("spec.concurrencyPolicy", policy, ["Allow", "Forbid", "Replace"])


@rule("cron-job-template-selector", fix="Leave selector and manualSelector out of a job template.")
def cron_job_template_selector(spec: Node, path: str) -> Causes:
    """The Jobs of a CronJob have generated selectors.

    What: a job template has no selector, and manualSelector is not true.
    Why: all Jobs made of it would share the selector, and so each other's pods.
    Example: `manualSelector: true` in a job template is refused.
    Fix: remove both.
    Source: ValidateJobTemplateSpec in kubernetes/pkg/apis/batch/validation/validation.go.
    """
    if "selector" in spec:
        yield invalid(f"{path}.selector", spec["selector"], "`selector` will be auto-generated")
    if spec.get("manualSelector"):
        yield not_supported(f"{path}.manualSelector", True, ["nil", "false"])


def completions_of(spec: Node) -> int | None:
    """How often a Job has to succeed; unset where parallelism alone is given."""
    completions: int | None = spec.get("completions", None if "parallelism" in spec else 1)
    return completions


def check_job(manifest: Node, target: Target) -> Problems:
    """A Job, as ValidateJob walks it."""
    metadata, spec = manifest.get("metadata") or _NONE, manifest.get("spec") or _NONE
    name, template = given_name(metadata), spec.get("template") or _NONE
    selector: Node = spec.get("selector") or _NONE
    labels: Node = (template.get("metadata") or _NONE).get("labels") or _NONE
    generated, expected = not spec.get("manualSelector"), _expected_labels(name)
    if generated:
        selector, labels = _with_uid(selector), {**expected, **labels}
    if not metadata.get("labels") and "labels" in (template.get("metadata") or _NONE):
        metadata = {**metadata, "labels": labels}  # a Job without labels has those of its pods
    yield from object_meta({**manifest, "metadata": metadata}, dns_subdomain)
    unreadable = list(label_selector(spec.get("selector") or _NONE, "spec.selector"))
    if generated:
        yield from job_generated_selector(selector, labels, expected, not unreadable)
        template = {**template, "metadata": {**(template.get("metadata") or _NONE), "labels": labels}}
    yield from _job_spec(spec, template, "spec", target)
    yield from unreadable
    if not unreadable:
        yield from job_selector(selector if generated else spec.get("selector"), labels)
    completions = completions_of(spec)
    if spec.get("completionMode") == "Indexed" and (completions or 0) > 0:
        yield from job_indexed_name(name, completions or 0)


def check_cron_job(manifest: Node, target: Target) -> Problems:
    """A CronJob, as ValidateCronJobCreate walks it."""
    yield from object_meta(manifest, dns_subdomain)
    spec = manifest.get("spec") or _NONE
    yield from cron_schedule(spec.get("schedule") or "")
    yield from not_negative(spec, "spec", "startingDeadlineSeconds")
    if "timeZone" in spec:
        yield from cron_time_zone(spec["timeZone"])
    if spec.get("concurrencyPolicy"):
        yield from cron_concurrency(spec["concurrencyPolicy"])
    job: Node = (spec.get("jobTemplate") or _NONE).get("spec") or _NONE
    yield from _job_spec(job, job.get("template") or _NONE, "spec.jobTemplate.spec", target)
    yield from cron_job_template_selector(job, "spec.jobTemplate.spec")
    yield from not_negative(spec, "spec", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")
    yield from cron_job_name(given_name(manifest.get("metadata") or _NONE))


def _job_spec(spec: Node, template: Node, path: str, target: Target) -> Problems:
    yield from not_negative(spec, path, *_NOT_NEGATIVE)
    if "maxFailedIndexes" in spec and "backoffLimitPerIndex" not in spec:
        yield from job_failed_indexes(path)
    if "managedBy" in spec:
        yield from job_managed_by(spec["managedBy"], f"{path}.managedBy")
    yield from job_completion_mode(spec, path)
    pod_spec: Node = template.get("spec") or _NONE
    if "podFailurePolicy" in spec:
        status_default = path == "spec" or target.minor >= 34
        yield from pod_failure_policy(spec, pod_spec, f"{path}.podFailurePolicy", status_default)
    if "successPolicy" in spec:
        yield from success_policy(spec, completions_of(spec), f"{path}.successPolicy")
    if "podReplacementPolicy" in spec:
        yield from pod_replacement_policy(spec, f"{path}.podReplacementPolicy")
    yield from pod.template(template, f"{path}.template", target)
    yield from job_restart_policy(pod_spec, f"{path}.template.spec.restartPolicy", "podFailurePolicy" in spec)


def _expected_labels(name: str) -> dict[str, str]:
    return {
        "controller-uid": _UID,
        "job-name": name,
        "batch.kubernetes.io/controller-uid": _UID,
        "batch.kubernetes.io/job-name": name,
    }


def _with_uid(selector: Node) -> Node:
    labels = {"batch.kubernetes.io/controller-uid": _UID, **(selector.get("matchLabels") or _NONE)}
    return {**selector, "matchLabels": labels}


RULES = (
    job_failed_indexes.rule,
    job_managed_by.rule,
    job_completion_mode.rule,
    job_restart_policy.rule,
    job_selector.rule,
    job_generated_selector.rule,
    job_indexed_name.rule,
    cron_job_name.rule,
    cron_schedule.rule,
    cron_time_zone.rule,
    cron_concurrency.rule,
    cron_job_template_selector.rule,
)
