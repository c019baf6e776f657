"""Legal entities: subsystems minjust-service (SOAP) and minjust-inn-services (REST)."""
