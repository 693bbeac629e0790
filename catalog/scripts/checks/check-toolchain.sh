# The self-check of a gcc toolchain in $out/bin: a row that declares what is not so must not become a toolchain. Sourced last by the
# toolchain scripts, after relocate.sh; its status is theirs.
#
# $prefix $gcc $binutils $libc $libc_version   what the row declares; an empty $binutils is not known, an empty $libc is none
# $flags         what makes the compiler emit code for the platform, where that is not its default
# $dumpmachine $elf_machine $elf_class $pointer_bits $endian $float_abi $gcc_abi   declared target
# $emulator      qemu-user's suffix for the target, or "" when there is none: then its programs are made and not run
# $emulators     a root that holds qemu-user
# $native        flags that tell a native compiler where its own headers are     $sysroot  where the target's loader is
# $kernel_roots $script_enter   of a toolchain that takes an hour to make: the roots that the resolver may pair it with, to run it in them
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
CC="$out/bin/${prefix}gcc $flags"
macro() { echo "$macros" | sed -n "s/^#define $1 //p"; }
expect dumpmachine "$dumpmachine" "$($CC -dumpmachine)"
# A row may know the major version alone (gcc 13): then that is what is compared.
full=$($CC -dumpfullversion -dumpversion)
case $full in
  "$gcc".*) echo "the compiler is gcc $full"; expect gcc "$gcc" "$gcc" ;;
  *) expect gcc "$gcc" "$full" ;;
esac
found=$($out/bin/${prefix}ld --version | sed -n '1s/.* //p')
# Likewise a snapshot of binutils appends its date.
case $binutils,$found in
  ,*) echo "binutils is $found; the catalog does not know" ;;
  "$binutils,$binutils".*) echo "it is binutils $found"; expect binutils "$binutils" "$binutils" ;;
  *) expect binutils "$binutils" "$found" ;;
esac
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
    # A kernel-only compiler has no float ABI to declare: the kernel uses none.
    [ -z "$libc" ] || expect float_abi "$float_abi" $float ;;
  powerpc64*) expect gcc_abi "$gcc_abi" "elfv$(macro _CALL_ELF)" ;;
esac

number() { od -An -j $2 -N $3 -t u$3 --endian=$order $1 | tr -d ' '; }
check_elf() { # check_elf FILE
  expect elf_machine "$elf_machine" "$(number $1 18 2)"
  expect elf_class "$elf_class" "$(( $(number $1 4 1) * 32 ))"
}
compile="$CC -ffreestanding -O2 -c object.c -o"
echo 'int answer(int x) { return x + 42; }' > object.c
$compile object.o
if [ -z "$libc" ]; then
  check_elf object.o
else
  # A static and a dynamic C program that run. With libm, whose parts are linker scripts too.
  cat > hello.c <<'END'
#include <features.h>
#include <math.h>
#include <stdio.h>
int main(int argc, char **argv) {
  (void)argv;
#if defined(__UCLIBC__)
  printf("hello uclibc %d.%d.%d %.0f\n", __UCLIBC_MAJOR__, __UCLIBC_MINOR__, __UCLIBC_SUBLEVEL__, 10 * cos(argc - 1.0));
#elif defined(__GLIBC__)
  printf("hello glibc %d.%d %.0f\n", __GLIBC__, __GLIBC_MINOR__, 10 * cos(argc - 1.0));
#else
  printf("hello musl %.0f\n", 10 * cos(argc - 1.0));   /* musl does not tell its version */
#endif
  return 0;
}
END
  said="hello $libc $libc_version 10"
  [ $libc != musl ] || said="hello musl 10"
  # An emulator that does not know the program may spin for ever.
  emulate="timeout 120 $emulators/usr/bin/qemu-$emulator"
  $CC $native -O2 -static hello.c -o hello-static -lm
  $CC $native -O2 hello.c -o hello-dynamic -lm
  check_elf hello-static
  if [ -n "$emulator" ]; then
    expect static_program "$said" "$($emulate ./hello-static)"
    expect dynamic_program "$said" "$($emulate -L $sysroot ./hello-dynamic)"
  fi
fi

# The programs that builds call, and those that the compiler calls, are the same in every root.
programs=
for name in gcc as ld ar nm objcopy objdump ranlib readelf strip; do
  [ ! -e $out/bin/$prefix$name ] || programs="$programs $out/bin/$prefix$name"
done
for name in cc1 collect2 as ld; do
  program=$($CC -print-prog-name=$name)
  case $program in
    /*) programs="$programs $program" ;;
    $name) echo "self-check: the compiler takes '$name' from PATH" >&2; failed=1 ;;
  esac
done
at_home $programs || failed=1

# And what they make in each root is what they make here.
echo "$compile in-root.o" > in-root.sh
for kernel_root in ${kernel_roots-}; do
  name=${kernel_root#*-root-}
  if root=$kernel_root $busybox unshare --mount $busybox sh $script_enter --inside $PWD/in-root.sh && $busybox cmp object.o in-root.o; then
    echo "checked: it runs in root $name"
    echo "root $name" >> $out/toolchain
  else
    echo "self-check: it does not run in root '$name'" >&2
    failed=1
  fi
  rm -f in-root.o
done
[ -z "$failed" ]
