"""Redaction: a text or a result contains no secret, in any form."""

import copy
import pickle
import time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from medusa_sync.codes import Note
from medusa_sync.redact import Redactor, redacted
from tests.unit.forms import FORMS

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


@pytest.mark.parametrize("form", ["plain", "JSON", "query"])
@given(secret=SECRETS | SPECIAL, before=AROUND, cut=st.integers(4, 30))
@example("sk_hush_0123456789abcdef", "Bearer ", 14)
def test_the_start_of_a_secret_is_hidden_where_another_program_has_cut_it(
    form: str, secret: str, before: str, cut: int
) -> None:
    assume("\\" not in secret)
    start = FORMS[form](secret[:cut])
    shown = Redactor([secret])(f'string ("{before}{start}...") is no number')
    assert shown.endswith('***...") is no number')


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
        (["https://hc.example/hush"], "a ping to https://hc.example/...", "a ping to https://hc.example/..."),
        (["Bearer hush", "hush"], "such as 'Bearer ...'", "such as 'Bearer ...'"),
    ],
    ids=["too short", "the longest first", "case matters", "not a host", "not a scheme"],
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


def test_a_note_keeps_its_code() -> None:
    note = redacted(Note("not_used", "Not used: 'hush-hush'."), Redactor(["hush-hush"]))
    for each in (note, copy.deepcopy(note), pickle.loads(pickle.dumps(note))):  # noqa: S301 - our own
        assert (each, each.code) == ("Not used: '***'.", "W101")
