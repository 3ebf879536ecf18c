"""One of two stores that get the same operations."""

from typing import Any

from tests.contract.shop import Shop, View, ids_in, natural, refusal_of


class Side:
    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.views: dict[str, View] = {}
        """Products by external id, when they were last looked at."""
        self.births: dict[str, int] = {}
        """When ids were first seen."""

    def look(self, moment: int) -> dict[str, View]:
        """All products; ids are replaced by the moment at which they were first seen."""
        self.views = self.shop.products()
        for part in ids_in(list(self.views.values())):
            self.births.setdefault(part, moment)
        return {external_id: natural(view, self.births) for external_id, view in self.views.items()}

    def send(self, method: str, path: str, body: Any) -> tuple[int, str, str]:
        response = self.shop.send(method, path, body)
        return (response.status_code, "", "") if response.is_success else refusal_of(response)
