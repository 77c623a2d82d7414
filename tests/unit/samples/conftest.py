from hypothesis import settings

settings.register_profile("seeded", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("seeded")
