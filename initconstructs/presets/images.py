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

IPTABLES = "cr.l5d.io/linkerd/proxy-init:v2.4.3"
"""What writes packet filters and routes: Alpine with iptables, nft and legacy both, and little else; 8 MB to pull.

Linkerd builds it for its own init container (https://github.com/linkerd/linkerd2-proxy-init); its entry point is not
used. Alpine itself has no iptables, and nothing is installed at start.
"""

OPENSSL = "docker.io/alpine/openssl:3.5.4"
"""What makes keys and certificates: Alpine with the `openssl` command, which has no place in the Python image."""

COSIGN = "ghcr.io/sigstore/cosign/cosign:v3.1.1"
"""Sigstore's own image of cosign; it holds that one program and no shell."""

TRIVY = "docker.io/aquasec/trivy:0.69.3"
"""Aqua's own image of Trivy, the last one before those that an attacker published (0.69.4 to 0.69.6, March 2026:
https://github.com/aquasecurity/trivy/security/advisories/GHSA-69fq-xp46-6x23); pin its digest by `ImagePolicy`."""

CONFTEST = "docker.io/openpolicyagent/conftest:v0.65.0"
"""The project's own image of conftest: Alpine with that one program and git."""

GIT = "docker.io/alpine/git:v2.52.0"
"""What `fetching.git` runs in: Alpine with git, about 30 MB to pull. Any image with git 2.31 and a shell will do."""

FLUENT_BIT = "docker.io/fluent/fluent-bit:4.2.3"
"""The log shipper of `sidecars`, from its publisher."""

HAPROXY = "docker.io/library/haproxy:3.2.21-alpine3.24"
"""The proxy of `sidecars`: a version with long-term support."""

CLOUD_SQL_PROXY = "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.2"
"""Google's own, without a shell."""

POSTGRES_EXPORTER = "docker.io/prometheuscommunity/postgres-exporter:v0.19.1"
"""The Prometheus community's own."""

REDIS_EXPORTER = "docker.io/oliver006/redis_exporter:v1.84.0"
"""Its author's own."""
