"""What comes in: objects as JSON, YAML or protobuf, delete options, and patches."""
