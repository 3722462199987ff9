"""Which texts the catalogs are made of (issue 4, 7: "translatable")."""

import pytest

from tools.catalog import Text
from tools.texts import SOURCE, of_code, of_template
from tools.untold import untold


def test_templates_as_django_asks_for_them() -> None:
    """Issue 4, 7. Percent signs doubled, values as %(name)s, lines joined where `trimmed` says so."""
    page = (
        '{% translate "Half: 50 %" %}{{ x|yesno:_("on,off") }}'
        "{% blocktranslate with n=a.b %}Call {{ n }}{% endblocktranslate %}"
        "{% blocktranslate count k=k trimmed %}\n one\n  line {% plural %} many {% endblocktranslate %}"
    )
    assert list(of_template(page)) == [
        Text("Half: 50 %%"),
        Text("on,off"),
        Text("Call %(n)s"),
        Text("one line", "many"),
    ]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('refuse("field", "a.rule", f"There is no {x}.")', ["There is no {}."]),
        ('forms.CharField(label="Name", help_text="As in 101.")', ["Name", "As in 101."]),
        ('messages.success(request, "Done." if x else "Half done.")', ["Done.", "Half done."]),
        ('message = f"No {x} here."\nrefuse("field", "a.rule", message)', ["No {} here."]),
        ('log.warning("a", "not for people")', []),
        ('Field(description="for programs")', []),
        ('alarms.set_off(FULL, f"{x} is full.", now)', ["{} is full."]),
        ('alarms.set_off_for("disk.low", "It is full.", now, 60.0)', ["It is full."]),
    ],
)
def test_code_where_a_text_for_people_stands(code: str, found: list[str]) -> None:
    """Issue 4, 7. Refusals of code without Django count, what is logged does not."""
    assert [text.source for text in of_code(code)] == found


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("<p>Bare words</p>", ["Bare words"]),
        ('<p>{% translate "Told" %} {{ value }} · RTP</p>', []),
        ('<input placeholder="Bare hint" name="x">', ["Bare hint"]),
        ('<code>ringfence up</code><a href="/x">{% if y %}Go on{% endif %}</a>', ["Go on"]),
    ],
)
def test_words_that_nobody_can_translate_are_seen(page: str, found: list[str]) -> None:
    """Issue 4, 7. The finder that the next test relies on."""
    assert list(untold(page)) == found


def test_no_page_holds_such_words() -> None:
    """Issue 4, 7. Every text of a template is passed through the catalog."""
    pages = sorted((SOURCE / "portal").rglob("*.html"))
    found = {str(path.relative_to(SOURCE)): list(untold(path.read_text(encoding="utf-8"))) for path in pages}
    assert not {name: words for name, words in found.items() if words}
