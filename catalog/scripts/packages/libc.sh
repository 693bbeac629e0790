# Takes what programs need at run time out of a toolchain: loader, C library and the compiler's libraries, so that programs do not refer to
# the toolchain, which is for another machine.
#
# $deps_build   the toolchain      $prefix $flags   its
# Result: $out/lib, and $out/loader, which names the loader.
toolchain=$deps_build
CC="$toolchain/bin/${prefix}gcc $flags $(cat $toolchain/userland-flags)"
mkdir -p $out/lib
echo 'int main(void) { return 0; }' > main.c
$CC main.c -o main
loader=$(patchelf --print-interpreter main)
library() { # library NAME: where the compiler finds it, or nothing
  found=$($CC -print-file-name=$1)
  case $found in /*) readlink -f "$found" ;; esac
}
# A directory holds the library under all its names, so all shared objects beside it are taken.
for name in ${loader##*/} libc.so.6 libc.so.0 libc.so libgcc_s.so.1 libstdc++.so.6 libatomic.so.1; do
  file=$(library $name)
  [ -n "$file" ] || continue
  echo ${file%/*}
done | sort -u > directories
# The loader may be where only the sysroot says.
sysroot=$($CC -print-sysroot)
for directory in "$sysroot/lib" "$sysroot/lib64" "$sysroot$(dirname $loader)"; do
  [ -z "$sysroot" ] || [ ! -d "$directory" ] || readlink -f "$directory"
done >> directories
# Nothing of the root that this runs in, which some compilers say is their sysroot.
sort -u directories | grep "^$toolchain/" | while read -r directory; do
  for file in $directory/*.so $directory/*.so.*; do
    [ -e "$file" ] || continue
    case $(od -An -N4 -c "$(readlink -f "$file")" | tr -d ' ') in 177ELF) ;; *) continue ;; esac   # linker scripts
    case ${file##*/} in
      lib*san.so* | libgomp* | libcc1* | libitm* | libquadmath* | libgfortran* | libgo.* | libobjc* | libgnat* | libphobos*) continue ;;
    esac
    [ -e $out/lib/${file##*/} ] || cp -L "$file" $out/lib/
  done
done
chmod -R u+w $out
[ -e "$out/lib/${loader##*/}" ] || { echo "the loader $loader is not in: $(cat directories)" >&2; exit 1; }
chmod +x $out/lib/*
echo $out/lib/${loader##*/} > $out/loader
# Libraries of the compiler find those of the C library beside them.
for file in $out/lib/libstdc++.so.6 $out/lib/libgcc_s.so.1 $out/lib/libatomic.so.1; do
  [ ! -e $file ] || patchelf --set-rpath $out/lib $file
done
strip=$toolchain/bin/${prefix}strip
find $out/lib -type f | while read -r file; do $strip --strip-debug "$file"; done
