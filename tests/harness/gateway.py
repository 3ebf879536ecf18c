"""A Prometheus Pushgateway: what its documentation says about PUT and POST."""

import httpx
from prometheus_client.parser import text_string_to_metric_families


class Gateway:
    """Keeps values by the name of the metric for each group; the grouping key is the path of the URL."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, float]] = {}
        self.requests: list[httpx.Request] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        pushed = {
            sample.name: sample.value
            for family in text_string_to_metric_families(request.content.decode())
            for sample in family.samples
        }
        path = request.url.raw_path.decode()
        kept = self.groups.get(path, {}) if request.method == "POST" else {}  # PUT replaces the group
        self.groups[path] = kept | pushed
        return httpx.Response(200)
