"""Reads other people's WSDL files as they are and says what a service takes, gives, and how it fails."""
