# make BOARD_defconfig && make: see package.sh. It links with ld and its own scripts, without the C library.
#
# $defconfig $files   see systems/u-boot.toml
. $script_package

boot_make() { make $jobs CROSS_COMPILE=$cross HOSTCC=gcc "$@"; }
configure() { boot_make $defconfig; }
build() {
  eval "set -- $make_args"
  boot_make "$@"
}
install() {
  mkdir -p $out
  cp $files .config $out/
  mv $out/.config $out/config
}
steps
