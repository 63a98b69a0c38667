"""What the front end is built of: icons that are there, scripts and styles within their budgets."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from pathlib import Path

import pytest

import hatch_build

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "basefly/console/templates"
TSC, TESTS = "node_modules/typescript/bin/tsc", "test/*.test.ts"
SCRIPTS, STYLES = 20 * 1024, 14 * 1024  # bytes of gzip


def test_every_icon_that_is_used_is_there_and_no_other() -> None:
    sprite = (TEMPLATES / "icons.html").read_text()
    there = set(re.findall(r'id="i-([a-z0-9-]+)"', sprite))
    sources = [path for path in (ROOT / "basefly").rglob("*") if path.suffix in (".html", ".py")]
    text = "\n".join(path.read_text() for path in sources if path.name != "icons.html")
    named = set(re.findall(r'icon(?:\(|=)"([a-z0-9-]+)"', text))
    assert named - there == set()
    assert {name for name in there if f'"{name}"' not in text} == set()


def test_scripts_and_styles_of_a_first_visit_stay_small() -> None:
    hatch_build.build(ROOT)
    output = ROOT / hatch_build.OUTPUT
    manifest = json.loads((output / "manifest.json").read_text())
    first = json.loads((output / "first.json").read_text())
    assert manifest["app.js"] in first
    assert sum(len(gzip.compress((output / name).read_bytes())) for name in first) <= SCRIPTS
    assert len(gzip.compress((output / manifest["app.css"]).read_bytes())) <= STYLES
    islands = {"chart.js", "log.js", "palette.js", "passkey.js", "player.js", "shortcuts.js", "suggest.js"}
    islands |= {"editor.js", "merge.js", "terminal.css", "terminal.js", "yaml.js"}
    assert {name for name in manifest if "chunk" not in name} == {
        "app.js",
        "app.css",
        "islands.css",
        "mark.svg",
        "sw.js",
        *islands,
    }
    assert set(first).isdisjoint(manifest[name] for name in islands)
    assert all((output / f"{name}{suffix}").is_file() for name in manifest.values() for suffix in ("", ".gz", ".br"))
    licences = (output / "licences.txt").read_text()
    assert all(name in licences for name in ("idiomorph", "uplot", "@xterm/xterm", "@codemirror/view", "style-mod"))
    assert "typescript" not in licences


def test_a_second_build_has_nothing_to_do() -> None:
    hatch_build.build(ROOT)
    assert hatch_build.build(ROOT) is False


@pytest.mark.parametrize("command", [[TSC, "--noEmit"], [TSC, "--noEmit", "-p", "src/worker"], ["--test", TESTS]])
def test_the_module_is_well_typed_and_passes_its_own_tests(command: list[str]) -> None:
    hatch_build.install(ROOT / "frontend")
    done = subprocess.run(
        [str(hatch_build.executable()), *command], cwd=ROOT / "frontend", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_names_no_registry() -> None:
    assert "http" not in (ROOT / "frontend/package-lock.json").read_text()
