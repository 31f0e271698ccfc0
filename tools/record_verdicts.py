"""Record what a cluster's API server says of manifests, by server-side dry run with strict field validation.

    python tools/record_verdicts.py --kubeconfig ~/.kube/config --out verdicts-1.37.jsonl.gz
    python tools/record_verdicts.py --manifests deploy/*.yaml --out verdicts.jsonl --psa

Only dry runs are sent; `--psa` alone changes the cluster, by two namespaces that it removes again. Pods need the
service accounts that they name to exist in the namespace (those of the corpus: `default` and `app`). The output has the
fields of tests/data/verdicts.jsonl.gz and is what `tools/conformance.py --corpus` reads; it is written whole or not at
all. A caveat is a person's judgement: the corpus' own is kept. Exit code 2: nothing was recorded; one line says why.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from itertools import chain
from pathlib import Path
from typing import Any

from cluster import Answer, Client, UnusableError, load

from initconstructs.manifests.field_path import format_path
from initconstructs.manifests.pod_template import POD_KINDS
from initconstructs.manifests.unreadable import UnreadableManifest
from initconstructs.manifests.yaml_in import load_yaml

CORPUS = Path(__file__).parent.parent / "tests" / "data" / "verdicts.jsonl.gz"
KEPT = ("id", "kind", "family", "mutation", "group", "intent", "manifest")
LEVELS = ("baseline", "restricted")
DRY_RUN = "?dryRun=All&fieldValidation=Strict"
DISCOVERY = "application/json;v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList"

Row = Mapping[str, Any]
Paths = Mapping[tuple[str, str], str]


def collections(client: Client) -> Paths:
    """Where objects are created, by apiVersion and kind; under apiVersion "", the server's first choice for a kind."""
    paths: dict[tuple[str, str], str] = {}
    for root, version, resource in _resources(client):
        place = "namespaces/{}/" if resource["scope"] == "Namespaced" else ""
        path = f"{root}/{version}/{place}{resource['resource']}"
        for api_version in (version, ""):
            paths.setdefault((api_version, resource["responseKind"]["kind"]), path)
    if not paths:
        raise UnusableError("the server has no aggregated discovery; Kubernetes 1.30 or newer does")
    return paths


def _resources(client: Client) -> Iterator[tuple[str, str, Row]]:
    """Everything that can be created, with the root of its path and its apiVersion; preferred versions come first."""
    for root in ("/api", "/apis"):
        for group in client.request("GET", root, accept=DISCOVERY).body.get("items", []):
            for version in group["versions"]:
                name = "/".join(filter(None, (group["metadata"].get("name"), version["version"])))
                creatable = [each for each in version.get("resources", []) if "create" in each.get("verbs", [])]
                yield from ((root, name, resource) for resource in creatable)


def collection(row: Row, paths: Paths) -> str:
    """The row's kind decides, since a manifest may be wrong about its own."""
    path = paths.get((str(row["manifest"].get("apiVersion")), row["kind"])) or paths.get(("", row["kind"]))
    if path is None:
        raise UnusableError(f"the server doesn't know the kind {row['kind']} ({row['group']}, {row['id']})")
    return path


def recorded(row: Row, answer: Answer) -> dict[str, Any]:
    """The line of one manifest, without what `--psa` adds."""
    details = answer.body.get("details") if not answer.accepted else None
    causes = (details or {}).get("causes") or []
    line = {key: row[key] for key in KEPT} | {
        "verdict": answer.verdict,
        "code": answer.code,
        "class": class_of(answer),
        "causes": [{key: cause.get(key, "") for key in ("reason", "field", "message")} for cause in causes],
        "message": answer.message,
        "warnings": answer.warnings,
    }
    if answer.accepted:
        line["dropped"] = [format_path(path) for path in dropped(row["manifest"], answer.body)]
    return line | {"caveat": row.get("caveat", "")}


def class_of(answer: Answer) -> str:
    """At which step the server refused."""
    if answer.accepted:
        return "ok"
    if answer.code == 400:
        return "strict-decoding" if "strict decoding error" in answer.message else "decoding"
    names = {422: "validation", 403: "admission"}
    return names.get(answer.code, f"other-{answer.code}-{answer.body.get('reason', '')}")


def dropped(sent: object, kept: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The fields that were sent and are gone; not those that the server leaves out when empty, nor stringData."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        for key, value in sent.items():
            if key in kept:
                yield from dropped(value, kept[key], (*path, key))
            elif value and (path or key != "stringData"):
                yield (*path, key)
    elif isinstance(sent, list) and isinstance(kept, list):
        for index, value in enumerate(sent[: len(kept)]):
            yield from dropped(value, kept[index], (*path, index))
        yield from ((*path, index) for index in range(len(kept), len(sent)))


class Recorder:
    """Sends each manifest to its collection."""

    def __init__(self, client: Client, namespace: str, levels: Mapping[str, str] | None) -> None:
        self._client = client
        self._paths = collections(client)
        self._namespace = namespace
        self._levels = levels

    def line(self, row: Row) -> dict[str, Any]:
        """What the output says of one manifest."""
        path = collection(row, self._paths)
        answer = self._client.request("POST", path.format(self._namespace) + DRY_RUN, row["manifest"])
        if self._levels is None:
            return recorded(row, answer)
        judged = answer.accepted and row["kind"] in POD_KINDS
        levels = {level: self._judged(row, path.format(name)) for level, name in self._levels.items()} if judged else {}
        return recorded(row, answer) | {"psa": levels}

    def _judged(self, row: Row, path: str) -> dict[str, Any]:
        """Pods are refused; of what makes pods, the server only warns."""
        metadata = {key: value for key, value in (row["manifest"].get("metadata") or {}).items() if key != "namespace"}
        answer = self._client.request("POST", path + DRY_RUN, {**row["manifest"], "metadata": metadata})
        said = {"message": answer.message} if row["kind"] == "Pod" else {"warnings": answer.warnings}
        return {"verdict": answer.verdict, "code": answer.code, **said}


@contextmanager
def pod_security(client: Client, rows: Iterable[Row]) -> Iterator[dict[str, str]]:
    """Namespaces that enforce the levels, with the service accounts that the Pods name; gone afterwards."""
    names = {level: f"record-verdicts-{level}-{secrets.token_hex(4)}" for level in LEVELS}
    accounts = sorted({"default", *filter(None, map(service_account, rows))})
    try:
        for level, name in names.items():
            labels = {f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "warn")}
            _create(client, "/api/v1/namespaces", {"name": name, "labels": labels})
            for account in accounts:
                _create(client, f"/api/v1/namespaces/{name}/serviceaccounts", {"name": account})
        yield names
    finally:
        for name in names.values():
            client.request("DELETE", f"/api/v1/namespaces/{name}")


def _create(client: Client, path: str, metadata: Mapping[str, object]) -> None:
    """What another made meanwhile (409) is as good; what can't exist (422) no accepted Pod can name."""
    answer = client.request("POST", path, {"metadata": metadata})
    if not answer.accepted and answer.code not in {409, 422}:
        raise UnusableError(f"{path} can't be prepared: {answer.message}")


def service_account(row: Row) -> str | None:
    """The service account that a Pod names."""
    spec = row["manifest"].get("spec") if row["kind"] == "Pod" else None
    name = spec.get("serviceAccountName") if isinstance(spec, dict) else None
    return name if isinstance(name, str) else None


def read(path: Path) -> list[Row]:
    """The rows of a corpus, or one for each document of a YAML file."""
    try:
        return list(_documents(path) if path.suffix in {".yaml", ".yml"} else _lines(path))
    except (OSError, EOFError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UnusableError(f"{path} can't be read: {error}") from error


def _documents(path: Path) -> Iterator[Row]:
    for document in load_yaml(path.read_bytes(), file=str(path)):
        if document.duplicates:
            raise UnusableError(f"{path}: {document.duplicates[0].path} is there twice, which JSON can't carry on")
        yield _row(document.manifest, f"yaml/{path.stem}")


def _lines(path: Path) -> Iterator[Row]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if not (isinstance(row, dict) and row.keys() >= set(KEPT) and isinstance(row["manifest"], dict)):
                raise UnusableError(f"{path}: a row lacks one of {', '.join(KEPT)}")
            yield row


def _row(manifest: Mapping[str, object], group: str) -> Row:
    """The id is the corpus' own: of the content alone."""
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    name = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:12]
    origin = {"family": "yaml", "mutation": "", "group": group, "intent": ""}
    return {"id": name, "kind": str(manifest.get("kind")), **origin, "manifest": manifest}


def record(recorder: Recorder, rows: Sequence[Row], connections: int) -> list[str]:
    """The lines of the output, in the order of the rows; the first failure ends it."""
    lines: list[str] = []
    with ThreadPoolExecutor(connections) as threads:
        try:
            for line in threads.map(recorder.line, rows):
                lines.append(json.dumps(line) + "\n")
                if len(lines) % 100 == 0 or len(lines) == len(rows):
                    print(f"{len(lines)} of {len(rows)} manifests", file=sys.stderr)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
    return lines


def write(path: Path, lines: Iterable[str]) -> None:
    """Whole or not at all; the same verdicts give the same bytes."""
    data = "".join(lines).encode()
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def run(options: argparse.Namespace) -> None:
    """Read, ask, write."""
    client = Client(load(options.kubeconfig.expanduser(), options.context))
    rows = list(chain.from_iterable(map(read, options.manifests)))
    with pod_security(client, rows) if options.psa else nullcontext() as levels:
        lines = record(Recorder(client, options.namespace, levels), rows, options.connections)
    write(options.out, lines)


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kubeconfig", type=Path, default=Path("~/.kube/config"))
    parser.add_argument("--context", help="instead of the current one")
    parser.add_argument("--namespace", default="default", help="where the objects would be created")
    parser.add_argument("--manifests", type=Path, nargs="+", default=[CORPUS], help=".jsonl, .jsonl.gz or YAML files")
    parser.add_argument("--out", type=Path, required=True, help="a .jsonl or .jsonl.gz file")
    parser.add_argument("--connections", type=int, choices=range(1, 17), default=4, metavar="1..16")
    parser.add_argument("--psa", action="store_true", help="ask for Pod Security baseline and restricted, too")
    try:
        run(parser.parse_args())
    except (UnusableError, UnreadableManifest, OSError) as error:
        print(f"record_verdicts: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
