"""The status of a product: that of the source if it says one, else that of a setting when it is created."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medusa_sync.core.kinds.base import Kind

if TYPE_CHECKING:
    from medusa_sync.core.value import Value

STATUS = "status"
DRAFT, PUBLISHED = "draft", "published"


class ProductStatus(Kind):
    """Whether customers can see a product. The merchant decides if the source does not say it."""

    is_shown = False
    stays = True


def hides(stored: Value, planned: Value) -> bool:
    """Whether customers lose sight of a product with this change."""
    return stored == PUBLISHED and planned != PUBLISHED
