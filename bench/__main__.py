"""`make bench`: runs every measurement and prints a table of results against goals."""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench.goals import Verdict
from bench.parts import PARTS
from bench.report import goal_table, write_json
from bench.rig.network import laid_out
from bench.rig.processes import GENERATOR_PROCESSOR
from bench.stage import Stage

_RESULTS: Final = Path(__file__).with_name("results")


def main() -> int:
    arguments = _arguments()
    if os.geteuid() != 0:
        print("bench: it builds network namespaces, so it must run as root.", file=sys.stderr)
        return 2
    verdicts: list[Verdict] = []
    detail: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="ringfence-bench-", dir="/var/tmp") as folder, laid_out() as net:
        Path(folder).chmod(0o755)
        os.sched_setaffinity(0, {GENERATOR_PROCESSOR})
        stage = Stage(net, Path(folder), arguments.repeats, arguments.registrations, arguments.minutes)
        for name in arguments.parts or [name for name, part in PARTS.items() if part.by_itself]:
            print(f"== {PARTS[name].title}", flush=True)
            result = PARTS[name].run(stage)
            verdicts.extend(result.verdicts)
            detail[name] = result.detail
            print(result.text, flush=True)
    print("\n" + goal_table(verdicts))
    print(f"\nwritten to {write_json(arguments.results, verdicts, detail)}")
    return 0 if all(verdict.met for verdict in verdicts) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure (default: all): {', '.join(PARTS)}")
    parser.add_argument("--repeats", type=int, default=5, help="interleaved rounds of a comparison; the median counts")
    parser.add_argument("--registrations", type=int, default=1_000_000, help="how many the part goodwill sends")
    parser.add_argument("--minutes", type=int, default=20, help="how long the part soak loads the system")
    parser.add_argument("--results", type=Path, default=_RESULTS, help="folder for the JSON result")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.parts if name not in PARTS]
    if unknown:
        parser.error(f"there is no part named {unknown[0]!r}; there are {', '.join(PARTS)}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
