# cmake, then ninja: see ninja.sh. $configure_args are cmake's.
. $script_ninja

configure() {
  # Programs come from the build machine, all else from the host's dependencies alone. Where host and build are of one kind CMake does not
  # look for the cross in the names.
  cat > ../toolchain.cmake <<END
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR $cpu_family)
set(CMAKE_C_COMPILER $CC)
set(CMAKE_CXX_COMPILER $CXX)
set(CMAKE_AR $(command -v $AR) CACHE FILEPATH "")
set(CMAKE_RANLIB $(command -v $RANLIB) CACHE FILEPATH "")
set(CMAKE_STRIP $(command -v $STRIP) CACHE FILEPATH "")
set(PKG_CONFIG_EXECUTABLE $(command -v pkg-config-for-host) CACHE FILEPATH "")
set(CMAKE_FIND_ROOT_PATH $deps_host)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
END
  directories=
  for word in $output_args; do
    name=${word%%=*}
    directories="$directories -DCMAKE_INSTALL_$(echo ${name#--} | tr a-z A-Z)=${word#*=}"
  done
  eval "set -- $directories ${static:+-DBUILD_SHARED_LIBS=OFF} $configure_args"
  for_build_machine cmake -S . -B ../build -G Ninja -DCMAKE_TOOLCHAIN_FILE=/build/toolchain.cmake -DCMAKE_INSTALL_PREFIX=$out -DCMAKE_INSTALL_LIBDIR=lib \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_SKIP_INSTALL_RPATH=OFF -DCMAKE_INSTALL_RPATH_USE_LINK_PATH=ON -DCMAKE_INSTALL_RPATH=$out/lib \
    -DBUILD_TESTING=OFF -DCMAKE_EXPORT_NO_PACKAGE_REGISTRY=ON -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF "$@"
}
# What it starts for programs of the build machine is another cmake.
ninja() { for_build_machine ninja "$@"; }
steps
