"""A migration once, in a Job, while every pod waits until the schema is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, cast

from typing_extensions import TypedDict, Unpack

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Duration, Words
from initconstructs.model.containers import BaseContainer, Container
from initconstructs.model.errors import ModelError
from initconstructs.model.pods import Toleration
from initconstructs.model.raw import Raw
from initconstructs.model.stages import Stage, Step
from initconstructs.model.volumes import InlineFiles, Volume
from initconstructs.model.workload import JobSpec
from initconstructs.presets import waiting
from initconstructs.presets.migrating.migration import Migration
from initconstructs.presets.program import shell


class JobOptions(TypedDict, total=False):
    """What may be said of the Job's pod, in the words of a `JobSpec`."""

    service_account: str
    image_pull_secrets: Words
    node_selector: Mapping[str, str]
    tolerations: Sequence[Toleration]
    priority_class: str
    pod_labels: Mapping[str, str]
    pod_annotations: Mapping[str, str]
    pod_raw: Raw


@ends_at_the_author
def in_job(
    migration: Migration,
    *,
    name: str | None = None,
    timeout: Duration = "15m",
    stages: Sequence[Step] = (),
    backoff_limit: int = 6,
    ttl: Duration | None = "24h",
    annotations: Mapping[str, str] | None = None,
    **options: Unpack[JobOptions],
) -> Stage:
    """Run a migration once, in a Job beside the workload, and let its pods wait until the tool says it is done.

        migrating.in_job(migrating.alembic(image=IMAGE, database_url=SecretKey("shop-db", "url")))

    The stage that this returns asks the tool, in the image and with the environment of the migration, and neither the
    Job nor the Kubernetes API: so it needs no rights, it passes in a pod that starts after the Job is gone, and the
    objects may be applied in any order, by kubectl, Helm or a GitOps controller, without hooks. `timeout` is its
    deadline, which the Job's own start and tries must fit into. A pod of an older version that starts after the
    migration asks its own, older files: Django, dbmate and `sql` let it in, Alembic does not.

    The Job is named after the workload, the migration and its own content, as a Job's template can't change: another
    image is another Job. It tries `backoff_limit` times again. `ttl` after its end it is removed; a GitOps controller
    may then make it again, which finds nothing to do, or say `ttl=None` where the controller prunes. A Job may in rare
    cases run two pods at once, so the migration keeps its lock. `stages` stand before it in the Job's pod, a wait for
    the database say. `annotations` are the Job's.

    The Job's pod pulls with the workload's secrets; where it runs and as whom is its own: `service_account=`,
    `node_selector=`, `tolerations=`, `priority_class=`, `pod_labels=`, `pod_annotations=`, `pod_raw=`. A mesh's proxy
    that is no native sidecar would keep it from ending: `pod_labels={"sidecar.istio.io/inject": "false"}`.

    Exit codes: of the waiting stage, as for `waiting.command`.

    Sources: https://kubernetes.io/docs/concepts/workloads/controllers/job/#handling-pod-and-container-failures,
    https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
    """
    checks.instance("in_job: migration", migration, Migration, "write migrating.alembic(...), say")
    job = JobSpec(
        migration.name,
        containers=[_container(migration)],
        stages=stages,
        backoff_limit=backoff_limit,
        ttl_after_finished=ttl,
        annotations=annotations or {},
        **options,
    )
    wait = _wait(migration, name or f"{migration.name}-done"[:63], timeout)
    return replace(
        wait,
        env=migration.env,
        resources=migration.resources,
        security=migration.security,
        working_dir=migration.working_dir,
        after=migration.after,
        before=migration.before,
        network=True,
        objects=[job],
    )


def _container(migration: Migration) -> Container:
    """The same container, as the one of the Job's pod."""
    shared = {each.name: getattr(migration, each.name) for each in fields(cast(Any, BaseContainer))}
    return Container(**shared)


def _wait(migration: Migration, name: str, timeout: Duration) -> Stage:
    if not migration.question:
        rule = "has no question that tells whether the schema is there"
        remedy = "give command(..., question=[...]), goose(..., version=...), or alembic its heads"
        raise ModelError(f"in_job: {migration.place}", rule, remedy)
    words, mounts = migration.question, list(migration.mounts)
    if words[: len(migration.command or ())] != migration.command:
        mounts = mounts[1:]  # without the program, which is not asked
    shell("waiting", "retry").check_variables(f"{migration.place}.env", migration.env)
    if migration.answer:
        shows = shell("migrating", "shows")
        shows.check_variables(f"{migration.place}.env", migration.env)
        mounts.append(Volume(f"{name[:57]}-shows", InlineFiles(shows.files)).at(shows.directory, read_only=True))
        words = (*shows.command, migration.answer, *words)
    return waiting.command(
        words,
        name=name,
        image=migration.image,
        timeout=timeout,
        try_timeout="60s",
        mounts=mounts,
    )
