#!/usr/bin/env python3
"""Makes tests/RULES.md: which rule of which RFC is shown by which test that passed.

A unit test says so by rule() (tests/rule.hpp), an end-to-end test by @rule (tests/e2e/harness.py).

    tests/rules.py --unit build/dev/rules --e2e build/e2e-rules.json    compares, and fails if they differ
    ... --write                                                         puts the new table in place

A part whose results are not given keeps its rows as they are.
"""

import argparse
import difflib
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
TABLE = ROOT / "tests/RULES.md"
HEAD = """# Rules

Made by `rules.py` from the tests that passed; `tests/run` fails if it is not what they prove. A test of `e2e/` begins
with its file's name, `test_`; the others are of the folder's `*_test.cpp`.

| RFC | section | rule | test |
|---|---|---|---|
"""


def rules_of_unit_tests(folder):
    """(RFC, section, rule, test) of each rule in GoogleTest's XML files: of what passed, of what was
    skipped."""
    passed, skipped = set(), set()
    for path in folder.rglob("*.xml"):
        for case in ElementTree.parse(path).iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                continue
            test = f'{case.get("classname")}.{case.get("name")}'
            rows = skipped if case.find("skipped") is not None else passed
            rows.update((*place.get("value").split("|", 2), test) for place in case.iter("property")
                        if re.fullmatch(r"rule\d+", place.get("name")))
    return passed, skipped


def rules_of_e2e_tests(file):
    """The same, as e2e/run.py wrote it."""
    found = json.loads(file.read_text())
    return set(map(tuple, found["passed"])), set(map(tuple, found["skipped"]))


def order(row):
    """By number, so that section 4.10 comes after 4.9; appendices come last."""
    rfc, section, text, test = row
    return (natural(rfc), natural(section), text, test)


def natural(text):
    return [(0, int(part), "") if part.isdigit() else (1, 0, part)
            for part in re.findall(r"\d+|[^\d. ]+", text)]


def cell(text):
    return re.sub(r"\s+", " ", text.strip()).replace("|", "\\|")


def uncell(text):
    return text.strip().replace("\\|", "|")


def is_e2e(test):
    return test.startswith("test_")


def rows_of(table):
    """What render() made, read back."""
    found = set()
    for line in table.splitlines():
        if not line.startswith("| "):
            continue
        parts = [uncell(part) for part in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(parts) != 4 or parts[0] == "RFC":
            continue
        found.update((*parts[:3], test) for test in parts[3].split(", "))
    return found


def render(rows):
    """One line a rule, with all the tests that show it."""
    by_rule = {}
    for rfc, section, text, test in sorted(rows, key=order):
        by_rule.setdefault((cell(rfc), cell(section), cell(text)), []).append(test)
    lines = [f"| {' | '.join(rule)} | {', '.join(dict.fromkeys(tests))} |\n"
             for rule, tests in by_rule.items()]
    return HEAD + "".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unit", type=pathlib.Path, metavar="DIR", help="XML files of GoogleTest")
    parser.add_argument("--e2e", type=pathlib.Path, metavar="FILE", help="written by e2e/run.py --rules")
    parser.add_argument("--write", action="store_true", help="put the table in place")
    options = parser.parse_args()

    old = TABLE.read_text() if TABLE.exists() else ""
    kept = rows_of(old)
    rows = set()
    for given, read, mine in ((options.unit, rules_of_unit_tests, lambda row: not is_e2e(row[3])),
                              (options.e2e, rules_of_e2e_tests, lambda row: is_e2e(row[3]))):
        if given:
            passed, skipped = read(given)
            rows |= passed | skipped & kept  # what cannot be run on this machine takes no row away
        else:
            rows |= set(filter(mine, kept))
    new = render(rows)
    if rows_of(new) != {tuple(re.sub(r"\s+", " ", part.strip()) for part in row) for row in rows}:
        sys.exit("tests/rules.py: the table does not say what it was made of")

    if options.write:
        TABLE.write_text(new)
    elif new != old:
        sys.stdout.writelines(difflib.unified_diff(
            old.splitlines(True), new.splitlines(True), "tests/RULES.md", "what the tests prove", n=0))
        given = "".join(f" --{name} {getattr(options, name)}" for name in ("unit", "e2e")
                        if getattr(options, name))
        print(f"tests/RULES.md is not what the tests prove: tests/rules.py{given} --write")
        return 1
    print(f"tests/RULES.md: {len(rows)} rows of {len({row[3] for row in rows})} tests")
    return 0


if __name__ == "__main__":
    sys.exit(main())
