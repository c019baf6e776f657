"""What a certificate is for, in the visitor's language, by the place of the configuration that names it."""

from gateway.pages import Visit


def say_certificate(visit: Visit, name: str) -> str:
    """Say `signing`, `server.tls`, `agencies.tax` and the like; a place nobody has words for stays as it is."""
    place, _, rest = name.partition(".")
    if place in {"agencies", "agreements"}:
        return visit.say(f"agencies.certificate_of.{place}", name=rest.replace("_", " "))
    key = f"agencies.certificate_of.{name.replace('.', '_')}"
    return visit.say(key) if visit.speech.knows(key) else name
