"""Records sent on as they are chained, to a webhook or a syslog server: at least once, in order, none left out."""
