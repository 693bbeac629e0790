# The build of a package, step by step. Sourced first by the script of each build system, which may say what a step does by default:
#
#   configure() { ... }
#   steps
#
# A recipe's [phase] may replace a step, or stand before or after it ($phase_before_configure, $phase_configure, ...).
#
# $deps_build          what runs during the build (the wrapped compiler, its programs are on PATH)
# $deps_host           what the result is linked with
# $outputs             names of variables: `out`, and of what is not for there `dev` (what only builds need), `lib`, `bin`, `man`
# $src $patches        $configure_args $make_args $install_args   words for the shell
# $cflags $static      of the instance: more words for the compiler; not "": programs and libraries are static
# $build_triple $host_triple   $cross   prefix of the compiler's programs
# $mode                cross; or, where the host's programs build, under emulation: emulated, accelerated
host=$host_triple
tools=$cross
case $mode in
  emulated) export SWAGE_COMPILER=/usr/bin/; tools= ;;   # the root's own
  accelerated)                                           # the cross toolchain under the names of the root's
    mkdir -p /build/tools
    for tool in gcc g++ cc c++ cpp ar as ld nm ranlib strip objcopy objdump readelf; do
      ln -s $(command -v $cross$tool) /build/tools/$tool
    done
    PATH=/build/tools:$PATH ;;
esac
export CC=${cross}gcc CXX=${cross}g++ CPP="${cross}gcc -E" AR=${tools}ar AS=${tools}as LD=${tools}ld NM=${tools}nm RANLIB=${tools}ranlib \
  STRIP=${tools}strip OBJCOPY=${tools}objcopy OBJDUMP=${tools}objdump READELF=${tools}readelf
export MAKEINFO=true   # nobody reads info files on a target
export CC_FOR_BUILD=gcc CXX_FOR_BUILD=g++ BUILD_CC=gcc HOSTCC=gcc CFLAGS_FOR_BUILD=-O2 PKG_CONFIG_FOR_BUILD=pkg-config

any() { # any FILE...: whether one is there
  for file; do [ ! -e "$file" ] || return 0; done
  return 1
}
# Where the host's headers, libraries and pkg-config files are.
SWAGE_CFLAGS=$cflags SWAGE_LDFLAGS='' PKG_CONFIG_LIBDIR='' ACLOCAL_PATH=''
for dependency in $deps_host; do
  [ ! -d $dependency/include ] || SWAGE_CFLAGS="$SWAGE_CFLAGS -isystem $dependency/include"
  if [ ! -e $dependency/loader ]; then
    ! any $dependency/lib/lib*.so* $dependency/lib/lib*.a || SWAGE_LDFLAGS="$SWAGE_LDFLAGS -L$dependency/lib"
    ! any $dependency/lib/lib*.so* || SWAGE_LDFLAGS="$SWAGE_LDFLAGS -Wl,-rpath,$dependency/lib -Wl,-rpath-link,$dependency/lib"
  fi
  for place in lib share; do
    [ ! -d $dependency/$place/pkgconfig ] || PKG_CONFIG_LIBDIR="$PKG_CONFIG_LIBDIR:$dependency/$place/pkgconfig"
  done
  [ ! -d $dependency/share/aclocal ] || ACLOCAL_PATH="$ACLOCAL_PATH:$dependency/share/aclocal"
done
SWAGE_LDFLAGS="$SWAGE_LDFLAGS -Wl,-rpath,${lib:-$out}/lib"
PKG_CONFIG_LIBDIR=${PKG_CONFIG_LIBDIR#:} ACLOCAL_PATH=${ACLOCAL_PATH#:}
[ -n "$PKG_CONFIG_LIBDIR" ] || PKG_CONFIG_LIBDIR=/nowhere
export SWAGE_CFLAGS SWAGE_LDFLAGS SWAGE_STATIC=$static PKG_CONFIG_LIBDIR ACLOCAL_PATH
export PKG_CONFIG="pkg-config${static:+ --static}"

# Directories of other outputs, in the words of GNU's configure.
output_args=
[ -z "${dev-}" ] || output_args="$output_args --includedir=$dev/include"
[ -z "${lib-}" ] || output_args="$output_args --libdir=$lib/lib"
[ -z "${bin-}" ] || output_args="$output_args --bindir=$bin/bin --sbindir=$bin/sbin"
[ -z "${man-}" ] || output_args="$output_args --mandir=$man/share/man"

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

configure() { :; }
build() {
  eval "set -- $make_args"
  make $jobs "$@"
}
install() {
  eval "set -- $make_args ${install_args:-install}"
  make "$@"
}

divide() { # divide OUTPUT PATTERN...: what the installation put elsewhere although this output is for it
  eval "to=\${$1-}"
  [ -n "$to" ] || return 0
  shift
  for from in $out ${lib-}; do
    [ $from != $to ] && [ -d $from ] || continue
    (
      cd $from
      for path in $*; do
        [ -e $path ] || [ -L $path ] || continue
        mkdir -p $to/$(dirname $path)
        cp -a $path $to/$(dirname $path)/
        rm -rf $path
      done
    )
  done
}

# What is installed: no documentation that a target does not read, no libtool archives; programs and libraries stripped, and of the
# directories where they look for libraries only those that they need.
finish() {
  for name in $outputs; do eval "mkdir -p \$$name"; done
  rm -rf $out/share/info $out/share/doc $out/share/gtk-doc
  divide dev include lib/pkgconfig share/pkgconfig share/aclocal lib/cmake share/cmake 'lib/*.a' 'lib/*Conf.sh' 'bin/*-config'
  divide bin bin sbin
  divide man share/man
  divide lib 'lib/*.so*'
  rmdir $out/share $out/bin $out/lib 2> /dev/null || true
  if [ -n "${dev-}" ]; then
    # The directory that CMake would work out of the file's own.
    find $dev \( -name '*.pc' -o -name '*.cmake' \) -type f | while read -r file; do
      sed -i -e "s|\${prefix}/include|$dev/include|g; s|\${_IMPORT_PREFIX}/include|$dev/include|g; s|$out/include|$dev/include|g" \
        -e "s|^get_filename_component(_IMPORT_PREFIX \"\${CMAKE_CURRENT_LIST_FILE}\" PATH)|set(_IMPORT_PREFIX \"${lib:-$out}\")|" \
        -e '/^get_filename_component(_IMPORT_PREFIX "${_IMPORT_PREFIX}" PATH)/d' "$file"
    done
  fi
  for name in $outputs; do eval "find \$$name -type f"; done > installed
  sed -n '/\.la$/p' installed | while read -r file; do rm "$file"; done
  # What strip does not know is of another machine: the checks will say so.
  while read -r file; do
    case $(od -An -N4 -c "$file" 2> /dev/null | tr -d ' ') in
      177ELF)
        case $file in
          *.o | *.ko) continue ;;
          *.so | *.so.*) $STRIP --strip-unneeded "$file" || true ;;
          *) $STRIP "$file" || true ;;
        esac
        patchelf --print-rpath "$file" > /dev/null 2>&1 && patchelf --force-rpath --shrink-rpath "$file" || true ;;
      '!<ar'*) $STRIP --strip-debug --enable-deterministic-archives "$file" ;;
    esac
  done < installed
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
