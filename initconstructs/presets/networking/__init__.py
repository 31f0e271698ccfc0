"""Set up a pod's network and whom it trusts: `networking.redirect(networking.Redirect(to=8080, ports=[80]))`.

What Kubernetes itself can do needs no container: `sysctls`, `dns` and `hosts` return values for the pod's own fields,
and `trust_environment` the variables with which an app finds a bundle. The others return a stage:

* **What runs.** Static POSIX shell scripts in images that have the one tool they need; `ca_bundle` is a Python program
  in `images.PYTHON`. Nothing is installed.
* **Privileges.** `redirect`, `restore` and `routes` need uid 0 and NET_ADMIN (NET_RAW too for packet filters), which
  Pod Security allows only at "privileged"; they change the network of the pod, never that of the node.
  `privileged_sysctls` is a privileged container. The certificates need none: "restricted", read-only root.
* **Resources.** Requests 10m CPU and 32Mi, limit 64Mi, unless `resources=` says otherwise.
* **Exit codes.** 0 it is in place; 1 it was refused, and the last lines say by whom and why; 2 wrong arguments; 124 the
  deadline came (`timeout=`, a minute unless said otherwise); 143 the pod was stopped. Unless it is 0, the network is
  as it was.
* **Second run.** It finds or puts in place the same again: rules are replaced, not doubled, and what is there and good
  is kept.

In a service mesh the pod's packet filters are the mesh's own: let it exclude ports instead of redirecting beside it.
`Settings(mesh="istio-native")` says that its proxy starts before the stages, so that they have a network.
"""

from initconstructs.presets.networking.certificates import (
    ca_bundle,
    certificate_request,
    self_signed_certificate,
    trust_environment,
)
from initconstructs.presets.networking.filters import Redirect, redirect, restore
from initconstructs.presets.networking.pod import dns, hosts, sysctls
from initconstructs.presets.networking.routes import Route, routes
from initconstructs.presets.networking.sysctls import privileged_sysctls

__all__ = [
    "Redirect",
    "Route",
    "ca_bundle",
    "certificate_request",
    "dns",
    "hosts",
    "privileged_sysctls",
    "redirect",
    "restore",
    "routes",
    "self_signed_certificate",
    "sysctls",
    "trust_environment",
]
