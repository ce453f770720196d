"""Agencies as a cell names them: who leads, who helps, who answers for it, and what a person must decide."""

import re
import unicodedata
from dataclasses import replace

from shared.naming import bodies
from shared.naming.directory import Directory
from shared.naming.issuers import Issuer
from shared.naming.lookup import Finder, Similarity
from shared.naming.mentions import Indefinite, Mention, Naming, Unknown
from shared.naming.passage import PARENTHESIS, Passage
from shared.naming.reader import Reader
from shared.naming.roles import Part, parts_of

__all__ = ["MAX_LENGTH", "Indefinite", "Mention", "Naming", "Unknown", "find_agencies", "repeats_above"]

MAX_LENGTH = 2_000  # characters; the longest cell of the real annexes has 140
_ABOVE = re.compile(
    r"[\W_]*(?:n\.?\s?t\.?|như\s+(?:dòng|mục|ô|ở)?\s*trên)[\W_]*|[\s().–—-]*(?:[\"”“″〃]{1,2}|''|//)[\s().–—-]*",
    re.IGNORECASE,
)


def repeats_above(text: str) -> bool:
    """True if a cell repeats the one above: "nt", "-nt-", "như trên", "//"."""
    return _ABOVE.fullmatch(unicodedata.normalize("NFC", text)) is not None


def cell_finder(directory: Directory, similarity: Similarity, issuer: str = "") -> Finder[Naming]:
    """Reads the agencies cells of one file; the parameters are those of `find_agencies`."""
    return Finder(
        lambda text, by: find_agencies(text, directory, by, issuer),
        similarity,
        lambda naming: len(naming.unknown) + sum(item.how == "fuzzy" for item in naming.found),
    )


def find_agencies(text: str, directory: Directory, similarity: Similarity | None, issuer: str = "") -> Naming:
    """Read one agencies cell.

    Args:
        text: as printed, in any case and Unicode form.
        directory: from `directory_of`.
        similarity: of two keys, 0 to 100, symmetric; word order may count or not. None: exact names only.
        issuer: code of the agency that issued the document; "" where it is not known. Its units and communes are
            meant where a name is not definite by itself.
    """
    text = unicodedata.normalize("NFC", text)
    if len(text) > MAX_LENGTH:
        return Naming(unknown=(Unknown(text, reason="too_long"),))
    if repeats_above(text):
        return Naming(unknown=(Unknown(text.strip(), reason="repeat"),))
    parts, role_words = parts_of(text)
    if any(bodies.takes_out(PARENTHESIS.sub(" ", each)) for each in (text, *(part.text for part in parts))):
        return Naming(unknown=(Unknown(text.strip(), reason="exception"),))
    leads = any(part.role == "lead" for part in parts)
    by = Issuer(directory, issuer)
    read: list[Naming] = []
    for part in parts:
        naming = _with_roles(part, Reader(Passage(part.text), by, similarity).read(), leads=leads)
        if read and naming == Naming(notes=naming.notes):
            read[-1] = _with_note_behind(read[-1], naming.notes)
        read.append(naming)
    return Naming(
        tuple(each for naming in read for each in naming.found),
        tuple(each for naming in read for each in naming.indefinite),
        tuple(each for naming in read for each in naming.unknown),
        tuple(each for naming in read for each in naming.notes),
        tuple(each for naming in read for each in naming.asides),
        role_words,
    )


def _with_note_behind(naming: Naming, notes: tuple[str, ...]) -> Naming:
    """A note behind the role of a phrase that names many may narrow it: "Các địa phương chủ trì (ven biển)"."""
    last = naming.found[-1] if naming.found else None
    if last is None or last.kind == "agency" or all(map(bodies.reaches_further, notes)):
        return naming
    doubt = Unknown(f"{last.text} ({'; '.join(notes)})", reason="note_unclear", role=last.role)
    return replace(naming, found=naming.found[:-1], unknown=(*naming.unknown, doubt))


def _with_roles(part: Part, naming: Naming, *, leads: bool) -> Naming:
    """Give the names of a part its role.

    A role in a parenthesis applies to the name before it; to all before it only where they would else have none.
    """
    if part.unclear or (part.attached and part.role == "lead" and len(naming.found) > 1):
        return replace(
            naming, found=(), unknown=(*naming.unknown, Unknown(part.text.strip(), reason="role_unclear"))
        )
    found, role = list(naming.found), part.role
    if part.attached and role == "coordinate" and not leads and len(found) > 1:
        if len(found) > 2:  # noqa: PLR2004 - "A, B, C (phối hợp)": it is unclear who leads with A
            return replace(
                naming, found=(), unknown=(*naming.unknown, Unknown(part.text.strip(), reason="role_unclear"))
            )
        found[-1] = replace(found[-1], role=role)
    elif part.after_lead:
        found = [replace(each, role="coordinate", assumed=True) for each in found]
    else:
        found = [replace(each, role=role) for each in found]
    return replace(
        naming,
        found=tuple(found),
        indefinite=tuple(
            replace(each, role="coordinate" if part.after_lead else role) for each in naming.indefinite
        ),
        unknown=tuple(
            replace(each, role="coordinate" if part.after_lead else role) for each in naming.unknown
        ),
    )
