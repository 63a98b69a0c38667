"""The parts of a control plane: certificates, processes, the audit log, and kubectl."""
