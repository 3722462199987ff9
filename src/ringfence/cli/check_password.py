"""`ringfence check-password`: reads one line from standard input and prints each password rule that it breaks."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from ringfence.policy.passwords import check_password


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 if the password may be used, 1 if it may not, 2 for wrong usage. The password itself is never printed."""
    parser = argparse.ArgumentParser(prog="ringfence check-password", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    parser.add_argument("--account", action="append", default=[], metavar="TEXT", help="a name, number or login the password must not hold")
    options = parser.parse_args(arguments)
    line = sys.stdin.readline().rstrip("\r\n")
    problems = check_password(line, options.account)
    if options.json:
        print(json.dumps({"accepted": not problems, "errors": [asdict(problem) for problem in problems]}))
    elif not problems:
        print("Accepted: the password keeps all rules.")
    else:
        print("\n".join(f"{problem.rule}: {problem.message}" for problem in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
