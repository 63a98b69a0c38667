"""What is built on the core: one folder a subject, none knows another."""
