"""The weekly procedures: what slowly drifts, fills up or gets old."""
