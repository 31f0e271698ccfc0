"""Plans and diffs as people and programs get them."""

from __future__ import annotations

import copy
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from initconstructs.reports.explain import (
    DIFF_FORMATS,
    EXPLAIN_FORMATS,
    BadScenario,
    compare,
    diff,
    explain,
    read_scenario,
)

MOUNT = {"name": "secrets", "mountPath": "/run/secrets"}


def shop() -> dict[str, object]:
    """A Deployment with a bounded wait, a sidecar, a hand-off and an unbounded migration."""
    spec = {
        "initContainers": [
            {"name": "wait", "image": "busybox:1.36", "command": ["timeout", "300", "poll", "db"]},
            {"name": "proxy", "image": "envoy:1", "restartPolicy": "Always"},
            {"name": "fetch", "image": "vault:1", "args": ["--timeout=2m"], "volumeMounts": [MOUNT]},
            {"name": "migrate", "image": "shop:1", "resources": {"requests": {"cpu": "1", "memory": "64Mi"}}},
        ],
        "containers": [
            {
                "name": "api",
                "image": "shop:1",
                "resources": {"requests": {"cpu": "200m", "memory": "256Mi"}},
                "volumeMounts": [{**MOUNT, "readOnly": True}],
            }
        ],
        "volumes": [{"name": "secrets", "emptyDir": {"medium": "Memory"}}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "api", "namespace": "shop"},
        "spec": {"replicas": 3, "template": {"metadata": {}, "spec": spec}},
    }


def test_text_tells_what_a_reviewer_needs():
    assert explain([shop()]).splitlines() == [
        "Deployment shop/api   3 replicas   Kubernetes 1.36",
        "  #  stage          starts when        gives up after  requests",
        "  1  wait           at once            5m              0 / 0",
        "  2  proxy (stays)  wait exits 0                       0 / 0",
        "  3  fetch          proxy has started  2m              0 / 0",
        "     → /run/secrets (memory) to api",
        "  4  migrate        fetch exits 0      never (!)       1 / 64Mi",
        "     api            migrate exits 0                    200m / 256Mi",
        "  Scheduler counts 1 / 256Mi a pod, decided by migrate (cpu) and the app",
        "    (memory); 3 / 768Mi in all, 4 / 1Gi while rolling out; Burstable.",
        "  Once the app runs, 800m cpu a pod stay reserved and unused: the scheduler",
        "    never gives a stage's part back.",
        "  Started after about 4s at best; no worst case, because nothing bounds migrate.",
        "  progressDeadlineSeconds strikes first, after 10m: the Deployment reports",
        "    ProgressDeadlineExceeded; the pods go on, nothing is rolled back.",
        "  If wait, fetch or migrate fails: it alone runs again: at once, then after 10,",
        "    20, 40, ... 300 s; nothing after it starts; after 600 s the Deployment",
        "    reports ProgressDeadlineExceeded; kubectl shows Init:Error,",
        "    Init:CrashLoopBackOff.",
        "  If proxy fails: it alone runs again: at once, then after 10, 20, 40, ... 300",
        "    s; the stages after it go on; kubectl shows Init:Error,",
        "    Init:CrashLoopBackOff.",
        "  If api fails: it alone runs again: at once, then after 10, 20, 40, ... 300 s;",
        "    no init container runs again; kubectl shows Error, CrashLoopBackOff.",
        "  Only a lost sandbox, a reboot of the node or RestartAllContainers makes the",
        "    pod begin again with wait; an ordinary failure never does.",
    ]


def test_text_tells_a_simulated_failure():
    text = explain([shop()], scenario=read_scenario(["migrate=1,1,0"]))
    assert "Runs: wait 1, proxy 1, fetch 1, migrate 3, api 1; phase Running." in text
    assert "Waits before restarts: 0, 10 s." in text


def test_text_tells_stages_apart_that_kubectl_shows_otherwise():
    job = shop() | {"apiVersion": "batch/v1", "kind": "Job"}
    job["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    lines = " ".join(explain([job]).split())
    assert re.search(r"If wait, fetch or migrate fails: [^.]*; kubectl shows Init:Error\.", lines)
    assert re.search(r"If api fails: [^.]*; kubectl shows Error\.", lines)


def test_colour_only_when_asked_for():
    assert "\x1b" not in explain([shop()])
    assert "\x1b[33mnever (!)" in explain([shop()], colour=True)


def renamed(name: str) -> dict[str, object]:
    """The shop whose stages have the end of their names in common."""
    manifest = shop()
    manifest["metadata"]["name"] = name
    for container in manifest["spec"]["template"]["spec"]["initContainers"]:
        container["name"] = (container["name"] + name)[:63]
    return manifest


def test_long_names_stay_within_80_columns():
    text = explain([renamed(("-with-a-very-long-name" * 3)[:63])])
    assert max(map(len, text.splitlines())) <= 80


def test_text_takes_the_width_there_is():
    manifest = renamed("-before-the-shop-starts")
    narrow, wide = (explain([manifest], width=columns) for columns in (60, 120))
    assert ("…" in narrow, "…" in wide) == (True, False)
    assert max(map(len, narrow.splitlines())) <= 62  # a column keeps twelve characters
    changes = diff(compare([manifest], [shop()]), width=60)
    assert max(map(len, changes.splitlines())) <= 60 < max(map(len, diff(compare([manifest], [shop()])).splitlines()))


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_names_from_a_manifest_cannot_command_a_terminal_or_a_runner(width):
    hostile = renamed("\x1b[31m\n::error::x ##[group]y \u202e ::warning::" + "w" * 40)
    for text in (explain([hostile], width=width), diff(compare([], [hostile, shop()]), width=width)):
        assert not re.search("[\x1b\u202e]|##\\[", text)
        assert [line for line in text.splitlines() if line.lstrip().startswith("::")] == []


def test_json_keeps_its_contract():
    (workload,) = json.loads(explain([shop()], format="json"))["workloads"]
    assert [workload[key] for key in ("kind", "namespace", "name", "qos")] == ["Deployment", "shop", "api", "Burstable"]
    assert [(stage["name"], stage["type"], stage["gate"]) for stage in workload["stages"]] == [
        ("wait", "init", "exit 0"),
        ("proxy", "sidecar", "started"),
        ("fetch", "init", "exit 0"),
        ("migrate", "init", "exit 0"),
        ("api", "app", "started"),
    ]
    assert workload["resources"]["requests"] == {"cpu": 1000, "memory": 268435456}
    assert workload["resources"]["decided_by"] == {"cpu": "migrate", "memory": "app"}
    assert workload["time"]["worst_s"] is None
    assert workload["time"]["unbounded"] == ["migrate"]
    assert workload["handoffs"][0]["read_by"] == ["api"]
    assert "simulation" not in workload


def test_json_adds_the_simulation():
    text = explain([shop()], format="json", scenario=read_scenario(["migrate=1,1,0"]))
    simulation = json.loads(text)["workloads"][0]["simulation"]
    assert simulation["runs"] == {"wait": 1, "proxy": 1, "fetch": 1, "migrate": 3, "api": 1}
    assert simulation["restarts"]["migrate"] == 2
    assert simulation["phase"] == "Running"
    assert simulation["backoffs_s"] == [0, 10]
    assert simulation["statuses"][4:] == [
        "Init:3/4",
        "Init:Error",
        "Init:3/4",
        "Init:Error",
        "Init:CrashLoopBackOff",
        "Init:3/4",
        "PodInitializing",
        "Running",
    ]


def _fields(value: object) -> set[str]:
    """The names of all fields, except where the names are those of containers or resources."""
    if isinstance(value, list):
        return set().union(*map(_fields, value))
    if not isinstance(value, dict):
        return set()
    by_name = {"requests", "limits", "decided_by", "idle", "total", "peak", "paths", "runs", "restarts", "exit_codes"}
    inner = [_fields(each) for name, each in value.items() if name not in by_name]
    return set(value).union(*inner)


def test_every_field_of_the_json_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "explain-json.md").read_text()
    job = shop() | {"apiVersion": "batch/v1", "kind": "Job"}
    scenario = read_scenario(["fetch=1,0"])
    explained = json.loads(explain([shop(), job], format="json", scenario=scenario))
    compared = json.loads(diff(compare([shop()], [job]), format="json"))
    assert {name for name in _fields(explained) | _fields(compared) if f"`{name}`" not in page} <= {
        "version",
        "workloads",
    }


def test_json_of_a_job_tells_of_its_pods():
    job = shop() | {"apiVersion": "batch/v1", "kind": "Job"}
    job["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    text = explain([job], format="json", scenario=read_scenario(["fetch=1,0"]))
    found = json.loads(text)["workloads"][0]["simulation"]["job"]
    assert found["condition"] == "Complete"
    assert [pod["phase"] for pod in found["pods"]] == ["Failed", "Succeeded"]


def test_markdown_holds_a_mermaid_timeline():
    text = explain([shop()], format="markdown")
    (chart,) = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
    assert chart == explain([shop()], format="mermaid")
    assert "    migrate (no deadline) :crit, " in chart
    assert "| **fetch** | proxy has started |" in text


def test_names_from_a_manifest_cannot_break_markdown_or_mermaid():
    manifest = shop()
    manifest["spec"]["template"]["spec"]["containers"][0]["name"] = "a|b<i>:;#c @all\n```"
    text = explain([manifest], format="markdown")
    assert "**a&#124;b&#60;i&#62;:;#c &#64;all&#92;n&#96;&#96;&#96;**" in text
    assert "@all" not in re.sub(r"```mermaid\n.*?\n```", "", text, flags=re.DOTALL)
    assert "    a|b<i> , c @all\\n``` :done, " in explain([manifest], format="mermaid")


class _Page(HTMLParser):
    """Collects the tags; complains when they don't nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("exits", [[], ["migrate=1,1,0"]])
def test_html_is_one_well_formed_page_without_network_or_script(exits):
    text = explain([shop()], format="html", scenario=read_scenario(exits))
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert not {tag for tag, _ in page.seen} & {"script", "link", "img", "iframe"}
    assert not re.search(r"https?://|url\(|@import", text)
    assert "prefers-color-scheme: dark" in text
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.seen


def test_html_escapes_what_a_manifest_says():
    manifest = shop()
    manifest["metadata"]["name"] = "<script>alert(1)</script>"
    assert "<script" not in explain([manifest], format="html")


@pytest.mark.parametrize("name", EXPLAIN_FORMATS)
def test_every_format_takes_manifests_without_a_workload(name):
    nothing = {"json": '"workloads": []', "mermaid": ""}.get(name, "No workload found.")
    assert nothing in explain([{"apiVersion": "v1", "kind": "Service"}], format=name)


@pytest.mark.parametrize("name", DIFF_FORMATS)
def test_every_diff_format_names_the_change(name):
    new = copy.deepcopy(shop())
    new["spec"]["template"]["spec"]["initContainers"][3]["image"] = "shop:2"
    text = diff(compare([shop()], [new]), format=name)
    assert "image changed" in text
    assert "shop:2" in text


def test_diff_text_says_what_a_change_means():
    new = copy.deepcopy(shop())
    new["spec"]["template"]["spec"]["initContainers"].append({"name": "warm", "image": "shop:1"})
    assert diff(compare([shop()], [new])).splitlines()[:4] == [
        "Deployment shop/api   pods are replaced",
        "  + stage added: warm: init",
        "      → every pod is replaced; the start takes at least a second more, and waits",
        "        for ever if the stage does",
    ]
    assert diff(compare([shop()], [shop()])) == "The start-up is the same.\n"
    assert diff(compare([], [shop()])).startswith("Deployment shop/api   a new workload\n")
    assert "\nA removed workload.\n" in diff(compare([shop()], []), format="markdown")


def test_a_scenario_is_read():
    scenario = read_scenario(
        ["a=1,oom,0"], ["sandbox-lost@a", "secret-missing=db..80", "deleted@12.5", "image-missing=a"]
    )
    assert scenario is not None
    assert scenario.exits == {"a": (1, "oom", 0)}
    lost, secret, deleted, image = scenario.events
    assert (lost.during, deleted.at_s) == ("a", 12.5)
    assert (secret.target, secret.until_s, image.until_s) == ("db", 80, None)
    assert read_scenario() is None


@pytest.mark.parametrize(
    ("exits", "events"),
    [(["a"], []), (["=1"], []), (["a=x"], []), (["a=256"], []), (["a="], []), ([], ["flood"]), ([], ["deleted..x"])],
)
def test_a_scenario_that_cannot_be_read_says_how_to_write_it(exits, events):
    with pytest.raises(BadScenario, match=r"write|exit code"):
        read_scenario(exits, events)


def test_a_scenario_of_an_unknown_container_is_refused():
    with pytest.raises(BadScenario, match="no container nobody; there are api, fetch, migrate, proxy, wait"):
        explain([shop()], scenario=read_scenario(["nobody=1"]))


def test_only_the_workloads_that_have_the_container_are_simulated():
    other = shop()
    other["metadata"]["name"] = "other"
    other["spec"]["template"]["spec"]["initContainers"].pop()
    text = explain([shop(), other], format="json", scenario=read_scenario(["migrate=1,0"]))
    assert ["simulation" in workload for workload in json.loads(text)["workloads"]] == [True, False]
