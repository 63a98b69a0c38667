"""What a browser calls itself, in words: "Firefox 142 on Linux". Only what people have in their hands is told apart."""

from __future__ import annotations

import re

# The order matters: nearly every browser also claims to be those further down.
_BROWSERS = (
    ("Edge", r"Edg(?:A|iOS)?/(\d+)"),
    ("Opera", r"OPR/(\d+)"),
    ("Samsung Internet", r"SamsungBrowser/(\d+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"(?:Headless)?Chrom(?:e|ium)/(\d+)"),
    ("Chrome", r"CriOS/(\d+)"),
    ("Safari", r"Version/(\d+)\S* (?:Mobile/\S+ )?Safari/"),
    ("curl", r"^curl/(\d+\.\d+)"),
    ("basefly", r"^basefly/(\S+)"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows NT"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux|X11"),
)


def device(agent: str) -> str:
    """A User-Agent header in a few words; "" if there is none, and its first word where nothing is recognised."""
    browser = next((f"{name} {found[1]}" for name, like in _BROWSERS if (found := re.search(like, agent))), "")
    system = next((name for name, like in _SYSTEMS if re.search(like, agent)), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or agent.partition("/")[0][:60].strip()
