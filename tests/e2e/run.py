#!/usr/bin/env python3
"""Runs the end-to-end tests: all test_*.py of this folder, or those named as unittest names them
(test_clients, test_clients.Curl, test_clients.Curl.test_smtp)."""

import argparse
import json
import os
import pathlib
import sys
import time
import unittest

import harness

HERE = pathlib.Path(__file__).resolve().parent


class Progress(unittest.TestResult):
    """One line a test, and what is needed to understand a failure right below it."""

    def __init__(self):
        super().__init__()
        self.passed = 0
        self.rules = {"passed": [], "skipped": []}  # what tests/rules.py reads
        self._shown = set()

    def startTest(self, test):
        super().startTest(test)
        self._began = time.monotonic()

    def _say(self, word, test):
        seconds = time.monotonic() - self._began
        print(f"{word} {test.id()} ({seconds:.1f} s)", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1
        self._note_rules("passed", test)
        self._say("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._note_rules("skipped", test)
        print(f"SKIPPED {test.id()}: {reason}", flush=True)

    def _note_rules(self, outcome, test):
        method = getattr(test, getattr(test, "_testMethodName", ""), None)
        for rule in getattr(method, "rules", []):
            self.rules[outcome].append([*rule, test.id()])

    def addError(self, test, error):
        super().addError(test, error)
        self._explain(test, self.errors[-1][1])

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._explain(test, self.failures[-1][1])

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error:
            problems = self.failures if issubclass(error[0], test.failureException) else self.errors
            self._explain(subtest, problems[-1][1])

    def _explain(self, test, story):
        if hasattr(self, "_began"):
            self._say("FAILED", test)
        else:  # in setUpClass
            print(f"FAILED {test.id()}")
        print(story, flush=True)
        for server in harness.running:
            if server.last_words() not in self._shown:  # once, if one crash fails many tests
                self._shown.add(server.last_words())
                print(server.last_words(), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", metavar="PATH", help="the portico to test")
    parser.add_argument("--allow-missing", action="store_true",
                        help="skip, loudly, what needs a client program that is not installed")
    parser.add_argument("--rules", metavar="FILE", type=pathlib.Path,
                        help="where to write which rules the tests showed")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    if options.binary:
        os.environ["PORTICO_BINARY"] = str(pathlib.Path(options.binary).absolute())
    if options.allow_missing:
        os.environ["PORTICO_ALLOW_MISSING"] = "1"
    if not harness.default_binary().exists():
        sys.exit(f"{harness.default_binary()}: no such binary; build it, or give --binary PATH")

    loader = unittest.TestLoader()
    names = options.names or sorted(path.stem for path in HERE.glob("test_*.py"))
    tests = loader.loadTestsFromNames([name.removesuffix(".py") for name in names])

    result = Progress()
    began = time.monotonic()
    tests.run(result)
    if options.rules:
        options.rules.write_text(json.dumps(result.rules))
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"end to end: {time.monotonic() - began:.0f} s with {harness.default_binary()}")
    print(f"{result.passed} passed, {failed} failed, {len(result.skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
