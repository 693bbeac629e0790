# The build of a package, step by step. Sourced first by the script of each build system, which says what the steps do by default:
#
#   configure() { ... }; build() { ... }; install() { ... }
#   steps
#
# A recipe's [phase] may replace a step, or stand before or after it ($phase_before_configure, $phase_configure, ...).
#
# $deps_build          what runs during the build (the wrapped compiler, its programs are on PATH)
# $deps_host           what the result is linked with
# $src $patches        $configure_args $make_args $install_args   words for the shell
# $build_triple $host_triple   $cross   prefix of the compiler's programs
host=$host_triple
export CC=${cross}gcc CXX=${cross}g++ CPP="${cross}gcc -E" AR=${cross}ar AS=${cross}as LD=${cross}ld NM=${cross}nm RANLIB=${cross}ranlib \
  STRIP=${cross}strip OBJCOPY=${cross}objcopy OBJDUMP=${cross}objdump READELF=${cross}readelf
export MAKEINFO=true   # nobody reads info files on a target
export CC_FOR_BUILD=gcc CXX_FOR_BUILD=g++ BUILD_CC=gcc HOSTCC=gcc CFLAGS_FOR_BUILD=-O2 PKG_CONFIG_FOR_BUILD=pkg-config

# Where the host's headers, libraries and pkg-config files are.
SWAGE_CFLAGS='' SWAGE_LDFLAGS='' PKG_CONFIG_LIBDIR='' ACLOCAL_PATH=''
for dependency in $deps_host; do
  [ ! -d $dependency/include ] || SWAGE_CFLAGS="$SWAGE_CFLAGS -isystem $dependency/include"
  [ ! -d $dependency/lib ] || [ -e $dependency/loader ] || SWAGE_LDFLAGS="$SWAGE_LDFLAGS -L$dependency/lib -Wl,-rpath,$dependency/lib -Wl,-rpath-link,$dependency/lib"
  for place in lib share; do
    [ ! -d $dependency/$place/pkgconfig ] || PKG_CONFIG_LIBDIR="$PKG_CONFIG_LIBDIR:$dependency/$place/pkgconfig"
  done
  [ ! -d $dependency/share/aclocal ] || ACLOCAL_PATH="$ACLOCAL_PATH:$dependency/share/aclocal"
done
SWAGE_LDFLAGS="$SWAGE_LDFLAGS -Wl,-rpath,$out/lib"
PKG_CONFIG_LIBDIR=${PKG_CONFIG_LIBDIR#:} ACLOCAL_PATH=${ACLOCAL_PATH#:}
[ -n "$PKG_CONFIG_LIBDIR" ] || PKG_CONFIG_LIBDIR=/nowhere
export SWAGE_CFLAGS SWAGE_LDFLAGS PKG_CONFIG_LIBDIR ACLOCAL_PATH
export PKG_CONFIG=pkg-config

# Names that the alternatives system would have made in the root.
for tool in aclocal automake; do
  for program in /usr/bin/$tool-1*; do export $(echo $tool | tr a-z A-Z)=${program##*/}; done
done

jobs=
case "${MAKEFLAGS-}" in
  *jobserver*) ;;
  *) jobs=-j${NIX_BUILD_CORES:-1} ;;
esac

unpack() {
  mkdir source
  if [ -d "$src" ]; then cp -a "$src/." source/; chmod -R u+w source
  else tar -x --strip-components=1 --no-same-owner --no-same-permissions -f "$src" -C source
  fi
  cd source
  for patch in $patches; do echo "patch: ${patch##*/}"; patch -p1 < $patch; done
  # Old packages do not know newer platforms and C libraries.
  find . -name config.sub -o -name config.guess | while read -r file; do cp /usr/share/misc/${file##*/} "$file"; done
}

# What is installed: no documentation that a target does not read, no libtool archives; programs and libraries stripped, and of the
# directories where they look for libraries only those that they need.
finish() {
  rm -rf $out/share/info $out/share/doc $out/share/gtk-doc
  find $out -name '*.la' -delete
  # What strip does not know is of another machine: the checks will say so.
  find $out -type f | while read -r file; do
    case $(od -An -N4 -c "$file" | tr -d ' ') in
      177ELF)
        case $file in
          *.o | *.ko) continue ;;
          *.so | *.so.*) $STRIP --strip-unneeded "$file" || true ;;
          *) $STRIP "$file" || true ;;
        esac
        patchelf --print-rpath "$file" > /dev/null 2>&1 && patchelf --shrink-rpath "$file" || true ;;
      '!<ar'*) $STRIP --strip-debug --enable-deterministic-archives "$file" ;;
    esac
  done
}

step() { # step NAME: the recipe's own words for it, or the build system's
  echo "=== $1"
  eval "before=\${phase_before_$1-} own=\${phase_$1-} after=\${phase_after_$1-}"
  [ -z "$before" ] || eval "$before"
  if [ -n "$own" ]; then eval "$own"; else $1; fi
  [ -z "$after" ] || eval "$after"
}

steps() {
  for name in unpack configure build install finish; do step $name; done
  . $script_check_package
}
