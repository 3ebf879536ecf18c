"""A request to the Admin API."""

from dataclasses import dataclass
from typing import Any

from tests.harness.fake_medusa.views import Tree, tree_of


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: Any

    @property
    def parts(self) -> list[str]:
        """The path below `/admin`."""
        return self.path.split("/")[2:]

    def tree(self, default: str = "*") -> Tree:
        return tree_of(dict(self.query).get("fields", default))
