"""Prepare what an app finds: `preparing.seed("/app/data", image=IMAGE, to=data.at("/data"), user=1000)`.

Directories that it needs, data where there are none yet, configuration by a StatefulSet's ordinal, a tool from another
image. Sources, `to`, `user=` and `timeout=` are those of `configuring`.

* **What runs.** A static POSIX shell script in `images.BUSYBOX`, or with `image=` in any image that has `sh`, the core
  utilities and `find`. What is written is made in a hidden directory beside its place and moved by rename: it appears
  whole or not at all, and no symbolic link leads the script out of the volume.
* **Privileges.** Pod Security "restricted", read-only root file system. The stage runs as `user=`, who owns what it
  writes: 65532 unless said otherwise.
* **Resources.** Requests 10m CPU and 32Mi, limit 64Mi; a command of your own (`restore`) 100m and 128Mi, no limit. What
  is written to a memory-backed directory counts as memory.
* **Exit codes.** 0 done, or nothing to do; 1 failed, as the last line says; 2 wrong arguments; 124 the deadline came
  (`timeout=`, 5 minutes unless said otherwise); 143 the pod was stopped.
* **Second run.** `seed`, `unpack` and `restore` leave data that are there as they are, and finish what a killed run
  began; the others do their work again, with the same result.
"""

from initconstructs.presets.preparing.data import Pods, SeedOptions, SeedStepOptions, restore, seed, unpack
from initconstructs.presets.preparing.files import DEFAULT_PATH, by_ordinal, directories, tool

__all__ = [
    "DEFAULT_PATH",
    "Pods",
    "SeedOptions",
    "SeedStepOptions",
    "by_ordinal",
    "directories",
    "restore",
    "seed",
    "tool",
    "unpack",
]
