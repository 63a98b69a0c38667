"""What `make` and `.ci/run` call: installing, checking, developing."""
