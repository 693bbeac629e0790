# Compiles the overlays of a vendor's kernel tree, and the device trees of the boards that they are for. No kernel is configured or built.
#
# $src        the tree     $deps_build  a compiler, whose preprocessor is taken, and dtc     $compiler  what the compiler's name begins with
# Result: $out/overlays/*.dtbo, README (without which the firmware ignores overlays under an os_prefix), overlay_map.dtb, and $out/*.dtb.
for package in $deps_build; do PATH=$package/bin:$PATH; done
export PATH
overlays=arch/arm/boot/dts/overlays
out_of_tree=$PWD
cd $src
[ -d $overlays ] || { echo "linux-overlays: this tree has no $overlays: it is not one of the vendor's" >&2; exit 1; }
mkdir -p $out/overlays
compile() { # compile FILE.dts RESULT
  ${compiler}gcc -E -nostdinc -undef -D__DTS__ -x assembler-with-cpp -I include -I scripts/dtc/include-prefixes -I ${1%/*} $1 > $out_of_tree/dts &&
    dtc -@ -q -I dts -O dtb -o $2 $out_of_tree/dts || { echo "linux-overlays: '$1' cannot be compiled" >&2; exit 1; }
}
for file in $overlays/*-overlay.dts; do
  name=${file##*/}
  compile $file $out/overlays/${name%-overlay.dts}.dtbo
done
[ ! -e $overlays/overlay_map.dts ] || compile $overlays/overlay_map.dts $out/overlays/overlay_map.dtb
cp $overlays/README $out/overlays/README
for file in arch/arm64/boot/dts/broadcom/bcm27*-rpi-*.dts arch/arm/boot/dts/bcm27*-rpi-*.dts arch/arm/boot/dts/broadcom/bcm27*-rpi-*.dts; do
  [ -e $file ] || continue
  name=${file##*/}
  [ -e $out/${name%.dts}.dtb ] || compile $file $out/${name%.dts}.dtb
done
echo "$(ls $out/overlays/*.dtbo | wc -l) overlays and $(ls $out | grep -c 'dtb$' || true) device trees"
