# Builds a Linux kernel out of tree.
#
# $src            the unpacked tree         $arch   ARCH=          $cross  CROSS_COMPILE=     $compiler  gcc | clang
# $config         tiny | defconfig | NAME_defconfig | a file in the store
# $defconfig      what `defconfig` means for this machine
# $machine_config lines that `tiny` adds so that the boot machine works
# $config_lines   lines that the user asked for, last     $strict  not empty: they must take effect
# $dtb            the boot machine's device tree, or ""
# $image_target $image $make_args    from the machine's row
# $tools          what the root declares of its tools: "make 4.3", a line each
# $quirks         what the cell's quirks are for: "ID: reason", a line each; what they do:
# $quirk_make_args $quirk_config $cflags $aflags (after the kernel's own flags) $cc_flags $ld_flags (part of CC and LD) $host_cc
#
# Result: $out/kernel (the boot image), vmlinux, System.map, config, dtbs/

. $script_check_root
[ -z "$quirks" ] || printf '%s\n' "$quirks" | sed 's/^/quirk /'

# Under a fixed path, so that neither debug information nor __FILE__ names the store: the kernel would refer to its source.
mkdir -p source build
$busybox mount --bind $src source

# The jobserver of the executor arrives in MAKEFLAGS; a stock Nix has none.
jobs=
case "${MAKEFLAGS-}" in
  *jobserver*) ;;
  *) jobs=-j${NIX_BUILD_CORES:-1} ;;
esac
cross_tools="CROSS_COMPILE=$cross"
host_cc=${host_cc:-gcc}
# LLVM's own assembler too; before 5.15 CROSS_COMPILE is what names clang's target. Programs of the build run here, where the root's
# own compiler makes them.
cc=${cross}gcc
ld=${cross}ld
if [ $compiler = clang ]; then
  cross_tools="$cross_tools LLVM=1 LLVM_IAS=1 HOSTCXX=g++ HOSTLD=ld HOSTAR=ar"
  cc=clang
  ld=ld.lld
fi
kmake() {
  make -C /build/source O=/build/build ARCH=$arch $cross_tools "HOSTCC=$host_cc" \
    ${cc_flags:+"CC=$cc $cc_flags"} ${ld_flags:+"LD=$ld $ld_flags"} ${cflags:+"KCFLAGS=$cflags"} ${aflags:+"KAFLAGS=$aflags"} \
    $make_args $quirk_make_args "$@"
}

# Everything that differs from one build to the next of the same inputs.
export KBUILD_BUILD_TIMESTAMP="$timestamp" KBUILD_BUILD_USER=swage KBUILD_BUILD_HOST=swage KBUILD_BUILD_VERSION=1
export KCONFIG_NOTIMESTAMP=1

apply_lines() { # apply_lines FILE: each line replaces what .config says of its symbol
  while IFS= read -r line; do
    symbol=$(echo "$line" | sed -n 's/^\(# \)\{0,1\}\(CONFIG_[A-Za-z0-9_]*\).*/\2/p')
    [ -n "$symbol" ] || continue
    sed -i "/^$symbol=/d;/^# $symbol is not set\$/d" build/.config
    case $line in
      *=n) echo "# $symbol is not set" >> build/.config ;;
      *) echo "$line" >> build/.config ;;
    esac
  done < "$1"
}
settle() { # answers every new question with its default
  if grep -q olddefconfig source/scripts/kconfig/Makefile; then kmake olddefconfig
  else yes '' | kmake oldconfig > /dev/null; fi
}

case $config in
  tiny)
    if [ -e source/kernel/configs/tiny.config ]; then kmake tinyconfig; else kmake allnoconfig; fi
    printf '%s\n' "$machine_config" > machine.config
    apply_lines machine.config ;;
  defconfig) kmake $defconfig ;;
  /*) cp "$config" build/.config; chmod u+w build/.config ;;
  *) kmake $config ;;
esac
printf '%s\n' "$quirk_config" > quirk.config
apply_lines quirk.config
printf '%s\n' "$config_lines" > user.config
apply_lines user.config
settle

# What was asked for and did not come to be is said, not swallowed: Kconfig drops a symbol whose dependencies fail. The user's own
# lines fail the build under --strict-config.
check_lines() { # check_lines FILE: prints the lines without effect; true when there are none
  dropped=
  while IFS= read -r line; do
    symbol=${line%%=*}
    case $line in
      *=n) if ! grep -q "^$symbol=" build/.config; then continue; fi ;;
      CONFIG_*=*) if grep -qxF "$line" build/.config; then continue; fi ;;
      *) continue ;;
    esac
    echo "config: $line did not take effect"
    dropped=1
  done < "$1"
  [ -z "$dropped" ]
}
if [ $config = tiny ]; then check_lines machine.config || true; fi
check_lines quirk.config || true
check_lines user.config || [ -z "$strict" ]

kmake $jobs vmlinux $image_target
if [ -n "$dtb" ]; then
  kmake $jobs ${dtb##*/} || kmake $jobs dtbs
elif [ $config != tiny ] && [ -d source/arch/$arch/boot/dts ]; then
  kmake $jobs dtbs
fi

mkdir -p $out
cp build/$image $out/kernel
cp build/vmlinux build/System.map $out/
cp build/.config $out/config
if [ -d build/arch/$arch/boot/dts ]; then
  (cd build/arch/$arch/boot/dts && find . -name '*.dtb' | sort | while read -r file; do
    mkdir -p $out/dtbs/$(dirname $file)
    cp $file $out/dtbs/$file
  done)
fi
