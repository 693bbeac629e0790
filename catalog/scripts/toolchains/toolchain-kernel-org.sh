# Makes a relocated cross compiler from an archive of kernel.org's and checks that it is what its catalog row declares.
#
# $src          the archive: .tar.xz with gcc-VERSION-nolibc/TARGET/ in it
# $prefix       aarch64-linux-: what the names of its programs begin with
# What the row declares: see check-toolchain.sh.
#
# Result: $out/bin holds the programs, linked to $out/crosstool/bin. Those are linked dynamically, so the libraries and the loader that
# they run with come along from the root of this build. $out/toolchain says what was checked.
. $script_relocate

mkdir -p $out/bin unpacked
$busybox xzcat $src | $busybox tar -x -f - -C unpacked
compiler=$(echo unpacked/*/*/bin/${prefix}gcc)
if [ ! -e "$compiler" ]; then
  echo "'$src' is no compiler of kernel.org's: it has no ${prefix}gcc; its top is" $(ls -d unpacked/*/*) >&2
  exit 1
fi
mv ${compiler%/bin/*} $out/crosstool

programs="$out/crosstool/bin $out/crosstool/libexec $out/crosstool/$dumpmachine/bin"
bring_libraries $programs
relocate_programs $programs

for program in $out/crosstool/bin/$prefix*; do ln -s ../crosstool/bin/${program##*/} $out/bin/; done
libc= libc_version= float_abi=
. $script_check_toolchain
