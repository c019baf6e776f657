"""The register of passports: subsystem passport-service, questions whose contract is not known."""
