"""The incident procedures: what is broken, how bad is it, how far does it reach, and who has to know?"""
