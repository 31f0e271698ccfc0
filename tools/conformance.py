"""Compare what `initconstructs` says with the recorded verdicts of real API servers.

    python tools/conformance.py                    prints the tables for the recorded minors
    python tools/conformance.py --write            replaces docs/conformance.md by them
    python tools/conformance.py --kubernetes 1.33 --corpus FILE.jsonl.gz

The exit code is 1 when an agreement falls below what is promised. A corpus has one object a line, with `manifest` (or,
by its `id`, a manifest of tests/data/verdicts.jsonl.gz), `verdict`, `class`, `causes` and `caveat`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from initconstructs.rules import api_server

ROOT = Path(__file__).parent.parent
DATA = ROOT / "tests" / "data"
PAGE = ROOT / "docs" / "conformance.md"
RECORDED = {"1.36": DATA / "verdicts.jsonl.gz", "1.33": DATA / "verdicts-1.33.jsonl.gz"}
NAMESPACE = "default"  # where the recorded requests were sent

CAUGHT = 0.995  # of the rejected manifests
WRONGLY_REJECTED = 0.001  # of the accepted ones

INTRODUCTION = """# Agreement with real API servers

Each manifest of a recorded corpus was sent to a kube-apiserver (server-side dry run, strict field validation); here is
how often the rules say the same. A rejected manifest counts as caught when a rule objects, an accepted one as wrongly
rejected. "First field" counts, of the answers that name fields, those whose first field is that of the first finding;
"all fields" those where all are the same. Manifests whose verdict depends on what else is in the cluster, or on the dry
run, stand apart as caveats. This page is printed by `python tools/conformance.py --write`.
"""
HEADER = (
    "| {} | rejected | caught | first field | all fields | accepted | wrongly rejected | caveats that agree |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|"
)

Row = Mapping[str, Any]


def rows(corpus: Path) -> Iterator[Row]:
    """The lines of a corpus; manifests that it leaves out come from the newest one by id."""
    manifests = {row["id"]: row for row in _lines(RECORDED["1.36"])}
    for row in _lines(corpus):
        yield {**manifests.get(row["id"], {}), **row}


def _lines(corpus: Path) -> Iterator[Row]:
    with gzip.open(corpus, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def compared(row: Row, kubernetes: str) -> Counter[str]:
    """What one manifest adds to the counts."""
    problems = api_server.check(row["manifest"], kubernetes=kubernetes, namespace=NAMESPACE)
    agrees = bool(problems) == (row["verdict"] == "reject")
    if row["caveat"]:
        return Counter({"caveats": 1, "agreeing": int(agrees)})
    if row["verdict"] == "accept":
        return Counter({"accepted": 1, "wrong": int(not agrees)})
    said = [problem.path for problem in problems]
    fields = _fields(row)
    return Counter(
        {
            "rejected": 1,
            "caught": int(agrees),
            "named": int(bool(fields)),
            "first": int(bool(fields) and said[:1] == fields[:1]),
            "all": int(bool(fields) and sorted(said) == sorted(fields)),
        }
    )


def _fields(row: Row) -> list[str]:
    """The fields that the server names; of a value that it can't decode, it gives no path."""
    unknown: list[str] = re.findall(r'unknown field "([^"]+)"', row["message"])
    return unknown if row["class"] == "strict-decoding" else [cause["field"] for cause in row["causes"]]


def table(title: str, counts: Mapping[str, Counter[str]]) -> str:
    """The counts of each group, and of all."""
    total = sum(counts.values(), Counter())
    lines = [_line(name, counts[name]) for name in sorted(counts)]
    return "\n".join([HEADER.format(title), *lines, _line("**all**", total)])


def _line(name: str, count: Counter[str]) -> str:
    fields = [f"{count[key]} of {count['named']}" if count["named"] else "" for key in ("first", "all")]
    caveats = f"{count['agreeing']} of {count['caveats']}" if count["caveats"] else ""
    columns = [count["rejected"], count["caught"], *fields, count["accepted"], count["wrong"], caveats]
    return f"| {name} | {' | '.join(map(str, columns))} |"


def grouped(corpus: Iterable[Row], kubernetes: str) -> tuple[dict[str, Counter[str]], dict[str, Counter[str]]]:
    """The counts by class of answer, and by family of manifests."""
    classes: dict[str, Counter[str]] = {}
    families: dict[str, Counter[str]] = {}
    for row in corpus:
        count = compared(row, kubernetes)
        classes.setdefault(row["class"], Counter()).update(count)
        families.setdefault(row["family"], Counter()).update(count)
    return classes, families


def holds(total: Counter[str]) -> bool:
    """Whether the agreement is what is promised."""
    caught = total["caught"] >= CAUGHT * total["rejected"]
    return caught and total["wrong"] <= WRONGLY_REJECTED * total["accepted"]


def main() -> int:
    """Print or write the tables; 1 when one falls short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kubernetes", help="the minor that recorded --corpus", default="1.36")
    parser.add_argument("--corpus", type=Path, help="a file of recorded verdicts, instead of those of tests/data")
    parser.add_argument("--write", action="store_true", help=f"replace {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    corpora = {options.kubernetes: options.corpus} if options.corpus else RECORDED
    page, good = [INTRODUCTION], True
    for kubernetes, corpus in corpora.items():
        classes, families = grouped(rows(corpus), kubernetes)
        good = good and holds(sum(classes.values(), Counter()))
        page += [f"## Kubernetes {kubernetes}\n", table("answer", classes), "", table("family", families), ""]
    text = "\n".join(page)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
