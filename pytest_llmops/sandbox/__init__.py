"""The embedded stack: model server, vectors, cache and the service in front, each a process of its own."""
