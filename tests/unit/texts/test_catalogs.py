"""Every text of the portal has a translation that says the same with the same values (issue 4, 7: "translatable")."""

import re
from collections import Counter
from gettext import GNUTranslations
from io import BytesIO

import pytest

from tools import catalog, texts
from tools.catalog import Text

LANGUAGES = sorted(path.name for path in texts.LOCALE.iterdir() if path.is_dir())
VALUE = re.compile(r"%\(\w+\)[sd]|%%|%d|\{\d*\}|<[^>]+>")
RENEW = "run: python -m tools.texts, then fill in what is empty in django.po, then run it again"


def of(language: str) -> dict[Text, tuple[str, ...]]:
    return catalog.read(texts.LOCALE / language / "LC_MESSAGES" / "django.po")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    """Issue 4, 7. A text that code or a page has and the catalog has not, or an empty translation, fails."""
    known = of(language)
    missing = [text.source for text in texts.collected() if not all(known.get(text, ("",)))]
    assert not missing, f"{len(missing)} texts without {language}: {missing[:10]}; {RENEW}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_values_and_marks_are_kept(language: str) -> None:
    """Issue 4, 7. A translation that loses a value, or brings one nobody gives, breaks its page."""
    for text, forms in of(language).items():
        for form in forms:
            assert Counter(VALUE.findall(form)) == Counter(VALUE.findall(text.plural or text.source)), text.source


@pytest.mark.parametrize("language", LANGUAGES)
def test_programs_read_what_translators_wrote(language: str) -> None:
    """Issue 4, 7. The .mo file is the .po file's, as Python's own reader understands it."""
    known = of(language)
    content = (texts.LOCALE / language / "LC_MESSAGES" / "django.mo").read_bytes()
    assert content == catalog.compiled(known, language), RENEW
    reader = GNUTranslations(BytesIO(content))
    for text, forms in known.items():
        if text.plural:
            assert (reader.ngettext(*_key(text), 1), reader.ngettext(*_key(text), 2)) == forms
        else:
            assert reader.gettext(text.source) == forms[0]


def _key(text: Text) -> tuple[str, str]:
    return text.source, text.plural
