"""Any text in any parameter of any preset reaches its program unchanged, or is refused when the preset is called.

What the program then makes of it is held beside each preset; here is what Kubernetes hands over to it.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import example as of
from hypothesis import given, settings
from hypothesis import strategies as st

from initconstructs import Container, DeploymentSpec, ModelError, Settings, render
from initconstructs.model.stages import Step
from tests.presets.conftest import expanded
from tests.presets.test_arguments import call, example, functions, parameters

VARIABLES = {"HOME": "expanded", "X": "expanded"}
OTHERWISE = {
    "before": "names another stage, which must be there",
    "kernel_parameter equals": "words are compared with one space between them",
    "field path": "is taken apart at its dots",
    "command question": "is asked by in_job, which hands it over like the words of waiting.command",
    "command answer": "as the question",
}


def forms(current: Any, annotation: str, text: str) -> Iterator[object]:
    """Values that hold the text, which the annotation allows: alone, and within what the example gives."""
    if isinstance(current, Mapping):
        for key, value in current.items():
            yield {f"{key}{text}": value}
            if isinstance(value, str):
                yield {key: f"{value}{text}"}
    elif isinstance(current, (list, tuple)):
        yield [*current, text]
    elif "Mapping[str, str" in annotation:
        yield {"KEY": text}
        yield {f"K{text}": "value"}
    if re.search(r"(list|Sequence)\[str\]", annotation):
        yield [text]
    if re.search(r"(?<!\[)\bstr\b", annotation):
        yield from (text, f"/{text}", f"https://example.org/{text}", f"{current}{text}")


def texts(value: object) -> Iterator[str]:
    """Every text in a value, and in what text holds as JSON."""
    if isinstance(value, str):
        yield value
        try:
            inner = json.loads(value)
        except ValueError:
            return
        if not isinstance(inner, str):
            yield from texts(inner)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from (key, *texts(each))
    elif isinstance(value, Sequence):
        for each in value:
            yield from texts(each)


def handed_over(step: Step) -> Iterator[str]:
    """Every text that the container of a step gets, as Kubernetes hands it over, and those of its company."""
    app = Container("app", image="example.org/app:1")
    spec = DeploymentSpec("app", namespace="shop", containers=[app], stages=[step])
    found: list[Any] = render(spec, settings=Settings(profile=step.profile))
    workload, *company = found
    pod = workload["spec"]["template"]["spec"]
    container = pod["initContainers"][0]
    for word in (*container.get("command", ()), *container.get("args", ())):
        yield from texts(expanded(word, VARIABLES))
    for each in container.get("env", ()):
        yield from (each["name"], *texts(expanded(each.get("value", ""), VARIABLES)))
    fields = {name: value for name, value in container.items() if name not in ("command", "args", "env")}
    yield from texts([fields, pod.get("volumes", []), company])


def current(function: Any, args: list[Any], given: Mapping[str, Any], name: str) -> Any:
    """What the example gives for a parameter; of several `*args`, the first."""
    positions = list(inspect.signature(function).parameters)[: len(args)]
    return given.get(name, args[positions.index(name)] if name in positions else None)


@pytest.mark.parametrize(("module", "function"), functions())
@settings(deadline=None, max_examples=5)
@given(st.text(max_size=60))
@of("$(HOME)")
@of("$$(id) `id` '\"\\n")
@of("a\nb")
@of("ü☃")
@of("x" * 4096)
@of("\0")
@of("\ud800")
def test_any_text_is_handed_over_unchanged_or_refused(module, function, text):
    args, keywords = example(module, function)
    marked = f"zq{text}zq"
    for name, annotation in parameters(function).items():
        if {name, f"{function.__name__} {name}"} & OTHERWISE.keys() or "str" not in annotation:
            continue
        for value in forms(current(function, args, keywords, name), annotation, marked):
            try:
                step: Any = call(function, args, keywords, name, value)
            except ModelError:
                continue
            assert any(marked in each for each in handed_over(step)), (name, value)
