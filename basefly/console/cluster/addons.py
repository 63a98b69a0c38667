"""The add-ons of a cluster, recognised by the images of what runs in kube-system.

An image is known by the last part of its name. To recognise another add-on, add its line; docs/guide/clusters.md lists
those that are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

KNOWN: Mapping[str, str] = {
    "coredns": "CoreDNS",
    "kube-proxy": "kube-proxy",
    "metrics-server": "Metrics Server",
    "cluster-autoscaler": "Cluster Autoscaler",
    "karpenter": "Karpenter",
    "controller": "Karpenter",  # public.ecr.aws/karpenter/controller
    "cilium": "Cilium",
    "node": "Calico",  # docker.io/calico/node
    "calico-node": "Calico",
    "flannel": "Flannel",
    "kindnetd": "kindnet",
    "weave-kube": "Weave Net",
    "antrea-agent-ubuntu": "Antrea",
    "amazon-k8s-cni": "Amazon VPC CNI",
    "aws-ebs-csi-driver": "Amazon EBS CSI driver",
    "aws-efs-csi-driver": "Amazon EFS CSI driver",
    "aws-load-balancer-controller": "AWS Load Balancer Controller",
    "azuredisk-csi": "Azure Disk CSI driver",
    "azurefile-csi": "Azure File CSI driver",
    "azure-cns": "Azure CNI",
    "gcp-compute-persistent-disk-csi-driver": "Google Persistent Disk CSI driver",
    "hcloud-cloud-controller-manager": "Hetzner Cloud Controller",
    "hcloud-csi-driver": "Hetzner CSI driver",
    "cloud-controller-manager": "Cloud Controller Manager",
    "local-path-provisioner": "Local Path Provisioner",
    "traefik": "Traefik",
    "ingress-nginx": "Ingress NGINX",
    "konnectivity-agent": "Konnectivity",
    "proxy-agent": "Konnectivity",
    "node-problem-detector": "Node Problem Detector",
    "node-local-dns": "NodeLocal DNSCache",
    "k8s-dns-node-cache": "NodeLocal DNSCache",
    "snapshot-controller": "Snapshot Controller",
    "vpa-recommender": "Vertical Pod Autoscaler",
    "kube-state-metrics": "kube-state-metrics",
    "kube-apiserver": "API server",
    "kube-controller-manager": "Controller Manager",
    "kube-scheduler": "Scheduler",
    "etcd": "etcd",
}
_FAMILIES = {"node": "calico", "controller": "karpenter"}  # names so plain that the part before must say more


class Addon(msgspec.Struct, frozen=True, order=True):
    """An add-on, and its version as the image's tag says; "" where only a digest is given."""

    name: str
    version: str


def recognised(images: Iterable[str]) -> list[Addon]:
    """The add-ons among these images, by name."""
    return sorted({addon for image in images if (addon := _addon(image))})


def _addon(image: str) -> Addon | None:
    path, _, _ = image.partition("@")
    parts = path.split("/")
    last, _, tag = parts[-1].partition(":")
    if last not in KNOWN or (last in _FAMILIES and _FAMILIES[last] not in parts[:-1]):
        return None
    return Addon(KNOWN[last], tag)
