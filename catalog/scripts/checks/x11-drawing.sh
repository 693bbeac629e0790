# Runs a program on a virtual display and takes a picture of it.
#
# $program $program_args      $native $emulator $emulators $binfmt $script_binfmt   see check-package.sh
# Result: $out/screen.png; $out/colours, how many pixels have which. At least two colours must cover a hundredth of the window each.
[ -n "$native" ] || . $script_binfmt
mkdir -p frames $out /tmp/.X11-unix
Xvfb :7 -screen 0 400x300x24 -fbdir frames -nolisten tcp > server.log 2>&1 &
server=$!
for i in $(seq 100); do [ ! -S /tmp/.X11-unix/X7 ] || break; sleep 0.1; done
DISPLAY=:7 $program $program_args > program.log 2>&1 &
client=$!
drawn=
for i in $(seq 60); do
  sleep 1
  kill -0 $client 2> /dev/null || break
  xwdtopnm -quiet frames/Xvfb_screen0 > screen.pnm
  ppmhist -noheader screen.pnm | awk '{ print $5, $1, $2, $3 }' | sort -rn > colours
  if [ $(awk '$1 >= 1200' colours | wc -l) -ge 2 ]; then drawn=1; break; fi
done
kill $client $server 2> /dev/null || true
cat server.log program.log
head -n 5 colours
[ -n "$drawn" ] || { echo "nothing was drawn" >&2; exit 1; }
pnmtopng -quiet screen.pnm > $out/screen.png
cp colours $out/colours
