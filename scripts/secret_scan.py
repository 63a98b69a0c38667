"""Looks for secrets in every tracked file: `make secrets`. Whatever looks like one is explained here, or it fails."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SKIPPED = ("requirements.lock", "package-lock.json", "go.sum")  # hashes of packages, by the thousand

# Where everything is invented. There only what has the shape of a real credential counts.
INVENTED = ("tests/", "e2e/", "bench/", "basefly/sim/")
SHAPELESS = {"Secret Keyword", "Basic Auth Credentials", "Base64 High Entropy String", "Hex High Entropy String"}


class Explained(NamedTuple):
    """A line that looks like a secret and is none. The line is known by its text, wherever it moves in its file."""

    path: str
    line: str  # a regular expression
    reason: str


EXPLAINED = (
    Explained("basefly/base/settings.py", r"(postgresql|rediss)://", "how an address is written"),
    Explained("docs/operations/.*", r"(postgresql|rediss)://", "how an address is written"),
    Explained("basefly/core/identity/store.py", r"secret", "the name of a column"),
    Explained("basefly/core/gateway/(model|slice).py", r"SECRETS = |SECRETS: ", "the name of a permission"),
    Explained("basefly/core/access/impersonated.py", r"gateway:secrets", "the name of a permission"),
    Explained("docs/guide/agent.md", r"://[a-z]+:[a-z]+@proxy", "how the address of a proxy is written"),
    Explained("tests/core/terminals/test_masking.py", r"ghp_|BEGIN", "an invented one, which a recording must mask"),
    Explained("basefly/core/inventory/display/uses.py", r"secretName|secret", "a field of Kubernetes"),
    Explained("scripts/secret_scan.py", r"Explained\(", "the list itself"),
    Explained("tests/base/telemetry/test_logs.py", r"eyJ|BEGIN", "an invented one, which the log must mask"),
)


class Found(NamedTuple):
    """One line that looks like a secret."""

    path: str
    number: int
    kind: str


def scan(paths: list[str]) -> list[Found]:
    """Whatever detect-secrets finds."""
    command = [sys.executable, "-m", "detect_secrets", "scan", "--all-files", "--no-verify", *paths]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    results: dict[str, list[dict[str, object]]] = json.loads(done.stdout)["results"]
    return [
        Found(path, int(str(hit["line_number"])), str(hit["type"])) for path, hits in results.items() for hit in hits
    ]


def explained(hit: Found, line: str) -> bool:
    """Whether a hit is known not to be a secret."""
    if hit.path.startswith(INVENTED) and hit.kind in SHAPELESS:
        return True
    return any(re.fullmatch(each.path, hit.path) and re.search(each.line, line) for each in EXPLAINED)


def unexplained(hits: list[Found]) -> list[Found]:
    """The hits that somebody must look at."""
    return [hit for hit in hits if not explained(hit, (ROOT / hit.path).read_text().splitlines()[hit.number - 1])]


def main() -> None:
    """Scan what git tracks; ends with 1 when anything is not explained."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    paths = [path for path in listed if path and not path.endswith(SKIPPED) and (ROOT / path).is_file()]
    hits = scan(paths)
    left = unexplained(hits)
    for hit in left:
        print(f"{hit.path}:{hit.number}: {hit.kind}")
    print(f"secrets: {len(paths)} files, {len(hits)} lines looked at, {len(left)} unexplained")
    sys.exit(bool(left))


if __name__ == "__main__":
    main()
