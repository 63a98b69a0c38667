"""What proves a person besides the password: codes of an authenticator app, passkeys, recovery codes."""
