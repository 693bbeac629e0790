# A layer is a static library whose include path holds its own directory and those of the layers it depends on, and
# nothing else: build/include/<layer>/<layer> is a link to src/<layer>, so `#include "store/nar.hpp"` compiles only in
# a layer that names `store` (directly or through another layer). An upward include is a compile error.
add_library(swage_flags INTERFACE)
target_compile_options(swage_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ 12 sees these two where they are not, in inlined library code at -O3 and under sanitizers.
  target_compile_options(swage_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict)
endif()
if(CMAKE_UNITY_BUILD)
  # Several files in one: what is said of types of an unnamed namespace is meant of headers.
  target_compile_options(swage_flags INTERFACE -Wno-subobject-linkage)
endif()
if(SWAGE_WERROR)
  target_compile_options(swage_flags INTERFACE -Werror)
endif()
if(SWAGE_SANITIZE)
  target_compile_options(swage_flags INTERFACE -fsanitize=${SWAGE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(swage_flags INTERFACE -fsanitize=${SWAGE_SANITIZE})
endif()

function(swage_layer name)
  cmake_parse_arguments(L "" "" "DEPENDS;PRIVATE_LIBS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  set(view ${CMAKE_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${view})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${name} ${view}/${name} SYMBOLIC)
  add_library(swage_${name} STATIC ${sources})
  target_include_directories(swage_${name} PUBLIC ${view})
  list(TRANSFORM L_DEPENDS PREPEND swage_)
  target_link_libraries(swage_${name} PUBLIC ${L_DEPENDS} fmt::fmt Threads::Threads PRIVATE ${L_PRIVATE_LIBS} swage_flags)
endfunction()
