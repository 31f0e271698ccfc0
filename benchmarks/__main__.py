"""`python -m benchmarks [--quick] [GROUP ...]` prints one JSON line a figure."""

import argparse
import json

from benchmarks.figures import FULL, GROUPS, QUICK


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure, beside peers, what it costs.")
    parser.add_argument("groups", nargs="*", metavar="group", help=f"of {', '.join(GROUPS)}; all unless given")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: it runs, the figures mean nothing")
    asked = parser.parse_args()
    unknown = set(asked.groups) - GROUPS.keys()
    if unknown:
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    size = QUICK if asked.quick else FULL
    for group in asked.groups or GROUPS:
        command = f"python -m benchmarks {group}{' --quick' if asked.quick else ''}"
        for figure in GROUPS[group](size):
            print(json.dumps(figure.line() | {"command": command}), flush=True)


if __name__ == "__main__":
    main()
