"""The secrets that settings and the environment contain."""

from typing import Any

import pytest

from medusa_sync import Secret, Settings


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
        *("sk_hush", "hush-password", "lonely-token", "abcd"),
        *("me:url-pass", "url-pass", "Basic bWU6dXJsLXBhc3M=", "bWU6dXJsLXBhc3M=", "bWU6dXJsLXBhc3M"),
        *("proxy-user:proxy pass", "proxy pass", "me:push-pass", "push-pass"),
        *("https://hc.example/ping/0123-4567?create=1", "ping/0123-4567"),
    }


@pytest.mark.parametrize(
    ("settings", "secrets"),
    [
        ({"source": "[shop]/a@b?token=catalogue.json"}, set()),  # a path
        # Some services expect a key as the user, with any password.
        ({"metrics_push": "https://me:p%40ss@source.example"}, {"me:p@ss", "p@ss"}),
        ({"metrics_push": "https://lonely-key@source.example"}, {"lonely-key"}),
        ({"metrics_push": "https://A1b2C3d4e5:x@source.example"}, {"A1b2C3d4e5:x", "x", "A1b2C3d4e5"}),
        ({"metrics_push": "https://A1b2C3d4e5:@source.example"}, {"A1b2C3d4e5"}),
        ({"metrics_push": "https://Administrator:hush@source.example"}, {"Administrator:hush", "hush"}),
        *(
            ({"source": "sample", "source_authorization": Secret(value)}, {value, *parts})
            for value, *parts in (
                ("header-token",),
                ("Bearer abc", "abc"),
                ("Bearer header-token", "header-token"),
                ("Basic bWU6aHVzaA==", "bWU6aHVzaA==", "bWU6aHVzaA", "me:hush", "hush"),
                ("Basic ####", "####"),
                ('Token token="A1b2C3d4", v=1', 'token="A1b2C3d4", v=1', "A1b2C3d4"),
                (
                    "AWS Credential=A1b2C3d4/x, Signature=9f8e7d6c5b4a==",
                    "Credential=A1b2C3d4/x, Signature=9f8e7d6c5b4a==",
                    "A1b2C3d4/x",
                    "9f8e7d6c5b4a",
                ),
                ('Digest realm="Smartphone", x', 'realm="Smartphone", x'),
            )
        ),
    ],
)
def test_secrets_of_a_setting(settings: dict[str, Any], secrets: set[str]) -> None:
    assert {each for each in Settings(**settings).secrets() if each} == secrets


@pytest.mark.parametrize(
    "name",
    [
        *("key", "api_key", "apikey", "API-KEY", "X-Api-Key", "consumer_key", "AWSAccessKeyId", "auth[key]"),
        *("token", "access_token", "accessToken", "X-Amz-Security-Token", "private_token", "authtoken"),
        *("secret", "client_secret", "clientSecret", "password", "passwd", "pass", "pwd", "user_password"),
        *("signature", "X-Goog-Signature", "sig", "sign", "auth", "oauth", "authorization", "jwt", "code"),
        *("credential", "session", "sessionid", "session%5Fid"),
    ],
)
def test_a_value_of_a_query_is_a_secret_if_its_name_says_so(name: str) -> None:
    url = f"https://source.example/p?a=1&{name}=Sm%2Fart+phone&b=2"
    assert set(Settings(source=url).secrets()) == {"Sm/art phone"}


@pytest.mark.parametrize(
    "name",
    [
        *("q", "keyword", "keywords", "category", "x", "author", "design", "compass", "passage", "monkeys"),
        *("currency_code", "countryCode", "signal", "tokenizer", "secretary", "sessions_per_day"),
    ],
)
def test_other_values_of_a_query_are_words(name: str) -> None:
    value = "A1b2C3d4e5f6"
    assert list(Settings(source=f"https://source.example/p?{name}={value}").secrets()) == []
