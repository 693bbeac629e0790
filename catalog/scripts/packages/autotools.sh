# ./configure && make && make install: see package.sh.
. $script_package

configure() {
  # An archive that is a snapshot of the project's tree has no configure yet.
  [ -e configure ] || autoreconf -fi
  eval "set -- $output_args ${static:+--disable-shared --enable-static} $configure_args"
  [ "$host" = "$build_triple" ] || set -- --host=$host "$@"
  sh ./configure --build=$build_triple --prefix=$out --disable-dependency-tracking "$@"
}
steps
