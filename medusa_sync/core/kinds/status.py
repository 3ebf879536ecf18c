"""The status of a product: a new one has that of the source or of a setting, an orphan may become a draft."""

from __future__ import annotations

STATUS = "status"
DRAFT, PUBLISHED = "draft", "published"
