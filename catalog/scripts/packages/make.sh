# make && make install: see package.sh.
. $script_package
steps
