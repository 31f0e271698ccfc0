"""The Linux capabilities that Pod Security lets a container add.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

ADDABLE_AT_RESTRICTED = frozenset(["NET_BIND_SERVICE"])

ADDABLE_AT_BASELINE = ADDABLE_AT_RESTRICTED | {
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
}
"""What container runtimes grant anyway."""
