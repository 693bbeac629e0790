# Makes a relocated cross toolchain from distribution packages and checks that it is what its catalog row declares.
#
# $debs         packages of the compiler, its binutils, the target's C library and every library that they need
# $prefix       aarch64-linux-gnu-       $suffix  what the packages append to program names: -12
# $gcc $binutils $libc_version           declared versions
# $dumpmachine $elf_machine $elf_class $pointer_bits $endian $float_abi $gcc_abi   declared target
# $emulator     qemu-user's suffix for the target, or "" when this machine runs its programs
#
# Result: $out/bin holds the programs by plain name (aarch64-linux-gnu-gcc); they run in any root, because interpreter and
# library path point into $out. $out/toolchain says what was checked.
. $script_debs
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

# Interpreter and DT_RPATH of every program for this machine. RPATH, because RUNPATH does not reach the libraries of
# libraries: the assembler's libopcodes would not find libbfd. Static programs and scripts stay as they are.
libraries=$out/usr/lib/x86_64-linux-gnu
loader=$out/usr/lib64/ld-linux-x86-64.so.2
find $out/usr/bin $out/usr/lib/gcc* $out/usr/libexec $out/usr/x86_64-linux-gnu/bin $out/usr/${prefix%-}/bin \
  -type f -perm /111 2>/dev/null | sort -u | while read -r file; do
  patchelf --print-interpreter "$file" >/dev/null 2>&1 || continue
  patchelf --set-interpreter $loader --force-rpath --set-rpath $libraries "$file"
done
# Linker scripts (libc.so; libm.a from glibc 2.22 on) name libraries by absolute path; without the directory ld searches its own.
find $out/usr -type f -size -4k \( -name 'lib*.so' -o -name 'lib*.a' \) | while read -r file; do
  if grep -q 'GNU ld script' "$file"; then sed -i 's,/[^ )]*/\(lib[^ /)]*\|ld[^ /)]*\),\1,g' "$file"; fi
done

# --- The self-check: a row that declares what is not so must not become a toolchain.
failed=
expect() { # expect WHAT DECLARED FOUND
  if [ "$2" = "$3" ]; then
    echo "checked: $1 = $3"
    echo "$1 $3" >> $out/toolchain
  else
    echo "self-check: $1 is '$3', the catalog declares '$2'" >&2
    failed=1
  fi
}
CC=$out/bin/${prefix}gcc
macro() { echo "$macros" | sed -n "s/^#define $1 //p"; }
expect dumpmachine "$dumpmachine" "$($CC -dumpmachine)"
expect gcc "$gcc" "$($CC -dumpfullversion -dumpversion)"
expect binutils "$binutils" "$($out/bin/${prefix}ld --version | sed -n '1s/.* //p')"
macros=$($CC -dM -E -x c /dev/null)
expect pointer_bits "$pointer_bits" "$(( $(macro __SIZEOF_POINTER__) * 8 ))"
case $(macro __BYTE_ORDER__) in
  __ORDER_LITTLE_ENDIAN__) order=little ;;
  *) order=big ;;
esac
expect endian "$endian" $order
case $dumpmachine in
  arm*)
    float=soft
    [ -z "$(macro __ARM_PCS_VFP)" ] || float=hard
    expect float_abi "$float_abi" $float ;;
  powerpc64*) expect gcc_abi "$gcc_abi" "elfv$(macro _CALL_ELF)" ;;
esac

# A static and a dynamic C program, with the right ELF class and machine, that run. With libm, whose parts are linker scripts too.
cat > hello.c <<'EOF'
#include <math.h>
#include <stdio.h>
int main(int argc, char **argv) {
  (void)argv;
  printf("hello %d.%d %.0f\n", __GLIBC__, __GLIBC_MINOR__, 10 * cos(argc - 1.0));
  return 0;
}
EOF
number() { od -An -j $2 -N $3 -t u$3 --endian=$order $1 | tr -d ' '; }
# A cross compiler knows its sysroot from where it is; a native one looks in / unless told.
sysroot=$out/usr/${prefix%-}
native=
[ -d $sysroot/include ] || { sysroot=$out; native="--sysroot=$out"; }
echo "$native" > $out/userland-flags
if [ -n "$libc_version" ]; then
  emulate=
  [ -z "$emulator" ] || emulate="qemu-$emulator-static"
  $CC $native -O2 -static hello.c -o hello-static -lm
  expect elf_machine "$elf_machine" "$(number hello-static 18 2)"
  expect elf_class "$elf_class" "$(( $(number hello-static 4 1) * 32 ))"
  expect static_program "hello $libc_version 10" "$($emulate ./hello-static)"
  $CC $native -O2 hello.c -o hello-dynamic -lm
  if [ -n "$emulate" ]; then
    expect dynamic_program "hello $libc_version 10" "$($emulate -L $sysroot ./hello-dynamic)"
  fi
fi
[ -z "$failed" ]
