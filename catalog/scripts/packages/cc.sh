# Wraps a toolchain: the programs in $out/bin are called like the toolchain's own and add what packages need; $out/compiler says what they
# are called before `gcc`.
#
# $deps_build_target   the toolchain      $deps_target   what programs run with (libc.sh)
# $prefix $flags       of the toolchain
#
# Compilers add the headers and libraries of the package's host dependencies, which package.sh gives in SWAGE_CFLAGS and SWAGE_LDFLAGS, and
# the loader and the directory of the C library, so that what they make runs from the store; with SWAGE_STATIC they link statically. The
# directories are an RPATH: a RUNPATH does not count for what the C library itself loads (libgcc_s, when a thread ends).
# SWAGE_COMPILER is what stands before `gcc` where another one shall be called.
toolchain=$deps_build_target
runtime=$deps_target
mkdir -p $out/bin
native=$(cat $toolchain/userland-flags)
loader=$(cat $runtime/loader)

for program in $toolchain/bin/$prefix*; do
  name=${program##*/}
  case ${name#"$prefix"} in
    gcc | g++ | c++ | cpp) ;;
    ar | as | ld | ld.bfd | nm | objcopy | objdump | ranlib | readelf | size | strings | strip | addr2line | c++filt | gcov | gcc-ar | gcc-nm | gcc-ranlib)
      ln -s $program $out/bin/$name ;;
  esac
done

compiler() { # compiler NAME OF: $out/bin/NAME calls the toolchain's OF
  [ -e $toolchain/bin/$prefix$2 ] || return 0
  cat > $out/bin/$prefix$1 <<END
#!/bin/sh
# -c and the like do not link; a question asks for nothing else.
link="-Wl,--disable-new-dtags -Wl,-rpath,$runtime/lib -Wl,-dynamic-linker,$loader \$SWAGE_LDFLAGS"
[ -z "\$SWAGE_STATIC" ] || link="-static \$SWAGE_LDFLAGS"
for word; do
  case \$word in
    -c | -S | -E | -M | -MM | -fsyntax-only | -r | -print-* | --print-* | -dump* | --version | --help* | -\\#\\#\\#) link= ;;
    -static | -static-pie) [ -z "\$link" ] || link=\$SWAGE_LDFLAGS ;;
  esac
done
[ "\$*" != -v ] || link=
exec \${SWAGE_COMPILER:-$toolchain/bin/$prefix}$2 $flags $native "\$@" \$SWAGE_CFLAGS \$link
END
  chmod +x $out/bin/$prefix$1
}
for tool in gcc g++ c++ cpp; do compiler $tool $tool; done
compiler cc gcc
echo $out/bin/$prefix > $out/compiler
