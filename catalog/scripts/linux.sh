# Builds a Linux kernel out of tree.
#
# $src            the unpacked tree         $arch $compiler $cross $make_args   see kbuild.sh
# $config         tiny | defconfig | NAME_defconfig | a file in the store
# $defconfig      what `defconfig` means for this machine
# $machine_config lines that `tiny` adds so that the boot machine works
# $config_lines   lines that the user asked for, last     $strict  not empty: they must take effect
# $dtb            the boot machine's device tree, or ""
# $image_target $image    from the machine's row
# $tools          what the root declares of its tools: "make 4.3", a line each
# $quirks         what the cell's quirks are for: "ID: reason", a line each; what they do:
# $quirk_config, and what kbuild.sh lists
#
# Result: $out/kernel (the boot image), vmlinux, System.map, config, config-drift (how it differs from a file), dtbs/, lib/modules/;
# $dev what out-of-tree modules are built against

. $script_check_root
[ -z "$quirks" ] || printf '%s\n' "$quirks" | sed 's/^/quirk /'

# Under a fixed path, so that neither debug information nor __FILE__ names the store: the kernel would refer to its source.
mkdir -p source build
$busybox mount --bind $src source

. $script_kbuild
kmake() { kbuild -C /build/source O=/build/build "$@"; }

apply_lines() { # apply_lines FILE: each line replaces what .config says of its symbol
  while IFS= read -r line; do
    symbol=$(echo "$line" | sed -n 's/^\(# \)\{0,1\}\(CONFIG_[A-Za-z0-9_]*\).*/\2/p')
    [ -n "$symbol" ] || continue
    sed -i "/^$symbol=/d;/^# $symbol is not set\$/d" build/.config
    case $line in
      *=n) echo "# $symbol is not set" >> build/.config ;;
      *) echo "$line" >> build/.config ;;
    esac
  done < "$1"
}
settle() { # answers every new question with its default
  if grep -q olddefconfig source/scripts/kconfig/Makefile; then kmake olddefconfig
  else yes '' | kmake oldconfig > /dev/null; fi
}

case $config in
  tiny)
    if [ -e source/kernel/configs/tiny.config ]; then kmake tinyconfig; else kmake allnoconfig; fi
    printf '%s\n' "$machine_config" > machine.config
    apply_lines machine.config ;;
  defconfig) kmake $defconfig ;;
  /*) cp "$config" build/.config; chmod u+w build/.config ;;
  *) kmake $config ;;
esac
printf '%s\n' "$quirk_config" > quirk.config
apply_lines quirk.config
printf '%s\n' "$config_lines" > user.config
apply_lines user.config
settle

# What was asked for and did not come to be is said, not swallowed: Kconfig drops a symbol whose dependencies fail. The user's own
# lines, a whole configuration file too, fail the build under --strict-config.
check_lines() { # check_lines FILE: prints the lines without effect; true when there are none
  sed -n 's/^# \(CONFIG_[A-Za-z0-9_]*\) is not set$/\1=n/p; /^CONFIG_/p' "$1" | sort > asked
  sed -n '/^CONFIG_/p' build/.config | sort > got
  # Not asked for counts as met when the symbol is not there at all.
  awk -F= 'FNR == NR { value[$1] = $0; next }
    /=n$/ ? $1 in value : value[$1] != $0 { print "config: " $0 " did not take effect" (($1 in value) ? ": " value[$1] : ""); bad = 1 }
    END { exit bad }' got asked
}
dropped=
: > config-drift
if [ $config = tiny ]; then check_lines machine.config || true; fi
check_lines quirk.config || true
case $config in
  /*)
    check_lines "$config" > config-drift || dropped=1
    # Symbols that the file does not know, because they are newer or of another compiler, with the value they got.
    sed -n 's/^# \(CONFIG_[A-Za-z0-9_]*\) is not set$/\1/p; s/^\(CONFIG_[A-Za-z0-9_]*\)=.*/\1/p' "$config" | sort > known
    sed -n 's/^\(CONFIG_[A-Za-z0-9_]*\)=.*/\1 &/p' build/.config | sort | join -v 1 - known | sed 's/^[^ ]* \(.*\)/config: \1 is new/' >> config-drift
    echo "config: $(grep -c 'did not take effect' config-drift) lines of the file without effect, $(grep -c 'is new' config-drift) symbols new"
    head -n 40 config-drift ;;
esac
check_lines user.config || dropped=1
[ -z "$dropped" ] || [ -z "$strict" ]

kmake $jobs vmlinux $image_target
if [ -n "$dtb" ]; then
  kmake $jobs ${dtb##*/} || kmake $jobs dtbs
elif [ $config != tiny ] && [ -d source/arch/$arch/boot/dts ]; then
  kmake $jobs dtbs
fi

modules=
if grep -q '^CONFIG_MODULES=y' build/.config; then
  modules=1
  kmake $jobs modules
fi

mkdir -p $out $dev
cp build/$image $out/kernel
cp build/vmlinux build/System.map $out/
cp build/.config $out/config
cp config-drift $out/
if [ -d build/arch/$arch/boot/dts ]; then
  (cd build/arch/$arch/boot/dts && find . -name '*.dtb' | sort | while read -r file; do
    mkdir -p $out/dtbs/$(dirname $file)
    cp $file $out/dtbs/$file
  done)
fi

# What modules of others are built against: the tree without its sources, laid over by what the build made, as if it had been built in
# place.
if [ -n "$modules" ]; then
  kmake INSTALL_MOD_PATH=$out INSTALL_MOD_STRIP=1 modules_install
  rm -f $out/lib/modules/*/build $out/lib/modules/*/source
  (cd source && find . -path ./arch -prune -o -path ./Documentation -prune -o -path ./tools -prune -o -path ./drivers -prune -o \
    -path ./include -prune -o -path ./scripts -prune -o \( -name 'Makefile*' -o -name 'Kbuild*' -o -name 'Kconfig*' \) -print
    find arch/$arch include scripts tools/objtool tools/bpf/resolve_btfids ! -type d \
      \( -path 'arch/*/include/*' -o -path 'include/*' -o -path 'scripts/*' -o -name 'Makefile*' -o -name 'Kbuild*' -o -name 'Kconfig*' \
         -o -name 'module.lds*' -o -name '*.tbl' -o -name 'Platform' \) 2>/dev/null) | sort -u > dev-files
  (cd source && cpio --quiet -pdm $dev < ../dev-files)
  chmod -R u+w $dev
  (cd build && find .config Module.symvers System.map include scripts arch/$arch/include arch/$arch/kernel/module.lds \
      arch/$arch/lib/crtsavres.o tools/objtool/objtool tools/bpf/resolve_btfids/resolve_btfids certs/signing_key.pem certs/signing_key.x509 \
      -type f ! -name '*.cmd' 2>/dev/null | sort | cpio --quiet -pdmu $dev)
  # One that says `make -C $dev M=DIR` needs no O=.
  rm -f $dev/include/config/kernel.release.tmp $dev/source
else
  echo "CONFIG_MODULES is not set: this kernel loads no modules" > $dev/why-empty
fi
