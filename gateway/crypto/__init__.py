"""Keys, certificates, digests and the signing primitive; knows no message and no person."""
