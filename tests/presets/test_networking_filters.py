"""Packet filters, routes and kernel parameters, as rendered, in a network of their own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initconstructs import ModelError
from initconstructs.presets import networking
from initconstructs.presets.networking import Redirect, Route
from initconstructs.schemas.sysctls import SAFE_SINCE, is_namespaced
from tests.presets.fetching_clouds import soon
from tests.presets.networking_namespace import Network, namespaces_are_allowed, pod_and_neighbour

TOOLS = ("cat", "ip", "sleep", "tr")
TABLES = [
    f"{tool}-{kind}{end}"
    for tool in ("iptables", "ip6tables")
    for kind in ("nft", "legacy")
    for end in ("", "-restore", "-save")
]
SCRIPTS = files("initconstructs.presets") / "scripts" / "networking"


@pytest.fixture
def pod(servers) -> Iterator[tuple[Network, Network]]:
    servers.need("unshare", "nsenter", "ip")
    if not namespaces_are_allowed():
        servers.lack("this machine gives no namespaces to this user")
    with pod_and_neighbour() as made:
        yield made


@pytest.fixture(params=["dash", "busybox"])
def path(request, servers, tmp_path) -> str:
    """A directory with one shell, its own tools, and those of iptables."""
    (shell,) = servers.need(request.param)
    place = tmp_path / "bin"
    place.mkdir()
    (place / "sh").symlink_to(shell)
    for tool in TOOLS:
        (place / tool).symlink_to(shell if request.param == "busybox" else servers.need(tool)[0])
    for tool, found in zip(TABLES, servers.need(*TABLES), strict=True):
        (place / tool).symlink_to(found)
    return str(place)


def run(kubelet, network: Network, stage, path: str):
    return start(kubelet, network, stage, path).finish()


def start(kubelet, network: Network, stage, path: str):
    """With the rights that the stage has in its container."""
    nsenter, setpriv = shutil.which("nsenter") or "", shutil.which("setpriv") or ""
    rights = stage.security.capabilities
    wrap = [nsenter, *network.enter[1:]]
    if rights:
        kept = ",".join(["-all", *(f"+{each.lower()}" for each in rights.add)])
        wrap += [setpriv, f"--bounding-set={kept}", "--inh-caps=-all", "--no-new-privs"]
    return kubelet.start(stage, wrap=wrap, PATH=path)


def intercept(path: str, name: str, words: str, *, times: int = 1) -> Path:
    """Have a tool hang that is called with such words for so many times, once; the file is there when it does."""
    tool, real, begun = Path(path) / name, Path(path) / "real" / name, Path(path) / "real" / "begun"
    real.parent.mkdir()
    tool.rename(real)
    calls = f'read -r n 2>/dev/null <{begun}.n || n=0; n=$((n + 1)); echo "$n" >{begun}.n; [ "$n" -ne {times} ]'
    hang = f'case "$*" in {words}) {calls} || {{ : >{begun}; exec sleep 20 >/dev/null 2>&1; }} ;; esac'
    tool.write_text(f'#!/bin/sh\n{hang}\nexec {real} "$@"\n')
    tool.chmod(0o755)
    return begun


def tables(network: Network, variant: str) -> str:
    saved = [network.run(f"{tool}-{variant}-save", "-t", "nat") for tool in ("iptables", "ip6tables")]
    return "\n".join(line for text in saved for line in text.splitlines() if line.startswith("-A"))


@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_what_comes_to_a_port_arrives_at_another_one(kubelet, pod, path, variant):
    inside, outside = pod
    stage = networking.redirect(Redirect(to=8080, ports=[80, 443], except_ports=[443]), variant=variant)
    first = run(kubelet, inside, stage, path)
    assert (first.code, first.err, first.last) == (0, "", "redirect: 1 in place, for IPv46")
    with inside.listening(8080, 443, 90):
        for host in ("10.1.0.1", "fd00::1"):
            assert [outside.ask(host, port) for port in (80, 443, 90, 8080)] == ["8080", "443", "90", "8080"]
    before = tables(inside, variant)
    assert run(kubelet, inside, stage, path).code == 0
    assert tables(inside, variant) == before


def test_what_goes_out_passes_the_proxy_but_for_its_own_and_the_excepted(kubelet, pod, path):
    inside, outside = pod
    proxy = 1337 if os.getuid() == 0 else 0  # in a user namespace there is nobody but root
    rule = Redirect(to=15001, direction="outbound", except_users=[proxy], except_ports=[22])
    assert run(kubelet, inside, networking.redirect(rule), path).code == 0
    with inside.listening(15001), outside.listening(80, 22):
        assert inside.ask("10.1.0.2", 80, user=proxy) == "80"
        if proxy:
            others = [inside.ask(host, port) for host in ("10.1.0.2", "fd00::2") for port in (80, 22)]
            assert others == ["15001", "22", "15001", "22"]


def test_a_run_that_was_killed_between_the_families_is_completed_by_the_next(kubelet, pod, path):
    inside, _ = pod
    rule = Redirect(to=8080, ports=[80])
    assert run(kubelet, inside, networking.redirect(rule, ipv6=False), path).code == 0
    half = tables(inside, "nft")
    assert run(kubelet, inside, networking.redirect(rule), path).code == 0
    assert tables(inside, "nft") == f"{half}\n{half}"


def test_networks_are_excepted_by_family(kubelet, pod, path):
    inside, outside = pod
    rule = Redirect(to=8080, ports=[80], except_networks=["10.1.0.0/24", "fd01::/64", "::ffff:10.0.0.0/104"])
    assert run(kubelet, inside, networking.redirect(rule), path).code == 0
    with inside.listening(80, 8080):
        assert [outside.ask(host, 80) for host in ("10.1.0.1", "fd00::1")] == ["80", "8080"]


@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_nothing_is_half_done_when_the_kernel_refuses_one_family(kubelet, pod, path, variant):
    """The second run of the tool for IPv6 fails, the one that is no trial."""
    inside, _ = pod
    tool = Path(path) / f"ip6tables-{variant}-restore"
    tool.unlink()
    tool.write_text('#!/bin/sh\ncat >/dev/null\n[ "${2-}" = --test ] || { echo refused; exit 1; }\n')
    tool.chmod(0o755)
    finished = run(kubelet, inside, networking.redirect(Redirect(to=8080, ports=[80]), variant=variant), path)
    said = f"refused\nip6tables-{variant}-restore: refused, see above; nothing was changed\n"
    assert (finished.code, finished.out) == (1, said)
    assert tables(inside, variant) == ""


@pytest.mark.parametrize(("end", "code"), [(signal.SIGTERM, 143), (signal.SIGALRM, 124)])
@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_nothing_is_half_done_when_the_end_comes_between_the_families(kubelet, pod, path, variant, end, code):  # noqa: PLR0917 - fixtures
    inside, _ = pod
    first, second = (networking.redirect(Redirect(to=8080, ports=[each]), variant=variant) for each in (90, 80))
    assert run(kubelet, inside, first, path).code == 0
    before = tables(inside, variant)
    begun = intercept(path, f"ip6tables-{variant}-restore", "--noflush")
    started = start(kubelet, inside, second, path)
    soon(begun.exists)
    assert tables(inside, variant) != before
    started.process.send_signal(end)
    finished = started.finish()
    assert (finished.code, tables(inside, variant)) == (code, before), finished


def test_a_tool_that_hangs_is_given_up_at_the_deadline(kubelet, pod, path):
    inside, _ = pod
    intercept(path, "iptables-nft-restore", "--test*")
    finished = run(kubelet, inside, networking.redirect(Redirect(to=8080, ports=[80]), timeout=1), path)
    assert (finished.code, finished.out, tables(inside, "nft")) == (124, "gave up after 1 s\n", "")


@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_restores_a_file_of_rules_whole_or_not_at_all(kubelet, pod, path, tmp_path, variant):
    inside, _ = pod
    rules = tmp_path / "rules"
    rules.mkdir()
    text = "*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -d 10.9.0.1/32 -p tcp -j REDIRECT --to-ports 9\nCOMMIT\n"
    (rules / "ipv4").write_text(text)
    (rules / "ipv6").write_text(text.replace("10.9.0.1/32", "fd09::1/128"))
    stage = networking.restore(f"{rules}/ipv4", ipv6=f"{rules}/ipv6", variant=variant)
    for _ in range(2):
        assert run(kubelet, inside, stage, path).code == 0
        assert [line.split()[3] for line in tables(inside, variant).splitlines()] == ["10.9.0.1/32", "fd09::1/128"]
    (rules / "ipv4").write_text(text.replace("10.9.0.1", "10.9.0.2"))
    (rules / "ipv6").write_text("*nat\n-A NONE -j NOWHERE\nCOMMIT\n")
    finished = run(kubelet, inside, stage, path)
    assert finished.code == 1
    assert "10.9.0.1" in tables(inside, variant)


def test_routes_are_there_once_and_a_wrong_one_is_named(kubelet, pod, path):
    inside, _ = pod
    stage = networking.routes(
        Route(to="10.8.0.0/16", via="10.1.0.2", metric=50), Route(to="fd08::/64", via="fd00::2", device="eth0")
    )
    for _ in range(2):
        finished = run(kubelet, inside, stage, path)
        assert (finished.code, finished.last) == (0, "routes: 2 in place")
    assert inside.run("ip", "route", "show", "match", "10.8.0.1").split()[1:5] == ["via", "10.1.0.2", "dev", "eth0"]
    assert len(inside.run("ip", "-6", "route", "show", "fd08::/64").splitlines()) == 1
    lost = run(kubelet, inside, networking.routes(Route(to="10.7.0.0/16", via="10.99.0.1")), path)
    assert lost.code == 1
    assert lost.last == "10.7.0.0/16: the kernel refused the route, see above; nothing was changed"


CHANGES = [
    Route(to="10.8.0.0/16", via="10.1.0.3"),
    Route(to="fd08::/64", via="fd00::3"),
    Route(to="10.9.0.0/16", device="eth0", metric=7),
    Route(to="fd09::/64", device="eth0"),
]


def test_routes_are_as_they_were_when_one_is_refused(kubelet, pod, path):
    inside, _ = pod
    before = some_routes(kubelet, inside, path)
    refused = Route(to="10.7.0.0/16", via="10.99.0.1")
    assert run(kubelet, inside, networking.routes(*CHANGES, refused), path).code == 1
    assert all_routes(inside) == before


def test_routes_are_as_they_were_when_the_deadline_comes(kubelet, pod, path):
    inside, _ = pod
    before = some_routes(kubelet, inside, path)
    begun = intercept(path, "ip", "*replace*10.7.*")
    started = start(kubelet, inside, networking.routes(*CHANGES, Route(to="10.7.0.0/16", via="10.1.0.2")), path)
    soon(begun.exists)
    assert all_routes(inside) != before
    started.process.send_signal(signal.SIGALRM)
    assert (started.finish().code, all_routes(inside)) == (124, before)


def some_routes(kubelet, network: Network, path: str) -> list[str]:
    stage = networking.routes(Route(to="10.8.0.0/16", via="10.1.0.2"), Route(to="fd08::/64", via="fd00::2"))
    assert run(kubelet, network, stage, path).code == 0
    return all_routes(network)


def all_routes(network: Network) -> list[str]:
    return sorted(line for each in ("-4", "-6") for line in network.run("ip", each, "route").splitlines())


def test_kernel_parameters_are_set_and_read_back(kubelet, pod, path):
    inside, _ = pod
    stage = networking.privileged_sysctls(
        {"net.ipv4.ip_forward": 1, "net.ipv4.tcp_rmem": "4096 87380 6000000"}, kubernetes="1.31"
    )
    first, second = run(kubelet, inside, stage, path), run(kubelet, inside, stage, path)
    assert (first.code, second.code, second.out) == (0, 0, "sysctl: all set\n")
    assert inside.run("cat", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv4/tcp_rmem").split() == [
        "1",
        "4096",
        "87380",
        "6000000",
    ]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"net.ipv4.ip_forward": 0, "net.core.nope": 1}, "net.core.nope: this kernel has no such parameter"),
        (
            {"net.ipv4.ip_forward": 0, "net.ipv4.conf.all.accept_local": "maybe"},
            "net.ipv4.conf.all.accept_local: the kernel refused maybe",
        ),
    ],
)
def test_a_parameter_that_the_kernel_refuses_is_named(kubelet, pod, path, values, said):
    inside, _ = pod
    inside.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
    finished = run(kubelet, inside, networking.privileged_sysctls(values), path)
    assert finished.code == 1
    assert said in finished.last
    assert inside.run("cat", "/proc/sys/net/ipv4/ip_forward") == "1\n"


def test_kernel_parameters_are_as_they_were_when_the_deadline_comes(kubelet, pod, path):
    inside, _ = pod
    name = "/proc/sys/net/ipv4/tcp_rmem"
    before = inside.run("cat", name)
    values = {"net.ipv4.tcp_rmem": "4096 87380 5000000", "net.ipv4.ip_forward": 1}
    begun = intercept(path, "cat", "*/ip_forward", times=2)
    started = start(kubelet, inside, networking.privileged_sysctls(values, kubernetes="1.31"), path)
    soon(begun.exists)
    assert inside.run("cat", name) != before
    started.process.send_signal(signal.SIGALRM)
    assert (started.process.wait(15), inside.run("cat", name)) == (124, before)
    os.killpg(started.process.pid, signal.SIGKILL)  # the tool that hangs, which ends with its container


def test_the_parameters_that_a_pod_may_set_are_those_that_the_kernel_lets_it(pod):
    """Of `net.`: those called the node's are not there to set in a new network, and the safe ones are."""
    inside, _ = pod
    there = inside.run("find", "/proc/sys/net", "-type", "f", "-perm", "-200").splitlines()
    names = {place.removeprefix("/proc/sys/").replace("/", ".") for place in there}
    assert {name for name in names if not is_namespaced(name)} == set()
    assert {name for name in SAFE_SINCE if name.startswith("net.")} <= names


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("sysctl", "vm.swappiness 1"),
        ("sysctl", "1 vm.swappiness"),
        ("sysctl", "9 ../passwd 1"),
        ("routes", "9 10.0.0.0/8 10.0.0.1"),
        ("routes", "9 `id` 10.0.0.1 eth0 1"),
        ("routes", "9 10.0.0.0/8 10.0.0.1 eth0 -1"),
        ("restore", "9 nft /rules"),
        ("restore", "9 ebpf /rules /rules"),
        ("redirect", "9 nft 4 in 80"),
        ("redirect", "9 nft 5 in 80 1 1 1 1"),
        ("redirect", "9 nft 4 through 80 1 1 1 1"),
        ("redirect", "9 nft 4 in $(id) 1 1 1 1"),
        ("redirect", "9 nft 4 in 80 1 1 1 -j"),
        ("certificate", "9 certificate /tmp ec 0400 1"),
        ("certificate", "9 certificate /tmp dsa 0400 1 shop"),
        ("certificate", "9 certificate /tmp ec 0400 1 shop/CN=other"),
    ],
)
def test_wrong_arguments_are_exit_code_2(script, words, tmp_path):
    for each in [*SCRIPTS.iterdir(), SCRIPTS.parent / "configuring" / "step.sh"]:
        if each.name.endswith(".sh"):
            (tmp_path / each.name).write_text(each.read_text("utf-8"))
    started = ["sh", "-eu", str(tmp_path / f"{script}.sh"), *words.split()]
    finished = subprocess.run(started, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr) == (2, "")


def test_is_clean_under_shellcheck(servers):
    (shellcheck,) = servers.need("shellcheck")
    scripts = [str(each) for each in SCRIPTS.iterdir() if each.name.endswith(".sh")]
    subprocess.run([shellcheck, "-x", "--severity=style", "--shell=sh", *scripts], check=True)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=40) | st.sampled_from(["$(HOME)", "10.0.0.0/8\n-j", "`id`", "0/0;id", "eth0 dev", "' -j"]))
def test_any_text_is_refused_that_is_no_network_device_or_parameter(text):
    makers = [
        lambda: Redirect(to=1, except_networks=[text]),
        lambda: Route(to=text, via="10.0.0.1"),
        lambda: Route(to="10.0.0.0/8", via=text),
        lambda: Route(to="10.0.0.0/8", device=text),
        lambda: networking.privileged_sysctls({text: 1}),
        lambda: networking.privileged_sysctls({"vm.swappiness": text}),
    ]
    for make in makers:
        try:
            made = make()
        except ModelError:
            continue
        words = made.args or () if hasattr(made, "args") else list(made.words())  # type: ignore[union-attr]
        assert all(
            word.isascii() and word.isprintable() and not set(word) & set("$`'\";|&<>(){}*?\\") for word in words
        )


@pytest.mark.parametrize(
    "wrong",
    [
        networking.redirect,
        lambda: networking.redirect(Redirect(to=1), ipv4=False, ipv6=False),
        lambda: Redirect(to=0),
        lambda: Redirect(to=1, direction="outbound"),
        lambda: Redirect(to=1, except_users=[5]),
        networking.restore,
        lambda: networking.restore("rules"),
        networking.routes,
        lambda: Route(to="10.0.0.1/8", via="10.0.0.1"),
        lambda: Route(to="10.0.0.0/8", via="fd00::1"),
        lambda: Route(to="10.0.0.0/8"),
        lambda: networking.privileged_sysctls({}),
        lambda: networking.privileged_sysctls({"net.ipv4.tcp_syncookies": 1}),
    ],
)
def test_refuses_what_can_never_be_right(wrong):
    with pytest.raises(ModelError):
        wrong()
