"""The guarded dialer judges addresses, not words."""

from __future__ import annotations

import pytest

from basefly.base.http import refusal


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "224.0.0.1", "ff02::1", "0.0.0.0", "::",  # noqa: S104  # refused, not bound
        "255.255.255.255", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
    ],
)  # fmt: skip
def test_some_addresses_are_never_dialed(address: str) -> None:
    assert refusal(address, private=True)
    assert refusal(address, private=False)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.1.1", "::1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "fd12::1", "::ffff:10.0.0.1",
        "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "100.64.0.1", "192.0.2.1", "198.18.0.1",
    ],
)  # fmt: skip
def test_private_addresses_are_dialed_only_where_allowed(address: str) -> None:
    assert refusal(address, private=False)
    assert not refusal(address, private=True)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::808:808"])
def test_public_addresses_are_dialed(address: str) -> None:
    assert not refusal(address, private=False)
