"""What a schema says about a message, as values: enough to turn JSON into XML and back without guessing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.xroad.scalars import Kind

Titles = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A simple type: what it holds, what bounds it, and the name it was declared under, if any."""

    kind: Kind
    built_in: str = "string"
    limits: tuple[tuple[str, str], ...] = ()
    patterns: tuple[tuple[str, ...], ...] = ()  # one of each inner tuple must match, level by level
    allowed: tuple[str, ...] = ()
    type_name: str = ""
    titles: Titles = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element: a JSON member, and an array exactly where it may stand more than once."""

    name: str
    tag: str
    minimum: int = 1
    maximum: int | None = 1  # None: unbounded
    content: "Leaf | Group"
    titles: Titles = ()

    @property
    def many(self) -> bool:
        """Tell whether it may stand more than once."""
        return self.maximum is None or self.maximum > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """Parts in this order; one that is not required stands as a whole or not at all."""

    parts: "tuple[Particle, ...]"
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of the branches; none only where it is not required."""

    branches: "tuple[Particle, ...]"
    required: bool = True


Particle = Element | Sequence | Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A complex type: a JSON object with these members."""

    particle: Particle
    members: Mapping[str, Element] = field(hash=False)
    tags: Mapping[str, Element] = field(hash=False)
    type_name: str = ""
    titles: Titles = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One published service: what it takes and gives, and what the contract says of it."""

    service_code: str
    service_version: str
    request: Element
    answer: Element
    titles: Titles = ()
    notes: Titles = ()


def elements_of(particle: Particle) -> Iterator[Element]:
    """Walk the elements of a particle in the order of the schema; alternatives side by side."""
    if isinstance(particle, Element):
        yield particle
        return
    for part in particle.parts if isinstance(particle, Sequence) else particle.branches:
        yield from elements_of(part)


def names_of(particle: Particle) -> frozenset[str]:
    """Give the names of a particle's elements."""
    return frozenset(element.name for element in elements_of(particle))


def required_of(particle: Particle) -> frozenset[str]:
    """Give the names that stand wherever the particle stands; of alternatives, only what all of them share."""
    if isinstance(particle, Element):
        return frozenset({particle.name}) if particle.minimum else frozenset()
    if not particle.required:
        return frozenset()
    if isinstance(particle, Sequence):
        return frozenset().union(*map(required_of, particle.parts))
    return frozenset.intersection(*map(required_of, particle.branches))
