"""What the real server does with the objects of some built-in resources alone."""

from __future__ import annotations

GENERATIONAL = frozenset(
    "pods replicationcontrollers deployments.apps replicasets.apps statefulsets.apps daemonsets.apps jobs.batch "
    "cronjobs.batch ingresses.networking.k8s.io ingressclasses.networking.k8s.io networkpolicies.networking.k8s.io "
    "poddisruptionbudgets.policy endpointslices.discovery.k8s.io customresourcedefinitions.apiextensions.k8s.io "
    "flowschemas.flowcontrol.apiserver.k8s.io prioritylevelconfigurations.flowcontrol.apiserver.k8s.io "
    "mutatingwebhookconfigurations.admissionregistration.k8s.io "
    "validatingwebhookconfigurations.admissionregistration.k8s.io "
    "validatingadmissionpolicies.admissionregistration.k8s.io mutatingadmissionpolicies.admissionregistration.k8s.io "
    "validatingadmissionpolicybindings.admissionregistration.k8s.io priorityclasses.scheduling.k8s.io "
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io podtemplates".split()
)
"""The built-in resources whose objects count generations; custom resources all do."""

TOLD_WHEN_GONE = frozenset(
    "serviceaccounts services resourcequotas podtemplates persistentvolumeclaims persistentvolumes "
    "storageclasses.storage.k8s.io csidrivers.storage.k8s.io csinodes.storage.k8s.io "
    "volumeattributesclasses.storage.k8s.io volumeattachments.storage.k8s.io pods".split()
)
"""The resources whose deletion is answered with the object instead of a Status."""
