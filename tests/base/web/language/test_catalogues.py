"""The catalogues hold every text of the sources, whole; and no template says anything past them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from basefly.base.web.language import reading, t, tn, told
from basefly.base.web.language.catalogue import HOME, script_texts
from basefly.base.web.language.languages import ENGLISH, LANGUAGES
from scripts.messages import HOUSE, SCRIPTS, missing, of_text, renewed, wanted, written

TAGS = [language.tag for language in LANGUAGES if language is not ENGLISH]
VALUE = re.compile(r"\{\w+\}")


@pytest.mark.parametrize("tag", TAGS)
class TestEveryCatalogue:
    def test_has_what_the_sources_say(self, tag: str) -> None:
        catalogue = renewed(tag, wanted())
        assert missing(catalogue) == [], "make messages LIST=1 names what to translate"
        assert written(catalogue) == (HOME / f"{tag}.po").read_bytes(), "make messages renews the catalogues"

    def test_keeps_the_values_of_each_text(self, tag: str) -> None:
        with (HOME / f"{tag}.po").open("rb") as source:
            messages = [message for message in read_po(source) if message.id]
        wrong = []
        for message in messages:
            ids = [message.id] if isinstance(message.id, str) else list(message.id)
            strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
            may = {value for text in ids for value in VALUE.findall(str(text))}
            must = set.intersection(*(set(VALUE.findall(str(text))) for text in ids))
            wrong += [text for text in strings if not must <= set(VALUE.findall(str(text))) <= may]
        assert wrong == []

    def test_nothing_is_fuzzy(self, tag: str) -> None:
        assert b"fuzzy" not in (HOME / f"{tag}.po").read_bytes()


class TestTranslated:
    def test_texts(self) -> None:
        with reading("de"):
            assert t("{age} ago", age="5d3h") == "vor 5d3h"
            assert t("Not in any catalogue") == "Not in any catalogue"
        with reading("zh-Hans"):
            assert t("Sign in") == "登录"

    def test_forms(self) -> None:
        one, many = "One cluster is out of date here.", "{n} clusters are out of date here."
        with reading("de"):
            assert [tn(one, many, n) for n in (1, 1200)] == [
                "Ein Cluster ist hier nicht aktuell.",
                "1.200 Cluster sind hier nicht aktuell.",
            ]
        with reading("zh-Hans"):
            assert "1" in tn(one, many, 1)

    def test_what_an_error_says_is_recognised_with_its_values(self) -> None:
        with reading("de"):
            assert told("Sign in first") == "Bitte zuerst anmelden"
            assert told("Try again in 42 s.") == "In 42 s erneut versuchen."
            assert told("There is a token named a{b} already.") == "Ein Token namens a{b} gibt es bereits."
            assert told("Nobody ever said so.") == "Nobody ever said so."
            assert told("not permitted: Sign in first") == "nicht erlaubt: Bitte zuerst anmelden"
        assert told("Sign in first") == "Sign in first"

    def test_scripts_of_english_pages_need_no_texts(self) -> None:
        assert script_texts("en") == {}


class TestOfText:
    def test_finds_calls_and_nothing_else(self) -> None:
        source = (
            """{{ t("A {b}", b=1) }} {{ tn("{n} c", '{n} d', n) }} {{ tp("verb", "E") }} {{ alert("x") }} {{ t(x) }}"""
        )
        assert [(found.id, found.context) for found in of_text(source, "x")] == [
            ("A {b}", None),
            (("{n} c", "{n} d"), None),
            ("E", "verb"),
        ]


SAMPLES = "console/templates/gallery"  # of the parts, for those who build pages: English, and marked so
SAME = set("Basefly API CSV JSON YAML UTC Esc K nbsp openapi.json basefly yaml env production".split())  # names, keys
TEMPLATES = [
    path
    for path in sorted(HOUSE.rglob("templates/**/*.html"))
    if not path.relative_to(HOUSE).as_posix().startswith(SAMPLES)
]
EXAMPLES = ("app=web,tier!=db", "app=web", "label:app")  # of what one types; a language has no other words for them
_ENGINE = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_SCRIPT = re.compile(r"<(script|style|code|pre)\b.*?</\1>|<!--.*?-->", re.DOTALL)  # commands are no language's
_SAID = re.compile(r'(?:aria-label|title|placeholder|alt|data-label)="([^"]*)"')
_TAG = re.compile(r'<[^>]*>|[a-z-]+="[^"]*"', re.DOTALL)
_WORDS = re.compile(r"[A-Za-z][A-Za-z.]+|K\b")


def unwrapped(source: str) -> list[str]:
    """Words of a template that no function translates."""
    bare = _SCRIPT.sub("", _ENGINE.sub("", source))
    said = [*(text for text in _SAID.findall(bare) if text not in EXAMPLES), _TAG.sub(" ", bare)]
    return [word for text in said for word in _WORDS.findall(text) if word not in SAME]


class TestTemplates:
    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.name))
    def test_say_nothing_past_the_catalogue(self, path: Path) -> None:
        assert unwrapped(path.read_text(encoding="utf-8")) == []

    def test_a_text_past_it_is_found(self) -> None:
        assert unwrapped('<p title="Hello">{{ t("x") }} there</p>') == ["Hello", "there"]

    def test_scripts_are_read_too(self) -> None:
        assert (SCRIPTS / "texts.ts").is_file()
