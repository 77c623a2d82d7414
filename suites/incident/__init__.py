"""The incident procedures: what is broken, and how far does it reach?"""
