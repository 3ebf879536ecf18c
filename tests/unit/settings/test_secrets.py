"""The secrets that settings and the environment contain."""

import pytest

from medusa_sync.settings.options import Settings
from medusa_sync.settings.secrets import Secret


def test_settings_list_every_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy-user:proxy%20pass@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "localhost,[::1")
    settings = Settings(
        source="https://me:url-pass@dummyjson.com/products?select=title&category=smartphones&token=abcd&x=A1b2C3d4e5",
        medusa_url="https://lonely-token@store.example",
        api_key=Secret("sk_hush"),
        password=Secret("hush-password"),
        metrics_push="https://me:push-pass@gateway.example",
        ping_url="https://hc.example/ping/0123-4567?create=1",
    )
    assert set(settings.secrets()) == {
        "sk_hush",
        "hush-password",
        "url-pass",
        "lonely-token",
        "proxy pass",
        "push-pass",
        "abcd",
        "A1b2C3d4e5",
        "https://hc.example/ping/0123-4567?create=1",
        "ping/0123-4567",
    }


def test_file_path_contains_no_secret() -> None:
    assert list(Settings(source="[shop]/a@b?token=catalogue.json").secrets()) == []
