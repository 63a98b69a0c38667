"""Who someone is: people, passwords, sessions, API tokens."""
