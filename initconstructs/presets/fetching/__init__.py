"""Fetch secrets and data before the app starts: `fetching.vault(role="shop", files={"db.json": "secret/data/db"})`.

Secrets come into memory, as files (`stage.output`) and as variables (`stage.environment`); data comes as files, each
known by a checksum.

* **What runs.** One static Python program in `images.PYTHON` as user 65532: no shell, nothing installed. `git` runs in
  `images.GIT`. Any image with Python 3.8 or newer (git 2.31 and a shell) will do, `image=`.
* **Privileges.** Pod Security "restricted", read-only root file system, no rights at the Kubernetes API. Logins are the
  pod's own identity, or Secrets that come by environment variables or a mount; never an argument.
* **Resources.** Secrets request 10m CPU and 32Mi, limit 64Mi; data 100m, 64Mi and 128Mi, git 512Mi. What is kept in
  memory counts too.
* **Who may read.** Secrets have mode 0400, so that only the user that fetched them can: let the app run as user 65532,
  or the fetch as the app's, `security=SecurityContext(run_as_user=1000, run_as_group=1000)`; or give `mode="0440"` and
  the pod a group, `PodSecurityContext(fs_group=1000)`. Data has mode 0644. Variables are read by the kubelet.
* **How it fetches.** Until the deadline (`timeout=`, 2 minutes for secrets, 5 for git, 10 for other data): what the
  network or a busy server breaks off is tried again, ever more slowly; a refusal is final. A line is logged when
  something changes; the last says why it failed, and is the container's termination message too. Proxies are used as
  HTTPS_PROXY and NO_PROXY say, but never to ask the node who it is. Everything is written beside its place and then
  moved: whole or not at all.
* **Exit codes.** 0 done; 1 refused or failed; 2 wrong arguments; 124 the deadline came; 143 the pod was stopped.
* **Second run.** Secrets are fetched again, and written where they differ. Data that is there and verified is not
  fetched again; pods that share a volume fetch one after the other, and so only once.
"""

from initconstructs.presets.fetching.aws import AwsKeys, aws_parameters, aws_secrets, s3
from initconstructs.presets.fetching.azure import azure_blob, azure_key_vault
from initconstructs.presets.fetching.cloud import FetchOptions
from initconstructs.presets.fetching.data import DataOptions, https, huggingface, oci
from initconstructs.presets.fetching.git import git
from initconstructs.presets.fetching.google import gcs, google_secrets
from initconstructs.presets.fetching.vault import vault, vault_agent

__all__ = [
    "AwsKeys",
    "DataOptions",
    "FetchOptions",
    "aws_parameters",
    "aws_secrets",
    "azure_blob",
    "azure_key_vault",
    "gcs",
    "git",
    "google_secrets",
    "https",
    "huggingface",
    "oci",
    "s3",
    "vault",
    "vault_agent",
]
