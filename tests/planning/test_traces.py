"""The simulator and the resource formula against what a real kubelet and scheduler did."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("traces_tool", ROOT / "tools" / "traces.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


traces = _tool()
RECORDED = [trace for trace in traces.read_traces() if trace["manifest"] is not None]

WATCHED_TWICE_WITH_DIFFERENT_RESULT = {"r7-restartall-init2-77-once", "r10-sidecar-with-rules"}
STOPPED_BY_HAND = {"e16-probe-hang"}


@pytest.mark.parametrize("trace", RECORDED, ids=[trace["name"] for trace in RECORDED])
def test_simulation_equals_what_the_kubelet_did(trace):
    verdict = traces.judge(trace)
    expected = traces.EQUAL
    if trace["name"] in WATCHED_TWICE_WITH_DIFFERENT_RESULT:
        expected = traces.BUT_FOR_A_LOOK
    elif trace["name"] in STOPPED_BY_HAND:
        expected = traces.BY_HAND
    assert (verdict.outcome, verdict.why if expected == traces.EQUAL else "") == (expected, "")


@pytest.mark.parametrize("binding", traces.read_bindings(), ids=lambda binding: binding["name"])
def test_requests_equal_those_at_which_the_scheduler_binds(binding):
    assert traces.binds_where_the_scheduler_does(binding)


def test_a_wrong_simulation_is_noticed():
    trace = next(each for each in RECORDED if each["name"] == "always-f1-forever")
    assert traces.judge({**trace, "statuses": [*trace["statuses"][:-1], "Running"]}).outcome == traces.DIFFERENT
    fewer = {"i1": {**trace["runs"]["i1"], "runs": 7, "codes": [1] * 7}}
    assert traces.judge({**trace, "runs": fewer}).outcome == traces.DIFFERENT


def test_the_page_of_docs_is_up_to_date():
    verdicts = [traces.judge(trace) for trace in traces.read_traces()]
    bindings = traces.read_bindings()
    page = traces.render(verdicts, sum(map(traces.binds_where_the_scheduler_does, bindings)), len(bindings))
    assert traces.PAGE.read_text() == page, "run python tools/traces.py --write"
