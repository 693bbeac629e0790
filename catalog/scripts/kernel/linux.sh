# Builds a Linux kernel out of tree.
#
# $src            the unpacked tree         $arch $compiler $cross $make_args   see kbuild.sh
# $config         words, in their order: tiny | a make of the tree (defconfig, NAME_defconfig, allnoconfig ...; NAME.config: a fragment of the tree,
#                 laid over what the words before it made, or over defconfig); or a file in the store
# $defconfig      what `defconfig` means for this machine
# $machine_config lines that `tiny` adds so that the boot machine works
# $config_lines   lines that the user asked for, last; `# NAME` says where those after it are from     $strict  not empty: they must
#                 take effect
# $symbols        what is known of symbols among all these: "renamed OLD NEW", "path SYMBOL [SYMBOL OF ITS DIRECTORY]", a line each
# $dtb            the boot machine's device tree, or ""
# $image_target $image    from the machine's row
# $tools          what the root declares of its tools: "make 4.3", a line each
# $quirks         what the cell's quirks are for: "ID: reason", a line each; what they do:
# $quirk_config, and what kbuild.sh lists
#
# Result: $out/kernel (the boot image), vmlinux, System.map, config, config-drift and config-drift.json (what was asked for and did not
# come to be, and why), dtbs/, lib/modules/; $dev what out-of-tree modules are built against

. $script_check_root
[ -z "$quirks" ] || printf '%s\n' "$quirks" | sed 's/^/quirk /'

# Under a fixed path, so that neither debug information nor __FILE__ names the store: the kernel would refer to its source.
mkdir -p source build
$busybox mount --bind $src source

. $script_kbuild
kmake() { kbuild -C /build/source O=/build/build "$@"; }

# Some values of ARCH= are not the name of a directory.
srcarch=$arch
if [ ! -d source/arch/$arch ]; then
  case $arch in
    i386 | x86_64) srcarch=x86 ;;
    *) srcarch=${arch%64} ;;
  esac
fi

tab=$(printf '\t')
: > asked
apply_lines() { # apply_lines FROM < LINES: each replaces what .config says of its symbol
  from=$1
  while IFS= read -r line; do
    case $line in
      '# CONFIG_'*' is not set') line=${line#??} line=${line%% *}=n ;;
      CONFIG_*=*) ;;
      '# '*) from=${line#??}; continue ;;
      *) continue ;;
    esac
    symbol=${line%%=*}
    sed -i "/^$symbol=/d;/^# $symbol is not set\$/d" build/.config
    case $line in
      *=n) echo "# $symbol is not set" >> build/.config ;;
      *) printf '%s\n' "$line" >> build/.config ;;
    esac
    printf '%s\t%s\n' "$from" "$line" >> asked
  done
}
settle() { # answers every new question with its default
  if grep -q olddefconfig source/scripts/kconfig/Makefile; then kmake olddefconfig
  else yes '' | kmake oldconfig > /dev/null; fi
}

tree_fragment() { # tree_fragment NAME.config: what `make NAME.config` would merge; trees before 4.1 have no such make
  found=
  for file in source/kernel/configs/$1 source/arch/$srcarch/configs/$1; do
    [ -e $file ] || continue
    found=1
    grep '^CONFIG_\|^# CONFIG_.* is not set$' $file > fragment || true   # it may have no line
    apply_lines $1 < fragment
  done
  [ -n "$found" ] || {
    echo "error: '$1' is neither a file nor a configuration of this tree; it has:" \
      $(cd source && find kernel/configs arch/$srcarch/configs -name '*.config' | sed 's,.*/,,' | sort) >&2
    exit 1
  }
}

case $config in
  /*)
    cp "$config" build/.config
    chmod u+w build/.config
    sed -n "s/^# \(CONFIG_[A-Za-z0-9_]*\) is not set\$/file$tab\1=n/p; s/^CONFIG_/file$tab&/p" "$config" > asked ;;
  *)
    for word in $config; do
      case $word in
        tiny)
          if [ -e source/kernel/configs/tiny.config ]; then kmake tinyconfig; else kmake allnoconfig; fi
          printf '%s\n' "$machine_config" > machine.config
          apply_lines machine.config < machine.config ;;
        defconfig) kmake $defconfig ;;
        *.config)
          [ -e build/.config ] || kmake $defconfig
          tree_fragment $word ;;
        *) kmake $word ;;
      esac
    done ;;
esac
printf '%s\n' "$quirk_config" > quirk.config
apply_lines quirk < quirk.config
printf '%s\n' "$config_lines" > user.config
apply_lines option < user.config
settle

# What was asked for and did not come to be is said, not swallowed: Kconfig drops a symbol whose dependencies fail. The user's own
# lines, a whole configuration file too, fail the build under --strict-config; what nobody can set does so only when it was asked
# for by name.
printf '%s\n' "$symbols" > symbols
: > dropped
awk -v tree=source -v srcarch=$srcarch -v arch=$arch -v symbols=symbols -v json=config-drift.json -v counted=dropped -f $script_config_report \
  build/.config asked > config-drift
echo "config: begin of the report"
sed 's/^/config: /' config-drift
echo "config: end of the report"
if [ -s dropped ] && [ -n "$strict" ]; then
  {
    echo "error: $(wc -l < dropped) configuration lines did not take effect, and --strict-config wants all of them"
    head -n 20 dropped | sed 's/^/  /'
    [ $(wc -l < dropped) -le 20 ] || echo "  and $(($(wc -l < dropped) - 20)) more: the log has the whole report"
  } >&2
  exit 1
fi

# Files that the configuration names are the tree's, or the kernel does not build: said now, with the symbol. Where the tree has one and
# the build directory not, it is put there too: some makefiles look in one place, some in the other.
value_of() { sed -n "s/^CONFIG_$1=\"\(.*\)\"\$/\1/p" build/.config; }
while read -r kind symbol within; do
  [ "$kind" = path ] || continue
  directory=
  [ -z "$within" ] || directory=$(value_of $within)/
  for word in $(value_of $symbol); do
    case $directory$word in
      /*) ;;
      *)
        [ ! -e source/$directory$word ] || {
          mkdir -p build/$(dirname $directory$word)
          [ -e build/$directory$word ] || cp -r source/$directory$word build/$directory$word
          continue
        } ;;
    esac
    echo "error: CONFIG_$symbol: '$directory$word' is not in the kernel's tree${within:+ (CONFIG_$within)}" >&2
    exit 1
  done
done < symbols

kmake $jobs vmlinux $image_target
if [ -n "$dtb" ]; then
  kmake $jobs ${dtb##*/} || kmake $jobs dtbs
elif [ "${config%% *}" != tiny ] && [ -d source/arch/$arch/boot/dts ]; then
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
cp config-drift config-drift.json $out/
if [ -d build/arch/$arch/boot/dts ]; then
  (cd build/arch/$arch/boot/dts && find . -name '*.dtb' | sort | while read -r file; do
    mkdir -p $out/dtbs/$(dirname $file)
    cp $file $out/dtbs/$file
  done)
fi

# What modules of others are built against: the tree without its sources, laid over by what the build made, as if it had been built in
# place.
there() { for file in "$@"; do [ ! -e $file ] || echo $file; done; } # those that are: trees differ in what they have
if [ -n "$modules" ]; then
  kmake INSTALL_MOD_PATH=$out INSTALL_MOD_STRIP=1 modules_install
  rm -f $out/lib/modules/*/build $out/lib/modules/*/source
  (cd source && find . -path ./arch -prune -o -path ./Documentation -prune -o -path ./tools -prune -o -path ./drivers -prune -o \
    -path ./include -prune -o -path ./scripts -prune -o \( -name 'Makefile*' -o -name 'Kbuild*' -o -name 'Kconfig*' \) -print
    find $(there arch/$srcarch include scripts tools/objtool tools/bpf/resolve_btfids) ! -type d \
      \( -path 'arch/*/include/*' -o -path 'include/*' -o -path 'scripts/*' -o -name 'Makefile*' -o -name 'Kbuild*' -o -name 'Kconfig*' \
         -o -name 'module.lds*' -o -name '*.tbl' -o -name 'Platform' \)) | sort -u > dev-files
  (cd source && cpio --quiet -pdm $dev < ../dev-files)
  chmod -R u+w $dev
  (cd build && find $(there .config Module.symvers System.map include scripts arch/$srcarch/include arch/$srcarch/kernel/module.lds \
      arch/$srcarch/lib/crtsavres.o tools/objtool/objtool tools/bpf/resolve_btfids/resolve_btfids certs/signing_key.pem certs/signing_key.x509) \
      -type f ! -name '*.cmd' | sort | cpio --quiet -pdmu $dev)
  # One that says `make -C $dev M=DIR` needs no O=.
  rm -f $dev/include/config/kernel.release.tmp $dev/source
else
  echo "CONFIG_MODULES is not set: this kernel loads no modules" > $dev/why-empty
fi
