"""Every run-time dependency, indirect ones too, has a licence that is listed and compatible with ours."""

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "LICENCES.md").read_text(encoding="utf-8")
LISTED = dict(re.findall(r"^\| ([a-z][\w.-]+) \| ([^|]+) \|", PAGE, re.MULTILINE)[1:])
PERMISSIVE = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "PSF-2.0"}
# Their conditions are on the page.
READ_BY_HAND = {"MPL-2.0": "certifi", "Artistic License OR GPL-2.0-or-later": "text-unidecode"}


def test_every_package_of_the_lock_is_listed() -> None:
    text = (ROOT / "requirements-runtime.lock").read_text(encoding="utf-8")
    assert LISTED.keys() == set(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))


@pytest.mark.parametrize(("package", "licence"), LISTED.items())
def test_a_licence_is_compatible_and_the_one_in_the_metadata(package: str, licence: str) -> None:
    if licence in READ_BY_HAND:
        assert READ_BY_HAND[licence] == package
    else:
        assert set(re.split(r" (?:AND|OR) ", licence)) <= PERMISSIVE
    try:
        data = metadata(package)
    except PackageNotFoundError:
        pytest.skip(f"{package} is not installed for this Python or system")
    stated = [*data.get_all("License-Expression", []), *data.get_all("License", [])]
    stated += [each for each in data.get_all("Classifier", []) if each.startswith("License")]
    assert any(re.split("-| OR ", licence)[0] in each for each in stated)
