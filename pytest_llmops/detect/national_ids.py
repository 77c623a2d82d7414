"""Numbers by which states know a person: how each is written, and which standard checks its digits.

Where digits alone would be nothing special (a PESEL is eleven of them), the number's name has to stand nearby.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module

FORE, AFT = r"(?<![0-9A-Za-z])(?<![0-9][.,/-])", r"(?![0-9A-Za-z])(?![-.,/][0-9])"
"""No id begins or ends within a longer number or word."""

BEFORE, AFTER = 48, 24
"""Characters before and after an id, within which its name has to stand."""


@dataclass(frozen=True, slots=True)
class NationalId:
    """One kind of id.

    Attributes:
        kind: the country and the id's name: ``pl-pesel``.
        shape: how it is written.
        standard: the module of python-stdnum that checks it; empty: it has no check digit.
        words: names one of which has to stand nearby; empty: the shape says enough.
    """

    kind: str
    shape: str
    standard: str
    words: str = ""

    def pattern(self) -> re.Pattern[str]:
        """How it is written, and neither begins nor ends within something longer."""
        return _compiled(FORE + f"(?:{self.shape})" + AFT)

    def named(self, text: str, start: int, end: int) -> bool:
        """Whether its name stands nearby, where that is asked for."""
        if not self.words:
            return True
        nearby = text[max(0, start - BEFORE) : start] + " \0 " + text[end : end + AFTER]
        return _compiled(rf"(?<![^\W\d_])(?:{self.words})").search(nearby) is not None

    def holds(self, number: str) -> bool:
        """Whether its check digits and dates hold."""
        if not self.standard:
            return True
        return bool(import_module(f"stdnum.{self.standard}").is_valid(number))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_SSN = r"(?!000|666)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}"
_TEN = r"[0-9]{6}-?[0-9]{4}"

IDS = (
    NationalId("us-ssn", _SSN, ""),
    NationalId("us-ssn", _SSN.replace("-", " ?"), "", r"ssn|social(?: security)?\b"),
    NationalId(
        "gb-nino", r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PQR-TW-Z][A-CEGHJ-NPQR-TW-Z] [0-9]{2} [0-9]{2} [0-9]{2} [A-D]", ""
    ),
    NationalId("gb-nino", r"[A-Z]{2}[0-9]{6}[A-D]", "", r"nino|national insurance|ni number"),
    NationalId("gb-nhs", r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}", "gb.nhs", "nhs"),
    NationalId("es-dni", r"(?:ES)?[0-9]{8}-?[A-Z]", "es.nif"),
    NationalId("es-nie", r"(?:ES)?[XYZ]-?[0-9]{7}-?[A-Z]", "es.nif"),
    NationalId("it-codice-fiscale", r"[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]", "it.codicefiscale"),
    NationalId("fr-nir", r"[12] [0-9]{2} [0-9]{2} (?:[0-9]{2}|2[AB]) [0-9]{3} [0-9]{3} [0-9]{2}", "fr.nir"),
    NationalId(
        "fr-nir", r"[12][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{8}", "fr.nir", r"nir\b|s[ée]cu|assur[ée]|immatriculation"
    ),
    NationalId(
        "de-steuer-id",
        r"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}",
        "de.idnr",
        r"steuer|id-?nr|identifikationsnummer|tax id|tin\b",
    ),
    NationalId("nl-bsn", r"[0-9]{4}\.?[0-9]{2}\.?[0-9]{3}", "nl.bsn", r"bsn|burgerservice|sofi"),
    NationalId("be-nn", r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}", "be.nn"),
    NationalId(
        "be-nn",
        r"[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{3} ?[0-9]{2}",
        "be.nn",
        r"rijksregister|registre national|insz|niss|nationaal nummer",
    ),
    NationalId("pl-pesel", r"[0-9]{11}", "pl.pesel", "pesel"),
    NationalId(
        "se-personnummer",
        r"(?:19|20)?[0-9]{6}[-+]?[0-9]{4}",
        "se.personnummer",
        r"personn|pnr|samordning|personal identity",
    ),
    NationalId("fi-hetu", r"[0-9]{6}[-+A][0-9]{3}[0-9A-Y]", "fi.hetu"),
    NationalId("dk-cpr", _TEN, "dk.cpr", r"cpr|personnummer"),
    NationalId(
        "no-fodselsnummer", r"[0-9]{6} ?[0-9]{5}", "no.fodselsnummer", r"f[øo]dselsn|f\.?nr|personnummer|d-nummer"
    ),
    NationalId("br-cpf", r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", "br.cpf"),
    NationalId("br-cpf", r"[0-9]{11}", "br.cpf", "cpf"),
    NationalId("in-aadhaar", r"[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}", "in_.aadhaar", r"aadhaa?r|uidai|आधार"),
    NationalId("in-pan", r"[A-Z]{5}[0-9]{4}[A-Z]", "in_.pan", r"pan\b|kyc|permanent account"),
    NationalId("cn-resident-id", r"[0-9]{17}[0-9X]", "cn.ric"),
    NationalId("kr-rrn", r"[0-9]{6}-[0-9]{7}", "kr.rrn"),
    NationalId("ca-sin", r"[0-9]{3}[- ]?[0-9]{3}[- ]?[0-9]{3}", "ca.sin", r"sin\b|social insurance|nas\b"),
    NationalId("au-tfn", r"[0-9]{3} ?[0-9]{3} ?[0-9]{3}", "au.tfn", r"tfn|tax file"),
    NationalId("tr-kimlik", r"[0-9]{11}", "tr.tckimlik", r"kimlik|tckn|t\.c\."),
    NationalId("ro-cnp", r"[0-9]{13}", "ro.cnp", r"cnp|cod(?:ul)? numeric"),
    NationalId("bg-egn", r"(?:BG)?[0-9]{10}", "bg.egn", r"егн|egn|ддс"),
    NationalId("cz-rodne-cislo", r"[0-9]{6}/[0-9]{3,4}", "cz.rc"),
    NationalId("cl-rut", r"[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9K]", "cl.rut"),
    NationalId("ar-cuit", r"(?:20|23|24|27)-[0-9]{8}-[0-9]", "ar.cuit"),
    NationalId("mx-curp", r"[A-Z]{4}[0-9]{6}[HMX][A-Z]{5}[0-9A-Z][0-9]", "mx.curp"),
    NationalId(
        "za-id", r"[0-9]{6} ?[0-9]{7}", "za.idnr", r"id (?:number|no)|identity|home affairs|south africa|rsa id"
    ),
    NationalId("pt-nif", r"(?:PT ?)?[123][0-9]{2} ?[0-9]{3} ?[0-9]{3}", "pt.nif", r"nif|contribuinte|fiscal"),
    NationalId("ch-ahv", r"756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}", "ch.ssn"),
    NationalId("ch-ahv", r"756[0-9]{10}", "ch.ssn", r"ahv|avs|svnr|versicherten"),
    NationalId("at-svnr", r"[0-9]{4} ?[0-9]{6}", "at.vnr", r"sv-?n|sozialvers|versicherungsn"),
    NationalId("ie-pps", r"[0-9]{7}[A-W][A-IW]?", "ie.pps", r"pps"),
    NationalId("ee-isikukood", r"[0-9]{11}", "ee.ik", r"isikukood|personal code"),
    NationalId("lt-asmens-kodas", r"[0-9]{11}", "lt.asmens", r"asmens kod|personal code"),
    NationalId("hr-oib", r"(?:HR ?)?[0-9]{11}", "hr.oib", "oib"),
    NationalId("si-emso", r"[0-9]{13}", "si.emso", r"em[šs]o|jmbg"),
    NationalId("is-kennitala", _TEN, "is_.kennitala", r"kennit|kt\."),
    NationalId("il-id", r"[0-9]{8}-?[0-9]", "il.idnr", r"teudat|zehut|תעודת זהות|ת\.?ז|מספר זהות"),
    NationalId("il-id", r"[0-9]{7}-?[0-9]", "il.idnr", r"teudat|zehut|תעודת זהות|ת\.?ז|מספר זהות"),
    NationalId("my-nric", r"[0-9]{6}-?[0-9]{2}-?[0-9]{4}", "my.nric", r"kad pengenalan|nric|mykad|ic no|k/p"),
    NationalId("th-pin", r"[0-9]-[0-9]{4}-[0-9]{5}-[0-9]{2}-[0-9]", "th.pin"),
    NationalId("th-pin", r"[0-9]{13}", "th.pin", r"เลขประจำตัว|บัตรประชาชน|thai id"),
    NationalId("ec-cedula", r"[0-9]{9}-?[0-9]", "ec.ci", r"c[ée]dula|c\.i\."),
    NationalId("do-cedula", r"[0-9]{3}-?[0-9]{7}-?[0-9]", "do.cedula", r"c[ée]dula"),
    NationalId("id-nik", r"[0-9]{16}", "id.nik", r"nik\b|ktp"),
    NationalId("gr-amka", r"[0-9]{11}", "gr.amka", r"αμκα|amka"),
    NationalId("jp-my-number", r"[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}", "jp.in_", r"my number|マイナンバー|個人番号"),
    NationalId("ua-rnokpp", r"[0-9]{10}", "ua.rntrc", r"рнокпп|іпн|ідентифікаційн"),
)
