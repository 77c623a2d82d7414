"""The history: what every finished run came to, in SQLite or PostgreSQL."""
