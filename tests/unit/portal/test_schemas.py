"""The API description names each shape once: two of one name would describe one resource by the other's fields."""

import re
from collections import Counter
from pathlib import Path

import ringfence.portal

SHAPE = re.compile(r"^class (\w+)\((?:In|Out|PageOut|Schema)\)", re.MULTILINE)


def test_no_two_shapes_share_a_name() -> None:
    root = Path(ringfence.portal.__file__).parent
    found = [name for path in root.rglob("*.py") for name in SHAPE.findall(path.read_text(encoding="utf-8"))]
    assert [name for name, count in Counter(found).items() if count > 1 and name not in ("In", "Out")] == []
