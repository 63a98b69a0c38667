"""What is to be registered and how; and the names that clusters get."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from basefly.cli.exits import misuse
from basefly.cli.kubeconfig.loading import Kubeconfig

_BETWEEN = re.compile(r"[^A-Za-z0-9._:@-]+")  # what no cluster's name has


@dataclass(frozen=True)
class Plan:
    """The wishes of one command. No contexts: all. No profile: the kubeconfig's own credentials."""

    contexts: list[str]
    kubeconfig: Path | None = None
    profile: str = ""
    name: str = "{context}"
    labels: dict[str, str] = field(default_factory=dict)
    region: str = ""
    provider: str = ""
    exec_timeout: float | None = None

    def settings(self, name: str) -> dict[str, Any]:
        """What the hub is told about a cluster besides how to reach it."""
        told = {"labels": self.labels, "region": self.region, "provider": self.provider}
        return {"name": name} | {key: value for key, value in told.items() if value}


def names(plan: Plan, config: Kubeconfig, contexts: list[str]) -> dict[str, str]:
    """The cluster's name for each context; raises Failure when two would have the same."""
    named: dict[str, str] = {}
    for context in contexts:
        name = _filled(plan.name, context, config)
        twin = next((other for other, taken in named.items() if taken == name), None)
        if twin is not None:
            raise misuse(
                f"The contexts {twin!r} and {context!r} would both be named {name!r}.",
                "Put {context} into --name, or choose one with --context.",
            )
        named[context] = name
    return named


def _filled(template: str, name: str, config: Kubeconfig) -> str:
    context = config.contexts[name]
    words = {"context": name, "cluster": context.cluster, "user": context.user, "namespace": context.namespace}
    try:
        fields = [
            (field, spec, change) for _, field, spec, change in string.Formatter().parse(template) if field is not None
        ]
    except ValueError:
        fields = [("", "", None)]
    if any(field not in words or spec or change for field, spec, change in fields):
        raise misuse(f"--name {template!r} cannot be filled in.", f"Use {', '.join(f'{{{word}}}' for word in words)}.")
    return _BETWEEN.sub("-", _short(template.format(**words))).strip("-._:@")


def _short(name: str) -> str:
    """The cluster's own name out of the address by which AWS knows it: arn:aws:eks:eu-west-1:1234:cluster/shop."""
    return name.rsplit("/", maxsplit=1)[-1] if name.startswith("arn:") else name


def labels_of(given: list[str]) -> dict[str, str]:
    """KEY=VALUE, several times."""
    wrong = next((text for text in given if not text.partition("=")[0] or "=" not in text), None)
    if wrong is not None:
        raise misuse(f"--label {wrong!r} is no label.", "Write KEY=VALUE.")
    return dict(text.split("=", 1) for text in given)
