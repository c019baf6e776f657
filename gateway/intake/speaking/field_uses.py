"""What becomes of each field of a contract, as data: it fills, it verifies, it is dropped, or it frames the answer."""

from dataclasses import dataclass
from itertools import combinations

from gateway.foundation.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldUses:
    """The leaf fields of one answer by their use; a field inside a group is written `group.field`.

    `fill` becomes a value of the registry, `verify` is compared or noted only, `drop` is never read past the mapping,
    `frame` says how the call went. A field stands in one list only.
    """

    fill: frozenset[str] = frozenset()
    verify: frozenset[str] = frozenset()
    drop: frozenset[str] = frozenset()
    frame: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Raise SettingsError for a field in two lists."""
        for one, other in combinations((self.fill, self.verify, self.drop, self.frame), 2):
            if one & other:
                raise SettingsError(f"a field has two uses: {', '.join(sorted(one & other))}")

    @property
    def known(self) -> frozenset[str]:
        """Every field of the contract."""
        return self.fill | self.verify | self.drop | self.frame

    def dropped_in(self, group: str = "") -> frozenset[str]:
        """Give the dropped fields of a group, or of the answer itself, by their own names."""
        prefix = f"{group}." if group else ""
        names = (name.removeprefix(prefix) for name in self.drop if name.startswith(prefix))
        return frozenset(name for name in names if "." not in name)


def uses(*, fill: str = "", verify: str = "", drop: str = "", frame: str = "") -> FieldUses:
    """Make a table from names set apart by spaces."""
    return FieldUses(
        fill=frozenset(fill.split()),
        verify=frozenset(verify.split()),
        drop=frozenset(drop.split()),
        frame=frozenset(frame.split()),
    )
