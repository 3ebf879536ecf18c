"""Sources of other packages, by the scheme of their URLs."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

GROUP = "medusa_sync.sources"


def plug_in(url: str) -> EntryPoint:
    """The entry point whose name is the scheme of a URL. It is not loaded.

    Raises:
        ValueError: no installed package has it, or several have.
    """
    scheme = url.partition("://")[0].lower()
    found = entry_points(group=GROUP)
    own = sorted(found.select(name=scheme), key=package_of)
    if not own:
        others = ", ".join(sorted(f"{each.name}:// ({package_of(each)})" for each in found)) or "none"
        raise ValueError(
            f"{scheme}:// needs a package that reads it, installed beside medusa-sync with pip (installed: "
            f"{others}); or name a URL that starts with https:// or http://, or the path of a file"
        )
    if len(own) > 1:
        packages = " and ".join(map(package_of, own))
        raise ValueError(f"the packages {packages} both read {scheme}://; uninstall one of them")
    return own[0]


def package_of(entry: EntryPoint) -> str:
    """The name and version of the package of an entry point, such as `shopdb 1.0`."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.module
