"""Functions stay under 60 lines and files under 400, so that each can be read at one sitting."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_FUNCTION = 60
LONGEST_FILE = 400


def python_files() -> Iterator[Path]:
    for top in ("src", "tests", "bench"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if "migrations" not in path.parts and path.stat().st_size:
                yield path


def long_functions(source: str) -> list[str]:
    functions = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lengths = [(node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in functions]
    return [f"{name} has {length} lines" for name, length in lengths if length > LONGEST_FUNCTION]


@pytest.mark.parametrize("path", list(python_files()), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_can_be_read_at_one_sitting(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not long_functions(source)
    assert source.count("\n") <= LONGEST_FILE


def test_a_long_function_is_noticed() -> None:
    source = "def long() -> None:\n" + "    print()\n" * LONGEST_FUNCTION
    assert long_functions(source) == ["long has 61 lines"]
