"""Identity as pages: sign-in, settings, security, confirmation."""
