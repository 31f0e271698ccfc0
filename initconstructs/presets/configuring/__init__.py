"""Make an app's configuration: `configuring.render({"app.ini": "url = ${URL}"}, to="/etc/shop", env={"URL": ...})`.

Each function returns a stage that writes files into a directory. Sources are given first, several are merged: of two
that hold the same file, the later counts. A source is a volume (a ConfigMap, a Secret), another stage's output, a
mapping of file names to literal text, or an absolute path in the image that the stage runs in (`image=`).

`to` is where the files go: a path, which makes an `emptyDir` that the app takes by `stage.output.at(...)`; a
`Directory`, to say more of it; or a mount of any volume, `data.at("/data")`. Take `stage.output.at("/etc/shop",
read_only=False)` where the app writes to what it got.

* **What runs.** A static POSIX shell script in `images.BUSYBOX`; with `image=`, in any image that has `sh`, the core
  utilities and `find`, and for `render` also `awk` and `grep`. Files are made in a hidden directory beside their place
  and moved by rename: each appears whole, none if one can't be made (a full disk, a missing source). Files of a
  ConfigMap are copied as files; links elsewhere stay links and are not followed.
* **Privileges.** Pod Security "restricted", read-only root file system. Nobody needs root to own what he writes:
  `user=1000`, the app's, makes its user and group own the files; user 65532 does unless said otherwise. On a volume
  with `PodSecurityContext(fs_group=...)` they belong to that group.
* **Resources.** Requests 10m CPU and 32Mi, limit 64Mi. What is written to a memory-backed directory counts as memory.
* **Exit codes.** 0 done; 1 failed, as the last line says; 2 wrong arguments; 124 the deadline came (`timeout=`, 5
  minutes unless said otherwise); 143 the pod was stopped.
* **Second run.** It writes the same files again, whatever the app made of them meanwhile; other files stay.
"""

from initconstructs.presets.configuring.copying import copy, render
from initconstructs.presets.configuring.tree import Source, Target, TreeOptions, TreeStepOptions

__all__ = ["Source", "Target", "TreeOptions", "TreeStepOptions", "copy", "render"]
