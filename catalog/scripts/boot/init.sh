# Builds the boot test's freestanding userland: /init and nothing else.
#
# $src   init.c     $compiler  gcc | clang     $prefix  aarch64-linux-gnu-     $flags  what makes the compiler emit the platform's code
triple=${prefix%-}
case $compiler in
  clang) cc="clang --target=$triple -fuse-ld=lld" ;;
  *) cc=${prefix}gcc ;;
esac
cc="$cc $flags -std=gnu99 -Os -Wall -ffreestanding -fno-builtin -fno-stack-protector -fno-asynchronous-unwind-tables -nostdlib -static -Wl,-e,_start"
# Not every compiler has these. A position-independent program would have to relocate itself, nobody sets a global pointer for small
# data (-G0), and mips takes -fno-pic only without abicalls.
for flag in -mno-abicalls -fno-pic -fno-pie -no-pie -G0 -Wl,--build-id=none -Wl,--no-relax; do
  if echo 'void _start(void) {}' | $cc $flag -Werror -x c -o probe - 2>/dev/null; then cc="$cc $flag"; fi
done
$cc -o init $src
mkdir -p $out/bin
cp init $out/bin/init
