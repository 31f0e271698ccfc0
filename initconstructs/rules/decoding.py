"""The one rule of the family `api-server` that only the text can break: a dict has each key once."""

from __future__ import annotations

from initconstructs.rules.finding import Severity
from initconstructs.rules.rule import Rule

DUPLICATE_KEY = Rule(
    id="duplicate-key",
    family="api-server",
    severity=Severity.ERROR,
    fix="Keep one of the two keys.",
    documentation="""A mapping holds a key twice.

What: the same key appears again in one YAML or JSON mapping.
Why: with strict field validation, kubectl's default, the API server answers 400; readers that accept it keep the last
value, so that what was written first is lost without a word.
Example: `metadata: {name: a, name: b}`
Fix: keep one of the two keys.
Source: fieldValidation=Strict, https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation""",
)
