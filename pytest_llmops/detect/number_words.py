"""What stands around figures, in the words of each language: scales, units, currencies, hedges and names of periods."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache

from pytest_llmops.detect.packages import needed

LOCALES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "cs", "fi", "ro", "tr", "ru", "uk")
"""Whose names of months and currencies are known, by CLDR."""

SCALES: dict[str, int] = {
    r"thousand|tausend|tsd\.?|mille|mila|mil|duizend|tys\.?|tusen|k": 3,
    r"mil millones|mil milhões|mil m": 9,
    r"millions?|millionen|mio\.?|mill\.|millones|millón|milioni|milione|mln\.?|milhões|milhão|mi|miljoen|mn|mm|m|miliona?|milionów|miljoner|millioner|миллион\w*|млн\.?|мільйон\w*|milyon": 6,
    r"billions?|bn|b|milliarden?|mrd\.?|milliards?|mds?|miliardi|miliardo|mld\.?|bilhões|bilhão|bi|miljard|miliard\w*|miljarder|milliarder|миллиард\w*|млрд\.?|мільярд\w*|milyar": 9,
    r"trillions?|tn|billionen|bio\.?|billones|billón|bilioni|trilhões|trilhão|biljoen|триллион\w*|трлн\.?|trilyon": 12,
}
"""Words to the power of ten that they stand for; a word in a language of the long scale stands in its own form."""

CJK = {"千": 3, "万": 4, "萬": 4, "億": 8, "亿": 8, "兆": 12, "만": 4, "억": 8, "조": 12}

UNITS: dict[str, tuple[str, Decimal]] = {
    r"percentage points?|prozentpunkte?n?|points? de pourcentage|puntos? porcentuale?s?|punti percentuali|pontos? percentua\w+|procentpunt\w*|pp\.?|ppts?|个百分点|ポイント": (
        "points",
        Decimal(1),
    ),
    r"basis points?|basispunkte?n?|basispunten|points? de base|puntos básicos|punti base|pontos?[- ]base|bps|bp|个基点": (
        "points",
        Decimal("0.01"),
    ),
    r"%|percent|per cent|prozent|pour cent|por ciento|por cento|per cento|procent|pct|процент\w*|yüzde|パーセント": (
        "%",
        Decimal(1),
    ),
    r"tonnes?|tons?|tonnen|toneladas?|tonnellate|ton|t": ("g", Decimal(1_000_000)),
    r"kilogram\w*|kilogramm|kilos?|kg": ("g", Decimal(1000)),
    r"gram(?:s|me|mes)?|gramm|gramos|gramas|g": ("g", Decimal(1)),
    r"milligram\w*|mg": ("g", Decimal("0.001")),
    r"twh": ("wh", Decimal(10**12)),
    r"gwh|gigawatt-?hours?": ("wh", Decimal(10**9)),
    r"mwh|megawatt-?hours?": ("wh", Decimal(10**6)),
    r"kwh|kilowatt-?hours?": ("wh", Decimal(1000)),
    r"ms|milliseconds?|millisekunden|millisecondes|milisegundos": ("s", Decimal("0.001")),
    r"s|secs?|seconds?|sekunden?|secondes?|segundos?|secondi": ("s", Decimal(1)),
    r"min|mins|minutes?|minuten?|minutos?|minuti": ("s", Decimal(60)),
    r"h|hrs?|hours?|stunden?|heures?|horas?|ore|uur|uren": ("s", Decimal(3600)),
    r"days?|tagen?|tage|jours?|días?|dias?|giorni|dagen|dage": ("s", Decimal(86400)),
    r"weeks?|wochen?|semaines?|semanas?|settimane|weken": ("s", Decimal(604800)),
    r"months?|monaten?|monate|mois|mes(?:es)?|mesi|mês|maanden|måneder": ("months", Decimal(1)),
    r"years?|jahren?|jahre|ans|années?|años?|anni|anos?|jaar": ("months", Decimal(12)),
    r"kb": ("b", Decimal(10**3)),
    r"mb": ("b", Decimal(10**6)),
    r"gb": ("b", Decimal(10**9)),
    r"tb": ("b", Decimal(10**12)),
    r"kilomet(?:er|re)s?n?|kilómetros?|chilometri|quilômetros|quilómetros|km": ("m", Decimal(1000)),
    r"met(?:er|re)s?n?|mètres?|metros?|metri": ("m", Decimal(1)),
    r"km/h|kph|kilomet(?:er|re)s per hour|kilometer pro stunde": ("km/h", Decimal(1)),
}
"""Words to the kind of quantity, and how much of its smallest unit one is."""

SYMBOLS = {
    "US$": "USD", "R$": "BRL", "A$": "AUD", "C$": "CAD", "HK$": "HKD", "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "￥": "JPY",
    "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "zł": "PLN", "Fr.": "CHF", "Kč": "CZK", "円": "JPY", "元": "CNY", "원": "KRW",
    "人民币": "CNY", "美元": "USD", "欧元": "EUR", "日元": "JPY", "ドル": "USD", "ユーロ": "EUR", "¢": "USD",
}  # fmt: skip
"""Signs of currencies; a dollar without a country is the one of the United States."""

SPOKEN = {
    r"u\.?s\.?[- ]?dollars?|dollars?|dólar(?:es)?|dollari|dolarów|dolar\w*|доллар\w*": "USD",
    r"euros?": "EUR", r"pounds?(?: sterling)?|pfund|livres? sterling|libras?|sterline|pond": "GBP",
    r"swiss francs?|schweizer franken|franken|francs? suisses?|francs?": "CHF",
    r"yen": "JPY", r"yuan|renminbi|rmb": "CNY", r"reais": "BRL", r"rupees?|rupien": "INR",
    r"kronor": "SEK", r"złotych|zloty|złoty\w*": "PLN", r"руб\w*": "RUB",
}  # fmt: skip
"""How people call currencies, where CLDR's full name says more."""

ABOUT = r"about|around|roughly|approximately|approx\.?|some|circa|ca\.?|c\.|almost|nearly|just (?:over|under)|~|≈|rund|etwa|ungefähr|knapp|gut|fast|environ|près de|autour de|presque|unos|unas|cerca de|alrededor de|aproximadamente|casi|rondaron (?:los|las)|circa|quasi|ongeveer|bijna|около|约|約"
OVER = r"over|more than|above|at least|exceed(?:s|ed|ing)?|upwards of|über|mehr als|mindestens|plus de|más de|oltre|più di|mais de|meer dan|超过"
UNDER = r"under|less than|below|at most|up to|unter|weniger als|höchstens|moins de|menos de|meno di|minder dan|不到"

REFERENCE = r"section|sections|sect\.|article|art\.|clause|page|p\.|pp\.|chapter|step|table|figure|fig\.|note|footnote|item|appendix|line|question|option|version|v|slide|paragraph|§+|abschnitt|artikel|seite|s\.|kapitel|schritt|tabelle|abbildung|nr\.|ziffer|absatz|section|page|chapitre|étape|tableau|n°|sección|artículo|página|capítulo|paso|tabla|figura|núm\.|sezione|pagina|capitolo|passo|seção|etapa|iso|iec|din|rfc|ifrs|ias|covid|gpt|llama|basel|form|web|python|java|windows"
"""Words before a number that is a name or a place, and no figure."""

QUARTERS = {
    1: r"first|1st|ersten?|erste[sn]?|1\.|premier|1er|primer|primo|1\.º|primeiro|eerste|第一|一",
    2: r"second|2nd|zweiten?|zweite[sn]?|2\.|deuxième|second|2e|segundo|secondo|2\.º|tweede|第二|二",
    3: r"third|3rd|dritten?|dritte[sn]?|3\.|troisième|3e|tercer|terzo|3\.º|terceiro|derde|第三|三",
    4: r"fourth|4th|vierten?|vierte[sn]?|4\.|quatrième|4e|cuarto|quarto|4\.º|vierde|第四|四",
}
QUARTER = r"quarters?|quartals?|trimestre|kwartaal|季度|四半期"
HALF = r"half(?: year|-year)?|halbjahrs?|semestre|jaarhelft|半年"

LOSS = r"loss(?:es)?|deficit|fehlbetrag|verlust\w*|perte|pertes|pérdidas?|perdita|prejuízo|verlies|赤字|损失"
PROFIT = r"profit|profits|earnings|surplus|gewinn|überschuss|bénéfices?|beneficios?|utile|lucro|winst|黒字"
DOWN = r"down|fell|falls|fallen|falling|lost|lose[sd]?|dropped|drop|decreased?|decreasing|declined?|lowered|lower|cut|reduced|shrank|slipped|minus|sank|sanken|gesunken|fiel|fielen|senkte|gesenkt|zurückgegangen|rückgang|baisse|baissé|recule|recul|diminué|chute|bajó|cayó|descendió|bajada|reducción|calo|scesa|sceso|diminuito|caiu|queda|daalde|gedaald"
UP = r"up|rose|rises|risen|rising|gained|gains?|grew|grown|growth|increased?|increasing|raised|hiked|higher|climbed|jumped|plus|stieg|stiegen|gestiegen|erhöhte|erhöht|anstieg|zuwachs|hausse|progressé|progresse|augmenté|subió|creció|aumentó|subida|aumento|salita|salito|cresciuto|aumentado|subiu|cresceu|steeg|gestegen"
LEVEL = r"to|from|at|auf|von|bei|vom|à|a|hasta|naar|op"
"""Before a figure that a movement starts from or ends at, and not the movement."""

COUNTED: dict[str, int] = {
    word: at
    for line in (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty",
        "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn zwanzig",
        "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize",
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince",
    )
    for at, word in enumerate(line.split())
} | {"once": 1, "twice": 2, "einmal": 1, "zweimal": 2, "dreimal": 3, "eine": 1, "une": 1}
"""Number words of small numbers, in English, German, French and Spanish."""


def words(pattern: str) -> str:
    """A group of words that stand alone."""
    return rf"(?<!\w)(?:{pattern})(?!\w)"


@cache
def months() -> dict[str, int]:
    """Names of months, in small letters and without a full stop, to their numbers."""
    needed("babel", extra="quality", to="reading figures")
    from babel import Locale

    named: dict[str, int] = {}
    for code in LOCALES:
        for form in Locale(code).months.values():
            for width in ("wide", "abbreviated"):
                named |= {name.lower().rstrip("."): month for month, name in form[width].items() if not name.isdigit()}
    return {name: month for name, month in named.items() if len(name) > 2} | {"sept": 9}


@cache
def currencies() -> tuple[re.Pattern[str], dict[str, str]]:
    """What names a currency, and its code by what is matched, in small letters."""
    needed("babel", extra="quality", to="reading figures")
    from babel import Locale
    from babel.numbers import get_currency_name

    named = {name.lower(): code for name, code in SYMBOLS.items()}
    wanted = sorted({*SYMBOLS.values(), *SPOKEN.values(), "NOK", "DKK", "HUF", "MXN", "NZD", "SGD", "ZAR", "ILS"})
    for locale in LOCALES:
        for code in wanted:
            for count in (1, 2, 5):
                named.setdefault(get_currency_name(code, count, Locale(locale)).lower(), code)
    ordered = sorted(named, key=len, reverse=True)
    spelled = [name for name in ordered if name[0].isalpha() and name[0] < "\u3000" and name[-1].isalpha()]
    names = "|".join(map(re.escape, spelled))
    signs = "|".join(re.escape(name) for name in ordered if name not in spelled)
    codes = words("|".join(wanted))
    found = re.compile(rf"(?-i:{codes})|{words(names + '|' + '|'.join(SPOKEN))}|{signs}", re.IGNORECASE)
    return found, named | {code.lower(): code for code in wanted}


@cache
def scale_of(word: str) -> int:
    """The power of ten that a word stands for."""
    return next(power for pattern, power in SCALES.items() if re.fullmatch(pattern, word, re.IGNORECASE))


@cache
def unit_of(word: str) -> tuple[str, Decimal]:
    """The kind of quantity that a unit is of, and its factor."""
    return next(unit for pattern, unit in UNITS.items() if re.fullmatch(pattern, word, re.IGNORECASE))


@cache
def currency_of(word: str) -> str:
    """The code of a currency as it is named."""
    code = currencies()[1].get(word.lower())
    return code or next(code for pattern, code in SPOKEN.items() if re.fullmatch(pattern, word, re.IGNORECASE))
