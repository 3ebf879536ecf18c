"""Redaction: a text or a result contains no secret, in any form."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.change import Conflict, FieldChange
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.result import Outcome, Result
from medusa_sync.redact import Redactor, redacted
from tests.unit.forms import FORMS, basic, basic_password
from tests.unit.results import run

SECRETS = st.text(st.characters(exclude_characters="*", exclude_categories=["Cs"]), min_size=4, max_size=30)
SPECIAL = st.text("\\\"'/&%+=<> \n\x00äß€🐻aZ9", min_size=4, max_size=12)
AROUND = st.text(max_size=10)


@pytest.mark.parametrize("name", FORMS)
@given(secret=SECRETS | SPECIAL, before=AROUND, after=AROUND, others=st.lists(SECRETS, max_size=2))
@example('pä"s\\s w/+&%=', "", "", [])
@example("\\\\\\\\", "\\", "\\", [])
@example("%25%", "%", "25", [])
def test_every_form_of_a_secret_is_hidden(
    name: str, secret: str, before: str, after: str, others: list[str]
) -> None:
    form = FORMS[name](secret)
    shown = Redactor([secret, *others])(f"{before}{form}{after}")
    assert form not in shown
    assert secret not in shown
    assert "***" in shown


@given(secret=SECRETS | SPECIAL, text=st.text())
def test_other_texts_do_not_change(secret: str, text: str) -> None:
    forms = [FORMS[name](secret) for name in FORMS]
    assume(not any(character in text for character in "".join(forms)))
    assert Redactor([secret])(text) == text


@pytest.mark.parametrize(
    ("secrets", "text", "shown"),
    [
        (["", "a", "sho", "é€"], "a shoe costs 5 €, a short one é€", "a shoe costs 5 €, a short one é€"),
        (["hush", "hush-hush"], "say hush-hush, not hush", "say ***, not ***"),
        (["Häsh"], "häsh HÄSH Häsh", "häsh HÄSH ***"),
    ],
    ids=["too short", "the longest first", "case matters"],
)
def test_what_is_a_secret(secrets: list[str], text: str, shown: str) -> None:
    redactor = Redactor()
    for secret in secrets:
        redactor.add(secret)
    assert redactor(text) == Redactor(secrets)(text) == shown


@pytest.mark.parametrize(
    "secret", ['\\a"\\\\/b', "\\\\\\\\\\\\\\", '""""""', "%%%%%%%%", "&&&&&&&&", "    a"]
)
@pytest.mark.parametrize("piece", ["\\", '\\"', "%25", "%5C", "&amp;", "&#92;", " ", "+", "%252525"])
def test_hostile_text_takes_no_longer(secret: str, piece: str) -> None:
    text = piece * 4_000
    started = time.process_time()
    Redactor([secret])(text)
    assert time.process_time() - started < 2


# --- results --------------------------------------------------------------------------------------------

SECRET = 'hush "quoted" \\back\\ ümlaut&<tag>/%25 hush'


def everywhere(text: str) -> Any:
    """Return a result in which every text from outside is `text`."""
    change = FieldChange("title", text, (text,), applied=text, desired=(text, text))
    changed = Outcome("dummyjson:1", text, Result.UPDATED, changes=(change,))
    conflict = Conflict("title", text, (text,), OnConflict.STORE)
    problem = Outcome("dummyjson:2", text, Result.FAILED, text)
    return run(
        changed,
        Outcome("dummyjson:3", text, Result.UNCHANGED, conflicts=(conflict,), held=(change,)),
        problems=[problem, Outcome("dummyjson:4", text, Result.REJECTED, text)],
        not_completed=[problem],
        skipped=(Outcome("dummyjson:5", text, Result.SKIPPED, text),),
        source_url=text,
        store_url=text,
        notes=(text,),
        error=text,
        hint=text,
    )


@pytest.mark.parametrize("name", FORMS)
def test_no_text_of_a_result_has_a_secret(name: str) -> None:
    """That each report gets such a result is tested with the command."""
    result = redacted(everywhere(f"before {FORMS[name](SECRET)} after"), Redactor([SECRET]))
    shown = str([structs.asdict(result), *result.changes, *result.problems, *result.skipped])
    assert "before" in shown
    assert "***" in shown
    assert "hush" not in shown
    assert basic(SECRET)[:20] not in shown
    assert basic_password(SECRET)[20:40] not in shown


def test_result_without_secrets_does_not_change() -> None:
    result = everywhere("an ordinary text")
    cleaned = redacted(result, Redactor([SECRET]))
    assert list(cleaned.changes) == list(result.changes)
    assert list(cleaned.skipped) == list(result.skipped)
    assert len(cleaned.changes) == 2
    assert result.changes[0] in cleaned.changes
    assert (list(cleaned.problems), cleaned.error) == (list(result.problems), result.error)
