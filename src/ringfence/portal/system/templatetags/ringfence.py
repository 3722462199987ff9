"""What templates of every app may use."""

from datetime import UTC, datetime

from django import forms, template
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ringfence.portal import language, recorded, rulewords
from ringfence.portal.people.models import Person
from ringfence.portal.permissions import Permission
from ringfence.portal.system.assets import stamp

register = template.Library()


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """An icon of the sprite; decoration only, so screen readers skip it."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="/static/icons.svg?{}#{}"></use></svg>', extra, stamp(), name
    )


@register.filter
def span(seconds: float | None) -> str:
    """A duration people can read.

    >>> span(3661)
    '1 h 1 min'
    """
    if seconds is None:
        return ""
    whole = max(0, round(float(seconds)))
    parts = [(whole // 86_400, "d"), (whole % 86_400 // 3600, "h"), (whole % 3600 // 60, "min"), (whole % 60, "s")]
    shown = [f"{value} {unit}" for value, unit in parts if value][:2]
    return " ".join(shown) or "0 s"


@register.filter
def clock(seconds: float | None) -> str:
    """A call's length.

    >>> clock(65.4)
    '1:05'
    """
    whole = max(0, round(float(seconds or 0)))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


@register.filter
def moment(stamp_: float | None) -> datetime | None:
    """Unix time as a time."""
    return datetime.fromtimestamp(float(stamp_), UTC) if stamp_ else None


@register.filter
def may(person: Person | AnonymousUser, permission: str) -> bool:
    """Whether this person holds the permission, so that a page offers only what would be done."""
    if not isinstance(person, Person):
        return False
    return person.is_system_administrator or Permission(permission) in person.permissions


@register.simple_tag
def zone() -> str:
    """The time zone that the page's times are in."""
    return timezone.get_current_timezone_name()


@register.filter
def grouped(number: int) -> str:
    """A count people can read, as their language writes it.

    >>> grouped(100000)
    '100,000'
    """
    return str(number_format(number, use_l10n=True, force_grouping=True))


@register.filter
def plainly(value: object) -> str:
    """A value of the audit log for people: no brackets, no quotes, and of what lies inside only what is set.

    >>> plainly(["opus", "G722"]), plainly(True), plainly(None)
    ('opus, G722', 'yes', '–')
    >>> plainly([{"host": "192.0.2.1", "port": 5060}, {"host": "192.0.2.2", "caller_number": ""}])
    'host 192.0.2.1, port 5060; host 192.0.2.2'
    """
    if isinstance(value, bool):
        return language.told("yes" if value else "no")
    if isinstance(value, dict):
        told_ = [
            f"{field_name(name)} {plainly(inner)}" for name, inner in value.items() if inner not in (None, "", [], {})
        ]
        return ", ".join(told_) or "–"
    if isinstance(value, list):
        apart = "; " if any(isinstance(inner, dict | list) for inner in value) else ", "
        return apart.join(map(plainly, value)) or "–"
    return "–" if value is None or value == "" else str(value)


@register.filter
def field_name(name: str) -> str:
    """The name of a value as people write it.

    >>> field_name("ring_seconds")
    'ring seconds'
    """
    return name.replace("_", " ")


@register.filter
def told(text: object) -> str:
    """A text of the system in the reader's language."""
    return language.told(text)


@register.filter
def titled(word: str) -> str:
    """A word that another part wrote into a record, for people."""
    return recorded.titled(word)


@register.filter
def ruled(rule: str) -> str:
    """What a rule found, for people who do not know its id."""
    return rulewords.ruled(rule)


@register.filter
def is_without_choice(field: forms.Field) -> bool:
    """Whether there is nothing to choose in this field, as before the first tenant is made."""
    return isinstance(field, forms.ChoiceField) and not any(True for _ in field.widget.choices)
