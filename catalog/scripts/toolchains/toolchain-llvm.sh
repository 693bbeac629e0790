# Makes a relocated LLVM (clang, lld, the binary utilities) from distribution packages and checks its versions. One LLVM serves every
# platform, so nothing here depends on one: that it emits the cell's code is seen when the cell's userland is built.
#
# $debs   packages     $major  14: what the packages append to program names     $version  declared
#
# Result: $out/bin holds clang, ld.lld, llvm-* by plain name.
. $script_debs
. $script_relocate
unpack_debs $out $debs
rm $out/bin
mkdir $out/bin
llvm=$out/usr/lib/llvm-$major/bin
for program in $llvm/*; do
  name=${program##*/}
  case $name in
    clang | clang-[0-9]* | clang-cpp | lld | ld.lld | llvm-*) ln -s ../usr/lib/llvm-$major/bin/$name $out/bin/$name ;;
  esac
done
find $out -type l -lname '/*' ! -lname "$out/*" | while read -r link; do ln -snf "$out$(readlink "$link")" "$link"; done
relocate_programs $out/usr/lib
: > $out/userland-flags

failed=
expect() { # expect WHAT DECLARED FOUND
  if [ "$2" = "$3" ]; then
    echo "$1 $3" >> $out/toolchain
  else
    echo "self-check: $1 is '$3', the catalog declares '$2'" >&2
    failed=1
  fi
}
expect clang "$version" "$($out/bin/clang -dumpversion)"
expect lld "$version" "$($out/bin/ld.lld --version | sed 's/.*LLD \([0-9.]*\).*/\1/')"
echo 'int answer(int x) { return x + 42; }' > object.c
$out/bin/clang --target=aarch64-linux-gnu -ffreestanding -O2 -c object.c -o object.o
at_home $out/bin/clang $out/bin/ld.lld $out/bin/llvm-* || failed=1
expect nm "T answer" "$($out/bin/llvm-nm object.o | sed 's/^[0-9a-f]* //')"
[ -z "$failed" ]
