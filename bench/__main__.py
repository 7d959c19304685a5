"""`python -m bench [names]`: run all benchmarks, or those named, and print their figures.

It must stay one command that needs nothing prepared.
"""

from __future__ import annotations

import argparse

from bench import cases
from bench.system import ROWS, system


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description="Measure Diwan on this machine.")
    parser.add_argument("names", nargs="*", help=f"which: {', '.join(cases.ALL)} (default: all)")
    parser.add_argument("--seconds", type=float, default=5, help="how long each load runs")
    parser.add_argument("--rows", type=int, default=ROWS, help=f"how many contacts there are (default: {ROWS:,})")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in cases.ALL]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(cases.ALL)}")
    with system(options.rows) as running:
        for name in options.names or cases.ALL:
            cases.ALL[name](running, options.seconds)


if __name__ == "__main__":
    main()
