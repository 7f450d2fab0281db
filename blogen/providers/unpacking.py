"""Unpacks a compressed body piece by piece under a limit, so that a small answer cannot become a huge one."""

import zlib

ACCEPTED_ENCODINGS = "gzip, deflate"


class TooLong(Exception):
    """A body is longer than it may be; `start` is how it begins."""

    def __init__(self, max_bytes: int, start: bytes = b"") -> None:
        super().__init__(f"longer than {max_bytes} bytes")
        self.max_bytes = max_bytes
        self.start = start


class Unreadable(Exception):
    """A body is not packed the way its headers say, or in a way that was not asked for."""


class Unpacking:
    """Feed it a body as it comes and get it back unpacked. Raises `TooLong` and `Unreadable`."""

    def __init__(self, encoding: str, max_bytes: int) -> None:
        encoding = encoding.strip().lower()
        if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise Unreadable(f"packed as {encoding[:40]!r}, which was not asked for")
        # 47: zlib recognises gzip and zlib headers by itself.
        self._inflate = zlib.decompressobj(47) if encoding not in {"", "identity"} else None
        self._may_be_raw = encoding == "deflate"
        self._max_bytes = max_bytes
        self._length = 0
        self._start = b""

    def feed(self, piece: bytes) -> bytes:
        """The next piece, unpacked."""
        if self._inflate is not None and piece:
            piece = self._unpacked(piece)
        self._length += len(piece)
        if len(self._start) < 2000:
            self._start += piece[:2000]
        if self._length > self._max_bytes:
            raise TooLong(self._max_bytes, self._start)
        return piece

    def finish(self) -> None:
        """Say that the body has ended. Raises `Unreadable` if it ended too early."""
        if self._inflate is not None and self._length and not self._inflate.eof:
            raise Unreadable("the packed body ends too early")

    def _unpacked(self, piece: bytes) -> bytes:
        assert self._inflate is not None
        # One byte more than is allowed is enough to notice that it is too much.
        room = self._max_bytes - self._length + 1
        try:
            return self._inflate.decompress(piece, room)
        except zlib.error as error:
            if not self._may_be_raw:
                raise Unreadable("the body is not packed the way its headers say") from error
        finally:
            was_raw, self._may_be_raw = self._may_be_raw, False
        assert was_raw
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)  # some servers send deflate without its header
        return self._unpacked(piece)
