# How every make in a kernel tree is called. Sourced by the scripts that build kernels and modules.
#
# $arch  ARCH=     $cross  CROSS_COMPILE=     $compiler  gcc | clang     $make_args  the machine's own

# The jobserver of the executor arrives in MAKEFLAGS; a stock Nix has none.
jobs=
case "${MAKEFLAGS-}" in
  *jobserver*) ;;
  *) jobs=-j${NIX_BUILD_CORES:-1} ;;
esac

# LLVM's own assembler too; before 5.15 CROSS_COMPILE is what names clang's target. Programs of the build run here, where the root's
# own compiler makes them.
tools="CROSS_COMPILE=$cross"
if [ $compiler = clang ]; then tools="$tools LLVM=1 LLVM_IAS=1 HOSTCC=gcc HOSTCXX=g++ HOSTLD=ld HOSTAR=ar"; fi
kbuild() { make ARCH=$arch $tools $make_args "$@"; }

# Everything that differs from one build to the next of the same inputs.
export KBUILD_BUILD_TIMESTAMP="Tue Jan  1 00:00:00 UTC 1980" KBUILD_BUILD_USER=swage KBUILD_BUILD_HOST=swage KBUILD_BUILD_VERSION=1
export KCONFIG_NOTIMESTAMP=1
