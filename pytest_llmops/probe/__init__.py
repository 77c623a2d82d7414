"""What answers at an address, and what to write of it in ``llmops.toml``."""
