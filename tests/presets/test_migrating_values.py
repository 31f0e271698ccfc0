"""Migrations as values: what reaches the tool, what is refused where it is written, and the Job of a migration."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs import (
    Container,
    CronJobSpec,
    DaemonSetSpec,
    DeploymentSpec,
    ImagePolicy,
    JobSpec,
    ModelError,
    PodSpec,
    SecretKey,
    Settings,
    StatefulSetSpec,
    Toleration,
    attached,
    render,
)
from initconstructs.presets import migrating, waiting
from tests.presets.conftest import expanded

IMAGE, URL = "ghcr.io/acme/shop:1.4.2", SecretKey("shop-db", "url")
NASTY = ["$(HOME)", "$$(HOME)", "`id`", "a\nb", "'\"\\", "-n", "--first", "é✓", "x" * 4096, "a\0b", "\ud800", ""]
TEXT = st.text(max_size=40) | st.sampled_from(NASTY)


def alembic(**options) -> migrating.Migration:
    return migrating.alembic(image=IMAGE, database_url=URL, **options)


def rendered(stage, **options) -> list[dict[str, Any]]:
    app = Container("app", image="a/b:1")
    return render(DeploymentSpec("api", namespace="shop", containers=[app], stages=[stage], **options))


def of_kind(kind: str, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in found if each["kind"] == kind]


def seen(stage) -> tuple[list[str], dict[str, str]]:
    """What the program gets: its arguments and its literal variables, `$(NAME)` expanded as Kubernetes does."""
    container = rendered(stage)[0]["spec"]["template"]["spec"]["initContainers"][0]
    env = {each["name"]: each["value"] for each in container.get("env", ()) if "value" in each}
    home = {"HOME": "expanded"}
    arguments = [expanded(word, home) for word in container["args"]]
    return arguments, {name: expanded(each, home) for name, each in env.items()}


MAKERS = {
    "command": lambda text: migrating.command(["./m", text], image=IMAGE, database_url=URL),
    "command-unlocked": lambda text: migrating.command(["./m", text], image=IMAGE, database_url=URL, lock="tool"),
    "alembic-config": lambda text: alembic(config=text),
    "alembic-revision": lambda text: alembic(revision=text),
    "django": lambda text: migrating.django(image=IMAGE, database_url=URL, manage=text),
    "dbmate": lambda text: migrating.dbmate(image=IMAGE, database_url=URL, directory=text),
    "goose-directory": lambda text: migrating.goose(image=IMAGE, database_url=URL, directory=text),
    "goose-driver": lambda text: migrating.goose(image=IMAGE, database_url=URL, driver=text),
    "knex": lambda text: migrating.knex(image=IMAGE, database_url=URL, knexfile=text),
    "knex-program": lambda text: migrating.knex(image=IMAGE, database_url=URL, program=text),
    "liquibase": lambda text: migrating.liquibase(image=IMAGE, database_url=URL, changelog=text),
    "flyway-locations": lambda text: migrating.flyway(image=IMAGE, database_url=URL, locations=text),
    "flyway-user": lambda text: migrating.flyway(image=IMAGE, database_url=URL, user=text),
    "golang_migrate-database": lambda text: migrating.golang_migrate(image=IMAGE, database=text, path="/m"),
    "golang_migrate-path": lambda text: migrating.golang_migrate(image=IMAGE, database="postgres://db/shop", path=text),
    "atlas-environment": lambda text: migrating.atlas(image=IMAGE, database_url=URL, environment=text),
    "atlas-config": lambda text: migrating.atlas(image=IMAGE, database_url=URL, environment="e", config=text),
    "prisma": lambda text: migrating.prisma(image=IMAGE, database_url=URL, program=text),
    "rails": lambda text: migrating.rails(image=IMAGE, database_url=URL, program=text),
    "sqitch": lambda text: migrating.sqitch(image=IMAGE, database_url=text),
    "sql": lambda text: migrating.sql(text, database_url=URL),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@given(text=TEXT)
def test_any_text_reaches_the_tool_unchanged_or_is_refused(make, text):
    try:
        stage = make(text)
    except ModelError:
        return
    arguments, variables = seen(stage)
    words = [*arguments, *variables.values()]
    assert text in words or any(text in each for each in map(lists, words))


def lists(word: str) -> list[str]:
    """The words of a command that is written as JSON."""
    try:
        found = json.loads(word)
    except ValueError:
        return []
    return found if isinstance(found, list) else []


@given(TEXT, TEXT)
def test_any_question_reaches_the_waiting_pods_tool(word, answer):
    try:
        migration = migrating.command(["./m"], image=IMAGE, database_url=URL, question=["./q", word], answer=answer)
        arguments, _ = seen(migrating.in_job(migration))
    except ModelError:
        return
    assert arguments[-1] == word
    assert not answer or answer in arguments


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: migrating.command("alembic upgrade", image=IMAGE, database_url=URL),  # type: ignore[arg-type]
        lambda: migrating.command([], image=IMAGE, database_url=URL),
        lambda: migrating.command(["-x"], image=IMAGE, database_url=URL),
        lambda: migrating.command(["a"], image=IMAGE, database_url=URL, lock="postgres"),  # type: ignore[arg-type]
        lambda: alembic(timeout=0),
        lambda: alembic(env={"DATABASE_URL": "postgres://db/shop"}),
        lambda: alembic(variable="URL", env={"URL": "postgres://db/shop"}),
        lambda: migrating.golang_migrate(image="a:1", database="postgres://db/shop", path="/m", variable="URL"),
        lambda: migrating.in_job(waiting.tcp("db", 5432)),  # type: ignore[arg-type]
        lambda: migrating.in_job(alembic(revision="ae10")),
        lambda: migrating.in_job(migrating.goose(image=IMAGE, database_url=URL)),
        lambda: migrating.sql("migrations", database_url=URL),
    ],
)
def test_refuses_what_can_never_be_right(wrong):
    with pytest.raises(ModelError):
        wrong()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: migrating.sql("/m", database_url="postgres://u:s3cret@db/shop"),
        lambda: migrating.liquibase(image=IMAGE, database_url="jdbc:mysql://db/x?password=s3cret", changelog="c"),
        lambda: migrating.golang_migrate(image=IMAGE, database="postgres://u:s3cret@db/shop", path="/m"),
        lambda: migrating.goose(image=IMAGE, database_url="host=db password=s3cret dbname=shop"),
        lambda: migrating.goose(image=IMAGE, driver="mysql", database_url="shop:s3cret@tcp(db:3306)/shop"),
        lambda: migrating.command(["./m"], image=IMAGE, database_url="shop:s3cret@/shop"),
        lambda: migrating.flyway(image=IMAGE, database_url=URL, password="s3cret"),  # type: ignore[arg-type]
    ],
)
def test_a_password_in_the_manifest_is_refused_and_not_shown(wrong):
    with pytest.raises(ModelError) as error:
        wrong()
    assert "SecretKey" in str(error.value)
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    "image", ["ghcr.io/amacneil/dbmate:2.28", "amacneil/dbmate", "mirror.example/x/migrate/migrate:4"]
)
def test_an_image_that_is_known_to_lack_python_is_told_both_ways_out(image):
    with pytest.raises(ModelError, match=r"no python3.*in_job"):
        migrating.dbmate(image=image, database_url=URL)
    assert migrating.in_job(migrating.dbmate(image=image, database_url=URL, lock=None)).image == image


def spec(kind: type, **options):
    if kind is CronJobSpec:
        options["schedule"] = "@daily"
    return kind("api", containers=[Container("app", image="a/b:1")], stages=[alembic(lock=None)], **options)


@pytest.mark.parametrize(
    "many",
    [
        lambda: spec(DeploymentSpec, replicas=2),
        lambda: spec(DeploymentSpec, raw={"spec": {"replicas": 3}}),
        lambda: spec(DaemonSetSpec),
        lambda: spec(StatefulSetSpec, replicas=2, pod_management_policy="Parallel"),
        lambda: spec(JobSpec, parallelism=2),
        lambda: spec(CronJobSpec, parallelism=2, completions=5),
    ],
)
def test_more_than_one_pod_without_a_lock_is_an_error_that_names_both_ways_out(many):
    with pytest.raises(ModelError, match=r'"migrate" would run in .* lock="database".*in_job'):
        render(many())


@pytest.mark.parametrize(
    "one",
    [
        lambda: spec(DeploymentSpec, replicas=1),
        lambda: spec(DeploymentSpec),
        lambda: spec(StatefulSetSpec, replicas=3),
        lambda: spec(PodSpec),
        lambda: spec(JobSpec, parallelism=4, completions=1),
    ],
)
def test_one_pod_after_another_needs_no_lock(one):
    assert render(one())


def test_a_migration_in_a_job_needs_no_lock_and_the_pods_may_be_many():
    assert rendered(migrating.in_job(alembic(lock=None)), replicas=9)
    assert rendered(alembic(), replicas=9)


def test_attaching_to_more_than_one_pod_is_refused_too():
    made = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}}
    pod = {"containers": [{"name": "app", "image": "a:1"}]}
    made["spec"] = {"replicas": 2, "template": {"spec": pod}}
    with pytest.raises(ModelError, match="in 2 pods at once"):
        attached(made, [alembic(lock=None)])
    assert of_kind("Job", attached(made, [migrating.in_job(alembic())]))


def test_the_job_is_named_by_its_content():
    names = [
        of_kind("Job", rendered(migrating.in_job(each)))[0]["metadata"]["name"]
        for each in (alembic(), alembic(), alembic(timeout="1h"), alembic(name="schema"))
    ]
    assert names[0] == names[1] != names[2]
    assert [name.rpartition("-")[0] for name in names] == ["api-migrate", "api-migrate", "api-migrate", "api-schema"]


def test_the_job_is_rendered_under_the_same_settings():
    policy = ImagePolicy(mirrors={"ghcr.io/": "mirror.acme.internal/"}, pull_secrets=["pull"])
    app = Container("app", image="a/b:1")
    stage = migrating.in_job(
        alembic(working_dir="/srv"),
        stages=[waiting.postgres("db")],
        backoff_limit=2,
        ttl=None,
        annotations={"example.org/why": "schema"},
    )
    workload = DeploymentSpec("api", namespace="shop", containers=[app], stages=[stage])
    (job,) = of_kind("Job", render(workload, settings=Settings(images=policy)))
    pod = job["spec"]["template"]["spec"]
    assert job["metadata"]["namespace"] == "shop"
    assert job["metadata"]["annotations"] == {"example.org/why": "schema"}
    assert (job["spec"]["backoffLimit"], "ttlSecondsAfterFinished" in job["spec"]) == (2, False)
    assert pod["containers"][0]["image"] == "mirror.acme.internal/acme/shop:1.4.2"
    assert pod["containers"][0]["workingDir"] == "/srv"
    assert pod["imagePullSecrets"] == [{"name": "pull"}]
    assert [each["name"] for each in pod["initContainers"]] == ["wait-db"]
    assert pod["securityContext"]["runAsNonRoot"] is True


def test_the_pod_of_the_job_is_placed_and_pulls_as_it_must():
    stage = migrating.in_job(
        alembic(),
        service_account="migrator",
        node_selector={"disk": "ssd"},
        tolerations=[Toleration(key="batch", operator="Exists")],
        priority_class="high",
        image_pull_secrets=["own"],
        pod_labels={"sidecar.istio.io/inject": "false"},
    )
    (job,) = of_kind("Job", rendered(stage, image_pull_secrets=["of-the-workload"]))
    pod = job["spec"]["template"]["spec"]
    assert (pod["serviceAccountName"], pod["priorityClassName"]) == ("migrator", "high")
    assert (pod["nodeSelector"], pod["tolerations"]) == ({"disk": "ssd"}, [{"key": "batch", "operator": "Exists"}])
    assert pod["imagePullSecrets"] == [{"name": "own"}, {"name": "of-the-workload"}]
    assert job["spec"]["template"]["metadata"]["labels"]["sidecar.istio.io/inject"] == "false"


def test_the_job_beside_an_attached_workload_pulls_with_its_secrets():
    pod = {"containers": [{"name": "app", "image": "a:1"}], "imagePullSecrets": [{"name": "theirs"}]}
    made = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "api"},
        "spec": {"template": {"spec": pod}},
    }
    (job,) = of_kind("Job", attached(made, [migrating.in_job(alembic())]))
    assert job["spec"]["template"]["spec"]["imagePullSecrets"] == [{"name": "theirs"}]


def test_the_waiting_stage_stands_where_the_migration_stood():
    first = waiting.tcp("db", 5432)
    stage = migrating.in_job(alembic(after=[first.completed], before=["later"]), name="schema")
    assert (stage.name, stage.after, stage.before) == ("schema", (first.completed,), ("later",))
