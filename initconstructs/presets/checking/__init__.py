"""Refuse to start what is not safe or not fit: `checking.all_of(checking.secret("shop-db", ["url"]), ...)`.

`certificate`, `checksums`, `ownership`, `secret`, `kernel_parameter` and `device` look at what is in the pod; `all_of`
puts several into one container. `signature`, `vulnerabilities`, `misconfiguration` and `policy` run a tool's own image.

* **What runs.** One Python process in `images.PYTHON` as user 65532, which only reads; any image with Python 3.8 or
  newer does (`image=`). The tools run as they are, without a shell, as the same user.
* **Privileges.** Pod Security "restricted", read-only root file system. None asks the Kubernetes API.
* **Resources.** Requests 10m CPU and 32Mi, limit 64Mi, unless `resources=` says otherwise; the tools say their own.
* **Exit codes.** 0 all is well; 1 something is not, and the log names all of it; 2 wrong arguments; 124 the deadline
  came (`timeout=`, 1 minute unless said otherwise, for all together); 143 the pod was stopped.
* **Second run.** It looks again. A check that failed is repeated with the kubelet's back-off, so what is put right
  meanwhile lets the pod start; nothing is kept.
"""

from initconstructs.presets.checking.check import Check, CheckOptions, all_of
from initconstructs.presets.checking.local import (
    certificate,
    checksums,
    device,
    kernel_parameter,
    ownership,
    secret,
)
from initconstructs.presets.checking.tools import ToolOptions, misconfiguration, policy, signature, vulnerabilities

__all__ = [
    "Check",
    "CheckOptions",
    "ToolOptions",
    "all_of",
    "certificate",
    "checksums",
    "device",
    "kernel_parameter",
    "misconfiguration",
    "ownership",
    "policy",
    "secret",
    "signature",
    "vulnerabilities",
]
