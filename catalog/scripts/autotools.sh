# ./configure && make && make install: see package.sh. automake makes no info files where INFO_DEPS names none.
. $script_package

configure() {
  # An archive that is a snapshot of the project's tree has no configure yet.
  [ -e configure ] || autoreconf -fi
  eval "set -- $configure_args"
  [ "$host" = "$build_triple" ] || set -- --host=$host "$@"
  sh ./configure --build=$build_triple --prefix=$out --disable-dependency-tracking "$@"
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
