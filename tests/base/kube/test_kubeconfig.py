"""Kubeconfigs of strangers: what is usable is used, what is dangerous is refused by name, and no bomb goes off."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
import trustme
import yaml
from hypothesis import given
from hypothesis import strategies as st

from basefly.base.errors import Malformed
from basefly.base.kube import kubeconfig
from basefly.base.kube.kubeconfig import Context

AUTHORITY = trustme.CA()
CA = base64.b64encode(AUTHORITY.cert_pem.bytes()).decode()
PAIR = AUTHORITY.issue_cert("robot@example.com")
CHAIN = base64.b64encode(PAIR.cert_chain_pems[0].bytes()).decode()
KEY = base64.b64encode(PAIR.private_key_pem.bytes()).decode()
SERVER = "https://10.0.0.1:6443"


def config(cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None) -> str:
    """A kubeconfig with one context."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "c", "cluster": {"server": SERVER, "certificate-authority-data": CA, **(cluster or {})}}
            ],
            "users": [{"name": "u", "user": {"token": "abc.def"} if user is None else user}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
            "current-context": "x",
        }
    )


def only(text: str) -> Context:
    (context,) = kubeconfig.read(text)
    return context


class TestWhatIsUsable:
    def test_a_token(self) -> None:
        context = only(config())
        assert context.credentials is not None
        assert context.credentials.server == SERVER
        assert context.credentials.token is not None
        assert context.credentials.token.reveal() == "abc.def"
        assert context.current

    def test_a_client_certificate(self) -> None:
        context = only(config(user={"client-certificate-data": CHAIN, "client-key-data": KEY}))
        assert context.credentials is not None
        assert context.credentials.key is not None
        assert "PRIVATE KEY" in context.credentials.key.reveal()

    def test_yaml_as_kubectl_writes_it_with_another_name_for_the_server(self) -> None:
        text = yaml.safe_dump(
            json.loads(config({"tls-server-name": "kubernetes.default", "extensions": [{"name": "x"}]}))
        )
        credentials = only(text).credentials
        assert credentials is not None
        assert credentials.tls_server_name == "kubernetes.default"

    def test_one_bad_context_does_not_spoil_the_others(self) -> None:
        document = json.loads(config())
        document["contexts"].append({"name": "dangling", "context": {"cluster": "gone", "user": "u"}})
        good, bad = kubeconfig.read(json.dumps(document))
        assert good.credentials
        assert not bad.credentials
        assert "gone" in bad.why

    def test_unset_dangerous_fields_do_no_harm(self) -> None:
        given = config(
            {"insecure-skip-tls-verify": False, "proxy-url": ""}, {"token": "t", "exec": None, "tokenFile": ""}
        )
        assert only(given).credentials


@pytest.mark.parametrize(
    ("field", "cluster", "user"),
    [
        ("certificate-authority", {"certificate-authority": "/etc/shadow"}, None),
        ("insecure-skip-tls-verify", {"insecure-skip-tls-verify": True}, None),
        ("insecure-skip-tls-verify", {"insecure-skip-tls-verify": "yes"}, None),
        ("proxy-url", {"proxy-url": "http://169.254.169.254"}, None),
        ("tls-server-name", {"tls-server-name": "a b"}, None),
        ("certificate-authority-data", {"certificate-authority-data": "%%%"}, None),
        ("certificate-authority-data", {"certificate-authority-data": base64.b64encode(b"no pem").decode()}, None),
        ("something-new", {"something-new": "x"}, None),
        ("server", {"server": ["https://10.0.0.1"]}, None),
        ("client-certificate", None, {"client-certificate": "~/.ssh/id_rsa", "token": "t"}),
        ("client-key", None, {"client-key": "/proc/self/environ", "token": "t"}),
        ("tokenFile", None, {"tokenFile": "/var/run/secrets/token"}),
        ("exec", None, {"exec": {"command": "sh", "args": ["-c", "id"]}}),
        ("auth-provider", None, {"auth-provider": {"name": "gcp"}}),
        ("username", None, {"username": "admin", "password": "admin"}),
        ("as", None, {"token": "t", "as": "system:admin"}),
        ("as-groups", None, {"token": "t", "as-groups": ["system:masters"]}),
        ("as-user-extra", None, {"token": "t", "as-user-extra": {"x": ["y"]}}),
        ("token", None, {"token": "two\r\nImpersonate-User: admin"}),
        ("token", None, {"token": "x" * 20_000}),
        ("user", None, {}),
        ("client-key-data", None, {"client-certificate-data": CHAIN}),
        ("client-certificate-data", None, {"client-key-data": KEY}),
        ("client-key-data", None, {"client-certificate-data": CHAIN, "client-key-data": CA}),
    ],
)  # fmt: skip
def test_a_field_that_the_hub_does_not_take_is_named_with_its_cure(
    field: str, cluster: dict[str, Any] | None, user: dict[str, Any] | None
) -> None:
    context = only(config(cluster, user))
    assert context.credentials is None
    assert context.field == field
    assert context.why.startswith(field)
    assert context.cure


def test_a_key_of_another_certificate_is_refused() -> None:
    other = base64.b64encode(AUTHORITY.issue_cert("other@example.com").private_key_pem.bytes()).decode()
    context = only(config(user={"client-certificate-data": CHAIN, "client-key-data": other}))
    assert "does not belong" in context.why


@pytest.mark.parametrize(
    "address",
    [
        "http://10.0.0.1:8080", "10.0.0.1:6443", "", "https://", "https://user:pass@10.0.0.1", "https://a.b/?x=1",
        "https://a.b/#x", "https://a b", "https://a\n.b", "file:///etc/passwd", "https://10.0.0.1:99999", "https://a:0",
        "gopher://10.0.0.1", "https://a.b/../admin", "https://[::1", "https://a.b\\@c.d", "ftp://x",
        "javascript:alert(1)", "https://ä.example",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(address: str) -> None:
    context = only(config({"server": address}))
    assert context.field == "server"
    assert context.credentials is None


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "just text", "kind: Pod", "{}", "contexts: {}", "contexts: [1]", "contexts: [{context: {}}]",
        "a: &x [1]\nb: *x", "a: &x 1", "kind: Config\n---\nkind: Config", "kind: Config\nkind: Config", "{? [a] : b}",
        "a: b: c", "\x00", "[" * 100_000, "{a: " * 100_000, "- " * 100_000, "!!python/object/apply:os.system ['id']",
        "a: " + "x" * (kubeconfig.SIZE + 1), "\n".join(f"k{n}: v" for n in range(60_000)), '"\ud800"',
    ],
    ids=range(23),
)  # fmt: skip
def test_what_is_no_kubeconfig_is_refused_quickly(text: str) -> None:
    began = time.monotonic()
    with pytest.raises(Malformed) as caught:
        kubeconfig.read(text)
    assert caught.value.cure
    assert time.monotonic() - began < 2


def test_a_billion_laughs_are_not_laughed() -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10))
    with pytest.raises(Malformed, match="aliases"):
        kubeconfig.read("l0: &l0 [ha]\n" + levels)


PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner), max_leaves=8)
FIELDS = st.sampled_from(["server", "certificate-authority-data", "proxy-url", "x"])


@given(cluster=st.dictionaries(FIELDS, JSON), user=JSON)
def test_whatever_stands_in_it_is_read_or_refused_and_never_breaks(cluster: dict[str, Any], user: Any) -> None:
    try:
        contexts = kubeconfig.read(config(cluster, user if isinstance(user, dict) else {"token": user}))
    except Malformed:
        return
    assert all(context.credentials or (context.why and context.cure) for context in contexts)
