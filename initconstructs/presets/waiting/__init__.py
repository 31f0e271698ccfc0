"""Wait until what an app needs really answers: `waiting.all_of(waiting.postgres("db"), waiting.redis("cache"))`.

Each function returns a `Wait`, a stage that stands alone or is combined with others by `all_of` into one container.

All of them, but `command`, which runs in an image of your own, share:

* **What runs.** One Python process in `images.PYTHON` as user 65532, with threads for each dependency; no shell, no
  package installed, nothing written, no other process started. Any image with Python 3.8 or newer does (`image=`).
* **Where.** A host, a port or a URL is a text or a number, or where it stands in the cluster:
  `waiting.postgres(ConfigMapKey("db", "host"), port=ConfigMapKey("db", "port"))`. The program reads it from an
  environment variable and strips white space; one that comes from a Secret is never logged.
* **Privileges.** Pod Security "restricted", read-only root file system, no credentials. Waits for Kubernetes objects
  may list and watch these objects, and nothing else.
* **Resources.** Requests 10m CPU and 32Mi, limit 64Mi, unless `resources=` says otherwise. Waiting two minutes for five
  absent servers takes 13 MiB and 0.4 s of CPU; for five that hang, over TLS, 26 MiB (`python -m benchmarks.waiting`).
* **How it asks.** At once, then ever more slowly, within a second in the first minute and within five seconds later,
  with jitter; beside a try that hangs the next one starts. A line is logged when what is seen changes, and a last one
  names all that is missing; it is the container's termination message too, so `kubectl describe pod` shows it.
* **Exit codes.** 0 all answered; 1 the deadline came (`timeout=`, 5 minutes unless said otherwise, for all together);
  2 wrong arguments; 3 a dependency has failed for good, such as a failed Job; 143 the pod was stopped.
* **Second run.** It asks again, from the beginning, with a new deadline; nothing is kept.
"""

from initconstructs.presets.waiting.files import command, file
from initconstructs.presets.waiting.network import dns, http, tcp
from initconstructs.presets.waiting.objects import (
    condition,
    field,
    job_complete,
    pod_ready,
    pods_ready,
    rollout,
    service_endpoints,
)
from initconstructs.presets.waiting.services import (
    elasticsearch,
    grpc,
    kafka,
    memcached,
    mongodb,
    mysql,
    nats,
    postgres,
    rabbitmq,
    redis,
)
from initconstructs.presets.waiting.tls import Tls
from initconstructs.presets.waiting.wait import CommandOptions, Wait, WaitOptions, all_of

__all__ = [
    "CommandOptions",
    "Tls",
    "Wait",
    "WaitOptions",
    "all_of",
    "command",
    "condition",
    "dns",
    "elasticsearch",
    "field",
    "file",
    "grpc",
    "http",
    "job_complete",
    "kafka",
    "memcached",
    "mongodb",
    "mysql",
    "nats",
    "pod_ready",
    "pods_ready",
    "postgres",
    "rabbitmq",
    "redis",
    "rollout",
    "service_endpoints",
    "tcp",
]
