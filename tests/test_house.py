"""The rules of the house that no linter knows: first lines, names, reasons, mirrors, links."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from basefly.base.settings import Settings
from scripts import sizes

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {"basefly", "e2e", "bench", "scripts"}
NO_NOUNS = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "manager",
    "managers",
    "service",
    "services",
    "base_",
}
PYTHON = [path for path in sizes.tracked(ROOT) if path.suffix == ".py"]
PAGES = [path for path in sizes.tracked(ROOT) if path.suffix == ".md"]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_the_first_line_of_a_module_says_what_it_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring, "a module begins with a docstring"
    assert docstring.splitlines()[0].strip()[-1:] in ".:!?", "whose first line is a whole sentence"


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_a_silenced_check_has_its_reason_in_the_same_line(path: Path) -> None:
    silenced = re.compile(
        r"#\s*(type:\s*ignore(\[[\w, -]+\])?|noqa(:\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*)?)\s*(?P<reason>.*)$"
    )
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if (found := silenced.search(line)) and path != Path(__file__):
            assert re.search(r"\w{2}", found["reason"]), f"line {number}: {line.strip()}"


def test_names_are_nouns_of_the_field() -> None:
    parts = {part for path in PYTHON for part in path.relative_to(ROOT).with_suffix("").parts}
    assert not parts & NO_NOUNS


def test_nothing_is_left_to_do() -> None:
    left = re.compile(rb"\b(TODO|FIXME|XXX)\b|NotImplementedError")
    ours = [path for path in sizes.tracked(ROOT) if path.relative_to(ROOT).parts[0] in SOURCES]
    assert [name(path) for path in ours if left.search(path.read_bytes())] == []


def test_the_tests_mirror_the_house() -> None:
    folders = {path.parent for path in PYTHON if path.is_relative_to(ROOT / "tests") and path.name != "__init__.py"}
    ours = {"browser", "plane", "bench", "faults", "oidc", "isolation", "sweeps"}  # what belongs to no single room
    strays = [
        folder
        for folder in (folder.relative_to(ROOT / "tests") for folder in folders)
        if not (ROOT / "basefly" / folder).is_dir() and not ours & set(folder.parts)
    ]
    assert strays == []


def test_every_migration_has_its_way_back_and_a_number_of_its_own() -> None:
    names = sorted(path.name for path in (ROOT / "basefly/migrations").glob("*.sql"))
    ups = [file.removesuffix(".up.sql") for file in names if file.endswith(".up.sql")]
    downs = [file.removesuffix(".down.sql") for file in names if file.endswith(".down.sql")]
    assert ups
    assert ups == downs
    assert len({up[:4] for up in ups}) == len(ups)


def test_every_setting_is_documented_and_no_other() -> None:
    text = (ROOT / "docs/operations/configuration.md").read_text()
    told = set(re.findall(r"^\| `BASEFLY_(\w+)`", text, re.MULTILINE))
    assert told == {field.upper() for field in Settings.__struct_fields__}


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_link_of_the_documentation_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text())
    dead = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert dead == []


def test_the_first_screen_holds_one_picture_and_the_two_commands() -> None:
    screen = "\n".join((ROOT / "README.md").read_text().splitlines()[:15])
    assert screen.count("![") == 1
    assert "\nmake up " in screen
    assert "\nmake test " in screen


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs/decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_lock_names_no_registry_and_every_file_by_its_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    packages = re.findall(r"^[a-z0-9][\w.-]*==[^\n]*(?:\n    [^\n]*)*", lock, re.MULTILINE)
    assert packages
    assert [package.split("==")[0] for package in packages if "--hash=sha256:" not in package] == []


class TestSizes:
    """The size check can fail."""

    def function(self, text: str) -> sizes.Function:
        node = ast.parse(text).body[0]
        assert isinstance(node, sizes.Function)
        return node

    def test_a_long_function_is_too_large_and_its_docstring_is_free(self) -> None:
        lines = "\n".join("    x = 1" for _ in range(70))
        assert sizes.length(self.function(f"def f():\n{lines}")) == 71
        explained = 'def f():\n    """A.' + "\n" * 80 + '    """\n    x = 1'
        assert sizes.length(self.function(explained)) == 2

    def test_branches_nest_and_elif_does_not(self) -> None:
        deep = (
            "async def f():\n for a in b:\n  with c:\n   if d:\n    try:\n     x = 1\n    except E:\n     while y: pass"
        )
        assert sizes.nesting(self.function(deep).body) == 4
        flat = "def f():\n if a: pass\n elif b: pass\n elif c: pass\n else: pass"
        assert sizes.nesting(self.function(flat).body) == 1

    def test_every_parameter_counts_but_self(self) -> None:
        assert sizes.parameters(self.function("def f(self, a, b, /, c, *, d, e=1): pass")) == 5

    def test_a_full_folder_and_a_long_file_are_found(self, tmp_path: Path) -> None:
        for number in range(13):
            (tmp_path / f"m{number}.py").write_text("x = 1\n" * (501 if number == 0 else 1))
        found = [str(excess) for excess in sizes.measure(tmp_path) if excess.hard]
        assert found == ["m0.py: 501 lines in the file, at most 500", ".: 13 source files in the folder, at most 12"]


def test_without_git_the_same_sources_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {path for path in sizes.tracked(ROOT) if not sizes.made(path.relative_to(ROOT))}
    monkeypatch.setenv("PATH", "/nowhere")
    assert known <= set(sizes.tracked(ROOT))
    assert not [path for path in sizes.tracked(ROOT) if ".venv" in path.parts]
