# How gcc's libraries are built outside of gcc's own build, so that the compilers are compiled once: before the C library what it needs
# of libgcc, after it the rest. Sourced in both stages, with `build` as the working directory and gcc's source beside it.

keep_gcc_configuration() { # what libgcc wants to know of the compiler, for both stages
  mkdir -p $toolchain/gcc-configuration/gcc/include
  cp gcc/*.h gcc/libgcc.mvars $toolchain/gcc-configuration/gcc/
}

library() { # library NAME [ARGUMENT...]: one of gcc's libraries, in the arguments of gcc's own build
  [ -d libraries/gcc ] || { mkdir -p libraries; cp -a $toolchain/gcc-configuration/gcc libraries/; }
  name=$1
  shift
  mkdir -p libraries/$target/$name
  (
    cd libraries/$target/$name
    # Not g++, which would link with the very library that is being made.
    CC=$target-gcc CXX="$target-gcc -shared-libgcc -nostdinc++" CFLAGS="-O2 -g0" CXXFLAGS="-O2 -g0" ../../../../source/$name/configure \
      --build=$(gcc -dumpmachine) --host=$target --target=$target --with-cross-host=$(gcc -dumpmachine) --with-target-subdir=$target \
      --prefix=$toolchain --disable-multilib --disable-nls --disable-werror --disable-decimal-float $gcc_configure "$@"
    case " $* " in
      *' --disable-shared '*)
        # Nothing of a C library, threads neither.
        ln -snf ../../../../source/libgcc/gthr-single.h gthr-default.h
        set -- INHIBIT_LIBC_CFLAGS=-Dinhibit_libc ;;
      *) set -- ;;
    esac
    bmake "$@"
    bmake "$@" install
  )
}
