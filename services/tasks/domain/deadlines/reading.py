"""Reading a deadline from an administrative sentence.

Steps: normalise; blank document numbers, recurrences, open ends and durations; find days and periods with their governing
words; decide; account for every word beside the date that is used. A text that cannot be decided is kept verbatim and
flagged; nothing is guessed.
"""

from dataclasses import replace
from datetime import date

from services.tasks.domain.deadlines.deciding import decide
from services.tasks.domain.deadlines.durations import take_durations, take_horizons
from services.tasks.domain.deadlines.flags import DeadlineFlag, DeadlineKind
from services.tasks.domain.deadlines.marks import mask_document_numbers, mask_owned_numbers
from services.tasks.domain.deadlines.mentions import find_mentions
from services.tasks.domain.deadlines.model import Reading, Understood
from services.tasks.domain.deadlines.recurrences import take_recurrence
from services.tasks.domain.deadlines.spelling import in_legacy_encoding, normalise
from services.tasks.domain.deadlines.words import URGENT, take_figures, take_open_end

MOST_CHARACTERS = (
    300  # the longest known has 110; a thousand of the worst would hold the event loop for 30 ms
)


def read_deadline(text: str, issued_on: date | None = None, *, before_includes_day: bool = False) -> Reading:
    """The reading of any text, empty and unreadable ones included.

    Args:
        text: a deadline phrase, or the whole sentence that holds one; a longer text is flagged, whatever it holds.
        issued_on: day of the document; gives "năm nay" its year and flags a deadline that lies before it.
        before_includes_day: "trước ngày 15/11" means the 15th; by default the 14th. Months and longer are not touched.
    """
    if len(text) > MOST_CHARACTERS:
        return Reading(text, DeadlineKind.NONE, flags=(DeadlineFlag.UNDATED, DeadlineFlag.TOO_LONG))
    if in_legacy_encoding(text):
        return Reading(text, DeadlineKind.NONE, flags=(DeadlineFlag.UNDATED, DeadlineFlag.LEGACY_ENCODING))
    plain, corrected = normalise(text, issued_on)
    understood, horizon = _understand(plain, before_includes_day=before_includes_day)
    reading = decide(understood, before_includes_day=before_includes_day)
    flags = set(reading.flags)
    if reading.kind is DeadlineKind.NONE:
        flags.add(DeadlineFlag.UNDATED)
        flags |= {DeadlineFlag.HORIZON_IGNORED} if horizon else set()
        flags |= {DeadlineFlag.URGENT} if URGENT.search(understood.words) else set()
    if corrected:
        flags.add(DeadlineFlag.DIGITS_CORRECTED)
    if issued_on and reading.due_on and reading.due_on < issued_on:
        flags.add(DeadlineFlag.PAST_ISSUE)
    if reading.unread_words:
        flags.add(DeadlineFlag.WORDS_UNREAD)
    return replace(reading, text=text, flags=tuple(flag for flag in DeadlineFlag if flag in flags))


def _understand(plain: str, *, before_includes_day: bool) -> tuple[Understood, bool]:
    words, recurring = take_recurrence(take_figures(mask_owned_numbers(mask_document_numbers(plain))))
    words, open_end = take_open_end(words)
    words, horizon = take_horizons(words)
    words, durations = take_durations(words)
    mentions = find_mentions(words, durations, before_includes_day=before_includes_day)
    return Understood(plain, words, recurring, durations, open_end, mentions), horizon
