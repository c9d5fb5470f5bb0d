"""What is known of a language by its code: name, script, family, genus, and where URIEL keeps it.

A code is ISO 639-1 or 639-3, or a BCP 47 tag with a script or a region (`sr-Latn`, `pt-BR`). Names and scripts come
from the package langcodes (CLDR), family and genus from URIEL's family vectors (Glottolog's tree).

Three small tables stand beside this module, each with its reasons in docs/languages.md:

- `languages.tsv`: the paper's 35 languages, with families and genera after WALS. They are taken as they stand.
- `macrolanguages.tsv`: ISO 639-3 macrolanguages, and the code under which URIEL describes them.
- `genera.tsv`: nodes of the family tree that are genera, and families that WALS calls by another name. Elsewhere the
  genus is the branch below the family.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import langcodes

from alignfreeze.languages.arrays import family_path, uriel_codes
from alignfreeze.support.errors import InputError, quoted

if TYPE_CHECKING:
    import pandas as pd

LANGUAGES_PATH = Path(__file__).with_name("languages.tsv")
OwnFacts = Mapping[str, Mapping[str, str]]
FACTS = ("name", "iso639_3", "uriel", "uriel_family", "family", "genus", "script")
# Bokmål and Nynorsk stand on their own in langcodes; URIEL has one family vector for Norwegian.
MACROLANGUAGE_OF = {"nob": "nor", "nno": "nor"}
# ISO 639-2's codes of no language, of which URIEL has rows all the same.
SPECIAL = {"mis", "mul", "und", "zxx"}
# Codes that CLDR replaces, and has names for under the two-letter code alone.
ALPHA2 = {"tgl": "tl", "hbs": "sh"}
# Scripts by ISO 15924 code whose usual name in the field differs from CLDR's.
SCRIPT_NAMES = {"Jpan": "Japanese", "Kore": "Hangul", "Hans": "Han", "Hant": "Han", "Hani": "Han", "Deva": "Devanagari"}


@dataclass(frozen=True)
class Facts:
    """Facts about one language; empty text where nothing is known.

    Attributes
    ----------
    name : str
        English name.
    iso639_3 : str
    uriel : str
        Code under which URIEL keeps features and position: an individual language where ISO 639-3 has a macrolanguage.
    uriel_family : str
        The same for the family vector, which some individual languages lack.
    family, genus : str
    script : str
        Usual script, or that of the tag.
    """

    name: str = ""
    iso639_3: str = ""
    uriel: str = ""
    uriel_family: str = ""
    family: str = ""
    genus: str = ""
    script: str = ""


def read_table(path: str | Path) -> dict[str, dict[str, str]]:
    """Read a table of language facts: TSV with a column `code` and any of `FACTS`.

    Parameters
    ----------
    path : str or Path
        The file, UTF-8.

    Returns
    -------
    dict from str to dict from str to str
        Code -> the facts that are not empty; `no` and `nan` stay text.

    Raises
    ------
    InputError
        The file cannot be read, or a column or a code is wrong; names file, line and column.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")  # universal newlines, and no others
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give a TSV of language facts") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8; convert the file") from None
    lines = text.split("\n")
    columns = lines[0].split("\t")
    if columns[:1] != ["code"] or len(set(columns)) < len(columns) or set(columns[1:]) - set(FACTS):
        raise InputError(
            f"{path}:1: columns {quoted(columns)} found; wanted are code and, once each, any of {', '.join(FACTS)}"
        )
    table: dict[str, dict[str, str]] = {}
    for number, line in enumerate(lines[1:], 2):
        cells = [cell.strip() for cell in line.split("\t")]
        if not line.strip():
            continue
        if len(cells) != len(columns):
            raise InputError(f"{path}:{number}: {len(cells)} columns, but line 1 has {len(columns)}")
        if not cells[0] or cells[0] in table:
            raise InputError(
                f"{path}:{number}: code {quoted(cells[0])} is empty or stands twice; give each row its own"
            )
        if odd := [cell for cell in cells if not cell.isprintable()]:
            raise InputError(f"{path}:{number}: {quoted(odd[0])} has a character that cannot be printed; remove it")
        facts = dict(zip(columns, cells, strict=True))
        unknown = [name for name in ("uriel", "uriel_family") if facts.get(name) and facts[name] not in uriel_codes()]
        if unknown:
            raise InputError(
                f"{path}:{number}: URIEL has no {unknown[0]} {quoted(facts[unknown[0]])}; give an ISO 639-3 code"
            )
        table[cells[0]] = {name: cell for name, cell in zip(columns[1:], cells[1:], strict=True) if cell}
    return table


_own: dict[str, dict[str, str]] = {}


def use_facts(path: str | Path | None) -> None:
    """Take a user's table of facts for the whole process, as a job does; None takes the last one back.

    A table that is given to a function goes before it.

    Parameters
    ----------
    path : str, Path or None
        See `read_table`.

    Raises
    ------
    InputError
        See `read_table`.
    """
    table = {} if path is None else read_table(path)
    _own.clear()
    _own.update(table)


@lru_cache(maxsize=1)
def _curated() -> dict[str, dict[str, str]]:
    return read_table(LANGUAGES_PATH)


@lru_cache(maxsize=2)
def _pairs(name: str) -> dict[str, str]:
    """Read the first two columns of a table beside this module."""
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return {key: value for key, value, *_ in (line.split("\t") for line in lines[1:])}


def _classification(path: list[str]) -> tuple[str, str]:
    """Return family and genus of a path in the family tree, from the root down."""
    if not path:
        return "", ""
    genera = _pairs("genera.tsv")
    family = genera.get(path[0], path[0])
    named = [genera[node] for node in path[1:] if node in genera]
    return family, named[-1] if named else (path[1] if len(path) > 1 else family)


@cache
def _derived(code: str) -> Facts | None:
    """Return the facts of a code that no table holds, None if neither ISO 639 nor URIEL knows it."""
    try:
        language = langcodes.Language.get(code)
        alpha3 = language.to_alpha3() if language.language else ""
    except (ValueError, LookupError):
        return None
    macro = _pairs("macrolanguages.tsv")
    row = _row_of_its_own(code, language) or alpha3
    if row in SPECIAL:
        return None
    uriel = macro.get(row, row)
    base = _curated().get(language.language or "")
    if base is not None and uriel in (base["uriel"], macro.get(alpha3, alpha3)):
        facts = Facts(**base)  # a curated language with a script or a region, or under another code
    else:
        if uriel not in uriel_codes():
            return None
        lineage = [uriel, row, alpha3, _macrolanguage_of(language)]
        family_code = next((each for each in lineage if family_path(each)), "")
        family, genus = _classification(family_path(family_code))
        facts = Facts(
            _name(row, language),
            row,
            uriel,
            family_code,
            family,
            genus,
            _usual_script(language.language),
        )
    if language.script and language.script != langcodes.Language.make(language=language.language).maximize().script:
        script = _script_name(language.script)
        kind = langcodes.Language.make(script=language.script).script_name() if script == facts.script else script
        facts = replace(facts, script=script, name=f"{facts.name} ({kind})")
    return facts


def _row_of_its_own(code: str, language: langcodes.Language) -> str | None:
    """Return the ISO 639-3 code that a code is as written, if URIEL describes it.

    CLDR takes some languages for others, such as Tagalog for Filipino and Dari for Persian, and so do the successors of
    codes that ISO 639-3 has retired; URIEL has rows of their own for them.
    """
    try:
        written = langcodes.Language.make(language=code.partition("-")[0].lower()).to_alpha3()
        bibliographic = language.to_alpha3(variant="B") == written != language.to_alpha3()
    except LookupError:
        return None
    return written if written in uriel_codes() and not bibliographic else None


def _name(row: str, language: langcodes.Language) -> str:
    """Return a language's English name, that of its row in URIEL where CLDR has one."""
    own = langcodes.Language.make(language=ALPHA2.get(row, row)).language_name()
    name = language.language_name() if own.startswith("Unknown language") else own
    return name.removesuffix(" (individual language)")


def _macrolanguage_of(language: langcodes.Language) -> str:
    """Return the ISO 639-3 code of the macrolanguage that a language belongs to, or its own."""
    alpha3 = language.to_alpha3()
    return MACROLANGUAGE_OF.get(alpha3) or language.prefer_macrolanguage().to_alpha3()


def _script_name(script: str | None) -> str:
    return SCRIPT_NAMES.get(script or "") or langcodes.Language.make(script=script).script_name()


def _usual_script(code: str | None) -> str:
    """Return the usual script's name; empty where CLDR knows nothing of the language.

    CLDR completes an unknown language as the undetermined one, Latin in the United States: not a fact.
    """
    language = langcodes.Language.make(language=code)
    likely = language.maximize()
    if likely.territory == "US" and code not in ("en", "es"):
        return _script_name("Latn") if language.assume_script().script == "Latn" else ""
    return _script_name(likely.script)


def facts_of(code: str, own: OwnFacts | None = None) -> Facts:
    """Return the facts of a language.

    Parameters
    ----------
    code : str
        ISO 639-1, ISO 639-3 or BCP 47, or a code of the user's own table.
    own : mapping, optional
        A table of the user's, as `read_table` gives it: its facts go before all others.

    Returns
    -------
    Facts

    Raises
    ------
    InputError
        Nobody knows the code, or the user's table names a code that URIEL lacks.
    """
    own = own or _own
    row = dict(own.get(code, {}))
    known = Facts(**_curated()[code]) if code in _curated() else _derived(code)
    if known is None:
        if code not in own:
            raise InputError(
                f"no language {code!r}{_suggestion(code)}; give an ISO 639 code or a BCP 47 tag that URIEL knows"
            )
        known = Facts(name=code)
    # With URIEL's place of the user's choice come its family and genus, unless the table names them.
    if "uriel" in row:
        family_code = row.get("uriel_family", row["uriel"])
        if row["uriel"] not in uriel_codes() or family_code not in uriel_codes():
            raise InputError(
                f"language {code!r}: URIEL has no {row['uriel']!r} or {family_code!r}; give ISO 639-3 codes"
            )
        family, genus = _classification(family_path(family_code))
        row = {"uriel_family": family_code, "family": family, "genus": genus} | row
    return replace(known, **row)


def is_known(code: str, own: OwnFacts | None = None) -> bool:
    """Return whether `facts_of` knows a code.

    Parameters
    ----------
    code : str
        ISO 639-1, ISO 639-3 or BCP 47, or a code of the user's own table.
    own : mapping, optional
        See `facts_of`.

    Returns
    -------
    bool
    """
    return code in (own or _own) or code in _curated() or _derived(code) is not None


def canonical(code: str, own: OwnFacts | None = None) -> str:
    """Return the one spelling of a language: `sw` for `swa`, `swh` and `SW`; a code of the user's own stays as it is.

    Two codes with the same canonical spelling are one language: their scores would be counted twice.

    Parameters
    ----------
    code : str
        ISO 639-1, ISO 639-3 or BCP 47, or a code of the user's own table.
    own : mapping, optional
        See `facts_of`.

    Returns
    -------
    str
        What is no code at all is returned as it stands.
    """
    if code in (own or _own) or code in _curated():
        return code
    try:
        language, macro = langcodes.Language.get(code), _pairs("macrolanguages.tsv")
        row, usual = _row_of_its_own(code, language), language.to_alpha3() if language.language else ""
        if row and macro.get(row, row) != macro.get(usual, usual):
            return "-".join([row, *code.split("-")[1:]])
        return langcodes.standardize_tag(code, macro=True)
    except (ValueError, LookupError):
        return code


def paper_languages() -> list[str]:
    """Return the codes of the paper's 34 languages and English."""
    return list(_curated())


def facts_table(codes: Iterable[str], own: OwnFacts | None = None) -> pd.DataFrame:
    """Return the facts of languages as a table.

    Parameters
    ----------
    codes : iterable of str
        See `facts_of`.
    own : mapping, optional
        See `facts_of`.

    Returns
    -------
    pandas.DataFrame
        Indexed by code, one row each in the given order; columns `FACTS`, all text (`no` stays text).

    Raises
    ------
    InputError
        See `facts_of`.
    """
    import pandas as pd

    codes = list(codes)
    rows = [asdict(facts_of(code, own)) for code in codes]
    return pd.DataFrame(rows, index=pd.Index(codes, name="code", dtype=str), columns=list(FACTS), dtype=str)


def _suggestion(code: str) -> str:
    """Suggest a code for what may be a language's name or a slip."""
    found = None
    if len(code) > 3:
        try:
            found = langcodes.find(code).to_tag()
        except LookupError:
            found = None
    near = difflib.get_close_matches(code, paper_languages(), 1)
    choice = found or (near[0] if near else None)
    return f" (did you mean {choice}?)" if choice and choice != code else ""
