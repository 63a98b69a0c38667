"""Does a simulated cluster answer as a real API server does? The same exchanges with both, compared one by one."""
