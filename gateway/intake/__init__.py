"""Take in once: autofill, match before create, review cases."""
