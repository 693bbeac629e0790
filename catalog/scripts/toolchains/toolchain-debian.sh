# Makes a relocated cross toolchain from distribution packages and checks that it is what its catalog row declares.
#
# $debs         packages of the compiler, its binutils, the target's C library and every library that they need
# $prefix       aarch64-linux-gnu-       $suffix  what the packages append to program names: -12
# What the row declares: see check-toolchain.sh.
#
# Result: $out/bin holds the programs by plain name (aarch64-linux-gnu-gcc); they run in any root, because interpreter and
# library path point into $out. $out/toolchain says what was checked.
. $script_debs
. $script_relocate
unpack_debs $out $debs

# $out/bin must hold the toolchain and nothing else, since it goes on PATH. gcc finds its parts from where it really is.
rm $out/bin
mkdir $out/bin
for program in $out/usr/bin/$prefix*; do
  name=${program##*/}
  ln -s ../usr/bin/$name $out/bin/$name
  plain=${name%"$suffix"}
  [ "$plain" = "$name" ] || [ -e $out/usr/bin/$plain ] || ln -s ../usr/bin/$name $out/bin/$plain
done

# A native compiler looks for its assembler and linker on PATH; the directory it tries before that makes it self-contained.
tools=$out/usr/${prefix%-}/bin
if [ ! -e $tools/as ]; then
  mkdir -p $tools
  for tool in ar as ld ld.bfd nm objcopy objdump ranlib strip; do ln -s ../../bin/$prefix$tool $tools/$tool; done
fi

# Absolute links of packages (the loader of old ones) mean the root that they are installed in, which here is $out.
find $out -type l -lname '/*' ! -lname "$out/*" | while read -r link; do ln -snf "$out$(readlink "$link")" "$link"; done

relocate_programs $out/usr/bin $out/usr/lib/gcc* $out/usr/libexec $out/usr/x86_64-linux-gnu/bin $out/usr/${prefix%-}/bin
# Linker scripts (libc.so; libm.a from glibc 2.22 on) name libraries by absolute path; without the directory ld searches its own, where
# what lies in another one (mips64: the loader) is linked to.
find $out/usr -type f -size -4k \( -name 'lib*.so' -o -name 'lib*.a' \) | while read -r file; do
  grep -q 'GNU ld script' "$file" || continue
  for name in $(grep -o '/[^ )]*/\(lib\|ld\)[^ /)]*' "$file"); do
    [ -e "${file%/*}/${name##*/}" ] || [ ! -e "$out$name" ] || ln -s "$out$name" "${file%/*}/${name##*/}"
  done
  sed -i 's,/[^ )]*/\(lib[^ /)]*\|ld[^ /)]*\),\1,g' "$file"
done

# A cross compiler knows its sysroot from where it is; a native one looks in / unless told.
sysroot=$out/usr/${prefix%-}
native=
[ -d $sysroot/include ] || { sysroot=$out; native="--sysroot=$out"; }
echo "$native" > $out/userland-flags
. $script_check_toolchain
