"""The manifest and the chart: no more rights than the profile says, and no privilege for the pod."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

import basefly
from basefly import __version__
from basefly.core.agents import manifest
from basefly.core.agents.model import Profile

CHART = Path(basefly.__file__).parent.parent / "charts" / "basefly-agent"
PROFILES: tuple[Profile, ...] = get_args(Profile)


def objects(profile: Profile) -> list[dict[str, Any]]:
    """The objects of a manifest."""
    text = manifest.render(profile, "https://hub.example.com", "ed25519:key", "basefly_agent_x")
    return list(yaml.safe_load_all(text))


@pytest.mark.parametrize("profile", PROFILES)
def test_the_pod_has_no_privilege(profile: Profile) -> None:
    (deployment,) = (each for each in objects(profile) if each["kind"] == "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("profile", PROFILES)
def test_it_may_read_one_secret_of_its_own(profile: Profile) -> None:
    (role,) = (each for each in objects(profile) if each["kind"] == "Role")
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["basefly-agent"], "verbs": ["get", "update"]}
    ]
    wide = [rule for each in objects(profile) if each["kind"] == "ClusterRole" for rule in each["rules"]]
    assert not any("secrets" in rule.get("resources", ()) for rule in wide)


def test_the_chart_gives_the_rights_of_the_profiles() -> None:
    text = (CHART / "templates" / "account.yaml").read_text()
    view, _, rest = text.partition("\nrules:\n")[2].partition('{{- if eq .Values.profile "operate" }}\n')
    operate = rest.partition("{{- end }}")[0]
    assert yaml.safe_load(view) == manifest.rules("view")
    assert yaml.safe_load(view) + yaml.safe_load(operate) == manifest.rules("operate")


def test_the_chart_is_of_this_version() -> None:
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == __version__
