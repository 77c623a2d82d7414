"""Words by which a claim is told from what is none, and a name from other words with a capital."""

from __future__ import annotations

NOT = {
    "en": r"n't|n’t|\bnot\b|\bno\b|\bnothing\b|\bnone\b|\bneither\b|\bcannot\b|\bunable\b|\bwithout\b|\bunclear\b|\bunknown\b|\blacks?\b",
    "de": r"\bkein\w*|\bnicht\w*|\bleider\b|\bunklar\b|\bunbekannt\b|\bohne\b|\bfehl\w+",
    "fr": r"\bne\b|\bn['’]|\bpas\b|\baucune?\b|\brien\b",
    "es": r"\bno\b|\bning\w+|\bnada\b|\bsin\b",
}
"""What denies, by language."""

TOLD = {
    "en": r"\b(?:say\w*|said|state[sd]?|statement|mention\w*|contain\w*|inform\w*|find|found|tell|told|giv\w+|provid\w*|cover(?:s|ed)?"
    r"|the (?:report|minutes|manual|agreement|notes|guide|handbook|terms|sheet|policy)|describ\w*|indicat\w*|specif\w*|address\w*|know|known|answer|documents?|sources?|texts?|context|part of|details?|data)\b",
    "de": r"\w*(?:angabe|information|steht\b|stehen\b|erwähn|genannt|nenn|quelle|unterlagen|entnehm|entnommen|hervor|auskunft|finde|regelung|text"
    r"|dokument|beantwort|weiß|aussage|hinweis|bekannt|kontext|enthalten|enthält|gesagt|vor\b)\w*",
    "fr": r"\b(?:indiqu\w*|précis\w*|mentionn\w*|di(?:t|sent|sant)|information\w*|fourni\w*|sources?|documents?|texte\w*|trouv\w*|répon\w*|sais|contien\w*|évoqu\w*|parle\w*)\b",
    "es": r"\b(?:indic\w*|dic\w+|mencion\w*|informaci\w+|fuentes?|documentos?|texto\w*|encuentr\w*|especific\w*|contien\w*|sé)\b",
}
"""What tells of saying and knowing, by language."""

COURTESY = (
    r"\b(?:let me know|feel free|happy to help|glad to help|hope (?:this|that) helps|anything else|further questions|you'?re welcome"
    r"|please note|just ask|anything is unclear|thank(?:s| you)|please (?:contact|ask|reach)|here(?:'s| is| are)|in (?:short|summary|brief)|according to the"
    r"|gerne|guten tag|vielen dank|wenden sie sich|weitere fragen|weiterhelfen|melden sie sich|zusammengefasst|hier (?:ist|sind)|laut den"
    r"|n'hésitez pas|merci|bonne question|je reste|voici|gracias|aquí (?:está|tiene)s?|espero que)\b"
)
"""What greets, thanks, offers help or leads over."""

TITLES = frozenset(
    """dr prof mr mrs ms herr herrn frau madame monsieur mme ceo cfo cto coo chief yes no ja nein oui non sorry leider""".split()
)
"""Before names, and what opens an answer."""

ABBREVIATIONS = frozenset(
    """mio mrd tsd ok faq id eur usd gbp chf nzd nok sek dkk aud cad jpy utc gmt cet cest am pm kwh mwh gwh kw mw gb mb tb mib gib kib ghz
    mhz hz db nm wh ml co vat mwst ust tva pdf url api csr esg ebit ebitda ev it hr pr q us""".split()
)
"""In capitals, and names of nothing that a source would have to give."""

LOANS = frozenset(
    """chat team service start extra info display app software online tag name film test version system information plan tipp link code
    status problem person format option hotel restaurant museum park bus auto computer internet""".split()
)
"""German nouns that English has as well."""
