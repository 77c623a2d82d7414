"""What a run keeps on disk: the run directory that its processes share."""
