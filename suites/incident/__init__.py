"""The procedures of an incident: read-only, to find out what is wrong."""
