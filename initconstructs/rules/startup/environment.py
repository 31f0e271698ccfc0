"""A stage's environment: which variables hold secrets, and what the literal ones say."""

from __future__ import annotations

import re
from collections.abc import Mapping

from initconstructs.manifests.pod_template import child, entries
from initconstructs.rules.startup.stage import Stage

_REFERENCE = re.compile(r"\$(?:\{|\()?([A-Za-z_][A-Za-z0-9_]*)[^})\s]*[)}]?|\$([A-Za-z_][A-Za-z0-9_]*)")
_SECRET_PARTS = frozenset(
    ["PASSWORD", "PASSWD", "PWD", "PASS", "SECRET", "TOKEN", "APIKEY", "CREDENTIALS", "PGPASSWORD"]
)
_SECRET_PAIRS = (("API", "KEY"), ("ACCESS", "KEY"), ("PRIVATE", "KEY"), ("SECRET", "KEY"), ("ENCRYPTION", "KEY"))
_NOT_THE_SECRET = frozenset(["FILE", "PATH", "DIR", "NAME", "URL", "HOST", "TTL", "LENGTH", "ID", "ENABLED", "REF"])


def literals(stage: Stage) -> Mapping[str, str]:
    """The variables whose value the manifest shows."""
    return {
        str(entry.get("name")): value
        for _, entry in entries(stage.container, "env", stage.path)
        if isinstance(value := entry.get("value"), str)
    }


def expanded(stage: Stage, text: str) -> str:
    """The text with its literal variables filled in; others keep their name, which often tells what they hold."""
    if "$" not in text:
        return text
    known = literals(stage)
    return _REFERENCE.sub(lambda match: known.get(match[1] or match[2]) or match[1] or match[2], text)


def secret_variables(stage: Stage) -> frozenset[str]:
    """The variables that come from a Secret."""
    return frozenset(
        str(entry.get("name"))
        for _, entry in entries(stage.container, "env", stage.path)
        if child(entry, "valueFrom", "secretKeyRef")
    )


def sounds_secret(variable: str) -> bool:
    """Whether a variable of this name holds a secret: DB_PASSWORD does, PASSWORD_FILE does not."""
    parts = variable.upper().replace("-", "_").split("_")
    if parts[-1] in _NOT_THE_SECRET:
        return False
    return bool(_SECRET_PARTS.intersection(parts)) or any(pair == tuple(parts[-2:]) for pair in _SECRET_PAIRS)
