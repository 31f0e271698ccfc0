"""Which kernel parameters a pod has of its own, and which of these every kubelet lets it set.

Sources: https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/, kubernetes pkg/kubelet/sysctl
(namespace.go, safe_sysctls.go), and what Linux 6.18 offers in a new network namespace.
"""

from __future__ import annotations

import re

SAFE_SINCE = {
    "kernel.shm_rmid_forced": 0,
    "net.ipv4.ip_local_port_range": 0,
    "net.ipv4.ip_unprivileged_port_start": 0,
    "net.ipv4.tcp_syncookies": 0,
    "net.ipv4.ping_group_range": 0,
    "net.ipv4.ip_local_reserved_ports": 27,
    "net.ipv4.tcp_keepalive_time": 29,
    "net.ipv4.tcp_fin_timeout": 29,
    "net.ipv4.tcp_keepalive_intvl": 29,
    "net.ipv4.tcp_keepalive_probes": 29,
    "net.ipv4.tcp_rmem": 32,
    "net.ipv4.tcp_wmem": 32,
}
"""The minor from which a sysctl counts as safe: every kubelet sets it, and Pod Security allows it."""

_NAMESPACED = re.compile(r"kernel\.(sem|shm.*|msg.*)|fs\.mqueue\..*|net\..*")
_OF_THE_NODE = re.compile(
    r"net\.core\.(?!somaxconn|optmem_max|txrehash|rps_default_mask|tstamp_allow_data|xfrm_).*"
    r"|net\.ipv4\.(tcp_mem|udp_mem|tcp_max_orphans|fib_sync_mem|inet_peer_.*|tcp_allowed_congestion_control)"
    r"|net\.netfilter\.nf_conntrack_(max|buckets|expect_max)|net\.nf_conntrack_max"
)


def is_safe(name: str, minor: int) -> bool:
    """Whether every kubelet of this minor lets a pod set it."""
    return minor >= SAFE_SINCE.get(name, minor + 1)


def is_namespaced(name: str) -> bool:
    """Whether each pod has a value of its own. The kubelet takes all of `net.` for it, the kernel does not."""
    return _NAMESPACED.fullmatch(name) is not None and _OF_THE_NODE.fullmatch(name) is None
