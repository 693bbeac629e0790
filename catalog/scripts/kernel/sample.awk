# Chooses `count` of the lines that it reads ("": all), by `seed`: always the same ones of the same lines, and of other lines as many of
# the same ones as there are, so that two kernels or two compilers are asked for the same objects.
#
# Each line has a number, by its own text and the seed alone; those with the smallest are chosen. All products stay below 2^53, where
# awk's numbers are exact in every awk.

BEGIN {
  for (i = 1; i < 256; i++) code[sprintf("%c", i)] = i
  prime = 67108859
}

function mixed(number, more) { number = (number + more) % prime; return (number * number + 3 * number + 7) % prime }

{
  number = mixed(seed + 1, length($0))
  other = mixed(seed + 2, 1)
  for (i = 1; i <= length($0); i++) {
    number = (number * 257 + code[substr($0, i, 1)]) % prime
    other = mixed(other, code[substr($0, i, 1)] + i)
  }
  printf "%08d %08d %s\n", mixed(mixed(number, other), seed), other, $0 | "LC_ALL=C sort" (count == "" ? "" : " | head -n " count) " | cut -d ' ' -f 3-"
}
