"""The order is the list, bent as little as the edges demand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs import (
    ModelError,
    Probe,
    Sidecar,
    Stage,
    Step,
    TcpSocket,
    completed,
    healthy,
    inserted,
    ordered,
    started,
)
from initconstructs.model.stages import Edge

PROBE = Probe(TcpSocket(1))
NAMES = [f"stage-{letter}" for letter in "abcdefgh"]


def stage(name: str, after: Sequence[str] = (), before: Sequence[str] = ()) -> Stage:
    return Stage(name, image="a:1", after=[completed(each) for each in after], before=tuple(before))


def names(steps: Sequence[Step]) -> list[str]:
    return [step.name for step in steps]


def edges(steps: Sequence[Step]) -> set[tuple[str, str]]:
    return {(edge.stage, step.name) for step in steps for edge in step.after} | {
        (step.name, later) for step in steps for later in step.before
    }


def holds(order: Sequence[Step], edge: tuple[str, str]) -> bool:
    first, second = (names(order).index(name) for name in edge)
    return first < second


@st.composite
def acyclic(draw: st.DrawFn) -> list[Step]:
    """Stages whose edges all agree with some order, listed in another."""
    chosen = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=len(NAMES)))
    after: dict[str, list[str]] = {name: [] for name in chosen}
    before: dict[str, list[str]] = {name: [] for name in chosen}
    for first, second in combinations(chosen, 2):
        kind = draw(st.sampled_from(["none", "none", "after", "before"]))
        if kind == "after":
            after[second].append(first)
        elif kind == "before":
            before[first].append(second)
    return [stage(name, after[name], before[name]) for name in draw(st.permutations(chosen))]


@given(steps=acyclic())
def test_every_edge_holds_and_no_stage_is_lost(steps: list[Step]) -> None:
    found = ordered(steps)
    assert sorted(names(found)) == sorted(names(steps))
    assert all(holds(found, edge) for edge in edges(steps))


@given(steps=acyclic())
def test_an_order_that_satisfies_its_edges_is_kept(steps: list[Step]) -> None:
    once = ordered(steps)
    assert ordered(once) == once
    if all(holds(steps, edge) for edge in edges(steps)):
        assert once == tuple(steps)


@given(steps=acyclic())
def test_each_place_goes_to_the_first_in_the_list_that_may_have_it(steps: list[Step]) -> None:
    found = names(ordered(steps))
    for index, name in enumerate(found):
        waiting = set(found[index:])
        free = [
            each for each in names(steps) if each in waiting and not waiting & {a for a, b in edges(steps) if b == each}
        ]
        assert free[0] == name


@given(data=st.data(), size=st.integers(min_value=1, max_value=6))
def test_a_cycle_is_named(data: st.DataObject, size: int) -> None:
    loop = NAMES[:size]
    steps = [stage(name, after=[loop[index - 1]]) for index, name in enumerate(loop)]
    rest = [stage("free"), stage("behind", after=[loop[0]])]
    with pytest.raises(ModelError, match="wait for each other in a circle") as caught:
        ordered(data.draw(st.permutations([*steps, *rest])))
    told = caught.value.rule.rpartition(": ")[2].split(" after ")
    assert told[0] == told[-1]
    assert set(told) == set(loop)
    assert set(zip(told[1:], told, strict=False)) <= edges(steps)


@pytest.mark.parametrize("keywords", [{"after": ["wiat"]}, {"before": ["wiat"]}], ids=["after", "before"])
def test_an_unknown_stage_gets_the_nearest_name(keywords: dict[str, list[str]]) -> None:
    with pytest.raises(ModelError, match=r'names "wiat", and there is no such stage; did you mean "wait"\?'):
        ordered([stage("wait"), stage("migrate", **keywords)])


def test_an_unknown_stage_that_is_near_to_none_gets_the_list() -> None:
    with pytest.raises(ModelError, match=r"the stages are wait, migrate$"):
        ordered([stage("wait"), stage("migrate", after=["vault"])])


def test_a_name_used_twice_is_refused() -> None:
    with pytest.raises(ModelError, match=r'^Stage "wait" has the name of another stage'):
        ordered([stage("wait"), stage("wait")])


WAIT = stage("wait")
PROXY = Sidecar("proxy", image="a:1")
PROBED = Sidecar("probed", image="a:1", startup_probe=PROBE, readiness_probe=PROBE)


@pytest.mark.parametrize(
    ("edge", "way_out"),
    [
        (started("wait"), r'say completed\("wait"\)'),
        (healthy("wait"), r'say completed\("wait"\)'),
        (completed("proxy"), r'say started\("proxy"\)'),
        (healthy("proxy"), r"add startup_probe=Probe\(\.\.\.\)"),
    ],
    ids=["started stage", "healthy stage", "completed sidecar", "healthy without a startup probe"],
)
def test_an_edge_that_kubernetes_cannot_hold_names_both_ends_and_the_way_out(edge: Edge, way_out: str) -> None:
    with pytest.raises(ModelError, match=f'^Stage "app".after: .*"{edge.stage}".*{way_out}'):
        ordered([WAIT, PROXY, Stage("app", image="a:1", after=[edge])])


@pytest.mark.parametrize("edge", [PROBED.started, PROBED.healthy, WAIT.completed], ids=lambda edge: edge.gate)
def test_the_edges_that_kubernetes_holds(edge: Edge) -> None:
    behind = Stage("behind", image="a:1", after=[edge])
    assert holds(ordered([behind, WAIT, PROBED]), (edge.stage, "behind"))


def test_a_sidecar_without_a_startup_probe_is_never_healthy() -> None:
    with pytest.raises(ModelError, match="readiness and liveness never hold back the next stage"):
        _ = PROXY.healthy


@given(steps=acyclic().filter(bool), data=st.data())
def test_stages_are_inserted_right_before_and_right_after(steps: list[Step], data: st.DataObject) -> None:
    anchor = data.draw(st.sampled_from(names(steps)))
    house = [stage("house-1"), stage("house-2")]
    before, after = names(inserted(steps, *house, before=anchor)), names(inserted(steps, *house, after=anchor))
    assert before[before.index(anchor) - 2 : before.index(anchor)] == names(house)
    assert after[after.index(anchor) + 1 : after.index(anchor) + 3] == names(house)
    assert [each for each in before if each in NAMES] == [each for each in after if each in NAMES] == names(steps)


def test_a_stage_is_inserted_at_one_known_place() -> None:
    with pytest.raises(ModelError, match="needs one place"):
        inserted([WAIT], stage("house"))
    with pytest.raises(ModelError, match="needs one place"):
        inserted([WAIT], stage("house"), before="wait", after="wait")
    with pytest.raises(ModelError, match=r'did you mean "wait"\?'):
        inserted([WAIT], stage("house"), before="wai")
