"""One folder per X-Road member we ask: its dialect, its mapping, its simulator."""
