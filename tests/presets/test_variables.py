"""A variable of any name reaches what a script runs with its own value, or is refused when the preset is called."""

from __future__ import annotations

import json
import re
import shutil
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from initconstructs import Container, DeploymentSpec, ModelError, SecretKey, Stage, render
from initconstructs.presets import configuring, migrating, preparing, waiting

IMAGE, URL = "ghcr.io/acme/shop:1.4.2", SecretKey("shop-db", "url")
SCRIPTS = Path(str(files("initconstructs.presets") / "scripts"))
TELL = 'import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], "w"))'
KEPT = "its own value"
STARTED = {"PATH", "ORDINAL"}
"""What the test itself or the stage says of the container."""


def waited(told: Path, env: dict[str, str]) -> Stage:
    return waiting.command([sys.executable, "-c", TELL, str(told)], image=IMAGE, env=env)


def migrated(told: Path, env: dict[str, str]) -> Stage:
    words = [sys.executable, "-c", TELL, str(told)]
    return migrating.command(words, image=IMAGE, database_url=URL, variable="URL_OF_IT", lock="tool", env=env)


def asked(told: Path, env: dict[str, str]) -> Stage:
    words = [sys.executable, "-c", f"{TELL}; print('there')", str(told)]
    migration = migrating.command(
        ["migrate"], image=IMAGE, database_url=URL, variable="URL_OF_IT", question=words, answer="there", env=env
    )
    return migrating.in_job(migration)


def restored(told: Path, env: dict[str, str]) -> Stage:
    words = [sys.executable, "-c", f"{TELL}; open('data', 'w').close()", str(told)]
    return preparing.restore(words, to="/data", image=IMAGE, env=env, pods="first")


def names(*scripts: str) -> list[str]:
    """Every word of the scripts, and what shells themselves keep, as far as it can name a variable."""
    text = "".join((SCRIPTS / script).read_text("utf-8") for script in scripts)
    return sorted({*re.findall(r"\b[A-Za-z_]\w*\b", text), "IFS", "PWD", "OLDPWD", "LC_ALL", "HOME"} - STARTED)


@pytest.mark.parametrize(
    ("make", "scripts"),
    [
        (waited, ["waiting/retry.sh"]),
        (migrated, ["migrating/bounded.sh"]),
        (asked, ["waiting/retry.sh", "migrating/shows.sh"]),
        (restored, ["preparing/seed.sh", "configuring/step.sh"]),
    ],
    ids=["waiting", "migrating", "asking", "restoring"],
)
@pytest.mark.parametrize("shell", ["dash", "busybox", "bash"])
def test_the_name_of_a_variable_changes_nothing(*, make, scripts, shell, kubelet, servers, tmp_path):
    told = tmp_path / "told"
    taken = {}
    for name in names(*scripts):
        try:
            make(told, {name: KEPT})
        except ModelError:
            continue
        taken[name] = KEPT
    assert len(taken) > 50
    stage = make(told, taken)
    (kubelet.root / "data").mkdir()
    (kubelet.root / "initconstructs" / "scratch").mkdir(parents=True)
    finished = kubelet.run(stage, PATH=with_shell(servers.need(shell)[0], tmp_path / "bin"), ORDINAL="0", **taken)
    assert finished.code == 0, finished
    assert {name: value for name, value in json.loads(told.read_text()).items() if name in taken} == taken


def with_shell(shell: str, place: Path) -> str:
    """A PATH on which `sh` is this shell, and the other tools the machine's."""
    place.mkdir()
    (place / "sh").symlink_to(shell)
    return f"{place}:{Path(shutil.which('sh') or '').parent}"


def test_a_variable_of_a_script_is_refused_at_the_author_s_line():
    with pytest.raises(ModelError, match="is 'code': is a variable that the script or its shell sets itself; rename"):
        waiting.command(["check"], image=IMAGE, env={"code": "1"})
    with pytest.raises(ModelError, match="is 'said'"):
        migrating.in_job(
            migrating.command(
                ["m"], image=IMAGE, database_url=URL, question=["asks"], answer="there", env={"said": "1"}
            )
        )


def test_a_program_that_is_no_script_takes_all():
    stage = migrating.command(["m"], image=IMAGE, database_url=URL, env={"code": "1", "IFS": "x"})
    app = Container("app", image=IMAGE)
    assert render(DeploymentSpec("app", namespace="shop", stages=[stage], containers=[app]))


def test_what_a_template_may_name_is_refused_too():
    with pytest.raises(ModelError, match="is 'mode'"):
        configuring.render({"a": "${mode}"}, to="/etc/shop", env={"mode": "x"})
