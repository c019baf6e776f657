"""A Tunduk in a box: security-server doubles, a test PKI, an outside agency."""
