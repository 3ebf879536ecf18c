"""The status of a product: that of the source if it says one, else that of a setting when it is created."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medusa_sync.core.kinds.base import Kind, Sides

if TYPE_CHECKING:
    from medusa_sync.core.record import History
    from medusa_sync.core.value import Value

STATUS = "status"
DRAFT, PUBLISHED = "draft", "published"


class ProductStatus(Kind):
    """Whether customers can see a product. The merchant decides if the source does not say it."""

    is_shown = False

    def is_owned(self, wanted: Value, history: History, sides: Sides) -> bool:
        return wanted is not None


def hides(stored: Value, planned: Value) -> bool:
    """Whether customers lose sight of a product with this change."""
    return stored == PUBLISHED and planned != PUBLISHED
