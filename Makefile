# The front of the build; CMake does the work. `make demo` and `make check` set up a fresh Debian 12 machine by themselves.
.DEFAULT_GOAL := all
.PHONY: all setup build program demo check check-documented check-images check-nix faults verify bench fmt lint alone install deb asan fuzz coverage clean

PREFIX ?= /usr/local
# That all packages are built for by `make verify`.
PACKAGE_PLATFORMS ?= armel,arm64,riscv64,mips,powerpc64le,s390x,mipsel-musl,arm64-musl,armel-uclibc

all: build

# Installs what is missing and nothing else; silent when all is there.
setup:
	@tools/setup.sh all

build: setup
	@cmake --preset ci > build.configure.log 2>&1 || { cat build.configure.log; exit 1; }
	@rm -f build.configure.log
	@cmake --build --preset ci

# The program alone, without what only tests need. Compiled as `build` does it, which then has just the tests to compile.
program:
	@tools/setup.sh demo
	@grep -qs '^SWAGE_TESTS:BOOL=ON' build/CMakeCache.txt && tests= || tests="-DSWAGE_TESTS=OFF -DSWAGE_BENCH=OFF"; \
	cmake --preset ci $$tests > build.configure.log 2>&1 || { cat build.configure.log; exit 1; }
	@rm -f build.configure.log
	@cmake --build --preset ci --target swage

demo: program
	build/swage boot linux@6.1 --for arm64

check: build
	@tests/run.sh

# Every command that the documentation shows, as it is written. `make check` plans those that take minutes, and runs the rest.
check-documented: build
	@SWAGE_DOCUMENTED=all SWAGE_PROGRAM=$(CURDIR)/build/swage PYTHONDONTWRITEBYTECODE=1 \
	  pytest-3 -q -rs -p no:cacheprovider tests/boot/test_documented.py

# Every image that the tests start; `make check` starts one, and another by the day.
check-images: build
	@SWAGE_IMAGES=all SWAGE_PROGRAM=$(CURDIR)/build/swage PYTHONDONTWRITEBYTECODE=1 \
	  pytest-3 -q -rs -p no:cacheprovider tests/boot/test_images.py

# Four generations of Nix and swage take from each other's caches; `make check` has the host's Nix alone.
check-nix: build
	@SWAGE_NIX_CLIENTS=all SWAGE_PROGRAM=$(CURDIR)/build/swage SWAGE_DAEMON_DRIVER=$(CURDIR)/build/daemon_oracle_driver PYTHONDONTWRITEBYTECODE=1 \
	  pytest-3 -q -rs -p no:cacheprovider tests/oracle/clients_oracle_test.py tests/oracle/daemon_oracle_test.py

# What goes wrong from outside, for longer than in `make check`: kills at moments that come from the seed.
faults: ROUNDS ?= 1000
faults: SEED ?= 20
faults: build
	@SWAGE_FAULT_ROUNDS=$(ROUNDS) SWAGE_FAULT_SEED=$(SEED) SWAGE_PROGRAM=$(CURDIR)/build/swage PYTHONDONTWRITEBYTECODE=1 \
	  pytest-3 -q -rs -p no:cacheprovider tests/faults

# Builds and boots every series of kernels that the distribution has on every platform, with gcc and then with clang, then builds and tests every package,
# and keeps the records; starts firmware. What has succeeded before is left out, so an interrupted sweep goes on where it was.
verify: build
	@status=0; for llvm in "" --llvm; do \
	  build/swage verify $$llvm --skip-verified --evidence catalog/evidence || status=$$?; [ $$status != 130 ] || exit 130; \
	done; build/swage verify --packages --for $(PACKAGE_PLATFORMS) --skip-verified --evidence catalog/evidence || status=$$?; \
	[ $$status != 130 ] || exit 130; \
	for firmware in u-boot-arm64:arm64 u-boot-malta:mips opensbi-rv64:riscv64 opensbi-rv32:riscv64; do \
	  build/swage build firmware-boot@$${firmware%:*} --for $${firmware#*:} --no-link || status=$$?; \
	done; build/swage matrix --packages --markdown > docs/packages.md; build/swage matrix; exit $$status

# Needs a quiet machine. `make check` runs the quick mode (tests/bench), on any.
bench: setup
	@cmake --preset bench > /dev/null && cmake --build --preset bench
	@bench/run.sh --write docs/performance.md

asan: setup
	cmake --preset asan -DSWAGE_TESTS=ON > /dev/null && cmake --build --preset asan && ctest --preset asan

fuzz: setup
	cmake --preset fuzz > /dev/null && cmake --build --preset fuzz

coverage: setup
	cmake --preset coverage > /dev/null && cmake --build --preset coverage && ctest --preset coverage
	gcovr -r . -f src/ build/coverage

fmt:
	tools/wrap.py $$(git ls-files 'src/*.?pp')

lint:
	@tools/lint.py

# Each file of the program without the others: elsewhere several are compiled as one, and one may lean on what another includes.
alone:
	@tools/setup.sh demo
	@cmake --preset dev -DSWAGE_TESTS=OFF -DSWAGE_BENCH=OFF > /dev/null && tools/alone.py build/dev

# PREFIX (default: /usr/local) and DESTDIR as everywhere.
install: program
	@DESTDIR=$(abspath $(DESTDIR)) cmake --install build --prefix $(PREFIX)

deb: program
	@SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || date +%s)} cpack --config build/CPackConfig.cmake -B build > build/deb.log 2>&1 || \
	  { cat build/deb.log; exit 1; }
	@ls build/*.deb

clean:
	rm -rf build
