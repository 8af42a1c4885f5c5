"""Compares the results of the Autobahn suite with the committed ones.

compare.py EXPECTED OUT CASES [--accept]: EXPECTED maps each case to its two verdicts, how the
messages and how the close went; OUT holds a directory with an index.json for each part that ran;
CASES are the patterns that were asked for. Runs on the suite's own Python 2.7 and on any later one.
"""
from __future__ import print_function

import collections
import glob
import json
import os
import re
import sys


def main(expected_path, out, cases, accept=False):
    results = {}
    for index in glob.glob(os.path.join(out, "*", "index.json")):
        with open(index) as file:
            for case, result in json.load(file).get("chinwag", {}).items():
                results[case] = [str(result["behavior"]), str(result["behaviorClose"])]
    if accept:
        write(expected_path, results)
    with open(expected_path) as file:
        expected = json.load(file)
    asked = re.compile("|".join(re.escape(case).replace(r"\*", ".*") + "$" for case in cases.split()))
    wanted = {case: verdicts for case, verdicts in expected.items() if asked.match(case)}
    wrong = 0
    for case in sorted(set(wanted) | set(results), key=number):
        was, should = results.get(case), wanted.get(case)
        if was != should:
            wrong += 1
            print("case %-8s %s, expected %s" % (case, shown(was), shown(should)))
    counts = collections.Counter(verdicts[0] for verdicts in results.values())
    summary = ", ".join("%d %s" % (count, word) for word, count in counts.most_common())
    print("%d of %d cases: %s; %d not as expected" % (len(results), len(wanted), summary, wrong))
    return 1 if wrong or not wanted else 0


def number(case):
    return [int(part) for part in case.split(".")]


def shown(verdicts):
    if verdicts is None:
        return "no result"
    return " / ".join(verdicts)


def write(path, results):
    lines = ['"%s": %s' % (case, json.dumps(results[case])) for case in sorted(results, key=number)]
    with open(path, "w") as file:
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4], accept="--accept" in sys.argv[4:]))
