# meson setup, then ninja: see ninja.sh. $configure_args are those of meson setup.
. $script_ninja
# The directories that libraries were found in are taken out of a program's path at installation: as text, which these are another of.
SWAGE_LDFLAGS=$(echo "$SWAGE_LDFLAGS" | sed 's|\(-Wl,-rpath,[^ ]*\)|\1/|g')

configure() {
  cat > ../cross.ini <<END
[binaries]
c = '$CC'
cpp = '$CXX'
ar = '$AR'
nm = '$NM'
strip = '$STRIP'
objcopy = '$OBJCOPY'
pkgconfig = 'pkg-config-for-host'
cmake = 'cmake'
[properties]
needs_exe_wrapper = true
[host_machine]
system = 'linux'
cpu_family = '$cpu_family'
cpu = '${host%%-*}'
endian = '$endian'
END
  # For what meson compiles to run during the build.
  cat > ../native.ini <<END
[binaries]
c = 'gcc'
cpp = 'g++'
pkgconfig = 'pkg-config-for-build'
cmake = 'cmake'
[built-in options]
cmake_prefix_path = [$(printf "'%s', " ${build_prefixes:-/nowhere})]
END
  eval "set -- $output_args ${static:+--default-library=static} $configure_args"
  # The host's compiler reaches meson by the cross file alone: in the environment it would be the build machine's.
  for_build_machine meson setup ../build . --cross-file ../cross.ini --native-file ../native.ini \
    --prefix=$out --libdir=lib --buildtype=release --wrap-mode=nodownload --auto-features=disabled "$@"
}
steps
