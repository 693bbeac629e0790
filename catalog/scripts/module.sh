# Builds out-of-tree modules.
#
# $src     the modules' directory     $kernel  the kernel's output `dev`     $arch $compiler $cross $make_args  see kbuild.sh
#
# Result: $out/*.ko
. $script_kbuild
if [ -e $kernel/why-empty ]; then
  cat $kernel/why-empty >&2
  exit 1
fi
# Under fixed paths, so that no module names the store.
mkdir -p kernel module
$busybox mount --bind $kernel kernel
cp -r $src/. module
chmod -R u+w module
# 32-bit powerpc links an object of the kernel's by a path below the module.
if [ -e kernel/arch/powerpc/lib/crtsavres.o ]; then
  mkdir -p module/arch/powerpc/lib
  cp kernel/arch/powerpc/lib/crtsavres.o module/arch/powerpc/lib/
fi
kbuild -C /build/kernel M=/build/module $jobs modules
# The kernel's own are signed when they are installed.
if grep -q '^CONFIG_MODULE_SIG_ALL=y' kernel/.config; then
  hash=$(sed -n 's/^CONFIG_MODULE_SIG_HASH="\(.*\)"/\1/p' kernel/.config)
  find module -name '*.ko' | while read -r file; do
    kernel/scripts/sign-file $hash kernel/certs/signing_key.pem kernel/certs/signing_key.x509 $file
  done
fi
mkdir -p $out
find module -name '*.ko' | sort | while read -r file; do cp $file $out/; done
[ -n "$(ls $out)" ] || { echo "the directory made no module: does its Makefile or Kbuild say obj-m?" >&2; exit 1; }
