# Sourced by the benchmarks, in the source directory.
#
# $quick   not empty with BENCH_QUICK=1: small inputs and one round, and `quick` instead of `ok` or `missed` in the results. It shows that
#          the benchmark still works, on a machine that does other things too; its figures mean nothing.
export BENCH_QUICK="${BENCH_QUICK-}" SWAGE_CATALOG="${SWAGE_CATALOG:-$PWD/catalog}"
export PYTHONPATH="$PWD/bench" PYTHONDONTWRITEBYTECODE=1
quick=${BENCH_QUICK#0}

# find_home WORK: $SWAGE_HOME is the user's, or without a lock file there (which needs the network) a temporary one below WORK. In the quick
# mode it is always temporary and asks no network: TARGET is then the one package that can be built there.
find_home() {
  export SWAGE_HOME="${SWAGE_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/swage}"
  if [ -n "$quick" ]; then
    TARGET=$(bench/quick_home.py "$SWAGE" "$1/home")
    export SWAGE_HOME="$1/home" TARGET
  elif [ ! -e "$SWAGE_HOME/swage.lock" ]; then
    export SWAGE_HOME="$1/home"
    "$SWAGE" lock
  fi
}
