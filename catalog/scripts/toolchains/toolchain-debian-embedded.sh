# Makes a relocated cross toolchain for bare metal: that of toolchain-debian.sh, which compares the compiler with its row, and with it the
# C library, where the compiler finds it. The library is checked here, by a program that runs on the machine.
#
# $libc_name $libc_version   what the row declares
# $link   how a program is linked that $machine with $start runs      $machines   the root of that emulator      $with   libraries that the
#         check's program needs besides
# $out/userland-flags says how packages link: their programs are to run on the same machine.
libc= emulator= emulators=
( script_check_toolchain=/dev/null; . $script_toolchain )
. $script_relocate
relocate_programs $out/usr/lib/${prefix%-}/bin
native=
. $script_check_toolchain

# The alternatives system makes the first two; the specifications name the place where the package would have been installed.
libraries=$out/usr/lib/${prefix%-}
if [ -d $libraries/newlib ]; then
  ln -s newlib $libraries/lib
  ln -s ../../include/newlib $libraries/include
fi
specs=
for file in $out/usr/lib/picolibc/*/picolibc.specs; do
  [ -e "$file" ] || continue
  sed -i "s|/usr/lib/picolibc|$out/usr/lib/picolibc|g" "$file"
  specs="--specs=$file"
done
echo $specs $link > $out/userland-flags

# How a program's words get out of a chip without operating system: newlib and picolibc know, AVR Libc leaves it to the program.
cat > hello.c <<'END'
#include <math.h>
#include <stdio.h>
#if defined(__AVR__)
#include <avr/io.h>
#include <avr/version.h>
static int put(char c, FILE *to) {
  (void)to;
  while (!(UCSR0A & (1 << UDRE0))) {}
  UDR0 = c;
  return 0;
}
#define NAME "avrlibc " __AVR_LIBC_VERSION_STRING__
#elif defined(__PICOLIBC__)
#define NAME "picolibc " __PICOLIBC_VERSION__
#else
#include <_newlib_version.h>
#define NAME "newlib " _NEWLIB_VERSION
#endif
int main(void) {
  volatile double nothing = 0;
#if defined(__AVR__)
  static FILE port;
  fdev_setup_stream(&port, put, 0, _FDEV_SETUP_WRITE);
  stdout = &port;
  UCSR0B = 1 << TXEN0;
#endif
  printf("hello %s %.0f\n", NAME, 10 * cos(nothing));
#if defined(__AVR__)
  for (;;) {}
#endif
  return 0;
}
END
$CC $specs $link -Os hello.c -o hello ${with-} -lm
check_elf hello
case $dumpmachine in
  arm*)
    float=soft
    macros=$($CC -dM -E -x c /dev/null)
    [ -z "$(macro __ARM_PCS_VFP)" ] || float=hard
    expect float_abi "$float_abi" $float ;;
esac
# Of an emulator that is not static, loader and libraries are in its root.
run=$machines/usr/bin/$machine
if loader=$(patchelf --print-interpreter $run 2> /dev/null); then
  run="$machines$loader --library-path $machines/usr/lib/x86_64-linux-gnu $run"
fi
# A chip does not end: what it said is there after these seconds.
timeout 20 $run $start hello < /dev/null > said 2> problems || [ $? = 124 ] || cat problems >&2
expect program "hello $libc_name $libc_version 10" "$(tr -d '\r' < said | sed -n 1p)"
[ -z "$failed" ]
