"""Checks of what is in the pod, as rendered, against real certificates, manifests, files, devices and the kernel."""

from __future__ import annotations

import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
from functools import partial
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initconstructs import (
    Container,
    DeploymentSpec,
    ModelError,
    render,
)
from initconstructs.presets import checking, waiting
from initconstructs.presets.checking import Check
from tests.presets.issued import issued

DAY = 86400


@pytest.fixture
def run(kubelet):
    """The exit code of a check, and the lines that it says."""

    def start(check: Check, **given) -> tuple[int, list[str]]:
        finished = kubelet.run(check, **given)
        assert finished.err == ""
        return finished.code, finished.out.splitlines()

    return start


@pytest.fixture
def issue(servers, tmp_path):
    servers.need("openssl")
    return partial(issued, tmp_path)


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        (-2, 30, None),
        (-2, 20000, None),  # beyond 2049, where its time is written in another way
        (-30000, 30, None),  # before 1950, too
        (-30, -1, "expired on "),
        (-2, 3, "expires on "),
        (1, 30, "is not valid before "),
    ],
)
def test_a_certificate_holds_now_and_for_some_time(run, issue, since, until, said):
    file = issue("shop", since, until)
    code, lines = run(checking.certificate(str(file), valid_for=7 * DAY, key=str(file.with_suffix(".key"))))
    assert (code, lines[0].startswith(f"{file}: {said}")) == ((1, True) if said else (0, False))


def test_every_certificate_of_a_chain_counts_and_the_last_one_is_named(run, issue):
    good, old = issue("good", -1, 30), issue("old", -9, -1)
    good.write_text(good.read_text() + "a word between\n" + old.read_text())
    code, lines = run(checking.certificate(str(good), key=str(good.with_suffix(".key"))))
    assert (code, len(lines)) == (1, 1)
    assert lines[0].startswith(f"{good}: certificate 2: expired on ")


def test_the_key_of_another_certificate_is_found_out(run, issue, tmp_path):
    mine, other = issue("mine", -1, 30), issue("other", -1, 30)
    assert run(checking.certificate(str(mine), key=str(other.with_suffix(".key")))) == (
        1,
        [f"{other.with_suffix('.key')}: is not the key of {mine} (KEY_VALUES_MISMATCH)"],
    )
    (tmp_path / "torn.key").write_text("-----BEGIN PRIVATE KEY-----\n")
    code, lines = run(checking.certificate(str(mine), key=str(tmp_path / "torn.key")))
    assert (code, lines[0].split(": ")[1].split(" (")[0]) == (1, f"is not the key of {mine}")
    assert run(checking.certificate(str(mine), key="/none")) == (1, ["/none: No such file or directory"])


def test_the_key_of_a_weak_certificate_is_its_key_still(run, servers, tmp_path):
    (openssl,) = servers.need("openssl")
    made = [openssl, "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-sha1", "-days", "30", "-subj", "/CN=old"]
    servers.run([*made, "-keyout", str(tmp_path / "tls.key"), "-out", str(tmp_path / "tls.crt"), "-batch"])
    assert run(checking.certificate(str(tmp_path / "tls.crt"), key=str(tmp_path / "tls.key")))[0] == 0


def test_what_was_found_before_a_file_that_can_not_be_read_is_said_too(run, issue):
    old = issue("old", -9, -1)
    code, lines = run(checking.certificate(str(old), key="/none"))
    assert (code, lines[0].partition(" on ")[0], lines[1]) == (
        1,
        f"{old}: expired",
        "/none: No such file or directory",
    )
    assert run(checking.certificate("/proc/self/mem")) == (1, ["/proc/self/mem: Input/output error"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(st.data())
def test_a_broken_certificate_never_breaks_the_reader(certificate, data):
    """`validity` is what the pod runs; each byte of a real certificate is cut or changed."""
    sys.path.insert(0, str(files("initconstructs.presets") / "scripts"))
    try:
        from checking.x509 import validity  # noqa: PLC0415 -- it is no module of ours here
    finally:
        sys.path.pop(0)

    whole = ssl.PEM_cert_to_DER_cert((certificate / "ca.crt").read_text())
    assert validity(whole)[0] < time.time() < validity(whole)[1]
    cut = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:cut] + data.draw(st.binary(max_size=3)) + whole[cut + 1 :]
    for broken in (whole[:cut], changed):
        try:
            validity(broken)
        except (ValueError, StopIteration):
            continue


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_named(run, tmp_path, text):
    (tmp_path / "bad").write_text(text)
    code, lines = run(checking.certificate(str(tmp_path / "bad")))
    assert (code, len(lines)) == (1, 1)
    assert "no certificate" in lines[0]


@pytest.mark.parametrize("tool", ["sha256sum", "sha384sum", "sha512sum"])
def test_checksums_are_those_of_the_tool_for_any_name(run, servers, tmp_path, tool):
    servers.need(tool)
    data = tmp_path / "data"
    (data / "below").mkdir(parents=True)
    for name in ("plain", "below/a  b", "back\\slash", "new\nline", "$(id)", "ü", "line\u2028page\f", "\udcff"):
        (data / name).write_bytes(os.fsencode(name))
    names = [str(each.relative_to(data)) for each in data.rglob("*") if each.is_file()]
    sums = subprocess.run([tool, "-b", *names], cwd=data, capture_output=True, check=True).stdout
    (tmp_path / "sums").write_bytes(b"# comment\n\n" + sums)
    check = checking.checksums(str(tmp_path / "sums"), directory=str(data), complete=True)
    assert run(check) == (0, ["1 checked: all is well"])
    (data / "plain").write_text("other")
    (data / "more").touch()
    (data / "$(id)").unlink()
    code, lines = run(check)
    assert code == 1
    assert sorted(lines) == [
        f"{data}/$(id): No such file or directory",
        f"{data}/more: is not listed in {tmp_path}/sums",
        f"{data}/plain: differs from its checksum",
    ]


def test_a_manifest_that_says_nothing_is_refused(run, tmp_path):
    (tmp_path / "sums").write_text("d41d8cd98f00b204e9800998ecf8427e  empty\n")
    assert run(checking.checksums(str(tmp_path / "sums"), directory=str(tmp_path))) == (
        1,
        [
            f"{tmp_path}/sums: line 1 is no checksum of SHA-256, SHA-384 or SHA-512",
            f"{tmp_path}/sums: lists no file",
        ],
    )


def test_a_name_that_no_file_can_have_is_an_error_like_others(run, tmp_path):
    (tmp_path / "sums").write_text(f"{sha256().hexdigest()}  a\0b\n")
    code, (line,) = run(checking.checksums(str(tmp_path / "sums"), directory=str(tmp_path)))
    assert (code, line.startswith("checksums: embedded null ")) == (1, True)


def test_a_manifest_that_is_complete_lists_what_is_behind_links_too(run, tmp_path):
    """As the kubelet lays a ConfigMap whose items have a directory in their path."""
    data = tmp_path / "data"
    (data / "..2026" / "below").mkdir(parents=True)
    (data / "..data").symlink_to("..2026")
    (data / "below").symlink_to("..data/below")
    (data / "below" / "loop").symlink_to("..")
    for name in ("first", "second"):
        (data / "below" / name).touch()
    (tmp_path / "sums").write_text(f"{sha256().hexdigest()}  below/first\r\n")
    check = checking.checksums(str(tmp_path / "sums"), directory=str(data), complete=True)
    assert run(check) == (1, [f"{data}/below/second: is not listed in {tmp_path}/sums"])


def test_ownership_and_mode_are_held_below_a_directory_too(run, tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o750)
    (home / "key").touch(0o600)
    (home / "open").touch()
    (home / "open").chmod(0o666)
    (home / "link").symlink_to("open")
    me = {"user": os.getuid(), "group": os.getgid()}
    assert run(checking.ownership(str(home), **me, mode=0o750))[0] == 0
    assert run(checking.ownership(str(home), **me, at_most=0o750, recursive=True)) == (
        1,
        [f"{home}/open: has mode 0666, which is more than 0750"],
    )
    code, lines = run(checking.ownership(str(home / "key"), user=os.getuid() + 1, mode=0o640))
    me_and_more = f"belongs to user {os.getuid()}, not {os.getuid() + 1}"
    assert (code, lines) == (1, [f"{home}/key: {me_and_more}", f"{home}/key: has mode 0600, not 0640"])
    assert run(checking.ownership(f"{home}/none", mode=0o600)) == (1, [f"{home}/none: No such file or directory"])


def test_a_secret_holds_something_and_its_value_is_never_said(run, tmp_path):
    """As the kubelet lays it: links through `..data`."""
    laid = tmp_path / "..2026"
    laid.mkdir()
    (tmp_path / "..data").symlink_to(laid)
    for name, value in {"url": "postgres://secret", "blank": " \n", "short": "abc"}.items():
        (laid / name).write_text(value)
        (tmp_path / name).symlink_to(f"..data/{name}")
    mounts = {"/checked/shop-db": tmp_path}
    assert run(checking.secret("shop-db", ["url", "short"]), mounts=mounts)[0] == 0
    code, lines = run(checking.secret("shop-db", ["url", "blank", "none"]), mounts=mounts)
    assert (code, lines) == (
        1,
        [f'Secret "shop-db", key "{key}": {why}' for key, why in (("blank", "is empty"), ("none", "is missing"))],
    )
    code, lines = run(checking.secret("shop-db", ["short"], at_least=16), mounts=mounts)
    assert (code, lines) == (1, ['Secret "shop-db", key "short": is shorter than 16 bytes'])


def test_kernel_parameters_are_those_of_sysctl(run):
    value = int(Path("/proc/sys/kernel/pid_max").read_text())
    check = checking.kernel_parameter
    assert run(check("kernel.pid_max", equals=value, at_least=value, at_most=value))[0] == 0
    assert run(check("kernel.ostype", equals="Linux"))[0] == 0
    assert run(check("kernel.pid_max", at_least=value + 1)) == (
        1,
        [f"kernel.pid_max: is {value}, not at least {value + 1}"],
    )
    assert run(check("kernel.ostype", at_most=5)) == (1, ["kernel.ostype: is Linux, not at most 5"])
    assert run(check("kernel.nonesuch", at_least=1)) == (1, ["kernel.nonesuch: this kernel has no such parameter"])


def test_a_device_is_told_from_a_file(run, tmp_path):
    assert run(checking.device("/dev/null"))[0] == 0
    (tmp_path / "file").touch()
    assert run(checking.device(str(tmp_path / "file"))) == (1, [f"{tmp_path}/file: is no character device"])
    assert run(checking.device("/dev/null", kind="block")) == (1, ["/dev/null: is no block device"])
    assert run(checking.device("/dev/nonesuch")) == (1, ["/dev/nonesuch: No such file or directory"])


def test_all_of_names_all_that_is_wrong_in_one_container(run):
    check = checking.all_of(checking.device("/dev/null"), checking.device("/no1"), checking.device("/no2"), name="fit")
    assert run(check) == (1, [f"/no{number}: No such file or directory" for number in (1, 2)])
    spec = DeploymentSpec("app", namespace="shop", containers=[Container("app", image="a:1")], stages=[check])
    assert [each["name"] for each in render(spec)[0]["spec"]["template"]["spec"]["initContainers"]] == ["fit"]  # type: ignore[index]
    with pytest.raises(ModelError, match="has its own name"):
        checking.all_of(checking.device("/dev/null", name="mine"))
    with pytest.raises(ModelError, match="all_of"):
        checking.all_of(waiting.tcp("db", 1))  # type: ignore[arg-type]


def test_a_second_run_looks_again(run, issue, tmp_path):
    good, old, data = issue("good", -1, 30), issue("old", -9, -1), tmp_path / "data"
    data.mkdir(mode=0o700)
    (tmp_path / "sums").write_text(f"{sha256().hexdigest()}  empty\n")
    check = checking.all_of(
        checking.certificate(str(tmp_path / "tls.crt")),
        checking.checksums(str(tmp_path / "sums"), directory=str(data)),
        checking.ownership(str(data), mode=0o750),
        checking.secret("shop-db", ["empty"]),
        checking.kernel_parameter("kernel.ostype", equals="Linux"),
        checking.device("/dev/null"),
    )
    shutil.copy(old, tmp_path / "tls.crt")
    code, lines = run(check, mounts={"/checked/shop-db": data})
    assert (code, len(lines)) == (1, 4)
    shutil.copy(good, tmp_path / "tls.crt")
    data.chmod(0o750)
    (data / "empty").touch()
    assert run(check, mounts={"/checked/shop-db": data}) == (1, ['Secret "shop-db", key "empty": is empty'])
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "empty").write_text("not any more")
    assert run(check, mounts={"/checked/shop-db": secret}) == (0, ["6 checked: all is well"])


def test_gives_up_at_the_deadline_and_stops_when_asked(kubelet, tmp_path):
    """A pipe that nobody writes hangs, as a file of a lost server does."""
    os.mkfifo(tmp_path / "pipe")
    late = kubelet.run(checking.certificate(str(tmp_path / "pipe"), timeout=1))
    assert (late.code, late.last) == (124, "gave up after 1 s")
    started = kubelet.start(checking.certificate(str(tmp_path / "pipe"), timeout=3600))
    status = Path(f"/proc/{started.process.pid}/status")
    while "Threads:\t2" not in status.read_text():  # then it listens
        assert started.process.poll() is None
        time.sleep(0.05)
    started.process.send_signal(signal.SIGTERM)
    assert started.finish(within=60).code == 143


def test_runs_on_the_oldest_python_that_is_here(kubelet):
    found = [shutil.which(f"python3.{minor}") for minor in range(8, 12)]
    works = [each for each in found if each and subprocess.call([each, "-c", ""], stderr=subprocess.DEVNULL) == 0]
    check = checking.all_of(checking.device("/dev/null"), checking.certificate("/dev/null"))
    assert kubelet.run(check, python=[*works, sys.executable][0]).out == "/dev/null: has no certificate\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(st.text(max_size=60) | st.sampled_from(["$(HOME)", "$$", "`id`", "a\nb", "'\"", "-n", "ü" * 2000]))
def test_any_text_reaches_the_program_unchanged_or_is_refused(kubelet, text):
    makers = [
        lambda: checking.device(f"/none/{text}"),
        lambda: checking.checksums("/dev/null", directory=f"/{text}"),
        lambda: checking.kernel_parameter("kernel.ostype", equals=f"x{text}"),
        lambda: checking.policy(f"/{text}", policies="/policies", namespaces=[text]),
        lambda: checking.signature("a@b", identity=f"x{text}", issuer=f"x{text}"),
    ]
    for make in makers:
        try:
            stage = make()
        except ModelError:
            continue
        container, _ = kubelet.place(stage, {})
        told = [word.replace("$$", "\0") for word in container["args"]]
        assert not any("$" in word for word in told)
    try:
        finished = kubelet.run(checking.device(f"/none/{text}"))
    except ModelError:
        return
    assert (finished.code, finished.err) == (1, "")


@pytest.mark.parametrize(
    "wrong",
    [
        checking.all_of,
        lambda: checking.certificate("tls.crt"),
        lambda: checking.certificate("/tls.crt", valid_for="7d"),
        lambda: checking.ownership("/tls.key"),
        lambda: checking.ownership("/tls.key", mode=0o10000),
        lambda: checking.ownership("/tls.key", mode="0600"),  # type: ignore[arg-type]
        lambda: checking.ownership("/tls.key", user=-1),
        lambda: checking.ownership("/tls.key", mode=0o644, at_most=0o600),
        lambda: checking.secret("Shop", ["url"]),
        lambda: checking.secret("shop", []),
        lambda: checking.secret("shop", "url"),  # type: ignore[arg-type]
        lambda: checking.secret("shop", ["../url"]),
        lambda: checking.kernel_parameter("vm"),
        lambda: checking.kernel_parameter("vm.swappiness", at_least=6, at_most=5),
        lambda: checking.kernel_parameter("vm.swappiness", at_least="5"),  # type: ignore[arg-type]
        lambda: checking.device("/dev/kvm", kind="fifo"),  # type: ignore[arg-type]
        lambda: checking.signature("a:1"),
        lambda: checking.signature("a:1", key="/k", identity="i", issuer="x"),
        lambda: checking.signature("--key=/other", key="/k"),
        lambda: checking.vulnerabilities("a:1", severities=[]),
        lambda: checking.vulnerabilities("a:1", severities=["BAD"]),  # type: ignore[list-item]
        lambda: checking.misconfiguration("config"),
        lambda: checking.policy(policies="/policies"),
        lambda: checking.policy("/a", policies="/policies,/more"),
        lambda: checking.policy("/a", policies="/policies", namespaces=['"main"']),
    ],
)
def test_refuses_what_can_never_be_right(wrong):
    with pytest.raises(ModelError):
        wrong()
