"""Every run-time dependency, indirect ones too, has a licence that is listed and compatible with ours."""

import re
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PERMISSIVE = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "PSF-2.0"}
READ_BY_HAND = {  # their conditions are on the page
    "MPL-2.0": "certifi",
    "Artistic License OR GPL-2.0-or-later": "text-unidecode",
}
WORDS = {  # what older metadata says
    "BSD-3-Clause": "BSD",
    "ISC": "ISC",
    "MIT": "MIT",
    "Artistic License OR GPL-2.0-or-later": "Artistic License",
}


def locked() -> set[str]:
    text = (ROOT / "requirements-runtime.lock").read_text(encoding="utf-8")
    return set(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))


def listed() -> dict[str, str]:
    text = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| ([a-z][\w.-]+) \| ([^|]+) \|", text, re.MULTILINE)[1:])


def stated(data: PackageMetadata) -> str:
    """What the metadata of a package says about its licence."""
    keys = ("License-Expression", "License", "Classifier")
    values = [value for key in keys for value in data.get_all(key, [])]
    return " ".join(value for value in values if "::" not in value or value.startswith("License"))


def test_every_package_of_the_lock_is_listed() -> None:
    assert listed().keys() == locked()


@pytest.mark.parametrize(("package", "licence"), listed().items())
def test_a_licence_is_compatible_and_the_one_in_the_metadata(package: str, licence: str) -> None:
    if licence in READ_BY_HAND:
        assert READ_BY_HAND[licence] == package
    else:
        assert set(re.split(r" (?:AND|OR) ", licence)) <= PERMISSIVE
    try:
        text = stated(metadata(package))
    except PackageNotFoundError:
        pytest.skip(f"{package} is not installed for this Python or system")
    assert licence in text or WORDS[licence] in text
