"""Texts in the reader's language, and what goes into them."""

from __future__ import annotations

import minijinja

from basefly.base.web.language import current, reading, t, tn, tp


class TestEnglish:
    def test_is_the_message_itself(self) -> None:
        assert t("Nothing matches") == "Nothing matches"
        assert t("") == ""
        assert tp("verb", "Open") == "Open"

    def test_values_are_filled_in(self) -> None:
        assert t("{count} of {total} clusters answer", count=3, total=1400) == "3 of 1,400 clusters answer"
        assert t("Port {port}", port="8443") == "Port 8443"

    def test_a_name_without_a_value_stays(self) -> None:
        assert t("{a} and {b}", a="x") == "x and {b}"

    def test_values_are_not_filled_into_values(self) -> None:
        assert t("{a} and {b}", a="{b}", b="x") == "{b} and x"

    def test_numbers_choose_the_form(self) -> None:
        assert [tn("{n} pod", "{n} pods", n) for n in (0, 1, 2, 1000)] == ["0 pods", "1 pod", "2 pods", "1,000 pods"]


class TestMarkup:
    def test_a_value_of_markup_stays_and_everything_else_is_escaped(self) -> None:
        link = minijinja.safe('<a href="/">')
        text = t("{link}<Here>{end} for {name}", link=link, end=minijinja.safe("</a>"), name="<b>")
        assert str(text) == '<a href="/">&lt;Here&gt;</a> for &lt;b&gt;'
        assert hasattr(text, "__html__")

    def test_without_markup_the_template_escapes(self) -> None:
        page = minijinja.Environment(templates={"a.html": '{{ t("To {name}", name=x) }}'}, globals={"t": t})
        assert page.render_template("a.html", x="<b>") == "To &lt;b&gt;"

    def test_set_blocks_of_templates_are_markup(self) -> None:
        source = '{% set x %}<b>{{ name }}</b>{% endset %}{{ t("To {name}", name=x) }}'
        page = minijinja.Environment(templates={"a.html": source}, globals={"t": t})
        assert page.render_template("a.html", name="<i>") == "To <b>&lt;i&gt;</b>"


class TestPseudoLanguages:
    def test_accents_brackets_and_two_fifths_more(self) -> None:
        with reading("en-XA"):
            assert t("Nothing matches {name}", name="pods") == "[Ñöţĥîñĝ måţçĥéš pods one t]"
            assert tn("{n} pod", "{n} pods", 2) == "[2 pöðš o]"

    def test_right_to_left(self) -> None:
        with reading("ar-XB"):
            assert t("Two {name}", name="pods") == "\u200f\u202eTwo\u202c\u200f pods"
            assert current().language.direction == "rtl"


class TestReading:
    def test_ends_with_the_body(self) -> None:
        with reading("en-XA"):
            assert current().language.tag == "en-XA"
        assert current().language.tag == "en"

    def test_what_is_unknown_is_english_in_utc(self) -> None:
        with reading("xx", "Nowhere/At-all"):
            assert (current().language.tag, current().zone.key) == ("en", "UTC")
