"""The names of the wire (X-Road message protocol 4.0, SOAP 1.1, WS-Security 1.0, XML Signature 1.1)."""

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XROAD = "http://x-road.eu/xsd/xroad.xsd"
IDENTIFIERS = "http://x-road.eu/xsd/identifiers"
REPRESENTATION = "http://x-road.eu/xsd/representation.xsd"
SECURITY_TOKEN = "http://x-road.eu/xsd/security-token.xsd"  # noqa: S105 – a namespace

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
XOP = "http://www.w3.org/2004/08/xop/include"
BINDING = "urn:kopuro:header-binding:1"

PROTOCOL_VERSION = "4.0"


def q(namespace: str, name: str) -> str:
    """Write a qualified name the way lxml spells it."""
    return f"{{{namespace}}}{name}"
