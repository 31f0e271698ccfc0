"""Clones from git's own HTTP server over TLS; the script under dash and busybox with nothing on PATH but its tools."""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initconstructs import ConfigMapFiles, ModelError, SecretKey, Volume
from initconstructs.presets import fetching
from tests.presets.conftest import QuietHandler, expanded
from tests.presets.fetching_clouds import canary_free

TOOLS = ("cat", "date", "flock", "grep", "mkdir", "mv", "rm", "sleep", "tail", "timeout")
CANARY = "canary-5f2c1e"
IDENTITY = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}


@pytest.fixture(params=["dash", "busybox"])
def path(request, servers, tmp_path) -> str:
    """A directory with git, one shell, and the script's tools."""
    shell, git, *_ = servers.need(request.param, "git", *TOOLS)
    place = tmp_path / "bin"
    place.mkdir()
    (place / "sh").symlink_to(shell)
    (place / "git").symlink_to(git)
    for tool in TOOLS if request.param == "dash" else [each for each in TOOLS if each != "flock"]:
        (place / tool).symlink_to(shell if request.param == "busybox" else shutil.which(tool) or "")
    return str(place)


class Repository:
    """A repository with a history, and git's own server for it."""

    def __init__(self, home: Path) -> None:
        self.home, self.work = home, home / "work"
        self.refuses = self.asks_for = ""
        self.requests: list[str] = []
        self.work.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.commit("one")
        self.git("tag", "-a", "v1", "-m", "one")
        self.git("config", "http.receivepack", "false")

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.work, env=os.environ | IDENTITY, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, text: str) -> str:
        (self.work / "page").write_text(text)
        (self.work / "run.sh").write_text("#!/bin/sh\n")
        (self.work / "run.sh").chmod(0o755)
        self.git("add", ".")
        self.git("commit", "-q", "-m", text)
        return self.git("rev-parse", "HEAD")

    def handler(self):
        repository = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:  # noqa: N802 -- as the base class calls it
                repository.requests.append(self.path)
                login = self.headers.get("Authorization", "")
                if repository.refuses:
                    self.end(*repository.refuses.split(" ", 1))
                elif repository.asks_for and login != f"Basic {repository.asks_for}":
                    self.end("401", 'WWW-Authenticate: Basic realm="git"')
                elif self.path.startswith("/site.git/"):
                    self.served()
                else:
                    self.end("404", "X: y")

            do_POST = do_GET  # noqa: N815 -- as the base class calls it

            def end(self, status: str, header: str) -> None:
                self.send_response(int(status))
                self.send_header(*header.split(": ", 1))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def served(self) -> None:
                """https://git-scm.com/docs/git-http-backend, by RFC 3875."""
                where, _, query = self.path.partition("?")
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                env = os.environ | {
                    "GIT_PROJECT_ROOT": str(repository.work / ".git"),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "PATH_INFO": where.removeprefix("/site.git"),
                    "QUERY_STRING": query,
                    "REQUEST_METHOD": self.command,
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "CONTENT_LENGTH": str(len(body)),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                }
                out = subprocess.run(
                    ["git", "http-backend"], env=env, input=body, check=False, capture_output=True
                ).stdout
                head, _, rest = out.partition(b"\r\n\r\n")
                fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
                self.send_response(int(fields.pop("Status", "200").split()[0]))
                for name, value in {**fields, "Content-Length": str(len(rest))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(rest)

        return Handler


@pytest.fixture
def repository(servers, tmp_path):
    servers.need("git")
    return Repository(tmp_path / "repository")


@pytest.fixture
def clone(kubelet, path, https, repository):
    """Run the stage, with the certificate that the server has."""
    ca = Volume("ca", ConfigMapFiles("ca")).at("/ca")
    with https.serve(repository.handler()) as port:

        def run(start=False, env=None, **options):
            given = {"ref": "main", "timeout": 20, "ca_file": "/ca/ca.crt", "mounts": [ca]} | options
            stage = fetching.git(f"https://127.0.0.1:{port}/site.git", **given)
            variables = {"PATH": path, "GIT_SSL_CAINFO": str(https.certificate / "ca.crt")} | (env or {})
            begin = kubelet.start if start else kubelet.run
            return begin(stage, mounts={"/ca": https.certificate}, **variables)

        yield run


@pytest.fixture
def site(kubelet) -> Path:
    return kubelet.root / "data/site"


def last(done) -> str:
    return done.last.split("s  ", 1)[1]


def left(kubelet) -> list[str]:
    return sorted(each.name for each in (kubelet.root / "data").iterdir())


def replace(path: str, tool: str, first: str) -> None:
    """Put a script before a tool: it does `first`, and then what the tool does."""
    place = Path(path) / tool
    real = place.readlink()
    place.unlink()
    place.write_text(f'#!/bin/sh\n{first}\nexec {real} {tool if real.name == "busybox" else ""} "$@"\n')
    place.chmod(0o755)


def test_clones_a_branch_a_tag_and_a_commit_and_follows_the_branch(clone, kubelet, site, repository):
    first = repository.git("rev-parse", "HEAD")
    done = clone()
    assert (done.code, last(done)) == (0, f"checked out commit {first}"), done.out + done.err
    assert ((site / "page").read_text(), os.access(site / "run.sh", os.X_OK)) == ("one", True)
    second = repository.commit("two")
    assert last(clone()) == f"checked out commit {second}"
    assert (site / "page").read_text() == "two"
    assert last(clone(ref="v1")) == f"checked out commit {first}"
    assert last(clone(ref=second, depth=0)) == f"checked out commit {second}"
    assert left(kubelet) == [".site.lock", "site"]


def test_keeps_a_clone_that_is_right_and_repairs_one_that_is_not(clone, site, repository):
    commit = repository.git("rev-parse", "HEAD")
    clone(ref=commit)
    asked = len(repository.requests)
    again = clone(ref=commit)
    assert (again.code, last(again)) == (0, f"commit {commit} is there already, unchanged"), again.out
    assert len(repository.requests) == asked
    about = (site / "page").stat()
    (site / "page").write_text("oNe")
    os.utime(site / "page", ns=(about.st_atime_ns, about.st_mtime_ns))
    assert last(clone(ref=commit)) == f"checked out commit {commit}"
    assert (site / "page").read_text() == "one"


def test_logs_in_with_the_token_and_shows_it_nowhere(clone, site, repository, kubelet):
    repository.asks_for = base64.b64encode(f"oauth2:{CANARY}".encode()).decode()
    token = {"token": SecretKey("git", "token"), "username": "oauth2"}
    started = clone(start=True, env={"GIT_TOKEN": CANARY, "GIT_USERNAME": "oauth2"}, **token)
    shown = ""
    while started.process.poll() is None:
        shown += subprocess.run(["ps", "axo", "args"], capture_output=True, text=True, check=True).stdout
        time.sleep(0.01)
    done = started.finish()
    assert (done.code, (site / "page").read_text()) == (0, "one"), done.out
    assert CANARY not in shown
    kept = subprocess.run(["grep", "-rlF", CANARY, str(kubelet.root)], capture_output=True, check=False)
    assert kept.stdout == b""
    canary_free(fetching.git("https://a.example/site.git", ref="main", **token), done, CANARY)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"ref": "nonesuch"}, "the repository has no branch or tag called nonesuch"),
        ({"ref": "5" * 40}, "the repository has no commit 5"),
        ({"refuses": "401 WWW-Authenticate: Basic realm=x"}, "could not read Username"),
        ({"refuses": "404 X: y"}, "not found"),
        ({"refuses": "302 Location: http://127.0.0.1:9/site.git/info/refs"}, 'rotocol "http"'),
        ({"env": {"GIT_SSL_CAINFO": "/etc/ssl/certs/ca-certificates.crt"}}, "certificate"),
    ],
    ids=["ref", "commit", "login", "repository", "plain", "certificate"],
)
def test_a_refusal_is_final_and_leaves_what_was_there(clone, kubelet, repository, given, why):
    repository.refuses = given.get("refuses", "")
    done = clone(**{name: value for name, value in given.items() if name != "refuses"})
    assert (done.code, why in last(done)) == (1, True), done.out + done.err
    assert left(kubelet) == [".site.lock"]


def test_tries_again_while_the_server_is_busy_and_gives_up_at_the_deadline(clone, kubelet, repository):
    repository.refuses = "503 X: y"
    done = clone(timeout=6)
    assert (done.code, "gave up: " in last(done), "503" in last(done)) == (124, True, True), done.out
    started = clone(start=True)
    assert "503" in started.process.stdout.readline()
    repository.refuses = ""
    assert started.finish().code == 0


def test_a_run_that_is_killed_at_any_instant_leaves_the_old_clone_or_the_new_one(clone, kubelet, site, repository):
    clone()
    for number in range(10):
        commit = repository.commit(f"number {number}")
        started = clone(start=True)
        time.sleep(0.02 + number * 0.025)
        os.killpg(started.process.pid, signal.SIGKILL)
        started.finish()
        assert not site.exists() or (site / "page").read_text().startswith(("one", "number"))
    done = clone()
    assert (done.code, commit in last(done)) == (0, True), done.out
    assert ((site / "page").read_text(), left(kubelet)) == ("number 9", [".site.lock", "site"])


def test_puts_an_old_clone_back_whose_replacement_was_killed(clone, kubelet, site, repository):
    clone()
    site.rename(kubelet.root / "data/.site.old")
    repository.refuses = "404 X: y"
    assert clone().code == 1
    assert ((site / "page").read_text(), left(kubelet)) == ("one", [".site.lock", "site"])


def test_stops_when_the_pod_is_deleted_and_leaves_nothing(clone, kubelet, repository):
    repository.refuses = "503 X: y"
    started = clone(start=True)
    assert "503" in started.process.stdout.readline()
    started.process.send_signal(signal.SIGTERM)
    assert started.finish().code == 143
    assert left(kubelet) == [".site.lock"]


def test_stops_and_leaves_nothing_though_a_child_of_git_writes_on(clone, path, kubelet, tmp_path):
    """The child outlives git by two seconds, as one that unpacks does by an instant."""
    writes = """case "$*" in
    *fetch*)
        trap '' TERM
        { end=$(($(date +%s) + 2)) n=0
          while [ "$(date +%s)" -lt "$end" ]; do
              for i in 0 1 2 3 4 5 6 7 8 9; do : >"$2/$n$i" || exit; done; n=$((n + 1))
          done; } &
        trap - TERM; : >BEGUN; wait ;;
    esac"""
    replace(path, "git", writes.replace("BEGUN", str(tmp_path / "begun")))
    started = clone(start=True)
    while not (tmp_path / "begun").exists():
        time.sleep(0.02)
    started.process.send_signal(signal.SIGTERM)
    done = started.finish()
    assert (done.code, left(kubelet)) == (143, [".site.lock"]), done.err


def test_a_stop_while_the_clone_is_put_in_place_comes_too_late(clone, path, kubelet, site, repository):
    clone()
    commit = repository.commit("two")
    replace(path, "mv", 'kill -TERM "$PPID"')
    done = clone()
    assert (done.code, last(done)) == (0, f"checked out commit {commit}"), done.out + done.err
    assert ((site / "page").read_text(), left(kubelet)) == ("two", [".site.lock", "site"])


@pytest.mark.parametrize("path", ["dash"], indirect=True)
def test_a_pod_that_stops_while_it_waits_for_another_leaves_that_one_s_work_alone(clone, kubelet):
    work = kubelet.root / "data/.site.part/tree"
    work.mkdir(parents=True)
    with (kubelet.root / "data/.site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        started = clone(start=True)
        assert "another pod is fetching this" in started.process.stdout.readline()
        started.process.send_signal(signal.SIGTERM)
        assert started.finish().code == 143
    assert work.exists()


@pytest.mark.parametrize("slow", ["checkout", "status"])
def test_the_deadline_is_kept_though_it_is_the_disk_that_is_slow(clone, path, kubelet, repository, slow):
    commit = repository.git("rev-parse", "HEAD")
    clone(ref=commit)
    if slow == "checkout":
        commit = repository.commit("two")
    replace(path, "git", f'case "$*" in *{slow}*) exec sleep 60 ;; esac')
    done = clone(ref=commit, timeout=4)
    assert (done.code, last(done)) == (124, "gave up: git did not finish in time"), done.out + done.err
    assert left(kubelet) == [".site.lock", "site"]


def test_a_git_that_the_kernel_kills_is_no_deadline_that_came(clone, path, kubelet):
    replace(path, "git", 'case "$*" in *checkout*) kill -KILL "$$" ;; esac')
    done = clone()
    assert (done.code, "short of memory" in last(done)) == (1, True), done.out + done.err
    assert left(kubelet) == [".site.lock"]


def test_says_why_it_can_not_write_into_its_volume(clone, kubelet):
    (kubelet.root / "data/.site.lock").mkdir(parents=True)
    done = clone()
    assert (done.code, ".site.lock: Is a directory" in done.last) == (1, True), done.out + done.err


def test_the_script_is_clean_under_shellcheck(servers):
    from importlib.resources import files  # noqa: PLC0415

    (shellcheck,) = servers.need("shellcheck")
    script = files("initconstructs.presets") / "scripts/fetching/git.sh"
    done = subprocess.run([shellcheck, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@given(
    st.text(max_size=40)
    | st.sampled_from(["$(GIT_TOKEN)", "-u", "--upload-pack=x", "`id`", "a b", "v1;id", "x" * 4096])
)
def test_any_text_reaches_git_as_it_is_or_is_refused(text):
    for name in ("ref", "folder", "username"):
        given = {"ref": "main", "token": SecretKey("a", "b"), name: text}
        try:
            stage = fetching.git("https://a.example/site.git", **given)
        except ModelError:
            continue
        words = [expanded(each, {"GIT_TOKEN": "no"}) for each in stage.args]
        reached = {"ref": words[2], "folder": words[3][6:], "username": expanded(stage.env["GIT_USERNAME"], {})}
        assert reached[name] == text
        assert not words[2].startswith("-")


@pytest.mark.parametrize(
    "given",
    [
        {"url": "http://a.example/site.git"},
        {"url": "https://a.example"},
        {"url": "https://user:secret@a.example/x"},
        {"url": "git@a.example:site.git"},
        {"ref": "-x"},
        {"ref": "a..b"},
        {"ref": "HEAD"},
        {"ref": "refs/heads/main"},
        {"depth": -1},
        {"folder": ".."},
    ],
)
def test_what_can_never_be_right_is_refused(given):
    with pytest.raises(ModelError):
        fetching.git(**{"url": "https://a.example/site.git", "ref": "main"} | given)
