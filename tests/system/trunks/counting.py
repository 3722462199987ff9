"""What the running core counts."""

import re
from typing import Any


def counted(pbx: Any) -> dict[str, int]:
    """The counters that are not 0."""
    found = re.findall(r"name: (\S+)\s+value: (-?\d+)", pbx.product.kamcmd("htable.dump", "calls"))
    return {name: int(value) for name, value in found if int(value)}
