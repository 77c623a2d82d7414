"""The sampling loop behind the ``measure`` fixture: makes the calls, asks ``judge`` what they mean."""
