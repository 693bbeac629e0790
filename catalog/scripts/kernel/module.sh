# Builds out-of-tree modules.
#
# $src     the modules' directory     $kernel  the kernel's output `dev`     $arch $compiler $cross $make_args  see kbuild.sh
# $vars    NAME=VALUE, a line each: variables of the modules' make, as CONFIG_X=m
# $uses    what earlier modules were built to, words: these may use their symbols
#
# Result: $out/*.ko, and Module.symvers, for modules that use what these export
. $script_kbuild
if [ -e $kernel/why-empty ]; then
  sed 's/^/error: /' $kernel/why-empty >&2
  exit 1
fi
# Under fixed paths, so that no module names the store.
mkdir -p kernel module symbols
$busybox mount --bind $kernel kernel
cp -r $src/. module
chmod -R u+w module
# 32-bit powerpc links an object of the kernel's by a path below the module.
if [ -e kernel/arch/powerpc/lib/crtsavres.o ]; then
  mkdir -p module/arch/powerpc/lib
  cp kernel/arch/powerpc/lib/crtsavres.o module/arch/powerpc/lib/
fi
extra=
for one in $uses; do
  [ -e $one/Module.symvers ] || { echo "error: '${one##*/}' exports no symbols: it has no Module.symvers" >&2; exit 1; }
  cp $one/Module.symvers symbols/${one##*/}.symvers
  extra="$extra /build/symbols/${one##*/}.symvers"
done
set -f
IFS='
'
set -- $vars
unset IFS
set +f
[ -z "$extra" ] || set -- "$@" "KBUILD_EXTRA_SYMBOLS=${extra# }"
# From the modules' own directory, which is what their makefiles mean by $(PWD).
cd module
export PWD
kbuild -C /build/kernel M=/build/module $jobs "$@" modules
cd ..
# The kernel's own are signed when they are installed.
if grep -q '^CONFIG_MODULE_SIG_ALL=y' kernel/.config; then
  hash=$(sed -n 's/^CONFIG_MODULE_SIG_HASH="\(.*\)"/\1/p' kernel/.config)
  find module -name '*.ko' | while read -r file; do
    kernel/scripts/sign-file $hash kernel/certs/signing_key.pem kernel/certs/signing_key.x509 $file
  done
fi
mkdir -p $out
find module -name '*.ko' | sort | while read -r file; do
  [ ! -e $out/${file##*/} ] || { echo "error: two modules are called '${file##*/}', and a kernel takes one of a name" >&2; exit 1; }
  cp $file $out/
done
[ -n "$(ls $out)" ] || { echo "error: the directory made no module: does its Makefile or Kbuild say obj-m?" >&2; exit 1; }
[ ! -e module/Module.symvers ] || cp module/Module.symvers $out/
