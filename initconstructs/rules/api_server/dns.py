"""How a pod is named, and how it resolves names.

Source: validatePodDNSConfig, ValidateHostAliases and validateHostnameOverride in
pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from initconstructs.rules.api_server.addresses import ip
from initconstructs.rules.api_server.cause import forbidden, invalid, not_supported, required, too_long
from initconstructs.rules.api_server.check import Causes, Node, rule
from initconstructs.rules.api_server.formats import Check, Complaints, dns_label, dns_subdomain, size
from initconstructs.rules.api_server.pod_context import PodContext

_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_UNDERSCORED_PATTERN = r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*"
_UNDERSCORED = re.compile(_UNDERSCORED_PATTERN)
_UNDERSCORED_WRONG = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must "
    "start and end with an alphanumeric character "
    f"(e.g. 'example.com', regex used for validation is '{_UNDERSCORED_PATTERN}')"
)
# Fields of the spec that name something, and the grammar of the name.
_NAMES: Mapping[str, Check] = {
    "serviceAccountName": dns_subdomain,
    "nodeName": dns_subdomain,
    "hostname": dns_label,
    "subdomain": dns_label,
    "priorityClassName": dns_subdomain,
    "runtimeClassName": dns_subdomain,
}


@rule("pod-names", fix="Write names in lower case; hostname and subdomain without dots.")
def pod_names(pod: PodContext, fields: tuple[str, ...]) -> Causes:
    """The names in a pod spec can be names.

    What: serviceAccountName, nodeName, priorityClassName and runtimeClassName are DNS subdomains, hostname and
    subdomain DNS labels; empty means absent, but for runtimeClassName.
    Why: nothing of another name can exist.
    Example: `serviceAccountName: My_Account`, `hostname: db.internal`.
    Fix: use lower-case letters, digits and hyphens.
    Source: ValidatePodSpec in pkg/apis/core/validation/validation.go
    """
    for field in fields:
        value = pod.spec.get(field)
        if not value and field == "serviceAccountName":
            value = pod.spec.get("serviceAccount")  # its old name, which counts where the new one is absent
        if value or (value is not None and field == "runtimeClassName"):
            for complaint in _NAMES[field](value):
                yield invalid(f"{pod.path}.{field}", value, complaint)


@rule("dns-policy", fix="Use ClusterFirst, ClusterFirstWithHostNet, Default or None.")
def dns_policy(pod: PodContext) -> Causes:
    """A pod resolves names in one of four ways.

    What: dnsPolicy is ClusterFirst, ClusterFirstWithHostNet, Default or None.
    Why: the kubelet writes resolv.conf by it.
    Example: `dnsPolicy: clusterFirst`.
    Fix: leave it out for ClusterFirst.
    Source: validateDNSPolicy in pkg/apis/core/validation/validation.go
    """
    value = pod.spec.get("dnsPolicy") or "ClusterFirst"
    if value not in _DNS_POLICIES:
        yield not_supported(f"{pod.path}.dnsPolicy", value, _DNS_POLICIES)


@rule("dns-config", fix="Give at most 3 nameservers by address and 32 search paths; dnsPolicy None needs a nameserver.")
def dns_config(pod: PodContext) -> Causes:
    """A DNS configuration is complete, and within the limits of resolvers.

    What: with dnsPolicy None there is a nameserver; at most 3 nameservers, which are IP addresses, and 32 search
    paths of 2048 characters in all, which are domains; each option has a name.
    Why: the C library's resolver reads no more.
    Example: `dnsPolicy: None` without dnsConfig.
    Fix: `dnsConfig: {nameservers: [10.96.0.10]}`.
    Source: validatePodDNSConfig in pkg/apis/core/validation/validation.go
    """
    config, path = pod.spec.get("dnsConfig"), f"{pod.path}.dnsConfig"
    if config is None:
        if pod.spec.get("dnsPolicy") == "None":
            yield required(path, "must provide `dnsConfig` when `dnsPolicy` is None")
        return
    nameservers, searches = config.get("nameservers") or [], config.get("searches") or []
    if not nameservers and pod.spec.get("dnsPolicy") == "None":
        yield required(f"{path}.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None")
        return
    if len(nameservers) > 3:
        yield invalid(f"{path}.nameservers", nameservers, "must not have more than 3 nameservers")
    yield from _addresses(nameservers, f"{path}.nameservers", pod)
    yield from _searches(searches, f"{path}.searches", pod)
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            yield required(f"{path}.options[{index}]", "must not be empty")


def _addresses(texts: list[str], path: str, pod: PodContext) -> Causes:
    for index, text in enumerate(texts):
        for complaint in ip(text, strict=pod.target.enabled("StrictIPCIDRValidation")):
            yield invalid(f"{path}[{index}]", text, complaint)


def _searches(searches: list[str], path: str, pod: PodContext) -> Causes:
    if len(searches) > 32:
        yield invalid(path, searches, "must not have more than 32 search paths")
    if size(" ".join(searches)) > 2048:
        detail = "must not have more than 2048 characters (including spaces) in the search list"
        yield invalid(path, searches, detail)
    relaxed = pod.target.enabled("RelaxedDNSSearchValidation")
    for index, search in enumerate(searches):
        stem = search.removesuffix(".")
        complaints = _underscored(stem) if relaxed else dns_subdomain(stem)
        for complaint in () if relaxed and search == "." else complaints:
            yield invalid(f"{path}[{index}]", stem, complaint)


@lru_cache(maxsize=256)
def _underscored(text: str) -> Complaints:
    long = ("must be no more than 253 characters",) if size(text) > 253 else ()
    return long if _UNDERSCORED.fullmatch(text) else (*long, _UNDERSCORED_WRONG)


@rule("host-alias", fix="Give each alias an IP address and host names in lower case.")
def host_alias(aliases: list[Node], path: str, pod: PodContext) -> Causes:
    """A host alias maps an address to host names.

    What: `ip` is an IP address (from 1.36 without leading zeros), each of `hostnames` a DNS subdomain.
    Why: the kubelet writes them to /etc/hosts.
    Example: `{ip: localhost, hostnames: [db]}`.
    Fix: `{ip: 127.0.0.1, hostnames: [db]}`.
    Source: ValidateHostAliases in pkg/apis/core/validation/validation.go
    """
    for index, alias in enumerate(aliases):
        address, at = alias.get("ip") or "", f"{path}[{index}]"
        for complaint in ip(address, strict=pod.target.enabled("StrictIPCIDRValidation")):
            yield invalid(f"{at}.ip", address, complaint)
        for number, hostname in enumerate(alias.get("hostnames") or ()):
            for complaint in dns_subdomain(hostname):
                yield invalid(f"{at}.hostnames[{number}]", hostname, complaint)


@rule("hostname-override", fix="Use a lower-case name of at most 64 bytes, without setHostnameAsFQDN and hostNetwork.")
def hostname_override(pod: PodContext) -> Causes:
    """A pod's host name is overridden in one way.

    What: hostnameOverride is a DNS subdomain of at most 64 bytes, and stands neither with `setHostnameAsFQDN: true` nor
    with `hostNetwork: true`.
    Why: Linux has no longer host names, and on the host network the name is the node's.
    Example: `hostnameOverride: db` and `hostNetwork: true`.
    Fix: remove one of them.
    Source: ValidatePodSpec in pkg/apis/core/validation/validation.go
    """
    value, path = pod.spec["hostnameOverride"], f"{pod.path}.hostnameOverride"
    if pod.spec.get("setHostnameAsFQDN"):
        yield forbidden(path, "may not be specified when setHostnameAsFQDN is true")
    if pod.host_network:
        yield forbidden(path, "may not be specified when hostNetwork is true")
    if size(value) > 64:
        yield too_long(path, 64)
    for complaint in dns_subdomain(value):
        yield invalid(path, value, complaint)


RULES = (
    pod_names.rule,
    dns_policy.rule,
    dns_config.rule,
    host_alias.rule,
    hostname_override.rule,
)
