"""What the table of office hours says of one."""

from itertools import groupby

from django import template
from django.utils.dates import WEEKDAYS_ABBR

register = template.Library()


@register.filter
def spoken(spans: list[list[int]]) -> list[str]:
    """A line for each span of a day, with the days that follow each other and have it.

    >>> spoken([[0, 480, 1080], [1, 480, 1080], [5, 600, 720]])
    ['Mon–Tue 08:00–18:00', 'Sat 10:00–12:00']
    """
    by_time: dict[tuple[int, int], list[int]] = {}
    for day, start, end in sorted(spans):
        by_time.setdefault((start, end), []).append(day)
    runs = [(run, span) for span, days in by_time.items() for run in _runs(days)]
    return [f"{_days(run)} {_clock(start)}–{_clock(end)}" for run, (start, end) in sorted(runs)]


def _runs(days: list[int]) -> list[list[int]]:
    """Days in a row, each row for itself."""
    found = groupby(enumerate(days), key=lambda placed: placed[1] - placed[0])
    return [[day for _, day in run] for _, run in found]


def _days(run: list[int]) -> str:
    ends = dict.fromkeys((run[0], run[-1]))
    return "–".join(str(WEEKDAYS_ABBR[day]) for day in ends)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
