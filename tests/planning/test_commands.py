"""What a command line says of its own run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pods import container

from initconstructs.planning.commands import duration, read_argv, read_command
from initconstructs.planning.flow import NEVER
from initconstructs.planning.pod import Container, Role

PYTHON = ("python3", "-E", "-c", 'import sys; sys.path.insert(0, "/initconstructs"); from x.y import start; start()')
SCRIPT = ("sh", "-eu", "/initconstructs/waiting/retry.sh")


def _sh(script: str):
    return read_argv(("sh", "-c", script))


@pytest.mark.parametrize(
    ("script", "best", "worst", "codes"),
    [
        ("sleep 2; exit 1", 2, 2, {1}),
        ("true", 0, 0, {0}),
        ("sleep 1m && exit 3", 60, 60, {3}),
        ("false || exit 7", 0, 0, {7}),
        ("sleep 2; [ $n -le 2 ] && exit 1; exit 0", 2, 2, {0, 1}),
        ("until nc -z db 5432; do sleep 2; done", 0, NEVER, {0}),
        ("while :; do sleep 1; done", NEVER, NEVER, set()),
        ("while true; do nc -z db 1 && break; sleep 1; done", 0, NEVER, {0}),
        ("for i in 1 2 3; do sleep 2; done; exit 4", 6, 6, {4}),
        ("for i in $(seq 1 30); do nc -z db 1 && exit 0; sleep 2; done; exit 1", 0, 60, {0, 1}),
        ("for i in {1..5}; do sleep 1; done", 5, 5, set()),
        ("i=0; while [ $i -lt 10 ]; do sleep 3; i=$((i+1)); done", 30, 30, set()),
        ("until pg_isready || [ $i -ge 10 ]; do sleep 3; done", 0, 30, set()),
        ("timeout 60 sh -c 'until nc -z db 1; do sleep 1; done'", 0, 60, set()),
        ("if [ -f /x ]; then sleep 5; else exit 2; fi", 0, 5, set()),
        ("wait_for() { sleep 4; }; wait_for; exit 0", 4, 4, {0}),
        ("alembic upgrade head", 0, NEVER, set()),
        ("cp /a /b", 0, 0, set()),
        ("cp -r /a /b", 0, NEVER, set()),
        ("exec sleep infinity", NEVER, NEVER, set()),
        ("echo 'exit 3; sleep 9' # exit 4", 0, 0, {0}),
        ("case $x in a) sleep 1;; esac", 0, 1, {0}),
        ("case $x in a) sleep 1; exit 3;; b|c) exit 4;; *) sleep 2; exit 5; esac", 0, 2, {3, 4, 5}),
        ("x=abc; case $x in b*) exit 1;; a*|z) exit 2;; esac", 0, 0, {2}),
        ("cat <<EOF >/x\nsleep 60\nEOF\nexit 4", 0, 0, {4}),
        ("n=20; until nc -z db 1 || [ $i -ge $n ]; do sleep 3; done", 0, 60, set()),
        ("if ! nc -z db 1; then exit 2; fi; sleep 1", 0, 1, {0, 2}),
        ("while if true; then false; fi; do sleep 1; done; exit 3", 0, 0, {3}),
        ("echo on if true; then sleep 9; fi", 0, NEVER, set()),
        ("until nc -z db 1; do sleep 2", 0, NEVER, set()),
        ("echo 'never closed; exit 1", 0, NEVER, set()),
        ("sleep 1; done", 0, NEVER, set()),
        ("tail -F /var/log/app.log", NEVER, NEVER, set()),
        ("tail -fn 5 /var/log/app.log", NEVER, NEVER, set()),
        ("tail -n 5 /var/log/app.log", 0, 0, set()),
        ("token=$(vault token lookup); exit 0", 0, NEVER, {0}),
        ('echo "$(until nc -z db 1; do sleep 1; done)"', 0, NEVER, {0}),
        ("name=$(hostname | cut -d. -f1); exit 3", 0, 0, {3}),
        ("x=$(sleep 2; exit 4); sleep 1", 3, 3, {0}),
        ("x=$(exit 4)", 0, 0, {4}),
        ("x=$(if; then)", 0, NEVER, set()),
        ("/opt/cni/bin/install", 0, NEVER, set()),
        ("/usr/bin/install /a /b", 0, 0, set()),
    ],
)
def test_a_script_tells_how_long_it_runs_and_how_it_ends(script, best, worst, codes):
    reading = _sh(script)
    assert (reading.best_s, reading.worst_s, reading.codes) == (best, worst, codes)


@pytest.mark.parametrize(
    ("argv", "worst", "bound"),
    [
        (("kubectl", "wait", "--for=condition=complete", "job/x", "--timeout=5m"), 300, "--timeout 5m"),
        (("kubectl", "wait", "--for=condition=complete", "job/x"), 30, "kubectl wait's own 30s"),
        (("dockerize", "-wait", "tcp://db:1", "-timeout", "60s"), 60, "-timeout 60s"),
        (("wait-for-it.sh", "db:1", "-t", "90"), 90, "-t 90"),
        (("wait-for-it.sh", "db:1"), 15, "wait-for-it.sh's own 15s"),
        (("timeout", "-k", "5", "120", "migrate"), 120, "timeout 120"),
        (("python", "wait.py", "--wait-timeout", "2m"), 120, "--wait-timeout 2m"),
        (("python", "wait.py"), NEVER, ""),
        ((*PYTHON, "300", '{"wait": "redis"}'), 300, "the preset's own 300s"),
        ((*PYTHON, "--all", "5"), NEVER, ""),
        ((*SCRIPT, "90", "30", "/x", "sh", "-c", "sleep 500"), 90, "the preset's own 90s"),
        (("timeout", "60", *SCRIPT, "90"), 60, "timeout 60"),
        ((*SCRIPT, "/data"), NEVER, ""),
        (("sh", "-eu", "/initconstructs-of-others/run.sh", "90"), NEVER, ""),
    ],
)
def test_deadlines_of_known_programs(argv, worst, bound):
    reading = read_argv(argv)
    assert (reading.worst_s, reading.bound) == (worst, bound)


@pytest.mark.parametrize(
    ("variable", "value", "worst"),
    [("WAIT_TIMEOUT", "5m", 300), ("TIMEOUT", "90", 90), ("DEADLINE_SECONDS", "30", 30), ("HTTP_PORT", "8080", NEVER)],
)
def test_a_deadline_in_the_environment(variable, value, worst):
    raw = container("wait", "until nc -z db 1; do sleep 1; done", env=[{"name": variable, "value": value}])
    command = tuple(raw["command"])
    reading = read_command(Container(name="wait", role=Role.INIT, image="x", command=command, raw=raw))
    assert reading.worst_s == worst


def test_values_of_the_environment_are_put_in():
    raw = container("wait", 'timeout "$LIMIT" poll db; sleep ${PAUSE:-3}', env=[{"name": "LIMIT", "value": "40"}])
    reading = read_command(Container(name="w", role=Role.INIT, image="x", command=tuple(raw["command"]), raw=raw))
    assert reading.worst_s == 43


@pytest.mark.parametrize(("script", "code"), [("trap 'exit 3' TERM; sleep 9", 3), ("sleep 9", None)])
def test_what_sigterm_does(script, code):
    assert _sh(script).term_code == code


def test_a_preset_hears_sigterm():
    assert [read_argv((*words, "300")).term_code for words in (PYTHON, SCRIPT)] == [143, 143]


@pytest.mark.parametrize(
    ("text", "value"), [("30", 30), ("1h30m", 5400), ("2.5", 2.5), ("5m", 300), ("", None), ("x", None)]
)
def test_durations(text, value):
    assert duration(text) == value


@given(st.text(alphabet="abc ;&|(){}<>$'\"\\\n#=-0123 whiledone", max_size=60))
def test_no_script_breaks_the_reader(script):
    reading = _sh(script)
    assert 0 <= reading.best_s <= reading.worst_s
