"""All families of probes by name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.foundation.settings import Settings
from tests.hostile import documents, envelopes, packages, slowness, transport
from tests.hostile.canary import FileCanary, SocketCanary
from tests.hostile.probe import Probe
from tests.hostile.signatures import signatures


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What probes are made of besides their own words."""

    settings: Settings
    file: FileCanary
    socket: SocketCanary


FAMILIES: dict[str, Callable[[Surroundings], Iterator[Probe]]] = {
    "doctypes": lambda around: documents.doctypes(around.file.url, around.socket.url),
    "entities": lambda _: documents.entities(),
    "sizes": lambda _: documents.sizes(),
    "lengths": lambda _: transport.lengths(),
    "transfers": lambda _: transport.transfers(),
    "smuggling": lambda _: transport.smuggling(),
    "verbs": lambda around: transport.verbs(around.file.url, around.socket.url),
    "headers": lambda _: transport.headers(),
    "actions": lambda _: transport.actions(),
    "encodings": lambda _: transport.encodings(),
    "slowness": lambda _: slowness.slowness(),
    "content types": lambda _: packages.content_types(),
    "charsets": lambda _: packages.charsets(),
    "multiparts": lambda around: packages.multiparts(around.file.url, around.socket.url),
    "shapes": lambda around: envelopes.shapes(around.file.url, around.socket.url),
    "identifiers": lambda _: envelopes.identifiers(),
    "values": lambda _: envelopes.values(),
    "injections": lambda _: envelopes.injections(),
    "signatures": lambda around: signatures(around.settings),
}
AT_ONCE = {
    "sizes": 2,
    "slowness": 100,
    "lengths": 30,
    "headers": 12,
    "smuggling": 20,
    "transfers": 20,
    "verbs": 12,
}
