"""The examples of docs/guides/python.md, run as they stand."""
import doctest
import pathlib
import re

GUIDE = pathlib.Path(__file__).parents[2] / "docs/guides/python.md"


def test_the_guide_says_what_comes_out():
    blocks = re.findall(r"^```pycon\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    test = doctest.DocTestParser().get_doctest("".join(blocks), {}, "guide", str(GUIDE), 0)
    runner = doctest.DocTestRunner()
    assert len(test.examples) > 20
    said = []
    assert runner.run(test, out=said.append).failed == 0, "".join(said)
