"""The styles: what is written can be read in all four looks, and nothing in them knows left from right."""

from __future__ import annotations

import re
from itertools import product

import pytest

from tests.console.colours import LOOKS, STYLES, contrast, declarations, sheets, tokens

TEXT, SHAPE = {"calm": 4.5, "stark": 7.0}, 3.0  # WCAG 2.2: 1.4.3 and 1.4.6 for text, 1.4.11 for edges and shapes

GROUNDS = ("bg", "surface", "raised", "sunken", "hover")
TONES = ("ok", "warn", "bad", "idle", "accent")
READ = [
    *product(("text", "muted", *TONES), GROUNDS),
    *((tone, f"{tone}-soft") for tone in TONES),
    *product(("text", "muted"), [f"{tone}-soft" for tone in TONES]),
    *product(("code-key", "code-text", "code-number"), ("surface", "sunken", "hover")),
    *product(("on-accent",), ("accent-fill", "accent-fill-hover")),
    ("accent-fill", "on-accent"),
    ("surface", "text"),
]
SEEN = [
    *product(("line-control",), ("bg", "surface", "raised", "sunken", "hover")),
    *product(("accent", "accent-fill"), ("bg", "surface", "raised", "sunken")),
    ("muted", "surface"),
    ("on-accent", "accent-fill"),
    *product([f"chart-{n}" for n in range(1, 6)], ("surface", "bg", "idle-soft")),
    *product([f"heat-{n}" for n in range(1, 5)], ("surface", "bg")),
    *product(("ok", "warn", "bad", "idle"), ("surface", "idle-soft")),
]
SIDES = re.compile(
    r"^(?:(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right|top|bottom)(?:-\w+)?"
    r"|left|right|top|bottom|width|height|(?:min|max)-(?:width|height)|border-(?:top|bottom)-(?:left|right)-radius)$"
)
SIDED_VALUES = {"text-align", "float", "clear", "caption-side"}


def ratio(one: str, other: str, look: str) -> float:
    colours = tokens()
    return contrast(colours[one][look], colours[other][look])


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(("text", "ground"), READ)
def test_text_can_be_read_on_its_ground(text: str, ground: str, look: str) -> None:
    assert ratio(text, ground, look) >= TEXT[look.split()[1]]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(("shape", "ground"), SEEN)
def test_edges_and_shapes_can_be_seen(shape: str, ground: str, look: str) -> None:
    assert ratio(shape, ground, look) >= SHAPE


@pytest.mark.parametrize("look", ["light stark", "dark stark"])
def test_the_lines_of_high_contrast_can_be_seen(look: str) -> None:
    assert ratio("line", "surface", look) >= SHAPE


def test_colours_that_can_hardly_be_told_apart_are_found() -> None:
    assert contrast("#888888", "#ffffff") < TEXT["calm"]
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_every_colour_of_text_is_measured() -> None:
    used = {name for _, kind, value in declarations() if kind == "color" for name in re.findall(r"--([\w-]+)", value)}
    assert used - {"tone"} <= {text for text, _ in READ}


def test_every_ground_is_measured() -> None:
    used = {
        name
        for _, kind, value in declarations()
        if kind in ("background", "background-color")
        for name in re.findall(r"^var\(--([\w-]+)\)$", value)
    }
    shapes = {shape for shape, _ in SEEN} | {"line", "line-firm"}  # bars, dots and hairlines carry no text
    passing = {"tone", "tone-soft", "shade", "flash", "text"}
    assert used - passing <= {ground for _, ground in READ} | shapes


def test_colours_are_written_in_the_tokens_alone() -> None:
    found = [
        (sheet, value) for sheet, name, value in declarations() if re.search(r"#[0-9a-f]{3,8}\b|light-dark", value)
    ]
    assert [one for one in found if one[0] != "print.css"] == []


def test_styles_use_only_tokens_that_exist() -> None:
    text = "\n".join(path.read_text() for path in STYLES.rglob("*.css"))
    defined = set(re.findall(r"(--[\w-]+):", text))
    assert set(re.findall(r"var\((--[\w-]+)", text)) - defined == set()


def test_nothing_knows_left_from_right() -> None:
    found = [f"{sheet}: {name}: {value}" for sheet, name, value in declarations() if sided(name, value)]
    assert found == []


@pytest.mark.parametrize(
    ("name", "value"), [("margin-left", "4px"), ("right", "0"), ("text-align", "left"), ("float", "right")]
)
def test_a_side_is_noticed(name: str, value: str) -> None:
    assert sided(name, value)


@pytest.mark.parametrize(("name", "value"), [("margin-inline-start", "4px"), ("text-align", "end")])
def test_a_logical_side_is_none(name: str, value: str) -> None:
    assert not sided(name, value)


def sided(name: str, value: str) -> bool:
    """Whether a declaration speaks of left and right (or of a width), which do not turn with the language."""
    return bool(SIDES.match(name)) or (name in SIDED_VALUES and bool(re.search(r"\b(?:left|right)\b", value)))


def test_no_sheet_is_forgotten() -> None:
    """Every sheet is part of the first visit's, or is built as one of its own that comes with an island."""
    imported = set(re.findall(r'@import "([^"]+)"', (STYLES / "app.css").read_text()))
    alone = set(re.findall(r'"styles/([^"]+)"', (STYLES.parent / "build.mjs").read_text()))
    assert imported.isdisjoint(alone)
    assert imported | alone == set(sheets()) | {"tokens.css"}
