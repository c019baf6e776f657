"""Who is the same person: pure functions over two records, no I/O, no SQL, no XML."""
