"""What holds for all tests."""

import os

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the tests start a thousand processes that import the same modules
