"""Secrets that are typed, or shown: each character becomes a dot, so that lines stay as long. Pure.

What is typed is shown back by whatever reads it, unless it is a password. So a line that nobody showed back is none
that anyone shall read; where that is in doubt, it is masked too, for what was shown says it anyway.
"""

from __future__ import annotations

import re

DOT = "•"

_NAMES = r"pass(?:word|wd|phrase)|pwd|secret|token|(?:api|access|private)[_-]?key|credentials?"
_SECRETS = re.compile(
    rf"""(?ix)
    (?<![\w.-])[\w.-]{{0,40}}(?:{_NAMES})[\w.-]{{0,40}}["']? \s{{0,9}}[=:]\s{{0,9}} ["']? (?P<named>[^\s"'&;]+)
    | (?<![\w-])--?[\w-]{{0,40}}(?:{_NAMES})[\w-]{{0,40}}[=\s]\s{{0,9}} ["']? (?P<option>[^\s"']+)
    | \b(?:bearer|basic)\s+ (?P<header>[A-Za-z0-9._~+/=-]{{8,}})
    | ://[^/\s:@]{{1,100}}: (?P<address>[^/\s@]{{1,200}}) @
    | (?P<known>
        \b(?:AKIA|ASIA)[A-Z0-9]{{16}}\b
        | \b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|npm_|basefly_)[A-Za-z0-9_-]{{16,}}
        | \beyJ[A-Za-z0-9_-]{{8,}}\.[A-Za-z0-9_-]{{8,}}\.[A-Za-z0-9_-]*
      )
    """
)
_PRIVATE_KEY = re.compile(r"(-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----)([A-Za-z0-9+/=\s]*)")
# Text without any of these holds no secret that we know of: most has none, and is not looked at any closer.
_HINTS = (
    *("pass", "pwd", "secret", "token", "key", "credential", "bearer ", "basic ", "://", "akia", "asia", "eyj"),
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "sk-", "npm_", "basefly_"),
)
_CONTROLS = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC
    r"|\x1b[@-Z\\-_]|\x1b[()#][0-9A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]"
)
_KEYS = re.compile(rf"{_CONTROLS.pattern}|[\t\n]")  # what is typed and is no text


def masked(text: str) -> str:
    """The text with the secrets in it as dots."""
    if not _suspicious(text):
        return text
    text = _PRIVATE_KEY.sub(lambda found: found[1] + dots(found[2]), text)
    return "".join(_masked_line(line) if _suspicious(line) else line for line in text.splitlines(keepends=True))


def _suspicious(text: str) -> bool:
    lower = text.lower()
    return any(hint in lower for hint in _HINTS)


def _masked_line(line: str) -> str:
    parts, at = [], 0
    for found in _SECRETS.finditer(line):
        start, end = next(found.span(name) for name in _SECRETS.groupindex if found.group(name) is not None)
        parts += [line[at:start], dots(line[start:end])]
        at = end
    return "".join([*parts, line[at:]])


def dots(text: str) -> str:
    """A dot for each character that can be seen; what only moves stays."""
    return "".join(DOT if each.isprintable() and not each.isspace() else each for each in text)


def plain(text: str) -> str:
    """What people see of a terminal's text: without colours and movements."""
    return _CONTROLS.sub("", text)


def echoed(typed: str, shown: str) -> bool:
    """Whether what was typed has been shown back: each run of it, in order, in what was shown."""
    at, seen = 0, plain(shown)
    for run in (run for run in _KEYS.split(typed) if run):
        at = seen.find(run, at)
        if at < 0:
            return False
        at += len(run)
    return True
