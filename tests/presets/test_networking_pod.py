"""What the pod's own fields do: values, checked where they are written, and taken by the API server's rules."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initconstructs import (
    ConfigMapFiles,
    Container,
    DeploymentSpec,
    ModelError,
    PodSecurityContext,
    Settings,
    Stage,
    Volume,
    render,
    rules,
)
from initconstructs.presets import configuring, migrating, networking, waiting
from initconstructs.schemas.sysctls import SAFE_SINCE

APP = Container("app", image="example.org/app:1.0")


def pod(**given: Any) -> dict[str, Any]:
    found = render(DeploymentSpec("app", containers=[APP], **given))
    assert not [each for each in rules.check(found) if each.family in ("api-server", "pod-security")]
    return cast(Any, found[0])["spec"]["template"]["spec"]


def test_safe_parameters_are_the_pods_under_every_level():
    security = PodSecurityContext(sysctls=networking.sysctls({"net.ipv4.tcp_keepalive_time": 300}))
    assert pod(security=security)["securityContext"]["sysctls"] == [
        {"name": "net.ipv4.tcp_keepalive_time", "value": "300"}
    ]


@pytest.mark.parametrize(("name", "since"), SAFE_SINCE.items())
def test_what_is_safe_grows_with_the_minor(name, since):
    assert networking.sysctls({name: 1}, kubernetes=f"1.{max(since, 30)}") == {name: "1"}
    if since > 30:
        with pytest.raises(ModelError, match=f"raise the target to 1.{since}"):
            networking.sysctls({name: 1}, kubernetes=f"1.{since - 1}")


@pytest.mark.parametrize(
    ("name", "pattern"), [("net.core.somaxconn", "net.core.somaxconn"), ("kernel.msgmax", "kernel.msg*")]
)
def test_what_the_nodes_allow_is_named(name, pattern):
    with pytest.raises(ModelError, match="allowed-unsafe-sysctls"):
        networking.sysctls({name: 4096})
    assert networking.sysctls({name: 4096}, allowed=[pattern]) == {name: "4096"}


@pytest.mark.parametrize(
    "name", ["vm.max_map_count", "fs.file-max", "net.core.rmem_max", "net.netfilter.nf_conntrack_max"]
)
def test_what_belongs_to_the_node_is_refused_whatever_is_allowed(name):
    with pytest.raises(ModelError, match="whole node"):
        networking.sysctls({name: 1}, allowed=["*"])
    assert networking.privileged_sysctls({name: 1}).profile == "privileged"


@pytest.mark.parametrize(
    ("stage", "way"),
    [
        (networking.privileged_sysctls({"vm.max_map_count": 262144}), "PodSecurityContext(sysctls=...)"),
        (networking.redirect(networking.Redirect(to=8080)), "the network plug-in or the service mesh"),
    ],
    ids=["sysctl", "redirect"],
)
@pytest.mark.parametrize("profile", ["restricted", "baseline"])
def test_a_privileged_stage_is_refused_under_a_stricter_profile_with_the_way_around_it(stage, way, profile):
    with pytest.raises(ModelError) as caught:
        render(DeploymentSpec("app", containers=[APP], stages=[stage]), settings=Settings(profile=profile))
    assert f'allow no more than "{profile}"' in str(caught.value)
    assert way in str(caught.value)


def test_a_pattern_of_file_names_is_a_value():
    stage = networking.privileged_sysctls({"kernel.core_pattern": "/cores/core.%e.%p"})
    assert stage.args[1:] == ("kernel.core_pattern", "/cores/core.%e.%p")


def test_what_the_pod_can_set_needs_no_privileged_stage():
    with pytest.raises(ModelError, match="PodSecurityContext"):
        networking.privileged_sysctls({"net.ipv4.tcp_syncookies": 1})


def test_the_resolver_is_the_pods():
    config = networking.dns(nameservers=["10.0.0.53"], searches=["shop.svc"], ndots=2, timeout=3, flags=["rotate"])
    assert pod(dns_config=config)["dnsConfig"] == {
        "nameservers": ["10.0.0.53"],
        "searches": ["shop.svc"],
        "options": [{"name": "ndots", "value": "2"}, {"name": "timeout", "value": "3"}, {"name": "rotate"}],
    }


def test_names_of_one_address_share_a_line_of_the_hosts():
    aliases = networking.hosts({"a.corp": "10.20.0.5", "b.corp": "10.20.0.5", "c.corp": "FD00::5"})
    assert pod(host_aliases=aliases)["hostAliases"] == [
        {"ip": "10.20.0.5", "hostnames": ["a.corp", "b.corp"]},
        {"ip": "fd00::5", "hostnames": ["c.corp"]},
    ]


@pytest.mark.parametrize(
    ("stage", "needs"),
    [
        (waiting.tcp("db", 5432), True),
        (waiting.command(["pg_isready"], image="a:1"), True),
        (waiting.all_of(waiting.file("/ready"), waiting.redis("cache")), True),
        (waiting.file("/ready"), False),
        (migrating.command(["up"], image="a:1", database_url="postgres://db"), True),
        (configuring.copy(Volume("ro", ConfigMapFiles("ro")), to="/rw"), False),
        (networking.ca_bundle(), False),
    ],
    ids=lambda each: each.name if isinstance(each, Stage) else str(each),
)
def test_presets_say_whether_they_need_the_network_that_a_classic_sidecar_takes_away(stage, needs):
    spec = DeploymentSpec("app", namespace="shop", containers=[APP], stages=[stage])
    if needs:
        with pytest.raises(ModelError, match="needs the network"):
            render(spec, settings=Settings(mesh="istio"))
    else:
        render(spec, settings=Settings(mesh="istio"))
    render(spec, settings=Settings(mesh="istio-native"))


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_taken_whole_or_refused(name, value):
    for make, found in (
        (lambda: networking.hosts({name: value}), {value: (name,)}),
        (lambda: networking.sysctls({name: value}, allowed=["*"]), {name: value}),
    ):
        try:
            assert make() == found
        except ModelError:
            continue


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: networking.sysctls({}),
        lambda: networking.sysctls({"net/ipv4/tcp_syncookies": 1}),
        lambda: networking.sysctls({"net.ipv4.tcp_syncookies": "1\n2"}),
        lambda: networking.sysctls({"net.ipv4.tcp_syncookies": 1}, allowed="net.*"),  # type: ignore[arg-type]
        lambda: networking.dns(ndots=16),
        lambda: networking.dns(nameservers=["dns.corp"]),
        lambda: networking.dns(nameservers=["10.0.0.1"] * 4),
        lambda: networking.hosts({"db": "fe80::1%eth0"}),
        lambda: networking.hosts({"db_1": "10.0.0.1"}),
    ],
)
def test_refuses_what_can_never_be_right(wrong):
    with pytest.raises(ModelError):
        wrong()
