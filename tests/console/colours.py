"""The colours of the console as its token file states them, and how well one can be told from another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

STYLES = Path(__file__).parents[2] / "frontend/styles"
LOOKS = ("light calm", "dark calm", "light stark", "dark stark")

_PAIR = r"light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)"
_TOKEN = re.compile(rf"--([\w-]+): var\(--calm, {_PAIR}\) var\(--stark, {_PAIR}\);")


def tokens() -> dict[str, dict[str, str]]:
    """Every colour token, in each of the four looks."""
    found = _TOKEN.findall((STYLES / "tokens.css").read_text())
    return {name: dict(zip(LOOKS, colours, strict=True)) for name, *colours in found}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def sheets() -> dict[str, str]:
    """Every style sheet but the tokens, by its path, without its comments."""
    paths = [path for path in sorted(STYLES.rglob("*.css")) if path.name != "tokens.css"]
    return {
        str(path.relative_to(STYLES)): re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL) for path in paths
    }


def declarations() -> Iterator[tuple[str, str, str]]:
    """Every declaration outside the tokens: sheet, property, value."""
    for sheet, text in sheets().items():
        for name, value in re.findall(r"[{;}]\s*([\w-]+):\s*([^;{}]+)(?=;)", text):
            yield sheet, name, value.strip()


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
