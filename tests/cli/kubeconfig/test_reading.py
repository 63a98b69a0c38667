"""One file, well formed, odd, or hostile."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from basefly.cli.exits import Failure
from basefly.cli.kubeconfig import reading
from basefly.cli.kubeconfig.schema import AuthProvider, EnvironmentVariable, User

WHOLE = """
apiVersion: v1
kind: Config
current-context: prod
preferences: {colors: true}
clusters:
- name: c
  cluster:
    server: https://c:6443
    certificate-authority-data: QUJD
    tls-server-name: inner
    extensions:
    - name: client.authentication.k8s.io/exec
      extension: {audience: x, nothing: null}
users:
- name: u
  user:
    tokenFile: tok
    as: someone
    as-groups: [a, b]
    exec: {apiVersion: client.authentication.k8s.io/v1, command: plug, env: [{name: A, value: B}]}
contexts:
- name: prod
  context: {cluster: c, user: u, namespace: shop}
"""


class TestRead:
    def test_every_word_lands_in_its_field(self) -> None:
        config = reading.read(WHOLE)
        (cluster,) = config.clusters
        (user,) = config.users
        assert config.current_context == "prod"
        assert (cluster.cluster.server, cluster.cluster.tls_server_name) == ("https://c:6443", "inner")
        assert cluster.cluster.extensions[0].extension == {"audience": "x", "nothing": None}
        assert (user.user.token_file, user.user.impersonate, user.user.impersonate_groups) == (
            "tok",
            "someone",
            ["a", "b"],
        )
        assert user.user.exec is not None
        assert user.user.exec.env == [EnvironmentVariable("A", "B")]
        assert config.contexts[0].context.namespace == "shop"

    def test_json_is_read_too(self) -> None:
        assert reading.read(json.dumps({"current-context": "a"})).current_context == "a"

    @pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "null"])
    def test_nothing_is_an_empty_config(self, text: str) -> None:
        assert reading.read(text).contexts == []

    def test_null_means_not_given(self) -> None:
        config = reading.read(
            "clusters: null\ncontexts:\n- {name: a, context: null}\n- {name: b, context: {user: null}}"
        )
        assert [entry.context.user for entry in config.contexts] == ["", ""]

    def test_the_last_of_two_equal_keys_counts_as_in_kubectl(self) -> None:
        assert reading.read("current-context: a\ncurrent-context: b").current_context == "b"

    def test_only_the_first_document_counts_as_in_kubectl(self) -> None:
        assert reading.read("current-context: a\n---\ncurrent-context: b").current_context == "a"

    def test_dates_and_truth_values_are_what_kubectl_takes_them_for(self) -> None:
        config = reading.read("clusters:\n- {name: 2020-01-01, cluster: {insecure-skip-tls-verify: yes}}")
        assert config.clusters[0].name == "2020-01-01"
        assert config.clusters[0].cluster.insecure_skip_tls_verify

    def test_anchors_and_merge_keys_work(self) -> None:
        text = "clusters:\n- {name: a, cluster: &c {server: 'https://a'}}\n- {name: b, cluster: {<<: *c}}"
        assert [entry.cluster.server for entry in reading.read(text).clusters] == ["https://a", "https://a"]


class TestRefused:
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("just text", "not a mapping"),
            ("[1, 2]", "not a mapping"),
            ("kind: Pod", "its kind is not Config"),
            ("apiVersion: v2", "apiVersion"),
            ("current-context: 123", r"\$\.current-context.*quotes"),
            ("clusters: {a: b}", r"\$\.clusters"),
            ("clusters:\n- {name: c, cluster: {insecure-skip-tls-verify: 'true'}}", "insecure-skip-tls-verify"),
            ("users:\n- {name: u}\n- {name: u}", "the user 'u' is there twice"),
            ("a: [", "not YAML, line 1"),
            ("a: *nowhere", "undefined alias"),
            ("a: !!python/object/apply:os.system [id]", "constructor"),
            ("a: \x00", "not YAML"),
            ("{" * 5000, "nests deeper"),
            ("a: " + "[" * 100_000, "nests deeper"),
            ("? [a, b]\n: c", "not YAML"),
        ],
        ids=range(15),
    )
    def test_with_its_reason(self, text: str, why: str) -> None:
        with pytest.raises(ValueError, match=why):
            reading.read(text)

    def test_what_contains_itself(self) -> None:
        with pytest.raises(ValueError, match="unfold"):
            reading.read("clusters: &a\n- *a")

    @pytest.mark.parametrize("joined", ["[*{0}, *{0}, *{0}, *{0}]", "{{<<: [*{0}, *{0}, *{0}, *{0}], {1}: 1}}"])
    def test_a_bomb_of_aliases_within_a_moment(self, joined: str) -> None:
        lines = ["l0: &l0 {x0: 1}"]
        lines += [f"l{n}: &l{n} " + joined.format(f"l{n - 1}", f"x{n}") for n in range(1, 40)]
        started = time.process_time()
        with pytest.raises(ValueError, match="unfold"):
            reading.read("\n".join(lines))
        assert time.process_time() - started < 5

    @pytest.mark.parametrize(
        "text",
        ["token: 'hunter2\n", "users: [{name: u, user: {token: hunter2 : x}}]", "a: !hunter2 x", "hunter2: *hunter2x"],
    )
    def test_a_secret_is_never_quoted(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"not YAML|token|tag") as caught:
            reading.read(text)
        assert "hunter2" not in str(caught.value)

    def test_a_wrong_type_is_named_without_its_value(self) -> None:
        with pytest.raises(ValueError, match=r"users\[0\]\.user\.token") as caught:
            reading.read("users: [{name: u, user: {token: 12345678}}]")
        assert "12345678" not in str(caught.value)


class TestFile:
    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(Failure, match=f"{tmp_path}.*directory"):
            reading.read_file(tmp_path)

    def test_what_is_not_text(self, tmp_path: Path) -> None:
        (tmp_path / "config").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(Failure, match="UTF-8"):
            reading.read_file(tmp_path / "config")

    def test_what_is_too_large(self, tmp_path: Path) -> None:
        with (tmp_path / "config").open("wb") as file:
            file.truncate(reading.LARGEST_FILE + 1)
        with pytest.raises(Failure, match="larger than 8 MiB"):
            reading.read_file(tmp_path / "config")


def test_no_repr_tells_a_secret() -> None:
    provider = AuthProvider("oidc", {"client-secret": "hunter2"})
    user = User(token="hunter2", password="hunter2", auth_provider=provider)
    assert repr(user) == "User(token, password, auth_provider)"
    assert "hunter2" not in repr(provider) + repr(EnvironmentVariable("A", "hunter2"))
