"""How versions lie: smaller, and to be opened by every hub that comes later."""

from __future__ import annotations

import zlib

import msgspec
import pytest

from basefly.core.history.versions.packing import DICTIONARY, opened, packed

DEPLOYMENT = {
    "metadata": {"labels": {"app.kubernetes.io/name": "till"}},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app.kubernetes.io/name": "till"}},
        "template": {"spec": {"containers": [{"name": "till", "image": "registry.example.org/till:7"}]}},
    },
}


def test_what_was_packed_is_opened() -> None:
    assert opened(packed(msgspec.json.encode(DEPLOYMENT))) == DEPLOYMENT
    assert opened(packed(b"{}")) == {}


def test_a_large_object_is_packed_as_well() -> None:
    large = {"data": {f"key-{number}": f"{number:x}" * 9 for number in range(9000)}}
    text = msgspec.json.encode(large)
    assert opened(packed(text)) == large
    assert len(packed(text)) < len(text) / 2


def test_what_is_the_same_in_all_objects_takes_no_room() -> None:
    text = msgspec.json.encode(DEPLOYMENT)
    assert len(packed(text)) < len(zlib.compress(text)) * 0.6


def test_what_an_older_hub_packed_is_opened() -> None:
    text = msgspec.json.encode(DEPLOYMENT)
    assert opened(zlib.compress(text)) == DEPLOYMENT
    packer = zlib.compressobj(wbits=14, memLevel=6, zdict=DICTIONARY)
    assert opened(packer.compress(text) + packer.flush()) == DEPLOYMENT


def test_the_dictionary_is_what_it_was() -> None:
    """What lies in databases opens with this one alone: whoever wants another one needs a second name for it."""
    assert zlib.adler32(DICTIONARY) == 3296403546


def test_damage_is_an_error() -> None:
    sound = packed(msgspec.json.encode(DEPLOYMENT))
    for damaged in (sound[:-1], sound[:-5] + b"?" + sound[-4:], b"\x78\x9c" + sound[2:]):
        with pytest.raises(ValueError, match="cannot be opened"):
            opened(damaged)
