"""A cross compiler for arm64 that is a script: gcc 13.3.0 with binutils 2.41, as far as a toolchain's self-check asks."""
import io
import tarfile

# It runs a program of the archive's that is linked dynamically, as the parts of a real compiler are.
GCC = """#!/bin/sh
"${{0%/*}}/aarch64-linux-nm" || exit 9
for word; do
  case $word in
    -dumpmachine) echo {machine}; exit ;;
    -dumpfullversion) echo 13.3.0; exit ;;
    -print-sysroot) echo /nowhere; exit ;;
    -dM) printf '#define __SIZEOF_POINTER__ 8\\n#define __BYTE_ORDER__ __ORDER_LITTLE_ENDIAN__\\n'; exit ;;
    -o) output=1 ;;
    *) [ -z "$output" ] || printf '\\177ELF\\002\\001\\001\\000\\000\\000\\000\\000\\000\\000\\000\\000\\001\\000\\267\\000' > $word ;;
  esac
done
"""
LD = "#!/bin/sh\necho 'GNU ld (GNU Binutils) 2.41'\n"
CHECKED = ["gcc 13.3.0", "binutils 2.41", "pointer_bits 64", "endian little", "elf_machine 183", "elf_class 64"]


def row(name, machine, url, pin, version="13.3.0", binutils='binutils = "2.41"', more=""):
    """The catalog's row of such an archive; `pin` is the line that says its hash, `more` are further lines."""
    return f"""[[toolchain]]
id = "{name}"
version = "{version}"
{binutils}
released = "2024-05-21"
prefix = "aarch64-linux-"
dumpmachine = "{machine}"
urls = ["{url}"]
{pin}
{more}
source = "made up"
"""


def write_archive(path, directory, machine, more=(), program="/bin/true"):
    """An archive with the compiler in `directory`; `more` are names and contents of further files, `program` its aarch64-linux-nm."""
    files = {"bin/aarch64-linux-gcc": GCC.format(machine=machine), "bin/aarch64-linux-ld": LD, **dict(more)}
    with tarfile.open(path, {".xz": "w:xz", ".bz2": "w:bz2"}.get(path.suffix, "w")) as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            entry = tarfile.TarInfo(f"{directory}/{name}")
            entry.size, entry.mode = len(data), 0o755
            archive.addfile(entry, io.BytesIO(data))
        archive.add(program, f"{directory}/bin/aarch64-linux-nm")
