"""Load: open-loop arrivals by locust in a process of its own, and what came back, sample by sample."""
