"""Which language a browser gets."""

from __future__ import annotations

import pytest

from basefly.base.web.language.languages import accepted, known


class TestAccepted:
    @pytest.mark.parametrize(
        ("header", "tag"),
        [
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("fr,en-GB;q=0.8", "en"),
            ("en;q=0.2, de;q=0.7", "de"),
            ("zh-CN,zh;q=0.9", "zh-Hans"),
            ("zh-Hans-SG", "zh-Hans"),
            ("zh-TW,en;q=0.5", "en"),
            ("de;q=0,en", "en"),
            ("de;q=x, en", "en"),
        ],
    )
    def test_the_best_of_ours(self, header: str, tag: str) -> None:
        language = accepted(header)
        assert language is not None
        assert language.tag == tag

    @pytest.mark.parametrize("header", ["", "fr", "*", "zh-TW", ";;,,=", "en-XA;q=0"])
    def test_or_none(self, header: str) -> None:
        assert accepted(header) is None


class TestKnown:
    def test_by_its_whole_tag(self) -> None:
        assert [(known(tag) or known("en")) for tag in ("DE", "zh-hans", "ar-XB")] == [
            known("de"),
            known("zh-Hans"),
            known("ar-XB"),
        ]

    def test_nothing_else(self) -> None:
        assert known("fr") is None
        assert known("") is None
