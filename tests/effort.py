"""How hard generated tests try: KOPURO_EFFORT=20 makes twenty times as many examples as every run does."""

import os

EFFORT = int(os.environ.get("KOPURO_EFFORT", "1"))
