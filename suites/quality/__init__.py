"""Quality: is it still right, not only fast?"""
