"""Whatever a manifest looks like, there is a verdict."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from initconstructs.rules import api_server

DATA = Path(__file__).parents[2] / "data"
NUMBERS = [-1, 2**63, 10.0, float("nan")]
TEXTS = ["", " ", "A_b", "1Gi", "9" * 5000, "\ud800"]
ODD = st.sampled_from([None, True, *NUMBERS, *TEXTS, [], {}, [None], [{}], {"": None}])


def seeds() -> list[dict[str, Any]]:
    with gzip.open(DATA / "verdicts.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = map(json.loads, lines)
        return [row["manifest"] for row in rows if row["family"] == "seed"]


SEEDS = seeds()


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a manifest, with each of its keys."""
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        yield node, key
        if isinstance(node[key], (dict, list)):
            yield from places(node[key])


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    manifest: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 3))):
        all_places = list(places(manifest))
        if all_places:
            node, key = all_places[draw(st.integers(0, len(all_places) - 1))]
            node[key] = copy.deepcopy(draw(ODD))
    return manifest


@settings(max_examples=300, deadline=None)
@given(mutated(), st.sampled_from(["1.30", "1.33", "1.34", "1.36", "1.37"]))
def test_a_mutated_manifest_gets_a_verdict(manifest: dict[str, Any], kubernetes: str) -> None:
    problems = api_server.check(manifest, kubernetes=kubernetes)
    for problem in (*problems, *api_server.dropped(manifest, kubernetes=kubernetes)):
        assert problem.message
        assert problem.rule in api_server.RULES


def test_a_verdict_is_the_same_for_an_equal_manifest() -> None:
    for seed in SEEDS:
        assert api_server.check(seed) == api_server.check(json.loads(json.dumps(seed)))
