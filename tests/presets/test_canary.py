"""A secret given to a preset is in its variable alone: not in an argument, a log, a report, nor another variable.

To hold a preset against it, add how it takes a secret to `SECRETS`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import presets_doc
import pytest

from initconstructs import Container, DeploymentSpec, SecretKey, Settings, render, rules
from initconstructs.model.environment import EnvValue
from initconstructs.model.stages import Step
from initconstructs.presets import configuring, migrating, preparing, sidecars, waiting
from initconstructs.reports.explain import EXPLAIN_FORMATS, explain

CANARY = "canary$(HOME)7f3a'\"`id`"
SECRET = SecretKey("shop", "canary-key")
SHELL = ["/bin/sh", "-c", 'test "$S" && echo started && exit "$0"']


@dataclass(frozen=True)
class Given:
    """A preset that is given a secret, which it gets as `variable`; `code` is how it ends here, if it is run at all."""

    make: Callable[[EnvValue], Step]
    variable: str
    code: int | None


SECRETS = {
    "configuring.render": Given(
        lambda secret: configuring.render({"a": "x = ${S}"}, to="/out", env={"S": secret}, user=1000), "S", 0
    ),
    "preparing.restore": Given(
        lambda secret: preparing.restore([*SHELL, "0"], image="a:1", to="/out", env={"S": secret}), "S", 0
    ),
    "preparing.restore that fails": Given(
        lambda secret: preparing.restore([*SHELL, "3"], image="a:1", to="/out", env={"S": secret}), "S", 1
    ),
    "waiting.command": Given(
        lambda secret: waiting.command([*SHELL, "1"], image="a:1", env={"S": secret}, timeout=1), "S", 1
    ),
    "migrating.command": Given(
        lambda secret: migrating.command(["true"], image="a:1", database_url=secret, timeout=1), "DATABASE_URL", None
    ),
    "sidecars.fluent_bit": Given(lambda secret: sidecars.fluent_bit("", env={"TOKEN": secret}), "TOKEN", None),
    "sidecars.haproxy": Given(lambda secret: sidecars.haproxy("", env={"P": secret}), "P", None),
    "sidecars.postgres_exporter": Given(
        lambda secret: sidecars.postgres_exporter(data_source=secret), "DATA_SOURCE_NAME", None
    ),
    "sidecars.redis_exporter": Given(lambda secret: sidecars.redis_exporter(password=secret), "REDIS_PASSWORD", None),
}
rows = pytest.mark.parametrize("given", [pytest.param(each, id=name) for name, each in SECRETS.items()])


def manifests(step: Step) -> list[dict]:
    app = Container("app", image="example.org/app:1.0")
    spec = DeploymentSpec("app", namespace="shop", containers=[app], stages=[step])
    return render(spec, settings=Settings(profile=step.profile))


def texts(value: object) -> Iterator[str]:
    """Every text in a manifest, keys included."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


@rows
def test_the_manifest_refers_to_the_secret_once_and_expands_it_nowhere(given):
    found = manifests(given.make(SECRET))
    container = found[0]["spec"]["template"]["spec"]["initContainers"][0]
    reference = {"secretKeyRef": {"name": "shop", "key": "canary-key"}}
    assert {"name": given.variable, "valueFrom": reference} in container["env"]
    every = [text for manifest in found for text in texts(manifest)]
    assert every.count("canary-key") == 1
    for part in ("command", "args", "env", "startupProbe", "lifecycle"):
        assert not any(f"$({given.variable})" in text.replace("$$", "") for text in texts(container.get(part)))


@rows
def test_no_report_shows_even_a_literal(given):
    """An author may give text where a secret belongs: our own output doesn't spread it."""
    found = manifests(given.make(CANARY))
    reports = [explain(found, format=each) for each in EXPLAIN_FORMATS]
    reports += [repr(finding) for finding in rules.check(found)]
    assert not any("canary" in report for report in reports)


@pytest.fixture
def path(tmp_path) -> tuple[str, Path]:
    """Programs that note their arguments before they do their work, and the notes."""
    place, notes = tmp_path / "bin", tmp_path / "arguments"
    place.mkdir()
    notes.touch()
    for program in os.listdir("/usr/bin"):  # noqa: PTH208 - names alone
        real = shutil.which(program)
        if real is not None and program != "sh" and not program.startswith("python"):
            (place / program).write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>"{notes}"\nexec {real} "$@"\n')
            (place / program).chmod(0o755)
    (place / "sh").symlink_to("/bin/sh")
    return str(place), notes


@pytest.mark.parametrize(
    "given", [pytest.param(each, id=name) for name, each in SECRETS.items() if each.code is not None]
)
def test_no_line_and_no_argument_of_the_program_shows_it(given, kubelet, path):
    place, notes = path
    finished = kubelet.run(given.make(SECRET), PATH=place, **{given.variable: CANARY})
    assert finished.code == given.code, finished
    assert "canary" not in finished.out + finished.err
    assert notes.read_text()
    assert "canary" not in notes.read_text()


def test_the_snapshots_and_the_reference_hold_no_value_of_a_secret():
    """Every literal variable of the catalogue is one that everybody may read."""
    for family in presets_doc.families():
        for name, entry in presets_doc.entries(family).items():
            literals = {key: value for key, value in entry.step.env.items() if isinstance(value, str)}
            suspects = [key for key in literals if any(word in key.upper() for word in ("PASSWORD", "TOKEN", "SECRET"))]
            assert suspects == [], f"{family}.{name}: {json.dumps(suspects)}"
