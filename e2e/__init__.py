"""The whole product against real Kubernetes: real API servers, real kubectl, a real hub process."""
