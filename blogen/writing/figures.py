"""Finds the figures of a text (numbers with their unit) in a form in which they can be compared."""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import NamedTuple


class Figure(NamedTuple):
    """A number as written, what it can mean (`1.000` is a thousand or one), and its unit if it has a known one."""

    written: str
    values: frozenset[Decimal]
    unit: str


_NUMBER = re.compile(
    r"(?<![^\W\u3040-\u9fff])(?<!\d[.,'’])(?P<sign>[-−–])?(?P<before>[$€£¥₹])?\s?"
    r"(?P<number>\d{1,3}(?:[\u00a0\u202f\u2009 ]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,'’٬٫]\d+)*)"
    r"(?P<rest>[\s\u00a0\u202f-]?[^\W\d_]+(?:\s?[^\W\d_]+)?|\s?[%‰°$€£¥₹]\s?[CF]?)?"
)
_JOINS = re.compile(
    r"\s*(?:[-–—−/,]|to|and|or|bis|und|oder|à|et|ou|hasta|y|o|a|e|até|en|tot|of|до|и|или|से|या|إلى|أو|~|～|、)\s*\Z"
)
_LOOSE = re.compile(r"\d+(?:[.,'’٬٫]\d+)*")

_SCALES = {
    1_000: "thousand thousands k tausend mille mil mila duizend тысяча тысячи тысяч тыс हज़ार हजार ألف آلاف 千",
    10_000: "万 萬",
    100_000: "lakh lakhs लाख",
    1_000_000: "million millions mio mn millionen millionens millones millón milhão milhões milione milioni miljoen "
    "миллион миллиона миллионов млн मिलियन مليون ملايين 百万",
    10_000_000: "crore crores करोड़",
    100_000_000: "億 亿",
    1_000_000_000: "billion billions bn milliarde milliarden milliard milliards mrd miliardo miliardi miljard "
    "миллиард миллиарда миллиардов млрд अरब مليار",
}
_SCALE = {word: Decimal(scale) for scale, words in _SCALES.items() for word in words.split()}

_UNITS = {
    "%": "% percent per-cent percentage prozent pour-cent por-ciento por-cento per-cento procent процент процента "
    "процентов प्रतिशत بالمئة بالمائة パーセント",
    "‰": "‰",
    "ns": "ns nanosecond nanoseconds nanosekunden",
    "us": "us µs μs microsecond microseconds mikrosekunden microsecondes microsegundos",
    "ms": "ms millisecond milliseconds millisekunde millisekunden milliseconde millisecondes milisegundo milisegundos "
    "milissegundos millisecondi мс ミリ秒 毫秒",
    "s": "s sec secs second seconds sekunde sekunden seconde secondes segundo segundos secondo secondi seconden "
    "секунда секунды секунд सेकंड ثانية 秒",
    "min": "min mins minute minutes minuten minuto minutos minuti minuut минута минуты минут मिनट دقيقة 分",
    "h": "h hr hrs hour hours stunde stunden heure heures hora horas ora ore uur час часа часов घंटे घंटा ساعة 小时 時間",
    "day": "day days tag tage tagen jour jours día días dia dias giorno giorni dag dagen день дня дней दिन يوم "
    "أيام 天 日間",
    "year": "year years jahr jahre jahren ans année années año años ano anos anno anni jaar jaren год года лет साल "
    "سنة سنوات",
    "B": "byte bytes octet octets",
    "KB": "kb kib kilobyte kilobytes kilooctets",
    "MB": "mb mib megabyte megabytes",
    "GB": "gb gib gigabyte gigabytes",
    "TB": "tb tib terabyte terabytes",
    "mm": "mm millimetre millimetres millimeter millimeters",
    "cm": "cm centimetre centimetres centimeter centimeters",
    "m": "m metre metres meter meters metern mètre mètres metro metros metri метр метра метров मीटर متر 米 メートル",
    "km": "km kilometre kilometres kilometer kilometers kilometern kilomètre kilomètres kilómetro kilómetros "
    "quilômetros quilómetros chilometri километр километра километров किलोमीटर كيلومتر 公里 キロメートル",
    "mile": "mile miles meile meilen",
    "ft": "ft foot feet",
    "g": "g gram grams gramm gramme grammes gramos grammi грамм",
    "kg": "kg kilo kilos kilogram kilograms kilogramm kilogramme kilogrammes kilogramos kilogrammi килограмм 公斤",
    "t": "tonne tonnes ton tons tonnen toneladas tonnellate тонн",
    "l": "l liter liters litre litres litern litros litri литр литра литров",
    "°C": "°c ℃",
    "°F": "°f ℉",
    "°": "° degree degrees grad degrés grados graus gradi graden градусов",
    "$": "$ usd dollar dollars dólares dollari доллар доллара долларов ドル",
    "€": "€ eur euro euros евро",
    "£": "£ gbp pound pounds",
    "¥": "¥ jpy cny yen yuan 円 元",
    "₹": "₹ rupee rupees रुपये",
    "W": "w watt watts",
    "kW": "kw kilowatt kilowatts",
    "kWh": "kwh",
    "Hz": "hz hertz",
    "MHz": "mhz",
    "GHz": "ghz",
}
_UNIT = {word: unit for unit, words in _UNITS.items() for word in words.split()}


def figures(text: str) -> list[Figure]:
    """The figures of `text` in their order. A number that belongs to a name (`p50`, `UUIDv7`) is none."""
    return [figure for figure, _, _ in _found(folded(text))]


class Figures:
    """The figures of a source, ready to be asked."""

    def __init__(self, text: str) -> None:
        text = folded(text)
        self._units: dict[Decimal, set[str]] = {}
        waiting: list[Figure] = []
        last = 0
        for figure, start, end in _found(text):
            # In `5 to 7 ms` the first number is in milliseconds, too.
            waiting = waiting if _JOINS.match(text[last:start]) else []
            for other in [*waiting, figure]:
                for value in other.values:
                    self._units.setdefault(value, set()).update({other.unit, figure.unit})
            waiting = [] if figure.unit else [*waiting[-3:], figure]
            last = end
        # Numbers grouped by spaces may also be several numbers; those inside names count as present, too.
        self._loose = {value for number in _LOOSE.findall(text) for value in _values(number)}

    def bear(self, figure: Figure) -> bool:
        """Whether the text has this number with this unit."""
        for value in figure.values:
            units = self._units.get(value)
            if units is None:
                if not figure.unit and value in self._loose:
                    return True
            elif not figure.unit or figure.unit in units:
                return True
        return False


def folded(text: str) -> str:
    """`text` with the digits of every script and width as ASCII digits."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(character)) if character > "\x7f" and character.isdecimal() else character
        for character in text
    )


def _found(text: str) -> Iterator[tuple[Figure, int, int]]:
    for match in _NUMBER.finditer(text):
        values = _values(match["number"])
        if not values:
            continue
        scale, unit = _scale_and_unit(match["rest"] or "")
        unit = _UNIT.get(match["before"] or "", unit)
        if unit == "s" and match["rest"] == "s" and re.fullmatch(r"[12]\d\d0", match["number"]):
            unit = ""  # the 1990s
        sign = -1 if match["sign"] and not _follows_a_word(match) else 1
        end = match.end("number") if scale == 1 and not unit else match.end()
        yield Figure(match[0].strip(), frozenset(value * scale * sign for value in values), unit), match.start(), end


def _values(number: str) -> frozenset[Decimal]:
    """What a number can mean in one or the other way of writing numbers."""
    bare = re.sub(r"[\u00a0\u202f\u2009 '’٬]", "", number).replace("٫", ".")
    readings = set()
    commas, points = bare.count(","), bare.count(".")
    if commas and points:
        decimal = "," if bare.rindex(",") > bare.rindex(".") else "."
        grouping = "." if decimal == "," else ","
        if bare.count(decimal) == 1:
            readings.add(bare.replace(grouping, "").replace(decimal, "."))
    elif commas or points:
        sign = "," if commas else "."
        groups = bare.split(sign)
        if all(len(group) == 3 for group in groups[1:]) and len(groups[0]) <= 3:
            readings.add("".join(groups))
        if len(groups) == 2:
            readings.add(f"{groups[0]}.{groups[1]}")
        if not readings:
            # A version, a date or an address: its parts must be found as they stand.
            readings.add("".join(f"{int(group):04d}" for group in groups) + f".{len(groups)}7")
    else:
        readings.add(bare)
    values = set()
    for reading in readings:
        try:
            values.add(Decimal(reading).normalize())
        except InvalidOperation:
            continue
    return frozenset(values)


def _scale_and_unit(rest: str) -> tuple[Decimal, str]:
    words = rest.lower().replace("-", " ").split()
    if not words:
        return Decimal(1), ""
    if words[0][0] > "\u3000":
        return _unspaced_scale_and_unit(words[0])
    if (joined := "-".join(words)) in _UNIT:
        return Decimal(1), _UNIT[joined]
    scale = _SCALE.get(words[0], Decimal(1))
    if words[0] in _SCALE:
        words = words[1:]
    compact = "".join(words[:2]) if words and words[0] == "°" else "".join(words[:1])
    return scale, _UNIT.get(compact, "")


def _unspaced_scale_and_unit(run: str) -> tuple[Decimal, str]:
    scale = Decimal(1)
    for length in (2, 1):
        if run[:length] in _SCALE:
            scale, run = _SCALE[run[:length]], run[length:]
            break
    return scale, next((_UNIT[run[:length]] for length in (6, 5, 4, 3, 2, 1) if run[:length] in _UNIT), "")


def _follows_a_word(match: re.Match[str]) -> bool:
    before = match.string[: match.start()]
    return bool(before) and (before[-1].isalnum() or before[-1] in ")]")
