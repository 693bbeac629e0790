# The build of a package, step by step. Sourced first by the script of each build system, which may say what a step does by default:
#
#   configure() { ... }
#   steps
#
# A recipe's [phase] may replace a step, or stand before or after it ($phase_before_configure, $phase_configure, ...).
#
# $deps_build $deps_build_build   what runs during the build, and what programs that run then are linked with. Of $deps_build the programs are on
#                      PATH (the wrapped compiler too)
# $deps_host           what the result is linked with
# $outputs             names of variables: `out`, and of what is not for there `dev` (what only builds need), `lib`, `bin`, `man`
# $src $patches        $configure_args $make_args $install_args   words for the shell
# $cflags $static      of the instance: more words for the compiler; not "": programs and libraries are static
# $build_triple $host_triple   $cross   prefix of the compiler's programs
# $mode                cross; or, where the host's programs build, under emulation: emulated, accelerated
# $freestanding        shell patterns: which files, as they are called below an output, run without an operating system
. $script_unpack
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

any() { # any FILE...: whether one is there
  for file; do [ ! -e "$file" ] || return 0; done
  return 1
}
search_path() { # search_path DIRECTORY...: with colons between them; of none one that holds nothing
  [ $# -gt 0 ] || set -- /nowhere
  printf '%s' "$1"
  shift
  for word; do printf ':%s' "$word"; done
}
# look_into DEPENDENCY...: where their headers, libraries, pkg-config files and macros are, and $prefixes, the ones that have any.
look_into() {
  headers= libraries= pkg_configs= macros= prefixes=
  for dependency; do
    before="$headers$libraries$pkg_configs"
    [ ! -d $dependency/include ] || headers="$headers -isystem $dependency/include"
    if [ ! -e $dependency/loader ]; then
      ! any $dependency/lib/lib*.so* $dependency/lib/lib*.a || libraries="$libraries -L$dependency/lib"
      ! any $dependency/lib/lib*.so* || libraries="$libraries -Wl,-rpath,$dependency/lib -Wl,-rpath-link,$dependency/lib"
    fi
    for place in lib share; do
      [ ! -d $dependency/$place/pkgconfig ] || pkg_configs="$pkg_configs $dependency/$place/pkgconfig"
    done
    [ "$before" = "$headers$libraries$pkg_configs" ] || prefixes="$prefixes $dependency"
    [ ! -d $dependency/share/aclocal ] || macros="$macros $dependency/share/aclocal"
  done
}
pkg_config() { # pkg_config NAME COMMAND DIRECTORY...: makes a program that asks it about these directories alone
  program=/build/native/$1 command=$2
  shift 2
  cat > $program <<END
#!/bin/sh
unset PKG_CONFIG_PATH
export PKG_CONFIG_LIBDIR=$(search_path "$@")
exec $command "\$@"
END
  chmod +x $program
}

# Programs that run during the build: the root's own compiler makes them, unless libraries for them are there, which want the C library that
# they were made with. What calls `gcc` gets that compiler then, too.
mkdir -p /build/native
look_into $deps_build ${deps_build_build-}
compiler_for_build=
for dependency in ${deps_build_build-}; do
  [ ! -e $dependency/compiler ] || compiler_for_build=$(cat $dependency/compiler)
done
[ $mode = cross ] || compiler_for_build=$(command -v $CC | sed 's/gcc$//')
for tool in gcc g++ cc c++ cpp; do
  [ -n "$prefixes" ] && [ -e "$compiler_for_build$tool" ] || continue
  cat > /build/native/$tool <<END
#!/bin/sh
export SWAGE_CFLAGS='$headers' SWAGE_LDFLAGS='$libraries' SWAGE_STATIC=
exec $compiler_for_build$tool "\$@"
END
  chmod +x /build/native/$tool
done
build_prefixes=$prefixes build_pkg_configs=$pkg_configs build_macros=$macros
pkg_config pkg-config-for-build pkg-config $pkg_configs
export PATH=/build/native:$PATH
export CC_FOR_BUILD=gcc CXX_FOR_BUILD=g++ BUILD_CC=gcc HOSTCC=gcc CFLAGS_FOR_BUILD=-O2 PKG_CONFIG_FOR_BUILD=pkg-config-for-build

# The result: the host's dependencies alone.
look_into $deps_host
SWAGE_CFLAGS="$cflags$headers" SWAGE_LDFLAGS="$libraries -Wl,-rpath,${lib:-$out}/lib" SWAGE_STATIC=$static
PKG_CONFIG="pkg-config${static:+ --static}"
pkg_config pkg-config-for-host "$PKG_CONFIG" $pkg_configs
PKG_CONFIG_LIBDIR=$(search_path $pkg_configs) ACLOCAL_PATH=$(search_path $macros $build_macros)
export SWAGE_CFLAGS SWAGE_LDFLAGS SWAGE_STATIC PKG_CONFIG PKG_CONFIG_LIBDIR ACLOCAL_PATH
# For build systems that start another one for programs of the build machine, which reads the environment: that is its own there, and this
# one's compilers are said otherwise.
for_build_machine() {
  env -u CC -u CXX -u CPP -u AR -u AS -u LD -u NM -u RANLIB -u STRIP -u OBJCOPY -u OBJDUMP -u READELF PKG_CONFIG=pkg-config-for-build \
    PKG_CONFIG_LIBDIR=$(search_path $build_pkg_configs) CMAKE_PREFIX_PATH=$(search_path $build_prefixes) "$@"
}

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
  unpack_source "$src" source
  cd source
  for patch in $patches; do apply_patch $patch; done
  # Old packages do not know newer platforms and C libraries.
  find . \( -name config.sub -o -name config.guess \) -type f -exec sh -c 'for file; do cp "/usr/share/misc/${file##*/}" "$file"; done' sh {} +
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

magic() { od -An -N4 -c "$1" | tr -d ' '; }
is_elf() { [ "$(magic "$1")" = 177ELF ]; }
elf_half() { od -An -j$2 -N2 -t u2 --endian=$endian "$1" | tr -d ' '; }   # elf_half FILE OFFSET: of the header, in the host's byte order
in_output() { file=${1#/nix/store/}; echo "${file#*/}"; }

is_freestanding() { # is_freestanding FILE: whether the recipe says so
  named=$(in_output "$1")
  set -f
  set -- $freestanding
  set +f
  for pattern; do
    case $named in $pattern) return 0 ;; esac
  done
  return 1
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
  for directory in $out/share $out/bin $out/lib; do [ ! -d $directory ] || find $directory -maxdepth 0 -empty -delete; done
  if [ -n "${dev-}" ]; then
    # The directory that CMake would work out of the file's own.
    find $dev \( -name '*.pc' -o -name '*.cmake' \) -type f -exec \
      sed -i -e "s|\${prefix}/include|$dev/include|g; s|\${_IMPORT_PREFIX}/include|$dev/include|g; s|$out/include|$dev/include|g" \
        -e "s|^get_filename_component(_IMPORT_PREFIX \"\${CMAKE_CURRENT_LIST_FILE}\" PATH)|set(_IMPORT_PREFIX \"${lib:-$out}\")|" \
        -e '/^get_filename_component(_IMPORT_PREFIX "${_IMPORT_PREFIX}" PATH)/d' {} +
  fi
  for name in $outputs; do
    eval "find \$$name -name '*.la' -type f -delete"
    eval "find \$$name -type f"
  done > /build/installed
  while IFS= read -r file; do
    case $(magic "$file") in
      177ELF)
        # What is relocatable needs its symbols, and what is of another machine the checks will name.
        [ "$(elf_half "$file" 16)" != 1 ] && [ "$(elf_half "$file" 18)" = $elf_machine ] && ! is_freestanding "$file" || continue
        case $file in
          *.so | *.so.*) $STRIP --strip-unneeded "$file" ;;
          *) $STRIP "$file" ;;
        esac
        case $(eu-readelf -d "$file") in *'Library r'*'path:'*) patchelf --force-rpath --shrink-rpath "$file" ;; esac ;;
      '!<ar'*) $STRIP --strip-debug --enable-deterministic-archives "$file" ;;
    esac
  done < /build/installed
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
