"""What leaves for a cluster: of the caller's headers those on the list, and exactly one person with a group."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basefly.base.errors import Denied
from basefly.core.gateway.impersonation import NotSealed, rebuilt, seal
from basefly.core.gateway.model import Identity

MIA = Identity("basefly:1", "1", ("basefly:view", "basefly:org:9"), (("basefly.io/request-id", "r1"),))
NAMES = st.sampled_from(
    "Authorization Cookie Impersonate_User X-Remote-User X-Forwarded-For Forwarded Via Proxy-Authorization Accept "
    "Content-Type User-Agent Connection Keep-Alive TE Trailer X_Remote_Group If-Match X-Real-IP Host".split()
)


def head(headers: list[tuple[bytes, bytes]]) -> bytes:
    return h11.Connection(h11.CLIENT).send(
        h11.Request(method="GET", target="/api", headers=[(b"Host", b"cluster"), *headers])
    ) or b""  # fmt: skip


def test_says_who_it_is_for() -> None:
    built = rebuilt([(b"Accept", b"application/json"), (b"Authorization", b"Bearer mine")], MIA, upgrade=False)
    assert built == [
        (b"accept", b"application/json"),
        (b"Impersonate-User", b"basefly:1"),
        (b"Impersonate-Uid", b"1"),
        (b"Impersonate-Group", b"basefly:view"),
        (b"Impersonate-Group", b"basefly:org:9"),
        (b"Impersonate-Extra-basefly.io%2Frequest-id", b"r1"),
    ]
    seal(head(built))


@pytest.mark.parametrize(
    "name", [b"Impersonate-User", b"impersonate_group", b"IMPERSONATE-EXTRA-x", b"Impersonate-Uid"]
)
def test_nobody_acts_as_someone_else(name: bytes) -> None:
    with pytest.raises(Denied, match="someone else"):
        rebuilt([(name, b"system:admin")], MIA, upgrade=False)


def test_only_some_acts_become_another_protocol() -> None:
    asked = [
        (b"Connection", b"Upgrade"),
        (b"Upgrade", b"SPDY/3.1"),
        (b"X-Stream-Protocol-Version", b"v4.channel.k8s.io"),
    ]
    built = dict(rebuilt(asked, MIA, upgrade=True))
    assert (built[b"connection"], built[b"upgrade"]) == (b"Upgrade", b"SPDY/3.1")
    assert built[b"x-stream-protocol-version"] == b"v4.channel.k8s.io"
    with pytest.raises(Denied):
        rebuilt(asked, MIA, upgrade=False)
    with pytest.raises(Denied):
        rebuilt([(b"Upgrade", b"h2c")], MIA, upgrade=True)


def test_names_from_elsewhere_cannot_begin_a_header_of_their_own() -> None:
    hostile = Identity(
        "basefly:1", "1", ("basefly:view",), (("basefly.io/email", "a\r\nImpersonate-User: system:admin"),)
    )
    seal(head(rebuilt([], hostile, upgrade=False)))


@given(st.lists(st.tuples(NAMES, st.sampled_from(["a", "system:masters", "1, 2", ""])), max_size=12))
def test_whatever_comes_in_what_leaves_is_sealed(given: list[tuple[str, str]]) -> None:
    headers = [(name.encode(), value.encode()) for name, value in given]
    try:
        built = rebuilt(headers, MIA, upgrade=False)
    except Denied:
        assert any(name.lower().startswith("impersonate") for name, _ in given)
        return
    sent = head(built)
    seal(sent)
    assert sent.lower().count(b"impersonate-user:") == 1
    assert not any(
        word in sent.lower() for word in (b"authorization", b"cookie", b"x-remote", b"forwarded", b"\r\nvia")
    )


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"Impersonate-User", b"a")],
        [(b"Impersonate-Group", b"g")],
        [(b"Impersonate-User", b""), (b"Impersonate-Group", b"g")],
        [(b"Impersonate-User", b"a"), (b"Impersonate-User", b"b"), (b"Impersonate-Group", b"g")],
        [(b"Impersonate-User", b"system:admin"), (b"Impersonate-Group", b"g")],
        [(b"Impersonate-User", b"a"), (b"Impersonate-Group", b"system:masters")],
        [(b"Impersonate-User", b"a"), (b"Impersonate-Group", b"g"), (b"X-Remote-User", b"c")],
        [(b"Impersonate-User", b"a"), (b"Impersonate-Group", b"g"), (b"Cookie", b"c")],
    ],
)
def test_what_does_not_say_for_whom_it_is_stays_here(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(NotSealed):
        seal(head(headers))
