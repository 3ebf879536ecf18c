"""The bytes of files, FIFOs, standard input and downloads."""

import gzip
import io
import os
import pty
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.errors import SourceError
from medusa_sync.http import Download
from medusa_sync.sources import content as content_module
from medusa_sync.sources.content import (
    CHUNK,
    Content,
    File,
    open_download,
    open_path,
    open_stdin,
)
from tests.unit.sources.streams import CUT_OFF, in_pieces

BODY = os.urandom(3 * CHUNK // 2)  # more than one piece, also when it is compressed
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": partial(gzip.compress, compresslevel=1),
    "zstd": zstd.compress,
}

compressed = pytest.mark.parametrize("kind", COMPRESSIONS)


def content_of(path: Path) -> AbstractContextManager[Content]:
    return open_path(path, threading.Event())


def download_of(body: bytes, error: SourceError | None = None) -> AbstractContextManager[Content]:
    download = Download(io.BytesIO(body), "https://source.test/products", "text/csv", error)
    return open_download(download, threading.Event())


def everything(content: AbstractContextManager[Content]) -> tuple[bytes, str]:
    """The bytes before the end or an error, and the message of the error."""
    body = io.BytesIO()
    try:
        with content as opened:
            copy(opened.file, body)
    except SourceError as error:
        return body.getvalue(), str(error)
    return body.getvalue(), ""


def copy(file: File, to: io.BytesIO) -> None:
    while part := file.read1():
        to.write(part)


# --- any file ---------------------------------------------------------------------------------------------

calls = st.lists(st.tuples(st.sampled_from(["read", "read1", "head"]), st.integers(0, 12)), max_size=12)
sizes = st.lists(st.integers(1, 6), min_size=1, max_size=4)


@given(st.binary(max_size=36), sizes, calls, st.sampled_from([None, CUT_OFF]))
def test_all_bytes_come_in_order_and_before_the_error(
    whole: bytes, sizes: list[int], calls: list[tuple[str, int]], error: SourceError | None
) -> None:
    file: Any = in_pieces(whole, sizes, error)
    for is_again in (False, True):
        file.seek(0)
        position = 0
        for name, size in calls:
            try:
                part = getattr(file, name)(size)
            except SourceError:
                assert error is CUT_OFF
                assert size > 0
                assert position == len(whole) or (name == "head" and not whole)
                continue
            position = 0 if name == "head" else position
            assert part == whole[position : position + len(part)]
            assert len(part) == min(size, len(whole)) if name == "head" else len(part) <= size
            position += 0 if name == "head" else len(part)
        rest = io.BytesIO()
        with nullcontext() if error is None else pytest.raises(SourceError):
            copy(file, rest)
        assert rest.getvalue() == whole[position:], is_again


def test_lines_of_text_come_before_the_error() -> None:
    lines = io.TextIOWrapper(in_pieces(b"a\nb\nc", [3], CUT_OFF), encoding="utf-8")
    assert (next(lines), next(lines)) == ("a\n", "b\n")
    with pytest.raises(SourceError):
        next(lines)


# --- files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1])
def test_a_file_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    path = tmp_path / "products.json"
    path.write_bytes(BODY[:size])
    assert everything(content_of(path)) == (BODY[:size], "")


def appended(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def cut(path: Path) -> None:
    os.truncate(path, CHUNK + 10)


def touched(path: Path) -> None:
    os.utime(path, (1, 1))


@pytest.mark.parametrize("change", [appended, cut, touched])
def test_a_file_that_changes_while_it_is_read_is_an_error(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "products.json"
    path.write_bytes(BODY)
    with content_of(path) as content:
        body = io.BytesIO()
        body.write(content.file.read1())
        change(path)
        with pytest.raises(SourceError, match=f"{path}: the file changed while it was read") as caught:
            copy(content.file, body)
    assert "rename" in caught.value.hint
    assert body.getvalue()[:CHUNK] == BODY[:CHUNK]


@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.with_name("new").replace(path)])
def test_a_file_that_is_replaced_is_read_as_it_was(tmp_path: Path, change: Callable[[Path], None]) -> None:
    path = tmp_path / "products.json"
    path.write_bytes(BODY)
    path.with_name("new").write_bytes(b"new")
    with content_of(path) as content:
        start = content.file.read1()
        change(path)
        copy(content.file, rest := io.BytesIO())
        assert start + rest.getvalue() == BODY


@pytest.mark.parametrize(
    ("error", "words", "hint"),
    [
        (FileNotFoundError(2, "No such file or directory"), "No such file", "working directory"),
        (PermissionError(13, "Permission denied"), "Permission denied", "Allow the user"),
        (OSError(5, "Input/output error"), "Input/output error", "--source"),
    ],
)
@pytest.mark.parametrize("step", ["open", "fstat"])
def test_a_file_that_cannot_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: OSError, words: str, hint: str
) -> None:
    path = tmp_path / "products.json"
    path.write_bytes(b"[]")

    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(SourceError, match=f"{path}: the file cannot be read .*{words}") as caught:
            content_of(path).__enter__()
    assert hint in caught.value.hint


def test_a_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Is a directory") as caught:
        content_of(tmp_path).__enter__()
    assert "Name the file" in caught.value.hint


# --- pipes ----------------------------------------------------------------------------------------------


@contextmanager
def written(descriptor: int, *pieces: bytes) -> Iterator[None]:
    """Write to a pipe in a thread, and close it."""

    def write() -> None:
        with open(descriptor, "wb", buffering=0) as pipe:
            pipe.writelines(pieces)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def test_a_fifo_is_read_to_its_end(fifo: Path) -> None:
    """Opening it does not wait for the program that writes."""
    halt = threading.Event()
    thread = threading.Thread(target=lambda: fifo.write_bytes(BODY))
    thread.start()
    assert everything(open_path(fifo, halt)) == (BODY, "")
    thread.join()


def test_a_pipe_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(content_module, "_STDIN", reading)
    with written(writing, b"[", b"{}", b"]"):
        assert everything(open_stdin(threading.Event())) == (b"[{}]", "")
    os.close(reading)


def test_a_redirected_file_is_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "products.json"
    path.write_bytes(BODY)
    with path.open("rb", buffering=0) as file:
        file.seek(10)  # another program has read the start
        monkeypatch.setattr(content_module, "_STDIN", file.fileno())
        with open_stdin(threading.Event()) as content:
            body = io.BytesIO()
            body.write(content.file.read1())
            appended(path)
            with pytest.raises(SourceError, match="standard input: the file changed"):
                copy(content.file, body)
    assert body.getvalue() == BODY[10:]


def test_a_terminal_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    master, terminal = pty.openpty()
    monkeypatch.setattr(content_module, "_STDIN", terminal)
    with pytest.raises(SourceError, match="standard input is a terminal"):
        open_stdin(threading.Event()).__enter__()
    os.close(master)
    os.close(terminal)


def test_closed_standard_input_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "__stdin__", None)
    with pytest.raises(SourceError, match="standard input is closed"):
        open_stdin(threading.Event()).__enter__()


def test_waiting_for_a_pipe_ends_when_the_run_does(fifo: Path) -> None:
    """Nothing ever writes to the FIFO."""
    halt = threading.Event()
    raised: list[BaseException] = []

    def read() -> None:
        try:
            open_path(fifo, halt).__enter__()
        except Exception as error:  # noqa: BLE001 - any
            raised.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    halt.set()
    thread.join(30)
    assert len(raised) == 1


# --- downloads ------------------------------------------------------------------------------------------


def test_a_download_has_its_url_and_content_type() -> None:
    with download_of(b"id") as content:
        assert (content.name, content.content_type) == ("https://source.test/products", "text/csv")


@pytest.mark.parametrize("body", [b"", b"a", BODY])
def test_an_incomplete_download_is_read_before_its_error(body: bytes) -> None:
    assert everything(download_of(body, CUT_OFF)) == (body, str(CUT_OFF))


# --- compression ----------------------------------------------------------------------------------------


@compressed
def test_compression_is_recognised_by_the_first_bytes(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "products.json"
    path.write_bytes(COMPRESSIONS[kind](BODY))
    with content_of(path) as content:
        copy(content.file, body := io.BytesIO())
        assert (content.compression, body.getvalue()) == (kind, BODY)


@pytest.mark.parametrize("body", [b"", b"\x1f", b"[]", b"\x28\xb5"])
def test_a_name_does_not_make_a_file_compressed(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "products.json.gz"
    path.write_bytes(body)
    assert everything(content_of(path)) == (body, "")


@compressed
@pytest.mark.parametrize("body", [b"", b"[]"])
def test_several_compressed_parts_are_one_file(kind: str, body: bytes) -> None:
    parts = COMPRESSIONS[kind](body) + COMPRESSIONS[kind](BODY)
    assert everything(download_of(parts)) == (body + BODY, "")


@compressed
@pytest.mark.parametrize("left", [4, 10, 1000, -9, -1])
def test_a_compressed_file_that_is_cut_off_is_read_before_the_error(kind: str, left: int) -> None:
    whole = COMPRESSIONS[kind](BODY)
    body, error = everything(download_of(whole[:left]))
    assert error == f"https://source.test/products: {kind}: the compressed data is cut off"
    assert BODY.startswith(body)
    if left == -1 and kind == "gzip":  # only the trailer is incomplete
        assert body == BODY


@compressed
def test_a_damaged_file_is_an_error(kind: str) -> None:
    whole = bytearray(COMPRESSIONS[kind](BODY))
    whole[4 if kind == "zstd" else 2 : 12] = b"\xff" * 8
    _, error = everything(download_of(bytes(whole)))
    assert f"{kind}: the compressed data is damaged" in error


def test_a_wrong_checksum_is_an_error() -> None:
    whole = bytearray(gzip.compress(BODY))
    whole[-8:-4] = (zlib.crc32(BODY) ^ 1).to_bytes(4, "little")
    body, error = everything(download_of(bytes(whole)))
    assert body == BODY
    assert "gzip: the compressed data is damaged" in error


@compressed
def test_the_error_of_the_file_counts_more_than_that_of_its_contents(kind: str) -> None:
    whole = COMPRESSIONS[kind](BODY)
    assert everything(download_of(whole[:-10], CUT_OFF))[1] == str(CUT_OFF)


@compressed
def test_a_compressed_file_is_decompressed_piece_by_piece(kind: str) -> None:
    bomb = COMPRESSIONS[kind](bytes(20 * CHUNK))
    assert len(bomb) < CHUNK
    with download_of(bomb) as content:
        sizes = [len(part) for part in iter(content.file.read1, b"")]
    assert (sum(sizes), max(sizes) <= CHUNK) == (20 * CHUNK, True)
