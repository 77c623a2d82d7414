"""Sentences of an answer that claim nothing: what the sources do not say, greetings, offers of help."""

from __future__ import annotations

import re

_NOT = {
    "en": r"n't|n’t|\bnot\b|\bno\b|\bnothing\b|\bnone\b|\bneither\b|\bcannot\b|\bunable\b|\bwithout\b|\bunclear\b|\bunknown\b|\blacks?\b",
    "de": r"\bkein\w*|\bnicht\w*|\bleider\b|\bunklar\b|\bunbekannt\b|\bohne\b|\bfehl\w+",
    "fr": r"\bne\b|\bn['’]|\bpas\b|\baucune?\b|\brien\b",
    "es": r"\bno\b|\bning\w+|\bnada\b|\bsin\b",
}
_TOLD = {
    "en": r"\b(?:say\w*|said|state[sd]?|statement|mention\w*|contain\w*|inform\w*|find|found|tell|told|giv\w+|provid\w*|cover(?:s|ed)?"
    r"|the (?:report|minutes|manual|agreement|notes|guide|handbook|terms|sheet|policy)|describ\w*|indicat\w*|specif\w*|address\w*|know|known|answer|documents?|sources?|texts?|context|part of|details?|data)\b",
    "de": r"\w*(?:angabe|information|steht\b|stehen\b|erwähn|genannt|nenn|quelle|unterlagen|entnehm|entnommen|hervor|auskunft|finde|regelung|text"
    r"|dokument|beantwort|weiß|aussage|hinweis|bekannt|kontext|enthalten|enthält|gesagt|vor\b)\w*",
    "fr": r"\b(?:indiqu\w*|précis\w*|mentionn\w*|di(?:t|sent|sant)|information\w*|fourni\w*|sources?|documents?|texte\w*|trouv\w*|répon\w*|sais|contien\w*|évoqu\w*|parle\w*)\b",
    "es": r"\b(?:indic\w*|dic\w+|mencion\w*|informaci\w+|fuentes?|documentos?|texto\w*|encuentr\w*|especific\w*|contien\w*|sé)\b",
}
_SAID_SO = {code: (re.compile(_NOT[code], re.IGNORECASE), re.compile(_TOLD[code], re.IGNORECASE)) for code in _NOT}

_COURTESY = re.compile(
    r"\b(?:let me know|feel free|happy to help|glad to help|hope (?:this|that) helps|anything else|further questions|you'?re welcome"
    r"|please note|just ask|anything is unclear|thank(?:s| you)|please (?:contact|ask|reach)|here(?:'s| is| are)|in (?:short|summary|brief)|according to the"
    r"|gerne|guten tag|vielen dank|wenden sie sich|weitere fragen|weiterhelfen|melden sie sich|zusammengefasst|hier (?:ist|sind)|laut den"
    r"|n'hésitez pas|merci|bonne question|je reste|voici|gracias|aquí (?:está|tiene)s?|espero que)\b",
    re.IGNORECASE,
)


def abstains(sentence: str, tongue: str) -> bool:
    """Whether a sentence says that something is not said, or not known.

    Args:
        sentence: of an answer.
        tongue: ``en``, ``de``, ``fr`` or ``es``.
    """
    not_, told = _SAID_SO[tongue]
    return bool(not_.search(sentence) and told.search(sentence))


def courteous(sentence: str) -> bool:
    """Whether it greets, thanks, offers help, or leads over to what follows."""
    return bool(_COURTESY.search(sentence)) or sentence.rstrip().endswith(("?", "？"))
