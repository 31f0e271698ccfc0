"""Every preset: what it looks like in the manifest, what the checks say of it, and what its documentation promises."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, get_type_hints

import presets_doc
import pytest
from catalogue.entry import Entry

from initconstructs import Container, DeploymentSpec, Settings, render, rules
from initconstructs.model.stages import BaseStage
from initconstructs.rules.finding import Severity

FAMILIES = presets_doc.families()


def rows() -> list[Any]:
    return [
        pytest.param(entry, id=f"{family}-{function}")
        for family in FAMILIES
        for function, entry in presets_doc.entries(family).items()
    ]


def rendered(entry: Entry) -> list[dict]:
    mounts = [entry.reader] if entry.reader else []
    app = Container("app", image="example.org/app:1.0", mounts=mounts)
    spec = DeploymentSpec("app", namespace="shop", containers=[app], stages=[entry.step])
    return render(spec, settings=Settings(profile=entry.profile))


@pytest.mark.parametrize("entry", rows())
def test_manifest(entry, yaml_snapshot):
    """The program's own text is left out; its files are listed."""
    workload, *company = rendered(entry)
    pod = workload["spec"]["template"]["spec"]
    programs = {each["metadata"]["name"]: each for each in company if each["kind"] == "ConfigMap"}
    files = {name.rpartition("-")[0]: sorted(each["data"]) for name, each in programs.items()}
    others = [each for each in company if each["metadata"]["name"] not in programs]
    volumes = [each for each in pod.get("volumes", ()) if each.get("configMap", {}).get("name") not in programs]
    assert [pod["initContainers"][0], {"files": files, "volumes": volumes}, *others] == yaml_snapshot


@pytest.mark.parametrize("entry", rows())
def test_the_checks_find_nothing(entry):
    """No preset may need what our own rules warn of; what is only information, they may say."""
    findings = rules.check(rendered(entry))
    of_the_app = "spec.template.spec.containers"
    serious = [each for each in findings if each.severity is not Severity.INFO and of_the_app not in each.path]
    assert [f"{each.rule} {each.path}: {each.message}" for each in serious] == []


CONNECTS = re.compile(r"^\s*(?:import|from) (?:socket|http\.client|urllib\.request|asyncio)\b", re.MULTILINE)


@pytest.mark.parametrize("entry", rows())
def test_a_program_that_opens_connections_says_that_it_needs_the_network(entry, request):
    texts = [text for each in rendered(entry) if each["kind"] == "ConfigMap" for text in each.get("data", {}).values()]
    looks_at_a_file = "waiting-file" in request.node.name  # with the program that asks servers too
    assert entry.step.network or looks_at_a_file or not any(map(CONNECTS.search, texts))


def makes_a_step(function: Callable[..., object]) -> bool:
    """Others make values for the pod's own fields."""
    made = get_type_hints(function)["return"]
    return isinstance(made, type) and issubclass(made, BaseStage)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_function_has_an_example_and_says_what_its_contract_demands(family):
    module = FAMILIES[family]
    public = {name for name in module.__all__ if inspect.isfunction(getattr(module, name))}
    assert {name for name in public if makes_a_step(getattr(module, name))} == presets_doc.entries(family).keys()
    for name in public:
        text = inspect.getdoc(getattr(module, name)) or ""
        assert f"{family}.{name}(" in text, f"{name} shows no example"
        assert "Sources:" in text or name == "all_of", f"{name} names no source"
    about = inspect.getdoc(module) or ""
    for word in ("**What runs.**", "**Privileges.**", "**Exit codes.**", "**Second run.**"):
        assert word in about or all(word in (inspect.getdoc(getattr(module, name)) or "") for name in public), word


def test_the_reference_is_what_the_code_says():
    assert presets_doc.PAGE.read_text() == presets_doc.document(), "run python tools/presets_doc.py"
