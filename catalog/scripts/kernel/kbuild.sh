# How every make in a kernel tree is called. Sourced by the scripts that build kernels and modules.
#
# $arch  ARCH=     $cross  CROSS_COMPILE=     $compiler  gcc | clang     $make_args  the machine's own
# $quirk_make_args $cflags $aflags (after the kernel's own flags) $cc_flags $ld_flags (part of CC and LD) $host_cc   what the cell's quirks do

# The jobserver of the executor arrives in MAKEFLAGS; a stock Nix has none.
jobs=
case "${MAKEFLAGS-}" in
  *jobserver*) ;;
  *) jobs=-j${NIX_BUILD_CORES:-1} ;;
esac

# LLVM's own assembler too; before 5.15 CROSS_COMPILE is what names clang's target. Programs of the build run here, where the root's
# own compiler makes them.
cross_tools="CROSS_COMPILE=$cross"
cc=${cross}gcc
ld=${cross}ld
if [ $compiler = clang ]; then
  cross_tools="$cross_tools LLVM=1 LLVM_IAS=1 HOSTCXX=g++ HOSTLD=ld HOSTAR=ar"
  cc=clang
  ld=ld.lld
fi
kbuild() {
  make ARCH=$arch $cross_tools "HOSTCC=${host_cc:-gcc}" ${cc_flags:+"CC=$cc $cc_flags"} ${ld_flags:+"LD=$ld $ld_flags"} \
    ${cflags:+"KCFLAGS=$cflags"} ${aflags:+"KAFLAGS=$aflags"} $make_args $quirk_make_args "$@"
}

# Everything that differs from one build to the next of the same inputs.
export KBUILD_BUILD_TIMESTAMP="Tue Jan  1 00:00:00 UTC 1980" KBUILD_BUILD_USER=swage KBUILD_BUILD_HOST=swage KBUILD_BUILD_VERSION=1
export KCONFIG_NOTIMESTAMP=1
