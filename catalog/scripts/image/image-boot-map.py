"""image-boot-map.py LOADER ADDRESSES KERNEL INITRAMFS DTB U-BOOT...: where a boot loader puts what it starts, and whether two of these lie over
each other. ADDRESSES has lines `WHAT ADDRESS` of kernel, initramfs and dtb, as rows of the catalog say them; a U-Boot says its own, and a row
must not differ. A file that is not there is `-`. Prints lines `FROM TO WHAT`."""
import os
import re
import sys

loader, addresses_file, *files = sys.argv[1:]
files, u_boots = files[:3], files[3:]
ALIGNED = 2 * 1024 * 1024
NAMES = {"kernel": "the kernel", "initramfs": "the initramfs", "dtb": "the device tree"}
addresses = {}
with open(addresses_file) as lines:
    for line in lines:
        what, address = line.split()
        addresses[what] = int(address, 16)
VARIABLES = {b"kernel_addr_r": "kernel", b"ramdisk_addr_r": "initramfs", b"fdt_addr_r": "dtb"}
for file in u_boots:   # its environment is text, with a NUL behind each line
    with open(file, "rb") as content:
        for variable, address in re.findall(rb"\0(kernel_addr_r|ramdisk_addr_r|fdt_addr_r)=(?:0x)?([0-9a-fA-F]{1,16})(?=\0)", content.read()):
            what, value = VARIABLES[variable], int(address, 16)
            if addresses.setdefault(what, value) != value:
                sys.exit(f"image: '{os.path.basename(file)}' puts {NAMES[what]} at 0x{value:x}, and the row of '{loader}' says 0x{addresses[what]:x}")


def number(header, at):
    return int.from_bytes(header[at:at + 8], "little")


def places():
    """What each takes: where it is loaded to, and of a kernel whose header says so also where it is moved to and runs."""
    for what, file in zip(("kernel", "initramfs", "dtb"), files):
        if file == "-" or what not in addresses:
            continue
        begin = addresses[what]
        yield begin, begin + os.path.getsize(file), NAMES[what]
        if what != "kernel":
            continue
        with open(file, "rb") as kernel:
            header = kernel.read(64)
        # https://docs.kernel.org/arch/arm64/booting.html; booti moves it to the next two mebibytes
        if header[56:60] == b"ARM\x64":
            offset, size = number(header, 8), number(header, 16)
            begin = (begin - offset + ALIGNED - 1) // ALIGNED * ALIGNED + offset
            yield begin, begin + size, NAMES[what]


taken = sorted(places())
for index, (begin, end, what) in enumerate(taken):
    for other_begin, other_end, other in taken[:index]:
        if other != what and begin < other_end and other_begin < end:
            sys.exit(f"image: {other} lies from 0x{other_begin:x} to 0x{other_end:x} in memory, and {what} from 0x{begin:x} to 0x{end:x}: "
                     f"'{loader}' puts one over the other")
for begin, end, what in taken:
    print(f"0x{begin:x} 0x{end:x} {what}")
