"""
A file of JSON objects, one a line, read piece by piece however it is packed.

It is told from its first bytes: ZIP, gzip, or plain text.  Anything else is
`ContractChanged`: a copy that we cannot read is not a copy.  Nothing touches a disk.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterator

from connectors.errors import ContractChanged

_ZIP = b"PK"
_GZIP = b"\x1f\x8b"
# A ZIP's directory is at its end, so it is held in memory as a whole.
MOST_ZIP_BYTES = 64 * 1024 * 1024
MOST_LINE_BYTES = 16 * 1024 * 1024
_PIECE = 64 * 1024


async def records_in(pieces: AsyncIterator[bytes]) -> AsyncIterator[dict[str, object]]:
    """Give the objects of a file; a line may also hold a list of them."""
    async for line in _lines(_unpacked(pieces)):
        for record in _records(line):
            yield record


async def _unpacked(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Tell the packing from the first bytes and undo it."""
    head = b""
    async for piece in pieces:
        head += piece
        if len(head) >= len(_GZIP):
            break
    if head.startswith(_ZIP):
        for part in _unzipped(await _whole(head, pieces)):
            yield part
    elif head.startswith(_GZIP):
        async for part in _gunzipped(head, pieces):
            yield part
    else:
        yield head
        async for piece in pieces:
            yield piece


async def _whole(head: bytes, pieces: AsyncIterator[bytes]) -> bytes:
    content = bytearray(head)
    async for piece in pieces:
        content += piece
        if len(content) > MOST_ZIP_BYTES:
            raise ContractChanged("export_too_large_to_unpack")
    return bytes(content)


def _unzipped(content: bytes) -> Iterator[bytes]:
    """Give every member's bytes, each ended by a line break."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    while part := member.read(_PIECE):
                        yield part
                yield b"\n"
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError):
        raise ContractChanged("export_not_unpackable") from None


async def _gunzipped(head: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Undo gzip in bounded steps; a file may hold several members in a row."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    waiting = head
    while waiting or not unpacker.eof:
        try:
            part = unpacker.decompress(waiting, _PIECE)
        except zlib.error:
            raise ContractChanged("export_not_unpackable") from None
        yield part
        waiting = unpacker.unconsumed_tail or unpacker.unused_data
        if unpacker.eof and waiting:
            unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        if not waiting and len(part) < _PIECE:
            more = await anext(pieces, None)
            if more is None and not unpacker.eof:
                raise ContractChanged("export_truncated")
            if more is not None and unpacker.eof:
                unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
            waiting = more or b""


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cut at line breaks, also where a piece ends in the middle of a line."""
    rest = b""
    async for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line
        if len(rest) > MOST_LINE_BYTES:
            raise ContractChanged("export_line_too_long")
    yield rest


def _records(line: bytes) -> Iterator[dict[str, object]]:
    """Read one line: an object, or a list of them."""
    if not line.strip():
        return
    try:
        value = json.loads(line)
    except ValueError:
        # Raised below, outside the handler: the decoding error quotes the line.
        value = None
    for record in value if isinstance(value, list) else [value]:
        if not isinstance(record, dict):
            raise ContractChanged("undocumented_export_format")
        yield record
