"""The attacks and the harmless questions beside them: versioned data, one TOML file each."""
