# ./configure && make && make install: see package.sh. automake makes no info files where INFO_DEPS names none.
. $script_package

configure() {
  eval "set -- $configure_args"
  [ "$host" = "$build_triple" ] || set -- --host=$host "$@"
  ./configure --build=$build_triple --prefix=$out --disable-dependency-tracking "$@"
}
build() {
  eval "set -- $make_args"
  make $jobs INFO_DEPS= "$@"
}
install() {
  eval "set -- $make_args ${install_args:-install}"
  make INFO_DEPS= "$@"
}
steps
