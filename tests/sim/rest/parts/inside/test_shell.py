"""The tiny shell: words, operators, pipes and redirections as sh has them, and the files of a container."""

from __future__ import annotations

import base64

import pytest

from basefly.sim import Cluster
from tests.sim.rest.parts.pods import plant
from tests.sim.rest.parts.streams.test_commands import ERROR, STDERR, STDOUT, talking


async def sh(cluster: Cluster, script: str) -> tuple[str, str, str]:
    """What a script prints, what it complains of, and the message of its end."""
    async with talking(cluster, "sh", "-c", script, query="stdout=true&stderr=true") as talk:
        heard = await talk.rest()
    return heard.get(STDOUT, b"").decode(), heard.get(STDERR, b"").decode(), heard[ERROR].decode()


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ("echo a  b; echo 'a  b' \"c  $HOSTNAME\" $NOTHING.", "a b\na  b c  web .\n"),
        (r"echo \$HOSTNAME '$HOSTNAME' ${HOSTNAME}x", "$HOSTNAME $HOSTNAME webx\n"),
        ("true && echo yes || echo no", "yes\n"),
        ("false && echo yes || echo no; echo $?", "no\n0\n"),
        ("nope 2>/dev/null; echo $?", "127\n"),
        ("printf 'a\\nb c\\n' | wc", "2 3 6\n"),
        ("printf '1\\n2\\n3\\n' | tail -n 2 | head -1", "2\n"),
        ("cat /dev/zero | head -c 100000 | wc -c", "100000\n"),
        ("exit 3 | cat; echo $?", "0\n"),
        ("cd /etc; pwd; cat hostname; ls | head -n1", "/etc\nweb\nhostname\n"),
        ("export A=1; printenv A; env | tail -n1", "1\nA=1\n"),
        ("echo -e 'a\\tb'; echo -n c", "a\tb\nc"),
        ("echo hidden >/dev/null; echo both 2>&1", "both\n"),
    ],
)
async def test_scripts(cluster: Cluster, script: str, shown: str) -> None:
    plant(cluster)
    assert (await sh(cluster, script))[:2] == (shown, "")


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("nope", "sh: nope: command not found\n"),
        ("cat /nothing", "cat: can't open '/nothing': No such file or directory\n"),
        ("ls /nothing", "ls: /nothing: No such file or directory\n"),
        ("cd /nothing", "sh: cd: can't cd to /nothing: No such file or directory\n"),
        ("echo x > /etc/x", "sh: can't create /etc/x: Read-only file system\n"),
        ("echo $(date)", "sh: the simulated shell substitutes no commands\n"),
        ("echo 'open", 'sh: syntax error: unexpected "\'"\n'),
        ("stty size", "stty: standard input: Not a tty\n"),
    ],
)
async def test_complaints(cluster: Cluster, script: str, complaint: str) -> None:
    plant(cluster)
    assert (await sh(cluster, script))[1] == complaint


async def test_a_container_has_its_environment_and_its_account(cluster: Cluster) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}}
    cluster.api.create(secret | {"data": {"password": base64.b64encode(b"hush").decode()}})
    pod = plant(cluster)
    ref = {"secretKeyRef": {"name": "db", "key": "password"}}
    pod["spec"]["containers"][0]["env"] = [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": ref}]
    pod["spec"]["securityContext"] = {"runAsUser": 65532}
    cluster.api.replace(pod)
    folder = "/var/run/secrets/kubernetes.io/serviceaccount"
    shown, _, _ = await sh(cluster, f"echo $A $B; id; cat {folder}/namespace; echo; cat {folder}/token; ls {folder}")
    lines = shown.splitlines()
    assert lines[:3] == ["1 hush", "uid=65532 gid=65532 groups=65532", "default"]
    token = lines[3].removesuffix("ca.crt")
    user = cluster.user_of(token)
    assert user
    assert user.name == "system:serviceaccount:default:default"
