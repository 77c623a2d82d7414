"""Disaster recovery: drills, and backups that are restored."""
