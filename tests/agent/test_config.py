"""What the agent must know: read from the environment, refused with every problem at once."""

from __future__ import annotations

import pytest

from basefly.agent.config import ConfigError, load

KEY = "ed25519:" + "A" * 43 + "="
GOOD = {
    "BASEFLY_AGENT_HUB": "https://basefly.example.com/",
    "BASEFLY_AGENT_HUB_KEY": KEY,
    "KUBERNETES_SERVICE_HOST": "10.0.0.1",
    "KUBERNETES_SERVICE_PORT": "6443",
}


def test_in_a_pod_the_hub_and_its_key_are_enough() -> None:
    found = load(GOOD)
    assert (found.hub, found.api) == ("https://basefly.example.com", "https://10.0.0.1:6443")
    assert found.state == "secret/basefly/basefly-agent"


def test_an_address_of_ipv6_is_written_as_one() -> None:
    assert load({**GOOD, "KUBERNETES_SERVICE_HOST": "fd00::1"}).api == "https://[fd00::1]:6443"


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as wrong:
        load({"HTTPS_PROXY": "socks5://proxy:1080"})
    for name in ("BASEFLY_AGENT_HUB", "BASEFLY_AGENT_HUB_KEY", "BASEFLY_AGENT_API", "HTTPS_PROXY"):
        assert name in str(wrong.value)


@pytest.mark.parametrize(("hub", "good"), [("http://localhost:8080", True), ("http://hub.example.com", False)])
def test_what_goes_through_is_never_readable_on_the_way(hub: str, good: bool) -> None:
    given = {**GOOD, "BASEFLY_AGENT_HUB": hub}
    if good:
        assert load(given).hub == hub
    else:
        with pytest.raises(ConfigError, match="https://"):
            load(given)


def test_secrets_are_not_shown() -> None:
    assert "basefly_agent_" not in repr(load({**GOOD, "BASEFLY_AGENT_TOKEN": "basefly_agent_x"}))
