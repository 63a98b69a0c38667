"""A person at a shell: commands run as they would be, with a home, an environment and streams of their own."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec

from basefly.cli.app import main


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)

    @property
    def rows(self) -> list[list[str]]:
        """The cells of a table, headings first."""
        return [[cell.strip() for cell in line.split("   ") if cell.strip()] for line in self.out.splitlines()]


@dataclass(frozen=True)
class Shell:
    """Runs `basefly` in this process; `environ` is all the environment there is."""

    home: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, stdin: str = "", **environ: str) -> Ran:
        given = {"PATH": os.environ["PATH"], "HOME": str(self.home), **self.environ, **environ}
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, given, clear=True),
            mock.patch.object(sys, "argv", ["basefly", *words]),
            mock.patch.object(sys, "stdin", io.StringIO(stdin)),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main()
                code: Any = 0
            except SystemExit as end:
                code = end.code
        assert "Traceback" not in err.getvalue(), err.getvalue()
        return Ran(int(code or 0), out.getvalue(), err.getvalue())

    def done(self, *words: str, stdin: str = "", **environ: str) -> Ran:
        """Run what must succeed."""
        ran = self(*words, stdin=stdin, **environ)
        assert ran.code == 0, f"basefly {' '.join(words)}: {ran.code}\n{ran.out}\n{ran.err}"
        return ran
