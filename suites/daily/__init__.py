"""The daily procedures: is everything there, does it answer rightly, is it as fast as it was?"""
