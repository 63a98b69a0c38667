"""From the bytes of a watch line or a list page to typed objects; what cannot be read is set aside, never fatal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import repeat
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import msgspec

from basefly.base.kube.discovery import Resource
from basefly.base.kube.objects import ListMeta, ObjectMeta, Page, PartialObject, TypeMeta, decode
from basefly.base.kube.watch.events import Body

T = TypeVar("T")

END_OF_LIST = "k8s.io/initial-events-end"
READERS = 1024  # kinds whose readers are held


class Unreadable(NamedTuple):
    """An object that could not be decoded: what could be learnt of it, and why not more."""

    metadata: ObjectMeta
    reason: str


class Whole(NamedTuple):
    """A decoder of objects that are wanted as they came, too."""

    decoder: msgspec.json.Decoder[Any]


class Frame(NamedTuple):
    """One watch event: its type and the bytes of its object."""

    type: bytes
    body: memoryview


class PageOf(NamedTuple):
    """A list page: where it stands, and its objects one by one, each with the whole of it where that was asked for."""

    metadata: ListMeta
    objects: Iterator[tuple[Any, Body]]


class BookmarkMeta(msgspec.Struct, rename="camel", frozen=True):
    """The metadata of a bookmark's object."""

    resource_version: str = ""
    annotations: dict[str, str] | None = None


class BookmarkObject(msgspec.Struct):
    """The object of a BOOKMARK event."""

    metadata: BookmarkMeta = BookmarkMeta()

    @property
    def ends_list(self) -> bool:
        """Whether all initial events have been sent."""
        return (self.metadata.annotations or {}).get(END_OF_LIST) == "true"


class _Frame(msgspec.Struct, gc=False):
    type: str
    object: msgspec.Raw


class Told(msgspec.Struct, Generic[T], gc=False):
    """A watch event about a sound object of the kind that is followed."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    object: T


# As Go writes typed objects: name, namespace, uid and version, before anything of the object itself.
_IDENTITY = re.compile(
    rb'\{(?:"kind":"\w*","apiVersion":"[\w./]*",)?"metadata":\{"name":"([^"\\]*)"(?:,"generateName":"[^"\\]*")?'
    rb'(?:,"namespace":"([^"\\]*)")?,"uid":"([^"\\]*)","resourceVersion":"(\d*)"'
)
_frames = msgspec.json.Decoder(_Frame)
_partials = msgspec.json.Decoder(PartialObject)
_types = msgspec.json.Decoder(TypeMeta)
_bookmarks = msgspec.json.Decoder(BookmarkObject)
_raw_pages = msgspec.json.Decoder(Page[msgspec.Raw])
_heads = msgspec.json.Decoder(Page[Any])


class Reader:
    """Reads one kind, and remembers nothing of it.

    `decoder` says how far: it yields objects with a `.metadata` as ObjectMeta has it.
    """

    def __init__(self, kind: str, version: str, decoder: msgspec.json.Decoder[Any], *, whole: bool) -> None:
        self.whole = whole
        self._decoder = decoder
        shape: Any = decoder.type
        self._pages: msgspec.json.Decoder[Page[Any]] = msgspec.json.Decoder(Page[shape])
        self._types = {(kind, version), ("PartialObjectMetadata", "meta.k8s.io/v1")}
        self._told = None if self.whole else _telling(shape, self._types)
        # Go writes typed objects with the kind first and custom resources in alphabetical order.
        self._prefixes = tuple(
            text.encode()
            for k, v in self._types
            for text in (f'{{"kind":"{k}","apiVersion":"{v}"', f'{{"apiVersion":"{v}","kind":"{k}"')
        )

    @classmethod
    def of(cls, resource: Resource, decoder: msgspec.json.Decoder[Any] | Whole | None) -> Reader:
        """The reader of a kind: one for all clusters that serve it, as it remembers nothing of what it has read."""
        if isinstance(decoder, Whole):
            return _reader(resource.kind, resource.api_version, decoder.decoder, True)
        return _reader(resource.kind, resource.api_version, decoder or _partials, False)

    def told(self, block: bytes) -> list[Told[Any]] | None:
        """The events of whole lines at once, if nothing about any of them is special; each has to be read, otherwise.

        That is one call for all of them, where line by line it is several for each.
        """
        if self._told is None:
            return None
        try:
            return self._told.decode_lines(block)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return None

    def frame(self, line: bytes) -> Frame:
        """Take a watch line apart. Raises msgspec.DecodeError."""
        # API servers write {"type":"ADDED","object":{...}}: where they do, the object needs no pass of its own.
        mark = line.find(b'","object":', 9, 40)
        if mark > 0 and line.startswith(b'{"type":"') and line.endswith(b"}"):
            return Frame(line[9:mark], memoryview(line)[mark + 11 : -1])
        slow: _Frame = decode(_frames, line)
        return Frame(slow.type.encode(), memoryview(slow.object))

    def object(self, frame: Frame) -> Any:
        """The object of an event, or Unreadable."""
        try:
            if not bytes(frame.body[:100]).startswith(self._prefixes) and (why := self._foreign(frame.body)):
                return Unreadable(ObjectMeta(), why)
            return decode(self._decoder, frame.body)
        except msgspec.DecodeError as error:
            return unreadable(frame.body, error)

    def bookmark(self, frame: Frame) -> BookmarkObject:
        """The object of a BOOKMARK event. Raises msgspec.DecodeError."""
        found: BookmarkObject = decode(_bookmarks, frame.body)
        return found

    def page(self, body: bytes) -> PageOf:
        """A list page; the objects in it that cannot be decoded are Unreadable. Raises msgspec.DecodeError."""
        if not self.whole:
            with suppress(msgspec.DecodeError):
                page: Page[Any] = decode(self._pages, body)
                return PageOf(page.metadata, zip(page.items or (), repeat(b"")))
        raw: Page[msgspec.Raw] = decode(_raw_pages, body)
        return PageOf(raw.metadata, map(self._one, raw.items or ()))

    def _one(self, raw: msgspec.Raw) -> tuple[Any, Body]:
        try:
            return decode(self._decoder, raw), raw
        except msgspec.DecodeError as error:
            return unreadable(raw, error), b""

    def _foreign(self, body: memoryview) -> str:
        found: TypeMeta = decode(_types, body)
        if (found.kind, found.api_version) in self._types:
            return ""
        return f"it says that it is {found.kind or 'nothing'} of {found.api_version or 'nowhere'}"


@lru_cache(maxsize=READERS)
def _reader(kind: str, version: str, decoder: msgspec.json.Decoder[Any], whole: bool) -> Reader:
    return Reader(kind, version, decoder, whole=whole)


def _telling(shape: Any, types: set[tuple[str, str]]) -> msgspec.json.Decoder[Told[Any]] | None:
    """A decoder of events about objects of this shape that say to be of one of these types; others it refuses."""
    if not (isinstance(shape, type) and issubclass(shape, msgspec.Struct)):
        return None
    if {"kind", "apiVersion"} & {field.encode_name for field in msgspec.structs.fields(shape)}:
        return None
    said: list[tuple[str, Any, Any]] = [
        ("says_kind", Literal[tuple({kind for kind, _ in types})], msgspec.field(name="kind")),
        ("says_version", Literal[tuple({version for _, version in types})], msgspec.field(name="apiVersion")),
    ]
    typed = msgspec.defstruct(shape.__name__, said, bases=(shape,), kw_only=True, frozen=True, gc=False)
    return msgspec.json.Decoder(Told[typed])  # type: ignore[valid-type]  # made just now


def unreadable(body: memoryview | msgspec.Raw, error: msgspec.DecodeError) -> Unreadable:
    """What can still be learnt of an object that did not decode: its identity, if need be from the text alone."""
    try:
        return Unreadable(decode(_partials, body).metadata, str(error))
    except msgspec.DecodeError:
        found = _IDENTITY.match(bytes(memoryview(body)[:4096]))
        words = (part.decode("utf-8", "replace") for part in found.groups(b"")) if found else ()
        return Unreadable(ObjectMeta(*words), str(error))


def page_metadata(body: bytes) -> ListMeta:
    """The metadata of a page whose items cannot even be told apart. Raises msgspec.DecodeError."""
    head = body.partition(b',"items":')[0] + b"}"  # as Go writes typed lists: metadata before the items
    _, key, rest = body.rpartition(b'"kind":')  # in alphabetical order: after them
    for part in (head, b"{" + key + rest):
        with suppress(msgspec.DecodeError):
            metadata: ListMeta = decode(_heads, part).metadata
            if metadata.resource_version:
                return metadata
    raise msgspec.DecodeError("the list's metadata cannot be read")
