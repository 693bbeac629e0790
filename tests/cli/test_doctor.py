"""`swage doctor` on machines that lack something: each check sees it, says what to do, and is content where all is well."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

CODENAME = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)["VERSION_CODENAME"]
NAMES = {"kernel", "namespaces", "emulation", "home", "space", "memory", "cores", "priority", "cgroups", "libraries", "apt", "mirrors", "clock",
         "catalog", "qemu", "git"}


@pytest.fixture
def mirror(tmp_path):
    """A mirror of the host's release on disk, and apt's configuration for it alone."""
    def make(fields="Date: Sat, 31 Jan 2026 00:00:00 UTC\n", uri=None, more=""):
        release = tmp_path / f"mirror/dists/{CODENAME}/InRelease"
        release.parent.mkdir(parents=True, exist_ok=True)
        release.write_text(f"Origin: Debian\nSuite: stable\nCodename: {CODENAME}\n{fields}")
        (tmp_path / "sources.list").write_text(f"deb {uri or 'file:' + str(tmp_path / 'mirror')} {CODENAME} main\n{more}")
        (tmp_path / "apt.conf").write_text(f'Dir::Etc::sourcelist "{tmp_path}/sources.list";\nDir::Etc::sourceparts "/dev/null";\n'
                                           'Dir::Etc::parts "/dev/null";\n')
        return {"APT_CONFIG": str(tmp_path / "apt.conf")}
    return make


def checks(swage, *args, env=None, within=(), code=None):
    """By name; `within`: what swage is started by."""
    argv = [*within, str(swage.program), "doctor", "--json", *map(str, args)]
    got = subprocess.run(argv, cwd=swage.cwd, env={**swage.env, **(env or {})}, capture_output=True, text=True, timeout=120)
    assert got.stderr == "", got.stderr
    answer = json.loads(got.stdout)
    found = {check["name"]: check for check in answer["checks"]}
    assert answer["ok"] == all(check["state"] != "fail" for check in found.values())
    assert got.returncode == (0 if answer["ok"] else 4) and code in (None, got.returncode)
    for check in found.values():
        assert (check["hint"] is None) == (check["state"] == "ok"), "what is not ok comes with what to do"
    return found


def in_namespace(script):
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f"{script}; exec \"$@\"", "sh"]


def test_all_is_well_where_builds_are_made(swage, mirror):
    found = checks(swage, env=mirror(), code=0)
    assert set(found) == NAMES
    assert {found[name]["state"] for name in NAMES - {"cgroups", "priority", "space", "memory", "emulation", "home"}} == {"ok"}
    assert "not made yet" in found["home"]["what"] and not swage.home.exists(), "it makes nothing"


def test_text_has_a_line_for_each(swage, mirror):
    got = swage("doctor", env=mirror()).ok()
    lines = [line for line in got.out.splitlines() if not line.startswith(" ")]
    assert {line.split()[1] for line in lines} == NAMES and {line.split()[0] for line in lines} <= {"ok", "warn"}
    assert got.err == ""


def test_no_namespaces(swage, mirror):
    found = checks(swage, env=mirror(), within=in_namespace("echo 0 > /proc/sys/user/max_user_namespaces"), code=4)
    assert found["namespaces"]["state"] == "fail"
    assert found["namespaces"]["hint"] == "allow them with: sudo sysctl -w user.max_user_namespaces=65536"
    assert found["emulation"]["state"] == "warn"


def test_no_apt_and_no_git(swage):
    found = checks(swage, env={"PATH": "/nowhere"}, code=4)
    assert found["apt"]["state"] == "fail" and found["apt"]["hint"] == "run swage on Debian 12, in a container if need be"
    assert found["git"]["state"] == "warn" and found["git"]["hint"] == "install it with: sudo apt-get install git"
    assert "mirrors" not in found


def test_no_qemu_is_needed(swage, mirror, tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ["apt-get", "apt-config", "dpkg", "git"]:
        (programs / name).symlink_to(shutil.which(name))
    assert checks(swage, env={**mirror(), "PATH": str(programs)}, code=0)["qemu"]["state"] == "ok"


def test_the_qemu_that_is_pinned(planner, mirror):
    assert checks(planner, env=mirror())["qemu"]["what"] == "1.0 pinned; this machine's own is not used"


def test_a_lock_that_cannot_be_read(swage, mirror):
    swage.home.mkdir()
    (swage.home / "swage.lock").write_text("{")
    assert checks(swage, env=mirror(), code=4)["qemu"]["state"] == "fail"


def test_no_source_of_this_release(swage, mirror, tmp_path):
    env = mirror()
    (tmp_path / "sources.list").write_text("deb file:/nowhere somewhere main\n")
    found = checks(swage, env=env, code=4)
    assert found["apt"]["what"] == f"it has no source of '{CODENAME}' main"


def test_mirrors_that_do_not_answer(swage, mirror):
    found = checks(swage, env=mirror(uri="http://127.0.0.1:9/debian"), code=4)
    assert found["mirrors"]["state"] == "fail" and "127.0.0.1:9" in found["mirrors"]["notes"][0]
    assert "clock" not in found, "nothing to compare it with"


def test_one_mirror_of_two_answers(swage, mirror):
    found = checks(swage, env=mirror(more=f"deb http://127.0.0.1:9/debian {CODENAME} main\n"), code=0)
    assert found["mirrors"]["state"] == "warn" and found["mirrors"]["what"] == "1 of 2 answer"


def test_a_clock_that_is_behind(swage, mirror):
    found = checks(swage, env=mirror("Date: Sat, 31 Jan 2099 00:00:00 UTC\n"), code=4)
    assert found["clock"]["state"] == "fail" and "is before the mirrors' newest index, of 2099-01-31T00:00:00Z" in found["clock"]["what"]


def test_an_index_that_has_ended(swage, mirror):
    fields = "Date: Sat, 31 Jan 2015 00:00:00 UTC\nValid-Until: Sat, 07 Feb 2015 00:00:00 UTC\n"
    assert checks(swage, env=mirror(fields), code=0)["clock"]["state"] == "warn"


def mounted(tmp_path, options):
    place = tmp_path / "mounted"
    place.mkdir()
    return place, in_namespace(f"mount -t tmpfs {options} home '{place}'")


def test_a_home_in_memory(swage, mirror, tmp_path):
    place, within = mounted(tmp_path, "-o size=6g")
    found = checks(swage, "--home", place / "home", env=mirror(), within=within, code=0)
    assert found["home"]["state"] == "warn" and "on tmpfs" in found["home"]["what"]


def test_a_home_that_is_full(swage, mirror, tmp_path):
    place, within = mounted(tmp_path, "-o size=20m")
    found = checks(swage, "--home", place / "home", env=mirror(), within=within, code=4)
    assert found["space"]["state"] == "fail" and found["space"]["hint"] == "make room with: swage store gc"


def test_a_home_with_room_for_few_files(swage, mirror, tmp_path):
    place, within = mounted(tmp_path, "-o size=6g,nr_inodes=2000")
    found = checks(swage, "--home", place / "home", env=mirror(), within=within, code=4)
    assert found["space"]["state"] == "fail" and any(note.startswith("room for") for note in found["space"]["notes"])


@pytest.mark.parametrize("option, what", [("noexec", "without permission to run programs (noexec)"), ("ro", "cannot be written")])
def test_a_home_on_a_mount_that_refuses(swage, mirror, tmp_path, option, what):
    place, within = mounted(tmp_path, f"-o {option}")
    found = checks(swage, "--home", place / "home", env=mirror(), within=within, code=4)
    assert found["home"]["state"] == "fail" and what in found["home"]["what"]


def test_a_home_that_is_a_file(swage, mirror, tmp_path):
    (tmp_path / "file").write_text("")
    assert checks(swage, "--home", tmp_path / "file/home", env=mirror(), code=4)["home"]["what"] == f"'{tmp_path}/file' is not a directory"


def test_a_home_of_another_user(swage, mirror):
    if os.geteuid() != 0:
        pytest.skip("not root: cannot give a home away")
    swage("store", "du").ok()
    for path in [swage.home, *swage.home.rglob("*")]:
        os.lchown(path, 12345, 12345)
    found = checks(swage, env=mirror(), code=4)
    assert found["home"]["what"] == f"'{swage.home}' belongs to user 12345, not to 'root'"


def test_cores_are_those_that_may_be_used(swage, mirror):
    assert checks(swage, env=mirror(), within=["taskset", "--cpu-list", "0"])["cores"]["what"] == "1 usable"


def test_nice(swage, mirror):
    found = checks(swage, env=mirror(), within=["nice", "-n", "19"])
    assert "give way to others (nice" in found["priority"]["what"] and found["priority"]["state"] == "ok"


def test_no_control_groups(swage, mirror):
    found = checks(swage, env=mirror(), within=in_namespace("mount -t tmpfs none /sys/fs/cgroup"))
    assert found["cgroups"]["state"] == "warn"


def test_a_library_that_cannot_be_loaded(swage, mirror, tmp_path):
    (tmp_path / "libarchive.so.13").write_text("this is no library\n")
    found = checks(swage, env={**mirror(), "LD_LIBRARY_PATH": str(tmp_path)}, code=4)
    assert found["libraries"]["state"] == "fail" and "libarchive.so.13" in found["libraries"]["what"]
    assert found["libraries"]["hint"] == "install them with: sudo apt-get install libcurl4 libarchive13"


def test_a_catalog_that_is_not_there(swage, mirror):
    assert checks(swage, "--catalog", "/nowhere", env=mirror(), code=4)["catalog"]["state"] == "fail"
