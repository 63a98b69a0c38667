"""What the front end is built of: colours one can read, icons that are there, scripts within their budget."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from itertools import product
from pathlib import Path

import pytest

import hatch_build

ROOT = Path(__file__).parents[2]
STYLES = ROOT / "frontend/styles"
TEMPLATES = ROOT / "basefly/console/templates"
BUDGET = 20 * 1024
TEXT, CONTROL = 4.5, 3.0  # WCAG 2.2: 1.4.3 and 1.4.11

GROUNDS = ("bg", "surface", "raised", "sunken", "hover")
PAIRS = [
    *product(("text", "muted", "accent", "ok", "warn", "bad"), GROUNDS),
    *((tone, f"{tone}-soft") for tone in ("ok", "warn", "bad", "idle", "accent")),
    *(("text", f"{tone}-soft") for tone in ("ok", "warn", "bad", "idle", "accent")),
    *product(("code-key", "code-text", "code-number"), ("surface", "hover")),
    ("on-accent", "accent-fill"),
    ("on-accent", "accent-fill-hover"),
    ("muted", "accent-soft"),
    ("muted", "warn-soft"),
]


def tokens() -> dict[str, tuple[str, str]]:
    """Every colour token: light, dark."""
    text = (STYLES / "tokens.css").read_text()
    found = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", text)
    return {name: (light, dark) for name, light, dark in found}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read_on_its_ground(text: str, ground: str, theme: int) -> None:
    colours = tokens()
    assert contrast(colours[text][theme], colours[ground][theme]) >= TEXT


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["bg", "surface", "raised"])
def test_the_edge_of_a_field_can_be_seen(ground: str, theme: int) -> None:
    colours = tokens()
    assert contrast(colours["line-control"][theme], colours[ground][theme]) >= CONTROL


def test_every_icon_that_is_used_is_there_and_no_other() -> None:
    sprite = (TEMPLATES / "icons.html").read_text()
    there = set(re.findall(r'id="i-([a-z0-9-]+)"', sprite))
    sources = [path for path in (ROOT / "basefly").rglob("*") if path.suffix in (".html", ".py")]
    text = "\n".join(path.read_text() for path in sources if path.name != "icons.html")
    named = set(re.findall(r'icon(?:\(|=)"([a-z0-9-]+)"', text))
    assert named - there == set()
    assert {name for name in there if f'"{name}"' not in text} == set()


def test_styles_use_only_tokens_that_exist() -> None:
    text = "\n".join(path.read_text() for path in STYLES.rglob("*.css"))
    defined = set(re.findall(r"(--[\w-]+):", text))
    assert set(re.findall(r"var\((--[\w-]+)", text)) - defined == set()


def test_the_scripts_of_a_first_visit_stay_small() -> None:
    hatch_build.build(ROOT)
    output = ROOT / hatch_build.OUTPUT
    manifest = json.loads((output / "manifest.json").read_text())
    assert len(gzip.compress((output / manifest["app.js"]).read_bytes())) <= BUDGET
    assert set(manifest) == {"app.js", "app.css", "mark.svg"}
    assert all((output / f"{name}{suffix}").is_file() for name in manifest.values() for suffix in ("", ".gz", ".br"))
    assert "idiomorph" in (output / "licences.txt").read_text()


def test_a_second_build_has_nothing_to_do() -> None:
    hatch_build.build(ROOT)
    assert hatch_build.build(ROOT) is False


@pytest.mark.parametrize("command", [["node_modules/typescript/bin/tsc", "--noEmit"], ["--test", "test/*.test.ts"]])
def test_the_module_is_well_typed_and_passes_its_own_tests(command: list[str]) -> None:
    hatch_build.install(ROOT / "frontend")
    done = subprocess.run(
        [str(hatch_build.executable()), *command], cwd=ROOT / "frontend", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_names_no_registry() -> None:
    assert "http" not in (ROOT / "frontend/package-lock.json").read_text()
