"""kubectl, helm and any other client through the hub: kubeconfigs, and the credentials that they ask us for."""
