"""Which deployment is meant: ``llmops.toml``, the profiles under it, secrets and thresholds."""

FILE_NAME = "llmops.toml"
