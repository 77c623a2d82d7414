"""The monthly procedures: packages, documents, reports."""
