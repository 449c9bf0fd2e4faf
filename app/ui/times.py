"""Moments, durations and sizes in words, for people."""

from datetime import datetime, timedelta


def ago(moment: datetime, *, now: datetime) -> str:
    """How long ago, in the largest unit that fits: `just now`, `5 min ago`, `3 h ago`, `2 d ago`, then the date."""
    passed = now - moment
    if passed < timedelta(minutes=1):
        return "just now"
    if passed < timedelta(hours=1):
        return f"{passed // timedelta(minutes=1)} min ago"
    if passed < timedelta(days=1):
        return f"{passed // timedelta(hours=1)} h ago"
    if passed < timedelta(days=7):
        return f"{passed // timedelta(days=1)} d ago"
    return f"{moment:%-d %b %Y}"


def duration(milliseconds: int | None) -> str:
    """A duration to three figures at most: `8 ms`, `1.42 s`, `3 min 5 s`; nothing for None."""
    if milliseconds is None:
        return ""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1000
    return f"{seconds:.3g} s" if seconds < 59.95 else f"{round(seconds) // 60} min {round(seconds) % 60} s"


def data_size(characters: int) -> str:
    """The size of data to two figures or more: `900 B`, `12 kB`, `3.4 MB`."""
    if characters < 1_000:
        return f"{characters} B"
    if characters < 1_000_000:
        return f"{characters / 1_000:.0f} kB"
    return f"{characters / 1_000_000:.1f} MB"
