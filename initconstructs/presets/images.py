"""Every image that a preset runs, pinned. `Settings(images=ImagePolicy(...))` mirrors them or pins their digests.

A tag is changed here and nowhere else; `image=` replaces one for one stage.
"""

PYTHON = "docker.io/library/python:3.14.5-alpine3.23"
"""What the waits run in: about 17 MB to pull, and every tool they call is the interpreter itself.

Why an interpreter and not a shell: a check of a binary protocol, HTTP/2 or a Kubernetes watch needs bytes that POSIX sh
can't hold; busybox `wget` does not verify certificates, so it would hand the service account's token to anyone
(https://git.busybox.net/busybox/tree/networking/wget.c, `spawn_ssl_client`); `curl` parses no JSON and speaks none of
the databases' protocols; the databases' own clients are one image each, and a wait for five would need five. One
process with a thread for each dependency starts nothing while it waits.

Why Alpine: a third of the size of the slim image. Its resolver (musl) tries a name with at least `ndots` dots only as
it stands, which Kubernetes' default of 5 never meets in practice; with a lower `ndots`, write names out in full.

Any image that has `python3`, 3.8 or newer, does as well: with the app's own there is nothing to pull.
"""

BUSYBOX = "docker.io/library/busybox:1.37.0"
"""What copies, prepares and gives away files: about 2 MB to pull, with every tool that the scripts call."""
