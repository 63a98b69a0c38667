"""Sign-in with an organization's own identity provider: OpenID Connect, and the sign-out that follows from there."""
