"""sample.awk: which objects of a kernel are compiled, the same ones by every awk."""
import shutil
import subprocess

import pytest

from swage_cli import ROOT

SCRIPT = ROOT / "catalog/scripts/kernel/sample.awk"
AWKS = [words for words in (["mawk"], ["gawk"], ["busybox", "awk"], ["original-awk"], ["awk"]) if shutil.which(words[0])]
PATHS = [f"drivers/{directory}/part{number}.o" for directory in ("net", "gpu/drm", "usb") for number in range(300)]


def chosen(paths, count, seed=1, awk=("awk",)):
    done = subprocess.run([*awk, "-v", f"count={count}", "-v", f"seed={seed}", "-f", SCRIPT], input="".join(f"{path}\n" for path in paths),
                          capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_as_many_as_asked_for_and_each_once():
    assert len(chosen(PATHS, 20)) == 20 == len(set(chosen(PATHS, 20)))
    assert sorted(chosen(PATHS, "")) == sorted(PATHS), "no number: all"
    assert sorted(chosen(PATHS[:3], 20)) == sorted(PATHS[:3])


@pytest.mark.parametrize("awk", AWKS, ids=" ".join)
def test_every_awk_chooses_the_same(awk):
    for seed in (0, 1, 9999999):
        assert chosen(PATHS, 40, seed, awk) == chosen(PATHS, 40, seed)


def test_the_order_of_the_list_does_not_matter_and_more_are_the_same_and_others():
    few, more = chosen(PATHS, 20), chosen(list(reversed(PATHS)), 30)
    assert set(few) < set(more)
    assert not set(few) & set(chosen([path for path in PATHS if path not in few], 20))


def test_of_another_list_the_same_ones_are_chosen():
    """Another compiler or release has some objects less and some more."""
    without = [path for path in PATHS if "/usb/" not in path]
    assert set(chosen(PATHS, 100)) & set(without) <= set(chosen(without, 100))


def test_seeds_choose_others_from_everywhere():
    samples = [set(chosen(PATHS, 60, seed)) for seed in range(1, 6)]
    assert all(len(a & b) < 20 for a in samples for b in samples if a is not b)
    for sample in samples:
        assert all(8 <= sum(f"/{name}/" in path for path in sample) <= 35 for name in ("net", "drm", "usb"))
