"""Figures and times as the sentences of the checks write them."""

from datetime import datetime, timedelta
from fractions import Fraction

from traceability.ledger.apportioning import half_even
from traceability.ledger.mass import Interval


def number(value: Fraction, places: int = 2) -> str:
    """Return a number rounded half to even, without trailing zeros: for display."""
    scaled = half_even(abs(value.numerator) * 10**places, value.denominator)
    whole, part = divmod(scaled, 10**places)
    sign = "-" if value < 0 and scaled else ""
    decimals = f"{part:0{places}}".rstrip("0")
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def percent(share: Fraction) -> str:
    """Return a share in percent."""
    return f"{number(share * 100)} %"


def percents(low: Fraction, high: Fraction) -> str:
    """Return a range of shares in percent; one figure where the ends are equal."""
    return percent(low) if low == high else f"{percent(low)} to {percent(high)}"


def amount(gross: int, unit: str = "mg") -> str:
    """Return an amount as it is spoken of: in kilograms, or in pieces."""
    if unit != "mg":
        return f"{gross} pieces"
    return f"{number(Fraction(gross, 10**6), 6)} kg"


def amounts(mass: Interval) -> str:
    """Return a range of masses in kilograms; one figure where the ends are equal."""
    if mass.is_point:
        return amount(mass.low)
    return f"{number(Fraction(mass.low, 10**6), 6)} to {amount(mass.high)}"


def span(duration: timedelta) -> str:
    """Return a duration: in days from two days on, else in hours and minutes."""
    minutes = int(duration / timedelta(minutes=1))
    if minutes >= 48 * 60:
        return f"{number(Fraction(minutes, 24 * 60), 1)} days"
    return f"{minutes // 60} h {minutes % 60} min"


def days(duration: timedelta) -> Fraction:
    """Return a duration in days, exactly."""
    return Fraction(duration // timedelta(microseconds=1), 86_400_000_000)


def clock(moment: datetime) -> str:
    """Return the local time of day."""
    return f"{moment:%H:%M}"
