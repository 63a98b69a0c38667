"""What a pod leans on."""

from uuid import UUID

from basefly.core.inventory.display.uses import uses

HERE = UUID(int=1)


def test_a_pod_names_its_node_account_configuration_and_claims_once_each() -> None:
    container = {
        "name": "app",
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a"}}}],
    }
    volumes = [
        {"name": "a", "configMap": {"name": "settings"}},
        {"name": "b", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "c", "projected": {"sources": [{"secret": {"name": "tokens"}}]}},
        {"name": "d", "emptyDir": {}},
    ]
    spec = {"nodeName": "n1", "serviceAccountName": "web", "containers": [container], "volumes": volumes}
    found = [(one.kind, one.name) for one in uses({"spec": spec}, HERE, "shop")]
    assert found == [
        ("Node", "n1"),
        ("ServiceAccount", "web"),
        ("ConfigMap", "settings"),
        ("PersistentVolumeClaim", "data"),
        ("Secret", "tokens"),
        ("Secret", "keys"),
    ]


def test_a_workload_is_read_through_its_template() -> None:
    template = {"spec": {"containers": [{"name": "app"}]}}
    assert [one.kind for one in uses({"spec": {"template": template}}, HERE, "shop")] == ["ServiceAccount"]


def test_other_kinds_lean_on_nothing() -> None:
    assert uses({"spec": {"rules": []}}, HERE, "shop") == []
