"""Mutants of real manifests: each is read or refused in words, checked, and reported; nothing else may happen.

`FUZZ_INPUTS=1000000 pytest tests/cli/test_fuzz.py` tries more than the suite does.
"""

from __future__ import annotations

import gzip
import json
import os
import random
from pathlib import Path

from initconstructs.manifests.unreadable import UnreadableManifest
from initconstructs.manifests.yaml_in import load_yaml
from initconstructs.manifests.yaml_out import dump_yaml
from initconstructs.reports import findings_text
from initconstructs.reports.summary import summarize
from initconstructs.rules import check

ROOT = Path(__file__).parents[1]
INPUTS = int(os.environ.get("FUZZ_INPUTS", "800"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))

ODD = """\
%YAML 1.1
--- # Source: a/b.yaml
apiVersion: v1
kind: List
items:
- &one
  apiVersion: v1
  kind: Pod
  metadata: &meta {name: "a\\u00e9", labels: {a: !!str 1, ? b : "2"}, annotations: {x: !!binary aGVsbG8=}}
  spec: {containers: [{name: a, image: 'b', args: [>-
      folded

      text
    , | , 0x1f, 0o17, 1_000, .5, 1e3, yes, ~, 2020-01-01]}]}
- <<: *one
  metadata: {<<: [*meta], name: c}
- {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "djE="}}
...
---
{"kind": "ConfigMapList", "items": [{"apiVersion": "v1", "kind": "ConfigMap"}]}
"""
MARKS = list("[]{}:-|>'\"#%@`,?~=\0\t\x85\x1b\ufeff\u2028\ud800é🙂")
WORDS = """&a *a <<: !!binary !!int !!str !!null !<x> --- ... {{ }} null true y 0 -1 .inf .nan 1e999 9999999999999999999
0x 1_ %YAML %TAG List"""
TOKENS = [*MARKS, *WORDS.split()]
VALUES = ["[]", "{}", "null", "true", "-1", "1.5", '""', '"x"', "[null]", "[[]]", "{a: {b: c}}", "[{}]", "9" * 20]


def seeds() -> list[str]:
    """What nobody writes, what we write, and what an API server took."""
    written = [each.read_text(encoding="utf-8") for each in sorted(ROOT.glob("**/__snapshots__/**/*.yaml"))]
    with gzip.open(ROOT / "data" / "verdicts.jsonl.gz", "rt", encoding="utf-8") as lines:
        recorded = [json.loads(line) for line in lines]
    taken = [dump_yaml([each["manifest"]]) for each in recorded if each["intent"] == "valid"]
    return [ODD, *written, *taken]


def mutant(text: str, chance: random.Random) -> str:
    """One small change: of characters, of lines, or of the value of a key."""
    start, end = sorted(chance.randrange(len(text) + 1) for _ in range(2))
    end = min(end, start + chance.choice([1, 3, 40]))
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    match chance.randrange(7):
        case 0:
            return text[:start] + text[end:]
        case 1:
            return text[:end] + text[start:]
        case 2 | 3:
            return text[:start] + chance.choice(TOKENS) + text[end:]
        case 4:
            lines[at] = " " * chance.randrange(12) + lines[at].lstrip()
        case 5:
            lines.insert(chance.randrange(len(lines)), lines[at])
        case _:
            key, colon, _ = lines[at].partition(":")
            lines[at] = f"{key}{colon} {chance.choice(VALUES)}"
    return "\n".join(lines)


def survive(source: bytes) -> bool:
    """Whether it could be read; any other error than the one for unreadable text goes to the caller."""
    try:
        documents = load_yaml(source, file="fuzz.yaml")
    except UnreadableManifest:
        return False
    for document in documents:
        document.position("spec.containers[0].image")
    found = check(documents, profile="restricted")
    findings_text.render(found, summarize(found, files=1, objects=len(documents)))
    return True


def test_no_mutant_breaks_the_reader_the_rules_or_the_report() -> None:
    chance = random.Random(SEED)
    texts, read = seeds(), 0
    for number in range(INPUTS):
        text = chance.choice(texts)
        for _ in range(chance.choice([1, 1, 2, 5])):
            text = mutant(text, chance)
        source = text.encode("utf-8", errors="surrogatepass")
        if chance.random() < 0.05:
            source = source.replace(bytes([chance.choice(source or b" ")]), bytes([chance.randrange(256)]))
        try:
            read += survive(source)
        except Exception as error:
            raise AssertionError(f"input {number} of seed {SEED}: {source!r}") from error
    assert 0 < read < INPUTS
