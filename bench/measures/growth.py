"""How the cost of a registration and the memory of a worker grow with the number of extensions."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from bench.measures.registration_cost import Point


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured at one number of extensions."""

    extensions: int
    points: tuple[Point, ...]
    worker_bytes: int

    @property
    def cost(self) -> float | None:
        """Median microseconds of the valid points."""
        costs = [point.microseconds for point in self.points if point.outcome.valid]
        return median(costs) if costs else None


def exponent(costs: Mapping[int, float]) -> float:
    """The slope of the straight line through (log size, log cost): 0 is flat, 1 is proportional.

    >>> round(exponent({1: 5.0, 10: 50.0, 100: 500.0}), 6)
    1.0
    """
    points = [(math.log(size), math.log(cost)) for size, cost in costs.items()]
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    over = sum((x - mean_x) * (y - mean_y) for x, y in points)
    under = sum((x - mean_x) * (x - mean_x) for x, _ in points)
    return float(over / under)
