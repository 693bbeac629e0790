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

libraries=$out/usr/lib/x86_64-linux-gnu
mkdir -p $out/usr/lib64 $libraries
cp -L /lib64/ld-linux-x86-64.so.2 $out/usr/lib64/
programs="$out/crosstool/bin $out/crosstool/libexec $out/crosstool/$dumpmachine/bin"
missing=
# The libraries that they name, and those that these name, until there are no new ones. Not everything is a program.
wanted() { find $programs $libraries -type f 2>/dev/null | while read -r file; do patchelf --print-needed "$file" 2>/dev/null || :; done | sort -u; }
while :; do
  new=
  for library in $(wanted); do
    case " $missing ld-linux-x86-64.so.2 " in *" $library "*) continue ;; esac
    [ ! -e $libraries/$library ] || continue
    new=1
    for directory in /usr/lib/x86_64-linux-gnu /lib/x86_64-linux-gnu; do
      [ ! -e $directory/$library ] || cp -L $directory/$library $libraries/
    done
    [ -e $libraries/$library ] || missing="$missing $library"
  done
  [ -n "$new" ] || break
done
if [ -n "$missing" ]; then
  echo "self-check: the archive's programs want$missing, which the root of this build does not have" >&2
  exit 1
fi
relocate_programs $programs

for program in $out/crosstool/bin/$prefix*; do ln -s ../crosstool/bin/${program##*/} $out/bin/; done
libc= libc_version= float_abi=
. $script_check_toolchain
