"""What a user's own tests get: what `synth` makes, and the words of the assertions that fail."""

from __future__ import annotations

from functools import partial

import pytest
from cdk8s import App, Chart
from constructs import Construct

from initconstructs import (
    Container,
    DeploymentSpec,
    Directory,
    EmptyDir,
    PolicyRule,
    Resources,
    Settings,
    Sidecar,
    Stage,
    Volume,
    pytest_plugin,
)
from initconstructs.planning.plan import Plan
from initconstructs.pytest_plugin import (
    ManifestSnapshot,
    Synthesizer,
    assert_handed_over,
    assert_no_findings,
    assert_order,
    assert_requests,
)
from initconstructs.workloads import Deployment, check_at_synth

IMAGE = "ghcr.io/acme/shop:1.4.2"
FILES = Stage(
    "files",
    image=IMAGE,
    produces=[Directory("/out")],
    resources=Resources(requests={"cpu": "1", "memory": "64Mi"}, limits={"example.com/gpu": "1"}),
)
PROXY = Sidecar("proxy", image=IMAGE)
WAIT = Stage("wait", image=IMAGE, command=["sh", "-c", "until pg_isready; do sleep 1; done"])
API = Container(
    "api", image=IMAGE, mounts=[FILES.output.at("/srv")], resources=Resources(requests={"cpu": "200m", "memory": "1Gi"})
)
LOGS = Container("logs", image=IMAGE)
SPEC = DeploymentSpec("api", namespace="shop", stages=[FILES, PROXY, WAIT], containers=[API, LOGS])


class Shop(Chart):
    def __init__(self, scope: Construct, id: str) -> None:  # noqa: A002
        super().__init__(scope, id, namespace="shop", disable_resource_name_hashes=True)
        Deployment(self, "api", stages=[FILES], containers=[API])


@pytest.fixture
def plan(synth: Synthesizer) -> Plan:
    return synth(SPEC).plan()


def test_a_start_up_as_it_is_passes(plan: Plan) -> None:
    assert_order(plan, "files", "wait", "logs")
    assert_handed_over(plan, "files", to="api", path="/srv")
    assert_requests(plan, cpu=1, memory="1Gi", **{"example.com/gpu": 1})
    assert_no_findings([plan.manifest], above="warning")


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (("wait", "files"), "files doesn't start after wait; the start-up is files → proxy → wait → api, logs"),
        (("api", "logs"), "logs doesn't start after api;"),
        (("wiat", "api"), 'there is no stage or container wiat; did you mean "wait"?; the start-up is files →'),
    ],
)
def test_a_wrong_order_shows_the_start_up(stages: tuple[str, ...], message: str, plan: Plan) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_order(plan, *stages)
    assert f"Deployment shop/api: {message}" in str(caught.value)


@pytest.mark.parametrize(
    ("source", "to", "path", "message"),
    [
        ("proxy", "api", None, "proxy hands nothing over to api; handed over are files to api at /srv"),
        ("files", "logs", None, "files hands nothing over to logs; handed over are files to api at /srv"),
        ("files", "api", "/data", "api doesn't find it at /data; what files hands over is at /srv"),
    ],
)
def test_a_missing_hand_off_shows_those_there_are(
    source: str, to: str, path: str | None, message: str, plan: Plan
) -> None:
    with pytest.raises(AssertionError, match=f"^Deployment shop/api: {message}$"):
        assert_handed_over(plan, source, to=to, path=path)


def test_reading_before_anything_is_written_is_no_hand_off(synth: Synthesizer) -> None:
    shared = Volume("shared", EmptyDir())
    reader = Stage("reader", image=IMAGE, mounts=[shared.at("/in", read_only=True)])
    writer = Stage("writer", image=IMAGE, mounts=[shared.at("/out")])
    with pytest.raises(AssertionError, match=r"reader doesn't start after writer.*start-up is reader → writer → app"):
        assert_handed_over(synth([reader, writer]).plan(), "writer", to="reader")


def test_who_adds_to_what_others_wrote_hands_it_over_too(synth: Synthesizer) -> None:
    render = Stage("render", image=IMAGE, mounts=[FILES.output.at("/work", read_only=False)])
    plan = synth([FILES, render], mounts=[FILES.output.at("/in")]).plan()
    assert_handed_over(plan, "files", to="app", path="/in")
    assert_handed_over(plan, "render", to="app", path="/in")
    with pytest.raises(
        AssertionError, match="over are files to render at /work, files to app at /in, render to app at /in"
    ):
        assert_handed_over(plan, "render", to="files")


def test_without_any_hand_off_it_says_so(synth: Synthesizer) -> None:
    with pytest.raises(AssertionError, match="no stage hands anything over"):
        assert_handed_over(synth([WAIT, PROXY]).plan(), "wait", to="app")


def test_other_requests_show_what_the_scheduler_counts_and_why(plan: Plan) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_requests(plan, cpu="250m", memory="1Gi")
    assert str(caught.value).startswith("Deployment shop/api: the scheduler doesn't count cpu 250m; Scheduler counts 1")
    assert "files (cpu, example.com/gpu) and the app (memory)" in str(caught.value)
    assert "By itself files 1 / 64Mi, example.com/gpu 1, proxy 0 / 0" in str(caught.value)


def test_a_resource_that_nobody_requests_is_answered_with_the_nearest(plan: Plan) -> None:
    with pytest.raises(AssertionError, match=r'count memroy 1073741824; did you mean "memory"\?; Scheduler counts'):
        assert_requests(plan, cpu=1, memroy="1Gi")


def test_what_an_assertion_can_not_judge_is_refused(plan: Plan, synth: Synthesizer) -> None:
    with pytest.raises(ValueError, match=r"assert_requests\(disk=...\) is '1 Gi': must be a Kubernetes quantity"):
        assert_requests(plan, disk="1 Gi")
    with pytest.raises(ValueError, match=r"is 'warnings': must be one of info, warning; did you mean \"warning\""):
        assert_no_findings([plan.manifest], above="warnings")
    for judge in (assert_order, assert_requests, partial(assert_handed_over, source="files", to="api")):
        with pytest.raises(TypeError, match="a plan is needed, not a Synthesized"):
            judge(synth(SPEC))
    with pytest.raises(TypeError, match="the name of a stage or container is needed, not a Stage"):
        assert_order(plan, FILES, WAIT)


def test_a_finding_is_shown_with_its_fix(plan: Plan) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_no_findings([plan.manifest])
    assert "warning unbounded-wait: Deployment shop/api at spec.template.spec.initContainers[2].command" in str(
        caught.value
    )
    assert "fix: Give the wait a total deadline" in str(caught.value)
    assert str(caught.value).startswith("1 finding above info:\n")
    with pytest.raises(AssertionError, match=r"^\d+ findings:\n"):
        assert_no_findings([plan.manifest], above=None)
    assert_no_findings([plan.manifest], ignore=["startup"])


def test_findings_are_those_of_the_target_that_was_synthesized(synth: Synthesizer) -> None:
    made = synth(WAIT, settings=Settings(kubernetes="1.33"))
    made[0]["spec"]["template"]["spec"]["initContainers"][0]["restartPolicy"] = "Never"
    with pytest.raises(AssertionError, match="restartPolicy"):
        assert_no_findings(made, above="warning")
    assert_no_findings(made, above="warning", kubernetes="1.36")


def test_a_stage_brings_what_it_needs(synth: Synthesizer, manifest_snapshot: ManifestSnapshot) -> None:
    may_read = [PolicyRule(resources=["pods"], verbs=["get"])]
    assert synth(Stage("watch", image=IMAGE, profile="baseline", permissions=may_read)) == manifest_snapshot


def test_a_reader_of_a_stage_is_the_app(synth: Synthesizer) -> None:
    assert_handed_over(synth(FILES, mounts=[FILES.output.at("/in")]).plan("app"), "files", to="app", path="/in")


def test_a_chart_a_function_and_an_app_give_the_same(synth: Synthesizer) -> None:
    def add_to(app: App) -> None:
        Shop(app, "shop")

    app = App()
    add_to(app)
    assert synth(Shop) == synth(add_to) == synth(app)
    assert synth(Shop).plan("shop-api").title == "Deployment shop/shop-api"
    assert synth(Shop, id="store").plan().name == "store-api"


def test_settings_reach_the_chart_and_its_target_the_plan(synth: Synthesizer) -> None:
    assert synth(Shop, settings=Settings(kubernetes="1.34")).plan().kubernetes == "1.34"


@pytest.mark.parametrize(
    ("subject", "options"),
    [
        (SPEC, {"mounts": [FILES.output.at("/in")]}),
        (FILES, {"id": "shop"}),
        (Shop, {"mounts": [FILES.output.at("/in")]}),
        (lambda app: Shop(app, "shop"), {"id": "store"}),
        (App(), {"settings": Settings(kubernetes="1.34")}),
    ],
    ids=["workload", "stage", "class", "function", "app"],
)
def test_an_option_that_would_change_nothing_is_refused(subject: object, options: dict, synth: Synthesizer) -> None:
    with pytest.raises(TypeError, match=f"takes no {next(iter(options))}= with .*, since it would change nothing"):
        synth(subject, **options)


def test_what_can_not_be_synthesized_is_answered_with_what_can(synth: Synthesizer) -> None:
    with pytest.raises(TypeError, match=r"synth\(\) takes stages, .* or a function that fills one; not a Container"):
        synth(API)
    with pytest.raises(TypeError, match="a Deployment is no chart; synthesize the chart or the app that it is in"):
        synth(Deployment(Chart(App(), "c"), "api", containers=[LOGS]))


def test_the_gate_of_the_app_refuses_as_at_synth(synth: Synthesizer) -> None:
    def refused(app: App) -> None:
        check_at_synth(app, fail_on="warning")
        Deployment(Chart(app, "c"), "api", stages=[WAIT], containers=[LOGS])

    with pytest.raises(Exception, match="unbounded-wait"):
        synth(refused)


def test_an_unknown_workload_is_answered_with_those_there_are(synth: Synthesizer) -> None:
    with pytest.raises(LookupError, match=r'no workload "apy"; there is: Deployment shop/api; did you mean "api"'):
        synth(SPEC).plan("apy")
    web = synth(DeploymentSpec("web", containers=[LOGS]))
    web += synth(SPEC)
    with pytest.raises(LookupError, match="a name is needed"):
        web.plan()


def test_every_name_of_the_plugin_is_there() -> None:
    assert all(getattr(pytest_plugin, name) for name in pytest_plugin.__all__)
    with pytest.raises(AttributeError):
        _ = pytest_plugin.assert_ordre
