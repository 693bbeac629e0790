"""A distribution's archive on disk, which the apt of a test takes for the host's own: made-up packages in suites of any name."""
import hashlib
import pathlib
import shutil
import subprocess


class MadeUpArchive:
    def __init__(self, swage):
        self.swage, self.root = swage, swage.cwd / "archive"
        codename = next(line.split("=")[1].strip('"\n') for line in open("/etc/os-release") if line.startswith("VERSION_CODENAME="))
        (swage.cwd / "sources.list").write_text(f"deb [trusted=yes] file://{self.root} {codename} main\n")
        (swage.cwd / "apt.conf").write_text(f'Dir::Etc::sourcelist "{swage.cwd}/sources.list";\nDir::Etc::sourceparts "/dev/null";\n')
        swage.env["APT_CONFIG"] = str(swage.cwd / "apt.conf")

    def publish(self, suite, packages, date="Sat, 31 Jan 2026 00:00:00 UTC", programs=None):
        """Packages by version; those in `programs` (name -> path) hold one, all others nothing that could be unpacked."""
        index = ""
        (self.root / "pool").mkdir(parents=True, exist_ok=True)
        for name, version in packages.items():
            file = self.root / "pool" / f"{name}_{version.split(':')[-1]}_amd64.deb"
            head = f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: x <x@x>\nDescription: x\n"
            content = self.package(head, programs[name]) if name in (programs or {}) else f"{name} {version}".encode()
            file.write_bytes(content)   # the lock asks whether it is there
            index += f"{head}Filename: pool/{file.name}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n\n"
        sources = (f"Package: nothing\nBinary: nothing\nVersion: 1.0-1\nDirectory: pool\nFormat: 1.0\nArchitecture: any\n"
                   f"Checksums-Sha256:\n {'0' * 64} 1 nothing_1.0-1.dsc\n\n")   # apt keeps no index that is empty
        place = self.root / "dists" / suite
        release = f"Origin: Test\nLabel: Made up\nSuite: {suite}\nCodename: {suite}\nDate: {date}\nArchitectures: amd64\nComponents: main\nSHA256:\n"
        for name, text in {"main/binary-amd64/Packages": index, "main/source/Sources": sources}.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
            release += f" {hashlib.sha256(text.encode()).hexdigest()} {len(text)} {name}\n"
        (place / "Release").write_text(release)

    def package(self, head, program) -> bytes:
        tree = self.root / "tree"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text(head)
        path: pathlib.Path = tree / program
        path.parent.mkdir(parents=True)
        path.write_text("a program")
        path.chmod(0o755)
        subprocess.run(["dpkg-deb", "-Znone", "--root-owner-group", "--build", str(tree), str(self.root / "made.deb")], check=True, capture_output=True)
        shutil.rmtree(tree)
        return (self.root / "made.deb").read_bytes()
