"""What somebody signed: the bytes, the signature and the certificate, kept together as evidence."""
