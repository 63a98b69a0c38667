"""`basefly get` against a hub that follows two clusters."""

from __future__ import annotations

import pytest
import yaml

from tests.cli.shell import Shell
from tests.cli.world import World


class TestTable:
    def test_every_pod_of_every_cluster_stands_in_one_table(self, mia: Shell, world: World) -> None:
        ran = mia.done("get", "pods", "-A")
        assert ran.rows[0] == ["CLUSTER", "NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "NODE", "AGE"]
        assert sorted((row[1], row[2]) for row in ran.rows[1:]) == sorted(
            (pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in world.pods()
        )
        assert {row[0] for row in ran.rows[1:]} == {"sim-1", "sim-2"}
        assert ran.err == ""

    def test_columns_stay_straight(self, mia: Shell) -> None:
        lines = mia.done("get", "pods", "-A").out.splitlines()
        place = lines[0].index("NAMESPACE")
        assert {line[place - 3 : place] for line in lines} == {"   "}
        assert all(line == line.rstrip() for line in lines)

    def test_wide_shows_more(self, mia: Shell) -> None:
        assert "QOS" in mia.done("get", "pods", "-A", "-o", "wide", "--limit", "1").rows[0]

    def test_labels_and_no_headings(self, mia: Shell) -> None:
        (row,) = mia.done("get", "nodes", "--limit", "1", "--show-labels", "--no-headers").rows
        assert "kubernetes.io/hostname=" in row[-1]

    @pytest.mark.parametrize("word", ["po", "pod", "Pod", "pods", "PODS", "pods.v1."[:4]])
    def test_a_kind_by_any_of_its_names(self, mia: Shell, word: str) -> None:
        assert mia.done("get", word, "-A", "--limit", "1").rows[0][2:4] == ["NAME", "READY"]

    def test_several_kinds_have_a_table_each_and_names_that_tell_the_kind(self, mia: Shell) -> None:
        ran = mia.done("get", "deploy,no", "-A")
        first, second = ran.out.split("\n\n")
        assert "deployment.apps/" in first
        assert "node/" in second

    def test_all_begins_with_pods_as_in_kubectl(self, mia: Shell) -> None:
        tables = mia.done("get", "all", "-A").out.split("\n\n")
        kinds = [next(cell for cell in table.splitlines()[1].split() if "/" in cell).split("/")[0] for table in tables]
        assert kinds[:2] == ["pod", "service"]
        assert "deployment.apps" in kinds


class TestNarrowed:
    def test_by_cluster_namespace_label_and_column(self, mia: Shell, world: World) -> None:
        pod = next(pod for pod in world.pods() if pod["metadata"].get("labels", {}).get("app.kubernetes.io/name"))
        meta = pod["metadata"]
        narrow = ["-n", meta["namespace"], "-l", f"app.kubernetes.io/name={meta['labels']['app.kubernetes.io/name']}"]
        ran = mia.done(
            "get", "pods", *narrow, "-c", "sim-1", "-c", "sim-2", "--where", f"node={pod['spec']['nodeName']}"
        )
        assert meta["name"] in [row[2] for row in ran.rows[1:]]
        assert {row[1] for row in ran.rows[1:]} == {meta["namespace"]}
        assert {row[6] for row in ran.rows[1:]} == {pod["spec"]["nodeName"]}

    def test_sorted_by_any_column(self, mia: Shell) -> None:
        items = mia.done("get", "pods", "-A", "--sort", "-restarts", "-o", "json").json["items"]
        restarts = [item["cells"]["restarts"] for item in items]
        assert restarts == sorted(restarts, reverse=True)
        assert restarts[0] > restarts[-1]

    def test_no_more_than_asked_for(self, mia: Shell) -> None:
        assert len(mia.done("get", "pods", "-A", "--limit", "7", "-o", "name").out.split()) == 7

    def test_every_page_is_followed(self, mia: Shell, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("basefly.cli.fleet.query.PAGE", 9)
        names = mia.done("get", "pods", "-A", "-o", "name").out.split()
        assert len(names) == len(set(names)) == len(world.pods()) > 9

    def test_without_a_namespace_it_is_default_and_says_where_there_is_more(self, mia: Shell, world: World) -> None:
        ran = mia.done("get", "pods")
        assert ran.out == ""
        assert (
            ran.err == f"No pods found in namespace default.\n{len(world.pods())} in other namespaces: -A shows them.\n"
        )

    def test_kinds_without_namespace_need_none(self, mia: Shell) -> None:
        assert len(mia.done("get", "nodes").rows) == 1 + 2 * 3

    @pytest.mark.parametrize(
        ("words", "code", "why"),
        [
            (("pods", "-A", "--sort", "nonsense"), 2, "Pod has no column 'nonsense'."),
            (("pods", "-A", "-l", "app in ("), 2, "The label selector"),
            (("pods", "-A", "-c", "nowhere"), 5, "There is no cluster 'nowhere'"),
            (("pods", "--where", "node"), 2, "--where 'node' is no condition."),
            (("pods", "--where", "cursor=x"), 2, "--where 'cursor' is no condition."),
            (("pod", "x", "-o", "nonsense"), 2, "Invalid value for '--output'"),
            (("deploymen",), 5, "No cluster has a kind 'deploymen'.\n  try: Did you mean deployments?"),
            (("pod,svc", "web"), 2, "Several kinds and a name do not go together."),
            ((), 2, "Missing argument"),
        ],
    )
    def test_what_cannot_be_asked(self, mia: Shell, words: tuple[str, ...], code: int, why: str) -> None:
        ran = mia("get", *words)
        assert (ran.code, ran.out) == (code, "")
        assert why in ran.err


class TestDocuments:
    def test_rows_as_json_and_yaml(self, mia: Shell) -> None:
        as_json = mia.done("get", "nodes", "-o", "json").json
        as_yaml = yaml.safe_load(mia.done("get", "nodes", "-o", "yaml").out)
        assert [item["name"] for item in as_json["items"]] == [item["name"] for item in as_yaml["items"]]
        assert as_json["missing"] == []

    def test_a_name_gives_the_object_as_its_cluster_has_it(self, mia: Shell, world: World) -> None:
        node = world.call(lambda: world.cluster("sim-1").api.list("nodes")[0])
        node["metadata"].pop("managedFields", None)
        shown = yaml.safe_load(mia.done("get", "node", node["metadata"]["name"], "-o", "yaml").out)
        assert shown == node

    def test_a_name_in_several_clusters_gives_a_list_that_tells_them_apart(self, mia: Shell) -> None:
        shown = mia.done("get", "ns/kube-system", "-o", "json").json
        marks = [item["metadata"]["annotations"]["basefly.io/cluster"] for item in shown["items"]]
        assert (shown["kind"], sorted(marks)) == ("List", ["sim-1", "sim-2"])

    def test_names_lead_back_to_their_objects(self, mia: Shell) -> None:
        names = mia.done("get", "deploy", "-A", "-o", "name").out.split()
        assert len(names) > 2
        assert mia.done("get", *names[:2], "-o", "name").out.split() == names[:2]

    def test_a_secret_has_keys_and_no_values(self, mia: Shell, world: World) -> None:
        secret = next(
            s for s in world.call(lambda: world.cluster("sim-1").api.list("secrets")) if any(s.get("data", {}).values())
        )
        meta = secret["metadata"]
        ran = mia.done("get", f"sim-1:{meta['namespace']}/secret/{meta['name']}", "-o", "json")
        assert ran.json["data"] == dict.fromkeys(secret["data"], "")

    def test_a_name_that_is_nowhere(self, mia: Shell) -> None:
        ran = mia("get", "deploy/nowhere")
        assert (ran.code, ran.out) == (5, "")
        assert "There is no deploy 'nowhere'.\n  try: `basefly search nowhere`" in ran.err
