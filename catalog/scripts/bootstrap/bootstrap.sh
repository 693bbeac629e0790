# What the stages of a toolchain built from source have in common: binutils, gcc, the C library, the libraries of gcc.
# Sourced first by each.
#
# $deps_host  the stage before, or ""      $target  mipsel-linux-musl
#
# Each stage's result is the whole toolchain so far, made under one prefix that exists only during builds. gcc finds its parts and its
# sysroot from where it is called, so toolchain-source.sh can put it anywhere.
toolchain=/build/toolchain
sysroot=$toolchain/$target/sysroot
mkdir -p $toolchain build
if [ -n "${deps_host-}" ]; then
  cp -a $deps_host/. $toolchain/
  chmod -R u+w $toolchain
fi
export PATH=$toolchain/bin:$PATH

# The jobserver of the executor arrives in MAKEFLAGS; a stock Nix has none. Documentation is never made.
jobs=
case "${MAKEFLAGS-}" in
  *jobserver*) ;;
  *) jobs=-j${NIX_BUILD_CORES:-1} ;;
esac
bmake() { make $jobs MAKEINFO=true BUILD_INFO= GENERATED_MANPAGES= "$@"; }

unpack() { # unpack SOURCE DIR: a tree, an archive, or the archive of a distribution's source package that holds the real one
  # What other languages and tests need is left out: nine of ten files of gcc, which would be written and deleted for nothing.
  # Its self-tests and one Makefile.in are part of every build.
  set -- "$1" $2
  for part in 'gcc/testsuite/[!s]*' 'libstdc++-v3/testsuite/[!M]*' gcc/ada gcc/fortran gcc/go gcc/java gcc/m2 gnattools gotools \
              libada libffi libgfortran libgm2 libgo libjava libphobos libsanitizer; do
    set -- "$@" "--exclude=*/$part"
  done
  source=$1 directory=$2
  shift 2
  mkdir -p $directory
  if [ -d "$source" ]; then
    tar -c "$@" -C "$source" . | tar -x --no-same-owner -C $directory
    chmod -R u+w $directory
  else
    tar -x "$@" --strip-components=1 --no-same-owner -f "$source" -C $directory
    # gcc-12_12.2.0.orig.tar.gz holds gcc-12.2.0-dfsg.tar.xz, next to archives of other projects.
    inner=$(find $directory -maxdepth 1 -name 'gcc-*.tar.*')
    [ -z "$inner" ] || tar -x "$@" --strip-components=1 --no-same-owner -f "$inner" -C $directory
  fi
}

finish() { # what every stage keeps of the prefix: no documentation, no libtool archives, which name the prefix; host programs stripped
  rm -rf $toolchain/share/info $toolchain/share/man $toolchain/share/doc $toolchain/share/locale
  find $toolchain -name '*.la' -delete
  find $toolchain/bin $toolchain/libexec $toolchain/$target/bin -type f -perm /111 2>/dev/null | while read -r file; do
    case $(od -An -N4 -c "$file" | tr -d ' ') in 177ELF) strip "$file" ;; esac
  done
  mkdir -p $out
  cp -a $toolchain/. $out/
}
