"""Load: what rate does it carry within its objectives, and has that changed?"""
