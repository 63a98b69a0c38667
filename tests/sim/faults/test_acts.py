"""What befalls a whole cluster: a restored backup, other certificates, old TLS, revoked tokens."""

from __future__ import annotations

import asyncio
import ssl

import aiohttp
import pytest

from basefly.sim import Cluster
from tests.sim.asking import asking
from tests.sim.faults.raw import MAPS, config_map, hear


async def test_a_backup_brings_back_objects_and_versions(cluster: Cluster) -> None:
    cluster.seed(nodes=1, pods=10)
    cluster.api.create(config_map("kept"))
    backup = cluster.snapshot()
    pods = {pod["metadata"]["uid"] for pod in cluster.api.list("pods")}
    cluster.api.delete("configmaps", "kept", "default")
    cluster.api.create(config_map("late"))
    [owner, *_] = cluster.api.list("deployments.apps")
    where = (owner["metadata"]["name"], owner["metadata"]["namespace"])
    cluster.api.delete("deployments.apps", *where)
    newest = cluster.store.version
    listening = asyncio.create_task(hear(cluster, f"{MAPS}?watch=1&resourceVersion={newest}", silence=10))
    while not cluster.faults.open_watches:
        await asyncio.sleep(0.01)
    cluster.restore(backup)
    assert (await listening).ended == "cut"
    async with asking(cluster) as asker:
        listed = await asker.get(MAPS)
        assert [item["metadata"]["name"] for item in listed["items"]] == ["kept", "kube-root-ca.crt"]
        assert listed["metadata"]["resourceVersion"] == str(backup.version)
        assert (await asker.ask(f"{MAPS}?resourceVersion={newest}"))[0] == 504
    assert {pod["metadata"]["uid"] for pod in cluster.api.list("pods")} == pods
    cluster.api.delete("deployments.apps", *where)
    assert len(cluster.api.list("pods")) < len(pods), "ownership is restored, too"


async def test_an_earlier_version_is_a_backup_until_it_is_compacted(cluster: Cluster) -> None:
    version = cluster.store.version
    cluster.api.create(config_map("late"))
    cluster.restore(version)
    assert cluster.store.version == version
    assert len(cluster.api.list("configmaps", "default")) == 1
    with pytest.raises(ValueError, match=f"choose one from {version} to {version}"):
        cluster.restore(1)


async def test_custom_kinds_go_and_come_with_a_backup(cluster: Cluster) -> None:
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    names = {"plural": "ships", "kind": "Ship"}
    spec = {"group": "sea.example", "scope": "Namespaced", "names": names, "versions": [version]}
    definition = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}
    before = cluster.snapshot()
    cluster.api.create(definition | {"metadata": {"name": "ships.sea.example"}})
    after = cluster.snapshot()
    path = "/apis/sea.example/v1/ships"
    cluster.restore(before)
    assert (await hear(cluster, path)).status == 404
    cluster.restore(after)
    assert (await hear(cluster, path)).status == 200


@pytest.mark.parametrize(
    ("certificate", "told"),
    [
        ("expired", "expired"),
        ("not yet valid", "not yet valid"),
        ("wrong host", "mismatch"),
        ("other authority", "unable to get local issuer"),
    ],
)
async def test_another_certificate_is_shown_from_the_next_handshake_on(
    cluster: Cluster, certificate: str, told: str
) -> None:
    cluster.present(certificate)
    async with asking(cluster) as asker:
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match=told):
            await asker.get(MAPS)
        cluster.present()
        await asker.get(MAPS)
        await cluster.restart()
        await asker.get(MAPS)


async def test_a_new_authority_is_trusted_by_new_kubeconfigs_alone(cluster: Cluster) -> None:
    async with asking(cluster) as of_before:
        cluster.rotate_authority()
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await of_before.get(MAPS)
    async with asking(cluster) as asker:
        await asker.get(MAPS)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_old_tls_is_refused_by_clients_of_today(cluster: Cluster) -> None:
    cluster.tls(ssl.TLSVersion.TLSv1_1)
    old = ssl.create_default_context(cadata=cluster.authority.pem.decode())
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    _, writer = await asyncio.open_connection("127.0.0.1", int(cluster.address.rpartition(":")[2]), ssl=old)
    assert writer.get_extra_info("ssl_object").version() == "TLSv1.1"
    writer.close()
    async with asking(cluster) as asker:
        with pytest.raises(aiohttp.ClientConnectorError):
            await asker.get(MAPS)
        cluster.tls(ssl.TLSVersion.TLSv1_3)
        await asker.get(MAPS)


async def test_revoked_and_rotated_tokens_are_known_no_longer(cluster: Cluster) -> None:
    token = cluster.issue_token("jane", ("system:masters",))
    async with asking(cluster, token) as jane, asking(cluster) as admin:
        await jane.get(MAPS)
        cluster.revoke(token)
        assert (await jane.ask(MAPS))[0] == 401
        cluster.rotate_token()
        assert (await admin.ask(MAPS))[0] == 401
    async with asking(cluster) as admin:
        await admin.get(MAPS)


async def test_who_asked_is_recorded_but_not_with_what(cluster: Cluster) -> None:
    trust = ssl.create_default_context(cadata=cluster.authority.pem.decode())
    headers = [
        ("Authorization", f"Bearer {cluster.admin_token}"),
        ("Impersonate-User", "jane"),
        ("Impersonate-Group", "one"),
        ("Impersonate-Group", "two"),
        ("User-Agent", "hub/1"),
        ("X-Request-Id", "r-1"),
    ]
    connector = aiohttp.TCPConnector(ssl=trust)
    async with aiohttp.ClientSession(connector=connector) as session:
        await session.get(cluster.server + MAPS, headers=headers)
    held = cluster.requests[-1].headers
    assert (held["authorization"], held["impersonate-user"], held["impersonate-group"]) == (
        "Bearer",
        "jane",
        "one, two",
    )
    assert (held["user-agent"], held["x-request-id"]) == ("hub/1", "r-1")
    assert cluster.admin_token not in str(cluster.requests[-1])
