"""Packages that run a program of their own build, which is linked with the build machine's zlib, to make the result, which is linked with the
host's: the same small program by every build system."""

# Its source is only there because a package has one: the same as that of zlib, which the lock file has.
RECIPE = """[package]
name = "{name}"
version = "1"
[source]
debian = {{ suite = "trixie", package = "zlib" }}
[build]
system = "{system}"
[deps]
build = ["zlib"]
host = ["zlib"]
[phase]
after-unpack = '''
rm -rf * && mkdir tools
cat > tools/generate.c <<'END'
#include <stdio.h>
#include <zlib.h>
int main(void) {{ printf("#define SUM %luUL\\n", crc32(0, (const Bytef*)"swage", 5)); return 0; }}
END
cat > program.c <<'END'
#include <stdio.h>
#include <zlib.h>
#include "sum.h"
int main(void) {{ puts(crc32(0, (const Bytef*)"swage", 5) == SUM ? "the same" : "another"); return 0; }}
END
{files}
'''
[test]
run = ["$out/bin/program | grep -x 'the same'"]
"""

MESON = """cat > meson.build <<'END'
project('helper', 'c')
generate = executable('generate', 'tools/generate.c', native: true, dependencies: dependency('zlib', native: true))
sum = custom_target('sum', output: 'sum.h', command: [generate], capture: true)
executable('program', 'program.c', sum, dependencies: dependency('zlib'), install: true)
END"""

AUTOTOOLS = """cat > configure <<'END'
#!/bin/sh
for word; do case $word in --prefix=*) prefix=${{word#*=}} ;; esac; done
$CC_FOR_BUILD $CFLAGS_FOR_BUILD tools/generate.c -o generate $($PKG_CONFIG_FOR_BUILD --cflags --libs zlib) || exit 1
$BUILD_CC tools/generate.c -o generate-too -lz || exit 1
./generate > sum.h && ./generate-too | cmp - sum.h || exit 1
echo 'all: ; $(CC) program.c -o program $(shell $(PKG_CONFIG) --cflags --libs zlib)' > Makefile
echo "install: ; mkdir -p $prefix/bin && cp program $prefix/bin/" >> Makefile
END"""

CMAKE = """cat > tools/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.16)
project(tools C)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(Z REQUIRED IMPORTED_TARGET zlib)
add_executable(generate generate.c)
target_link_libraries(generate ZLIB::ZLIB)
add_executable(generate-too generate.c)
target_link_libraries(generate-too PkgConfig::Z)
END
cat > CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.16)
project(helper C)
include(ExternalProject)
set(tools ${{CMAKE_BINARY_DIR}}/tools)
ExternalProject_Add(tools SOURCE_DIR ${{CMAKE_SOURCE_DIR}}/tools BINARY_DIR ${{tools}} INSTALL_COMMAND "")
add_custom_command(OUTPUT sum.h COMMAND ${{tools}}/generate > sum.h COMMAND ${{tools}}/generate-too | cmp - sum.h DEPENDS tools)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(Z REQUIRED IMPORTED_TARGET zlib)
add_executable(program program.c ${{CMAKE_BINARY_DIR}}/sum.h)
target_include_directories(program PRIVATE ${{CMAKE_BINARY_DIR}})
target_link_libraries(program ZLIB::ZLIB PkgConfig::Z)
install(TARGETS program)
END"""

FILES = {"meson": MESON, "autotools": AUTOTOOLS, "cmake": CMAKE}


def helper_recipe(name: str, system: str) -> str:
    return RECIPE.format(name=name, system=system, files=FILES[system].format())
