"""What a kubelet answers for a pod, and what flows: logs, commands, and forwarded ports."""
