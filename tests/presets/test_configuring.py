"""Copies and templates, run as rendered: odd names, links, kills at any instant, a full disk, any text."""

from __future__ import annotations

import itertools
import os
import re
import signal
import stat
import subprocess
import time
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initconstructs import ConfigMapFiles, Directory, EmptyDir, ModelError, Projected, SecretFiles, SecretKey, Volume
from initconstructs.presets import configuring, fetching, preparing
from tests.presets.configuring_shells import (
    killed_at_many_instants,
    kubelet_volume,
    on_small_disk,
    path,
    tree,
)
from tests.presets.conftest import Kubelet

__all__ = ["on_small_disk", "path"]

ODD = {"with space": "a", "new\nline": "b", "-rf": "c", ".hidden": "d", "..twice": "e", "*": "f", "deep/er/x": "g"}
CONFIG = Volume("config", ConfigMapFiles("shop"))
AT = "/initconstructs/configure-source-0"


@pytest.fixture
def source(tmp_path) -> Path:
    return kubelet_volume(tmp_path / "source", {"app.ini": "x = 1\n", "sub/b.ini": "y = ${Y}"})


@pytest.fixture
def out(tmp_path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def write(place: Path, wanted: dict[str, str]) -> Path:
    for name, text in wanted.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    return place


def test_the_files_of_a_config_map_are_copied_and_not_the_kubelets_directories(kubelet, path, source, out):
    stage = configuring.copy(CONFIG, to="/etc/shop")
    finished = kubelet.run(stage, mounts={AT: source, "/etc/shop": out}, PATH=path)
    assert (finished.code, finished.err) == (0, "")
    assert tree(out) == {"app.ini": "x = 1\n", "sub/b.ini": "y = ${Y}"}


def test_the_second_run_writes_the_same_again_and_leaves_other_files(kubelet, path, source, out):
    stage = configuring.copy(CONFIG, to="/etc/shop")
    for _ in range(2):
        assert kubelet.run(stage, mounts={AT: source, "/etc/shop": out}, PATH=path).code == 0
        first = tree(out)
        write(out, {"app.ini": "changed by the app", "own": "of the app"})
    assert kubelet.run(stage, mounts={AT: source, "/etc/shop": out}, PATH=path).code == 0
    assert tree(out) == first | {"own": "of the app"}


def test_of_several_sources_the_later_counts(kubelet, path, source, out, tmp_path):
    image = write(tmp_path / "image", {"sub/b.ini": "image", "sub/c.ini": "image", "only": "image"})
    stage = configuring.copy(str(image), CONFIG, {"app.ini": "literal $(HOME) $$"}, to="/etc/shop", image="shop:1")
    mounts = {"/initconstructs/configure-source-1": source, "/etc/shop": out}
    assert kubelet.run(stage, mounts=mounts, PATH=path).code == 0
    assert tree(out) == {
        "app.ini": "literal $(HOME) $$",
        "sub/b.ini": "y = ${Y}",
        "sub/c.ini": "image",
        "only": "image",
    }


def test_any_file_name(kubelet, path, out, tmp_path):
    image = write(tmp_path / "image", ODD)
    (image / "deep/link").symlink_to("/etc/hostname")
    stage = configuring.render(str(image), to="/etc/shop", env={"N": "x", "M": "y"}, defaults={"N": "", "M": ""})
    finished = kubelet.run(stage, mounts={"/etc/shop": out}, PATH=path, N="x", M="y")
    assert (finished.code, finished.err) == (0, "")
    assert tree(out) == ODD | {"deep/link": "-> /etc/hostname"}


def test_modes(kubelet, path, out, tmp_path):
    image = write(tmp_path / "image", {"sub/run": "", "sub/read": ""})
    (image / "sub/run").chmod(0o555)
    (image / "sub").chmod(0o555)
    stage = configuring.copy(str(image), to="/etc/shop", mode=0o440)
    assert kubelet.run(stage, mounts={"/etc/shop": out}, PATH=path).code == 0
    modes = {name: stat.filemode((out / name).stat().st_mode) for name in ("sub", "sub/run", "sub/read")}
    assert modes == {"sub": "drwxr-x---", "sub/run": "-r-xr-x---", "sub/read": "-r--r-----"}


def test_no_link_is_followed_out_of_the_directory(kubelet, path, out, tmp_path):
    """Neither one that lay there before nor one of an earlier source."""
    outside = write(tmp_path / "outside", {"file": "outside", "other": "outside"})
    first = tmp_path / "first"
    first.mkdir()
    for place in (first, out):
        (place / "sub").symlink_to(outside)
        (place / "file").symlink_to(outside / "file")
    second = write(tmp_path / "second", {"sub/other": "inside", "file": "inside"})
    stage = configuring.copy(str(first), str(second), to="/etc/shop")
    assert kubelet.run(stage, mounts={"/etc/shop": out}, PATH=path).code == 0
    assert tree(outside) == {"file": "outside", "other": "outside"}
    assert tree(out) == {"sub/other": "inside", "file": "inside"}


def test_killed_at_any_instant_no_file_is_half_and_the_next_run_succeeds(kubelet, path, out, tmp_path):
    text = "line ${N}\n" * 2_000
    wanted = {f"d{number % 3}/f{number}": text.replace("${N}", "new") for number in range(9)}
    image = write(tmp_path / "image", dict.fromkeys(wanted, text))
    old = dict.fromkeys(wanted, "old")
    stage = configuring.render(str(image), to="/etc/shop", env={"N": SecretKey("s", "n")}, user=1000)

    def start() -> subprocess.Popen[str]:
        write(out, old) if tree(out) == {} else None
        return kubelet.start(stage, mounts={"/etc/shop": out}, PATH=path, N="new").process

    for _ in killed_at_many_instants(start, 15):
        seen = {name: text for name, text in tree(out).items() if not name.startswith(".initconstructs/")}
        assert all(seen[name] in (old[name], wanted[name]) for name in wanted)
        assert seen.keys() == wanted.keys()
        write(out, old)
    finished = kubelet.run(stage, mounts={"/etc/shop": out}, PATH=path, N="new")
    assert (finished.code, tree(out)) == (0, wanted)
    assert {each.name for each in out.iterdir()} == {"d0", "d1", "d2"}


def test_a_full_disk_changes_nothing(kubelet, path, out, tmp_path, on_small_disk):
    image = write(tmp_path / "image", {"a": "small", "b": "x" * 200_000})
    stage = configuring.copy(str(image), to="/etc/shop")
    finished = kubelet.run(stage, mounts={"/etc/shop": out}, PATH=path, wrap=on_small_disk(out, "size=64k"))
    said, left = finished.out.split("\nleft:\n")
    assert (finished.code, left) == (1, "")
    assert said == f"{image}: can't be copied, see above; nothing was changed\n"
    assert "No space left on device" in finished.err


def test_a_full_disk_while_values_are_put_in_changes_nothing(kubelet, path, out, on_small_disk):
    stage = configuring.render({"a": "${N}" * 8}, to="/etc/shop", env={"N": SecretKey("s", "n")}, user=1)
    mounts = {"/etc/shop": out}
    finished = kubelet.run(stage, mounts=mounts, PATH=path, wrap=on_small_disk(out, "size=16k"), N="x" * 9_000)
    said, left = finished.out.split("\nleft:\n")
    assert (finished.code != 0, left) == (True, "")
    assert said == "a: can't be written, see above; nothing was changed\n"


def test_a_directory_that_can_not_be_written_to_names_fs_group(kubelet, path, source, out, on_small_disk):
    stage = configuring.copy(CONFIG, to="/etc/shop")
    mounts = {AT: source, "/etc/shop": out}
    finished = kubelet.run(stage, mounts=mounts, PATH=path, wrap=on_small_disk(out, "ro"))
    assert (finished.code, "let fsGroup give it to the group" in finished.out) == (1, True)


AS_PROCESS_1 = ("/usr/bin/unshare", "-rpf", "--kill-child")


def test_gives_up_at_the_deadline_as_process_1(kubelet, path, out, tmp_path):
    os.mkfifo(tmp_path / "hangs")
    stage = configuring.copy(str(tmp_path / "hangs"), to="/etc/shop", timeout=1)
    finished = kubelet.run(stage, mounts={"/etc/shop": out}, PATH=path, wrap=AS_PROCESS_1)
    assert (finished.code, finished.out, finished.seconds >= 1) == (124, "gave up after 1 s\n", True)


def test_stops_when_asked_as_process_1(kubelet, path, out, tmp_path):
    os.mkfifo(tmp_path / "hangs")
    stage = configuring.copy(str(tmp_path / "hangs"), to="/etc/shop")
    started = kubelet.start(stage, mounts={"/etc/shop": out}, PATH=path, wrap=AS_PROCESS_1)
    while not list(out.iterdir()):
        time.sleep(0.05)
    children = Path(f"/proc/{started.process.pid}/task/{started.process.pid}/children").read_text()
    os.kill(int(children), signal.SIGTERM)
    finished = started.finish()
    assert (finished.code, finished.out) == (143, "asked to stop\n")


@pytest.mark.parametrize(
    ("template", "env", "said"),
    [
        ("${N}", {}, "N: is not set and has no default; nothing was changed"),
        ("$N {N}", {"N": "1"}, "N: no file asks for it; nothing was changed"),
    ],
)
def test_a_variable_that_is_missing_or_unused(kubelet, path, out, *, template, env, said):
    stage = configuring.render({"a": template}, to="/etc/shop", env={"N": SecretKey("s", "n", optional=True)})
    finished = kubelet.run(stage, mounts={"/etc/shop": out}, PATH=path, **env)
    assert (finished.code, finished.last, tree(out)) == (1, said, {})


def test_a_template_may_be_read_only(kubelet, path, out, tmp_path):
    """As of a Secret with `default_mode=0o400`; root reads and writes what it wants, unless it may not override."""
    image = write(tmp_path / "image", {"t": "${N}"})
    (image / "t").chmod(0o400)
    without_rights = ["/usr/bin/setpriv", "--bounding-set=-all"] if os.getuid() == 0 else []
    stage = configuring.render(str(image), to="/etc/shop", env={"N": "1"})
    finished = kubelet.run(stage, mounts={"/etc/shop": out}, PATH=path, N="1", wrap=without_rights)
    assert (finished.code, finished.err, tree(out)) == (0, "", {"t": "1"})


def test_what_is_no_text_is_copied_as_it_is(kubelet, path, out, tmp_path):
    image = write(tmp_path / "image", {"t": "${N}"})
    (image / "binary").write_bytes(b"\0${N}\0\xff")
    stage = configuring.render(str(image), to="/etc/shop", env={"N": "1"})
    assert kubelet.run(stage, mounts={"/etc/shop": out}, PATH=path, N="1").code == 0
    assert ((out / "t").read_text(), (out / "binary").read_bytes()) == ("1", b"\0${N}\0\xff")


def test_a_source_that_is_not_there(kubelet, path, out):
    stage = configuring.copy("/nonesuch", to="/etc/shop")
    finished = kubelet.run(stage, mounts={"/etc/shop": out}, PATH=path)
    assert (finished.code, finished.last) == (1, "/nonesuch: can't be copied, see above; nothing was changed")


def test_a_secret_is_in_the_file_alone_and_the_file_in_memory(kubelet, path, out):
    stage = configuring.render({"a": "p=${P}"}, to="/etc/shop", env={"P": SecretKey("s", "p")}, user=1000)
    finished = kubelet.run(stage, mounts={"/etc/shop": out}, PATH=path, P="canary")
    assert "canary" not in finished.out + finished.err
    assert ((out / "a").read_text(), stat.S_IMODE((out / "a").stat().st_mode)) == ("p=canary", 0o400)
    assert stage.output.volume.source == EmptyDir(medium="Memory")


def test_a_volume_with_a_secret_is_copied_into_memory_too():
    plain = Volume("tls", SecretFiles("tls"))
    mixed = Volume("mixed", Projected([ConfigMapFiles("shop"), SecretFiles("tls")]))
    handed_over = fetching.vault(role="shop", files={"a": "secret/data/a"}).output
    for secret in (plain, mixed, handed_over):
        for stage in (
            configuring.copy(secret, to="/etc/tls"),
            configuring.render({"a": "${A}"}, secret, to="/etc/tls", env={"A": "a"}),
            preparing.by_ordinal(first=secret, others={}, to="/etc/tls"),
        ):
            assert stage.output.volume.source == EmptyDir(medium="Memory")
            assert "0400" in stage.args
        with pytest.raises(ModelError):
            configuring.copy(secret, to="/etc/tls", mode=0o644)
        with pytest.raises(ModelError):
            configuring.copy(secret, to=Directory("/etc/tls"))
    assert configuring.copy(plain, to=configuring.copy(plain, to="/a", name="x").output.at("/b", read_only=False))


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
TRICKY = st.sampled_from(
    ["${A}", "${B}", "$(id)", "`id`", "$$", "'\"", "\\1 & \\n", "${", "}", "\n", "\r\n", "é", "x" * 4096]
)
ANY = st.lists(TEXT | TRICKY, max_size=6).map("".join)
RUNS = itertools.count()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(template=ANY, a=ANY, default=ANY)
def test_any_text_is_put_in_as_it_is(path, tmp_path, template, a, default):
    stage = configuring.render(
        {"t": template},
        to="/etc/shop",
        env={"A": a, "B": SecretKey("s", "b", optional=True)},
        defaults={"A": "", "B": default},
        user=1000,
    )
    home = tmp_path / str(next(RUNS))
    (home / "out").mkdir(parents=True)
    kubelet = Kubelet(home)
    literal = kubelet.place(stage, {})[0]["env"][0]["value"]
    finished = kubelet.run(stage, mounts={"/etc/shop": home / "out"}, PATH=path, A=re.sub(r"\$\$", "$", literal))
    assert (finished.code, finished.err) == (0, "")
    values = {"A": a, "B": default}
    expected = re.sub(r"\$\{([AB])\}", lambda found: values[found[1]], template)
    assert (home / "out/t").read_bytes() == expected.encode()


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=30) | st.sampled_from(["a\0b", "\ud800", "/x/../y", "relative"]))
def test_any_path_and_name_is_kept_or_refused(word):
    for make in (
        lambda: configuring.copy(word, to="/etc/shop").args[3:],
        lambda: configuring.render({"a": ""}, to="/out", env={word: "v"}).args[4:],
        lambda: configuring.render({"a": ""}, to="/out", env={"A": ""}, defaults={"A": word}).args[4:],
    ):
        try:
            (kept,) = make()
        except ModelError:
            continue
        assert kept.replace("$$", "$") in (word, f"A={word}")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: configuring.copy(to="/etc/shop"),
        lambda: configuring.copy("etc", to="/etc/shop"),
        lambda: configuring.copy("/etc/shop/sub", to="/etc/shop"),
        lambda: configuring.copy("/etc", to="/etc/shop"),
        lambda: configuring.copy("/", to="/etc/shop"),
        lambda: configuring.copy({"a/b": "x"}, to="/etc/shop"),
        lambda: configuring.copy({"a": "x"}, to="etc"),
        lambda: configuring.copy({"a": "x"}, to=CONFIG.at("/etc", read_only=True)),
        lambda: configuring.copy({"a": "x"}, to="/etc/shop", mode=0o1777),
        lambda: configuring.copy({"a": "x"}, to="/etc/shop", timeout=0),
        lambda: configuring.render({"a": "x"}, to="/etc/shop", env={}),
        lambda: configuring.render({"a": "x"}, to="/etc/shop", env={"A-B": "x"}),
        lambda: configuring.render({"a": "x"}, to="/etc/shop", env={"mode": "x"}),
        lambda: configuring.render({"a": "x"}, to="/etc/shop", env={"A": "x"}, defaults={"B": "x"}),
        lambda: configuring.render({"a": "x"}, to="/etc/shop", env={"A": SecretKey("s", "a")}, mode=0o644),
        lambda: configuring.render({"a": "x"}, to=Directory("/etc/shop"), env={"A": SecretKey("s", "a")}),
        lambda: configuring.render({"a": "x"}, to=CONFIG.at("/etc/shop"), env={"A": SecretKey("s", "a")}),
    ],
)
def test_refuses_what_can_never_be_right(wrong):
    with pytest.raises(ModelError):
        wrong()


SHELL_NAMES = ["name", "mode", "LC_ALL", "PWD", "Text", "URL", "_x", "OPTARG", "watch", "HOME", "SHLVL"]


@pytest.mark.parametrize("name", SHELL_NAMES)
def test_a_variable_has_its_own_value_or_is_refused(kubelet, path, out, name):
    """Shells hand their own variables on to awk if they got one of that name."""
    try:
        stage = configuring.render({"t": f"${{{name}}}"}, to="/etc/shop", env={name: "its own"})
    except ModelError:
        return
    assert kubelet.run(stage, mounts={"/etc/shop": out}, PATH=path, **{name: "its own"}).code == 0
    assert tree(out) == {"t": "its own"}


def test_root_is_refused_by_naming_fs_group():
    with pytest.raises(ModelError, match="fs_group"):
        configuring.copy({"a": "x"}, to="/etc/shop", user=0)


def test_a_wrong_literal_is_not_shown():
    with pytest.raises(ModelError) as refused:
        configuring.render({"a": "${A}"}, to="/etc/shop", env={"A": "hunter2\0"})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("family", ["configuring", "preparing", "permissions"])
def test_is_clean_under_shellcheck(servers, family):
    (shellcheck,) = servers.need("shellcheck")
    scripts = sorted(map(str, (files("initconstructs.presets") / "scripts" / family).iterdir()))
    assert scripts
    subprocess.run([shellcheck, "-x", "--severity=style", "--shell=sh", *scripts], check=True)
