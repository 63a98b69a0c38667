"""Mail: the outbox, and the links that go out by it."""
