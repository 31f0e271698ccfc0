"""Directories, data, archives, ordinals and tools, run as rendered."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initconstructs import ModelError, SecretKey, Volume
from initconstructs.presets import configuring, preparing, waiting
from tests.presets.configuring_shells import killed_at_many_instants, on_small_disk, path, tree
from tests.presets.conftest import Kubelet
from tests.presets.preparing_volumes import DATA, ODD, data, image, packed, write

__all__ = ["data", "image", "on_small_disk", "path"]


def test_seeds_an_empty_volume_once(kubelet, path, data, image):
    (data / "lost+found").mkdir()
    stage = preparing.seed(str(image), image="shop:1", to=DATA)
    finished = kubelet.run(stage, mounts={"/data": data}, PATH=path)
    assert (finished.code, finished.err, finished.last) == (0, "", f"{data}: seeded")
    assert tree(data) == ODD
    (data / "-rf").unlink()
    (data / ".hidden").write_text("of the app")
    finished = kubelet.run(stage, mounts={"/data": data}, PATH=path)
    assert (finished.code, finished.last) == (0, f"{data}: there are data already")
    assert tree(data) == {name: text for name, text in ODD.items() if name != "-rf"} | {".hidden": "of the app"}


def test_modes_are_those_of_the_source_unless_said_otherwise(kubelet, path, tmp_path, image):
    (image / "-rf").chmod(0o755)
    (image / ".hidden").chmod(0o600)
    for name, asked, wanted in (("kept", {}, (0o755, 0o600)), ("set", {"mode": 0o440}, (0o550, 0o440))):
        (tmp_path / name).mkdir()
        stage = preparing.seed(str(image), to=DATA, **asked)
        assert kubelet.run(stage, mounts={"/data": tmp_path / name}, PATH=path).code == 0
        assert tuple(stat.S_IMODE((tmp_path / name / each).stat().st_mode) for each in ("-rf", ".hidden")) == wanted


def test_a_file_of_the_authors_choice_tells_that_there_are_data(kubelet, path, data, image):
    write(data, {"other": "file"})
    stage = preparing.seed(str(image), to=DATA, unless="deep/er/x")
    assert kubelet.run(stage, mounts={"/data": data}, PATH=path).code == 0
    assert tree(data) == ODD | {"other": "file"}
    (data / "-rf").unlink()
    assert kubelet.run(stage, mounts={"/data": data}, PATH=path).last == f"{data}: there are data already"


def test_killed_at_any_instant_the_next_run_makes_them_whole(kubelet, path, data, tmp_path):
    """Data that are seen before are finished by the next run, and never taken for those of the app."""
    wanted = {f"d{number % 5}/s/f{number}": str(number) * 3_000 for number in range(60)}
    image = write(tmp_path / "many", wanted)
    stage = preparing.seed(str(image), to=DATA, user=1000)

    def start() -> subprocess.Popen[str]:
        for each in data.iterdir():
            subprocess.run(["rm", "-rf", str(each)], check=True)
        return kubelet.start(stage, mounts={"/data": data}, PATH=path).process

    for _ in killed_at_many_instants(start, 20):
        seen = {name: text for name, text in tree(data).items() if not name.startswith(".initconstructs-seed/")}
        assert seen.items() <= wanted.items()
        finished = kubelet.run(stage, mounts={"/data": data}, PATH=path)
        assert (finished.code, tree(data)) == (0, wanted)
        assert not (data / ".initconstructs-seed").exists()


def test_data_that_are_half_in_place_outlive_another_step_on_the_volume(kubelet, path, data, image):
    """As when the node reboots meanwhile: all stages of the pod run again."""
    write(data, {"VERSION": "1", ".initconstructs-seed/whole/rest": "2"})
    copied = configuring.copy({"app.ini": "x"}, to=DATA)
    seeded = preparing.seed(str(image), to=DATA, unless="VERSION")
    for stage in (copied, seeded):
        assert kubelet.run(stage, mounts={"/data": data}, PATH=path).code == 0
    assert tree(data) == {"VERSION": "1", "rest": "2", "app.ini": "x"}


def test_a_full_disk_leaves_the_volume_empty(kubelet, path, data, tmp_path, on_small_disk):
    image = write(tmp_path / "large", {"a": "small", "b": "x" * 200_000})
    archive = packed(tmp_path / "large.tar.gz", {"a": b"small", "b": os.urandom(200_000)})
    copying = ["/bin/cp", str(image / "a"), str(image / "b"), "."]
    for stage in (
        preparing.seed(str(image), to=DATA),
        preparing.unpack(str(archive), to=DATA),
        preparing.restore(copying, image="shop:1", to=DATA),
    ):
        finished = kubelet.run(stage, mounts={"/data": data}, PATH=path, wrap=on_small_disk(data, "size=64k"))
        said, left = finished.out.split("\nleft:\n")
        assert (finished.code, left) == (1, "")
        assert "see above; " in said or "exit code 1" in said


def test_directories_that_their_owner_may_not_write_are_put_in_place(kubelet, path, data):
    """Nor read, one of them; root does what it wants, unless it may not override."""
    without_rights = ["/usr/bin/setpriv", "--bounding-set=-all"] if os.getuid() == 0 else []
    making = ["/bin/sh", "-c", "mkdir -p a/closed; chmod 0 a/closed; chmod 0555 a ."]
    stage = preparing.restore(making, image="shop:1", to=DATA)
    finished = kubelet.run(stage, mounts={"/data": data}, PATH=path, wrap=without_rights)
    assert (finished.code, finished.err, finished.last) == (0, "", f"{data}: seeded")
    assert (data / "a/closed").is_dir()


def test_restores_by_a_command_once(kubelet, path, data, tmp_path):
    words = [
        "/bin/sh",
        "-c",
        'echo run >>"$1"; echo "$SECRET" > "a b"; mkdir d; echo x > d/-x',
        "sh",
        str(tmp_path / "runs"),
    ]
    stage = preparing.restore(words, image="shop:1", to=DATA, env={"SECRET": SecretKey("s", "k")})
    for _ in range(2):
        assert kubelet.run(stage, mounts={"/data": data}, PATH=path, SECRET="v").code == 0
    assert tree(data) == {"a b": "v\n", "d/-x": "x\n"}
    assert (tmp_path / "runs").read_text() == "run\n"


@pytest.mark.parametrize(("script", "code"), [("echo x > a; exit 3", 3), ("echo x > a; kill -KILL $$", 137)])
def test_a_command_that_fails_leaves_nothing(kubelet, path, data, script, code):
    stage = preparing.restore(["/bin/sh", "-c", script], image="shop:1", to=DATA)
    finished = kubelet.run(stage, mounts={"/data": data}, PATH=path)
    assert (finished.code, list(data.iterdir())) == (1, [])
    assert finished.last == f"/bin/sh: exit code {code}; {data} is as it was"


def test_a_command_that_hangs_is_given_up_and_its_rest_goes_with_the_next_run(kubelet, path, data):
    words = ["/bin/sh", "-c", "echo half > a; exec /bin/sleep 60"]
    stage = preparing.restore(words, image="shop:1", to=DATA, timeout=60)
    started = kubelet.start(stage, mounts={"/data": data}, PATH=path)
    while tree(data) != {".initconstructs-seed/new/a": "half\n"}:
        time.sleep(0.01)
    started.process.send_signal(signal.SIGALRM)  # as at the deadline
    assert started.process.wait(20) == 124
    os.killpg(started.process.pid, signal.SIGKILL)
    assert started.finish().last == "gave up after 60 s"
    assert set(tree(data)) == {".initconstructs-seed/new/a"}
    whole = preparing.restore(["/bin/sh", "-c", "echo whole > b"], image="shop:1", to=DATA)
    assert kubelet.run(whole, mounts={"/data": data}, PATH=path).code == 0
    assert tree(data) == {"b": "whole\n"}


def test_stops_when_the_pod_is_deleted(kubelet, path, data):
    stage = preparing.restore(["/bin/sleep", "60"], image="shop:1", to=DATA)
    started = kubelet.start(stage, mounts={"/data": data}, PATH=path)
    while not (data / ".initconstructs-seed").exists():
        time.sleep(0.01)
    started.process.terminate()
    assert started.process.wait(20) == 143
    os.killpg(started.process.pid, signal.SIGKILL)
    started.finish()


def test_a_replica_is_copied_from_a_real_postgresql(kubelet, servers, port, path):
    """As pg_basebackup does, by the pods after the first, and once."""
    initdb, postgres, backup = servers.need("initdb", "postgres", "pg_basebackup")
    home, data = servers.directory("postgres", "nobody") / "data", servers.directory("data", "nobody")
    servers.run([initdb, "-D", str(home), "--no-sync", "-A", "trust", "-U", "postgres"], user="nobody")
    where = ["-p", str(port), "-c", f"unix_socket_directories={home}", "-c", "listen_addresses=127.0.0.1"]
    servers.start([postgres, "-D", str(home), *where, "-c", "fsync=off"], user="nobody")
    assert kubelet.run(waiting.postgres("127.0.0.1", port=port, timeout=20)).code == 0
    words = [backup, "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-D", ".", "--no-sync", "--checkpoint=fast"]
    stage = preparing.restore(words, image="postgres:17", to=DATA, pods="others", unless="PG_VERSION")
    assert kubelet.run(stage, mounts={"/data": data}, PATH=path, ORDINAL="0").code == 0
    assert list(data.iterdir()) == []
    assert kubelet.run(stage, mounts={"/data": data}, PATH=path, ORDINAL="1").code == 0
    assert (data / "PG_VERSION").read_text() == (home / "PG_VERSION").read_text()
    assert (data / "backup_label").exists()


def test_by_ordinal(kubelet, path, tmp_path):
    stage = preparing.by_ordinal(
        first={"role.cnf": "primary"},
        others={"role.cnf": "replica ${ORDINAL} ${OTHER}"},
        both={"id.cnf": "server-id=${SERVER_ID}\n"},
        first_id=100,
        to="/conf.d",
    )
    for ordinal, role in (("0", "primary"), ("12", "replica 12 ${OTHER}")):
        (tmp_path / ordinal).mkdir()
        finished = kubelet.run(stage, mounts={"/conf.d": tmp_path / ordinal}, PATH=path, ORDINAL=ordinal)
        assert (finished.code, finished.err) == (0, "")
        assert tree(tmp_path / ordinal) == {"role.cnf": role, "id.cnf": f"server-id={100 + int(ordinal)}\n"}


@pytest.mark.parametrize("ordinal", ["", "x"])
def test_a_pod_without_an_ordinal_is_an_error(kubelet, path, data, ordinal):
    for stage in (
        preparing.by_ordinal(first={"a": "1"}, others={"a": "2"}, to="/data"),
        preparing.seed({"a": "1"}, to=DATA, pods="first"),
    ):
        finished = kubelet.run(stage, mounts={"/data": data}, PATH=path, ORDINAL=ordinal)
        assert (finished.code, "pod-index" in finished.last) == (1, True)
    assert tree(data) == {}


def test_a_tool_and_the_path_to_it(kubelet, path, tmp_path):
    tool = write(tmp_path / "usr", {"bin/tool": "#!/bin/sh\necho it runs\n"})
    (tool / "bin/tool").chmod(0o700)
    (tool / "bin/alias").symlink_to("tool")
    (tmp_path / "tools").mkdir()
    stage = preparing.tool(str(tool / "bin/alias"), image="tool:1")
    for _ in range(2):
        assert kubelet.run(stage, mounts={"/tools": tmp_path / "tools"}, PATH=path).code == 0
    searched = f"{tmp_path}/tools:{preparing.DEFAULT_PATH}"
    said = subprocess.run(["alias"], env={"PATH": searched}, capture_output=True, text=True, check=True).stdout
    assert (said, stat.S_IMODE((tmp_path / "tools/alias").stat().st_mode)) == ("it runs\n", 0o755)


def test_creates_empties_and_removes_directories_once(kubelet, path, data):
    write(data, {"tmp/a/b": "x", "tmp/.c": "x", "old/x": "x", ".lock": "x", "kept/x": "x"})
    stage = preparing.directories(
        {"new\nline/-x": 0o700, "kept": 0o750}, empty=["tmp"], remove=["old", ".lock"], to=DATA
    )
    first = kubelet.run(stage, mounts={"/data": data}, PATH=path)
    assert (first.code, first.err, tree(data)) == (0, "", {"kept/x": "x"})
    modes = [stat.S_IMODE((data / each).stat().st_mode) for each in ("new\nline/-x", "kept")]
    assert (modes, (data / "tmp").is_dir()) == ([0o700, 0o750], True)
    second = kubelet.run(stage, mounts={"/data": data}, PATH=path)
    assert (second.code, second.out, second.err) == (0, "", "")


@pytest.mark.parametrize(
    "given", [{"create": ["link/x"]}, {"empty": ["link"]}, {"empty": ["link/sub"]}, {"remove": ["link/file"]}]
)
def test_no_link_leads_out_of_the_volume(kubelet, path, data, tmp_path, given):
    outside = write(tmp_path / "outside", {"file": "x", "sub/file": "x"})
    (data / "link").symlink_to(outside)
    finished = kubelet.run(preparing.directories(**given, to=DATA), mounts={"/data": data}, PATH=path)
    assert (finished.code, finished.last) == (1, "./link: is a symbolic link, which is not followed")
    assert tree(outside) == {"file": "x", "sub/file": "x"}
    assert not (outside / "x").exists()


def test_a_link_itself_is_removed(kubelet, path, data, tmp_path):
    outside = write(tmp_path / "outside", {"file": "x"})
    (data / "link").symlink_to(outside)
    assert kubelet.run(preparing.directories(remove=["link"], to=DATA), mounts={"/data": data}, PATH=path).code == 0
    assert (tree(data), tree(outside)) == ({}, {"file": "x"})


def test_without_root_on_a_volume_of_the_users_group(servers, path):
    """As the kubelet gives it with fsGroup: root's, its group's to write to, with a lost+found that is closed."""
    if os.getuid() != 0:
        reason = "needs root to become another user"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    kubelet, data = Kubelet(servers.directory("container")), servers.directory("data")
    (data / "lost+found").mkdir(mode=0o700)
    os.chown(data, 0, 3000)
    data.chmod(0o2775)
    image = write(servers.directory("image"), ODD)
    (image / "deep").chmod(0o555)
    user = ["/usr/bin/setpriv", "--reuid=1000", "--regid=1000", "--groups=3000", "--bounding-set=-all"]
    for stage, said in (
        (preparing.directories({"made": 0o770}, remove=["lost+found"], to=DATA, name="a"), "./lost+found: removed"),
        (preparing.directories(remove=["made"], to=DATA, name="b"), "./made: removed"),
        (preparing.seed(str(image), to=DATA, name="c"), f"{data}: seeded"),
        (configuring.copy({"-rf": "new"}, to=DATA, name="d", mode=0o660), f"wrote {data}"),
        (preparing.directories({"kept": 0o700}, to=DATA, name="e"), "./kept: mode 0700"),
    ):
        finished = kubelet.run(stage, mounts={"/data": data}, PATH=path, wrap=user)
        assert (finished.code, finished.err, finished.last) == (0, "", said)
    assert tree(data) == ODD | {"-rf": "new"}
    made = [data / "-rf", data / "deep", data / "deep/er", data / "kept"]
    assert {(each.stat().st_uid, each.stat().st_gid) for each in made} == {(1000, 3000)}
    assert all(each.stat().st_mode & stat.S_ISGID for each in made[1:])


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=30) | st.sampled_from(["a\0b", "\ud800", "$(id)", "a/../b", "/x", "./a", "-rf", "$$"]))
def test_any_word_is_kept_or_refused(word):
    for make in (
        lambda: preparing.restore(["x", word], image="a:1", to=DATA).args[-1:],
        lambda: preparing.directories([word], to=DATA).args[-1:],
        lambda: preparing.directories(empty=[word], to=DATA).args[-1:],
        lambda: preparing.directories(remove=[word], to=DATA).args[-1:],
        lambda: preparing.seed("/x", to=DATA, unless=word).args[2:3],
        lambda: preparing.unpack(f"/{word}.tar", to=DATA).args[-1:],
        lambda: preparing.tool(word, image="a:1").args[3:],
    ):
        try:
            (kept,) = make()
        except ModelError:
            continue
        assert kept.replace("$$", "$") in (word, f"/{word}.tar")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: preparing.seed(to=DATA),
        lambda: preparing.seed("data", to=DATA),
        lambda: preparing.seed("/x", to=Volume("x").at("/x\0")),
        lambda: preparing.seed("/x", to=DATA, pods="second"),
        lambda: preparing.seed("/x", to=DATA, unless="/x"),
        lambda: preparing.seed("/x", to=DATA, mode=0o1777),
        lambda: preparing.unpack("/x.zip", to=DATA),
        lambda: preparing.restore("pg_basebackup", image="a:1", to=DATA),
        lambda: preparing.restore([], image="a:1", to=DATA),
        lambda: preparing.restore(["x"], image="", to=DATA),
        lambda: preparing.restore(["x"], image="a:1", to=DATA, env={"mode": "x"}),
        lambda: preparing.by_ordinal(first={"a": ""}, others={"a": ""}, to="/x", first_id=-1),
        lambda: preparing.directories(to=DATA),
        lambda: preparing.directories(["../x"], to=DATA),
        lambda: preparing.directories({"x": 0o1777}, to=DATA),
        lambda: preparing.directories("x", to=DATA),
        lambda: preparing.tool(image="a:1"),
        lambda: preparing.tool("kubectl", image="a:1"),
    ],
)
def test_refuses_what_can_never_be_right(wrong):
    with pytest.raises(ModelError):
        wrong()
