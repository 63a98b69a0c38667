"""How commands begin and end: help, versions, exit codes, streams, and no tracebacks."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from basefly import __version__
from basefly.cli import app
from basefly.cli.exits import Exit
from tests.cli.shell import Shell

CLI = Path(app.__file__).parent
COMMANDS = """
get workloads images describe search events history changes kinds up setup reset-link rotate-key
logs restart scale delete pause resume cordon uncordon suspend unsuspend kubeconfig kubeconfig-manifest
agent label annotate trigger revisions rollback apply
drain drains cancel-drain resume-drain
exec debug port-forward my-data erase-me login logout whoami doctor completion version
""".split()
CLUSTERS = "list show rename label relocate remove restore manifest register check rotate".split()
ACCESS = {
    "members": 4,
    "invitations": 4,
    "teams": 6,
    "roles": 5,
    "grants": 3,
    "elevations": 5,
    "access": 3,
    "visibility": 2,
}
GROUPS = {"clusters": 11, "agents": 5, "tokens": 3, "service-accounts": 8, "single-sign-on": 8, "account": 5, **ACCESS}


def commands(shell: Shell, group: str) -> list[str]:
    """The commands of a group, as its help lists them."""
    listed = shell.done(group, "--help").out.partition("Commands:\n")[2]
    return [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "]


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own."""
    given = {"PATH": os.environ["PATH"], "HOME": "/nowhere", **environ}
    command = [sys.executable, "-m", "basefly", *words]
    return subprocess.run(command, env=given, capture_output=True, text=True, check=False)


class TestHelp:
    def test_it_names_every_exit_code(self, shell: Shell) -> None:
        told = shell.done("--help").out
        for code in range(8):
            assert f"  {code}  " in told

    def test_a_bare_call_is_a_call_for_help(self, shell: Shell) -> None:
        ran = shell()
        assert "basefly clusters register" in ran.out + ran.err
        assert ran.code == Exit.USAGE

    @pytest.mark.parametrize("word", COMMANDS)
    def test_every_command_has_help_that_is_whole(self, shell: Shell, word: str) -> None:
        told = shell.done(word, "--help").out
        assert told.startswith(f"Usage: basefly {word}")
        assert "..." not in told.partition("Options:")[0].replace("}...", "").replace("]...", "")

    @pytest.mark.parametrize("group", GROUPS)
    def test_every_command_of_a_group_has_help(self, shell: Shell, group: str) -> None:
        words = commands(shell, group)
        assert len(words) == GROUPS[group]
        for word in words:
            assert shell.done(group, word, "--help").out.startswith(f"Usage: basefly {group} {word}")

    def test_examples_are_commands_that_exist(self, shell: Shell) -> None:
        """Whatever an example says, the parser takes it."""
        explained = ("drain", "get", "describe", "search", "events", "history", "changes", "login", *GROUPS)
        texts = [shell.done(word, "--help").out for word in explained]
        examples = [line.strip() for text in texts for line in text.splitlines() if line.startswith("    basefly ")]
        assert len(examples) > 15
        for example in examples:
            words = shlex.split(example.partition(" | ")[0])[1:]
            assert shell(*words, "--help").code == 0, example

    def test_help_is_there_at_once(self) -> None:
        """No library that speaks HTTP, reads YAML or draws is loaded for it."""
        code = "import sys; from basefly.cli import app; print(*sorted(sys.modules))"
        loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        assert not {"httpx", "yaml", "rich", "msgspec", "litestar", "psycopg"} & set(loaded)


class TestEnds:
    def test_the_version(self, shell: Shell) -> None:
        assert shell.done("--version").out == f"basefly {__version__}\n"

    @pytest.mark.parametrize("words", [("nonsense",), ("get",), ("get", "pods", "--nonsense"), ("clusters", "show")])
    def test_a_command_that_is_wrong(self, shell: Shell, words: tuple[str, ...]) -> None:
        assert shell(*words).code == Exit.USAGE

    def test_nobody_signed_in(self, shell: Shell) -> None:
        ran = shell("get", "pods")
        assert (ran.code, ran.out) == (Exit.NOT_SIGNED_IN, "")
        assert "basefly login" in ran.err

    def test_no_hub(self, shell: Shell) -> None:
        ran = shell("--url", "http://127.0.0.1:1", "get", "pods", BASEFLY_TOKEN="x")
        assert (ran.code, ran.out) == (Exit.UNREACHABLE, "")
        assert "`basefly up`" in ran.err

    def test_a_reader_who_goes_away(self, mia: Shell) -> None:
        command = f"{sys.executable} -m basefly get pods -A | true"
        given = {"PATH": os.environ["PATH"], "HOME": str(mia.home), **mia.environ}
        told = subprocess.run(["bash", "-c", command], env=given, capture_output=True, text=True, check=True)
        assert told.stderr == ""

    def test_a_mistake_of_ours_is_a_sentence(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("basefly.cli.account.current", lambda: 1 / 0)
        ran = shell("get", "pods")
        assert ran.code == Exit.ERROR
        assert "error: This should not have happened: ZeroDivisionError in basefly" in ran.err
        with pytest.raises(ZeroDivisionError):
            shell("get", "pods", BASEFLY_DEBUG="1")

    def test_a_full_disk_is_told_as_such(self, shell: Shell) -> None:
        ran = shell("login", "--token", "x", XDG_CONFIG_HOME="/proc/nowhere", BASEFLY_URL="http://127.0.0.1:1")
        assert ran.code == Exit.UNREACHABLE

    def test_output_that_is_no_terminal_has_no_colour(self, mia: Shell) -> None:
        assert "\x1b" not in mia.done("clusters", "list").out


class TestUp:
    def test_a_setting_that_is_wrong_is_told_without_a_traceback(self) -> None:
        told = run("up", BASEFLY_DATABASE_URL="mysql://x", BASEFLY_LOG_LEVEL="loud")
        assert told.returncode == Exit.ERROR
        assert "BASEFLY_DATABASE_URL" in told.stderr
        assert "BASEFLY_LOG_LEVEL" in told.stderr
        assert "Traceback" not in told.stderr


class TestGuide:
    """docs/guide/command-line.md tells of all there is, and of nothing else."""

    TEXT = (CLI.parent.parent / "docs/guide/command-line.md").read_text()

    def test_every_command_is_told(self) -> None:
        words = [*COMMANDS, *(f"clusters {word}" for word in CLUSTERS), "tokens list"]
        assert [word for word in words if f"basefly {word}" not in self.TEXT] == []

    def test_every_option_that_it_tells_of_is_there(self, shell: Shell) -> None:
        commands = [
            ["--help"],
            *([word, "--help"] for word in COMMANDS),
            *(["clusters", w, "--help"] for w in CLUSTERS),
            *(["views", w, "--help"] for w in ("list", "save")),
            ["tokens", "create", "--help"],
            ["agents", "token", "--help"],
        ]
        helps = "".join(shell.done(*words).out for words in commands)
        told = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+|-[a-zA-Z])(?![\w-])", self.TEXT))
        assert len(told) > 30
        assert [option for option in sorted(told) if not re.search(rf"(?<![\w-]){option}(?![\w-])", helps)] == []

    def test_every_command_of_access_is_told(self, shell: Shell) -> None:
        told = self.TEXT.partition("## Who may do what")[2].partition("\n## ")[0]
        for group in ACCESS:
            line = next(line for line in told.splitlines() if line.startswith(f"| `basefly {group} "))
            for word in commands(shell, group):
                assert re.search(rf"[ `]{word}[ `]", line), (group, word)

    def test_the_guide_of_access_gives_commands_that_exist(self, shell: Shell) -> None:
        text = (CLI.parent.parent / "docs/guide/access.md").read_text()
        examples = re.findall(r"^(basefly [^#\n]+)", text, re.MULTILINE)
        assert len(examples) > 8
        for example in examples:
            assert shell(*shlex.split(example)[1:], "--help").code == 0, example

    def test_every_exit_code_is_told(self) -> None:
        told = re.findall(r"^\| (\d+) \| ", self.TEXT.partition("## Exit codes")[2], re.MULTILINE)
        assert [int(code) for code in told] == [*Exit]


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish", "powershell"])
def test_completion_is_a_script_for_the_shell(shell: Shell, shell_name: str) -> None:
    assert "_BASEFLY_COMPLETE" in shell.done("completion", shell_name).out


def test_the_command_line_imports_nothing_of_the_house() -> None:
    """As the linter's contract: a client is no better than any other. Two files start programs instead."""
    for path in CLI.rglob("*.py"):
        if path in (CLI / "server.py", CLI / "agent.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            strays = [n for n in names if n.startswith("basefly.") and not n.startswith("basefly.cli")]
            assert strays == [], path
