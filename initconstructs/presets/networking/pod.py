"""What the pod's own fields do: no container is needed."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

from initconstructs.model import checks
from initconstructs.model.author import ends_at_the_author
from initconstructs.model.checks import Words
from initconstructs.model.errors import ModelError, wrong
from initconstructs.model.kubernetes import minor_of
from initconstructs.model.pods import DnsConfig
from initconstructs.presets.networking.sysctls import check_values
from initconstructs.schemas.sysctls import SAFE_SINCE, is_namespaced, is_safe


@ends_at_the_author
def sysctls(values: Mapping[str, str | int], *, kubernetes: str = "1.36", allowed: Words = ()) -> Mapping[str, str]:
    """Kernel parameters of the pod, for its security context.

        PodSecurityContext(sysctls=networking.sysctls({"net.ipv4.tcp_keepalive_time": 300}))

    Every kubelet sets the safe ones, and every Pod Security level allows them; what is safe grows with the minor.
    `allowed` names others that each pod has of its own and that the nodes allow (`--allowed-unsafe-sysctls`), with `*`
    at the end for all that start so: a pod with one that its node forbids fails with SysctlForbidden, and Pod Security
    "baseline" refuses it. Raises `ModelError` for what belongs to the node.

    Sources: https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/
    """
    minor, patterns = minor_of(kubernetes), checks.words("sysctls: allowed", allowed)
    found = check_values("sysctls", values)
    for name in found:
        if not is_namespaced(name):
            rule = "is one for the whole node"
            raise ModelError(f'sysctls: "{name}"', rule, "set it on the nodes, or take networking.privileged_sysctls")
        if not is_safe(name, minor) and not any(_matches(name, each) for each in patterns):
            raise ModelError(f'sysctls: "{name}"', f"is not safe in Kubernetes {kubernetes}", _way(name))
    return found


def _matches(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _way(name: str) -> str:
    since = f"raise the target to 1.{SAFE_SINCE[name]}, or " if name in SAFE_SINCE else ""
    allow = f'let the kubelets allow it (--allowed-unsafe-sysctls) and say allowed=["{name}"]'
    return f"{since}{allow}, or take networking.privileged_sysctls"


@ends_at_the_author
def dns(
    *,
    nameservers: Words | None = None,
    searches: Words | None = None,
    ndots: int | None = None,
    attempts: int | None = None,
    timeout: int | None = None,
    flags: Words = (),
) -> DnsConfig:
    """The pod's resolver, for the workload's `dns_config`.

        Deployment(..., dns_config=networking.dns(ndots=2, flags=["single-request-reopen"]))

    It adds to what `dns_policy` gives; with "None" it is all there is. `ndots` below Kubernetes' 5 asks for outside
    names at once, where each is tried with every search domain first. `timeout` is in seconds, `attempts` a count; both
    are the resolver's own limits, 30 and 5 at most. Kubernetes takes 3 name servers and 32 search domains.

    Sources: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-dns-config
    https://man7.org/linux/man-pages/man5/resolv.conf.5.html
    """
    numbers = {"ndots": (ndots, 0, 15), "attempts": (attempts, 1, 5), "timeout": (timeout, 1, 30)}
    options: dict[str, str | None] = {}
    for name, (value, least, most) in numbers.items():
        if value is not None:
            checks.number(f"dns: {name}", value, least, most)
            options[name] = str(value)
    options |= dict.fromkeys(checks.words("dns: flags", flags))
    _check_lengths(nameservers, searches)
    return DnsConfig(nameservers=nameservers, searches=searches, options=options or None)


def _check_lengths(nameservers: Words | None, searches: Words | None) -> None:
    for name, values, most in (("nameservers", nameservers, 3), ("searches", searches, 32)):
        if len(checks.words(f"dns: {name}", values or ())) > most:
            raise wrong(f"dns: {name}", values, f"must be at most {most}", "leave some out")
    for each in nameservers or ():
        _address("dns: nameservers", each)


@ends_at_the_author
def hosts(names: Mapping[str, str]) -> Mapping[str, Words]:
    """Lines of the pod's /etc/hosts, for the workload's `host_aliases`: the address of each name.

        Deployment(..., host_aliases=networking.hosts({"legacy-db.corp": "10.20.0.5"}))

    The kubelet writes that file, so a container that edits it changes its own copy alone. A pod in its node's network
    gets the lines too.

    Sources: https://kubernetes.io/docs/tasks/network/customize-hosts-file-for-pods/
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, address in checks.strings("hosts", names).items():
        checks.subdomain("hosts: name", name)
        kept = _address(f"hosts[{name!r}]", address)
        found[kept] = (*found.get(kept, ()), name)
    return found


def _address(place: str, value: str) -> str:
    try:
        found = str(ip_address(value))
    except ValueError:
        found = "%"
    if "%" in found:
        raise wrong(place, value, "must be an IP address, without a zone", 'write "10.20.0.5", say')
    return found
